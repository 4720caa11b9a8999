"""Baselines: log-count ratios, steps, parameters, accuracy."""

import inspect
import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import FeatureUnion
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_rnn._tokenizer import TextTokenizer
from sklearn_rnn.baselines import (
    LogCountRatioTransformer,
    nb_svm,
    tfidf_linear_svc,
    tfidf_logistic_regression,
    tfidf_word_char_linear_svc,
)
from sklearn_rnn.datasets import read_texts
from tests.text.tokens import TEXTS as VARIED_TEXTS

BASELINES = [tfidf_logistic_regression, tfidf_linear_svc, tfidf_word_char_linear_svc, nb_svm]
TEXTS = ["good film", "a good plot", "bad film", "a bad plot", "dull film", "a dull plot"]
TWO_CLASSES = ["pos", "pos", "neg", "neg", "neg", "neg"]
THREE_CLASSES = ["good", "good", "bad", "bad", "dull", "dull"]


@parametrize_with_checks([LogCountRatioTransformer()])
def test_log_count_ratio_is_a_scikit_learn_transformer(estimator, check):
    check(estimator)


@pytest.fixture
def counts():
    rng = np.random.RandomState(0)
    return rng.poisson(0.5, size=(20, 7)).astype(float), rng.permutation(["a", "b"] * 10)


def test_log_count_ratios_are_the_weights_of_naive_bayes(counts):
    X, y = counts
    ratio = LogCountRatioTransformer(alpha=0.5).fit(X, y).log_count_ratio_
    log_frequencies = MultinomialNB(alpha=0.5).fit(X, y).feature_log_prob_
    assert_allclose(ratio, log_frequencies[1] - log_frequencies[0])


def test_log_count_ratio_of_sparse_and_dense_input(counts):
    X, y = counts
    X_sparse, before = sparse.csr_matrix(X), X.copy()
    scaled = LogCountRatioTransformer().fit_transform(X_sparse, y)
    assert scaled.format == "csr"
    assert scaled.nnz == X_sparse.nnz
    assert_array_equal(scaled.toarray(), LogCountRatioTransformer().fit_transform(X, y))
    assert_array_equal(X_sparse.toarray(), before)


def test_log_count_ratio_of_three_classes_points_to_one_vs_rest():
    message = (
        "LogCountRatioTransformer compares two classes, and y has 3 class(es): ['a', 'b', 'c']. "
        "For more than two, wrap it and its classifier in OneVsRestClassifier, as nb_svm() does."
    )
    with pytest.raises(ValueError, match=rf"^{re.escape(message)}\Z"):
        LogCountRatioTransformer().fit([[1], [2], [3]], ["a", "b", "c"])


def test_log_count_ratio_refuses_negative_counts():
    with pytest.raises(ValueError, match=r"^Negative values in data passed to LogCountRatio"):
        LogCountRatioTransformer().fit([[1], [-2]], ["a", "b"])


@pytest.mark.parametrize("baseline", BASELINES)
@pytest.mark.parametrize("labels", [TWO_CLASSES, THREE_CLASSES, [2, 2, 1, 1, 1, 1]])
@pytest.mark.parametrize("container", [list, lambda texts: np.array(texts, dtype=object)])
def test_baselines_fit_raw_texts(baseline, labels, container):
    model = clone(baseline()).set_params(clf=_weakly_regularized(baseline))
    assert_array_equal(model.fit(container(TEXTS), labels).predict(container(TEXTS)), labels)


def _weakly_regularized(baseline):
    """Return the last step with a penalty small enough for six texts."""
    clf = baseline().named_steps["clf"]
    return clf.set_params(**{"estimator__svc__C" if baseline is nb_svm else "C": 100})


@pytest.mark.parametrize("baseline", BASELINES)
def test_names_of_steps(baseline):
    assert list(baseline().named_steps) == ["vect", "clf"]
    assert baseline() is not baseline()


def test_word_char_features_are_of_words_and_of_parts_of_words():
    model = tfidf_word_char_linear_svc().set_params(vect__char__min_df=1)
    names = model["vect"].fit(["so good", "so bad"]).get_feature_names_out()
    words = {"word__so", "word__so good", "word__good", "word__so bad", "word__bad"}
    assert {name for name in names if name.startswith("word__")} == words
    assert {"char__ g", "char__good", "char__ood ", "char__ good"} < set(names)
    assert not {"char__o g", "char__ good "} & set(names)


