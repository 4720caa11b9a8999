"""Log-count ratios: how much more frequent a feature is in one class than in the other classes.

Multinomial naive Bayes uses these ratios as coefficients, and NBSVM uses them to scale the features
(Wang & Manning 2012, aclanthology.org/P12-2018). This module imports NumPy only.
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
    """Return ``log(p / q)`` of each feature, for its frequency p in a class and q in other classes.

    A frequency is ``(count + smoothing) / sum(count + smoothing)``, with the sum over the features.

    Parameters
    ----------
    counts : ndarray of shape (n_features,) or (n_features, n_classes)
        Counts of each feature in a class. In two dimensions, each column is a class.
    other_counts : ndarray of the same shape
        Counts of each feature in all classes other than that class, together.
    smoothing : float, default=1.0
        Added to each count. Above 0.

    Returns
    -------
    ratios : ndarray of the same shape
        The natural logarithms ``log(p / q)``.
    """
    return _log_frequencies(counts + smoothing) - _log_frequencies(other_counts + smoothing)


def _log_frequencies(counts: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.floating[Any]]:
    """Return ``log(count / total)`` of each count, with the total of its column."""
    frequencies: npt.NDArray[np.floating[Any]] = np.log(counts) - np.log(counts.sum(0))
    return frequencies
