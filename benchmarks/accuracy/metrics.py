"""Outcomes of fits on a test set, and their metrics."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest
from sklearn.metrics import accuracy_score, f1_score, log_loss

N_BINS = 15


@dataclass
class Outcome:
    """Predictions of a fitted model and their costs.

    Attributes
    ----------
    predicted : ndarray of int, shape (n_texts,)
        The predicted class indices.
    proba : ndarray of shape (n_texts, n_classes), or None
        The probabilities, if the model has them.
    fit_seconds : float
    predict_seconds : float
    n_bytes : int
        The size of the fitted model on disk.
    version : str or None
        The package and version of an external rival.
    is_timed : bool
        Whether the seconds are of this run.
    """

    predicted: npt.NDArray[np.intp]
    proba: npt.NDArray[np.floating] | None
    fit_seconds: float
    predict_seconds: float
    n_bytes: int
    version: str | None = None
    is_timed: bool = True


def describe(outcome: Outcome, labels: npt.NDArray[np.intp]) -> dict:
    """Return the metrics of an outcome on the true class indices, and its costs."""
    predicted, proba = outcome.predicted, outcome.proba
    figures = {
        "accuracy": accuracy_score(labels, predicted),
        "macro_f1": f1_score(labels, predicted, average="macro"),
        "log_loss": None,
        "calibration_error": None,
        "fit_seconds": outcome.fit_seconds,
        "texts_per_second": len(labels) / outcome.predict_seconds,
        "megabytes": outcome.n_bytes / 1e6,
        "version": outcome.version,
    }
    if proba is not None:
        proba = np.asarray(proba, dtype=np.float64)
        # The sums of float32 are too far from 1 for log_loss.
        proba = proba / proba.sum(axis=1, keepdims=True)
        figures["log_loss"] = log_loss(labels, proba, labels=np.arange(proba.shape[1]))
        figures["calibration_error"] = expected_calibration_error(labels, proba)
    return figures


def expected_calibration_error(
    labels: npt.NDArray[np.intp], proba: npt.NDArray[np.floating], n_bins: int = N_BINS
) -> float:
    """Return the expected calibration error of the most probable class.

    Parameters
    ----------
    labels : ndarray of int, shape (n_texts,)
        The true class indices.
    proba : ndarray of shape (n_texts, n_classes)
        The probabilities.
    n_bins : int, default=15
        The number of bins of equal width of the top probability. They include their upper ends.

    Returns
    -------
    error : float
        The mean over the bins, weighted by their texts, of the absolute difference between the
        accuracy and the mean top probability.

    References
    ----------
    C. Guo, G. Pleiss, Y. Sun and K. Weinberger, "On Calibration of Modern Neural Networks",
    ICML 2017, arXiv:1706.04599
    """
    confidence = proba.max(axis=1)
    is_right = proba.argmax(axis=1) == labels
    bins = np.clip(np.ceil(confidence * n_bins).astype(int) - 1, 0, n_bins - 1)
    excess = np.bincount(bins, weights=is_right - confidence)
    return float(np.abs(excess).sum() / len(labels))


def pack_bits(is_right: npt.NDArray[np.bool_]) -> str:
    """Return a bit per text, 1 if its prediction is right, as hexadecimal digits."""
    return np.packbits(is_right).tobytes().hex()


def mcnemar_p_value(right: str, other: str) -> float:
    """Return the p-value of McNemar's exact test of two models, from their `pack_bits`."""
    ours, theirs = (
        np.unpackbits(np.frombuffer(bytes.fromhex(bits), np.uint8)).astype(bool)
        for bits in (right, other)
    )
    n_ours, n_theirs = int((ours & ~theirs).sum()), int((theirs & ~ours).sum())
    return binomtest(n_ours, n_ours + n_theirs).pvalue if n_ours + n_theirs else 1.0
