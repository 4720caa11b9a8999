"""Padding and truncation of token sequences to the rows of a matrix."""

from typing import Literal

import numpy as np
import numpy.typing as npt

from sklearn_rnn._ids import IdArray, LengthArray

Truncation = Literal["post", "pre", "middle"]

# max_length="auto" is within these bounds. 400 tokens hold nearly all reviews and most articles.
# The lower bound is for texts that are longer than any in training; it takes 256 bytes for a text.
# Padding is cheap, 4 bytes and 20 ns of a fit for each id (`benchmarks.speed width`), so there is a
# margin: what is cut is lost.
AUTO_LENGTH = 400
SHORTEST_AUTO_LENGTH = 64
# The share of the training texts that fit into a row before a quarter is added to it. It is known
# from this number of texts on. The padding of fewer takes 1.6 MB at most.
AUTO_SHARE_WHOLE = 0.999
AUTO_MIN_LENGTHS = 1000


def choose_length(lengths: LengthArray, n_markers: int) -> int:
    """Return the length of a row for max_length="auto".

    Parameters
    ----------
    lengths : ndarray of int64 of shape (n_texts,)
        The lengths of the training texts, with their characters if these are added.
    n_markers : int
        The number of markers of a text.

    Returns
    -------
    max_length : int
        The number of columns, including markers.
    """
    if len(lengths) < AUTO_MIN_LENGTHS:
        return AUTO_LENGTH
    usual = int(np.quantile(lengths, AUTO_SHARE_WHOLE, method="inverted_cdf"))
    with_margin = -(-5 * usual // 4) + n_markers
    return min(max(with_margin, SHORTEST_AUTO_LENGTH), AUTO_LENGTH)


def fill_rows(
    rows: IdArray, flat: IdArray, lengths: LengthArray, truncation: Truncation = "post"
) -> LengthArray:
    """Write each sequence into a row of a matrix, truncated to the width of the matrix.

    Parameters
    ----------
    rows : ndarray of int32 of shape (n_samples, width)
        The matrix, filled with PAD. It is modified in place, and may be a view of some columns of a
        wider matrix. `width` is at least 1.
    flat : ndarray of int of shape (lengths.sum(),)
        The ids of the first sequence, then the ids of the second sequence, and so on.
    lengths : ndarray of int of shape (n_samples,)
        The length of each sequence in tokens.
    truncation : {"post", "pre", "middle"}, default="post"
        The position of the tokens that are removed from a sequence longer than `width`: its end,
        its beginning or its middle.

    Returns
    -------
    kept : ndarray of int of shape (n_samples,)
        The number of tokens written into each row.
    """
    width = rows.shape[1]
    kept = np.minimum(lengths, width)
    rows[np.arange(width) < kept[:, np.newaxis]] = flat[_kept_mask(lengths, width, truncation)]
    return kept


def _kept_mask(lengths: LengthArray, width: int, truncation: Truncation) -> npt.NDArray[np.bool_]:
    """Return a mask for the concatenated sequences, which is True for the ids to keep."""
    ends = np.cumsum(lengths)
    cut = lengths > width
    if not cut.any():
        return np.ones(ends[-1] if len(ends) else 0, dtype=bool)
    head = {"post": width, "pre": 0, "middle": (width + 1) // 2}[truncation]
    tail = width - head
    # +1 where the removed ids of a sequence begin, -1 after the last of them: the running sum is 1
    # for removed ids and 0 for all others. The +1 and -1 of two sequences never fall on the same
    # element, because every truncated sequence keeps at least one token.
    steps = np.zeros(ends[-1] + 1, dtype=np.int8)
    steps[ends[cut] - lengths[cut] + head] = 1
    steps[ends[cut] - tail] = -1
    return np.cumsum(steps[:-1], dtype=np.int8) == 0
