"""Token ids: reserved ids, characters, ids known at fit, numberings, sequence lengths, padding.

`TextTokenizer` returns a text as a row of int32 ids. 0 is padding, and occurs only after the last
token; 1 is the unknown word. A text without tokens becomes one unknown word.

A word may be followed by its characters. The id of a character is `FIRST_CHARACTER` plus its
Unicode code point, so that tokenizer and classifier agree on characters that neither has seen.

A *numbering* says which token each id of a vocabulary stands for. It is a bytes object that holds,
for each id in ascending order, the id and the CRC-32 of its token, as a little-endian uint64. A
vocabulary that grows appends to its numbering.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sized
from typing import Any, TypeAlias
from zlib import crc32

import numpy as np
import numpy.typing as npt

PAD = 0
UNK = 1
FIRST_ID = 2  # the first id of a word in the vocabulary

# The maximum number of rows of an embedding, 16 million. Larger ids are probably hashes or counts
# instead of ids of a vocabulary.
MAX_TOKENS = 2**24

# The ids of characters: the first, and the end of their range.
FIRST_CHARACTER = 2**30
END_OF_CHARACTERS = FIRST_CHARACTER + 0x110000

# The number of ids in a block of rows. Rows are processed in blocks, because a matrix of ids may be
# a memory-mapped file larger than memory.
_BLOCK = 2**20

IdArray = npt.NDArray[np.int32]
LengthArray = npt.NDArray[np.int64]

_ENTRY = np.dtype("<u8")  # of a numbering: id * 2**32 + CRC-32 of the token


class NumberedIds(np.ndarray[Any, np.dtype[np.int32]]):
    """Array of ids that knows its numbering, so that a classifier notices ids of another one.

    Matrices of rows and columns that are selected from it, copies, pickles and concatenations have
    the same numbering. A single row, and the results of ufuncs, are plain arrays. It prints as a
    plain array.

    Attributes
    ----------
    numbering : bytes or None
        The numbering of the vocabulary that gave the ids. None if it is unknown.
    """

    numbering: bytes | None

    def __array_finalize__(self, source: object) -> None:
        self.numbering = getattr(source, "numbering", None)

    def __getitem__(self, key: Any) -> Any:
        # A row or a single column is a plain array, whose pickle does not hold the numbering, a
        # hundred times the size of the row. torch's DataLoader converts plain arrays only.
        selected = super().__getitem__(key)
        is_matrix = selected.ndim == 2 or not isinstance(selected, NumberedIds)
        return selected if is_matrix else selected.view(np.ndarray)

    def __array_wrap__(
        self, array: npt.NDArray[Any], context: object = None, return_scalar: bool = False
    ) -> Any:
        plain = np.asarray(array)
        return plain[()] if return_scalar else plain

    def __array_function__(
        self, func: Callable[..., Any], types: Any, args: Any, kwargs: Any
    ) -> Any:
        result = super().__array_function__(func, types, args, kwargs)
        numberings = {numbering_of(array) for array in args[0]} if func is np.concatenate else set()
        return attach_numbering(result, *numberings) if len(numberings) == 1 else result

    def __repr__(self) -> str:
        return repr(self.view(np.ndarray))

    def __reduce__(self) -> tuple[Any, ...]:
        # As a plain array, which joblib writes without a copy and maps to memory.
        return attach_numbering, (self.view(np.ndarray), self.numbering)


def attach_numbering(ids: npt.NDArray[Any], numbering: bytes | None) -> NumberedIds:
    """Return a view of an array of ids that knows its numbering."""
    numbered = ids.view(NumberedIds)
    numbered.numbering = numbering
    return numbered


def numbering_of(ids: object) -> bytes | None:
    """Return the numbering of ids, or None if it is unknown."""
    return ids.numbering if isinstance(ids, NumberedIds) else None


def number_tokens(vocabulary: Mapping[str, int]) -> bytes:
    """Return the numbering of a vocabulary."""
    hashes = (crc32(token.encode("utf-8", "surrogatepass")) for token in vocabulary)
    entries = np.fromiter(vocabulary.values(), _ENTRY, len(vocabulary)) << np.uint64(32)
    entries |= np.fromiter(hashes, _ENTRY, len(vocabulary))
    return np.sort(entries).astype(_ENTRY).tobytes()


def merge_numberings(one: bytes, other: bytes) -> tuple[bytes, int]:
    """Merge two numberings.

    Parameters
    ----------
    one, other : bytes
        Two numberings.

    Returns
    -------
    merged : bytes
        The tokens of both. It is a numbering if there is no conflict.
    n_conflicts : int
        The number of ids that stand for different tokens in `one` and `other`.
    """
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    if longer.startswith(shorter):  # the usual case, which takes microseconds
        return longer, 0
    entries = np.unique(np.frombuffer(one + other, _ENTRY))
    return entries.tobytes(), len(entries) - len(np.unique(entries >> np.uint64(32)))


class IdRows:
    """Rows of a matrix of ids, which are read when they are needed.

    The matrix may be a memory-mapped file larger than memory. Like an array, it has a shape, a
    length and a dtype, and gives the ids of some of its rows, and of some of their columns.

    Parameters
    ----------
    ids : ndarray of int of shape (n, max_length)
        Right-padded ids.
    rows : ndarray of int of shape (n_rows,)
        The rows.
    known_ids : ndarray of int32 of shape (n_tokens + 1,), default=None
        Table of the ids known at fit, which replaces all others when ids are read, as
        `replace_unknown_ids` does. None keeps them.
    keep_characters : bool, default=False
        As in `replace_unknown_ids`.
    """

    ndim = 2

    def __init__(
        self,
        ids: npt.NDArray[np.integer[Any]],
        rows: npt.NDArray[np.integer[Any]],
        known_ids: IdArray | None = None,
        *,
        keep_characters: bool = False,
    ) -> None:
        self.ids = ids
        self.rows = rows
        self.known_ids = known_ids
        self.keep_characters = keep_characters
        self.shape = len(rows), ids.shape[1]
        self.dtype = ids.dtype if known_ids is None else known_ids.dtype

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, key: Any) -> npt.NDArray[np.integer[Any]]:
        rows, columns = key if isinstance(key, tuple) else (key, slice(None))
        ids = self.ids[self.rows[rows], columns]
        if self.known_ids is None:
            return ids
        return replace_unknown_ids(ids, self.known_ids, keep_characters=self.keep_characters)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return np.asarray(self[:], dtype=dtype)


IdMatrix: TypeAlias = npt.NDArray[np.integer[Any]] | IdRows


def take_rows(ids: IdMatrix, rows: npt.NDArray[np.integer[Any]]) -> IdRows:
    """Return some rows of a matrix of ids, without a copy."""
    if isinstance(ids, IdRows):
        return IdRows(ids.ids, ids.rows[rows], ids.known_ids, keep_characters=ids.keep_characters)
    return IdRows(ids, rows)


def replace_unknown_rows(ids: IdMatrix, table: IdArray, *, keep_characters: bool) -> IdRows:
    """Return the same rows. What `replace_unknown_ids` replaces is replaced when they are read."""
    matrix = ids if isinstance(ids, IdRows) else take_rows(ids, np.arange(len(ids)))
    return IdRows(matrix.ids, matrix.rows, table, keep_characters=keep_characters)


def sequence_lengths(ids: IdMatrix) -> LengthArray:
    """Return the number of ids of each row up to the last id that is not padding.

    Parameters
    ----------
    ids : ndarray of int of shape (n_samples, max_length)
        Right-padded ids.

    Returns
    -------
    lengths : ndarray of int64 of shape (n_samples,)
        In tokens. 1 for a row that is all padding.
    """
    lengths = np.empty(len(ids), dtype=np.int64)
    for block in row_blocks(ids):
        lengths[block] = _block_lengths(ids[block])
    return lengths


def is_character(ids: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.bool_]:
    """Return which ids are characters."""
    return (ids >= FIRST_CHARACTER) & (ids < END_OF_CHARACTERS)


def has_characters(ids: IdMatrix) -> bool:
    """Return whether a matrix of ids has characters."""
    if ids.dtype.itemsize < 4:  # without reading a file
        return False
    return any(is_character(ids[block]).any() for block in row_blocks(ids))


def count_words(ids: IdMatrix, lengths: LengthArray) -> LengthArray:
    """Return the number of words of each text: its length without its characters, at least 1."""
    n_words = lengths.copy()
    for block in row_blocks(ids):
        n_words[block] -= np.count_nonzero(is_character(ids[block]), axis=1)
    return np.maximum(n_words, 1)


def row_blocks(ids: IdMatrix) -> Iterator[slice]:
    """Yield slices that divide the rows of a matrix into blocks of at most `_BLOCK` ids.

    A longer row is a block of its own.
    """
    n_rows = max(_BLOCK // ids.shape[1], 1)
    for start in range(0, len(ids), n_rows):
        yield slice(start, start + n_rows)


def _block_lengths(ids: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.intp]:
    n_columns = ids.shape[1]
    is_word_reversed = ids[:, ::-1] != PAD
    n_trailing = is_word_reversed.argmax(axis=1)
    n_trailing[~is_word_reversed[np.arange(len(ids)), n_trailing]] = n_columns - 1
    return n_columns - n_trailing


def _word_blocks(ids: IdMatrix) -> Iterator[npt.NDArray[np.integer[Any]]]:
    """Yield the ids block by block, with UNK in place of characters."""
    for rows in row_blocks(ids):
        block = ids[rows]
        are_characters = is_character(block)
        yield np.where(are_characters, UNK, block) if are_characters.any() else block


def known_ids_table(
    ids: IdMatrix,
    table: IdArray | None = None,
    *,
    word_vectors: Sized | None = None,
) -> IdArray:
    """Return the table of the ids known at fit, which maps all other ids to the unknown word.

    Parameters
    ----------
    ids : ndarray of int of shape (n_samples, max_length)
        The ids of the training data.
    table : ndarray of int32 of shape (n_tokens_before + 1,), default=None
        The table of earlier training. Its known ids stay known.
    word_vectors : WordVectors, default=None
        Pretrained vectors. The ids of their words are known even if they do not occur in `ids`.

    Returns
    -------
    table : ndarray of int32 of shape (n_tokens + 1,)
        n_tokens is one more than the largest known id. Entry i is i if the id i is known, otherwise
        UNK. The last entry, UNK, is for all ids from n_tokens on.

    Raises
    ------
    ValueError
        If a known id is `MAX_TOKENS` or more: the embedding would be too large.
    """
    n_tokens = max(UNK, *(int(words.max()) for words in _word_blocks(ids))) + 1
    if n_tokens > MAX_TOKENS:
        raise ValueError(
            f"X has the id {n_tokens - 1}, and the embedding needs a row for each id up to it. The "
            f"limit is {MAX_TOKENS:,} rows. Ids number the words of a vocabulary without gaps, "
            "as TextTokenizer gives them."
        )
    if table is not None:
        n_tokens = max(n_tokens, len(table) - 1)
    if word_vectors is not None:
        n_tokens = max(n_tokens, len(word_vectors) + FIRST_ID)
    if n_tokens > MAX_TOKENS:
        raise ValueError(
            f"word_vectors has {n_tokens - FIRST_ID:,} words, and the embedding has at most "
            f"{MAX_TOKENS:,} rows: one per word, one for padding and one for the unknown word. "
            "Keep the vectors of the words that you need, with word_vectors.restrict(words)."
        )
    grown = np.full(n_tokens + 1, UNK, dtype=np.int32)
    grown[PAD] = PAD
    if table is not None:
        grown[: len(table)] = table
    if word_vectors is not None:
        pretrained = slice(FIRST_ID, FIRST_ID + len(word_vectors))
        grown[pretrained] = np.arange(pretrained.start, pretrained.stop)
    for words in _word_blocks(ids):
        grown[words] = words
    return grown


def replace_unknown_ids(
    ids: npt.NDArray[np.integer[Any]], table: IdArray, *, keep_characters: bool
) -> IdArray:
    """Return `ids` with UNK in place of unknown ids; `table` is as `known_ids_table` returns it.

    Characters stay if `keep_characters` is True; else they are unknown, too.
    """
    known = np.take(table, ids, mode="clip")
    if keep_characters:
        np.copyto(known, ids, where=is_character(ids), casting="unsafe")
    return known
