"""The Displays: what is in each picture, what each says when it can't draw, and no warnings."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from itertools import pairwise

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import VotingClassifier
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn._inspection import text_attribution
from sklearn_rnn.plotting import (
    GradientFlowDisplay,
    TextLengthDisplay,
    TokenAttributionDisplay,
    TrainingCurveDisplay,
)

matplotlib.use("Agg")

TEXTS = ["good, not bad", "bad, not good", "so good", "so bad"] * 5
LABELS = ["praise", "blame", "praise", "blame"] * 5


@pytest.fixture(autouse=True)
def draw_and_close():
    """Draw every figure to the end, where matplotlib would warn, and close it."""
    yield
    for number in plt.get_fignums():
        plt.figure(number).canvas.draw()
    plt.close("all")


@pytest.fixture
def fit(make_classifier):
    """Fit a pipeline on texts."""

    def fit(texts=TEXTS, labels=LABELS, **parameters):
        return make_pipeline(TextTokenizer(), make_classifier(**parameters)).fit(texts, labels)

    return fit


@pytest.fixture
def model(fit):
    return fit()


def make_flow(n_steps, layers=("embedding", "layers.0.forward_cell", "output")):
    index = pd.MultiIndex.from_product([range(1, n_steps + 1), layers], names=["step", "layer"])
    mean = np.geomspace(1e-6, 1e-1, len(index))
    return pd.DataFrame({"mean": mean, "max": 10 * mean}, index=index)


def legend_texts(display):
    return [text.get_text() for text in display.legend_.get_texts()]


# All of them


def test_importing_the_displays_imports_neither_matplotlib_nor_torch():
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
def test_without_matplotlib_it_says_what_to_install(name, monkeypatch):
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
def test_another_estimator_is_refused(display, kind, data, estimator, what):
    what = what or "a Pipeline of FunctionTransformer, LogisticRegression"
    message = (
        f"{display.__name__}.from_estimator takes a fitted {kind.__name__}, or a Pipeline or a "
        f"search that holds one, but got {what}."
    )
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        display.from_estimator(estimator, *data)


@pytest.mark.parametrize(("display", "kind", "data"), FROM_ESTIMATOR)
def test_an_unfitted_estimator_is_refused(display, kind, data):
    message = (
        f"This {kind.__name__} instance is not fitted yet. Call 'fit' with appropriate arguments "
        "before using this estimator."
    )
    with pytest.raises(NotFittedError, match=f"^{re.escape(message)}$"):
        display.from_estimator(make_pipeline(TextTokenizer(), RNNTextClassifier()), *data)


@pytest.mark.parametrize(("display", "kind", "data"), FROM_ESTIMATOR)
def test_a_search_without_a_best_estimator_is_refused(display, kind, data):
    message = (
        "GridSearchCV has no best_estimator_. Call fit, with refit=True, which is the default."
    )
    with pytest.raises(NotFittedError, match=f"^{re.escape(message)}$"):
        display.from_estimator(GridSearchCV(kind(), {}), *data)


def test_a_search_is_drawn_as_its_best_estimator(model):
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


def search_at_the_end(tokenizer, classifier):
    return make_pipeline(tokenizer, GridSearchCV(classifier, {}, cv=2))


@pytest.mark.parametrize("nest", [nest_pipelines, nest_tokenizer, nest_searches, search_at_the_end])
def test_pipelines_and_searches_may_be_nested(make_classifier, model, nest):
    nested = nest(TextTokenizer(), make_classifier()).fit(TEXTS, LABELS)
    curves = TrainingCurveDisplay.from_estimator(nested)
    (history,) = curves.histories.values()
    assert history["train_loss"].equals(model[-1].history_["train_loss"])
    assert TextLengthDisplay.from_estimator(nested, TEXTS).lengths.max() == 4
    found = TokenAttributionDisplay.from_estimator(nested, "so good")
    expected = TokenAttributionDisplay.from_estimator(model, "so good")
    assert found.tokens == ["so", "good"]
    assert found.attributions == pytest.approx(expected.attributions)


def test_an_ensemble_is_refused(make_classifier):
    ensemble = VotingClassifier([("one", make_classifier())])
    model = make_pipeline(TextTokenizer(), ensemble).fit(TEXTS, LABELS)
    message = (
        "TokenAttributionDisplay.from_estimator takes a fitted Pipeline of a TextTokenizer and an "
        "RNNTextClassifier, but got a Pipeline of TextTokenizer, VotingClassifier. Make one: "
        "make_pipeline(TextTokenizer(), RNNTextClassifier()).fit(texts, labels)."
    )
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        TokenAttributionDisplay.from_estimator(model, "so good")


@pytest.mark.parametrize(
    ("display", "name", "panels"),
    [
        (TrainingCurveDisplay({}), "metric", "'loss' or 'accuracy'"),
        (GradientFlowDisplay(make_flow(3)), "statistic", "'mean' or 'max'"),
    ],
)
def test_an_unknown_panel_is_refused(display, name, panels):
    message = f"{name}='f1' is unknown. Pass {panels}, or None for both."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        display.plot(**{name: "f1"})


def test_another_number_of_axes_is_refused():
    _, axes = plt.subplots(1, 3)
    message = (
        "GradientFlowDisplay.plot draws 2 panel(s), mean and max, and ax holds 3 axes. Pass 2, or "
        "None for a new figure."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        GradientFlowDisplay(make_flow(3)).plot(axes)


@pytest.mark.parametrize("name", ["TextLengthDisplay", "TokenAttributionDisplay"])
def test_it_draws_into_given_axes(name):
    figure, axes = plt.subplots(1, 2)
    display = DRAWN[name]
    assert display.plot(axes[1]) is display
    assert display.figure_ is figure
    assert display.ax_ is axes[1]


def test_two_panels_are_drawn_into_given_axes(model):
    figure, axes = plt.subplots(1, 2)
    for display in [
        TrainingCurveDisplay.from_estimator(model, ax=axes),
        GradientFlowDisplay(make_flow(5)).plot(axes),
    ]:
        assert display.figure_ is figure
        assert display.axes_.tolist() == axes.tolist()
        assert display.legend_.axes is axes[1]


# TrainingCurveDisplay


def test_curves_of_one_classifier(fit):
    model = fit(early_stopping=True, validation_fraction=0.3)
    display = TrainingCurveDisplay.from_estimator(model)
    classifier = model[-1]
    assert len(display.axes_) == 2
    assert len(display.lines_) == 4
    for (name, column), line in display.lines_.items():
        assert name == "RNNTextClassifier"
        assert line.get_xdata().tolist() == [1, 2, 3]
        assert line.get_ydata().tolist() == classifier.history_[column].tolist()
    assert {column for _, column in display.best_points_} == {"valid_loss", "valid_accuracy"}
    best = classifier.best_epoch_
    for (_, column), point in display.best_points_.items():
        assert point.get_xdata() == [best]
        assert point.get_ydata() == [classifier.history_.loc[best, column]]
    assert legend_texts(display) == ["training", "validation", f"weights kept (epoch {best})"]
    assert [ax.get_ylabel() for ax in display.axes_] == [
        "loss (cross-entropy, nats)",
        "accuracy (share of texts)",
    ]


def test_without_validation_data_there_are_training_curves(model):
    display = TrainingCurveDisplay.from_estimator(model, metric="loss")
    assert len(display.axes_) == 1
    assert [column for _, column in display.lines_] == ["train_loss"]
    assert not display.best_points_
    assert legend_texts(display) == ["training"]


def test_several_classifiers_lie_over_each_other(fit, model):
    long_name = "a gated recurrent unit with a name that does not fit into one line of a legend"
    models = {"plain": model[-1], long_name: fit(cell_type="gru", early_stopping=True)}
    display = TrainingCurveDisplay.from_estimator(models)
    assert len(display.lines_) == 2 + 4
    colors = {name: display.lines_[name, "train_loss"].get_color() for name in models}
    assert len(set(colors.values())) == 2
    assert display.lines_[long_name, "valid_loss"].get_color() == colors[long_name]
    names = [text.replace("\n", " ") for text in legend_texts(display)]
    assert names == ["plain", long_name, "training", "validation", "weights kept"]


def test_a_single_epoch_is_a_point_in_the_middle(fit):
    display = TrainingCurveDisplay.from_estimator(fit(max_epochs=1))
    line = display.lines_["RNNTextClassifier", "train_loss"]
    assert line.get_marker() == "o"
    assert display.axes_[0].get_xlim() == (0, 2)


def test_the_index_is_the_place_and_rows_without_a_value_are_left_out():
    columns = ["train_loss", "train_accuracy", "valid_loss", "valid_accuracy"]
    rows = [[np.nan, np.nan, 0.9, 0.5], [0.8, 0.6, 0.7, 0.7], [np.nan, np.nan, 0.75, 0.7]]
    history = pd.DataFrame(rows, columns=columns, index=[0.5, 1.0, 1.5])
    display = TrainingCurveDisplay({"a": history}, best_epochs={"a": 0.5}).plot()
    assert display.lines_["a", "train_loss"].get_xdata().tolist() == [1.0]
    assert display.lines_["a", "valid_loss"].get_xdata().tolist() == [0.5, 1.0, 1.5]
    assert legend_texts(display)[-1] == "weights kept (epoch 0.5)"


def test_no_classifier_is_refused():
    message = (
        "TrainingCurveDisplay.from_estimator got an empty dict. Pass a fitted classifier, or a "
        "dict of names and at least one."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        TrainingCurveDisplay.from_estimator({})


# GradientFlowDisplay


def test_gradients_of_a_classifier(model):
    model[-1].gradient_flow_ = make_flow(7)
    display = GradientFlowDisplay.from_estimator(model)
    assert display.gradient_flow is model[-1].gradient_flow_
    assert [ax.get_yscale() for ax in display.axes_] == ["log", "log"]
    assert display.axes_[0].get_ylim() == display.axes_[1].get_ylim()
    assert len(display.lines_) == 6
    for (layer, statistic), line in display.lines_.items():
        values = display.gradient_flow[statistic].xs(layer, level="layer")
        assert line.get_xdata().tolist() == values.index.tolist()
        assert line.get_ydata() == pytest.approx(values)
    assert legend_texts(display) == ["embedding", "layers.0.forward_cell", "output"]
    assert not display.ranges_
    assert not display.zeros_


def test_without_recorded_gradients_it_says_how_to_record_them(model):
    message = (
        "GradientFlowDisplay.from_estimator needs gradient_flow_, and this RNNTextClassifier was "
        "fitted without it. Set record_gradients=True and call fit again."
    )
    with pytest.raises(AttributeError, match=f"^{re.escape(message)}$"):
        GradientFlowDisplay.from_estimator(model)


@pytest.mark.parametrize("n_steps", [61, 1800])
def test_many_steps_are_summed_up(n_steps):
    flow = make_flow(n_steps)
    display = GradientFlowDisplay(flow).plot(statistic="max")
    line = display.lines_["output", "max"]
    assert len(line.get_xdata()) == 60
    values = flow["max"].xs("output", level="layer")
    vertices = display.ranges_["output", "max"].get_paths()[0].vertices
    assert vertices[:, 1].min() == pytest.approx(values.min())
    assert vertices[:, 1].max() == pytest.approx(values.max())
    last = values[-(n_steps // 60) :]
    assert line.get_ydata()[-1] == pytest.approx(last.median())
    assert line.get_xdata()[-1] == pytest.approx(last.index.to_numpy().mean())
    assert legend_texts(display)[-1] == f"median and range of up to {-(-n_steps // 60)} steps"


def test_zeros_stand_below_the_scale():
    flow = make_flow(6)
    flow.loc[(3, "embedding"), "mean"] = 0.0
    flow.loc[([5, 6], "output"), "mean"] = 0.0
    display = GradientFlowDisplay(flow).plot()
    line = display.lines_["embedding", "mean"]
    assert np.isnan(line.get_ydata()).tolist() == [False, False, True, False, False, False]
    places = {layer: zeros for (layer, _), zeros in display.zeros_.items()}
    assert places["embedding"].get_xdata().tolist() == [3]
    assert places["output"].get_xdata().tolist() == [5, 6]
    assert places["embedding"].get_ydata()[0] != places["output"].get_ydata()[0]
    ax = display.axes_[0]
    to_share = ax.transAxes.inverted()
    smallest = flow["mean"][flow["mean"] > 0].min()
    lowest_value = to_share.transform(ax.transData.transform((1, smallest)))[1]
    assert max(zeros.get_ydata().max() for zeros in places.values()) < lowest_value
    assert ax.get_yticklabels()[0].get_text() == "0"
    assert legend_texts(display)[-1] == "zero"


def test_every_layer_has_a_style_of_its_own():
    layers = [f"layers.{number}" for number in range(16)]
    display = GradientFlowDisplay(make_flow(2, layers)).plot()
    lines = [display.lines_[layer, "mean"] for layer in layers]
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == 16


def test_nothing_but_zeros_can_be_drawn():
    flow = make_flow(3) * 0
    display = GradientFlowDisplay(flow).plot()
    assert len(display.zeros_) == 6


def test_what_is_not_finite_is_a_gap():
    flow = make_flow(4)
    flow.loc[(2, "output"), "max"] = np.inf
    flow.loc[(3, "output"), "max"] = np.nan
    display = GradientFlowDisplay(flow).plot()
    drawn = np.isfinite(display.lines_["output", "max"].get_ydata())
    assert drawn.tolist() == [True, False, False, True]
    assert not display.zeros_


# TextLengthDisplay


@pytest.mark.parametrize("add_markers", [False, True])
def test_lengths_are_those_before_the_cut(add_markers):
    texts = ["a b c", "", "a a a a a a", "b"]
    tokenizer = TextTokenizer(max_length=4, min_count=1, add_markers=add_markers).fit(texts)
    display = TextLengthDisplay.from_estimator(tokenizer, texts)
    assert display.lengths.tolist() == [n + 2 * add_markers for n in [3, 1, 6, 1]]
    assert display.max_length == 4
    cut = "2 texts (50 %)" if add_markers else "1 text (25 %)"
    assert legend_texts(display)[-1] == f"max_length_ 4: cuts {cut}"


def test_steps_before_the_tokenizer_are_applied():
    halve = FunctionTransformer(lambda texts: [text[: len(text) // 2] for text in texts])
    inner = Pipeline([("nothing", "passthrough"), ("halve", halve), ("tokenize", TextTokenizer())])
    model = make_pipeline(halve, inner).fit(["a " * 40, "a " * 80])
    display = TextLengthDisplay.from_estimator(model, ["a " * 40, "a " * 80])
    assert display.lengths.tolist() == [10, 20]


def test_quantiles_are_lengths_that_hold_their_share():
    lengths = np.arange(1, 101)
    display = TextLengthDisplay(lengths).plot(quantiles=(0.5, 0.995, 1))
    places = {share: line.get_xdata()[0] for share, line in display.quantile_lines_.items()}
    assert places == {0.5: 50, 0.995: 100, 1: 100}
    assert legend_texts(display) == [
        "50 % of texts: up to 50 tokens",
        "99.5 % of texts: up to 100 tokens",
        "100 % of texts: up to 100 tokens",
    ]


@pytest.mark.parametrize("quantile", [0, 50, -0.1, float("nan")])
def test_a_quantile_that_is_no_share_is_refused(quantile):
    message = f"quantiles holds {quantile!r}. Pass shares of the texts, above 0 and at most 1."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        TextLengthDisplay(np.array([1, 2])).plot(quantiles=(0.5, quantile))


@pytest.mark.parametrize(
    "lengths",
    [[1], [7] * 5, [1, 2], [395, 400, 401], [*range(1, 200)], [*range(1, 400), 9000, 20000]],
)
@pytest.mark.parametrize("max_length", [None, 1, 30, 400, 100_000])
def test_every_text_is_in_the_picture(lengths, max_length):
    display = TextLengthDisplay(np.array(lengths), max_length=max_length).plot()
    bars = list(display.bars_)
    in_tail = 0 if display.tail_bar_ is None else display.tail_bar_[0].get_height()
    assert sum(bar.get_height() for bar in bars) + in_tail == len(lengths)
    for bar in bars:
        assert bar.get_width() == int(bar.get_width())
        assert bar.get_x() % 1 == 0.5


def test_a_long_tail_leaves_room_for_the_others():
    lengths = np.array([*range(1, 41)] * 50 + [9000, 12_345])
    display = TextLengthDisplay(lengths, max_length=400).plot()
    assert display.ax_.get_xlim()[1] < 60
    assert display.tail_bar_[0].get_height() == 2
    assert display.max_length_line_ is None
    assert legend_texts(display)[0] == "2 texts of 45 to 12,345 tokens"
    assert legend_texts(display)[-1] == "max_length_ 400: cuts 2 texts (0.0999 %)"


def test_one_str_is_no_collection_of_texts(model):
    message = (
        "TextLengthDisplay.from_estimator takes a list, tuple, NumPy array, Series or "
        "single-column DataFrame of str, but X is one str. Wrap a single text in a list: [text]."
    )
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        TextLengthDisplay.from_estimator(model, "so good")


# TokenAttributionDisplay


def test_words_speak_for_the_predicted_class(fit):
    model = fit(max_epochs=30)
    display = TokenAttributionDisplay.from_estimator(model, "So good so unheard of me")
    ids = model[:-1].transform(["So good so unheard of me"])
    assert display.tokens == ["so", "good", "so", "<unk>", "<unk>", "<unk>"]
    assert display.target == model[-1].predict(ids)[0]
    assert type(display.target) is str
    assert display.probability == model[-1].predict_proba(ids).max()
    sign = 1 if display.target == "praise" else -1
    score = sign * model[-1].decision_function(ids)[0]
    assert display.score == pytest.approx(score, abs=1e-5)
    assert display.score_name == "log-odds"
    change = display.score - display.baseline_score
    assert display.attributions.sum() == pytest.approx(change, rel=0.01, abs=0.001)
    assert display.attributions[1] > 5 * np.abs(display.attributions[2:]).max()
    assert [text.get_text() for text in display.texts_] == display.tokens


def test_the_other_of_two_classes_has_the_opposite_contributions(model):
    for_praise = TokenAttributionDisplay.from_estimator(model, "so good", target="praise")
    for_blame = TokenAttributionDisplay.from_estimator(model, "so good", target="blame")
    assert for_praise.attributions == pytest.approx(-for_blame.attributions)
    assert for_praise.probability + for_blame.probability == pytest.approx(1)


def test_of_three_classes_the_logit_is_attributed(fit):
    model = fit(["so good", "so bad", "so so"] * 5, [1, 2, 3] * 5)
    display = TokenAttributionDisplay.from_estimator(model, "so bad", target=3)
    logits = model.decision_function(["so bad"])[0]
    assert display.target == 3
    assert display.score == pytest.approx(logits[2], abs=1e-5)
    assert display.score_name == "logit"


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("linear_ngrams", [0, 1, 2])
def test_the_whole_score_is_attributed(fit, n_classes, linear_ngrams):
    texts = ["so good", "so bad", "so so"][:n_classes] * 5
    labels = list(range(n_classes)) * 5
    model = fit(texts, labels, linear_ngrams=linear_ngrams, batch_size=5)
    text = "so bad so bad and good"
    display = TokenAttributionDisplay.from_estimator(model, text, target=1)
    scores = model.decision_function([text])[0]
    expected = scores if n_classes == 2 else scores[1]
    assert display.score == pytest.approx(expected, abs=1e-5)
    change = display.score - display.baseline_score
    assert display.attributions.sum() == pytest.approx(change, rel=0.01, abs=0.001)
    if linear_ngrams:
        bias = model[-1].net_.module_.linear_term.bias
        value = (bias[1] - bias[0] if n_classes == 2 else bias[1]).item()
        bias.zero_()
        without = TokenAttributionDisplay.from_estimator(model, text, target=1)
        assert display.baseline_score == pytest.approx(without.baseline_score + value, abs=1e-6)
        assert display.attributions == pytest.approx(without.attributions, abs=1e-6)


def test_an_unknown_class_is_refused(model):
    message = (
        "target='prays' is none of the classes ['blame', 'praise']. Pass one of them, or None for "
        "the predicted one."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        TokenAttributionDisplay.from_estimator(model, "so good", target="prays")


def test_several_texts_are_refused(model):
    message = (
        "TokenAttributionDisplay.from_estimator takes one text, but got an object of type list. "
        "Pass a str."
    )
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        TokenAttributionDisplay.from_estimator(model, ["so good"])


@pytest.mark.parametrize("n_steps", [0, 1.5, True, "many"])
def test_steps_that_are_no_number_of_steps_are_refused(model, n_steps):
    message = f"n_steps={n_steps!r} must be an int of at least 1. The default is 32."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        TokenAttributionDisplay.from_estimator(model, "so good", n_steps=n_steps)


def test_a_classifier_without_a_tokenizer_is_refused(model):
    message = (
        "TokenAttributionDisplay.from_estimator takes a fitted Pipeline of a TextTokenizer and an "
        "RNNTextClassifier, but got an object of type RNNTextClassifier. Make one: "
        "make_pipeline(TextTokenizer(), RNNTextClassifier()).fit(texts, labels)."
    )
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        TokenAttributionDisplay.from_estimator(model[-1], "so good")


def test_what_is_not_complete_is_said(model, monkeypatch):
    monkeypatch.setattr("sklearn_rnn._inspection.attribution._TOLERANCE", 0.0)
    monkeypatch.setattr(text_attribution, "_MAX_STEPS", 3)
    message = (
        r"^The contributions of the words sum to -?\d\.\d{4}, and should to -?\d\.\d{4}, with "
        r"n_steps=3\. Pass a larger n_steps, or read the colours as approximate\.$"
    )
    with pytest.warns(ConvergenceWarning, match=message) as caught:
        TokenAttributionDisplay.from_estimator(model, "bad, not so good", n_steps=2)
    assert caught[0].filename == __file__


def make_words(tokens, attributions=None, target="praise"):
    if attributions is None:
        attributions = np.linspace(-1, 2, len(tokens))
    return TokenAttributionDisplay(
        tokens,
        np.asarray(attributions, dtype=float),
        target=target,
        probability=0.876,
        score_name="log-odds",
        score=1.0,
        baseline_score=1.0 - np.sum(attributions),
    )


def extents(display):
    display.figure_.canvas.draw()
    return [text.get_window_extent() for text in display.texts_]


@pytest.mark.parametrize("into_axes", [False, True])
@pytest.mark.parametrize("n_words", [1, 12, 400])
def test_words_stay_inside_and_apart(n_words, into_axes):
    words = ["excellent", "a", "<unk>", "never"] * 100
    ax = plt.subplots(1, 2, figsize=(12, 9))[1][0] if into_axes else None
    display = make_words(words[:n_words]).plot(ax)
    boxes = extents(display)
    inside = display.ax_.get_window_extent()
    for left, right in pairwise(boxes):
        assert right.x0 > left.x1 or right.y1 < left.y0
    for box in boxes:
        assert inside.x0 - 2 <= box.x0
        assert box.x1 <= inside.x1 + 2
        assert inside.y0 - 2 <= box.y0
        assert box.y1 <= inside.y1 + 2


def test_colours_say_for_and_against():
    display = make_words(["a", "b", "c", "d"], [-2.0, 0.0, 1.0, 2.0]).plot()
    faces = [text.get_bbox_patch().get_facecolor()[:3] for text in display.texts_]
    colors = [matplotlib.colors.to_hex(face) for face in faces]
    assert colors == ["#e69f00", "#ffffff", "#aadaf4", "#56b4e9"]
    assert (display.colorbar_.vmin, display.colorbar_.vmax) == (-2, 2)
    title = display.figure_.texts[0].get_text()
    assert title == (
        'Words for and against "praise" (probability 0.88)\n'
        "log-odds +1.00 = +0.00 baseline + 1.00 words"
    )


@pytest.mark.parametrize("tokens", [["nothing"], ["nothing", "matters"]])
def test_words_that_add_nothing_are_white(tokens):
    display = make_words(tokens, np.zeros(len(tokens))).plot()
    assert {text.get_bbox_patch().get_facecolor()[:3] for text in display.texts_} == {(1, 1, 1)}
    assert "#ffffff" in display._repr_html_()


def test_text_from_right_to_left_begins_at_the_right():
    display = make_words(["!", "הסרט", "היה", "film"]).plot()
    left_edges = [box.x0 for box in extents(display)]
    assert left_edges == sorted(left_edges, reverse=True)
    left_edges = [box.x0 for box in extents(make_words(["!", "film", "הסרט"]).plot())]
    assert left_edges == sorted(left_edges)


def test_what_no_font_has_and_formulas_are_drawn_without_a_warning():
    tokens = ["\U0001f468\u200d\U0001f680", "\u7535\u5f71", "$5", "$x^", "a\tb", "w" * 100]
    display = make_words(tokens, target="\u7535 $x^").plot()
    display.figure_.canvas.draw()
    shown = [text.get_text() for text in display.texts_]
    assert shown[1:] == ["\N{WHITE SQUARE}" * 2, "$5", "$x^", "a b", "w" * 39 + "…"]
    assert display.tokens == tokens


def test_html_escapes_words_and_keeps_them_all():
    tokens = ["<unk>", "&", '"', "<script>", "\u7535\u5f71", "w" * 100]
    html = make_words(tokens, target="<b>")._repr_html_()
    assert "<script>" not in html
    assert "<unk>" not in html
    words = re.findall(r'title="[^"]*">([^<]*)</span>', html)
    escaped = ["&lt;unk&gt;", "&amp;", "&quot;", "&lt;script&gt;", "\u7535\u5f71", "w" * 100]
    assert words == escaped
    assert "<b>&lt;b&gt;</b>" in html
    assert html.count('dir="auto"') == 1
    after = html.partition('dir="auto"')[2]
    assert "<bdi>" not in after  # which dir="auto" passes over
    assert html.count("color:black") == 1


def test_every_tag_of_the_html_is_closed():
    class Tags(HTMLParser):
        def __init__(self):
            super().__init__()
            self.open, self.text = [], ""

        def handle_starttag(self, tag, attrs):
            if tag != "br":
                self.open.append(tag)

        def handle_endtag(self, tag):
            assert tag == self.open.pop()

        def handle_data(self, data):
            self.text += data

    tags = Tags()
    tags.feed(make_words(["<unk>", "good"], target="a & b")._repr_html_())
    tags.close()
    assert not tags.open
    assert "for and against a & b (probability 0.88)" in tags.text
    assert "<unk> good" in tags.text
