"""Comparisons: what a report takes from the results of `compare` and from the texts."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.utils import Bunch, column_or_1d
from sklearn.utils.multiclass import unique_labels

from sklearn_rnn._labels import check_labels
from sklearn_rnn._validation import Texts, check_texts

_NEEDED = ("table", "y_true", "predictions", "test_rows", "folds")


class Comparison(NamedTuple):
    """A comparison of classifiers.

    Parameters
    ----------
    table : DataFrame
        The scores of the models, the best first.
    texts, labels : list of n_samples str, ndarray of shape (n_samples,)
        The texts and labels that were given as X and y.
    tested : list of n_tested str
        The tested texts, fold by fold, in the order of `y_true`.
    y_true : ndarray of shape (n_tested,)
        Their labels.
    test_rows, folds : ndarray of int of shape (n_tested,)
        Their rows in `texts` or in the test set, and the numbers of their folds.
    predictions : dict of str to ndarray of shape (n_tested,)
        The predictions of each model.
    estimators : dict of str to list of estimators
        The models of each fold. Empty if they are not known.
    classes : ndarray of shape (n_classes,)
        The sorted labels.
    has_test_set : bool
        Whether there is a test set; otherwise the models were tested on folds.
    """

    table: pd.DataFrame
    texts: list[str]
    labels: npt.NDArray[Any]
    tested: list[str]
    y_true: npt.NDArray[Any]
    test_rows: npt.NDArray[np.intp]
    folds: npt.NDArray[np.intp]
    predictions: dict[str, npt.NDArray[Any]]
    estimators: dict[str, list[Any]]
    classes: npt.NDArray[Any]
    has_test_set: bool

    @property
    def best(self) -> str:
        """The name of the best model."""
        return str(self.table.index[0])

    def rows_by_fold(self) -> list[npt.NDArray[np.intp]]:
        """Return the positions of the tested texts of each fold."""
        starts = np.flatnonzero(np.diff(self.folds)) + 1
        return np.split(np.arange(len(self.folds)), starts)


def check_comparison(results: Any, X: Texts, y: Any, X_test: Texts | None) -> Comparison:
    """Return the comparison that the arguments of `report` describe, or raise an error.

    Parameters
    ----------
    results, X, y, X_test
        As in :func:`~sklearn_rnn.evaluation.report`.

    Returns
    -------
    comparison : Comparison
    """
    lacking = [name for name in _NEEDED if name not in results] if _is_bunch(results) else _NEEDED
    if lacking:
        raise TypeError(
            "report takes the results of compare(..., return_predictions=True), but got "
            f"{_describe(results)}."
        )
    texts = check_texts(X, caller="report")
    labels = column_or_1d(check_labels(y, name="y"))
    if len(labels) != len(texts):
        raise ValueError(f"X has {len(texts):,} texts, and y has {len(labels):,} labels.")
    has_test_set = results.table.columns[1].endswith("_se")
    if has_test_set != (X_test is not None):
        raise ValueError(
            "The models of these results were tested on "
            + ("a test set: pass its texts as X_test." if has_test_set else "folds of X: ")
            + ("" if has_test_set else "leave out X_test.")
        )
    source, name = texts, "X"
    if X_test is not None:
        source, name = check_texts(X_test, caller="report", name="X_test"), "X_test"
    if results.test_rows.max() >= len(source):
        raise ValueError(
            f"These results are of {results.test_rows.max() + 1:,} or more texts, and {name} has "
            f"{len(source):,}. Pass the data that compare had."
        )
    return Comparison(
        table=results.table,
        texts=texts,
        labels=labels,
        tested=[source[row] for row in results.test_rows],
        y_true=results.y_true,
        test_rows=results.test_rows,
        folds=results.folds,
        predictions=results.predictions,
        estimators=results.get("estimators", {}),
        classes=unique_labels(labels, results.y_true, *results.predictions.values()),
        has_test_set=has_test_set,
    )


def _is_bunch(results: object) -> bool:
    return isinstance(results, Bunch)


def _describe(results: object) -> str:
    if _is_bunch(results):
        return "results without predictions"
    name = type(results).__name__
    return f"its table, a {name}" if isinstance(results, pd.DataFrame) else f"a {name}"
