"""Runs: the times, predictions and scores of one estimator on one fold."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import wraps
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import check_scoring
from sklearn.utils import resample

from sklearn_rnn._evaluation.folds import Fold, Rows, receive
from sklearn_rnn._validation import _safe_indexing

Scorer = str | Callable[..., Any]
Scoring = Scorer | Sequence[str] | Mapping[str, Scorer]

N_RESAMPLES = 100  # the relative error of a standard error is about 1 / sqrt(2 * 100) = 7 %


class Run(NamedTuple):
    """Times, predictions and scores of one estimator on one fold."""

    n_train: int
    fit_seconds: float
    predict_seconds: float
    test_rows: Rows
    y_true: np.ndarray
    predictions: np.ndarray
    scores: dict[str, float]
    standard_errors: dict[str, float] | None
    estimator: BaseEstimator | None
    warnings: list[tuple[str, type[Warning], str, int]]


def fit_and_score(
    name: str,
    estimator: BaseEstimator,
    shared: Any,
    number: int,
    scoring: Scoring,
    seed: int | None,
    *,
    keep_estimator: bool,
) -> Run:
    """Fit and score a clone of an estimator on a fold.

    Parameters
    ----------
    name : str
        The name of the estimator, for a note on its errors.
    estimator : estimator
        The classifier to clone.
    shared : object
        The folds, as `share` returns them.
    number : int
        The number of the fold.
    scoring : str, callable, list, tuple or dict
        As in `compare`.
    seed : int or None
        The seed of the resamples for standard errors; None estimates none.
    keep_estimator : bool
        Whether the fitted estimator is a part of the run.
    """
    fold = receive(shared)[number]
    try:
        with catch_in_main_thread(record=True) as caught:
            start = perf_counter()
            estimator = clone(estimator).fit(fold.X_train, fold.y_train)
            fit_seconds = perf_counter() - start

            cached = _CachedPredictions(estimator, fold.X_test)
            start = perf_counter()
            predictions = cached.predict(fold.X_test)
            predict_seconds = perf_counter() - start

            scores = _score(cached, fold.X_test, fold.y_test, scoring)
            errors = None if seed is None else _standard_errors(cached, fold, scoring, seed)
    except Exception as error:
        error.add_note(f"This came from the estimator {name!r} in compare.")
        raise
    return Run(
        n_train=len(fold.y_train),
        fit_seconds=fit_seconds,
        predict_seconds=predict_seconds,
        test_rows=fold.test_rows,
        y_true=fold.y_test,
        predictions=predictions,
        scores=scores,
        standard_errors=errors,
        estimator=estimator if keep_estimator else None,
        warnings=[(str(w.message), w.category, w.filename, w.lineno) for w in caught],
    )


def catch_in_main_thread(**options: Any) -> AbstractContextManager[Any]:
    """Return ``warnings.catch_warnings(**options)``, which has no effect in other threads.

    There, warnings are issued as usual, and the record stays empty: what is done with warnings
    belongs to the process, and contexts in several threads would each restore what another one has
    set.
    """
    if threading.current_thread() is threading.main_thread():
        return warnings.catch_warnings(**options)
    return nullcontext([])


class _CachedPredictions:
    """A fitted estimator that calls each prediction method once, on a fixed X.

    Scorers call it like the estimator, with X or with a resample of X. Before they get a resample,
    `rows` must be set to its row numbers in X.
    """

    _methods = ("predict", "predict_proba", "predict_log_proba", "decision_function")

    def __init__(self, estimator: BaseEstimator, X: Any) -> None:
        self.rows: slice | np.ndarray = slice(None)
        self._estimator = estimator
        self._X = X
        self._predictions: dict[str, np.ndarray] = {}

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._estimator, name)
        if name not in self._methods:
            return attribute

        @wraps(attribute)  # scorers read the name of the method
        def predict(X: Any) -> np.ndarray:
            if name not in self._predictions:
                self._predictions[name] = attribute(self._X)
            return self._predictions[name][self.rows]

        return predict

    def __sklearn_tags__(self) -> Any:
        return self._estimator.__sklearn_tags__()


def _score(estimator: Any, X: Any, y: np.ndarray, scoring: Scoring) -> dict[str, float]:
    """Return the scores by name, for any type of `scoring`."""
    try:
        scores = check_scoring(estimator, scoring)(estimator, X, y)
    except AttributeError as error:
        if hasattr(estimator, "predict_proba"):
            raise
        raise AttributeError(
            f"scoring={scoring!r} needs probabilities, and the estimator has no predict_proba. "
            "Leave it out, put it into a CalibratedClassifierCV, or score predicted labels, for "
            "example by 'accuracy'."
        ) from error
    if isinstance(scores, dict):
        return scores
    return {scoring if isinstance(scoring, str) else "score": scores}


def _standard_errors(
    cached: _CachedPredictions, fold: Fold, scoring: Scoring, seed: int
) -> dict[str, float]:
    """Return the standard deviation of each score over stratified bootstrap resamples."""
    random_state = np.random.RandomState(seed)
    X, y = fold.X_test, fold.y_test
    scores = []
    # Scoring the whole test set has already issued this warning where a score is undefined.
    with catch_in_main_thread(action="ignore", category=UndefinedMetricWarning):
        for _ in range(N_RESAMPLES):
            cached.rows = resample(np.arange(len(y)), stratify=y, random_state=random_state)
            scores.append(_score(cached, _safe_indexing(X, cached.rows), y[cached.rows], scoring))
    return dict(pd.DataFrame(scores).std())
