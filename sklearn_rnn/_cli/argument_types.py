"""Types of arguments: functions that convert the text of an argument, or refuse it."""

import ast
from argparse import ArgumentTypeError
from typing import Any


def file_name(value: str) -> str:
    """Return the name of a file, which is not empty."""
    if not value:
        raise ArgumentTypeError("must not be empty")
    return value


def output_name(value: str) -> str:
    """Return the name of a file to write, which is not stdout."""
    if value == "-":
        raise ArgumentTypeError("must be a file: stdout is for the results")
    return file_name(value)


def number_of_folds(value: str) -> int:
    """Return an int of 2 or more."""
    if not value.isdecimal() or int(value) < 2:
        raise ArgumentTypeError(f"must be an integer of 2 or more, got {value!r}")
    return int(value)


def number_of_texts(value: str) -> int:
    """Return an int of 1 or more."""
    if not value.isdecimal() or int(value) < 1:
        raise ArgumentTypeError(f"must be an integer of 1 or more, got {value!r}")
    return int(value)


def number_of_jobs(value: str) -> int:
    """Return an int other than 0."""
    if not value.removeprefix("-").isdecimal() or int(value) == 0:
        raise ArgumentTypeError(f"must be an integer other than 0, got {value!r}")
    return int(value)


def seed(value: str) -> int:
    """Return a seed of NumPy's and torch's random numbers."""
    if not value.isdecimal() or int(value) >= 2**32:
        raise ArgumentTypeError(f"must be an integer from 0 to {2**32 - 1}, got {value!r}")
    return int(value)


def setting(value: str) -> tuple[str, Any]:
    """Return the name and the value of a parameter: a literal of Python, otherwise a str."""
    name, equals, text = value.partition("=")
    if not (name and equals):
        raise ArgumentTypeError(f"must be NAME=VALUE, got {value!r}")
    try:
        return name, ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return name, text
