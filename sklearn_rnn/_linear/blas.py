"""Limit of NumPy's and SciPy's BLAS to one thread, whatever number of fits need it."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits


class SharedLimit:
    """Limit of the BLAS libraries to one thread, which fits in several threads share.

    The number of BLAS threads belongs to the process. If each fit restored the number that it
    found, a fit that began during another would restore one thread. Therefore the first fit sets
    the limit, and the last one lifts it. A forked child, which does not have the fits of its
    parent, lifts it at once.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._n_fits = 0
        self._limits: threadpool_limits | None = None
        if hasattr(os, "register_at_fork"):  # not on Windows
            os.register_at_fork(after_in_child=self._lift_in_child)

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Limit BLAS to one thread until the context ends, or the last of several contexts."""
        with self._lock:
            if self._limits is None:
                self._limits = threadpool_limits(1, user_api="blas")
            self._n_fits += 1
        try:
            yield
        finally:
            with self._lock:
                self._n_fits -= 1
                if self._n_fits == 0:
                    self._lift()

    def _lift(self) -> None:
        if self._limits is not None:
            self._limits.restore_original_limits()
            self._limits = None

    def _lift_in_child(self) -> None:
        self._lock = threading.Lock()  # a thread of the parent may hold the old one
        self._n_fits = 0
        self._lift()


one_blas_thread = SharedLimit()
