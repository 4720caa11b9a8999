"""Lookup of a tokenizer or classifier in nested Pipelines and searches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from sklearn.exceptions import NotFittedError
from sklearn.model_selection import TunedThresholdClassifierCV
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

if TYPE_CHECKING:
    from sklearn_rnn._classifier import RNNTextClassifier

Step = TypeVar("Step")


def find_classifier(estimator: object, *, caller: str) -> RNNTextClassifier:
    """Return the RNNTextClassifier that `find_step` finds; raise an error if it is not fitted."""
    # Not at the top: importing torch takes seconds, and TextLengthDisplay does not need torch.
    from sklearn_rnn._classifier import RNNTextClassifier

    classifier = find_step(estimator, RNNTextClassifier, caller=caller)
    check_is_fitted(classifier)
    return classifier


def find_step(estimator: object, step_type: type[Step], *, caller: str) -> Step:
    """Return the first step of a class, as `search_step` finds it, or raise an error.

    Parameters
    ----------
    estimator : object
        The estimator that a user passed.
    step_type : type
        The class of the step.
    caller : str
        The name of the function that the user called, for the messages.

    Returns
    -------
    step : step_type

    Raises
    ------
    NotFittedError
        If a search has no best estimator.
    TypeError
        If no step has that class.
    """
    step = search_step(estimator, step_type)
    if step is None:
        raise TypeError(
            f"{caller} takes a fitted {step_type.__name__}, or a Pipeline or a search that holds "
            f"one, but got {describe(estimator)}."
        )
    return step


def search_step(estimator: object, step_type: type[Step]) -> Step | None:
    """Return `estimator` or its first nested step that is a `step_type`, or None."""
    if isinstance(estimator, step_type):
        return estimator
    if isinstance(estimator, Pipeline):
        found = (search_step(step, step_type) for _, step in estimator.steps)
        return next((step for step in found if step is not None), None)
    best = unwrap_search(estimator)
    return None if best is estimator else search_step(best, step_type)


def apply_steps_before(estimator: Any, wanted: object, X: Any) -> Any:
    """Transform X by the steps of `estimator` before `wanted`, which `search_step` returned."""
    if estimator is wanted:
        return X
    if not isinstance(estimator, Pipeline):
        return apply_steps_before(unwrap_search(estimator), wanted, X)
    for _, step in estimator.steps:
        if search_step(step, type(wanted)) is wanted:
            break
        X = X if step in (None, "passthrough") else step.transform(X)
    return apply_steps_before(step, wanted, X)


def unwrap_search(estimator: object) -> object:
    """Return the best estimator of a search, or `estimator` itself if it is not a search.

    A search is an object with the parameters `estimator` and `refit`, as scikit-learn and other
    libraries have them. LogisticRegressionCV has no `estimator`, and TunedThresholdClassifierCV
    searches a threshold.
    """
    is_search = hasattr(estimator, "estimator") and hasattr(estimator, "refit")
    if isinstance(estimator, TunedThresholdClassifierCV) or not is_search:
        return estimator
    if not hasattr(estimator, "best_estimator_"):
        raise NotFittedError(
            f"{type(estimator).__name__} has no best_estimator_. Call fit, with refit=True, which "
            "is the default."
        )
    return estimator.best_estimator_


def describe(estimator: object) -> str:
    """Return the type of an estimator in words, with the steps if it is a Pipeline."""
    if isinstance(estimator, Pipeline):
        steps = ", ".join(type(step).__name__ for _, step in estimator.steps)
        return f"a Pipeline of {steps}"
    if isinstance(estimator, type):
        return f"the class {estimator.__name__}"
    return f"an object of type {type(estimator).__name__}"
