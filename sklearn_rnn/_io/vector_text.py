"""Reader of word vectors in text: GloVe, word2vec and fastText."""

import csv
import io
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import numpy as np
import pandas as pd
from joblib import cpu_count

from sklearn_rnn._io.byte_streams import (
    UTF8_BYTE_ORDER_MARK,
    DamagedDataError,
    utf8_error,
)
from sklearn_rnn._io.messages import quoted
from sklearn_rnn._io.vector_layout import (
    BLANKS,
    ROW,
    SEPARATOR,
    Block,
    Layout,
    Rows,
    as_float32,
    check_finite,
    is_number,
)

# Bytes of a block, about. With the number of threads it bounds the memory, apart from the matrix of
# all vectors, which the caller builds.
_BLOCK = 2**22

# Most threads that parse blocks at the same time: as many as pandas' own reader has from 3.1 on.
_MOST_THREADS = 4

# The widest table that pandas reads: it keeps an object for each column.
_WIDEST_TABLE = 2**13

# A field that is meant as a number, once brackets and punctuation around it are removed: with a
# decimal comma, separated digits, or a typographic minus.
_AROUND_NUMBER = "[](){}\"',;|"
_LIKE_NUMBER = re.compile(
    r"[-+.\u2212\u2013]*\d[\d.,'_\s]*(?:e[-+\u2212\u2013]?\d+)?", re.IGNORECASE
)

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def read_text(name: str, stream: io.BufferedReader, layout: Layout) -> Iterator[Block]:
    """Yield blocks of words and their vectors, in the order of the file.

    Parameters
    ----------
    name : str
        The name of the file, for messages.
    stream : io.BufferedReader
        The decompressed bytes of the file, after a byte order mark if there is one.
    layout : Layout
        The layout of the file.

    Yields
    ------
    words : list of str
    rows : ndarray of float32 of shape (len(words), layout.width)

    Raises
    ------
    ValueError
        If the file is broken. The message names the line, unless the number of vectors differs
        from that of the header.
    """
    n_read = 0
    blocks = _blocks_of_lines(name, stream, layout)
    for words, rows in _map_ahead(partial(_parse, name, layout), blocks):
        n_read += len(words)
        yield words, rows
    if layout.n_vectors not in (0, n_read):
        cure = "It is cut off: get it again." if n_read < layout.n_vectors else "Correct line 1."
        raise ValueError(
            f"{name}: the header says {layout.n_vectors} vectors, and the file has {n_read}. {cure}"
        )


def _blocks_of_lines(
    name: str, stream: io.BufferedReader, layout: Layout
) -> Iterator[tuple[int, bytes]]:
    """Yield blocks of lines, each with the number of its first line; line feeds end the lines."""
    line = 2 if layout.header_size else 1
    pieces: list[bytes] = []
    n_bytes = 0
    try:
        stream.read(layout.header_size)
        while piece := stream.read1():
            if layout.line_end == b"\r":
                piece = piece.replace(b"\r", b"\n")
            n_bytes += len(piece)
            end = piece.rfind(b"\n") + 1
            if end and n_bytes >= _BLOCK:
                data = b"".join([*pieces, piece[:end]])
                yield line, data
                line += data.count(b"\n")
                piece = piece[end:]
                pieces, n_bytes = [], len(piece)
            pieces.append(piece)
    except DamagedDataError as error:
        line += b"".join(pieces).count(b"\n")
        raise ValueError(f"{name}, line {line}: {error}") from error
    if n_bytes:
        yield line, b"".join(pieces)


def _map_ahead(function: Callable[[_Item], _Result], items: Iterable[_Item]) -> Iterator[_Result]:
    """Yield the result of each item, in order, while threads compute the next few results.

    At most `n_threads` results are ahead, which bounds the memory.
    """
    n_threads = min(_MOST_THREADS, cpu_count())
    with ThreadPoolExecutor(n_threads) as pool:
        pending: deque[Future[_Result]] = deque()
        for item in items:
            pending.append(pool.submit(function, item))
            if len(pending) > n_threads:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def _parse(name: str, layout: Layout, block: tuple[int, bytes]) -> Block:
    first_line, data = block
    return _parse_by_pandas(data, layout.width) or _parse_by_line(name, first_line, data, layout)


