"""Layout of a file of word vectors, found in its first bytes, and checks of its numbers."""

import re
from itertools import dropwhile
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from sklearn_rnn._io.compressions import COMPRESSED_OR_NOT
from sklearn_rnn._io.messages import quoted

ACCEPTED = (
    "Word vectors are read from GloVe text, word2vec text or binary, and fastText .vec files, "
    f"{COMPRESSED_OR_NOT}."
)
ROW = "A row is a word and its numbers, separated by spaces or tabs."

# Between a word and its numbers. Other white space is part of the word: fastText writes words with
# no-break spaces.
BLANKS = " \t"
SEPARATOR = re.compile(f"[{BLANKS}]+")

# Python's float accepts underscores and the digits of other scripts too.
_NUMBER = re.compile(
    r"[-+]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?|nan|inf|infinity)", re.ASCII | re.IGNORECASE
)
_HEADER = re.compile(rb"(\d{1,12})[ \t]+(\d{1,12})[ \t\r]*")
NOT_IN_TEXT = re.compile(rb"[\0-\x08\x0e-\x1f\x7f]")

# Characters that show nothing: white space, control characters and zero-width characters.
_INVISIBLE = re.compile(r"[\s\0-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]")

# Separators that are in use elsewhere, between a word and a number: characters that show nothing,
# and ASCII punctuation but what words with numbers have in them (covid-19, 9/11). Characters of
# other scripts are no separators: Python knows only those that were in Unicode when it was made.
_OTHER_SEPARATOR = re.compile(rf"(?:(?![{BLANKS}]){_INVISIBLE.pattern}|[!-*,:-@\[-^`{{-~])+")

# A line whose word ends in a separator that is in use elsewhere.
_OTHER_END = re.compile(rf"[^{BLANKS}]*\w[,;:|=][{BLANKS}]")

# Numbers with a decimal comma or other separators, which can have four bytes each, as binary ones.
_OTHER_NUMBERS = re.compile(r"[-+.]*\d[-+\d.,;|]*", re.ASCII)

# The first line must end within this number of bytes, which the first buffer of a stream holds.
_LONGEST_LINE = 2**17

Rows: TypeAlias = npt.NDArray[np.float32]  # of shape (n_words, width)

# Some words and their vectors; None stands for a word that is not UTF-8.
Block: TypeAlias = tuple[list[str | None], Rows]


class Layout(NamedTuple):
    """The layout of a file of word vectors."""

    n_vectors: int  # according to the header; 0 if there is none
    width: int  # the length of a vector
    is_binary: bool
    source: str  # the part of the file that gives the width, for messages
    header_size: int  # in bytes; 0 if there is no header
    line_end: bytes  # a line feed, or a carriage return if there are no line feeds


