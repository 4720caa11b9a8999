"""Runs: times, scores and standard errors of one estimator on one fold."""

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier

from sklearn_rnn._evaluation.folds import Folds
from sklearn_rnn._evaluation.runs import fit_and_score


@pytest.fixture
def folds():
    texts, labels = ["a", "b", "c", "d"], np.array(["x", "x", "x", "y"])
    return Folds(texts, labels, [(np.arange(2), np.arange(2, 4)), (np.arange(4), np.arange(1, 4))])


@pytest.mark.parametrize("keep_estimator", [False, True])
def test_run_of_a_fold(folds, keep_estimator):
    estimator = DummyClassifier()
    run = fit_and_score(
        "guess", estimator, folds, 1, "accuracy", None, keep_estimator=keep_estimator
    )
    assert run.n_train == 4
    assert run.fit_seconds > 0
    assert run.predict_seconds > 0
    assert run.test_rows.tolist() == [1, 2, 3]
    assert run.y_true.tolist() == ["x", "x", "y"]
    assert run.predictions.tolist() == ["x", "x", "x"]
    assert run.scores == {"accuracy": pytest.approx(2 / 3)}
    assert run.standard_errors is None
    assert (run.estimator is not None) is keep_estimator
    assert run.estimator is not estimator


def test_seed_gives_standard_errors_of_stratified_resamples(folds):
    run = fit_and_score("guess", DummyClassifier(), folds, 1, "accuracy", 0, keep_estimator=False)
    # The classifier is correct on all of one class and on none of the other.
    assert run.standard_errors == {"accuracy": pytest.approx(0)}


def test_error_names_the_estimator(folds):
    with pytest.raises(ValueError, match=r"pos_label") as caught:
        fit_and_score("guess", DummyClassifier(), folds, 1, "f1", None, keep_estimator=False)
    assert caught.value.__notes__ == ["This came from the estimator 'guess' in compare."]
