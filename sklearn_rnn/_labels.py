"""Labels as NumPy arrays of their kind, and as indices of the sorted classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sklearn_rnn._containers import column_names, refuse_lazy

_MISSING_TYPES = ("NoneType", "NAType", "NaTType")
_TIMES = (np.datetime64, np.timedelta64)
_FLOATS = (float, np.floating)
_NUMBERS = (bool, int, np.bool_, np.integer, *_FLOATS)
# A label is of the first kind that its type belongs to: timedelta64 is a np.integer, too.
# scikit-learn refuses bytes.
_KINDS = (str, bytes, *_TIMES, _NUMBERS)


def check_labels(y: Any, *, name: str) -> npt.NDArray[Any]:
    """Return labels as an array of the NumPy type of their kind, or raise an error.

    scikit-learn would convert nullable integers and booleans to float, in which large integers are
    equal, mixed labels to strings, and missing labels to "nan".

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, 1)
        The labels, in a sequence, an array, or a Series or DataFrame of any library.
    name : str
        The name of the argument, for the messages.

    Returns
    -------
    labels : ndarray of the same shape
        Integers, booleans, floats and dates have the type of the container: an `Int8` column gives
        int8. Strings have dtype object, those of a list a NumPy type of str if it holds them.

    Raises
    ------
    TypeError
        If the labels are not in memory.
    ValueError
        If a label is missing; if labels are of different kinds, or of another kind than strings,
        numbers, booleans, datetime64 and timedelta64; if `y` is an array or Series of dtype object
        with a label that is not a str; or if there are integers that no NumPy type holds exactly.
    """
    refuse_lazy(y, name, name)
    labels = _to_numpy(y)
    if labels.ndim == 0:
        return labels  # scikit-learn says which shape it takes
    # One pass in C over the types: a loop over a million labels takes 0.4 s.
    types = set(map(type, labels.ravel())) if labels.dtype == object else set()
    missing = _missing_positions(labels.ravel(), types)
    if len(missing):
        raise ValueError(
            f"{name} has no label for {len(missing)} of {labels.size} texts, first at position "
            f"{missing[0]} ({labels.item(missing[0])!r}). Leave those texts out, with their labels."
        )
    if labels.dtype != object:
        return labels
    is_array_of_objects = getattr(y, "dtype", None) == np.dtype(object)
    _check_one_kind(types, name, accepts_numbers=not is_array_of_objects)
    is_text = all(issubclass(type_, str) for type_ in types)
    if is_text and not isinstance(y, Sequence):
        return labels
    return _from_objects(labels, types, name)


def _to_numpy(y: Any) -> npt.NDArray[Any]:
    """Return labels as an array, of dtype object if they come from a sequence."""
    if isinstance(y, np.ma.MaskedArray):
        return np.where(np.ma.getmaskarray(y), np.nan, y.astype(object).data)
    if isinstance(y, np.ndarray):
        return y.astype(object) if y.dtype.kind == "T" else np.asarray(y)
    if isinstance(y, pd.Series | pd.Index | pd.api.extensions.ExtensionArray):
        if isinstance(y.dtype, pd.CategoricalDtype) and not y.isna().any():
            return _to_numpy(y.astype(y.dtype.categories.dtype))
        # Without dtype=object, the integers beside a missing one would be floats.
        return y.to_numpy(dtype=object if y.isna().any() else None)
    columns = column_names(y)
    if columns is not None and len(columns) == 1:
        return _to_numpy(y[columns[0]]).reshape(-1, 1)
    if isinstance(y, Sequence) and not isinstance(y, str | bytes):
        return np.asarray(list(map(_unwrap, y)), dtype=object)
    if str(getattr(y, "dtype", None)) in ("Int128", "UInt128"):  # of polars; NumPy has none
        return np.asarray(y.to_list(), dtype=object)
    return np.asarray(y)


def _unwrap(label: Any) -> Any:
    """Return the number in an array or a torch tensor without dimensions; others as they are."""
    is_array = not isinstance(label, np.generic) and getattr(label, "ndim", None) == 0
    return label.item() if is_array else label


def _missing_positions(labels: npt.NDArray[Any], types: set[type]) -> npt.NDArray[np.intp]:
    """Return the positions of missing labels; `types` are the types in labels of dtype object."""
    if labels.dtype.kind == "f":
        return np.flatnonzero(np.isnan(labels))
    if labels.dtype.kind in "mM":
        return np.flatnonzero(np.isnat(labels))
    if not any(issubclass(type_, (*_FLOATS, *_TIMES)) or _is_none(type_) for type_ in types):
        return np.empty(0, dtype=np.intp)
    return np.flatnonzero([is_missing(label) for label in labels])


def is_missing(value: Any) -> bool:
    """Return whether a value is None, NaN or NaT, or the NA or NaT of pandas."""
    is_unequal = isinstance(value, (*_FLOATS, *_TIMES)) and value != value
    return bool(is_unequal) or _is_none(type(value))


def _is_none(type_: type) -> bool:
    return type_.__name__ in _MISSING_TYPES


def _check_one_kind(types: set[type], name: str, *, accepts_numbers: bool) -> None:
    """Raise a ValueError unless labels of these types are of one kind, and of a known kind."""
    kinds = {next((kind for kind in _KINDS if issubclass(type_, kind)), None) for type_ in types}
    if len(kinds) > 1 or None in kinds or (_NUMBERS in kinds and not accepts_numbers):
        names = {"str" if issubclass(type_, str) else type_.__name__ for type_ in types}
        raise ValueError(
            f"Unknown label type: {name} holds objects of type {' and '.join(sorted(names))}. "
            "Labels must be all strings, all numbers or all booleans. To convert them to strings: "
            f"pd.Series({name}).astype(str)."
        )


def _from_objects(labels: npt.NDArray[Any], types: set[type], name: str) -> npt.NDArray[Any]:
    """Return labels of one kind, given as objects, as an array of a NumPy type."""
    given = labels.ravel().tolist()
    if all(issubclass(type_, str) for type_ in types):
        # Of the member of an enumeration, NumPy would take the name.
        names = [str.__str__(label) for label in given]
        array = np.asarray(names)
        if array.tolist() != names:  # NumPy's type of str drops null characters at the end
            array = np.asarray(names, dtype=object)
        return array.reshape(labels.shape)
    if types & {np.datetime64, np.timedelta64, bytes, np.bytes_}:
        return np.asarray(given)
    # NumPy has float64 for int64 beside uint64, which it may hold as Python's int.
    numbers = [n.item() if isinstance(n, np.generic) else n for n in given]
    for candidates in (given, numbers):
        try:
            array = np.asarray(candidates)
        except OverflowError:  # an integer above the range of a float, beside a float
            break
        keeps_kind = array.dtype.kind != "f" or any(isinstance(n, _FLOATS) for n in numbers)
        if array.dtype != object and keeps_kind and array.tolist() == numbers:
            return array.reshape(labels.shape)
    raise ValueError(
        f"{name} has the label {max(numbers, key=abs)}, and no NumPy type holds all labels "
        f"exactly. Convert them to strings: list(map(str, {name}))."
    )


def encode_labels(y: np.ndarray, classes: np.ndarray, *, name: str) -> npt.NDArray[np.int64]:
    """Return the index of each label of `y` among the sorted `classes`.

    Labels are compared as Python compares them: 1, 1.0 and True are equal, 1 and "1" are not.

    Raises
    ------
    ValueError
        If a label is not among the classes.
    """
    if y.dtype.kind == classes.dtype.kind and y.dtype.kind in "mM":  # of different units
        y = y.astype(np.promote_types(y.dtype, classes.dtype))
        classes = classes.astype(y.dtype)
    distinct, inverse = np.unique(y, return_inverse=True)
    index_of = {label: index for index, label in enumerate(classes.tolist())}
    unseen = [label for label in distinct.tolist() if label not in index_of]
    if unseen:
        raise ValueError(
            f"{name} has unknown classes: {unseen}. The known classes are {classes.tolist()}. "
            "Every class must be in the y of fit, or in the classes of the first partial_fit."
        )
    return np.array([index_of[label] for label in distinct.tolist()], dtype=np.int64)[inverse]