def find_layout(name: str, start: bytes) -> Layout:
    """Return the layout of a file.

    Parameters
    ----------
    name : str
        The name of the file, for messages.
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
        raise ValueError(f"{name} is empty.")
    line_end = b"\r" if b"\r" in start and b"\n" not in start else b"\n"
    first_line, ended, rest = start.partition(line_end)
    header = _HEADER.fullmatch(first_line)
    if header is not None:
        n_vectors, width = map(int, header.groups())
        if not (n_vectors and width):
            raise ValueError(
                f"{name}, line 1: the header says {n_vectors} vectors of {width} numbers. "
                "Both must be at least 1."
            )
        is_binary = _is_binary(rest, width, line_end)
        if not is_binary:
            _refuse_other_ends(f"{name}, line 2", _decode_lines(rest, line_end))
        size = len(first_line + ended)
        return Layout(n_vectors, width, is_binary, "the header", size, line_end)
    if b"\0" in start:
        raise ValueError(f"{name} is no file of word vectors: it is not text. {ACCEPTED}")
    if len(first_line) >= _LONGEST_LINE:
        raise ValueError(
            f"{name}, line 1: the line has no end within {_LONGEST_LINE:,} bytes, which is too "
            f"long for a word and its numbers. {ACCEPTED}"
        )
    # The first line stays, also if it is blank: the rows begin there.
    lines = [first_line.decode(errors="replace"), *_decode_lines(rest, line_end)]
    _refuse_other_ends(f"{name}, line 1", lines)
    return Layout(0, _find_width(name, lines), False, "line 1", 0, line_end)


def _decode_lines(data: bytes, line_end: bytes) -> list[str]:
    """Return the lines that are not blank; the last may be cut off."""
    return [line.decode(errors="replace") for line in data.split(line_end) if line.strip()]


def _refuse_other_ends(position: str, lines: list[str]) -> None:
    """Raise an error if all words end in another separator, before a space or tab."""
    if len(lines) > 1 and all(map(_OTHER_END.match, lines)):
        word = SEPARATOR.split(lines[0])[0]
        raise ValueError(
            f"{position}: {quoted(word)} ends in {word[-1]!r}, as the words of the next lines do. "
            f"{ROW}"
        )


def _is_binary(vectors: bytes, width: int, line_end: bytes) -> bool:
    """Return whether the numbers after the first word are binary instead of text."""
    _, *numbers = re.split(rb"[ \t]+", vectors, maxsplit=1)
    if not numbers or NOT_IN_TEXT.search(numbers[0][: 4 * width]):
        return True
    try:
        fields = SEPARATOR.split(numbers[0].partition(line_end)[0].decode().rstrip("\r"))
    except UnicodeDecodeError:
        return True
    return not any(is_number(field) or _OTHER_NUMBERS.fullmatch(field) for field in fields)


def _find_width(name: str, lines: list[str]) -> int:
    """Count the fields of line 1 from the first number on; what is before it is the word.

    `lines` are the first lines of a file without a header.
    """
    line = lines[0].rstrip(f"{BLANKS}\r")
    first, *fields = SEPARATOR.split(line)
    width = len(list(dropwhile(lambda field: not is_number(field), fields)))
    if not width:
        raise ValueError(
            f"{name}, line 1: {quoted(line)} is not a word and its numbers, separated by spaces or "
            f"tabs. {ACCEPTED}"
        )
    # The word of a single line may be 10:30.
    is_tied = len(lines) > 1 or _INVISIBLE.search(first)
    if is_tied and all(_ends_in_number(SEPARATOR.split(line)[0]) for line in lines):
        raise ValueError(
            f"{name}, line 1: a space or tab is missing before the number at the end of "
            f"{quoted(first)}. {ROW}"
        )
    before_tab, tab, _ = line.partition("\t")
    unclear = SEPARATOR.split(before_tab)[1:]
    if tab and any(map(is_number, unclear)):
        raise ValueError(
            f"{name}, line 1: it is not clear where the word ends, before or after "
            f"{quoted(' '.join(unclear))}. Write the number of vectors and their "
            "length, separated by a space, into a line before it."
        )
    return width


def _ends_in_number(word: str) -> bool:
    """Return whether a word ends in a number that another separator joins to its beginning."""
    *before, last = _OTHER_SEPARATOR.split(word)
    return any(before) and is_number(last)


def is_number(field: str) -> bool:
    """Return whether a field is a decimal number, NaN or infinity."""
    return _NUMBER.fullmatch(field) is not None


def as_float32(numbers: npt.ArrayLike) -> Rows:
    """Convert numbers to C-contiguous float32; numbers too large for float32 become infinite."""
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(numbers, dtype=np.float32)


def check_finite(position: str, word: str | None, numbers: Rows) -> None:
    """Raise a ValueError if a number of a vector is not finite."""
    if not np.isfinite(numbers).all():
        raise ValueError(
            f"{position}: the vector of {quoted(str(word))} has a number that is not finite in "
            "float32. Take the vector out, or get the file again."
        )