def _parse_by_pandas(data: bytes, width: int) -> Block | None:
    """Parse lines by pandas' C reader, or return None if any line needs `_parse_by_line`.

    pandas takes half as long as ``np.fromstring`` or Python's ``float``, and a quarter as long as
    NumPy's conversion of bytes. It releases the GIL, so that threads run in parallel.
    """
    # pandas would end a word at a zero byte, strip a byte order mark from the first word, and take
    # other white space for a part of a number.
    if width > _WIDEST_TABLE or data.startswith(UTF8_BYTE_ORDER_MARK):
        return None
    if any(byte in data for byte in (b"\0", b"\v", b"\f")):
        return None
    first_line = data.partition(b"\n")[0]
    # Some programs write a space at the end of each line.
    for end in (b"\n", b"\r\n"):
        if first_line.endswith(b" " + end[:-1]):
            data = data.replace(b" " + end, end)
    # Splitting at single spaces takes two thirds of the time.
    has_single_spaces = b"  " not in first_line and b"\t" not in data
    try:
        # Passing dtype would take longer, and pandas would change Python's warning filters, which
        # all threads share. low_memory=False prevents a warning for a word among the numbers.
        table = pd.read_csv(
            io.BytesIO(data),
            sep=" " if has_single_spaces else r"\s+",  # by which pandas means spaces and tabs
            header=None,
            quoting=csv.QUOTE_NONE,
            na_filter=False,
            low_memory=False,
        )
    except ValueError:
        return None
    words, numbers = table.pop(0).tolist(), table.to_numpy()
    n_lines = data.count(b"\n") + (not data.endswith(b"\n"))
    if (
        numbers.shape != (n_lines, width)
        or numbers.dtype.kind not in "fiu"
        or not isinstance(words[0], str)  # not a str if all words look like numbers
    ):
        return None
    rows = as_float32(numbers)
    return (words, rows) if np.isfinite(rows).all() else None


def _parse_by_line(name: str, first_line: int, data: bytes, layout: Layout) -> Block:
    """Parse line by line, which allows words with spaces and error messages with line numbers."""
    words: list[str | None] = []
    rows = []
    lines = data.removesuffix(b"\n").split(b"\n")
    for line, content in enumerate(lines, first_line):
        word, numbers = _parse_row(f"{name}, line {line}", content, layout)
        words.append(word)
        rows.append(numbers)
    return words, np.array(rows)


def _parse_row(position: str, content: bytes, layout: Layout) -> tuple[str, Rows]:
    try:
        row = content.decode().rstrip(f"{BLANKS}\r\n")
    except UnicodeDecodeError as error:
        raise utf8_error(position, error) from error
    word, fields = _split(row, layout.width)
    for field in fields:
        if not is_number(field):
            raise ValueError(f"{position}: {quoted(field)} is not a number. {ROW}")
    # A word may contain spaces. If a part of it after a space is a number, the row has too many,
    # unless a tab ends the word.
    parts = SEPARATOR.split(word)[1:]
    if row.partition("\t")[0].strip(BLANKS) == word:
        parts = []
    n_numbers = len(fields) + sum(map(is_number, parts))
    if n_numbers != layout.width:
        raise ValueError(
            f"{position}: the row has {n_numbers} number(s), and {layout.source} has "
            f"{layout.width}. The file is cut off or damaged here: get it again."
        )
    _check_parts(position, word, parts)
    numbers = as_float32(list(map(float, fields)))
    check_finite(position, word, numbers)
    return word, numbers


def _split(row: str, width: int) -> tuple[str, list[str]]:
    """Split a row into the word and the last `width` fields, or fewer if there are fewer."""
    # Reversed, because re has no rsplit.
    *fields, word = SEPARATOR.split(row[::-1], maxsplit=width)
    fields = [field[::-1] for field in reversed(fields)]
    if word:
        return word[::-1].lstrip(BLANKS), fields
    # The word itself is blank; the last character before the numbers is the separator.
    return row[: len(row) - len(row.lstrip(BLANKS))][:-1], fields


def _check_parts(position: str, word: str, parts: list[str]) -> None:
    """Raise a ValueError if a part of a word is meant as a number, or if the word has a tab."""
    for part in parts:
        if _LIKE_NUMBER.fullmatch(part.strip(_AROUND_NUMBER)):
            raise ValueError(f"{position}: {quoted(part)} is not a number. {ROW}")
    if "\t" in word.strip(BLANKS):
        raise ValueError(f"{position}: the word {quoted(word)} contains a tab. {ROW}")
