"""Comparison of several classifiers on the same folds, or on one test set, and its report."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral
from typing import Any, Literal, TypeAlias, TypedDict, Unpack, overload

import numpy as np
import numpy.typing as npt
import pandas as pd
from joblib.parallel import get_active_backend
from sklearn.base import BaseEstimator
from sklearn.metrics import check_scoring
from sklearn.model_selection import BaseCrossValidator, BaseShuffleSplit, check_cv
from sklearn.utils import Bunch, check_consistent_length, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.parallel import Parallel, delayed

from sklearn_rnn._containers import refuse_lazy
from sklearn_rnn._evaluation.folds import Folds, share
from sklearn_rnn._evaluation.paired_tests import corrected_t_test, mcnemar_test, tabulate
from sklearn_rnn._evaluation.runs import Run, Scoring, fit_and_score
from sklearn_rnn._labels import check_labels
from sklearn_rnn._parameters import N_JOBS, SEED, Interval, Satisfies, check_parameters
from sklearn_rnn._report.report import report

__all__ = ["compare", "report"]

Estimators = Mapping[str, BaseEstimator] | Sequence[tuple[str, BaseEstimator]]
Splitter: TypeAlias = BaseCrossValidator | BaseShuffleSplit
Splits: TypeAlias = Iterable[tuple[npt.ArrayLike, npt.ArrayLike]]


_CONSTRAINTS: dict[str, list[Any]] = {
    "estimators": [Mapping, list, tuple],
    "cv": [
        Interval(Integral, 2, None, closed="left"),
        Satisfies(lambda cv: hasattr(cv, "split") and hasattr(cv, "get_n_splits"), "a splitter"),
        Satisfies(
            lambda cv: isinstance(cv, Iterable) and not isinstance(cv, str | bytes | np.generic),
            "an iterable of pairs (train, test)",
        ),
        None,
    ],
    "scoring": [str, callable, list, tuple, dict],
    "n_jobs": N_JOBS,
    "random_state": [SEED],
    "verbose": ["boolean", Interval(Integral, 0, None, closed="left")],
    "return_predictions": ["boolean"],
    "return_estimators": ["boolean"],
}


class _Options(TypedDict, total=False):
    """The parameters of `compare` that all its overloads share."""

    cv: int | Splitter | Splits | None
    X_test: npt.ArrayLike | None
    y_test: npt.ArrayLike | None
    scoring: Scoring
    n_jobs: int | None
    random_state: int
    verbose: int


@overload
def compare(
    estimators: Estimators,
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    return_predictions: Literal[False] = ...,
    return_estimators: Literal[False] = ...,
    **options: Unpack[_Options],
) -> pd.DataFrame: ...
@overload
def compare(
    estimators: Estimators,
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    return_predictions: Literal[True],
    return_estimators: bool = ...,
    **options: Unpack[_Options],
) -> Bunch: ...
@overload
def compare(
    estimators: Estimators,
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    return_predictions: bool = ...,
    return_estimators: Literal[True],
    **options: Unpack[_Options],
) -> Bunch: ...
@overload
def compare(
    estimators: Estimators,
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    return_predictions: bool = ...,
    return_estimators: bool = ...,
    **options: Unpack[_Options],
) -> pd.DataFrame | Bunch: ...
def compare(
    estimators: Estimators,
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    cv: int | Splitter | Splits | None = None,
    X_test: npt.ArrayLike | None = None,
    y_test: npt.ArrayLike | None = None,
    scoring: Scoring = ("accuracy", "f1_macro"),
    n_jobs: int | None = None,
    random_state: int = 0,
    verbose: int = 0,
    return_predictions: bool = False,
    return_estimators: bool = False,
) -> pd.DataFrame | Bunch:
    """Fit and score several classifiers on the same folds, or on one test set.

    The estimators are cloned, never fitted in place. The data are split once: all estimators have
    the same folds, so that paired tests of their differences apply.

    Parameters
    ----------
    estimators : dict of str to estimator, or list of (str, estimator)
        The classifiers to compare, by name.
    X : list, ndarray, Series or DataFrame of shape (n_samples,) or (n_samples, n_features)
        The texts, or other data that the estimators take. With `X_test`: the training data.
    y : array-like of shape (n_samples,)
        The labels.
    cv : int, splitter or iterable of (train, test), default=None
        The folds, as in :func:`~sklearn.model_selection.cross_validate`. None: 5 stratified folds.
        An int: that number of stratified folds. Must be None with `X_test`.
    X_test : same type as X, of shape (n_test,) or (n_test, n_features), default=None
        The texts of a test set. Each estimator is then fitted once, on all of `X`.
    y_test : array-like of shape (n_test,), default=None
        The labels of the test set.
    scoring : str, callable, list, tuple or dict, default=("accuracy", "f1_macro")
        As in :func:`~sklearn.model_selection.cross_validate`. The first score decides which
        estimator is the best. The score of a callable that returns a number is named
        "score" in the table.
    n_jobs : int, default=None
        The number of (estimator, fold) pairs to fit at a time; None is 1, -1 is all processors.
        Above 1, the fits share the processors, and each takes longer than it would alone. Within
        ``joblib.parallel_config("dask")`` or ``("ray", n_jobs=-1)`` the fits run on a cluster.
    random_state : int, default=0
        The seed of the bootstrap resamples of a test set. It does not affect the folds or the
        estimators.
    verbose : int, default=0
        1 prints a line for each (estimator, fold) that is done.
    return_predictions : bool, default=False
        Whether to return the predictions too.
    return_estimators : bool, default=False
        Whether to return the fitted estimators too.

    Returns
    -------
    table : DataFrame of shape (n_estimators, n_columns)
        A row for each estimator, indexed by name, in descending order of the first score. The
        columns:

        `<score>`
            for each score, its mean over the folds, or its value on the test set;
        `<score>_std`
            with folds: its standard deviation over the folds (with ddof=1; NaN for one fold);
        `<score>_se`
            with a test set: its standard error, from 100 bootstrap resamples of the test set
            within each class. It includes the variance from the choice of test texts, but not the
            variance from training;
        `fit_seconds`
            wall-clock seconds of one fit, mean over the folds;
        `texts_per_second`
            throughput of `predict` on all test texts, in texts per wall-clock second;
        `p_value`
            p-value of a two-sided paired test against the first row; NaN in the first row. With
            folds: the corrected resampled t-test [1]_ on the first score, which accounts for the
            overlap of the training sets (NaN for one fold). With a test set: McNemar's exact
            test [2]_ of which texts are classified correctly, for any `scoring`. The p-values are
            not corrected for the number of estimators.
    results : :class:`~sklearn.utils.Bunch`
        Returned instead of the table if `return_predictions` or `return_estimators` is True:

        `table`
            the DataFrame;
        `y_true` : ndarray of shape (n_tested,)
            with `return_predictions`: the labels of all tested texts, fold by fold;
        `test_rows` : ndarray of int of shape (n_tested,)
            with `return_predictions`: the row of each of these texts in `X`, or in `X_test`;
        `folds` : ndarray of int of shape (n_tested,)
            with `return_predictions`: the number of the fold of each of these texts, from 0 on;
        `predictions` : dict of str to ndarray of shape (n_tested,)
            with `return_predictions`: the predictions of each estimator for these texts;
        `estimators` : dict of str to list of estimators
            with `return_estimators`: the fitted estimators, one for each fold; with a test set, a
            single one, fitted on all of `X`.

    See Also
    --------
    report : Writes the results as an HTML page.

    Raises
    ------
    TypeError
        If a name is not a str; if an estimator is a class, or lacks `fit` or `predict`; or if data
        is not in memory.
    ValueError
        If a parameter is invalid; if there are no estimators, or two of the same name; if both `cv`
        and a test set are given, or only one of `X_test` and `y_test`; if a label is missing or not
        discrete, or `y` has a single class; if the labels are strings in one of `y` and `y_test`
        alone; if texts and labels differ in number; or if a score is unknown.
    Exception
        Any error of an estimator or a scorer, with a note that names the estimator.

    Notes
    -----
    On a cluster of Dask or Ray the results are those of one process to the last bit, and the texts
    are sent to it once. (A search of scikit-learn sends a list of texts with each job: on Dask pass
    an array or a Series, or ``parallel_config("dask", scatter=[X])``; Ray copies the texts for each
    job.) Each process first imports torch, scikit-learn and skorch, which takes seconds, with Ray
    in each call: a cluster pays if a fit takes longer than that. A worker of Dask
    uses a thread for each fit, so start it with one thread; the workers use the GPUs in turn, and
    those of Ray the GPUs that ``ray_remote_args={"num_gpus": 1}`` reserves.

    References
    ----------
    .. [1] C. Nadeau and Y. Bengio, "Inference for the Generalization Error", Machine Learning
       52, 2003. doi:10.1023/A:1024068626366
    .. [2] T. G. Dietterich, "Approximate Statistical Tests for Comparing Supervised
       Classification Learning Algorithms", Neural Computation 10, 1998.
       doi:10.1162/089976698300017197

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn.feature_extraction.text import CountVectorizer
    >>> from sklearn.naive_bayes import MultinomialNB
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_rnn.evaluation import compare
    >>> texts = ["good film", "a good one", "bad film", "a bad one"] * 5
    >>> labels = ["pos", "pos", "neg", "neg"] * 5
    >>> models = {
    ...     "guess": DummyClassifier(),
    ...     "bayes": make_pipeline(CountVectorizer(), MultinomialNB()),
    ... }
    >>> table = compare(models, texts, labels, cv=5, scoring="accuracy")
    >>> table[["accuracy", "accuracy_std", "p_value"]]
           accuracy  accuracy_std  p_value
    bayes       1.0           0.0      NaN
    guess       0.5           0.0      0.0
    """
    check_parameters(locals(), _CONSTRAINTS, caller="compare")
    models = _check_estimators(estimators)
    refuse_lazy(X, "X", "X")
    refuse_lazy(X_test, "X_test", "X_test")
    _check_test_set(cv, X_test, y_test)
    for model in models.values():
        check_scoring(model, scoring)  # an unknown score raises before the first fit
    labels = _check_labels(X, y, "y")
    _check_two_classes(labels)
    if X_test is None:
        folds, seed = Folds(X, labels, _list_splits(cv, X, labels)), None
    else:
        test_labels = _check_labels(X_test, y_test, "y_test")
        _check_same_kind(labels, test_labels)
        folds, seed = Folds(X, labels, X_test=X_test, y_test=test_labels), random_state

    shared = share(folds)
    jobs = (
        delayed(fit_and_score)(
            name, model, shared, number, scoring, seed, keep_estimator=return_estimators
        )
        for number in range(len(folds))
        for name, model in models.items()
    )
    return_as = "generator" if get_active_backend()[0].supports_return_generator else "list"
    finished = Parallel(n_jobs=n_jobs, return_as=return_as)(jobs)
    runs = _collect_runs(finished, list(models), len(folds), verbose)
    table = tabulate(runs, corrected_t_test if X_test is None else mcnemar_test)
    if not (return_predictions or return_estimators):
        return table

    results = Bunch(table=table)
    if return_predictions:
        results.update(_collect_predictions(runs))
    if return_estimators:
        results.estimators = {name: [run.estimator for run in runs[name]] for name in runs}
    return results


def _check_estimators(estimators: Estimators) -> dict[str, BaseEstimator]:
    pairs = list(estimators.items() if isinstance(estimators, Mapping) else estimators)
    for pair in pairs:
        if not isinstance(pair, tuple) or len(pair) != 2 or not isinstance(pair[0], str):
            raise TypeError(
                f"estimators holds {pair!r}: give a dict of names and estimators, or a list of "
                "pairs (name, estimator) whose names are str."
            )
    if not pairs:
        raise ValueError("estimators is empty: give at least one, as {name: estimator}.")
    twice = [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]
    if twice:
        raise ValueError(f"The names of estimators must differ, but {twice[0]!r} is there twice.")
    for name, estimator in pairs:
        if isinstance(estimator, type):
            raise TypeError(
                f"estimators[{name!r}] is the class {estimator.__name__}: "
                f"give an instance, {estimator.__name__}()."
            )
        if not (hasattr(estimator, "fit") and hasattr(estimator, "predict")):
            raise TypeError(
                f"estimators[{name!r}] must be a classifier with fit and predict, "
                f"got {estimator!r}."
            )
    return dict(pairs)


def _check_test_set(cv: object, X_test: object, y_test: object) -> None:
    """Raise if only one of `X_test` and `y_test` is given, or if `cv` is given with them."""
    if (X_test is None) != (y_test is None):
        given, missing = ("y_test", "X_test") if X_test is None else ("X_test", "y_test")
        raise ValueError(f"{given} is given without {missing}: a test set needs both.")
    if X_test is not None and cv is not None:
        raise ValueError("cv and X_test are both given: choose folds of X or a test set.")


def _check_labels(X: Any, y: Any, name: str) -> np.ndarray:
    y = column_or_1d(check_labels(y, name=name))
    check_consistent_length(X, y)
    check_classification_targets(y)
    return np.asarray(y.tolist()) if y.dtype == object else y  # metrics sort objects slowly


def _check_same_kind(y: np.ndarray, y_test: np.ndarray) -> None:
    kinds = ["strings" if labels.dtype.kind == "U" else "numbers" for labels in (y, y_test)]
    if kinds[0] != kinds[1]:
        raise ValueError(
            f"The labels in y are {kinds[0]}, those in y_test are {kinds[1]}: convert them to the "
            "same type."
        )


def _check_two_classes(y: np.ndarray) -> None:
    if np.all(y == y[0]):
        raise ValueError(
            f"y holds a single class, {y[0].item()!r}: a comparison of classifiers needs two or "
            "more."
        )


def _list_splits(cv: Any, X: Any, labels: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    if hasattr(cv, "split") or not isinstance(cv, Iterable):
        return list(check_cv(cv, labels, classifier=True).split(X, labels))
    pairs = list(cv)  # it may be a generator
    if not pairs or not all(isinstance(pair, tuple | list) and len(pair) == 2 for pair in pairs):
        raise ValueError(
            "cv must hold a pair (train, test) of row numbers for each fold, at least one. Pass "
            "such pairs, the number of folds, or a splitter of scikit-learn."
        )
    return list(check_cv(pairs).split(X, labels))


def _collect_runs(
    finished: Iterable[Run], names: list[str], n_folds: int, verbose: int
) -> dict[str, list[Run]]:
    """Return the runs of each estimator; warn and print progress when each run finishes."""
    runs: dict[str, list[Run]] = {name: [] for name in names}
    order = [(name, fold) for fold in range(n_folds) for name in names]
    for (name, fold), run in zip(order, finished, strict=True):
        runs[name].append(run)
        # The warnings are issued here, because warnings issued in a worker process are lost.
        for message, category, filename, lineno in run.warnings:
            warnings.warn_explicit(f"{name}: {message}", category, filename, lineno)
        if verbose:
            print(_format_progress(name, fold, n_folds, run), flush=True)
    return runs


def _format_progress(name: str, fold: int, n_folds: int, run: Run) -> str:
    score, value = next(iter(run.scores.items()))
    where = f", fold {fold + 1} of {n_folds}" if n_folds > 1 else ""
    return f"{name}{where}: {score} {value:.4f}, fitted in {run.fit_seconds:.1f} s"


def _collect_predictions(runs: dict[str, list[Run]]) -> dict[str, Any]:
    folds = next(iter(runs.values()))
    return {
        "test_rows": np.concatenate([run.test_rows for run in folds]),
        "folds": np.repeat(np.arange(len(folds)), [len(run.test_rows) for run in folds]),
        "y_true": np.concatenate([run.y_true for run in folds]),
        "predictions": {
            name: np.concatenate([run.predictions for run in runs[name]]) for name in runs
        },
    }
