"""Classes that a classifier confuses, and its scores for each class."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.metrics import precision_recall_fscore_support

SCORES = ("precision", "recall", "f1-score", "support")  # of a class


class ConfusedPair(NamedTuple):
    """A pair of classes: how often the second is predicted for texts of the first.

    Parameters
    ----------
    true, predicted : int
        The indices of the classes.
    n_texts : int
        The number of texts.
    share : float
        Their share of all texts of the true class.
    """

    true: int
    predicted: int
    n_texts: int
    share: float


def confused_pairs(matrix: npt.NDArray[np.intp], n_pairs: int) -> list[ConfusedPair]:
    """Return the pairs of classes that are confused most often, at most `n_pairs` of them."""
    errors = matrix.copy()
    n_texts = errors.sum(axis=1)
    np.fill_diagonal(errors, 0)
    order = np.argsort(-errors, axis=None, kind="stable")[:n_pairs]
    pairs = zip(*(axis.tolist() for axis in np.unravel_index(order, errors.shape)), strict=True)
    return [
        ConfusedPair(true, predicted, count, count / int(n_texts[true]))
        for true, predicted in pairs
        if (count := int(errors[true, predicted]))
    ]


def score_classes(
    classes: npt.NDArray[Any],
    y_true: npt.NDArray[Any],
    predicted: npt.NDArray[Any],
    average: str | None,
) -> Any:
    """Return `SCORES`, with 0 for 0/0: arrays of a number for each class, or their averages."""
    return precision_recall_fscore_support(
        y_true, predicted, labels=classes, average=average, zero_division=0
    )
