"""skorch net: learning, callbacks, printed output, threads."""

import re
import sys

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback, EarlyStopping, EpochScoring, LRScheduler

from sklearn_rnn import RNNTextClassifier
from sklearn_rnn._training import calibration
from tests.nets import Recorder

# Learning


def test_label_smoothing_changes_the_loss(make_classifier, word_order):
    plain = make_classifier(max_epochs=30, learning_rate=0.05, label_smoothing=0.0)
    plain.fit(*word_order)
    smooth = make_classifier(max_epochs=30, learning_rate=0.05, label_smoothing=0.2)
    smooth.fit(*word_order)
    assert smooth.history_["train_loss"].iloc[-1] > 0.32  # the entropy of (0.9, 0.1) is 0.325
    assert plain.history_["train_loss"].iloc[-1] < 0.2
    assert smooth.predict_proba(word_order[0]).max() < plain.predict_proba(word_order[0]).max()


# Callbacks


def test_a_callback_of_skorch_sees_the_validation_data(make_classifier, word_order):
    X, y = word_order
    scoring = EpochScoring("accuracy", lower_is_better=False, name="accuracy")
    classifier = make_classifier(callbacks=[scoring], max_epochs=5, learning_rate=0.05)
    classifier.fit(X, y, X_val=X[:30], y_val=y[:30])
    accuracy = [epoch["accuracy"] for epoch in classifier.net_.history]
    np.testing.assert_allclose(accuracy, classifier.history_["valid_accuracy"], rtol=1e-6)


def test_a_callback_may_stop_the_training(make_classifier, word_order):
    X, y = word_order
    stopper = EarlyStopping("valid_loss", patience=2, threshold=100.0, sink=lambda _: None)
    classifier = make_classifier(callbacks=[stopper], max_epochs=9).fit(X, y, X_val=X, y_val=y)
    assert classifier.n_epochs_ == 3


@pytest.mark.parametrize("callback", [Recorder(), ("mine", Recorder()), Recorder])
def test_valid_forms_of_callbacks_are_called(make_classifier, word_order, callback):
    classifier = make_classifier(callbacks=[callback], max_epochs=1).fit(*word_order)
    recorders = [c for _, c in classifier.net_.callbacks_ if isinstance(c, Recorder)]
    assert len(recorders[0].losses) == 4


def test_callbacks_may_change_between_trainings(make_classifier, word_order):
    recorder = Recorder()
    classifier = make_classifier(warm_start=True, max_epochs=1).fit(*word_order)
    classifier.set_params(callbacks=[recorder]).fit(*word_order)
    n_steps = len(recorder.gradient_norms)
    assert n_steps == 4
    classifier.set_params(callbacks=None).fit(*word_order)
    assert len(recorder.gradient_norms) == n_steps


def test_callback_may_change_the_learning_rate(make_classifier, word_order):
    scheduler = LRScheduler("ExponentialLR", gamma=0.5)
    classifier = make_classifier(callbacks=[scheduler]).fit(*word_order)
    np.testing.assert_allclose(classifier.history_["learning_rate"], [0.02, 0.01, 0.005])


class Raiser(Callback):
    """Raises an error in the middle of an epoch."""

    def on_batch_end(self, net, training=False, **kwargs):
        raise RuntimeError("no more")


@pytest.mark.parametrize("linear_ngrams", [0, 2])
def test_callback_error_in_a_warm_start_restores_the_net(
    make_classifier, word_order, linear_ngrams
):
    X, y = word_order
    classifier = make_classifier(warm_start=True, linear_ngrams=linear_ngrams).fit(X[:40], y[:40])
    history, expected = classifier.history_, classifier.predict_proba(X)
    classifier.set_params(callbacks=[Raiser()])
    with pytest.raises(RuntimeError, match="no more"):
        classifier.fit(X, y)
    np.testing.assert_array_equal(classifier.predict_proba(X), expected)
    assert classifier.history_.equals(history)
    classifier.set_params(callbacks=None)
    assert len(classifier.fit(X, y).history_) == 2 * len(history)


