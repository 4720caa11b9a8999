"""The net: how it trains, what a callback sees, and what is kept when training ends early."""

import math
import re
import sys

import numpy as np
import pytest
import torch
from sklearn.exceptions import ConvergenceWarning
from skorch.callbacks import Callback, EarlyStopping, EpochScoring, LRScheduler

from sklearn_rnn import RNNTextClassifier
from sklearn_rnn._training import calibration


def weights_of(classifier):
    return classifier.net_.get_weights()


def same_weights(a, b):
    a, b = weights_of(a), weights_of(b)
    return all(np.array_equal(a[name], b[name]) for name in a)


class Recorder(Callback):
    """Writes down the norm of the weights' change in each batch, and of the gradient."""

    def initialize(self):
        self.gradient_norms = []
        self.losses = []
        return self

    def on_grad_computed(self, net, named_parameters, **kwargs):
        norm = torch.nn.utils.get_total_norm([p.grad for _, p in named_parameters])
        self.gradient_norms.append(norm.item())

    def on_batch_end(self, net, loss, **kwargs):
        self.losses.append(loss.item())


class Breaker(Callback):
    """Writes NaN into a weight at the begin of an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch_begin(self, net, **kwargs):
        if len(net.history) == self.epoch:
            with torch.no_grad():
                net.module_.output.bias[0] = math.nan


class Interrupter(Callback):
    """Presses Ctrl+C in a batch of an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_batch_end(self, net, training, **kwargs):
        if len(net.history) == self.epoch and training:
            raise KeyboardInterrupt


# Learning


def test_the_gradient_is_clipped(make_classifier, word_order):
    steps = {}
    for clip in (None, 1e-3):
        callback = Recorder()
        classifier = make_classifier(gradient_clip=clip, max_epochs=1, callbacks=[callback])
        classifier.fit(*word_order)
        assert min(callback.gradient_norms) > 1e-3  # seen before it is clipped
        gradients = [p.grad for p in classifier.net_.module_.parameters()]
        steps[clip] = torch.nn.utils.get_total_norm(gradients).item()
    assert steps[1e-3] == pytest.approx(1e-3, rel=1e-3)
    assert steps[None] > 1e-3


def test_weight_decay_shrinks(make_classifier, word_order):
    def output_norm(weight_decay):
        classifier = make_classifier(weight_decay=weight_decay, max_epochs=5).fit(*word_order)
        return np.linalg.norm(weights_of(classifier)["layers.0.forward_cell.weight_hh_l0"])

    assert output_norm(5.0) < 0.8 * output_norm(0.0)


def test_label_smoothing_changes_the_loss(make_classifier, word_order):
    plain = make_classifier(max_epochs=30, learning_rate=0.05, label_smoothing=0.0)
    plain.fit(*word_order)
    smooth = make_classifier(max_epochs=30, learning_rate=0.05, label_smoothing=0.2)
    smooth.fit(*word_order)
    assert smooth.history_["train_loss"].iloc[-1] > 0.32  # the entropy of (0.9, 0.1) is 0.325
    assert plain.history_["train_loss"].iloc[-1] < 0.2
    assert smooth.predict_proba(word_order[0]).max() < plain.predict_proba(word_order[0]).max()


def test_one_cycle_rises_and_falls_to_nothing(make_classifier, word_order):
    classifier = make_classifier(lr_schedule="one_cycle", learning_rate=0.01, max_epochs=10)
    rates = classifier.fit(*word_order).history_["learning_rate"]
    top = rates.argmax()
    assert 1 <= top <= 4
    assert rates.iloc[: top + 1].is_monotonic_increasing
    assert rates.iloc[top:].is_monotonic_decreasing
    assert rates.max() <= 0.01
    assert rates.iloc[-1] < 1e-6


def test_one_cycle_of_one_step_still_learns(make_classifier, word_order):
    classifier = make_classifier(lr_schedule="one_cycle", max_epochs=1, batch_size=100)
    before = classifier.fit(*word_order).history_["train_loss"].iloc[0]
    logits = classifier.net_.logits(word_order[0])
    labels = torch.from_numpy((word_order[1] == "pos").astype(int))
    after = torch.nn.functional.cross_entropy(torch.from_numpy(logits), labels).item()
    assert after < before - 1e-4


