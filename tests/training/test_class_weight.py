"""Class weights, multiplied into sample weights."""

import numpy as np
import pytest

from sklearn_rnn._training.class_weight import apply_class_weight
from tests.training.test_data import make_data

AB = np.array(["a", "b"])


def test_class_weights_multiply_sample_weights():
    data = make_data([[2], [3], [4]], [0, 1, 1], [1, 2, 3])
    weighted = apply_class_weight(data, {"a": 10, "b": 0.5}, AB, balance=data)
    assert weighted.weights.tolist() == [10, 1, 1.5]


def test_balanced_gives_every_class_the_same_weight_and_keeps_the_sum():
    data = make_data([[2], [3], [4], [5]], [0, 1, 1, 1], [1, 2, 3, 4])
    weighted = apply_class_weight(data, "balanced", AB, balance=data)
    assert weighted.weights[0] == pytest.approx(5)
    assert weighted.weights[1:].sum() == pytest.approx(5)


def test_class_of_weight_zero_is_left_out():
    data = make_data([[2], [3], [4]], [0, 1, 1])
    weighted = apply_class_weight(data, {"a": 0}, AB, balance=data)
    assert weighted.labels.tolist() == [1, 1]


def test_balanced_weights_may_come_from_other_data():
    training = make_data(np.ones((4, 1)), [0, 0, 0, 1])
    validation = training.take([0, 1])  # has only one class
    weighted = apply_class_weight(validation, "balanced", AB, balance=training)
    np.testing.assert_allclose(weighted.weights, [4 / 6, 4 / 6])
