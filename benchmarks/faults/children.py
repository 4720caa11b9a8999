"""Child processes that a fault may kill, block or limit without harm to this process.

They are forked from a server that has imported the package and fitted the small models once, and
has no threads.
"""

import multiprocessing
import os
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from benchmarks.common.timing import SkippedError

# A child that takes longer hangs.
SECONDS = 60

_NOBODY = 65534

_context: Any = None


def start_child(function: Callable[..., Any], *args: Any) -> tuple[Any, Connection]:
    """Start a child that calls a function; return its process, and where its result arrives."""
    global _context
    if _context is None:
        if "forkserver" not in multiprocessing.get_all_start_methods():
            raise SkippedError("It needs processes that fork.")
        _context = multiprocessing.get_context("forkserver")
        _context.set_forkserver_preload(["benchmarks.faults.models"])
    receiver, sender = _context.Pipe(duplex=False)
    child = _context.Process(target=_call, args=(sender, function, args))
    child.start()
    sender.close()
    return child, receiver


def run_in_child(function: Callable[..., Any], *args: Any) -> Any:
    """Return what a function returns in a child.

    It raises an AssertionError if the function raises an exception, hangs or kills the child.
    """
    child, receiver = start_child(function, *args)
    try:
        assert receiver.poll(SECONDS), "the child hangs"
        error, value = receiver.recv()
    except EOFError:
        child.join(SECONDS)
        raise AssertionError(f"the child ends with {child.exitcode}") from None
    finally:
        child.kill()
        child.join()
        receiver.close()
    assert error is None, error
    return value


def _call(sender: Connection, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
    try:
        result = None, function(*args)
    except BaseException:
        result = traceback.format_exc(), None
    sender.send(result)


def kill_after(seconds: float, function: Callable[..., Any], *args: Any) -> None:
    """Call a function in a child, and kill the child when it has run for `seconds`."""
    child, receiver = start_child(function, *args)
    time.sleep(seconds)
    child.kill()
    child.join(SECONDS)
    receiver.close()


def become_nobody() -> None:
    """Give up the rights of root, who may do what the fault forbids."""
    if os.geteuid() == 0:
        os.setgid(_NOBODY)
        os.setuid(_NOBODY)
