"""Class weights, which multiply the sample weights of the texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from sklearn_rnn._training.data import TrainingData


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
        If the sum of the new weights is zero or infinite; or if a dict has a key that is not a
        class and also lacks a class.
    """
    if class_weight is None:
        return data
    if class_weight == "balanced":
        totals = np.bincount(balance.labels, weights=balance.weights)
        class_weights = totals.sum() / (len(classes) * totals)
    else:
        class_weights = _look_up(class_weight, classes.tolist())
    with np.errstate(over="ignore"):  # overflow gives infinity, refused below
        weights = data.weights * class_weights[data.labels]
        total = weights.sum()
    if not 0 < total < np.inf:
        raise ValueError(
            f"class_weight={class_weight!r}, multiplied by sample_weight, gives the texts a total "
            f"weight of {total:g}. It must be above 0 and finite. Change the weight of a class."
        )
    weighted = TrainingData(data.ids, data.labels, weights, data.lengths)
    return weighted if weights.all() else weighted.take(np.flatnonzero(weights))


def _look_up(class_weight: Mapping[Any, float], classes: list[Any]) -> npt.NDArray[np.float64]:
    """Return the weight of each class. Keys are compared with classes as Python compares them."""
    weight_of = {
        key.item() if isinstance(key, np.generic) else key: float(weight)
        for key, weight in class_weight.items()
    }
    unweighted = [label for label in classes if label not in weight_of]
    unknown = [key for key in weight_of if key not in classes]
    # With a weight for every class, another key may be a class that is not in this fold.
    if unknown and unweighted:
        raise ValueError(
            f"class_weight has the keys {unknown}, which are no classes, and no weight for the "
            f"classes {unweighted}. Take the keys from the classes, {classes}, with their type."
        )
    return np.array([weight_of.get(label, 1.0) for label in classes])
