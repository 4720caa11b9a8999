"""Find a tokenizer or a classifier in what the user has: a Pipeline, a search, one in the other."""

from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted


def find_classifier(estimator, *, caller):
    """Return the fitted RNNTextClassifier in an estimator, as `find_step` finds it."""
    # Late, since torch takes seconds, for which pictures of a tokenizer need not wait.
    from sklearn_rnn._classifier import RNNTextClassifier

    classifier = find_step(estimator, RNNTextClassifier, caller=caller)
    check_is_fitted(classifier)
    return classifier


def find_step(estimator, kind, *, caller):
    """Return the first estimator of a class in a Pipeline, in a search, or the estimator itself.

    Parameters
    ----------
    estimator : object
        Where to look.
    kind : type
        The class to look for.
    caller : str
        Who looks, for the messages.

    Returns
    -------
    step : kind

    Raises
    ------
    NotFittedError
        If a search has no best estimator.
    TypeError
        If there is none of that class.
    """
    step = search_step(estimator, kind)
    if step is None:
        raise TypeError(
            f"{caller} takes a fitted {kind.__name__}, or a Pipeline or a search that holds one, "
            f"but got {describe(estimator)}."
        )
    return step


def search_step(estimator, kind):
    """Return what `find_step` does, or None."""
    if isinstance(estimator, kind):
        return estimator
    if isinstance(estimator, Pipeline):
        found = (search_step(step, kind) for _, step in estimator.steps)
        return next((step for step in found if step is not None), None)
    best = unwrap_search(estimator)
    return None if best is estimator else search_step(best, kind)


def apply_steps_before(estimator, wanted, X):
    """Return X as a step, which `search_step` finds in an estimator, gets it."""
    if estimator is wanted:
        return X
    if not isinstance(estimator, Pipeline):
        return apply_steps_before(unwrap_search(estimator), wanted, X)
    for _, step in estimator.steps:
        if search_step(step, type(wanted)) is wanted:
            return apply_steps_before(step, wanted, X)
        X = X if step in (None, "passthrough") else step.transform(X)


def unwrap_search(estimator):
    """Return the best estimator of a search such as GridSearchCV, and all else as it is."""
    if hasattr(estimator, "refit") and not hasattr(estimator, "best_estimator_"):
        raise NotFittedError(
            f"{type(estimator).__name__} has no best_estimator_. Call fit, with refit=True, which "
            "is the default."
        )
    return getattr(estimator, "best_estimator_", estimator)


def describe(estimator):
    """Name an estimator, and the steps if it is a Pipeline."""
    if isinstance(estimator, Pipeline):
        steps = ", ".join(type(step).__name__ for _, step in estimator.steps)
        return f"a Pipeline of {steps}"
    if isinstance(estimator, type):
        return f"the class {estimator.__name__}"
    return f"an object of type {type(estimator).__name__}"
