"""Log-count ratios, compared with naive Bayes, and as used by the linear term and a baseline."""

import subprocess
import sys

import numpy as np
import pytest
from sklearn.naive_bayes import MultinomialNB

from sklearn_rnn._linear.cross_fit import class_ratios
from sklearn_rnn._linear.log_count_ratio import log_count_ratios
from sklearn_rnn.baselines import LogCountRatioTransformer


@pytest.fixture
def counts():
    """Counts of twenty features in two classes."""
    return np.random.default_rng(0).integers(1, 9, (20, 2)).astype(float)


@pytest.mark.parametrize("smoothing", [0.5, 1.0])
def test_ratios_are_the_weights_of_naive_bayes(counts, smoothing):
    bayes = MultinomialNB(alpha=smoothing).fit(counts.T, [0, 1])
    expected = bayes.feature_log_prob_[1] - bayes.feature_log_prob_[0]
    ratios = log_count_ratios(counts[:, 1], counts[:, 0], smoothing=smoothing)
    np.testing.assert_allclose(ratios, expected)


def test_each_column_is_a_class():
    counts = np.array([[0.0, 0, 0], [5, 1, 2], [1, 1, 7]])
    others = counts.sum(1, keepdims=True) - counts
    by_class = [log_count_ratios(counts[:, k], others[:, k]) for k in range(3)]
    np.testing.assert_array_equal(log_count_ratios(counts, others), np.transpose(by_class))
    inside = (5 + 1) / (6 + 3)  # smoothed frequency in class 0
    outside = (3 + 1) / (3 + 8 + 3)  # in the other classes
    assert by_class[0][1] == pytest.approx(np.log(inside / outside))
    assert class_ratios(counts)[1, 0] == by_class[0][1]


def test_linear_term_and_baseline_have_the_same_bits(counts):
    ratios = LogCountRatioTransformer().fit(counts.T, ["a", "b"]).log_count_ratio_
    assert np.array_equal(class_ratios(counts)[:, 1], ratios)
    np.testing.assert_allclose(class_ratios(counts)[:, 0], -ratios)


def test_no_torch_is_imported():
    code = (
        "import sys; import sklearn_rnn._linear.log_count_ratio; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
