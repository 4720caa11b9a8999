"""Labels: the NumPy type of each kind, missing and mixed labels, and their indices."""

import enum
import re
from array import array
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch

from sklearn_rnn import _labels
from sklearn_rnn._labels import check_labels, encode_labels

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


class Old(str, enum.Enum):  # noqa: UP042 - the kind that users have from before Python 3.11
    POS = "positive"


class New(enum.StrEnum):
    POS = "positive"
    NEG = "negative"


class Number(enum.IntEnum):
    ONE = 1


def test_labels_of_enumerations():
    assert check_labels([Old.POS, "neg"], name="y").tolist() == ["positive", "neg"]
    assert check_labels([New.POS, New.NEG], name="y").tolist() == ["positive", "negative"]
    assert check_labels([Number.ONE, 2], name="y").tolist() == [1, 2]


BIG = 2**53
I64, U64 = [BIG, BIG + 1], [2**63, 2**63 + 1]
STRINGS = ["a", "b"]

# Labels, and the dtype that NumPy has for their kind.
KINDS = {
    **{
        f"pandas {dtype}": (pd.Series([1, 2], dtype=dtype), dtype.lower().removesuffix("[pyarrow]"))
        for dtype in (
            *("Int8", "Int16", "Int32", "UInt8", "UInt16", "UInt32", "Float32", "Float64"),
            *("int8[pyarrow]", "uint16[pyarrow]", "int32", "uint8", "float32"),
        )
    },
    "pandas Int64": (pd.Series(I64, dtype="Int64"), "int64"),
    "pandas UInt64": (pd.Series(U64, dtype="UInt64"), "uint64"),
    "pandas boolean": (pd.Series([True, False], dtype="boolean"), "bool"),
    "Arrow int64 in pandas": (pd.Series(I64, dtype="int64[pyarrow]"), "int64"),
    "Arrow uint64 in pandas": (pd.Series(U64, dtype="uint64[pyarrow]"), "uint64"),
    "Arrow bool in pandas": (pd.Series([True, False], dtype="bool[pyarrow]"), "bool"),
    "Arrow double in pandas": (pd.Series([1.0, 2.0], dtype="double[pyarrow]"), "float64"),
    "Arrow string in pandas": (pd.Series(STRINGS, dtype=pd.ArrowDtype(pa.string())), "object"),
    "Arrow dictionary of int in pandas": (
        pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([pa.array(I64).dictionary_encode()]))),
        "int64",
    ),
    "Arrow timestamp in pandas": (
        pd.Series(pd.to_datetime(["2020", "2021"]), dtype=pd.ArrowDtype(pa.timestamp("us"))),
        "datetime64[us]",
    ),
    "pandas string": (pd.Series(STRINGS, dtype="string"), "object"),
    "pandas string of Python": (pd.Series(STRINGS, dtype="string[python]"), "object"),
    "pandas category of str": (pd.Series(STRINGS, dtype="category"), "object"),
    "pandas category of int": (pd.Series(I64, dtype="category"), "int64"),
    "pandas category of bool": (pd.Series([True, False], dtype="category"), "bool"),
    "pandas category of Int64": (pd.Series(pd.Categorical(pd.array(I64, dtype="Int64"))), "int64"),
    "pandas ordered category": (
        pd.Series(pd.Categorical(STRINGS, ["b", "a"], ordered=True)),
        "object",
    ),
    "pandas Categorical": (pd.Categorical(STRINGS), "object"),
    "pandas Categorical of int": (pd.Categorical(I64), "int64"),
    "pandas Categorical of bool": (pd.Categorical([True, False]), "bool"),
    "pandas Categorical of Int64": (pd.Categorical(pd.array(I64, dtype="Int64")), "int64"),
    "pandas CategoricalIndex of int": (pd.CategoricalIndex(I64), "int64"),
    "pandas array": (pd.array(I64, dtype="Int64"), "int64"),
    "pandas Index": (pd.Index(I64, dtype="Int64"), "int64"),
    "pandas sparse": (pd.Series(pd.arrays.SparseArray([1, 2])), "int64"),
    "polars Int8": (pl.Series([1, 2], dtype=pl.Int8), "int8"),
    "polars Int64": (pl.Series(I64), "int64"),
    "polars UInt64": (pl.Series(U64, dtype=pl.UInt64), "uint64"),
    "polars Int128": (pl.Series(I64, dtype=pl.Int128), "int64"),
    "polars Boolean": (pl.Series([True, False]), "bool"),
    "polars Categorical": (pl.Series(STRINGS, dtype=pl.Categorical), "object"),
    "polars Enum": (pl.Series(STRINGS, dtype=pl.Enum(["b", "a"])), "object"),
    "polars Date": (pl.Series([date(2020, 1, 1), date(2021, 1, 1)]), "datetime64[D]"),
    "pyarrow int8": (pa.array([1, 2], pa.int8()), "int8"),
    "pyarrow uint64": (pa.array(U64, pa.uint64()), "uint64"),
    "pyarrow bool": (pa.chunked_array([[True], [False]]), "bool"),
    "pyarrow string": (pa.array(STRINGS), "object"),
    "pyarrow dictionary": (pa.array(I64).dictionary_encode(), "int64"),
    "list of int": (I64, "int64"),
    "list of int above int64": (U64, "uint64"),
    "list of int8": ([np.int8(1), np.int8(2)], "int8"),
    "list of int64 and uint64": ([np.int64(BIG), np.uint64(BIG + 1)], "int64"),
    "list of bool": ([True, False], "bool"),
    "list of int and bool": ([0, True], "int64"),
    "list of int and float": ([1, 2.0], "float64"),
    "list of tensors": (list(torch.tensor(I64)), "int64"),
    "list of arrays": ([np.array(1), np.array(2)], "int64"),
    "tensor": (torch.tensor(I64), "int64"),
    "array of array": (array("q", I64), "int64"),
    "range": (range(1, 3), "int64"),
    "list of datetime64": ([np.datetime64("2020"), np.datetime64("2021-01-02")], "datetime64[D]"),
    "list of timedelta64": ([np.timedelta64(1, "D"), np.timedelta64(2, "D")], "timedelta64[D]"),
    "StringDType": (np.array(STRINGS, dtype=np.dtypes.StringDType()), "object"),
    "object array of str": (np.array(STRINGS, dtype=object), "object"),
    "str array": (np.array(STRINGS), "<U1"),
    "list of str": (STRINGS, "<U1"),
    "list of str with a null character at the end": (["a", "a\0"], "object"),
    "masked array without a mask": (np.ma.array([1, 2]), "int64"),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_labels_keep_their_kind(make_classifier, word_order, kind):
    labels, dtype = KINDS[kind]
    checked = check_labels(labels, name="y")
    expected = as_list(labels)
    assert (type(checked), checked.dtype) == (np.ndarray, np.dtype(dtype))
    assert [str(label) for label in checked.tolist()] == [str(label) for label in expected]

    X, y = word_order[0][:12], repeat(labels, 6)
    classifier = make_classifier(max_epochs=1).fit(X, y, X_val=X, y_val=y)
    assert classifier.classes_.dtype == classifier.predict(X).dtype == np.dtype(dtype)
    assert len(classifier.classes_) == len(set(checked.tolist()))
    accuracy = classifier.score(X, y)
    assert accuracy == np.mean(classifier.predict(X) == check_labels(y, name="y"))
    partial = make_classifier().partial_fit(X, y, classes=labels)
    assert partial.classes_.tolist() == classifier.classes_.tolist()


