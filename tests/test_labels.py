"""Labels: the NumPy type of each kind, missing and mixed labels, and their indices."""

import re

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from sklearn_rnn import _labels
from sklearn_rnn._labels import check_labels

NAN = float("nan")

COMPLETE_LABELS = {
    "list of int": [1, 2],
    "list of str": ["a", "b"],
    "list of bool": [True, False],
    "list of int and bool": [1, True],
    "list of str and np.str_": ["a", np.str_("b")],
    "int array": np.array([1, 2]),
    "unsigned array": np.array([1, 2], dtype=np.uint8),
    "bool array": np.array([True, False]),
    "float array": np.array([1.0, 2.0]),
    "matrix of int": np.array([[1, 0], [0, 1]]),
    "str array": np.array(["a", "nan"]),
    "object array of str": np.array(["a", "b"], dtype=object),
    "StringDType array": np.array(["a", "b"], dtype=np.dtypes.StringDType()),
    "empty list": [],
    "empty array": np.array([]),
    "int Series": pd.Series([1, 2]),
    "Int64 Series": pd.Series([1, 2], dtype="Int64"),
    "boolean Series": pd.Series([True, False], dtype="boolean"),
    "str Series": pd.Series(["a", "b"]),
    "string Series": pd.Series(["a", "b"], dtype="string"),
    "categorical Series": pd.Series(["a", "b"], dtype="category"),
    "DataFrame": pd.DataFrame({"label": [1, 2]}),
    "polars Series": pl.Series([1, 2]),
    "pyarrow array": pa.array(["a", "b"]),
}


@pytest.mark.parametrize("kind", COMPLETE_LABELS)
def test_labels_of_one_type_are_accepted(kind):
    check_labels(COMPLETE_LABELS[kind], name="y")


# Labels, the position of the first missing label, and its text in the message.
MISSING_LABELS = {
    "None among int": ([1, None, 2], 1, "None"),
    "None among str": (["a", "b", None], 2, "None"),
    "NaN among float": ([NAN, 1.0], 0, "nan"),
    "NaN of NumPy": ([1.0, np.float64(NAN)], 1, "np.float64(nan)"),
    "float64 array": (np.array([1.0, NAN]), 1, "nan"),
    "float32 array": (np.array([1.0, NAN], dtype=np.float32), 1, "nan"),
    "matrix of float": (np.array([[1.0, 2.0], [NAN, 3.0]]), 2, "nan"),
    "masked array": (np.ma.array([1.0, NAN], mask=[False, True]), 1, "nan"),
    "object array": (np.array(["a", NAN], dtype=object), 1, "nan"),
    "datetime array": (np.array(["2020-01-01", "NaT"], dtype="M8[D]"), 1, "None"),
    "list with pd.NA": (["a", pd.NA], 1, "<NA>"),
    "list with pd.NaT": (["a", pd.NaT], 1, "NaT"),
    "float Series": (pd.Series([1.0, NAN]), 1, "nan"),
    "object Series with pd.NA": (pd.Series([1, pd.NA], dtype=object), 1, "<NA>"),
    "Int64 Series": (pd.Series([pd.NA, 1], dtype="Int64"), 0, "<NA>"),
    "boolean Series": (pd.Series([True, pd.NA], dtype="boolean"), 1, "<NA>"),
    "string Series": (pd.Series(["a", pd.NA], dtype="string"), 1, "<NA>"),
    "object Series with None": (pd.Series(["a", None], dtype=object), 1, "None"),
    "categorical Series": (pd.Series(["a", None], dtype="category"), 1, "nan"),
    "categorical Series of int": (pd.Series([1, None], dtype="category"), 1, "nan"),
    "pyarrow Series": (pd.Series([1, None], dtype="int64[pyarrow]"), 1, "<NA>"),
    "float Index": (pd.Index([1.0, NAN]), 1, "nan"),
    "DataFrame": (pd.DataFrame({"label": [1.0, NAN]}), 1, "nan"),
    "polars Series of int": (pl.Series([1, None]), 1, "nan"),
    "polars Series of str": (pl.Series(["a", None]), 1, "None"),
    "pyarrow array": (pa.array(["a", None]), 1, "None"),
}


@pytest.mark.parametrize("kind", MISSING_LABELS)
def test_a_missing_label_is_named_by_its_position(kind):
    labels, position, shown = MISSING_LABELS[kind]
    message = (
        f"y has no label for 1 of {np.size(labels)} texts, first at position {position} ({shown}). "
        "Leave those texts out, with their labels."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        check_labels(labels, name="y")


MIXED_LABELS = {
    "list": (["a", 1], "int and str"),
    "tuple": ((1.5, "a"), "float and str"),
    "str and bytes": (["a", b"b"], "bytes and str"),
    "object array of both": (np.array(["a", 1], dtype=object), "int and str"),
    "object array of int": (np.array([1, 2], dtype=object), "int"),
    "object array of float": (np.array([1.5, 2.5], dtype=object), "float"),
    "object Series of int": (pd.Series([1, 2], dtype=object), "int"),
    "object Series of both": (pd.Series([1, "a"], dtype=object), "int and str"),
}


@pytest.mark.parametrize("kind", MIXED_LABELS)
def test_labels_of_several_types_are_refused(kind):
    labels, types = MIXED_LABELS[kind]
    message = (
        f"Unknown label type: y_test holds objects of type {types}. Labels must be all strings, "
        "all numbers or all booleans. To convert them to strings: pd.Series(y_test).astype(str)."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        check_labels(labels, name="y_test")


def test_numeric_labels_are_checked_without_a_loop(monkeypatch):
    """A loop over a million integers took 0.4 s."""
    monkeypatch.setattr(_labels, "is_missing", None)
    labels = np.arange(10)
    for y in (labels, labels > 1, labels / 2, pd.Series(labels), labels.astype(object).astype(str)):
        check_labels(y, name="y")
