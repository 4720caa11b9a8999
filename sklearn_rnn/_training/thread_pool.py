"""Threads for torch computations: one core each, the same bits on any number, safe after a fork.

torch splits an operation on many numbers among the threads of its OpenMP runtime. A process that
was forked does not have these threads, but its copy of the runtime waits for them: the operation
never ends. Within `one_core`, torch and MKL use the calling thread alone.
"""

from __future__ import annotations

import ctypes
import inspect
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, Self, TypeVar

import torch
from threadpoolctl import ThreadpoolController

from sklearn_rnn._linear.heap import trim_heaps

T = TypeVar("T")
R = TypeVar("R")
P = ParamSpec("P")
C = TypeVar("C", bound=type)

# `torch.set_num_threads` changes the number for all threads that start later. OpenMP and MKL have
# functions that change it for the calling thread alone. torch's own operations ask OpenMP.
_OPENMP_LIBRARIES = ThreadpoolController().select(user_api="openmp").lib_controllers
# Returns the earlier number, or 0 if none was set in this thread. Not in builds without MKL.
_torch_library = ctypes.CDLL(torch._C.__file__)
_set_mkl_threads: Callable[[int], int] | None = getattr(
    _torch_library, "MKL_Set_Num_Threads_Local", None
)


class _CallingThread(threading.local):
    """The number of torch's threads before `one_core` limited this thread; None outside of it."""

    n_threads: int | None = None


_calling_thread = _CallingThread()


@contextmanager
def one_core() -> Iterator[int]:
    """Limit torch to one core in this thread, until the context ends; other threads are unchanged.

    Yields the number of threads that torch may use outside of the context.
    """
    if _calling_thread.n_threads is not None:
        yield _calling_thread.n_threads
        return
    n_threads = torch.get_num_threads()  # first, because torch sets the number at its first use
    before = [library.get_num_threads() for library in _OPENMP_LIBRARIES]
    mkl_before = 0
    try:
        mkl_before = _use_one_core()
        _calling_thread.n_threads = n_threads
        yield n_threads
    finally:
        _calling_thread.n_threads = None
        for library, n in zip(_OPENMP_LIBRARIES, before, strict=True):
            library.set_num_threads(n)
        if _set_mkl_threads is not None:
            _set_mkl_threads(mkl_before)


def _use_one_core() -> int:
    """Let OpenMP and MKL use one core in this thread; return the earlier setting of MKL."""
    for library in _OPENMP_LIBRARIES:
        library.set_num_threads(1)
    return 0 if _set_mkl_threads is None else _set_mkl_threads(1)


def on_one_core(function: Callable[P, R]) -> Callable[P, R]:
    """Decorate a function, so that it runs within `one_core`."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with one_core():
            return function(*args, **kwargs)

    return run


def methods_on_one_core(cls: C) -> C:
    """Decorate a class, so that its public methods and its (un)pickling run within `one_core`.

    Inherited methods are included. Generator functions are not: their code runs in the caller.
    """
    for name in dir(cls):
        method: Any = inspect.getattr_static(cls, name)
        is_pickling = name in ("__getstate__", "__setstate__")
        if (
            inspect.isfunction(method)
            and not inspect.isgeneratorfunction(method)
            and (is_pickling or not name.startswith("_"))
        ):
            setattr(cls, name, on_one_core(method))
    return cls


class ThreadPool:
    """Threads that process a list of items; the caller's thread is one of them.

    torch's own threads would split the small matrices of every time step. These threads would spend
    most of the time waiting for each other, and the order of summation would depend on the number
    of threads. Here each thread computes one item at a time, for example a micro-batch, on one
    core.

    Parameters
    ----------
    n_threads : int
        Number of threads, the caller's thread included.
    """

    def __init__(self, n_threads: int) -> None:
        self.n_threads = n_threads
        self._process = os.getpid()
        self._helpers = ThreadPoolExecutor(max(n_threads - 1, 1), initializer=_start_helper)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._helpers.shutdown()

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> list[R]:
        """Return ``[function(item) for item in items]``, computed in the threads."""
        waiting = deque(enumerate(items))
        results: list[R | None] = [None] * len(waiting)

        def work() -> None:
            while True:
                try:
                    index, item = waiting.popleft()
                except IndexError:
                    return
                results[index] = function(item)

        # A process that was forked inside the context does not have the helpers.
        n_threads = self.n_threads if os.getpid() == self._process else 1
        n_helpers = min(n_threads, len(waiting)) - 1
        helpers = [self._helpers.submit(work) for _ in range(n_helpers)]
        try:
            work()
        finally:
            waiting.clear()  # stops the helpers if this thread fails or is interrupted
        for helper in helpers:
            helper.result()
        return results  # type: ignore[return-value]  # every item has its result now


def _start_helper() -> None:
    """Prepare a thread of a pool; its settings end with it."""
    torch.get_num_threads()  # first, because torch sets the number at its first use
    _use_one_core()
    torch.set_flush_denormal(True)


@contextmanager
def thread_pool(*, trims_memory: bool = False) -> Iterator[ThreadPool]:
    """Yield a `ThreadPool` of ``torch.get_num_threads()`` threads, each of which uses one core.

    If the caller is not the main thread, the pool has a single thread: the caller is then probably
    a thread of joblib or of a server, and the other threads use the other cores.

    Inside the context, denormal numbers (below 1e-38) are flushed to zero. About 800 steps after
    the last occurrence of a word, Adam's first moments of its embedding become denormal; without
    flushing they stay denormal. An optimizer step is many times slower with denormal moments than
    with moments of zero (python -m benchmarks.speed denormals).

    The settings of the caller's thread are restored afterwards. Other threads keep theirs.

    Parameters
    ----------
    trims_memory : bool, default=False
        Whether free memory is returned to the system in the end, where the C library is glibc. It
        keeps a heap for each thread, with gaps that no other thread fills: without trimming, ten
        fits left 220 MB more than they used.
    """
    in_main_thread = threading.current_thread() is threading.main_thread()
    flushed = flushes_denormals()
    with one_core() as n_threads:
        try:
            torch.set_flush_denormal(True)
            with ThreadPool(n_threads if in_main_thread else 1) as pool:
                yield pool
        finally:
            torch.set_flush_denormal(flushed)
            if trims_memory:
                trim_heaps()


def flushes_denormals() -> bool:
    """Return whether denormal numbers are flushed to zero in this thread."""
    return sys.float_info.min / 2 == 0
