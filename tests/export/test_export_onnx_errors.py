"""Models that cannot be exported are refused by name."""

import re
import sys

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    TunedThresholdClassifierCV,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn._export import onnx_model
from sklearn_rnn.export import export_onnx
from tests.cells import EquationGRU
from tests.texts import LABELS, TEXTS

ACCEPTED = (
    "export_onnx takes a fitted Pipeline of a TextTokenizer and an RNNTextClassifier, or a search "
    "whose best estimator is one, but got "
)


def refuse(model, error, message, path, **options):
    with pytest.raises(error) as raised:
        export_onnx(model, path, **options)
    assert str(raised.value) == message
    assert not path.exists()


@pytest.mark.parametrize(
    ("make", "got"),
    [
        (lambda model: model[-1], "an object of type RNNTextClassifier."),
        (lambda model: None, "an object of type NoneType."),
        (lambda model: RNNTextClassifier, "the class RNNTextClassifier."),
        (
            lambda model: make_pipeline(FunctionTransformer(), *(step for _, step in model.steps)),
            "a Pipeline of FunctionTransformer, TextTokenizer, RNNTextClassifier.",
        ),
        (
            lambda model: make_pipeline(model[0], LogisticRegression()),
            "a Pipeline of TextTokenizer, LogisticRegression.",
        ),
        (
            lambda model: make_pipeline(TfidfVectorizer(), model[-1]),
            "a Pipeline of TfidfVectorizer, RNNTextClassifier.",
        ),
        (lambda model: CalibratedClassifierCV(model), "an object of type CalibratedClassifierCV."),
    ],
)
def test_other_estimators(tmp_path, model, make, got):
    refuse(make(model), TypeError, ACCEPTED + got, tmp_path / "model.onnx")


@pytest.mark.parametrize("is_searched", [False, True])
@pytest.mark.parametrize("kind", [FixedThresholdClassifier, TunedThresholdClassifierCV])
def test_a_threshold(tmp_path, model, kind, is_searched):
    estimator = kind(model, cv=2) if kind is TunedThresholdClassifierCV else kind(model)
    if is_searched:
        estimator = GridSearchCV(estimator, {}, cv=2)
    message = (
        f"export_onnx got a {kind.__name__}, and cannot export its threshold: the file predicts "
        "the label of the highest probability. Export its estimator_, and where you predict, "
        "compare the probability of the positive class with the threshold."
    )
    labels = [int(label == "praise") for label in LABELS]
    refuse(estimator.fit(TEXTS, labels), TypeError, message, tmp_path / "model.onnx")


@pytest.mark.parametrize("path", [None, 5, b"model.onnx"])
def test_paths_of_another_type(path, model):
    message = f"path must be a str or path-like, but is an object of type {type(path).__name__}."
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        export_onnx(model, path)


def test_paths_that_are_no_folder(tmp_path, model):
    message = 'path is empty. Name a folder, or a file that ends in ".onnx".'
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        export_onnx(model, "")
    path = tmp_path / "table.csv"
    path.write_text("old")
    with pytest.raises(FileExistsError) as raised:
        export_onnx(model, path)
    assert raised.value.strerror == ('it is a file. Name a folder, or a file that ends in ".onnx"')
    assert raised.value.filename == str(path)
    assert path.read_text() == "old"


def test_models_that_are_not_fitted(tmp_path, model):
    unfitted = make_pipeline(TextTokenizer(), RNNTextClassifier())
    with pytest.raises(NotFittedError, match=r"^This TextTokenizer instance is not fitted yet\."):
        export_onnx(unfitted, tmp_path / "model.onnx")
    half = make_pipeline(model[0], RNNTextClassifier())
    with pytest.raises(NotFittedError, match=r"^This RNNTextClassifier instance is not fitted "):
        export_onnx(half, tmp_path / "model.onnx")
    search = GridSearchCV(unfitted, {})
    message = (
        "GridSearchCV has no best_estimator_. Call fit, with refit=True, which is the default."
    )
    refuse(search, NotFittedError, message, tmp_path / "model.onnx")


def test_a_custom_cell(tmp_path, fit_pipeline):
    message = (
        "export_onnx cannot export the custom cell EquationGRU: ONNX has operators for the cells "
        "'lstm', 'gru' and 'rnn' alone. Fit the model with one of these, or save it with "
        "save_model."
    )
    refuse(fit_pipeline(cell_type=EquationGRU), ValueError, message, tmp_path / "model.onnx")


@pytest.mark.parametrize("name", ["analyzer", "strip_accents"])
def test_functions_of_the_tokenizer(tmp_path, make_classifier, name):
    function = {"analyzer": str.split, "strip_accents": str.upper}[name]
    model = make_pipeline(TextTokenizer(**{name: function}), make_classifier())
    message = (
        f"export_onnx cannot write the function {name} of TextTokenizer, which Python alone can "
        "call. Fit the model with one of the named values, and apply the function to the texts "
        "before."
    )
    refuse(model.fit(TEXTS, LABELS), ValueError, message, tmp_path / "model.onnx")


@pytest.mark.parametrize("dtype", ["datetime64[D]", "timedelta64[s]"])
def test_labels_that_json_cannot_hold(tmp_path, fit_pipeline, dtype):
    model = fit_pipeline(labels=np.array([1, 2] * 10, dtype=dtype))
    message = (
        f"export_onnx cannot write labels of type {dtype}: the file holds strings, numbers and "
        "booleans. Fit the model with labels of one of these kinds, for example y.astype(str)."
    )
    refuse(model, ValueError, message, tmp_path / "model.onnx")


def test_weights_that_are_too_large(tmp_path, model, monkeypatch):
    monkeypatch.setattr(onnx_model, "MAX_BYTES", 1000)
    with pytest.raises(ValueError, match=r"^The weights and the vocabulary take 0\.0 GB, and an "):
        export_onnx(model, tmp_path / "model.onnx")


def test_texts_that_are_not_texts(tmp_path, model):
    message = (
        "export_onnx takes a list, tuple, NumPy array, Series or single-column DataFrame of str, "
        "but texts is one str. Wrap a single text in a list: [text]."
    )
    refuse(model, TypeError, message, tmp_path / "model.onnx", texts="so good")


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_a_package_that_is_not_installed(tmp_path, model, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    message = (
        f"export_onnx needs the package {package}, which is not installed. Install it: "
        'pip install "sklearn_rnn[export]".'
    )
    with pytest.raises(ImportError, match=f"^{re.escape(message)}$"):
        export_onnx(model, tmp_path / "model.onnx")


def test_a_path_that_cannot_be_written(tmp_path, model):
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(FileExistsError):
        export_onnx(model, file)  # is meant to be a folder
    (tmp_path / "folder.onnx").mkdir()
    with pytest.raises(IsADirectoryError):
        export_onnx(model, tmp_path / "folder.onnx")
