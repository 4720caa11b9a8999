"""Parameters: constraints, which scikit-learn checks, and values of Python's types."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from numbers import Integral, Real
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval as _Interval
from sklearn.utils._param_validation import (
    InvalidParameterError,
    Options,
    StrOptions,
    validate_parameter_constraints,
)

__all__ = [
    "CHUNK_SIZE",
    "N_JOBS",
    "RANDOM_STATE",
    "SEED",
    "TOKEN_CONSTRAINTS",
    "Interval",
    "Satisfies",
    "StrOptions",
    "_fit_context",
    "check_parameters",
    "damaged_state",
    "invalid_parameters",
    "python_value",
    "python_values",
    "validate_params",
]

if TYPE_CHECKING:
    # scikit-learn's decorators have no annotations, and would hide the types of what they decorate.
    Function = TypeVar("Function", bound=Callable[..., object])

    def _fit_context(*, prefer_skip_nested_validation: bool) -> Callable[[Function], Function]: ...

    def validate_params(
        parameter_constraints: dict[str, list[Any]], *, prefer_skip_nested_validation: bool
    ) -> Callable[[Function], Function]: ...
else:
    from sklearn.base import _fit_context
    from sklearn.utils._param_validation import validate_params


class Interval(_Interval):
    """Constraint that a parameter is a number in an interval.

    A bool and a NumPy duration, which NumPy counts among the integers, are no numbers here. A real
    number is compared as the float that it is used as: a fraction just below 1 may round to 1.
    """

    def is_satisfied_by(self, val: object) -> bool:
        """Return whether a value is a number in the interval."""
        if isinstance(val, bool | np.bool_ | np.timedelta64) or not isinstance(val, self.type):
            return False
        if self.type is Real:
            try:
                val = float(val)  # type: ignore[arg-type] # a Real has __float__
            except OverflowError:
                return False
        return super().is_satisfied_by(val)


class Satisfies(Options):
    """Constraint that a function returns True for a parameter.

    It derives from `Options`, because scikit-learn accepts no other constraints than its own.

    Parameters
    ----------
    predicate : callable
        Takes the value of the parameter, which may be any object; returns a bool.
    description : str
        The accepted values, for the message: "The parameter must be `description`".
    """

    def __init__(self, predicate: Callable[[Any], bool], description: str) -> None:
        super().__init__(object, set())
        self.predicate = predicate
        self.description = description

    def is_satisfied_by(self, val: object) -> bool:
        """Return whether the function returns True for a value."""
        return self.predicate(val)

    def __str__(self) -> str:
        return self.description


N_JOBS = [
    Interval(Integral, 1, None, closed="left"),
    Interval(Integral, None, -1, closed="right"),
    None,
]
SEED = Interval(Integral, 0, 2**32 - 1, closed="both")
# What a token is, and which tokens of the training texts are learned.
TOKEN_CONSTRAINTS: dict[str, list[Any]] = {
    "analyzer": [StrOptions({"word", "char"}), callable],
    "lowercase": ["boolean"],
    "strip_accents": [StrOptions({"ascii", "unicode"}), callable, None],
    "token_pattern": [str],
    "min_count": [Interval(Integral, 1, None, closed="left")],
    "max_tokens": [Interval(Integral, 1, None, closed="left"), None],
}
CHUNK_SIZE: dict[str, list[Any]] = {"chunk_size": [Interval(Integral, 1, None, closed="left")]}
RANDOM_STATE = [SEED, np.random.RandomState, None]


def check_parameters(
    parameters: Mapping[str, Any], constraints: dict[str, list[Any]], *, caller: str
) -> None:
    """Raise an InvalidParameterError if a parameter does not satisfy one of its constraints.

    `validate_params` would name the caller in the errors of estimators that the caller fits, too.

    Parameters
    ----------
    parameters : mapping of str to object
        Has the parameters, and may have others.
    constraints : dict of str to list
        The constraints of each parameter.
    caller : str
        The name of the function, for the message.
    """
    chosen = {name: parameters[name] for name in constraints}
    validate_parameter_constraints(constraints, chosen, caller_name=caller)


def python_values(estimator: BaseEstimator) -> SimpleNamespace:
    """Return the parameters of an estimator, with Python's types in place of others.

    A grid of `numpy.array`, a distribution of SciPy and an enumeration give numbers and strings of
    types that torch refuses, or that make NumPy compute in another precision.

    Parameters
    ----------
    estimator : estimator
        Its parameters satisfy its constraints, and are left as they are.

    Returns
    -------
    parameters : SimpleNamespace
        Has the parameters as attributes. Each bool, integer, real number and str is a bool, int,
        float or str, also in a tuple.
    """
    names = estimator._parameter_constraints
    return SimpleNamespace(**{name: python_value(getattr(estimator, name)) for name in names})


def python_value(value: Any) -> Any:
    """Return a bool, integer, real number or str in Python's type, also in a tuple."""
    if isinstance(value, tuple):
        return tuple(map(python_value, value))
    if isinstance(value, np.timedelta64):
        return value
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value)
    if isinstance(value, str):
        return str.__str__(value)  # str(value) of an enumeration would be the name of its member
    return value


@contextmanager
def invalid_parameters() -> Iterator[None]:
    """Raise a TypeError or ValueError of the body as scikit-learn's InvalidParameterError."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise InvalidParameterError(*error.args) from error.__cause__


@contextmanager
def damaged_state(name: str) -> Iterator[None]:
    """Raise a ValueError that names the class if the body, which restores its state, fails."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:  # a damaged state can raise anything
        raise ValueError(
            f"The state of {name} is damaged, or that of another version of sklearn_rnn "
            f"({type(error).__name__}: {error}). Fit the model again, or load it with the version "
            "that saved it."
        ) from error
