"""TokenAttributionDisplay: targets, words in a figure or in given axes, warnings."""

import re
from itertools import pairwise

import matplotlib.colors
import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from sklearn_rnn._inspection import text_attribution
from sklearn_rnn.plotting import TokenAttributionDisplay
from tests.plotting.data import extents, make_words


def test_default_target_is_the_predicted_class(fit_pipeline):
    model = fit_pipeline(max_epochs=30, random_state=2)
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


def test_several_texts_are_refused(model):
    message = (
        "TokenAttributionDisplay.from_estimator takes one text, but got an object of type list. "
        "Pass a str."
    )
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        TokenAttributionDisplay.from_estimator(model, ["so good"])


def test_incomplete_attribution_warns_the_caller(model, monkeypatch):
    monkeypatch.setattr("sklearn_rnn._inspection.attribution._TOLERANCE", 0.0)
    monkeypatch.setattr(text_attribution, "_MAX_STEPS", 3)
    message = (
        r"^The contributions of the words sum to -?\d\.\d{4} instead of -?\d\.\d{4}, with "
        r"n_steps=3\. Pass a larger n_steps, or read the colours as approximate\.$"
    )
    with pytest.warns(ConvergenceWarning, match=message) as caught:
        TokenAttributionDisplay.from_estimator(model, "bad, not so good", n_steps=2)
    assert caught[0].filename == __file__


@pytest.mark.parametrize("into_axes", [False, True])
@pytest.mark.parametrize("n_words", [1, 12, 400])
def test_words_stay_inside_the_axes_and_do_not_overlap(n_words, into_axes):
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


def test_colours_of_attributions_and_title():
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
def test_words_without_attribution_are_white(tokens):
    display = make_words(tokens, np.zeros(len(tokens))).plot()
    assert {text.get_bbox_patch().get_facecolor()[:3] for text in display.texts_} == {(1, 1, 1)}
    assert "#ffffff" in display._repr_html_()


def test_axes_of_a_subfigure():
    figure = plt.figure(figsize=(12, 5), layout="constrained")
    left, _ = figure.subfigures(1, 2)
    display = make_words(["so", "good"]).plot(left.subplots())
    assert display.figure_ is figure
    assert [text.get_text() for text in display.texts_] == ["so", "good"]
