"""All Displays: imports, the estimators that they take, given axes."""

import re
import subprocess
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import sklearn_rnn._plotting
import sklearn_rnn.plotting
from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn.plotting import (
    GradientFlowDisplay,
    TextLengthDisplay,
    TokenAttributionDisplay,
    TrainingCurveDisplay,
)
from tests.plotting.data import make_flow
from tests.texts import LABELS, TEXTS


def test_import_without_matplotlib_and_torch():
    code = (
        "import sys, sklearn_rnn.plotting; print([n for n in ('matplotlib', 'torch') if n in "
        "sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


DRAWN = {
    "TrainingCurveDisplay": TrainingCurveDisplay({}),
    "GradientFlowDisplay": GradientFlowDisplay(make_flow(1)),
    "TextLengthDisplay": TextLengthDisplay(np.array([1])),
    "TokenAttributionDisplay": TokenAttributionDisplay(
        ["a"],
        np.array([0.0]),
        target="b",
        probability=0.5,
        score_name="logit",
        score=0.0,
        baseline_score=0.0,
    ),
}


@pytest.mark.parametrize("name", DRAWN)
def test_missing_matplotlib_is_an_error_that_says_how_to_install_it(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    message = (
        f"{name}.plot draws with matplotlib, which is not installed. Install it: "
        'pip install "sklearn_rnn[plot]".'
    )
    with pytest.raises(ImportError, match=f"^{re.escape(message)}$"):
        DRAWN[name].plot()


FROM_ESTIMATOR = [
    (TrainingCurveDisplay, RNNTextClassifier, ()),
    (GradientFlowDisplay, RNNTextClassifier, ()),
    (TextLengthDisplay, TextTokenizer, (TEXTS,)),
]


@pytest.mark.parametrize(("display", "kind", "data"), FROM_ESTIMATOR)
@pytest.mark.parametrize(
    ("estimator", "what"),
    [
        (LogisticRegression(), "an object of type LogisticRegression"),
        (make_pipeline(FunctionTransformer(), LogisticRegression()), None),
        (RNNTextClassifier, "the class RNNTextClassifier"),
        (None, "an object of type NoneType"),
    ],
)
def test_estimator_of_another_class_is_refused(display, kind, data, estimator, what):
    what = what or "a Pipeline of FunctionTransformer, LogisticRegression"
    message = (
        f"{display.__name__}.from_estimator takes a fitted {kind.__name__}, or a Pipeline or a "
        f"search that holds one, but got {what}."
    )
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        display.from_estimator(estimator, *data)


@pytest.mark.parametrize(("display", "kind", "data"), FROM_ESTIMATOR)
def test_unfitted_estimator_is_refused(display, kind, data):
    message = (
        f"This {kind.__name__} instance is not fitted yet. Call 'fit' with appropriate arguments "
        "before using this estimator."
    )
    with pytest.raises(NotFittedError, match=f"^{re.escape(message)}$"):
        display.from_estimator(make_pipeline(TextTokenizer(), RNNTextClassifier()), *data)


@pytest.mark.parametrize(("display", "kind", "data"), FROM_ESTIMATOR)
def test_search_without_best_estimator_is_refused(display, kind, data):
    message = (
        "GridSearchCV has no best_estimator_. Call fit, with refit=True, which is the default."
    )
    with pytest.raises(NotFittedError, match=f"^{re.escape(message)}$"):
        display.from_estimator(GridSearchCV(kind(), {}), *data)


def test_search_stands_for_its_best_estimator(model):
    search = GridSearchCV(model, {"rnntextclassifier__max_epochs": [2]}, cv=2).fit(TEXTS, LABELS)
    curves = TrainingCurveDisplay.from_estimator(search)
    assert curves.histories["RNNTextClassifier"] is search.best_estimator_[-1].history_
    assert TextLengthDisplay.from_estimator(search, TEXTS).lengths.max() == 4
    words = TokenAttributionDisplay.from_estimator(search, "so good")
    assert words.tokens == ["so", "good"]


def nest_pipelines(tokenizer, classifier):
    return make_pipeline(FunctionTransformer(), make_pipeline(tokenizer, classifier))


def nest_tokenizer(tokenizer, classifier):
    return make_pipeline(make_pipeline(FunctionTransformer(), tokenizer), classifier)


def nest_searches(tokenizer, classifier):
    inner = GridSearchCV(make_pipeline(tokenizer, classifier), {}, cv=2)
    return GridSearchCV(make_pipeline("passthrough", inner), {}, cv=2)


def nest_search(tokenizer, classifier):
    return make_pipeline(tokenizer, GridSearchCV(classifier, {}, cv=2))


@pytest.mark.parametrize("nest", [nest_pipelines, nest_tokenizer, nest_searches, nest_search])
def test_nested_pipelines_and_searches(make_classifier, model, nest):
    nested = nest(TextTokenizer(), make_classifier()).fit(TEXTS, LABELS)
    curves = TrainingCurveDisplay.from_estimator(nested)
    (history,) = curves.histories.values()
    assert history["train_loss"].equals(model[-1].history_["train_loss"])
    assert TextLengthDisplay.from_estimator(nested, TEXTS).lengths.max() == 4
    found = TokenAttributionDisplay.from_estimator(nested, "so good")
    expected = TokenAttributionDisplay.from_estimator(model, "so good")
    assert found.tokens == ["so", "good"]
    assert found.attributions == pytest.approx(expected.attributions)


@pytest.mark.parametrize("name", ["TextLengthDisplay", "TokenAttributionDisplay"])
def test_one_panel_in_given_axes(name):
    figure, axes = plt.subplots(1, 2)
    display = DRAWN[name]
    assert display.plot(axes[1]) is display
    assert display.figure_ is figure
    assert display.ax_ is axes[1]


def test_two_panels_in_given_axes(model):
    figure, axes = plt.subplots(1, 2)
    for display in [
        TrainingCurveDisplay.from_estimator(model, ax=axes),
        GradientFlowDisplay(make_flow(5)).plot(axes),
    ]:
        assert display.figure_ is figure
        assert display.axes_.tolist() == axes.tolist()
        assert display.legend_.axes is axes[1]


def test_every_display_is_exported():
    folder = Path(sklearn_rnn._plotting.__file__).parent
    defined = re.findall(
        r"^class (\w+Display)\b", "\n".join(map(Path.read_text, folder.glob("*.py"))), re.M
    )
    assert sorted(defined) == sklearn_rnn.plotting.__all__
