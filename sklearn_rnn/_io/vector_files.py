"""Files of word vectors: GloVe, word2vec and fastText."""

import os
from collections.abc import Iterable

import numpy as np

from sklearn_rnn._io.byte_streams import (
    UTF8_BYTE_ORDER_MARK,
    DamagedDataError,
    Source,
    is_file_object,
    open_bytes,
    source_name,
)
from sklearn_rnn._io.vector_binary import read_binary
from sklearn_rnn._io.vector_layout import ACCEPTED, Block, Rows, find_layout
from sklearn_rnn._io.vector_text import read_text
from sklearn_rnn._warnings import warn_user


def read_vectors(source: Source) -> tuple[list[str], Rows]:
    """Return the distinct words of a file and their vectors, in the order of the file.

    Parameters
    ----------
    source : str, path-like or file object
        A file in a format of :func:`load_word_vectors`.

    Returns
    -------
    words : list of str
    matrix : ndarray of float32 of shape (len(words), embedding_dim)
        Read-only.

    Raises
    ------
    OSError
        If the file cannot be opened.
    ImportError
        If the file is compressed with zstd, and the package zstandard is not installed.
    TypeError
        If `source` is neither a path nor a file object.
    ValueError
        If `source` is not a file of word vectors, or the file is broken. If the error has a
        position, the message names the line, or for a binary file the number of the vector.

    Warns
    -----
    UserWarning
        If vectors are left out because their words occurred before or are not UTF-8.
    """
    name = source_name(source)
    if not is_file_object(source) and os.path.isdir(name):
        raise ValueError(f"{name} is a folder. Pass the file of word vectors.")
    with open_bytes(source) as stream:
        try:
            start = stream.peek()
        except DamagedDataError as error:
            raise ValueError(f"{name}, line 1: {error}") from error
        if start.startswith(UTF8_BYTE_ORDER_MARK):
            start = start.removeprefix(stream.read(len(UTF8_BYTE_ORDER_MARK)))
        layout = find_layout(name, start)
        read = read_binary if layout.is_binary else read_text
        return _gather(name, read(name, stream, layout))


def _gather(name: str, blocks: Iterable[Block]) -> tuple[list[str], Rows]:
    """Join the blocks, and keep the first vector of each word."""
    words: dict[str, None] = {}  # an ordered set
    # A bytearray grows in place; joining a list of blocks would need twice the memory.
    numbers = bytearray()
    n_read = n_undecoded = 0
    for block_words, rows in blocks:
        n_read += len(block_words)
        n_undecoded += block_words.count(None)
        kept = []
        for row, word in enumerate(block_words):
            if word is not None and word not in words:
                words[word] = None
                kept.append(row)
        if len(kept) < len(rows):
            rows = rows[kept]
        numbers += np.ascontiguousarray(rows).data
    n_repeated = n_read - n_undecoded - len(words)
    if n_undecoded:
        warn_user(f"{name}: {n_undecoded} of {n_read} words are not UTF-8. They are left out.")
    if n_repeated:
        warn_user(f"{name}: {n_repeated} of {n_read} words came before. The first vector is kept.")
    if not words:
        raise ValueError(f"{name} holds no words. {ACCEPTED}")
    matrix = np.frombuffer(numbers, dtype=np.float32).reshape(len(words), -1)
    matrix.flags.writeable = False
    return list(words), matrix