def as_list(labels):
    for method in ("tolist", "to_list", "to_pylist"):
        if hasattr(labels, method) and not isinstance(labels, np.ndarray | torch.Tensor | array):
            return getattr(labels, method)()
    return check_labels(labels, name="y").tolist()


def repeat(labels, n):
    if isinstance(labels, list | range):
        return list(labels) * n
    if isinstance(labels, pd.Series):
        return pd.concat([labels] * n, ignore_index=True)
    if isinstance(labels, pl.Series):
        return labels.gather([0, 1] * n)
    if isinstance(labels, torch.Tensor):
        return labels.repeat(n)
    if isinstance(labels, array):
        return labels * n
    if isinstance(labels, np.ndarray):
        return np.tile(labels, n)
    return labels.take([0, 1] * n)  # of pandas and pyarrow


@pytest.mark.parametrize(
    ("labels", "shown"),
    [
        ([2**63, -1], 2**63),
        ([2**64, 2**64 + 1], 2**64 + 1),
        ([BIG + 1, BIG, 1.0], BIG + 1),
        ([10**400, 1.0], 10**400),
        ([np.uint64(2**63), np.int64(-1)], 2**63),
    ],
    ids=range(5),
)
def test_integers_that_no_type_holds(labels, shown):
    message = (
        f"y has the label {shown}, and no NumPy type holds all labels exactly. Convert them to "
        "strings: list(map(str, y))."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        check_labels(labels, name="y")


@pytest.mark.parametrize(
    ("labels", "types"),
    [
        ([np.timedelta64(1, "D"), 2], "int and timedelta64"),
        ([np.datetime64("2020"), 2], "datetime64 and int"),
        ([np.datetime64("2020"), np.timedelta64(1, "D")], "datetime64 and timedelta64"),
        ([date(2020, 1, 1)], "date"),
        ([timedelta(1), 2], "int and timedelta"),
        ([Decimal(1)], "Decimal"),
        ([1, Decimal(1)], "Decimal and int"),
        ([Fraction(1)], "Fraction"),
        ([1j], "complex"),
        ([[1], [2, 3]], "list"),
        (pd.Series([Decimal(1)], dtype=pd.ArrowDtype(pa.decimal128(3))), "Decimal"),
        (pd.Series([date(2020, 1, 1)], dtype=pd.ArrowDtype(pa.date32())), "date"),
        (pd.Series(pd.to_datetime(["2020"])).dt.tz_localize("UTC"), "Timestamp"),
        (pd.Series(pd.PeriodIndex(["2020"], freq="Y")), "Period"),
        (pl.Series([Decimal(1)]), "Decimal"),
    ],
    ids=range(15),
)
def test_labels_of_other_kinds(labels, types):
    message = (
        f"Unknown label type: y holds objects of type {types}. Labels must be all strings, all "
        "numbers or all booleans. To convert them to strings: pd.Series(y).astype(str)."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        check_labels(labels, name="y")


def test_a_masked_label_is_missing():
    with pytest.raises(ValueError, match=r"^y has no label for 1 of 2 texts, first at position 0"):
        check_labels(np.ma.array([1, 2], mask=[True, False]), name="y")


def test_a_column_stays_a_column():
    for frame in (
        pd.DataFrame({"y": pd.array(I64)}),
        pl.DataFrame({"y": I64}),
        pa.table({"y": I64}),
    ):
        assert check_labels(frame, name="y").tolist() == [[BIG], [BIG + 1]]


@pytest.mark.parametrize(
    ("labels", "classes", "indices"),
    [
        (["c", "a"], ["a", "b", "c"], [2, 0]),
        ([1.0, 2.0], [1, 2], [0, 1]),
        ([True, False], [0, 1], [1, 0]),
        (np.array([BIG + 1], dtype=np.uint64), [BIG, BIG + 1], [1]),
        (np.array(["b"], dtype=object), ["a", "b"], [1]),
        (np.array(["2021"], "M8[Y]"), np.array(["2020-01-01", "2021-01-01"], "M8[s]"), [1]),
        (np.array([24], "m8[h]"), np.array([1, 2], "m8[D]"), [0]),
    ],
    ids=range(7),
)
def test_labels_become_indices_of_the_sorted_classes(labels, classes, indices):
    found = encode_labels(np.asarray(labels), np.asarray(classes), name="y")
    assert found.tolist() == indices
    assert found.dtype == np.int64


@pytest.mark.parametrize(
    ("labels", "classes", "unseen"),
    [
        ([1, 2], ["1", "2"], "[1, 2]"),
        (["1", "2"], [1, 2], "['1', '2']"),
        (["True"], [False, True], "['True']"),
        ([float(BIG), 3.0], [BIG + 1, 3], f"[{float(BIG)}]"),
        ([0, 2], [False, True], "[2]"),
    ],
    ids=range(5),
)
def test_labels_of_another_kind_are_no_classes(labels, classes, unseen):
    message = (
        f"y_val has unknown classes: {unseen}. The known classes are {classes}. Every class must "
        "be in the y of fit, or in the classes of the first partial_fit."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        encode_labels(np.asarray(labels), np.asarray(classes), name="y_val")
