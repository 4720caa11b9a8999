"""Table of runs: paired tests, order of rows, columns."""

import numpy as np
import pytest
from scipy.stats import binomtest

from sklearn_rnn._evaluation.paired_tests import corrected_t_test, mcnemar_test, tabulate
from sklearn_rnn._evaluation.runs import Run


def make_run(score=0.5, *, predictions=("a", "b"), standard_errors=None):
    return Run(
        n_train=8,
        fit_seconds=2.0,
        predict_seconds=0.5,
        test_rows=np.arange(len(predictions)),
        y_true=np.array(["a"] * len(predictions)),
        predictions=np.array(predictions),
        scores={"accuracy": score},
        standard_errors=standard_errors,
        estimator=None,
        warnings=[],
    )


def test_corrected_t_test_without_variance():
    better, worse = ([make_run(score)] * 3 for score in (0.8, 0.6))
    assert corrected_t_test(better, better) == 1.0
    assert corrected_t_test(better, worse) == 0.0
    assert np.isnan(corrected_t_test(better[:1], worse[:1]))


def test_mcnemar_test_counts_texts_that_one_classifies_correctly():
    best = make_run(predictions=["a"] * 6 + ["b"] * 4)
    other = make_run(predictions=["b"] * 5 + ["a"] * 2 + ["b"] * 3)
    assert mcnemar_test([best], [other]) == binomtest(5, 6).pvalue
    assert mcnemar_test([best], [best]) == 1.0


def test_rows_are_sorted_by_the_first_score():
    runs = {"low": [make_run(0.2), make_run(0.4)], "high": [make_run(0.6), make_run(0.8)]}
    table = tabulate(runs, lambda best, other: best[0].scores["accuracy"])
    assert table.index.tolist() == ["high", "low"]
    assert table["accuracy"].tolist() == pytest.approx([0.7, 0.3])
    assert table["accuracy_std"].tolist() == pytest.approx([np.sqrt(0.02)] * 2)
    assert table["fit_seconds"].tolist() == [2.0, 2.0]
    assert table["texts_per_second"].tolist() == [4.0, 4.0]
    assert table["p_value"].tolist() == pytest.approx([np.nan, 0.6], nan_ok=True)


def test_standard_errors_replace_standard_deviations():
    table = tabulate({"one": [make_run(standard_errors={"accuracy": 0.1})]}, mcnemar_test)
    assert table.columns.tolist() == [
        "accuracy",
        "accuracy_se",
        "fit_seconds",
        "texts_per_second",
        "p_value",
    ]
