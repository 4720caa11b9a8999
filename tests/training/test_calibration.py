"""Output biases refitted after training."""

import numpy as np
import pytest
from scipy.special import softmax

from sklearn_rnn._training.calibration import fit_bias_offsets


def make_logits(n_texts=300, n_classes=3):
    """Make labels, logits that predict the labels, and the logits with a bias to class 0."""
    rng = np.random.default_rng(0)
    labels = rng.choice(n_classes, n_texts, p=[0.6, 0.3, 0.1][:n_classes])
    fair = 2 * np.eye(n_classes)[labels] + rng.normal(size=(n_texts, n_classes))
    return labels, fair, fair + 3 * (np.arange(n_classes) == 0)


@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
def test_mean_probabilities_equal_the_class_frequencies(label_smoothing):
    labels, _, biased = make_logits()
    weights = 1e-6 * (1.0 + np.arange(300) % 2)
    offsets = fit_bias_offsets(biased, labels, weights, label_smoothing=label_smoothing)
    share = np.bincount(labels, weights) / weights.sum()
    expected = share * (1 - label_smoothing) + label_smoothing / 3
    found = np.average(softmax(biased + offsets, axis=1), axis=0, weights=weights)
    np.testing.assert_allclose(found, expected, atol=0.01)
    assert offsets.sum() == pytest.approx(0, abs=1e-9)


def test_bias_towards_a_class_is_removed():
    labels, fair, biased = make_logits()
    of_fair, of_biased = (
        fit_bias_offsets(logits, labels, np.ones(300), label_smoothing=0.0)
        for logits in (fair, biased)
    )
    np.testing.assert_allclose(of_biased - of_fair, [-2, 1, 1], atol=0.1)


def test_class_without_texts_has_a_finite_offset():
    logits = np.zeros((4, 3))
    offsets = fit_bias_offsets(logits, np.array([0, 0, 1, 1]), np.ones(4), label_smoothing=0.0)
    assert np.isfinite(offsets).all()
    assert offsets[2] < offsets[0] == pytest.approx(offsets[1])
