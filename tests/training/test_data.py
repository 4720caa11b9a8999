"""Training data: checks, encoding of labels, weights and splits."""

import re

import numpy as np
import pytest

from sklearn_rnn import RNNTextClassifier
from sklearn_rnn._ids import attach_numbering, number_tokens, sequence_lengths
from sklearn_rnn._training.data import (
    TrainingData,
    check_partial_fit_classes,
    check_training_data,
    choose_batch_size,
    choose_max_epochs,
    continue_numbering,
    merge_duplicates,
    sort_by_length,
    split_validation,
    warn_of_other_numbering,
)
from tests.text.tokens import refuses

CLASSIFIER = RNNTextClassifier()


def make_data(ids, labels, weights=None):
    ids = np.asarray(ids, dtype=np.int32)
    weights = np.ones(len(ids)) if weights is None else np.asarray(weights, float)
    return TrainingData(ids, np.asarray(labels), weights, sequence_lengths(ids))


def as_lists(data):
    assert data.lengths.tolist() == sequence_lengths(data.ids).tolist()
    return np.asarray(data.ids).tolist(), data.labels.tolist(), data.weights.tolist()


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
        data = make_data(ids, labels, weights).take(np.array(order))
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
    assert (validation.weights == np.asarray(validation.ids).ravel() - 1).all()


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


FITTED = number_tokens({"a": 2, "b": 3})


def numbered(vocabulary):
    return attach_numbering(np.ones((1, 1), dtype=np.int32), number_tokens(vocabulary))


def test_a_numbering_is_continued():
    grown = {"a": 2, "b": 3, "c": 4}
    assert continue_numbering(None, [[1]]) is None
    assert continue_numbering(FITTED, [[1]]) == FITTED
    assert continue_numbering(None, numbered(grown)) == number_tokens(grown)
    assert continue_numbering(FITTED, numbered(grown)) == number_tokens(grown)
    assert continue_numbering(number_tokens(grown), numbered({"a": 2})) == number_tokens(grown)


def test_another_numbering_cannot_be_continued():
    with refuses(
        ValueError,
        "Training cannot continue, because 2 ids of X stand for other tokens than in the earlier "
        "training: X comes from another TextTokenizer, or from one that was fitted again and has "
        "numbered its tokens anew. To go on with new texts, keep the ids: instead of fit, call "
        "partial_fit of the tokenizer of the earlier training, or set its warm_start=True. To "
        "build a new network, set warm_start=False of the classifier and call fit.",
    ):
        continue_numbering(FITTED, numbered({"b": 2, "a": 3}))


def test_another_numbering_is_warned_of():
    message = (
        "1 ids of X_val stand for other tokens than in training, so the validation scores have no "
        "meaning. Make X_val by the TextTokenizer of the training; if it was fitted again, fit the "
        "classifier again too."
    )
    with pytest.warns(UserWarning, match=f"^{re.escape(message)}$"):
        warn_of_other_numbering(
            FITTED, numbered({"a": 2, "c": 3}), name="X_val", result="validation scores"
        )
    for ids in ([[1]], numbered({"a": 2}), numbered({"a": 2, "b": 3, "c": 4})):
        warn_of_other_numbering(FITTED, ids, name="X", result="predictions")
        warn_of_other_numbering(None, ids, name="X", result="predictions")


@pytest.mark.parametrize(
    ("n_samples", "n_classes", "has_linear_term", "n_epochs"),
    [
        (250, 2, True, 6),
        (1000, 2, True, 4),
        (10_000, 2, True, 3),
        (10_000, 2, False, 6),
        (250, 9, True, 6),
        (250, 10, True, 8),
        (10_000, 77, False, 8),
        (1_000_000, 10, True, 3),
    ],
)
def test_few_texts_and_many_classes_have_more_epochs(
    n_samples, n_classes, has_linear_term, n_epochs
):
    settings = {
        "n_samples": n_samples,
        "batch_size": choose_batch_size("auto", n_samples),
        "n_classes": n_classes,
        "has_linear_term": has_linear_term,
    }
    assert choose_max_epochs("auto", **settings) == n_epochs
    assert choose_max_epochs(5, **settings) == 5
