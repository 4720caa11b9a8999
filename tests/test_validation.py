import re
from collections import UserString

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy.sparse import csr_matrix

from sklearn_rnn import _validation
from sklearn_rnn._validation import check_label_types, check_texts

TEXTS = ["one text", "", "наука \U0001f600"]
ACCEPTED = "Caller takes a list, tuple, NumPy array, Series or single-column DataFrame of str, but "

CONTAINERS = {
    "list": list,
    "tuple": tuple,
    "object array": lambda texts: np.array(texts, dtype=object),
    "str array": np.array,
    "StringDType array": lambda texts: np.array(texts, dtype=np.dtypes.StringDType()),
    "column array": lambda texts: np.array(texts).reshape(-1, 1),
    "pandas Series": lambda texts: pd.Series(texts, index=[7, 7, 3]),
    "pandas object Series": lambda texts: pd.Series(texts, dtype=object),
    "pandas string Series": lambda texts: pd.Series(texts, dtype="string"),
    "pandas categorical Series": lambda texts: pd.Series(texts, dtype="category"),
    "pandas Index": pd.Index,
    "pandas DataFrame": lambda texts: pd.DataFrame({"text": texts}),
    "pandas DataFrame with int columns": pd.DataFrame,
    "pandas DataFrame with tuple columns": lambda texts: pd.DataFrame({("a", "b"): texts}),
    "polars Series": pl.Series,
    "polars DataFrame": lambda texts: pl.DataFrame({"text": texts}),
    "pyarrow Array": pa.array,
    "pyarrow ChunkedArray": lambda texts: pa.chunked_array([texts[:1], texts[1:]]),
    "pyarrow Table": lambda texts: pa.table({"text": texts}),
}


@pytest.mark.parametrize("container", CONTAINERS)
def test_every_container_of_texts_gives_the_list(container):
    texts = check_texts(CONTAINERS[container](TEXTS), caller="Caller")
    assert type(texts) is list
    assert texts == TEXTS


def test_the_list_is_a_new_one():
    given = list(TEXTS)
    check_texts(given, caller="Caller").clear()
    assert given == TEXTS


def test_subclasses_of_str_are_texts():
    assert check_texts([np.str_("a"), "b"], caller="Caller") == ["a", "b"]


PUT_INTO_LIST = "Put the texts into a list, in the order of their labels."
ONE_PER_ROW = "Pass one text per row: an array of shape (n_samples,) or (n_samples, 1)."
NO_NUMBERS = "Pass the texts themselves, not numbers made from them."
DROP = "Drop missing texts with their labels, or replace them by ''."
COLUMNS = (
    "Select the text column, as in X['text'], or put one tokenizer per text column into a "
    "sklearn.compose.ColumnTransformer."
)
ONE_STR = "Pass one str per text."
DECODE = "Decode it first: text.decode('utf-8')."

STRINGS_WITH_NA = pd.Series(["a", None], dtype="string")

REFUSED = [
    ("one text", TypeError, "X is one str. Wrap a single text in a list: [text]."),
    (b"bytes", TypeError, "X is bytes. Decode it first: [text.decode('utf-8')]."),
    (None, TypeError, f"X is of type NoneType. {PUT_INTO_LIST}"),
    (3, TypeError, f"X is of type int. {PUT_INTO_LIST}"),
    ((text for text in TEXTS), TypeError, f"X is of type generator. {PUT_INTO_LIST}"),
    (set(TEXTS), TypeError, f"X is of type set. {PUT_INTO_LIST}"),
    ({"text": TEXTS}, TypeError, f"X is of type dict. {PUT_INTO_LIST}"),
    (csr_matrix((2, 2)), TypeError, f"X is of type csr_matrix. {PUT_INTO_LIST}"),
    (pl.LazyFrame({"text": TEXTS}), TypeError, f"X is of type LazyFrame. {PUT_INTO_LIST}"),
    ([], ValueError, "X is empty. Pass at least one text."),
    (pd.Series([], dtype=object), ValueError, "X is empty. Pass at least one text."),
    (np.empty((0, 1), dtype=object), ValueError, "X is empty. Pass at least one text."),
    (np.array("text"), ValueError, f"X is an array of shape (). {ONE_PER_ROW}"),
    (np.array([["a", "b"]]), ValueError, f"X is an array of shape (1, 2). {ONE_PER_ROW}"),
    (np.zeros((2, 3), dtype=np.int32), TypeError, f"X is an array of int32. {NO_NUMBERS}"),
    (np.zeros(2), TypeError, f"X is an array of float64. {NO_NUMBERS}"),
    (pd.DataFrame([TEXTS[:2]]), ValueError, f"X is a DataFrame of 2 columns. {COLUMNS}"),
    (pl.DataFrame({"a": "", "b": ""}), ValueError, f"X is a DataFrame of 2 columns. {COLUMNS}"),
    (pa.table({"a": TEXTS, "b": TEXTS}), ValueError, f"X is a DataFrame of 2 columns. {COLUMNS}"),
    (pd.DataFrame(index=[0]), ValueError, f"X is a DataFrame of 0 columns. {COLUMNS}"),
    (["a", None], TypeError, f"the text at position 1 is missing (None). {DROP}"),
    (["a", float("nan")], TypeError, f"the text at position 1 is missing (nan). {DROP}"),
    (["a", pd.NA], TypeError, f"the text at position 1 is missing (<NA>). {DROP}"),
    (STRINGS_WITH_NA, TypeError, f"the text at position 1 is missing (<NA>). {DROP}"),
    (pl.Series([None, "a"]), TypeError, f"the text at position 0 is missing (None). {DROP}"),
    (["a", "b", b"c"], TypeError, f"the text at position 2 is bytes. {DECODE}"),
    (np.array([b"a"]), TypeError, f"the text at position 0 is bytes. {DECODE}"),
    (["a", 3], TypeError, f"the text at position 1 is of type int. {ONE_STR}"),
    (pd.Series([1.5, 2.5]), TypeError, f"the text at position 0 is of type float. {ONE_STR}"),
    ([["two", "tokens"]], TypeError, f"the text at position 0 is of type list. {ONE_STR}"),
    ([UserString("a")], TypeError, f"the text at position 0 is of type UserString. {ONE_STR}"),
]  # fmt: skip


@pytest.mark.parametrize(("X", "error", "message"), REFUSED, ids=range(len(REFUSED)))
def test_invalid_collection_of_texts_is_refused(X, error, message):
    with pytest.raises(error, match=f"^{re.escape(ACCEPTED + message)}$"):
        check_texts(X, caller="Caller")


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
    check_label_types(COMPLETE_LABELS[kind], name="y")


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
        check_label_types(labels, name="y")


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
        check_label_types(labels, name="y_test")


def test_numeric_labels_are_checked_without_a_loop(monkeypatch):
    """A loop over a million integers took 0.4 s."""
    monkeypatch.setattr(_validation, "_is_missing", None)
    labels = np.arange(10)
    for y in (labels, labels > 1, labels / 2, pd.Series(labels), labels.astype(object).astype(str)):
        check_label_types(y, name="y")
