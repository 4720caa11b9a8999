"""Training data: checks, encoding of labels, weights and splits."""

import numpy as np
import pytest

from sklearn_rnn import RNNTextClassifier
from sklearn_rnn._ids import sequence_lengths
from sklearn_rnn._training.data import (
    TrainingData,
    check_partial_fit_classes,
    check_training_data,
    choose_batch_size,
    merge_duplicates,
    sort_by_length,
    split_validation,
)

CLASSIFIER = RNNTextClassifier()


def make_data(ids, labels, weights=None):
    ids = np.asarray(ids, dtype=np.int32)
    weights = np.ones(len(ids)) if weights is None else np.asarray(weights, float)
    return TrainingData(ids, np.asarray(labels), weights, sequence_lengths(ids))


def as_lists(data):
    assert data.lengths.tolist() == sequence_lengths(data.ids).tolist()
    return data.ids.tolist(), data.labels.tolist(), data.weights.tolist()


def test_texts_without_weight_are_left_out():
    data, classes = check_training_data(
        [[2], [3], [4], [5]], ["b", "c", "b", "a"], [1, 0, 2, 1], estimator=CLASSIFIER
    )
    assert as_lists(data) == ([[2], [4], [5]], [1, 1, 0], [1, 2, 1])
    assert data.ids.dtype == np.int32
    assert classes.tolist() == ["a", "b"]


def test_duplicates_are_merged_in_any_order():
    ids, labels, weights = [[3, 2], [2, 0], [3, 2], [3, 2]], [1, 0, 1, 0], [1, 2, 0.5, 4]
    expected = ([[2, 0], [3, 2], [3, 2]], [0, 0, 1], [2, 4, 1.5])
    for order in ([0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]):
        data = make_data(ids, labels, weights).take(order)
        assert as_lists(merge_duplicates(data)) == expected


def test_classes_of_partial_fit_are_sorted():
    classes = check_partial_fit_classes(["b", "a", "c", "a"], None)
    assert classes.tolist() == ["a", "b", "c"]


def test_sorted_by_length():
    data = make_data([[2, 3, 4], [2, 0, 0], [2, 3, 0]], [0, 1, 2])
    assert sort_by_length(data).labels.tolist() == [1, 2, 0]


def test_validation_split_is_stratified_and_complete():
    labels = np.repeat([0, 1, 2], [60, 30, 10])
    data = make_data(np.arange(2, 102)[:, None], labels, np.arange(1, 101))
    classes, random_state = np.array(["a", "b", "c"]), np.random.RandomState(0)
    training, validation = split_validation(data, 0.1, classes, random_state)
    assert np.bincount(validation.labels).tolist() == [6, 3, 1]
    both = np.concatenate([training.ids, validation.ids]).ravel()
    assert sorted(both) == list(range(2, 102))
    assert (validation.weights == validation.ids.ravel() - 1).all()


@pytest.mark.parametrize(
    ("n_samples", "expected"), [(1, 8), (2048, 8), (10_000, 39), (16_384, 64), (60_000, 64)]
)
def test_automatic_batch_size(n_samples, expected):
    assert choose_batch_size("auto", n_samples) == expected
    assert choose_batch_size(7, n_samples) == 7


def test_texts_in_any_memory_order_are_accepted(make_classifier, word_order):
    X, y = word_order
    expected = make_classifier().fit(X, y).predict_proba(X)
    for same in (np.asfortranarray(X), X[::-1].copy()[::-1], np.lib.stride_tricks.as_strided(X)):
        classifier = make_classifier().fit(same, y)
        np.testing.assert_array_equal(classifier.predict_proba(same), expected)
