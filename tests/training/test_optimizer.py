"""Optimizer: clipping, weight decay, learning-rate schedules, and moments that are kept."""

import numpy as np
import pytest
import torch

from tests.nets import Recorder, weights_of


def test_the_gradient_is_clipped(make_classifier, word_order):
    steps = {}
    for clip in (None, 1e-3):
        callback = Recorder()
        classifier = make_classifier(gradient_clip=clip, max_epochs=1, callbacks=[callback])
        classifier.fit(*word_order)
        assert min(callback.gradient_norms) > 1e-3  # recorded before clipping
        gradients = [p.grad for p in classifier.net_.module_.parameters()]
        steps[clip] = torch.nn.utils.get_total_norm(gradients).item()
    assert steps[1e-3] == pytest.approx(1e-3, rel=1e-3)
    assert steps[None] > 1e-3


def test_weight_decay_shrinks_the_weights(make_classifier, word_order):
    def output_norm(weight_decay):
        classifier = make_classifier(weight_decay=weight_decay, max_epochs=5).fit(*word_order)
        return np.linalg.norm(weights_of(classifier)["layers.0.forward_cell.weight_hh_l0"])

    assert output_norm(5.0) < 0.8 * output_norm(0.0)


def test_one_cycle_rises_and_falls_to_zero(make_classifier, word_order):
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
    wrong = np.where(y == "pos", "neg", "pos")  # training raises the validation loss
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


@pytest.mark.parametrize("new_words", [False, True])
def test_resumed_training_keeps_the_moments(make_classifier, word_order, new_words):
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
    assert embedding_state()["step"] == before["step"] + 4  # one step per batch
