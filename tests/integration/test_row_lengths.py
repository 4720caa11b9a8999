"""The default length of a row, max_length="auto": narrower ids, and the same model."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import Pipeline, make_pipeline

from benchmarks.common.corpora import read_split
from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn._tokenizer import count_tokens
from sklearn_rnn.datasets import make_word_order
from sklearn_rnn.export import load_model, save_model
from sklearn_rnn.inspection import token_attributions
from tests.nets import same_weights

TEXTS, LABELS = make_word_order(1200, random_state=0)
NEW_TEXTS, _ = make_word_order(200, random_state=1)
SMALL = {"embedding_dim": 8, "hidden_size": 8, "max_epochs": 1, "random_state": 0, "device": "cpu"}
WIDTHS = ("auto", 400)


def fit_both(texts, labels, tokenizer, classifier):
    """Fit a Pipeline with "auto", and one with 400 columns."""
    models = [
        make_pipeline(
            TextTokenizer(max_length=max_length, **tokenizer),
            RNNTextClassifier(**SMALL | classifier),
        ).fit(texts, labels)
        for max_length in WIDTHS
    ]
    narrow, wide = (model[0].transform(texts) for model in models)
    n_columns = narrow.shape[1]
    assert n_columns < wide.shape[1] == 400
    assert_array_equal(wide[:, :n_columns], narrow)  # no text is cut
    assert not wide[:, n_columns:].any()
    return models


def check_same(models, new_texts):
    """Assert that two models have the same weights and probabilities, to the last bit."""
    assert same_weights(*(model[-1] for model in models))
    one, other = (model.predict_proba(new_texts) for model in models)
    assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize(
    ("tokenizer", "classifier"),
    [
        ({}, {}),
        ({"add_characters": False}, {}),
        ({"add_markers": True}, {"early_stopping": True, "max_epochs": 2}),
        ({"add_characters": False}, {"batch_size": 2000, "linear_ngrams": 0}),
        ({"add_characters": False}, {"cell_type": "gru", "pooling": ("last", "attention")}),
    ],
)
def test_the_model_is_that_of_a_wide_matrix(tokenizer, classifier):
    models = fit_both(TEXTS, LABELS, tokenizer, classifier)
    check_same(models, NEW_TEXTS)
    for model in models:  # go on with texts that are whole in both
        model[-1].set_params(early_stopping=False)
        ids = model[0].partial_fit(NEW_TEXTS).transform(NEW_TEXTS)
        model[-1].partial_fit(ids, np.resize(LABELS, len(NEW_TEXTS)))
    check_same(models, NEW_TEXTS)


@pytest.mark.parametrize(("corpus", "longest"), [("ag_news", 64), ("banking77", 20)])
def test_the_model_of_real_texts_is_that_of_a_wide_matrix(data_dir, corpus, longest):
    def read(split, most):
        texts, labels = read_split(data_dir, corpus, split)
        order = np.random.default_rng(0).permutation(len(texts))
        n_tokens = count_tokens(TextTokenizer(), texts)
        rows = [row for row in order if n_tokens[row] <= longest][:most]
        return [texts[row] for row in rows], labels[rows]

    models = fit_both(*read("train", 2000), {}, {})
    assert models[0][0].add_characters_ is (corpus == "banking77")
    check_same(models, read("test", 500)[0])


def test_texts_in_narrow_rows_have_the_same_attributions():
    models = fit_both(TEXTS, LABELS, {"add_characters": False}, {})
    pd.testing.assert_frame_equal(
        *(token_attributions(model, list(NEW_TEXTS[:3])) for model in models), check_exact=True
    )


def test_a_saved_model_keeps_its_width(tmp_path):
    model = make_pipeline(TextTokenizer(), RNNTextClassifier(**SMALL)).fit(TEXTS, LABELS)
    save_model(model, tmp_path / "model.skops")
    for loaded in (pickle.loads(pickle.dumps(model)), load_model(tmp_path / "model.skops")):
        assert loaded[0].max_length == "auto"
        assert loaded[0].max_length_ == model[0].max_length_ < 400
        assert_array_equal(loaded.predict_proba(NEW_TEXTS), model.predict_proba(NEW_TEXTS))


def test_each_fold_of_a_search_has_a_width_of_its_own(monkeypatch):
    monkeypatch.setattr("sklearn_rnn._text.padding.AUTO_MIN_LENGTHS", 100)
    texts = [f"{text} {'so ' * (80 + row // 2)}" for row, text in enumerate(TEXTS[:300])]
    pipe = Pipeline([("tok", TextTokenizer()), ("clf", RNNTextClassifier(**SMALL))])
    result = cross_validate(pipe, texts, LABELS[:300], cv=3, return_estimator=True)
    widths = [model["tok"].max_length_ for model in result["estimator"]]
    assert len(set(widths)) > 1
    assert np.isfinite(result["test_score"]).all()
    search = GridSearchCV(pipe, {"tok__max_length": ["auto", 3]}, cv=3, error_score="raise")
    search.fit(texts, LABELS[:300])
    assert_array_equal(
        [search.cv_results_[f"split{fold}_test_score"][0] for fold in range(3)],
        result["test_score"],
    )
