"""Class weights: multiplied into the sample weights of the texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from sklearn.utils.class_weight import compute_class_weight

from sklearn_rnn._training.data import TrainingData
from sklearn_rnn._validation import check_weights


def apply_class_weight(
    data: TrainingData,
    class_weight: Literal["balanced"] | Mapping[Any, float] | None,
    classes: np.ndarray,
    *,
    balance: TrainingData,
) -> TrainingData:
    """Multiply the sample weights by the weights of the classes.

    Parameters
    ----------
    data : TrainingData
        The texts.
    class_weight : None, "balanced" or dict of label to float
        "balanced": the texts of each class have the same total weight.
    classes : ndarray of shape (n_classes,)
        The sorted classes.
    balance : TrainingData
        The texts whose classes "balanced" counts. Every class occurs.

    Returns
    -------
    weighted : TrainingData
        Without the texts whose weight is zero.

    Raises
    ------
    ValueError
        If a weight is negative, if all are zero, or if a key is not a class.
    """
    if class_weight is None:
        return data
    if class_weight == "balanced":
        totals = np.bincount(balance.labels, weights=balance.weights)
        class_weights = totals.sum() / (len(classes) * totals)
    else:
        class_weights = compute_class_weight(class_weight, classes=classes, y=classes)
    weights = check_weights(data.weights * class_weights[data.labels], len(data))
    weighted = TrainingData(data.ids, data.labels, weights, data.lengths)
    return weighted if weights.all() else weighted.take(np.flatnonzero(weights))
