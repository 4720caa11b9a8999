"""What a classifier learns from, which ids it knows, and what network is planned for it."""

import numpy as np
import pytest

from sklearn_rnn import RNNTextClassifier
from sklearn_rnn._training.data import (
    TrainingData,
    apply_class_weight,
    check_training_data,
    choose_batch_size,
    encode_labels,
    find_classes,
    merge_repeated,
    sort_by_length,
    split_validation,
)

CLASSIFIER = RNNTextClassifier()


def make_data(ids, y, weights=None):
    weights = np.ones(len(ids)) if weights is None else weights
    return TrainingData(np.asarray(ids, dtype=np.int32), np.asarray(y), np.asarray(weights, float))


def as_lists(data):
    return data.ids.tolist(), data.y.tolist(), data.weights.tolist()


def test_texts_without_weight_are_left_out():
    data = check_training_data([[2], [3], [4]], ["a", "b", "a"], [1, 0, 2], estimator=CLASSIFIER)
    assert as_lists(data) == ([[2], [4]], ["a", "a"], [1, 2])
    assert data.ids.dtype == np.int32


def test_repeated_texts_are_merged_in_whatever_order_they_come():
    ids, y, weights = [[3, 2], [2, 0], [3, 2], [3, 2]], ["b", "a", "b", "a"], [1, 2, 0.5, 4]
    expected = ([[2, 0], [3, 2], [3, 2]], ["a", "a", "b"], [2, 4, 1.5])
    for order in ([0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]):
        data = make_data(ids, y, weights).take(order)
        assert as_lists(merge_repeated(data)) == expected


def test_labels_become_indices_of_the_sorted_classes():
    classes = find_classes(np.array(["b", "a", "c", "a"]))
    assert classes.tolist() == ["a", "b", "c"]
    assert encode_labels(np.array(["c", "a"]), classes, name="y").tolist() == [2, 0]


def test_class_weights_multiply_those_of_the_texts():
    data = make_data([[2], [3], [4]], ["a", "b", "b"], [1, 2, 3])
    weighted = apply_class_weight(data, {"a": 10, "b": 0.5}, np.array(["a", "b"]))
    assert weighted.weights.tolist() == [10, 1, 1.5]


def test_balanced_gives_every_class_the_same_weight_and_keeps_the_sum():
    data = make_data([[2], [3], [4], [5]], ["a", "b", "b", "b"], [1, 2, 3, 4])
    weighted = apply_class_weight(data, "balanced", np.array(["a", "b"]))
    assert weighted.weights[0] == pytest.approx(5)
    assert weighted.weights[1:].sum() == pytest.approx(5)


def test_a_class_of_no_weight_is_left_out():
    data = make_data([[2], [3], [4]], ["a", "b", "b"])
    assert apply_class_weight(data, {"a": 0}, np.array(["a", "b"])).y.tolist() == ["b", "b"]


def test_sorted_by_length():
    data = make_data([[2, 3, 4], [2, 0, 0], [2, 3, 0]], ["a", "b", "c"])
    assert sort_by_length(data).y.tolist() == ["b", "c", "a"]


def test_the_validation_split_is_stratified_and_leaves_none_out():
    y = np.repeat(["a", "b", "c"], [60, 30, 10])
    data = make_data(np.arange(2, 102)[:, None], y, np.arange(1, 101))
    training, validation = split_validation(data, 0.1, np.random.RandomState(0))
    assert np.unique(validation.y, return_counts=True)[1].tolist() == [6, 3, 1]
    both = np.concatenate([training.ids, validation.ids]).ravel()
    assert sorted(both) == list(range(2, 102))
    assert (validation.weights == validation.ids.ravel() - 1).all()


@pytest.mark.parametrize(
    ("n_samples", "expected"), [(1, 8), (2048, 8), (10_000, 39), (16_384, 64), (60_000, 64)]
)
def test_batch_size_auto_suits_the_data(n_samples, expected):
    assert choose_batch_size("auto", n_samples) == expected
    assert choose_batch_size(7, n_samples) == 7


def test_balance_may_be_taken_from_other_data():
    training = TrainingData(np.ones((4, 1), dtype=np.int32), np.array(list("aaab")), np.ones(4))
    validation = training.take([0, 1])  # holds one of the classes
    weighted = apply_class_weight(validation, "balanced", np.array(["a", "b"]), balance=training)
    np.testing.assert_allclose(weighted.weights, [4 / 6, 4 / 6])
