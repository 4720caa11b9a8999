"""Return of free memory to the system.

glibc keeps memory that was freed, in a heap for each thread. Where a heap has gaps that are too
small for the next array, a process grows although it uses no more memory.
"""

import ctypes
from collections.abc import Callable

import torch

# Of glibc, on which torch depends on most Linux systems.
_malloc_trim: Callable[[int], int] | None = getattr(
    ctypes.CDLL(torch._C.__file__), "malloc_trim", None
)


def trim_heaps() -> None:
    """Return free memory to the system, where the C library is glibc. It takes milliseconds."""
    if _malloc_trim is not None:
        _malloc_trim(0)
