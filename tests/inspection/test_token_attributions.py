"""Tables of token attributions: columns, completeness, steps around the tokenizer, errors."""

import re

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_rnn import TextTokenizer
from sklearn_rnn._inspection import text_attribution
from sklearn_rnn._inspection.text_attribution import attribute_text
from sklearn_rnn.inspection import token_attributions
from tests.texts import LABELS, TEXTS

COLUMNS = ["text", "token", "start", "end", "class", "contribution"]


def test_columns(model):
    table = token_attributions(model, ["So good!", "", "so BAD"])
    assert table.columns.tolist() == COLUMNS
    assert table["text"].tolist() == [0, 0, 0, 1, 2, 2]
    assert table["token"].tolist() == ["so", "good", "<unk>", "<unk>", "so", "bad"]
    assert table["start"].tolist() == [0, 3, 7, pd.NA, 0, 3]
    assert table["end"].tolist() == [2, 7, 8, pd.NA, 2, 6]
    assert table["start"].dtype == table["end"].dtype == "Int64"
    predicted = model.predict(["So good!", "", "so BAD"])
    assert table["class"].tolist() == predicted[table["text"]].tolist()
    assert table.index.equals(pd.RangeIndex(6))


def test_contributions_are_those_of_the_display(model):
    texts = ["so good", "bad, not so good"]
    table = token_attributions(model, texts, target="praise")
    for row, text in enumerate(texts):
        attribution = attribute_text(model, text, target="praise", n_steps=32, caller="")
        of_text = table[table["text"] == row]
        assert of_text["contribution"].tolist() == attribution.attributions.tolist()
        assert set(of_text["class"]) == {"praise"}


@pytest.mark.parametrize("characters", [False, True])
@pytest.mark.parametrize("labels", [["a", "b", "c"], [1, 2, 3], [1.0, 2.0], [True, False]])
def test_contributions_sum_to_the_change_of_the_score(make_classifier, labels, characters):
    texts = ["so good words", "so bad words", "so so words"][: len(labels)] * 5
    tokenizer = TextTokenizer(add_characters=characters)
    model = make_pipeline(tokenizer, make_classifier(batch_size=5)).fit(texts, labels * 5)
    new = ["so bad so bad and good", "unheard of words", "so"]
    table = token_attributions(model, new)
    sums = table.groupby("text")["contribution"].sum()
    probabilities = model.predict_proba(new)
    scores = np.atleast_1d(model.decision_function(new))
    for row, text in enumerate(new):
        attribution = attribute_text(model, text, target=None, n_steps=32, caller="")
        best = probabilities[row].argmax()
        score = abs(scores[row]) if len(labels) == 2 else scores[row, best]
        assert attribution.score == pytest.approx(score, abs=1e-5)
        change = score - attribution.baseline_score
        assert sums[row] == pytest.approx(change, rel=0.01, abs=0.001)
    assert set(table["class"]) <= set(labels)
    dtype = object if isinstance(labels[0], str) else np.array(labels).dtype
    assert table["class"].dtype == dtype


def test_search_and_containers(model, fit_pipeline):
    search = GridSearchCV(make_pipeline(TextTokenizer(), fit_pipeline()[-1]), {}, cv=2).fit(
        TEXTS, LABELS
    )
    expected = token_attributions(search.best_estimator_, ["so good"])
    for texts in (("so good",), np.array(["so good"]), pd.Series(["so good"], index=[7])):
        pd.testing.assert_frame_equal(token_attributions(search, texts), expected)


def test_half_an_emoji(fit_pipeline):
    model = fit_pipeline(["so \ud83d good", "so bad"] * 5, ["\ud83d", "x"] * 5)
    table = token_attributions(model, ["so \ud83d good"], target="\ud83d")
    assert table["class"].tolist() == ["\ud83d"] * len(table)


def test_step_that_changes_texts(make_classifier):
    def clean(texts):
        return [text.replace("@user", "") for text in texts]

    model = make_pipeline(FunctionTransformer(clean), TextTokenizer(), make_classifier())
    model.fit(TEXTS, LABELS)
    table = token_attributions(model, ["so good", "@user so good"])
    assert table["token"].tolist() == ["so", "good"] * 2
    assert table["start"].tolist() == [0, 3, pd.NA, pd.NA]


def test_step_that_changes_ids(make_classifier):
    backwards = FunctionTransformer(lambda ids: np.where(ids == 2, 3, ids))
    model = make_pipeline(TextTokenizer(max_length=8), backwards, make_classifier())
    model.fit(TEXTS, LABELS)
    assert token_attributions(model, TEXTS[:4])["start"].isna().all()


def test_incomplete_attributions_warn_once(model, monkeypatch):
    monkeypatch.setattr("sklearn_rnn._inspection.attribution._TOLERANCE", 0.0)
    monkeypatch.setattr(text_attribution, "_MAX_STEPS", 3)
    message = (
        r"^The contributions of the words of 2 of 2 texts, at worst, sum to -?\d\.\d{4} instead of "
        r"-?\d\.\d{4}, with n_steps=3\. Pass a larger n_steps, or read the colours as "
        r"approximate\.$"
    )
    with pytest.warns(ConvergenceWarning, match=message) as caught:
        token_attributions(model, ["bad, not so good", "so bad"], n_steps=2)
    assert [warning.filename for warning in caught] == [__file__]


def test_other_estimators_are_refused(model):
    linear = LogisticRegression()
    for estimator, name in ((linear, "LogisticRegression"), (model[-1], "RNNTextClassifier")):
        message = (
            "token_attributions takes a fitted Pipeline of a TextTokenizer and an "
            f"RNNTextClassifier, but got an object of type {name}. Make one: "
            "make_pipeline(TextTokenizer(), RNNTextClassifier()).fit(texts, labels)."
        )
        with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
            token_attributions(estimator, ["so good"])


def test_one_str_is_refused(model):
    message = (
        "token_attributions takes a list, tuple, NumPy array, Series or single-column DataFrame of "
        "str, but texts is one str. Wrap a single text in a list: [text]."
    )
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        token_attributions(model, "so good")


def test_unknown_class_is_refused(model):
    message = (
        "target='prays' is none of the classes ['blame', 'praise']. Pass one of them, or None for "
        "the predicted one."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        token_attributions(model, ["so good"], target="prays")
