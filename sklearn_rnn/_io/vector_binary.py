"""Reader of word vectors in the binary format of word2vec."""

import io
import re
from collections.abc import Iterator
from itertools import islice

import numpy as np

from sklearn_rnn._io.byte_streams import DamagedDataError
from sklearn_rnn._io.vector_layout import (
    NOT_IN_TEXT,
    ROW,
    Block,
    Layout,
    Rows,
    check_finite,
)

# The approximate size in bytes of the vectors that are decoded at a time.
_BLOCK = 2**22

# Numbers in text take as many bytes as binary ones if each has four, including a separator.
_TEXT = re.compile(rb"[-+.\deE,;:|/_\s\1]*")
_MIN_NUMBERS = 4  # fewer numbers can be binary and look like text


def read_binary(name: str, stream: io.BufferedReader, layout: Layout) -> Iterator[Block]:
    """Yield blocks of words and their vectors, in the order of the file.

    Parameters
    ----------
    name : str
        The name of the file, for messages.
    stream : io.BufferedReader
        The decompressed bytes of the file, after a byte order mark if there is one.
    layout : Layout
        The layout of the file, which has a header.

    Yields
    ------
    words : list of str or None
        None stands for a word that is not UTF-8.
    rows : ndarray of float32 of shape (len(words), layout.width)

    Raises
    ------
    ValueError
        If the file is broken. The message names the number of the vector, unless the file has more
        data than its header says.
    """
    vectors = _split_vectors(name, stream, layout)
    n_read = 0
    while block := list(islice(vectors, max(1, _BLOCK // (4 * layout.width)))):
        words = [_decode(word) for word, _ in block]
        numbers = b"".join(row for _, row in block)
        is_long = layout.n_vectors * layout.width >= _MIN_NUMBERS
        if not n_read and is_long and _TEXT.fullmatch(numbers):
            raise ValueError(
                f"{name}, vector 1: the numbers are text with other separators, as long as binary "
                f"numbers. {ROW}"
            )
        rows = np.frombuffer(numbers, dtype="<f4")
        rows = rows.reshape(len(block), layout.width).astype(np.float32, copy=False)
        _check_rows(name, n_read + 1, words, rows)
        n_read += len(block)
        yield words, rows


def _check_rows(name: str, first: int, words: list[str | None], rows: Rows) -> None:
    """Raise a ValueError if a vector of a block is not finite.

    `first` is the number of the block's first vector in the file.
    """
    row = np.isfinite(rows).all(axis=1).argmin()  # the first that is not finite, or 0 if all are
    check_finite(f"{name}, vector {first + row}", words[row], rows[row])


def _split_vectors(
    name: str, stream: io.BufferedReader, layout: Layout
) -> Iterator[tuple[bytes, bytes]]:
    """Yield the bytes of each word and the bytes of its numbers."""
    stream.read(layout.header_size)
    n_bytes = 4 * layout.width
    data = bytearray()  # grows in place
    begin = searched = 0
    for number in range(1, layout.n_vectors + 1):
        while (space := data.find(b" ", searched)) < 0 or len(data) <= space + n_bytes:
            more = _read_more(name, stream, number)
            if not more:
                is_text = len(data) > n_bytes and not NOT_IN_TEXT.search(data)
                cure = f"It is text: {ROW}" if is_text else "It is cut off: get it again."
                raise ValueError(
                    f"{name}, vector {number}: the file ends before the end of this vector, and "
                    f"the header says {layout.n_vectors} vectors of {layout.width} numbers. {cure}"
                )
            searched = (len(data) if space < 0 else space) - begin
            del data[:begin]
            begin = 0
            data += more
        end = space + 1 + n_bytes
        # word2vec writes a line break after each vector, and gensim does not.
        yield bytes(data[begin:space].lstrip(b"\n")), bytes(data[space + 1 : end])
        begin = searched = end
    if (data[begin:] + _read_more(name, stream, layout.n_vectors)).strip():
        raise ValueError(
            f"{name}: the header says {layout.n_vectors} vectors of {layout.width} numbers, and "
            "the file has more data. The header is wrong, or the file is damaged: get it again."
        )


def _read_more(name: str, stream: io.BufferedReader, number: int) -> bytes:
    try:
        return stream.read1()
    except DamagedDataError as error:
        raise ValueError(f"{name}, vector {number}: {error}") from error


def _decode(word: bytes) -> str | None:
    """Return the word as str, or None if it is not UTF-8.

    word2vec truncates long words, which can cut a character in two.
    """
    try:
        return word.decode()
    except UnicodeDecodeError:
        return None
