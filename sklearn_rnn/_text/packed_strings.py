"""Collections of strings packed into one bytes object and arrays, for states that are saved.

A pickle, a hash of joblib and a file of skops need much less time and memory for them than for many
small objects.
"""

from collections.abc import Collection, Iterable
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

IntArray: TypeAlias = npt.NDArray[np.integer[Any]]

# UTF-8 keeps each half of a surrogate pair as it is. JSON would make one character of two halves.
_ENCODING = {"encoding": "utf-8", "errors": "surrogatepass"}


def pack_strings(strings: Collection[str]) -> tuple[bytes, IntArray]:
    """Return strings as one bytes object, and the number of characters of each."""
    lengths = _pack_numbers(map(len, strings), len(strings))
    return "".join(strings).encode(**_ENCODING), lengths


def _pack_numbers(numbers: Iterable[int], size: int) -> IntArray:
    """Return numbers as an array, of the smallest type if they are not negative."""
    array = np.fromiter(numbers, np.int64, size)
    is_natural = array.min(initial=0) >= 0
    return array.astype(np.min_scalar_type(array.max(initial=0))) if is_natural else array


def unpack_strings(packed: bytes | str, lengths: IntArray) -> list[str]:
    """Return the strings that `pack_strings` packed; `packed` may also be the joined strings.

    Raises
    ------
    ValueError
        If the lengths are not those of the strings.
    """
    text = packed if isinstance(packed, str) else packed.decode(**_ENCODING)
    ends = np.cumsum(lengths, dtype=np.int64).tolist()
    if (ends[-1] if ends else 0) != len(text) or np.min(lengths, initial=0) < 0:
        raise ValueError("the lengths of the strings do not match the text")
    return [text[start:end] for start, end in pairwise([0, *ends])]


def pack_collection(value: Any) -> dict[str, Any] | None:
    """Return a dict of str to int, or a list or tuple of str, as a dict of bytes and arrays.

    Return None for an object of another type, also for one of a derived type.
    """
    if type(value) not in (dict, list, tuple) or not _have_type(value, str):
        return None
    packed: dict[str, Any] = {"type": type(value).__name__}
    if isinstance(value, dict):
        if not _have_type(value.values(), int):
            return None
        try:
            packed["numbers"] = _pack_numbers(value.values(), len(value))
        except OverflowError:
            return None
    packed["text"], packed["lengths"] = pack_strings(value)
    return packed


def _have_type(values: Any, type_: type) -> bool:
    return set(map(type, values)) <= {type_}


def unpack_collection(packed: dict[str, Any]) -> dict[str, int] | list[str] | tuple[str, ...]:
    """Return the collection that `pack_collection` packed.

    Raises
    ------
    ValueError
        If the state is damaged: the lengths or the numbers do not match the strings.
    """
    strings = unpack_strings(packed["text"], packed["lengths"])
    if packed["type"] == "list":
        return strings
    if packed["type"] == "tuple":
        return tuple(strings)
    collection = dict(zip(strings, packed["numbers"].tolist(), strict=True))
    if len(collection) < len(strings):
        raise ValueError("a string occurs twice")
    return collection
