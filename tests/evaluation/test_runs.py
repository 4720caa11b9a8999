"""Runs: times, scores and standard errors of one estimator on one fold."""

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier

from sklearn_rnn._evaluation.runs import Fold, fit_and_score


@pytest.fixture
def fold():
    texts, labels = ["a", "b", "c", "d"], np.array(["x", "x", "x", "y"])
    return Fold(texts, labels, texts[1:], labels[1:], np.array([5, 6, 7]))


@pytest.mark.parametrize("keep_estimator", [False, True])
def test_run_of_a_fold(fold, keep_estimator):
    estimator = DummyClassifier()
    run = fit_and_score("guess", estimator, fold, "accuracy", None, keep_estimator=keep_estimator)
    assert run.n_train == 4
    assert run.fit_seconds > 0
    assert run.predict_seconds > 0
    assert run.test_rows.tolist() == [5, 6, 7]
    assert run.y_true.tolist() == ["x", "x", "y"]
    assert run.predictions.tolist() == ["x", "x", "x"]
    assert run.scores == {"accuracy": pytest.approx(2 / 3)}
    assert run.standard_errors is None
    assert (run.estimator is not None) is keep_estimator
    assert run.estimator is not estimator


def test_seed_gives_standard_errors_of_stratified_resamples(fold):
    run = fit_and_score("guess", DummyClassifier(), fold, "accuracy", 0, keep_estimator=False)
    # The classifier is correct on all of one class and on none of the other.
    assert run.standard_errors == {"accuracy": pytest.approx(0)}


def test_error_names_the_estimator(fold):
    with pytest.raises(ValueError, match=r"pos_label") as caught:
        fit_and_score("guess", DummyClassifier(), fold, "f1", None, keep_estimator=False)
    assert caught.value.__notes__ == ["This came from the estimator 'guess' in compare."]
