"""Early stopping and the best weights."""

import numpy as np
import pytest

from sklearn_rnn._training.stopping import EarlyStopping


def run(accuracies, losses=None, *, scoring="accuracy", tol=1e-4, n_iter_no_change=None):
    """Record epochs until the last or a stall. An epoch's number stands for its weights."""
    stopping = EarlyStopping(scoring=scoring, tol=tol, n_iter_no_change=n_iter_no_change)
    losses = [1.0] * len(accuracies) if losses is None else losses
    for epoch, (accuracy, loss) in enumerate(zip(accuracies, losses, strict=True), start=1):
        stopping.record(epoch, valid_accuracy=accuracy, valid_loss=loss)
        if stopping.has_stalled:
            break
    return stopping


def mlp_stops_after(accuracies, tol, n_iter_no_change):
    """Reimplement MLPClassifier._update_no_improvement_count."""
    best, count = -np.inf, 0
    for epoch, accuracy in enumerate(accuracies, start=1):
        count = count + 1 if accuracy < best + tol else 0
        best = max(best, accuracy)
        if count > n_iter_no_change:
            return epoch
    return len(accuracies)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("tol", "n_iter_no_change"), [(1e-4, 1), (0.05, 3), (0.0, 2)])
def test_training_stops_at_the_epoch_of_mlp_classifier(seed, tol, n_iter_no_change):
    accuracies = np.random.default_rng(seed).integers(0, 20, 30) / 20
    stopping = run(accuracies, tol=tol, n_iter_no_change=n_iter_no_change)
    assert stopping.n_evaluations == mlp_stops_after(accuracies, tol, n_iter_no_change)


def test_the_best_evaluation_has_the_highest_accuracy():
    stopping = run([0.5, 0.7, 0.9, 0.8])
    assert (stopping.best_evaluation, stopping.best_weights) == (3, 3)


def test_ties_of_accuracy_are_broken_by_the_loss():
    assert run([0.5, 0.9, 0.9, 0.9], [1.0, 0.5, 0.3, 0.4]).best_evaluation == 3
    assert run([0.9, 0.9], [0.5, 0.5]).best_evaluation == 1


def test_weights_are_kept_at_an_increase_below_tol_that_is_no_improvement():
    stopping = run([0.5, 0.6, 0.7], tol=0.2, n_iter_no_change=1)
    assert stopping.n_evaluations == 3
    assert stopping.has_stalled
    assert stopping.best_evaluation == 3


def test_scoring_by_the_loss():
    accuracies, losses = [0.5, 0.6, 0.7, 0.8, 0.9], [1.0, 0.5, 0.6, 0.5, 0.55]
    stopping = run(accuracies, losses, scoring="loss", tol=0.1, n_iter_no_change=2)
    assert stopping.has_stalled
    assert stopping.n_evaluations == 5
    assert stopping.best_evaluation == 4  # evaluation 2 has the same loss and a lower accuracy


def test_it_never_stalls_without_a_limit():
    assert not run([0.5] * 100).has_stalled


def test_without_validation_the_last_weights_are_kept():
    stopping = EarlyStopping(scoring="accuracy", tol=1e-4, n_iter_no_change=1)
    for epoch in (1, 2, 3, 4):
        stopping.record(epoch)
    assert stopping.best_evaluation == stopping.best_weights == 4
    assert not stopping.has_stalled
