"""Layout of a file of word vectors, found in its first bytes, and checks of its numbers."""

import re
from itertools import dropwhile
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from sklearn_rnn._io.byte_streams import COMPRESSED_OR_NOT

ACCEPTED = (
    "Word vectors are read from GloVe text, word2vec text or binary, and fastText .vec files, "
    f"{COMPRESSED_OR_NOT}."
)

_HEADER = re.compile(rb"(\d{1,12}) (\d{1,12})[ \t\r]*\n")
_NOT_IN_TEXT = re.compile(rb"[\0-\x08\x0e-\x1f\x7f]")
_OTHER_FORMATS = {
    b"\xba\x16\x4f\x2f": "a fastText model. Pass the .vec file that fastText writes beside it.",
}

Rows: TypeAlias = npt.NDArray[np.float32]  # of shape (n_words, width)

# Some words and their vectors; None stands for a word that is not UTF-8.
Block: TypeAlias = tuple[list[str | None], Rows]


class Layout(NamedTuple):
    """The layout of a file of word vectors."""

    n_vectors: int  # according to the header; 0 if there is none
    width: int  # the length of a vector
    is_binary: bool
    source: str  # the part of the file that gives the width, for messages


def find_layout(path: Path, start: bytes) -> Layout:
    """Return the layout of a file.

    Parameters
    ----------
    path : Path
        The file, for messages.
    start : bytes
        The first bytes of the file, decompressed, without a byte order mark.

    Returns
    -------
    layout : Layout

    Raises
    ------
    ValueError
        If `start` is not the beginning of a file of word vectors.
    """
    if not start:
        raise ValueError(f"{path} is empty.")
    for magic, what in _OTHER_FORMATS.items():
        if start.startswith(magic):
            raise ValueError(f"{path} is {what}")
    header = _HEADER.match(start)
    if header is not None:
        n_vectors, width = map(int, header.groups())
        if not (n_vectors and width):
            raise ValueError(
                f"{path}, line 1: the header says {n_vectors} vectors of {width} numbers. "
                "Both must be at least 1."
            )
        return Layout(n_vectors, width, _is_binary(start[header.end() :], width), "the header")
    if b"\0" in start:
        raise ValueError(f"{path} is no file of word vectors: it is not text. {ACCEPTED}")
    return Layout(0, _count_numbers(path, start.partition(b"\n")[0]), False, "line 1")


def _is_binary(vectors: bytes, width: int) -> bool:
    """Return whether the numbers after the first word are binary instead of text."""
    numbers = vectors.partition(b" ")[2]
    field = re.split(rb"[ \r\n]", numbers, maxsplit=1)[0]
    return bool(_NOT_IN_TEXT.search(numbers[: 4 * width])) or not is_number(field)


def _count_numbers(path: Path, line: bytes) -> int:
    """Count the fields from the first number on; one field or more before it are the word."""
    fields = line.rstrip(b" \r").split(b" ")
    width = len(list(dropwhile(lambda field: not is_number(field), fields[1:])))
    if not width:
        beginning = line[:40].decode(errors="replace")
        raise ValueError(
            f"{path}, line 1: {beginning!r} is not a word and its numbers, separated by spaces. "
            f"{ACCEPTED}"
        )
    return width


def is_number(field: str | bytes) -> bool:
    """Return whether `float` can convert a field."""
    try:
        float(field)
    except ValueError:
        return False
    return True


def as_float32(numbers: npt.ArrayLike) -> Rows:
    """Convert numbers to C-contiguous float32; numbers too large for float32 become infinite."""
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(numbers, dtype=np.float32)


def check_finite(position: str, word: str | None, numbers: Rows) -> None:
    """Raise a ValueError if a number of a vector is not finite."""
    if not np.isfinite(numbers).all():
        raise ValueError(
            f"{position}: the vector of {word!r} has a number that is not finite in float32. Take "
            "the vector out, or get the file again."
        )
