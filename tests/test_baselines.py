"""Baselines: log-count ratios, steps, parameters, accuracy."""

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import MultinomialNB
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_rnn.baselines import (
    LogCountRatioTransformer,
    nb_svm,
    tfidf_linear_svc,
    tfidf_logistic_regression,
)
from sklearn_rnn.datasets import read_texts

BASELINES = [tfidf_logistic_regression, tfidf_linear_svc, nb_svm]
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


@pytest.mark.parametrize(
    ("baseline", "steps"),
    [
        (tfidf_logistic_regression, ["tfidf", "clf"]),
        (tfidf_linear_svc, ["tfidf", "clf"]),
        (nb_svm, ["count", "clf"]),
    ],
)
def test_names_of_steps(baseline, steps):
    assert list(baseline().named_steps) == steps
    assert baseline() is not baseline()


@pytest.mark.parametrize("baseline", BASELINES)
def test_only_logistic_regression_has_predict_proba(baseline):
    model = baseline().fit(TEXTS, THREE_CLASSES)
    assert hasattr(model, "predict_proba") == (baseline is tfidf_logistic_regression)
    assert model.decision_function(TEXTS).shape == (6, 3)


def test_nb_svm_has_the_documented_parameters():
    grid = {"count__ngram_range": [(1, 1), (1, 2)], "clf__estimator__svc__C": [0.01, 1]}
    search = GridSearchCV(nb_svm(), grid, cv=2).fit(TEXTS, TWO_CLASSES)
    assert len(search.cv_results_["params"]) == 4


@pytest.mark.parametrize("baseline", BASELINES)
def test_accuracy_on_amazon_reviews(baseline, data_dir):
    train = read_texts(data_dir / "amazon_polarity/train.ft.txt.gz")
    test = read_texts(data_dir / "amazon_polarity/test.ft.txt.gz")
    # 4,000 of the 11,459 training texts, with which fitting takes less than a second.
    model = baseline().fit(train.data[:4000], train.target[:4000])
    assert model.score(test.data, test.target) > 0.84
