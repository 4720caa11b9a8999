"""Confidence of predictions: probabilities of the predicted classes, or margins."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from sklearn_rnn._report.comparison import Comparison

_N_BINS = 10


class Confidence(NamedTuple):
    """How sure a model is of its predictions for the tested texts.

    Parameters
    ----------
    values : ndarray of float of shape (n_tested,)
        The probability of the predicted class; or, of a model without probabilities, the distance
        of its decision value from that of the second class.
    is_probability : bool
        Which of the two.
    """

    values: npt.NDArray[np.float64]
    is_probability: bool


def compute_confidence(comparison: Comparison, name: str) -> Confidence | None:
    """Return the confidence of a model, or None if its estimators are not known or have none."""
    estimators = comparison.estimators.get(name, [])
    method = next(
        (
            method
            for method in ("predict_proba", "decision_function")
            if estimators and all(hasattr(estimator, method) for estimator in estimators)
        ),
        None,
    )
    if method is None:
        return None
    is_probability = method == "predict_proba"
    values = np.empty(len(comparison.tested))
    for estimator, rows in zip(estimators, comparison.rows_by_fold(), strict=True):
        scores = np.asarray(getattr(estimator, method)([comparison.tested[row] for row in rows]))
        if is_probability:
            predicted = comparison.predictions[name][rows]
            columns = np.searchsorted(estimator.classes_, predicted)
            scores = np.clip(scores[np.arange(len(rows)), columns], 0, 1)  # rounding errors
        values[rows] = scores if is_probability else _margins(scores)
    return Confidence(values, is_probability)


def _margins(decisions: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.floating[Any]]:
    if decisions.ndim == 1:
        return np.abs(decisions)
    highest = np.sort(decisions, axis=1)[:, -2:]
    return highest[:, 1] - highest[:, 0]


def tabulate_reliability(
    is_correct: npt.NDArray[np.bool_], confidence: npt.NDArray[np.float64]
) -> pd.DataFrame:
    """Return the mean confidence and the accuracy of ten groups of texts of equal size.

    Parameters
    ----------
    is_correct : ndarray of bool of shape (n_tested,)
        Whether the prediction of each text is correct.
    confidence : ndarray of float of shape (n_tested,)
        The probability of each prediction.

    Returns
    -------
    groups : DataFrame with the columns "confidence", "accuracy" and "count"
        From the least to the most confident texts.
    """
    order = np.argsort(confidence, kind="stable")
    groups = [rows for rows in np.array_split(order, _N_BINS) if len(rows)]
    return pd.DataFrame(
        {
            "confidence": [confidence[rows].mean() for rows in groups],
            "accuracy": [is_correct[rows].mean() for rows in groups],
            "count": [len(rows) for rows in groups],
        }
    )


def calibration_error(groups: pd.DataFrame) -> float:
    """Return the mean difference between confidence and accuracy, without sign, over all texts."""
    differences = (groups["confidence"] - groups["accuracy"]).abs()
    return float(np.average(differences, weights=groups["count"]))