def test_plateau_halves_the_rate_when_the_validation_loss_stalls(make_classifier, word_order):
    X, y = word_order
    wrong = np.where(y == "pos", "neg", "pos")  # the better it learns, the worse this loss
    classifier = make_classifier(
        lr_schedule="plateau", learning_rate=0.02, max_epochs=12, n_iter_no_change=4
    )
    rates = classifier.fit(X, y, X_val=X, y_val=wrong).history_["learning_rate"].to_numpy()
    assert rates[0] == 0.02
    ratios = rates[1:] / rates[:-1]
    assert set(ratios) == {0.5, 1.0}
    assert np.diff(np.flatnonzero(ratios == 0.5)).min() == 3  # patience is n_iter_no_change // 2


def test_without_a_schedule_the_rate_is_constant(make_classifier, word_order):
    assert set(make_classifier().fit(*word_order).history_["learning_rate"]) == {0.02}


def test_history_is_the_mean_over_the_texts(make_classifier, word_order):
    X, y = word_order
    classifier = make_classifier(
        max_epochs=1,
        learning_rate=1e-12,
        batch_size=30,
        label_smoothing=0.0,
        precision="float32",
        linear_ngrams=0,
    )
    classifier.fit(X, y, X_val=X, y_val=y)
    probabilities = classifier.predict_proba(X)
    loss = -np.log(probabilities[np.arange(len(y)), (y == "pos").astype(int)]).mean()
    history = classifier.history_.loc[1]
    for part in ("train", "valid"):
        assert history[f"{part}_loss"] == pytest.approx(loss, abs=1e-6)
        assert history[f"{part}_accuracy"] == pytest.approx(classifier.score(X, y))


@pytest.mark.parametrize("new_words", [False, True])
def test_the_optimizer_goes_on_with_its_moments(make_classifier, word_order, new_words):
    X, y = word_order
    classifier = make_classifier().partial_fit(X, y, classes=["neg", "pos"])
    net = classifier.net_

    def embedding_state():
        return net.optimizer_.state[net.module_.embedding.weight]

    before = {name: value.clone() for name, value in embedding_state().items()}
    n_tokens, optimizer = len(net.module_.embedding.weight), net.optimizer_
    if new_words:
        net.grow_embedding(n_tokens + 5, seed=0)
        for name in ("exp_avg", "exp_avg_sq"):
            moments = embedding_state()[name]
            assert torch.equal(moments[:n_tokens], before[name])
            assert moments.shape == (n_tokens + 5, 4)
            assert (moments[n_tokens:] == 0).all()
    classifier.set_params(label_smoothing=0.1, learning_rate=1e-3).partial_fit(X, y)
    assert net.optimizer_ is optimizer
    assert embedding_state()["step"] == before["step"] + 4  # batches


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
def test_forms_of_a_callback(make_classifier, word_order, callback):
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


def test_a_callback_may_move_the_rate(make_classifier, word_order):
    scheduler = LRScheduler("ExponentialLR", gamma=0.5)
    classifier = make_classifier(callbacks=[scheduler]).fit(*word_order)
    np.testing.assert_allclose(classifier.history_["learning_rate"], [0.02, 0.01, 0.005])


class Raiser(Callback):
    """Fails in the midst of an epoch."""

    def on_batch_end(self, net, training=False, **kwargs):
        raise RuntimeError("no more")


