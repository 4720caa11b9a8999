"""Class weights, which multiply the sample weights of the texts."""

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
    """Multiply the sample weight of each text by the weight of its class.

    Parameters
    ----------
    data : TrainingData
        The texts.
    class_weight : None, "balanced" or dict of label to float
        None: the sample weights stay. "balanced": weights with which all classes have the same
        total weight in `balance`. A dict: the weight of each class; 1 for a class that is not a
        key.
    classes : ndarray of shape (n_classes,)
        The sorted classes.
    balance : TrainingData
        The texts from which "balanced" computes the class weights. Each class must have a text.

    Returns
    -------
    weighted : TrainingData
        The texts with their new weights; texts whose new weight is zero are left out.

    Raises
    ------
    ValueError
        If a new weight is negative, infinite or NaN; if all new weights are zero; or if a dict has
        a key that is not a class and also lacks a class.
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
