"""Training loop: trainings that end early, and the state that is kept."""

import math
import re

import numpy as np
import pytest
import torch
from sklearn.exceptions import ConvergenceWarning
from skorch.callbacks import Callback, LRScheduler
from torch.optim.lr_scheduler import LambdaLR

from sklearn_rnn._training.loop import copy_trained, restore_trained
from tests.nets import same_weights


class Breaker(Callback):
    """Writes NaN into a weight at the beginning of an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch_begin(self, net, **kwargs):
        if len(net.history) == self.epoch:
            with torch.no_grad():
                net.module_.output.bias[0] = math.nan


class ParameterSetter(Callback):
    """Sets parameters of the net at the beginning of a training."""

    def __init__(self, parameters):
        self.parameters = parameters

    def on_train_begin(self, net, **kwargs):
        net.set_params(**self.parameters)


class Interrupter(Callback):
    """Raises a KeyboardInterrupt in a batch of an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_batch_end(self, net, training, **kwargs):
        if len(net.history) == self.epoch and training:
            raise KeyboardInterrupt


@pytest.mark.parametrize("lr_schedule", [None, "one_cycle"])
@pytest.mark.parametrize(
    ("of_net", "of_classifier"),
    [
        ({"lr": 0.05}, {"learning_rate": 0.05}),
        ({"batch_size": 11}, {"batch_size": 11}),
        ({"max_epochs": 1}, {"max_epochs": 1}),
    ],
)
def test_a_callback_sets_parameters_at_the_begin_of_training(
    make_classifier, word_order, lr_schedule, of_net, of_classifier
):
    X, y = word_order
    callbacks = [ParameterSetter(of_net)]
    classifier = make_classifier(lr_schedule=lr_schedule, callbacks=callbacks).fit(X, y)
    expected = make_classifier(lr_schedule=lr_schedule, **of_classifier).fit(X, y)
    assert same_weights(classifier, expected)


def test_a_schedule_of_skorch_starts_with_its_own_rate(make_classifier, word_order):
    X, y = word_order
    schedule = LRScheduler(LambdaLR, lr_lambda=lambda epoch: 0.5 / (epoch + 1))
    classifier = make_classifier(max_epochs=2, lr_schedule=None, callbacks=[schedule])
    learning_rates = classifier.fit(X, y).history_["learning_rate"].to_numpy()
    assert learning_rates / classifier.learning_rate == pytest.approx([0.5, 0.25])


def test_an_interrupt_keeps_what_was_trained(make_classifier, word_order):
    X, y = word_order
    classifier = make_classifier(callbacks=[Interrupter(epoch=2)])
    message = "Training was interrupted in epoch 2. What was trained is kept."
    with pytest.warns(UserWarning, match=f"^{re.escape(message)}$"):
        classifier.fit(X, y)
    assert classifier.n_epochs_ == len(classifier.history_) == 1
    assert classifier.predict(X).shape == y.shape
    one_epoch = make_classifier(max_epochs=1).fit(X, y)
    assert not same_weights(classifier, one_epoch)  # a batch of epoch 2 was trained too


def test_an_interrupt_in_the_first_epoch_leaves_a_fitted_classifier(make_classifier, word_order):
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


@pytest.mark.parametrize("batch_norm", [False, True])
def test_the_state_that_training_changes_is_copied_and_restored(
    make_classifier, word_order, batch_norm
):
    X, y = word_order
    module = make_classifier(batch_norm=batch_norm).fit(X, y).net_.module_
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    copied = copy_trained(module)
    constant = {name for name in before if name.startswith("linear_term.")}
    assert constant
    assert copied.keys() == before.keys() - constant
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            if name not in constant:
                tensor.add_(1)
    restore_trained(module, copied)
    for name, tensor in module.state_dict().items():
        assert torch.equal(tensor, before[name]), name


def test_an_evaluation_copies_no_constant_buffer(make_classifier, word_order, monkeypatch):
    copied = []

    def spy(module):
        copied.append(copy_trained(module))
        return copied[-1]

    monkeypatch.setattr("sklearn_rnn._training.loop.copy_trained", spy)
    make_classifier(max_epochs=2, evaluations_per_epoch=2).fit(*word_order)
    assert len(copied) == 4
    assert not [name for weights in copied for name in weights if name.startswith("linear_term")]
