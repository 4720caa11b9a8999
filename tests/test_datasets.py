import re

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.model_selection import train_test_split

from sklearn_rnn.baselines import nb_svm, tfidf_linear_svc, tfidf_logistic_regression
from sklearn_rnn.datasets import make_word_order, read_texts


def test_what_is_read_can_be_split_masked_and_learnt(tmp_path):
    path = tmp_path / "a.ft"
    path.write_text("__label__a good\n__label__b bad\n" * 10)
    bunch = read_texts(path)
    X_train, X_test, y_train, y_test = train_test_split(bunch.data, bunch.target, random_state=0)
    assert tfidf_logistic_regression().fit(X_train, y_train).score(X_test, y_test) == 1
    assert set(bunch.data[bunch.target == "a"]) == {"good"}


@pytest.mark.parametrize(
    ("name", "parameters", "n_rows", "labels"),
    [
        ("imdb/train.csv.gz", {"text": "review", "label": "sentiment"}, 25000, "negative positive"),
        ("ag_news/test.csv.gz", {"text": [1, 2], "label": 0}, 7600, [1, 2, 3, 4]),
        ("ag_news/train_partial.csv.gz", {"text": 1, "label": 0}, 59662, [1, 2, 3, 4]),
        ("amazon_polarity/train.ft.txt.gz", {}, 11459, "1 2"),
        ("amazon_polarity/test.ft.txt.gz", {}, 1000, "1 2"),
        (
            "drug_review/drugscom_head.csv.gz",
            {"text": "review", "label": "rating"},
            3000,
            range(1, 11),
        ),
        (
            "drug_review/druglib_train.tsv.gz",
            {"text": ["benefitsReview", "sideEffectsReview"], "label": "rating"},
            3107,
            range(1, 11),
        ),
        (
            "drug_review/druglib_test.tsv.gz",
            {"text": "commentsReview", "label": "rating"},
            1036,
            range(1, 11),
        ),
    ],
)
def test_real_corpora(data_dir, name, parameters, n_rows, labels):
    bunch = read_texts(data_dir / name, **parameters)
    assert bunch.data.shape == bunch.target.shape == (n_rows,)
    assert np.unique(bunch.target).tolist() == (
        labels.split() if isinstance(labels, str) else list(labels)
    )


@pytest.mark.parametrize(
    "baseline", [tfidf_logistic_regression, tfidf_linear_svc, nb_svm, "four words"]
)
def test_a_classifier_that_counts_words_is_near_chance_on_word_order(baseline):
    if baseline == "four words":
        model = tfidf_linear_svc().set_params(tfidf__ngram_range=(1, 4))
    else:
        model = baseline()
    texts, labels = make_word_order(4000, random_state=0)
    model.fit(texts[:2000], labels[:2000])
    assert 0.45 < model.score(texts[2000:], labels[2000:]) < 0.55


def test_the_order_of_the_verdicts_determines_the_label_of_word_order():
    texts, labels = make_word_order(500, random_state=0)
    for text, label in zip(texts, labels, strict=True):
        good, bad = (
            re.search(rf"\b({words})\b", text).start()
            for words in ("good|lovely|superb", "bad|awful|dreadful")
        )
        assert label == ("praise" if good > bad else "complaint")


@pytest.mark.parametrize("n_samples", [2, 7, 1000])
def test_word_order_has_balanced_classes_and_is_repeatable(n_samples):
    texts, labels = make_word_order(n_samples, random_state=0)
    assert texts.shape == labels.shape == (n_samples,)
    assert np.sum(labels == "praise") == n_samples // 2
    assert np.sum(labels == "complaint") == n_samples - n_samples // 2
    assert {type(value) for value in [*texts, *labels]} == {str}
    assert {len(text.split()) for text in texts} <= set(range(15, 25))
    again = make_word_order(n_samples, random_state=0)
    assert_array_equal(again, (texts, labels))
    assert (make_word_order(n_samples, random_state=1)[0] != texts).any()


def test_word_order_of_too_few_samples():
    message = (
        "The 'n_samples' parameter of make_word_order must be an int in the range [2, "
        "16777216]. Got 1 instead."
    )
    with pytest.raises(ValueError, match=rf"^{re.escape(message)}\Z"):
        make_word_order(1)
