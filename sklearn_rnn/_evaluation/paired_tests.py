"""Paired tests of estimators, and the table of their scores, times and p-values."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.stats import binomtest
from scipy.stats import t as student_t

from sklearn_rnn._evaluation.runs import Run


def tabulate(
    runs: dict[str, list[Run]], paired_test: Callable[[list[Run], list[Run]], float]
) -> pd.DataFrame:
    """Return a row for each estimator, the best first, with a paired test against the best."""
    rows = {name: _summarize(runs[name]) for name in runs}
    table = pd.DataFrame.from_dict(rows, orient="index")
    table = table.sort_values(table.columns[0], ascending=False, kind="stable")
    best, *others = table.index
    table["p_value"] = [np.nan] + [paired_test(runs[best], runs[name]) for name in others]
    return table


def _summarize(runs: list[Run]) -> dict[str, float]:
    scores = pd.DataFrame([run.scores for run in runs])
    errors = runs[0].standard_errors
    row = {}
    for score in scores:
        row[score] = scores[score].mean()
        if errors is None:
            row[f"{score}_std"] = scores[score].std()
        else:
            row[f"{score}_se"] = errors[score]
    row["fit_seconds"] = np.mean([run.fit_seconds for run in runs])
    n_texts = sum(len(run.predictions) for run in runs)
    row["texts_per_second"] = n_texts / sum(run.predict_seconds for run in runs)
    return row


def corrected_t_test(best: list[Run], other: list[Run]) -> float:
    """Return the p-value of the corrected resampled t-test on the first score."""
    first = next(iter(best[0].scores))
    differences = [a.scores[first] - b.scores[first] for a, b in zip(best, other, strict=True)]
    n_folds = len(differences)
    if n_folds < 2:
        return np.nan
    test_to_train = np.mean([len(run.predictions) / run.n_train for run in best])
    variance = (1 / n_folds + test_to_train) * np.var(differences, ddof=1)
    if variance == 0:
        return float(differences[0] == 0)
    t = abs(np.mean(differences)) / np.sqrt(variance)
    return float(2 * student_t.sf(t, df=n_folds - 1))


def mcnemar_test(best: list[Run], other: list[Run]) -> float:
    """Return the p-value of McNemar's exact test, which compares the texts classified correctly."""
    is_correct, other_is_correct = (run.predictions == run.y_true for (run,) in (best, other))
    n_best_only = np.sum(is_correct & ~other_is_correct)
    n_other_only = np.sum(other_is_correct & ~is_correct)
    if n_best_only + n_other_only == 0:
        return 1.0
    return float(binomtest(n_best_only, n_best_only + n_other_only).pvalue)