@pytest.mark.parametrize("linear_ngrams", [0, 2])
def test_a_callback_that_raises_leaves_a_warm_start_as_it_was(
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
def test_what_is_no_callback(make_classifier, word_order, bad):
    message = (
        f"callbacks holds {bad!r}, which is no skorch callback. Give a list of "
        "skorch.callbacks.Callback instances, or of pairs of a name and one."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        make_classifier(callbacks=[bad]).fit(*word_order)


# What is printed


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


# Training that ends early


def test_an_interrupt_keeps_what_was_trained(make_classifier, word_order):
    X, y = word_order
    classifier = make_classifier(callbacks=[Interrupter(epoch=2)])
    message = "Training was interrupted in epoch 2. What was trained is kept."
    with pytest.warns(UserWarning, match=f"^{re.escape(message)}$"):
        classifier.fit(X, y)
    assert classifier.n_epochs_ == len(classifier.history_) == 1
    assert classifier.predict(X).shape == y.shape
    one_epoch = make_classifier(max_epochs=1).fit(X, y)
    assert not same_weights(classifier, one_epoch)  # the batch of epoch 2 counts too


def test_the_biases_are_fitted_last(make_classifier, word_order, monkeypatch):
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
    # Without logits of texts that the linear term has not seen, and by validation data.
    fit(None, X, y, linear_ngrams=0)
    fit(None, X[:80], y[:80])
    fit(None, X, y, X_val=X, y_val=y)


def test_an_interrupt_in_the_first_epoch_leaves_a_classifier(make_classifier, word_order):
    X, y = word_order
    with pytest.warns(UserWarning, match="interrupted in epoch 1"):
        classifier = make_classifier(callbacks=[Interrupter(epoch=1)]).fit(X, y)
    assert classifier.n_epochs_ == 0
    assert classifier.predict(X).shape == y.shape


def test_an_interrupt_with_validation_data_keeps_the_best(make_classifier, word_order):
    X, y = word_order
    classifier = make_classifier(callbacks=[Interrupter(epoch=3)])
    with pytest.warns(UserWarning, match="interrupted in epoch 3"):
        classifier.fit(X, y, X_val=X, y_val=y)
    best = classifier.history_.loc[classifier.best_epoch_, "valid_accuracy"]
    assert classifier.score(X, y) == pytest.approx(best)


def test_a_loss_that_is_not_finite_from_the_start(make_classifier, word_order):
    classifier = make_classifier(learning_rate=1e36)
    message = (
        "The loss or a weight is not finite after epoch 1. Lower learning_rate=1e+36, or "
        "gradient_clip=1.0, which limits the norm of the gradient."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        classifier.fit(*word_order)
    assert not [name for name in vars(classifier) if name.endswith("_")]


@pytest.mark.parametrize("validate", [False, True])
def test_a_loss_that_is_not_finite_later(make_classifier, word_order, validate):
    X, y = word_order
    validation = {"X_val": X, "y_val": y} if validate else {}
    good = make_classifier(max_epochs=2).fit(X, y, **validation)
    kept = good.best_epoch_ if validate else 2
    message = (
        "Training stopped: the loss or a weight is not finite after epoch 3. The weights of epoch "
        f"{kept} are kept. Lower learning_rate=0.02, or gradient_clip=1.0, which limits the norm "
        "of the gradient."
    )
    classifier = make_classifier(max_epochs=9, callbacks=[Breaker(epoch=3)])
    with pytest.warns(ConvergenceWarning, match=f"^{re.escape(message)}$"):
        classifier.fit(X, y, **validation)
    assert same_weights(classifier, good)
    assert classifier.n_epochs_ == 3
    assert hasattr(classifier, "best_epoch_") == validate


def test_training_goes_on_after_a_loss_that_was_not_finite(make_classifier, word_order):
    X, y = word_order
    classifier = make_classifier(warm_start=True, callbacks=[Breaker(epoch=3)])
    with pytest.warns(ConvergenceWarning):
        classifier.fit(X, y)
    classifier.set_params(callbacks=None).fit(X, y)
    assert np.isfinite(classifier.history_["train_loss"].iloc[3:]).all()
    assert np.isfinite(classifier.predict_proba(X)).all()


@pytest.mark.parametrize("cell_type", ["lstm", "gru", "rnn"])
def test_a_fit_is_the_same_whatever_the_number_of_threads(cell_type):
    # Large enough for LAPACK's and MKL's sums to be cut among threads: a worker of joblib has fewer
    # of them than the main process.
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