@pytest.mark.parametrize("bad", ["epoch_scoring", ("a", "b"), ("a", Recorder(), 1), 3])
def test_callbacks_with_an_invalid_item_are_refused(make_classifier, word_order, bad):
    message = (
        f"callbacks holds {bad!r}, which is not a skorch callback. Give a list of "
        "skorch.callbacks.Callback instances, or of pairs (name, callback)."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        make_classifier(callbacks=[bad]).fit(*word_order)


# Printed output


def test_nothing_is_printed(make_classifier, word_order, capsys):
    X, y = word_order
    classifier = make_classifier(warm_start=True)
    classifier.fit(X, y, X_val=X, y_val=y).fit(X, y).partial_fit(X, y).predict(X)
    assert capsys.readouterr() == ("", "")


def test_verbose_prints_a_line_per_epoch(make_classifier, word_order, capsys):
    classifier = make_classifier(verbose=1, warm_start=True)
    classifier.fit(*word_order)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["epoch", "learning_rate", "train_accuracy", "train_loss", "dur"]
    assert [line.split()[0] for line in lines[2:]] == ["1", "2", "3"]
    classifier.partial_fit(*word_order)
    assert "Re-initializing" not in capsys.readouterr().out


def test_verbose_draws_a_bar_on_a_terminal(make_classifier, word_order, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    X, y = word_order
    make_classifier(verbose=1).fit(X, y, X_val=X, y_val=y)
    err = capsys.readouterr().err
    assert "train" in err
    assert "valid" in err
    assert "/4" in err


# Output biases and threads


def test_output_biases_are_refitted_after_training(make_classifier, word_order, monkeypatch):
    X, y = (np.concatenate([part, part]) for part in word_order)

    def fit(shifts, X, y, linear_ngrams=2, **validation):
        def fit_bias_offsets(logits, labels, weights, *, label_smoothing):
            assert logits.shape == (len(X), 2)
            assert label_smoothing == 0.1
            np.testing.assert_array_equal(np.bincount(labels), np.bincount(y == "pos"))
            np.testing.assert_allclose(weights, 1)
            return shifts

        monkeypatch.setattr(calibration, "fit_bias_offsets", fit_bias_offsets)
        classifier = make_classifier(linear_ngrams=linear_ngrams, label_smoothing=0.1)
        return classifier.fit(X, y, **validation).decision_function(X)

    plain, shifted = (fit(np.array([-shift, shift]), X, y) for shift in (0.0, 1.5))
    np.testing.assert_allclose(shifted, plain + 3, rtol=0, atol=1e-5)
    # The biases are not refitted without out-of-fold predictions or with validation data.
    fit(None, X, y, linear_ngrams=0)
    fit(None, X[:80], y[:80])
    fit(None, X, y, X_val=X, y_val=y)


@pytest.mark.parametrize("cell_type", ["lstm", "gru", "rnn"])
def test_fit_does_not_depend_on_the_number_of_threads(cell_type):
    # A worker of joblib has fewer threads than the main process. The data is large enough that
    # LAPACK and MKL would split sums among threads.
    rng = np.random.default_rng(0)
    X = rng.integers(2, 500, size=(64, 100))
    y = rng.integers(0, 2, size=64)
    n_threads = torch.get_num_threads()
    weights = []
    try:
        for n in (1, 2):
            torch.set_num_threads(n)
            classifier = RNNTextClassifier(
                cell_type=cell_type, pooling="attention", max_epochs=1, random_state=0, device="cpu"
            )
            weights.append(classifier.fit(X, y).net_.get_weights())
            assert torch.get_num_threads() == n
    finally:
        torch.set_num_threads(n_threads)
    for name in weights[0]:
        np.testing.assert_array_equal(weights[0][name], weights[1][name], err_msg=name)
