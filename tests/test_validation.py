import re
from collections import UserString

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy.sparse import csr_matrix

from sklearn_rnn._validation import check_texts

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
LOAD = "whose rows are not in memory. Load them: "
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
    (pl.LazyFrame({"text": TEXTS}), TypeError, f"X is a lazy LazyFrame, {LOAD}X.collect()."),
    (UserString("one text"), TypeError, "X is one str. Wrap a single text in a list: [text]."),
    (bytearray(b"bytes"), TypeError, "X is bytes. Decode it first: [text.decode('utf-8')]."),
    (memoryview(b"bytes"), TypeError, "X is bytes. Decode it first: [text.decode('utf-8')]."),
    (range(3), TypeError, f"the text at position 0 is of type int. {ONE_STR}"),
    (map(str, TEXTS), TypeError, f"X is of type map. {PUT_INTO_LIST}"),
    (dict.fromkeys(TEXTS).keys(), TypeError, f"X is of type dict_keys. {PUT_INTO_LIST}"),
    (frozenset(TEXTS), TypeError, f"X is of type frozenset. {PUT_INTO_LIST}"),
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
