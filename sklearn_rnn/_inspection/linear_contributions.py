"""Contributions of features to the scores of a linear classifier, whatever its class.

Shapes: n texts, F features that occur in them, C classes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.pipeline import Pipeline

from sklearn_rnn._inspection.pipeline_steps import unwrap_search

_TOLERANCE = 1e-4  # of a sum of contributions, relative to the largest score


class LinearContributions(NamedTuple):
    """The features of texts, and the weights that a classifier gives to them.

    Parameters
    ----------
    names : ndarray of str of shape (F,)
        The names of the features.
    values : CSR array of shape (n, F)
        The features of each text.
    weights : ndarray of float of shape (F, C)
        The contribution of a feature of value 1 to the score of each class. With two classes, the
        scores are the decision value and its negative.
    predicted : ndarray of int of shape (n,)
        The index of the predicted class of each text.
    classes : ndarray of shape (C,)
        The labels.
    """

    names: npt.NDArray[Any]
    values: sparse.csr_array
    weights: npt.NDArray[np.float64]
    predicted: npt.NDArray[np.intp]
    classes: npt.NDArray[Any]


def linear_contributions(estimator: Any, texts: list[str]) -> LinearContributions | None:
    """Return the contributions of features to the scores, or None if these are not sums of them.

    The weight of a feature is the change of the decision function from no features to this feature
    alone, so that the kind of classifier does not matter: logistic regression and linear support
    vector machines, one-vs-rest or not, on scaled features or not. That the sums of contributions
    are the scores is checked on the texts.

    Parameters
    ----------
    estimator : Pipeline or search
        A fitted Pipeline, or a search over Pipelines.
    texts : list of n str
        The texts.

    Returns
    -------
    contributions : LinearContributions or None
        None if the estimator is no Pipeline of steps that name their features and a classifier
        with `decision_function`, or if that function is not linear.
    """
    model = unwrap_search(estimator)
    if not isinstance(model, Pipeline) or len(model) < 2:
        return None
    features, classifier = model[:-1], model[-1]
    if not (
        hasattr(features, "get_feature_names_out") and hasattr(classifier, "decision_function")
    ):
        return None
    values = sparse.csr_array(features.transform(texts))
    used = np.unique(values.indices)
    no_features = _scores(classifier, sparse.csr_array((1, values.shape[1]), dtype=np.float64))
    # A row for each feature. Some classifiers take 32-bit indices alone.
    ones, ends = np.ones(len(used)), np.arange(len(used) + 1, dtype=np.int32)
    one_feature = sparse.csr_array(
        (ones, used.astype(np.int32), ends), shape=(len(used), values.shape[1])
    )
    weights = _scores(classifier, one_feature) - no_features
    scores = _scores(classifier, values)
    values = values[:, used]
    error = np.abs(values @ weights + no_features - scores).max()
    if not error <= _TOLERANCE * max(np.abs(scores).max(), 1.0):
        return None
    names = np.asarray(features.get_feature_names_out(), dtype=object)[used]
    return LinearContributions(names, values, weights, scores.argmax(axis=1), classifier.classes_)


def _scores(classifier: Any, X: sparse.csr_array) -> npt.NDArray[np.float64]:
    """Return the score of each class, of shape (n, C)."""
    decisions = np.asarray(classifier.decision_function(X))
    return np.column_stack([-decisions, decisions]) if decisions.ndim == 1 else decisions
