"""Parameters: constraints, and values of Python's types."""

import enum
import re
from decimal import Decimal
from fractions import Fraction
from numbers import Integral, Real

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import InvalidParameterError

from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn._parameters import (
    N_JOBS,
    RANDOM_STATE,
    Interval,
    Satisfies,
    check_parameters,
    invalid_parameters,
    python_values,
)


class Size(enum.IntEnum):
    SMALL = 2


class Cell(enum.StrEnum):
    LSTM = "lstm"


class OldCell(str, enum.Enum):  # noqa: UP042 - the kind that users have from before Python 3.11
    LSTM = "lstm"


NO_NUMBERS = [
    *(True, np.True_, "2", b"2", None, 1j, np.complex128(1), Decimal(1), pd.NA, pd.NaT, [2], (2,)),
    *(np.timedelta64(2), np.timedelta64(2, "D"), np.datetime64("2020"), pd.Timedelta(2), object()),
    *(np.array(2), np.array([2]), torch.tensor(2), pd.Series([2]), int, float, np.ma.masked),
]


@pytest.mark.parametrize("type_", [Integral, Real])
@pytest.mark.parametrize("value", NO_NUMBERS, ids=range(len(NO_NUMBERS)))
def test_what_is_no_number(type_, value):
    assert not Interval(type_, 0, None, closed="left").is_satisfied_by(value)


INTEGERS = [2, np.int8(2), np.uint8(2), np.int32(2), np.int64(2), np.uint64(2), Size.SMALL]


@pytest.mark.parametrize("value", INTEGERS, ids=repr)
def test_integers(value):
    assert Interval(Integral, 0, None, closed="left").is_satisfied_by(value)
    assert not Interval(Integral, 3, None, closed="left").is_satisfied_by(value)


@pytest.mark.parametrize("value", [2.0, np.float64(2), Fraction(2), np.float32(2)], ids=repr)
def test_a_whole_float_is_no_integer(value):
    assert not Interval(Integral, 0, None, closed="left").is_satisfied_by(value)
    assert Interval(Real, 0, None, closed="left").is_satisfied_by(value)


@pytest.mark.parametrize(
    ("value", "accepted"),
    [
        *(
            (value, True)
            for value in (0, -0.0, 5e-324, 1 - 2**-53, np.float16(0.5), Fraction(1, 3))
        ),
        *((value, False) for value in (1, 1.0, -1e-300, float("nan"), float("inf"), 10**400)),
        *((value, False) for value in (-(10**400), np.float32("nan"), np.longdouble("inf"))),
        (np.longdouble(1) - np.finfo(np.longdouble).eps, np.finfo(np.longdouble).eps > 1e-16),
        (Fraction(10**400 - 1, 10**400), False),  # as a float it is 1
        (Fraction(1, 10**400), True),
    ],
    ids=repr,
)
def test_a_real_number_is_compared_as_a_float(value, accepted):
    assert Interval(Real, 0, 1, closed="left").is_satisfied_by(value) == accepted


@pytest.mark.parametrize("value", [True, False, np.True_, 0, 1.0, "1"], ids=repr)
def test_what_is_no_number_of_jobs(value):
    assert not any(c.is_satisfied_by(value) for c in N_JOBS if c is not None)


@pytest.mark.parametrize("value", [True, np.True_, -1, 2**32, 1.0, np.random], ids=repr)
def test_what_is_no_random_state(value):
    with pytest.raises(InvalidParameterError):
        check_parameters({"random_state": value}, {"random_state": RANDOM_STATE}, caller="f")


def test_a_constraint_by_a_function():
    constraint = Satisfies(lambda value: value == 1, "a one")
    assert (constraint.is_satisfied_by(1), constraint.is_satisfied_by(2)) == (True, False)
    message = "The 'a' parameter of f must be a one. Got 2 instead."
    with pytest.raises(InvalidParameterError, match=f"^{re.escape(message)}$"):
        check_parameters({"a": 2, "b": 3}, {"a": [constraint]}, caller="f")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *((value, 2) for value in INTEGERS),
        (np.True_, True),
        (np.float32(0.5), 0.5),
        (np.longdouble(0.5), 0.5),
        (Fraction(1, 2), 0.5),
        (np.str_("lstm"), "lstm"),
        (Cell.LSTM, "lstm"),
        (OldCell.LSTM, "lstm"),
        ((np.int64(2), (np.float32(0.5), Cell.LSTM)), (2, (0.5, "lstm"))),
        (None, None),
        (10**30, 10**30),
    ],
    ids=repr,
)
def test_values_of_pythons_types(value, expected):
    class Estimator(BaseEstimator):
        _parameter_constraints = {"a": []}

        def __init__(self, a):
            self.a = a

    estimator = Estimator(value)
    found = python_values(estimator).a
    assert found == expected
    assert repr(found) == repr(expected)  # np.float64(0.5) equals 0.5
    assert estimator.a is value


def test_other_values_are_left_as_they_are():
    for value in ({"a": np.int64(1)}, [np.int64(1)], np.random.RandomState(0), np.timedelta64(2)):
        assert python_values(TextTokenizer(vocabulary=value)).vocabulary is value


def test_errors_become_errors_of_parameters():
    for error in (TypeError("a"), ValueError("a")):
        with pytest.raises(InvalidParameterError, match=r"^a$"), invalid_parameters():
            raise error
    with pytest.raises(MemoryError), invalid_parameters():
        raise MemoryError


@pytest.mark.parametrize("estimator", [RNNTextClassifier, TextTokenizer])
def test_every_parameter_has_constraints(estimator):
    assert estimator._parameter_constraints.keys() == estimator().get_params().keys()