def word_features(model):
    """Return the vectorizer that counts n-grams of tokens."""
    vect = model["vect"]
    return vect["word"] if isinstance(vect, FeatureUnion) else vect


TOKENS = [
    {},
    {"lowercase": False},
    {"strip_accents": "unicode"},
    {"strip_accents": str.swapcase, "lowercase": False},
    {"token_pattern": r"(\w)\w*"},
    {"analyzer": str.split, "strip_accents": "ascii"},
    {"analyzer": "char"},
    {"analyzer": "char", "lowercase": False, "strip_accents": "ascii"},
]


@pytest.mark.parametrize("parameters", TOKENS, ids=str)
@pytest.mark.parametrize("baseline", BASELINES)
def test_tokens_are_those_of_the_tokenizer(baseline, parameters):
    texts = [text.replace("<br />", "") for text in VARIED_TEXTS if text.strip()]
    expected = TextTokenizer(**parameters, min_count=1).fit(texts).vocabulary_
    vectorizer = word_features(clone(baseline(**parameters))).set_params(ngram_range=(1, 1))
    assert set(vectorizer.fit(texts).vocabulary_) == set(expected)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, ["很好吃", "很好吃 好吃", "好吃"]),
        (
            {"analyzer": "char"},
            [*"很好吃 ", "很好", "好吃", "吃 ", " 好", "很好吃", "好吃 ", "吃 好"],
        ),
        ({"analyzer": str.split}, ["很好吃", "很好吃 好吃", "好吃"]),
    ],
)
@pytest.mark.parametrize("baseline", [tfidf_linear_svc, tfidf_word_char_linear_svc, nb_svm])
def test_features_are_pairs_of_tokens_or_three_characters(baseline, parameters, expected):
    vectorizer = word_features(baseline(**parameters)).fit(["很好吃 好吃"])
    assert set(vectorizer.vocabulary_) - {" 好吃"} == set(expected)


def test_parts_of_words_are_read_as_the_tokens_are():
    given = {"lowercase": False, "strip_accents": "unicode"}
    model = tfidf_word_char_linear_svc(**given)
    assert {name: model.get_params()[f"vect__char__{name}"] for name in given} == given


@pytest.mark.parametrize("baseline", BASELINES)
def test_an_invalid_parameter_is_named_with_the_function(baseline):
    message = (
        f"The 'analyzer' parameter of {baseline.__name__} must be a str among "
        "{CHOICES} or a callable. Got 'chars' instead."
    )
    choices = "({'word', 'char'}|{'char', 'word'})"
    pattern = re.escape(message).replace(re.escape("{CHOICES}"), choices)
    with pytest.raises(ValueError, match=rf"^{pattern}\Z"):
        baseline(analyzer="chars")


@pytest.mark.parametrize("baseline", BASELINES)
def test_parameters_are_those_of_the_tokenizer(baseline):
    of_tokenizer = inspect.signature(TextTokenizer).parameters
    for name, parameter in inspect.signature(baseline).parameters.items():
        assert parameter.default == of_tokenizer[name].default
        assert parameter.kind == of_tokenizer[name].kind


@pytest.mark.parametrize("baseline", BASELINES)
def test_only_logistic_regression_has_predict_proba(baseline):
    model = baseline().fit(TEXTS, THREE_CLASSES)
    assert hasattr(model, "predict_proba") == (baseline is tfidf_logistic_regression)
    assert model.decision_function(TEXTS).shape == (6, 3)


def test_nb_svm_has_the_documented_parameters():
    grid = {"vect__ngram_range": [(1, 1), (1, 2)], "clf__estimator__svc__C": [0.01, 1]}
    search = GridSearchCV(nb_svm(), grid, cv=2).fit(TEXTS, TWO_CLASSES)
    assert len(search.cv_results_["params"]) == 4


@pytest.mark.parametrize("baseline", BASELINES)
def test_accuracy_on_amazon_reviews(baseline, data_dir):
    train = read_texts(data_dir / "amazon_polarity/train.ft.txt.gz")
    test = read_texts(data_dir / "amazon_polarity/test.ft.txt.gz")
    # 4,000 of the 11,459 training texts, with which fitting takes less than a second.
    model = baseline().fit(train.data[:4000], train.target[:4000])
    assert model.score(test.data, test.target) > 0.84
