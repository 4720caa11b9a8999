"""Containers of texts, ids, labels and weights that other libraries have, in memory or not."""

import re
from collections import UserList, deque
from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.dummy import DummyClassifier

from sklearn_rnn import TextTokenizer
from sklearn_rnn._containers import column_names, refuse_lazy
from sklearn_rnn.evaluation import compare

TEXTS = ["good film", "bad film", "so good", "so bad"] * 5
LABELS = ["pos", "neg"] * 10


class Column(Sequence):
    """Reads its items when they are asked for, as a column of a Hugging Face data set does."""

    def __init__(self, items):
        self._items = items

    def __getitem__(self, key):
        return self._items[key]

    def __len__(self):
        return len(self._items)


SEQUENCES = {"Column": Column, "deque": deque, "UserList": UserList, "tuple": tuple}


@pytest.mark.parametrize("make", SEQUENCES.values(), ids=SEQUENCES)
def test_texts_and_labels_in_any_sequence(make, fit_pipeline):
    tokenizer, expected = TextTokenizer(), TextTokenizer().fit_transform(TEXTS)
    np.testing.assert_array_equal(tokenizer.fit_transform(make(TEXTS)), expected)
    np.testing.assert_array_equal(tokenizer.transform(make(TEXTS)), expected)
    model = fit_pipeline(TEXTS, LABELS)
    other = fit_pipeline(make(TEXTS), make(LABELS))
    np.testing.assert_array_equal(other.predict_proba(make(TEXTS)), model.predict_proba(TEXTS))
    assert other.classes_.tolist() == ["neg", "pos"]
    assert other.score(make(TEXTS), make(LABELS)) == model.score(TEXTS, LABELS)
    ids, classifier = expected, model[-1]
    weights = [1.0, 2.0] * 10
    fitted = [
        type(classifier)(**classifier.get_params()).fit(
            ids, y, sample_weight=w, X_val=ids, y_val=y, sample_weight_val=w
        )
        for y, w in [(LABELS, weights), (make(LABELS), make(weights))]
    ]
    np.testing.assert_array_equal(*(model.predict_proba(ids) for model in fitted))
    partial = type(classifier)(**classifier.get_params())
    assert partial.partial_fit(ids, make(LABELS), classes=make(["pos", "neg"])).n_epochs_ == 1


@pytest.mark.parametrize("make", SEQUENCES.values(), ids=SEQUENCES)
def test_compare_takes_any_sequence(make):
    models = {"guess": DummyClassifier()}
    table = compare(models, make(TEXTS), make(LABELS), cv=2)
    pd.testing.assert_series_equal(table["accuracy"], compare(models, TEXTS, LABELS)["accuracy"])
    compare(models, make(TEXTS), make(LABELS), X_test=make(TEXTS), y_test=make(LABELS))


def lazy_type(**methods):
    """Make an object of a class that has these methods."""
    return type(
        "Series", (), {name: lambda self, value=value: value for name, value in methods.items()}
    )()


LAZY = {
    "Dask": (lazy_type(compute=None, __dask_graph__={"a": 1}, __len__=4), "compute"),
    "an older Dask": (lazy_type(compute=None, dask=None), "compute"),
    "Spark": (lazy_type(collect=None, toPandas=None), "collect"),
    "polars": (pl.LazyFrame({"a": TEXTS}), "collect"),
}


@pytest.mark.parametrize(("data", "method"), LAZY.values(), ids=LAZY)
def test_data_that_is_not_in_memory(make_classifier, word_order, data, method):
    X, y = word_order
    kind = type(data).__name__

    def refuses(given, call):
        message = (
            f"{given} is a lazy {kind}, whose rows are not in memory. Load them: {call}.{method}()."
        )
        return pytest.raises(TypeError, match=f"^{re.escape(message)}")

    texts = (
        "TextTokenizer takes a list, tuple, NumPy array, Series or single-column DataFrame of str, "
        "but X"
    )
    with refuses(texts, "X"):
        TextTokenizer().fit(data)
    with refuses(texts, "X"):
        TextTokenizer().fit(TEXTS).transform(data)
    fitted = make_classifier(max_epochs=1).fit(X, y)
    for call in (fitted.predict, lambda data: fitted.fit(data, y)):
        with refuses("X", "X"):
            call(data)
    for call in (fitted.fit, fitted.partial_fit, fitted.score):
        with refuses("y", "y"):
            call(X, data)
    with refuses("classes", "classes"):
        make_classifier().partial_fit(X, y, classes=data)
    with refuses("sample_weight", "sample_weight"):
        fitted.fit(X, y, sample_weight=data)
    with refuses("y", "y"):
        fitted.fit(X, y, X_val=X, y_val=data)
    for arguments, name in [((data, y), "X"), ((X, data), "y")]:
        with refuses(name, name):
            compare({"guess": DummyClassifier()}, *arguments)
    for options, name in [
        ({"X_test": data, "y_test": y}, "X_test"),
        ({"X_test": X, "y_test": data}, "y_test"),
    ]:
        with refuses(name, name):
            compare({"guess": DummyClassifier()}, X, y, **options)


def test_a_series_of_dask_itself():
    dd = pytest.importorskip("dask.dataframe")
    series = dd.from_pandas(pd.Series(TEXTS), npartitions=2)
    for data in (series, series.to_frame("text"), series.values):
        with pytest.raises(TypeError, match=r"Load them: X\.compute\(\)\.$"):
            TextTokenizer().fit(data)
    assert TextTokenizer().fit(series.compute()).max_length_ == 400


IN_MEMORY = [
    ["a"],
    np.array(["a"]),
    pd.Series(["a"], index=["compute"]),
    pd.DataFrame({"collect": ["a"]}),
    pl.Series(["a"]),
    pl.DataFrame({"compute": ["a"]}),
    pa.array(["a"]),
    pa.table({"collect": ["a"]}),
    lazy_type(compute=None, __dask_graph__=None),  # as xarray in memory
    SimpleNamespace(compute=1),
]


@pytest.mark.parametrize("data", IN_MEMORY, ids=lambda data: type(data).__name__)
def test_data_in_memory(data):
    refuse_lazy(data, "X", "X")


@pytest.mark.parametrize(
    ("data", "names"),
    [
        (pd.DataFrame({"a": [1], "b": [2]}), ["a", "b"]),
        (pl.DataFrame({"a": [1]}), ["a"]),
        (pa.table({"a": [1]}), ["a"]),
        (pa.record_batch({"a": [1]}), ["a"]),
        (pd.Series(["a"], index=["columns"]), None),
        (pl.Series(["a"]), None),
        (["a"], None),
        (lazy_type(columns=["a"], __len__=1), None),  # of Ray it is a method
    ],
    ids=lambda data: type(data).__name__,
)
def test_names_of_columns(data, names):
    assert column_names(data) == names


def test_a_series_with_columns_in_its_index():
    series = pd.Series(TEXTS[:2], index=["columns", "compute"])
    assert TextTokenizer(min_count=1).fit_transform(series).shape == (2, 400)
