"""Log-count ratios: how much more frequent a feature is in one class than in the others.

They are the coefficients of multinomial naive Bayes, and the scales of the features in NBSVM (Wang
& Manning 2012, aclanthology.org/P12-2018). This module imports NumPy only.
"""

from typing import Any

import numpy as np
import numpy.typing as npt


def log_count_ratios(
    counts: npt.NDArray[np.floating[Any]],
    other_counts: npt.NDArray[np.floating[Any]],
    *,
    smoothing: float = 1.0,
) -> npt.NDArray[np.floating[Any]]:
    """Return the log of the smoothed frequency of each feature in a class over that in the others.

    Parameters
    ----------
    counts : ndarray of shape (n_features,) or (n_features, n_classes)
        Count of each feature in a class.
    other_counts : ndarray of the same shape
        Count of each feature in all other classes.
    smoothing : float, default=1.0
        Added to each count. Above 0.

    Returns
    -------
    ratios : ndarray of the same shape
        Natural logarithms.
    """
    return _log_frequencies(counts + smoothing) - _log_frequencies(other_counts + smoothing)


def _log_frequencies(counts: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.floating[Any]]:
    """Return the logarithm of the share of each count in its column."""
    frequencies: npt.NDArray[np.floating[Any]] = np.log(counts) - np.log(counts.sum(0))
    return frequencies
