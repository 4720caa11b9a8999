"""Class weights, multiplied into sample weights."""

import re

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


@pytest.mark.parametrize(
    ("classes", "keys"),
    [
        (["1", "2"], ("1", "2")),
        (["1", "2"], (np.str_("1"), np.str_("2"))),
        (np.array(["1", "2"], dtype=object), ("1", "2")),
        (np.array([np.str_("1"), np.str_("2")], dtype=object), ("1", "2")),
        ([1, 2], (1, 2)),
        ([1, 2], (1.0, 2.0)),
        ([1, 2], (np.int64(1), np.uint8(2))),
        (np.array([1, 2], dtype=np.uint8), (True, np.float32(2))),
        ([1.0, 2.0], (1, 2)),
        ([False, True], (False, True)),
        ([False, True], (0, 1)),
        ([False, True], (np.False_, np.True_)),
        ([2**53, 2**53 + 1], (2**53, 2**53 + 1)),
        (np.array(["2020", "2021"], "M8[Y]"), tuple(np.array(["2020", "2021"], "M8[Y]"))),
    ],
    ids=range(14),
)
def test_keys_are_compared_with_classes_as_python_compares_them(classes, keys):
    data = make_data([[2], [3], [4]], [0, 1, 1], [1, 2, 3])
    for class_weight, expected in [
        (dict(zip(keys, (10, 0.5), strict=True)), [10, 1, 1.5]),
        ({keys[1]: np.float32(2)}, [1, 4, 6]),  # a class without a key has weight 1
    ]:
        weighted = apply_class_weight(data, class_weight, np.asarray(classes), balance=data)
        assert weighted.weights.tolist() == expected


@pytest.mark.parametrize(
    ("classes", "class_weight", "unknown", "unweighted"),
    [
        ([1, 2], {"1": 2, "2": 1}, "['1', '2']", "[1, 2]"),
        (["1", "2"], {1: 2, 2: 1}, "[1, 2]", "['1', '2']"),
        ([False, True], {"False": 2}, "['False']", "[False, True]"),
        (["a", "b"], {"A": 2, "b": 1}, "['A']", "['a']"),
        (["a", "b"], {b"a": 2, "b": 1}, "[b'a']", "['a']"),
        ([2**53, 2**53 + 1], {float(2**53): 2, 3: 1}, "[3]", f"[{2**53 + 1}]"),
    ],
    ids=range(6),
)
def test_keys_that_are_no_classes(classes, class_weight, unknown, unweighted):
    data = make_data([[2], [3]], [0, 1])
    message = (
        f"class_weight has the keys {unknown}, which are no classes, and no weight for the classes "
        f"{unweighted}. Take the keys from the classes, {classes}, with their type."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        apply_class_weight(data, class_weight, np.array(classes), balance=data)


def test_another_key_is_accepted_if_each_class_has_a_weight():
    """One dict serves all folds, of which some lack a rare class."""
    data = make_data([[2], [3]], [0, 1])
    weighted = apply_class_weight(data, {"a": 2, "b": 3, "rare": 9}, AB, balance=data)
    assert weighted.weights.tolist() == [2, 3]


@pytest.mark.parametrize(
    ("class_weight", "total"), [({"a": 0, "b": 0}, "0"), ({"a": 1e308, "b": 1e308}, "inf")]
)
def test_weights_that_leave_nothing_to_fit(class_weight, total):
    data = make_data([[2], [3]], [0, 1])
    message = (
        f"class_weight={class_weight}, multiplied by sample_weight, gives the texts a total weight "
        f"of {total}. It must be above 0 and finite. Change the weight of a class."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        apply_class_weight(data, class_weight, AB, balance=data)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_pipeline_weights_classes_that_are_numerals(make_classifier, word_order, method):
    X, y = word_order
    numerals = np.where(y == "pos", "2", "1")
    options = {"classes": ["1", "2"]} if method == "partial_fit" else {}
    by_class = make_classifier(class_weight={"1": 2.0, "2": 1.0})
    getattr(by_class, method)(X, numerals, **options)
    by_text = make_classifier()
    getattr(by_text, method)(X, numerals, sample_weight=1.0 + (numerals == "1"), **options)
    np.testing.assert_array_equal(by_class.predict_proba(X), by_text.predict_proba(X))
