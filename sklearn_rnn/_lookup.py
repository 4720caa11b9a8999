"""Which ids training has met; every other is the unknown word."""

import numpy as np

from ._sequences import FIRST_ID, PAD, UNK

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
