"""Thread pool for torch computations: the same result to the last bit on any number of cores."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Self, TypeVar

import torch

T = TypeVar("T")
R = TypeVar("R")


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
        self._helpers = ThreadPoolExecutor(max(n_threads - 1, 1), initializer=use_one_thread)

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

        n_helpers = min(self.n_threads, len(waiting)) - 1
        helpers = [self._helpers.submit(work) for _ in range(n_helpers)]
        try:
            work()
        finally:
            waiting.clear()  # stops the helpers if this thread fails or is interrupted
        for helper in helpers:
            helper.result()
        return results  # type: ignore[return-value]  # every item has its result now


def use_one_thread() -> None:
    """Let torch use one core in this thread, and flush denormal numbers to zero."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)


@contextmanager
def thread_pool() -> Iterator[ThreadPool]:
    """Yield a `ThreadPool` of ``torch.get_num_threads()`` threads, each of which uses one core.

    If the caller is not the main thread, the pool has a single thread: the caller is then probably
    a thread of joblib or of a server, and the other threads use the other cores.

    Inside the context, denormal numbers (below 1e-38) are flushed to zero. About 800 steps after
    the last occurrence of a word, Adam's first moments of its embedding become denormal; without
    flushing they stay denormal. An optimizer step is many times slower with denormal moments than
    with moments of zero (python -m benchmarks.speed denormals).

    The settings of the caller's thread are restored afterwards.
    """
    in_main_thread = threading.current_thread() is threading.main_thread()
    n_threads = torch.get_num_threads()
    flushed = flushes_denormals()
    use_one_thread()
    try:
        with ThreadPool(n_threads if in_main_thread else 1) as pool:
            yield pool
    finally:
        torch.set_num_threads(n_threads)
        torch.set_flush_denormal(flushed)


def flushes_denormals() -> bool:
    """Return whether denormal numbers are flushed to zero in this thread."""
    return not (torch.full((1,), 1.2e-38) / 2).any().item()
