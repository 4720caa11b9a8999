"""Padding and truncation: token sequences of any lengths to the rows of a matrix."""

from typing import Literal

import numpy as np
import numpy.typing as npt

from sklearn_rnn._ids import IdArray, LengthArray

Truncation = Literal["post", "pre", "middle"]


def fill_rows(
    rows: IdArray, flat: IdArray, lengths: LengthArray, truncation: Truncation = "post"
) -> LengthArray:
    """Write concatenated sequences into the rows of a matrix of padding.

    Parameters
    ----------
    rows : ndarray of int32 of shape (n_samples, width)
        All PAD; written to. It may be a view, such as some columns of a wider matrix.
    flat : ndarray of int of shape (lengths.sum(),)
        The ids of the first sequence, then those of the second, and so on.
    lengths : ndarray of int of shape (n_samples,)
        In tokens, at least 1 each.
    truncation : {"post", "pre", "middle"}, default="post"
        What is cut from a sequence longer than the width: its end, beginning or middle.

    Returns
    -------
    kept : ndarray of int of shape (n_samples,)
        Number of tokens of each sequence that are in its row.
    """
    width = rows.shape[1]
    kept = np.minimum(lengths, width)
    rows[np.arange(width) < kept[:, np.newaxis]] = flat[_kept_mask(lengths, width, truncation)]
    return kept


def _kept_mask(lengths: LengthArray, width: int, truncation: Truncation) -> npt.NDArray[np.bool_]:
    """Return, for each id of the flat sequences, whether it stays after truncation."""
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
