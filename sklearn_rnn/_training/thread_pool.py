"""Several computations at a time, one to a CPU core, with the same bits on any number of cores."""

import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import torch


class SideBySide:
    """Threads that share a list of computations; the caller's thread is one of them.

    A small recurrence does not fill two cores: split among them, its threads wait for each other
    at every step, and the order of its sums depends on their number. Whole parts of a batch on one
    core each do neither.

    Parameters
    ----------
    n_threads : int
        The caller's thread included.
    """

    def __init__(self, n_threads):
        self.n_threads = n_threads
        self._helpers = ThreadPoolExecutor(max(n_threads - 1, 1), initializer=compute_alone)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._helpers.shutdown()

    def map(self, function, items):
        """Return ``[function(item) for item in items]``."""
        waiting = deque(enumerate(items))
        results = [None] * len(waiting)

        def work():
            while True:
                try:
                    place, item = waiting.popleft()
                except IndexError:
                    return
                results[place] = function(item)

        n_helpers = min(self.n_threads, len(waiting)) - 1
        helpers = [self._helpers.submit(work) for _ in range(n_helpers)]
        try:
            work()
        finally:
            waiting.clear()  # after an error or an interrupt the helpers stop too
        for helper in helpers:
            helper.result()
        return results


def compute_alone():
    """Let torch compute on one core in this thread, and take the tiniest numbers for zero."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)


@contextmanager
def one_core_each():
    """Yield a `SideBySide` of as many threads as torch may use, each of which computes alone.

    Off the main thread it is one: there, joblib or a server has others at work already.

    Numbers below 1e-38 are zero here. Adam's moments of a word that has not come for some 800 steps
    are such, for good, and an optimizer step over them takes many times as long as over zeros
    (python -m benchmarks.speed denormals).
    """
    in_main_thread = threading.current_thread() is threading.main_thread()
    n_threads = torch.get_num_threads()
    flushed = denormals_are_zero()
    compute_alone()
    try:
        with SideBySide(n_threads if in_main_thread else 1) as side_by_side:
            yield side_by_side
    finally:
        torch.set_num_threads(n_threads)
        torch.set_flush_denormal(flushed)


def denormals_are_zero():
    """Tell whether this thread takes numbers below 1e-38 for zero."""
    return not (torch.full((1,), 1.2e-38) / 2).any().item()
