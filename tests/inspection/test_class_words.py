"""Words of classes: networks and linear classifiers, sampling, errors."""

import re

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from sklearn_rnn import TextTokenizer
from sklearn_rnn.baselines import (
    nb_svm,
    tfidf_linear_svc,
    tfidf_logistic_regression,
    tfidf_word_char_linear_svc,
)
from sklearn_rnn.inspection import class_words, token_attributions

TEXTS = ["so good", "so bad", "so so"] * 6
LABELS = ["praise", "blame", "shrug"] * 6


def expected_words(model, texts):
    """Return the mean contribution and the number of texts of each word of each class."""
    table = token_attributions(model, texts)
    n_texts = table.groupby("class")["text"].nunique()
    table = table[table["token"] != "<unk>"]
    in_texts = table.groupby(["class", "token", "text"])["contribution"].sum()
    words = in_texts.groupby(["class", "token"]).agg(["sum", "count"]).reset_index()
    words["sum"] /= words["class"].map(n_texts)
    return words.set_axis(["class", "word", "contribution", "count"], axis=1)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_words_of_a_network(fit_pipeline, n_classes):
    keep = [label in ("praise", "blame", "shrug")[:n_classes] for label in LABELS]
    texts, labels = (list(np.array(x)[keep]) for x in (TEXTS, LABELS))
    model = fit_pipeline(texts, labels, max_epochs=20)
    new = ["so good good unheard", "good", "so bad", "bad bad", "so so", ""]
    table = class_words(model, new, n_words=None)
    assert table.columns.tolist() == ["class", "word", "contribution", "count"]
    order = ["class", "word"]
    expected = expected_words(model, new).sort_values(order, ignore_index=True)
    actual = table.sort_values(order, ignore_index=True)
    pd.testing.assert_frame_equal(actual, expected, check_dtype=False)
    for _, rows in table.groupby("class"):
        assert rows["contribution"].is_monotonic_decreasing
    assert table["class"].is_monotonic_increasing
    best = class_words(model, new, n_words=1).set_index("class")["word"]
    assert best["praise"] == "good"
    assert best["blame"] == "bad"


def test_only_words_for_the_class_are_chosen(fit_pipeline):
    model = fit_pipeline(max_epochs=20)
    table = class_words(model, ["so good", "bad so"] * 3, n_words=10)
    assert (table["contribution"] > 0).all()
    assert len(table) < len(class_words(model, ["so good", "bad so"] * 3, n_words=None))


def test_markers_and_the_unknown_word_are_left_out(make_classifier):
    model = make_pipeline(TextTokenizer(add_markers=True), make_classifier()).fit(TEXTS, LABELS)
    table = class_words(model, ["so unheard"], n_words=None)
    assert table["word"].tolist() == ["so"]
    assert class_words(model, ["unheard"], n_words=None).empty
    assert class_words(model, ["unheard"]).columns.tolist() == table.columns.tolist()


@pytest.mark.parametrize(
    "make",
    [
        tfidf_logistic_regression,
        tfidf_linear_svc,
        tfidf_word_char_linear_svc,
        nb_svm,
        lambda: make_pipeline(CountVectorizer(), RidgeClassifier()),
        lambda: GridSearchCV(tfidf_linear_svc(), {"clf__C": [1.0]}, cv=2),
    ],
)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_words_of_a_linear_classifier(make, n_classes):
    keep = [label in ("praise", "blame", "shrug")[:n_classes] for label in LABELS]
    texts, labels = (list(np.array(x)[keep]) for x in (TEXTS, LABELS))
    model = make().fit(texts, labels)
    table = class_words(model, texts, n_words=None)
    predicted, decisions = model.predict(texts), model.decision_function(texts)
    if n_classes == 2:
        decisions = np.column_stack([-decisions, decisions])
    no_words = model.decision_function([""])
    no_words = np.concatenate([-no_words, no_words]) if n_classes == 2 else no_words[0]
    for index, label in enumerate(model.classes_):
        change = decisions[predicted == label, index].mean() - no_words[index]
        of_class = table[table["class"] == label]
        assert of_class["contribution"].sum() == pytest.approx(change)
        assert of_class["count"].max() == (predicted == label).sum()
    best = class_words(model, texts, n_words=1).set_index("class")["word"]
    assert best["praise"].removeprefix("word__").removeprefix("char__").strip() in "so good"


def test_sample(fit_pipeline):
    model = fit_pipeline()
    texts = [f"so good {n}" for n in range(20)]
    counts = [
        class_words(model, texts, n_words=None, max_samples=size, random_state=0)["count"].max()
        for size in (3, 0.25, 1, 1.0, 100, 0.001)
    ]
    assert counts == [3, 5, 1, 20, 20, 1]
    draws = [
        class_words(model, TEXTS, n_words=None, max_samples=5, random_state=3) for _ in range(2)
    ]
    pd.testing.assert_frame_equal(*draws)


@pytest.mark.parametrize(
    ("estimator", "name"),
    [
        (
            make_pipeline(CountVectorizer(), RandomForestClassifier(5, random_state=0)),
            "a Pipeline of CountVectorizer, RandomForestClassifier",
        ),
        (make_pipeline(TfidfVectorizer(), SVC()), "a Pipeline of TfidfVectorizer, SVC"),
        (make_pipeline(SVC()), "a Pipeline of SVC"),
        (RidgeClassifier(), "an object of type RidgeClassifier"),
    ],
)
def test_other_estimators_are_refused(estimator, name):
    if hasattr(estimator, "steps") and len(estimator) > 1:
        estimator.fit(TEXTS, LABELS)
    message = (
        "class_words takes a fitted Pipeline of a TextTokenizer and an RNNTextClassifier, or of a "
        f"vectorizer and a linear classifier with decision_function, but got {name}."
    )
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        class_words(estimator, TEXTS)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"n_words": 0},
            "The 'n_words' parameter of class_words must be an int in the range [1, inf) or None. "
            "Got 0 instead.",
        ),
        (
            {"max_samples": 1.5},
            "The 'max_samples' parameter of class_words must be an int in the range [1, inf) or a "
            "float in the range (0.0, 1.0]. Got 1.5 instead.",
        ),
        ({"n_steps": 0}, "n_steps=0 must be an int from 1 to 65,536. The default is 32."),
    ],
)
def test_invalid_parameters_are_refused(model, parameters, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        class_words(model, ["so good"], **parameters)
