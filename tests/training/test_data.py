"""What a classifier learns from, which ids it knows, and what network is planned for it."""

import re

import numpy as np
import pytest

from sklearn_rnn import RNNTextClassifier
from sklearn_rnn._nn.architecture import check_same_architecture, plan_architecture
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


def plan(n_tokens=5, n_classes=2, **parameters):
    classifier = RNNTextClassifier(**parameters)
    return plan_architecture(classifier, n_tokens=n_tokens, n_classes=n_classes, n_steps=3)


@pytest.mark.parametrize(
    ("hidden_size", "num_layers", "sizes"),
    [(4, None, (4,)), (4, 3, (4, 4, 4)), ((4, 5), None, (4, 5)), ((4, 5), 2, (4, 5))],
)
def test_layer_sizes(hidden_size, num_layers, sizes):
    assert plan(hidden_size=hidden_size, num_layers=num_layers)["hidden_sizes"] == sizes


def test_one_pooling_or_several():
    assert plan(pooling="mean")["pooling"] == ("mean",)
    assert plan(pooling=("max", "last"))["pooling"] == ("max", "last")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"hidden_size": (4, 5), "num_layers": 3},
            "hidden_size=(4, 5) gives the size of 2 layers, and num_layers=3 asks for another "
            "number. Leave num_layers at None, or make hidden_size one int for all layers.",
        ),
        (
            {"hidden_size": ()},
            "hidden_size=() has no layer. Give one int, or one for each layer.",
        ),
        ({"hidden_size": (4, 0)}, "hidden_size=(4, 0) must hold whole numbers of at least 1."),
        ({"hidden_size": (True,)}, "hidden_size=(True,) must hold whole numbers of at least 1."),
        ({"head_sizes": (2.5,)}, "head_sizes=(2.5,) must hold whole numbers of at least 1."),
        *[
            (
                {"pooling": pooling},
                f"pooling={pooling!r} must be one of 'last', 'max', 'mean', 'attention', "
                "'flatten', or a tuple of different ones.",
            )
            for pooling in [(), ("max", "max"), ("max", "min"), (1, ["max"])]
        ],
    ],
)
def test_parameters_that_plan_no_network(parameters, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        plan(**parameters)


def test_a_network_goes_on_with_more_words_but_no_other_shape():
    check_same_architecture(plan(), plan(n_tokens=50))
    message = (
        "The network that is to go on training was built with {'merge': 'concat'}, and the "
        "parameters now say {'merge': 'sum'}. Set warm_start=False and call fit to build a new one."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        check_same_architecture(plan(), plan(merge="sum"))


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
