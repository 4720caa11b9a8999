"""What the two estimators agree on: ids, their lengths, and how rows are padded.

A text is a row of int32 ids. Padding is always on the right, is 0, and occurs nowhere else;
1 is the unknown word. A row is never empty: a text without tokens is one unknown word.
"""

import numpy as np

PAD = 0
UNK = 1
FIRST_ID = 2  # of a word that has an id of its own

# Ids that are looked at together: a matrix may be a file that is larger than memory.
_BLOCK = 2**20


def sequence_lengths(ids):
    """Count the words of each row, up to its last id that is not padding.

    Parameters
    ----------
    ids : ndarray of int of shape (n_samples, max_length)
        Right-padded ids.

    Returns
    -------
    lengths : ndarray of int64 of shape (n_samples,)
        In tokens. At least 1: a row of nothing but padding has the length of an unknown word.
    """
    lengths = np.empty(len(ids), dtype=np.int64)
    for block in row_blocks(ids):
        lengths[block] = _block_lengths(ids[block])
    return lengths


def row_blocks(ids):
    """Yield slices of the rows of a matrix of ids, of a bounded number of ids."""
    n_rows = max(_BLOCK // ids.shape[1], 1)
    for start in range(0, len(ids), n_rows):
        yield slice(start, start + n_rows)


def _block_lengths(ids):
    n_columns = ids.shape[1]
    words_reversed = ids[:, ::-1] != PAD
    trailing = words_reversed.argmax(axis=1)
    trailing[~words_reversed[np.arange(len(ids)), trailing]] = n_columns - 1
    return n_columns - trailing


def fill_rows(rows, flat, lengths, truncation="post"):
    """Write sequences, stored one after the other, into the rows of a matrix of padding.

    Parameters
    ----------
    rows : ndarray of int32 of shape (n_samples, width)
        All PAD; written to. It may be a view, such as some columns of a wider matrix.
    flat : ndarray of int of shape (lengths.sum(),)
        The ids of the first sequence, then those of the second, and so on.
    lengths : ndarray of int of shape (n_samples,)
        In tokens, at least 1 each.
    truncation : {"post", "pre", "middle"}, default="post"
        What a sequence longer than the width loses: its end, its beginning, or its middle.

    Returns
    -------
    kept : ndarray of int of shape (n_samples,)
        How many tokens of each sequence are in its row.
    """
    width = rows.shape[1]
    kept = np.minimum(lengths, width)
    rows[np.arange(width) < kept[:, np.newaxis]] = flat[_kept_positions(lengths, width, truncation)]
    return kept


def _kept_positions(lengths, width, truncation):
    """Mark the positions of the flat sequences that fit in the width, as an array of bool."""
    ends = np.cumsum(lengths)
    cut = lengths > width
    if not cut.any():
        return np.ones(ends[-1] if len(ends) else 0, dtype=bool)
    head = {"post": width, "pre": 0, "middle": (width + 1) // 2}[truncation]
    tail = width - head
    # +1 where a cut begins and -1 where it ends: the running sum is 1 inside a cut, 0 elsewhere.
    # No two cuts touch, because every row keeps a token.
    steps = np.zeros(ends[-1] + 1, dtype=np.int8)
    steps[ends[cut] - lengths[cut] + head] = 1
    steps[ends[cut] - tail] = -1
    return np.cumsum(steps[:-1], dtype=np.int8) == 0


# 16 million words; ids beyond it are hashes or counts rather than a vocabulary.
MAX_TOKENS = 2**24


def make_lookup(ids, lookup=None, *, word_vectors=None):
    """Make the table that turns every id that training has not met into the unknown word.

    Parameters
    ----------
    ids : ndarray of int of shape (n_samples, max_length)
        What training meets.
    lookup : ndarray of int32, default=None
        The table of earlier training, whose ids stay known.
    word_vectors : WordVectors, default=None
        Whose ids are known too, met or not.

    Returns
    -------
    lookup : ndarray of int32 of shape (n_tokens + 1,)
        What to read for each id. The last entry stands for all ids from `n_tokens` on.

    Raises
    ------
    ValueError
        If the ids ask for an absurd embedding.
    """
    n_tokens = max(UNK, int(ids.max())) + 1
    if lookup is not None:
        n_tokens = max(n_tokens, len(lookup) - 1)
    if word_vectors is not None:
        n_tokens = max(n_tokens, len(word_vectors) + FIRST_ID)
    if n_tokens > MAX_TOKENS:
        raise ValueError(
            f"X has the id {n_tokens - 1}, and the embedding needs a row for each id up to it. The "
            f"limit is {MAX_TOKENS:,} rows. Ids number the words of a vocabulary without gaps, "
            "as TextTokenizer gives them."
        )
    grown = np.full(n_tokens + 1, UNK, dtype=np.int32)
    grown[PAD] = PAD
    if lookup is not None:
        grown[: len(lookup)] = lookup
    if word_vectors is not None:
        known = slice(FIRST_ID, FIRST_ID + len(word_vectors))
        grown[known] = np.arange(known.start, known.stop)
    grown[ids] = ids
    return grown


def look_up(ids, lookup):
    """Return `ids` with the unknown word for each that `lookup` does not know."""
    return np.take(lookup, ids, mode="clip")
