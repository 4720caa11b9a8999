"""Comparison of classifiers: scores, paired tests, predictions, refused input."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import t as student_t
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import (
    ShuffleSplit,
    StratifiedKFold,
    cross_val_predict,
    cross_validate,
)
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from sklearn_rnn._evaluation import runs
from sklearn_rnn.evaluation import compare

WORDS = ["fine", "poor", "film", "plot", "long", "rain", "tea", "sun", "dog"]


class FirstWord(ClassifierMixin, BaseEstimator):
    """Predicts the first word of a text, or the other class if the text has the word `fails_on`.

    The number of its errors thus follows from the texts.
    """

    def __init__(self, fails_on="never"):
        self.fails_on = fails_on

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.n_predicts_ = 0
        return self

    def predict(self, X):
        self.n_predicts_ += 1
        first, second = self.classes_
        is_first = [text.startswith(first) != (self.fails_on in text.split()) for text in X]
        return np.where(is_first, first, second)


class RecordingClassifier(DummyClassifier):
    """A classifier that records its training texts."""

    def fit(self, X, y):
        self.seen_ = list(X)
        return super().fit(X, y)


class FailingClassifier(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        raise ValueError("fit failed")

    def predict(self, X):
        raise NotImplementedError


class WarningClassifier(DummyClassifier):
    def fit(self, X, y):
        warnings.warn("not converged", ConvergenceWarning, stacklevel=2)
        return super().fit(X, y)


@pytest.fixture(autouse=True)
def few_resamples(request, monkeypatch):
    """Compute standard errors from 4 resamples, unless a test takes `all_resamples`."""
    if "all_resamples" not in request.fixturenames:
        monkeypatch.setattr(runs, "N_RESAMPLES", 4)


@pytest.fixture
def all_resamples():
    return runs.N_RESAMPLES


@pytest.fixture(scope="module")
def texts_and_labels():
    """Return 60 short texts and their labels; the first word mostly determines the label."""
    rng = np.random.default_rng(0)
    labels = np.tile(["neg", "pos"], 30)
    hints = {"neg": "poor", "pos": "fine"}
    texts = [
        " ".join([hints[label] if rng.random() < 0.8 else "film", *rng.choice(WORDS, size=4)])
        for label in labels
    ]
    return texts, labels


@pytest.fixture
def models():
    return {
        "guess": DummyClassifier(),
        "bayes": make_pipeline(CountVectorizer(), MultinomialNB()),
        "logistic": make_pipeline(CountVectorizer(), LogisticRegression()),
    }


def without_times(table):
    return table.drop(columns=["fit_seconds", "texts_per_second"])


def test_scores_are_those_of_cross_validate(texts_and_labels, models):
    texts, labels = texts_and_labels
    scoring = ["accuracy", "f1_macro", "neg_log_loss"]
    table = compare(models, texts, labels, cv=4, scoring=scoring)
    assert list(table) == [
        "accuracy",
        "accuracy_std",
        "f1_macro",
        "f1_macro_std",
        "neg_log_loss",
        "neg_log_loss_std",
        "fit_seconds",
        "texts_per_second",
        "p_value",
    ]
    for name, model in models.items():
        expected = cross_validate(model, texts, labels, cv=4, scoring=scoring)
        for score in scoring:
            folds = expected[f"test_{score}"]
            assert_allclose(table.loc[name, score], folds.mean())
            assert_allclose(table.loc[name, f"{score}_std"], folds.std(ddof=1))
    assert (table[["fit_seconds", "texts_per_second"]] > 0).all(axis=None)


def test_scores_are_those_of_the_test_set(texts_and_labels, models):
    texts, labels = texts_and_labels
    table = compare(models, texts[:40], labels[:40], X_test=texts[40:], y_test=labels[40:])
    assert list(table) == [
        "accuracy",
        "accuracy_se",
        "f1_macro",
        "f1_macro_se",
        "fit_seconds",
        "texts_per_second",
        "p_value",
    ]
    for name, model in models.items():
        accuracy = model.fit(texts[:40], labels[:40]).score(texts[40:], labels[40:])
        assert_allclose(table.loc[name, "accuracy"], accuracy)


def test_every_estimator_sees_the_same_folds(texts_and_labels):
    texts, labels = texts_and_labels
    cv = StratifiedKFold(shuffle=True)  # unseeded: other folds at each call of split
    results = compare(
        {"a": RecordingClassifier(), "b": RecordingClassifier()},
        texts,
        labels,
        cv=cv,
        return_estimators=True,
    )
    for a, b in zip(*results.estimators.values(), strict=True):
        assert a.seen_ == b.seen_


def test_rows_are_sorted_by_the_first_score(texts_and_labels, models):
    texts, labels = texts_and_labels
    by_accuracy = compare(models, texts, labels, scoring="accuracy")
    assert by_accuracy["accuracy"].is_monotonic_decreasing
    by_loss = compare(models, texts, labels, scoring=["neg_log_loss", "accuracy"])
    assert by_loss["neg_log_loss"].is_monotonic_decreasing


def test_ties_keep_the_given_order(texts_and_labels):
    names = ["c", "a", "b"]
    table = compare({name: DummyClassifier() for name in names}, *texts_and_labels)
    assert list(table.index) == names
    assert_array_equal(table["p_value"], [np.nan, 1, 1])


def test_estimators_are_cloned(texts_and_labels, models):
    compare(models, *texts_and_labels, cv=2)
    assert not hasattr(models["guess"], "classes_")
    assert not hasattr(models["bayes"][0], "vocabulary_")


def test_estimators_as_a_list_of_pairs(texts_and_labels, models):
    from_dict = compare(models, *texts_and_labels, cv=2)
    from_list = compare(list(models.items()), *texts_and_labels, cv=2)
    pd.testing.assert_frame_equal(without_times(from_list), without_times(from_dict))


@pytest.mark.parametrize("kind", [np.array, pd.Series, tuple])
def test_containers_of_texts_and_labels(texts_and_labels, models, kind):
    texts, labels = texts_and_labels
    expected = compare(models, texts, labels, cv=2)
    table = compare(models, kind(texts), kind(labels), cv=2)
    pd.testing.assert_frame_equal(without_times(table), without_times(expected))


def test_n_jobs_changes_only_the_times(texts_and_labels, models):
    texts, labels = texts_and_labels
    alone = compare(models, texts, labels, cv=3)
    together = compare(models, texts, labels, cv=3, n_jobs=2)
    pd.testing.assert_frame_equal(without_times(together), without_times(alone))


def test_predict_is_called_once_for_all_scores_and_resamples(texts_and_labels):
    texts, labels = texts_and_labels
    results = compare(
        {"words": FirstWord()},
        texts,
        labels,
        X_test=texts,
        y_test=labels,
        scoring={"first": "accuracy", "second": "f1_macro", "own": own_scorer},
        return_estimators=True,
    )
    (fitted,) = results.estimators["words"]
    assert fitted.n_predicts_ == 1


def own_scorer(estimator, X, y):
    """A scorer that reads the texts too."""
    assert len(X) == len(y)
    assert all(isinstance(text, str) for text in X)
    return accuracy_score(y, estimator.predict(X))


def own_scores(estimator, X, y):
    return {"loss": log_loss(y, estimator.predict_proba(X)), "size": len(X)}


@pytest.mark.parametrize(
    ("scoring", "names"),
    [
        ("f1_macro", ["f1_macro"]),
        (own_scorer, ["score"]),
        (own_scores, ["loss", "size"]),
        (("roc_auc", "accuracy"), ["roc_auc", "accuracy"]),
        ({"right": "accuracy", "own": own_scorer}, ["right", "own"]),
    ],
)
@pytest.mark.parametrize("test_set", [True, False])
def test_kinds_of_scoring(texts_and_labels, models, scoring, names, test_set):
    texts, labels = texts_and_labels
    where = {"X_test": texts, "y_test": labels} if test_set else {"cv": 2}
    table = compare(models, texts, labels, scoring=scoring, **where)
    assert list(table)[: 2 * len(names) : 2] == names


def test_corrected_t_test(texts_and_labels, models):
    texts, labels = texts_and_labels
    models = {name: models[name] for name in ["logistic", "guess"]}
    table = compare(models, texts, labels, cv=6, scoring="accuracy")
    scores = [cross_validate(model, texts, labels, cv=6)["test_score"] for model in models.values()]
    differences = scores[0] - scores[1]
    t = differences.mean() / np.sqrt((1 / 6 + 10 / 50) * differences.var(ddof=1))
    assert np.isnan(table["p_value"].iloc[0])
    assert_allclose(table["p_value"].iloc[1], 2 * student_t.sf(abs(t), df=5))
    assert 0 < table["p_value"].iloc[1] < 0.2


def test_one_fold_has_no_standard_deviation_and_no_p_value(texts_and_labels, models):
    table = compare(models, *texts_and_labels, cv=ShuffleSplit(n_splits=1, random_state=0))
    assert table[["accuracy_std", "p_value"]].isna().all(axis=None)


def test_mcnemar_test():
    # On 7 texts exactly one of the two classifiers is correct: on 6 texts the better classifier.
    texts = ["neg", "pos"] * 5 + ["neg rain"] * 6 + ["neg sun"]
    labels = ["neg", "pos"] * 5 + ["neg"] * 7
    models = {"worse": FirstWord(fails_on="rain"), "better": FirstWord(fails_on="sun")}
    table = compare(models, texts, labels, X_test=texts, y_test=labels)
    assert list(table.index) == ["better", "worse"]
    assert_array_equal(table["p_value"], [np.nan, 2 * (1 + 7) / 2**7])


def test_standard_error_is_near_the_binomial_one(all_resamples):
    texts = ["neg", "neg rain", "pos", "pos rain", "neg", "pos"] * 50
    labels = [text[:3] for text in texts]
    table = compare({"words": FirstWord("rain")}, texts, labels, X_test=texts, y_test=labels)
    assert_allclose(table["accuracy"], 2 / 3)
    assert_allclose(table["accuracy_se"], np.sqrt(2 / 3 * 1 / 3 / 300), rtol=0.25)


def test_standard_errors_depend_on_random_state_alone(texts_and_labels, models):
    texts, labels = texts_and_labels
    where = {"X_test": texts, "y_test": labels}
    first, again, other = (
        without_times(compare(models, texts, labels, random_state=seed, **where))
        for seed in (0, 0, 1)
    )
    pd.testing.assert_frame_equal(first, again)
    assert first.loc["bayes", "accuracy_se"] != other.loc["bayes", "accuracy_se"]


def test_global_random_state_is_unchanged(texts_and_labels, models):
    texts, labels = texts_and_labels
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - the stream to be left alone
    compare(models, texts, labels, X_test=texts, y_test=labels)
    assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_predictions_of_folds(texts_and_labels, models):
    texts, labels = texts_and_labels
    cv = StratifiedKFold(4, shuffle=True, random_state=0)
    results = compare(models, texts, labels, cv=cv, return_predictions=True)
    assert set(results) == {"table", "y_true", "test_rows", "folds", "predictions"}
    assert_array_equal(np.unique(results.folds, return_counts=True), [range(4), [15] * 4])
    assert_array_equal(np.sort(results.test_rows), np.arange(60))
    assert_array_equal(results.y_true, labels[results.test_rows])
    for name, model in models.items():
        expected = cross_val_predict(model, texts, labels, cv=cv)
        assert_array_equal(results.predictions[name], expected[results.test_rows])


def test_predictions_and_estimators_of_a_test_set(texts_and_labels, models):
    texts, labels = texts_and_labels
    results = compare(
        models,
        texts[:40],
        labels[:40],
        X_test=texts[40:],
        y_test=labels[40:],
        return_predictions=True,
        return_estimators=True,
    )
    assert set(results) == {"table", "y_true", "test_rows", "folds", "predictions", "estimators"}
    assert not results.folds.any()
    assert_array_equal(results.y_true, labels[40:])
    for name, (fitted,) in results.estimators.items():
        assert_array_equal(results.predictions[name], fitted.predict(texts[40:]))


def test_verbose_prints_a_line_for_each_fold(texts_and_labels, capsys):
    texts, labels = texts_and_labels
    compare({"guess": DummyClassifier()}, texts, labels, cv=2)
    assert capsys.readouterr() == ("", "")
    compare({"guess": DummyClassifier()}, texts, labels, cv=2, verbose=1)
    compare({"guess": DummyClassifier()}, texts, labels, X_test=texts, y_test=labels, verbose=1)
    printed = re.sub(r"\d+\.\d s", "0.0 s", capsys.readouterr().out)
    assert printed == (
        "guess, fold 1 of 2: accuracy 0.5000, fitted in 0.0 s\n"
        "guess, fold 2 of 2: accuracy 0.5000, fitted in 0.0 s\n"
        "guess: accuracy 0.5000, fitted in 0.0 s\n"
    )


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_error_names_its_estimator(texts_and_labels, n_jobs):
    models = {"guess": DummyClassifier(), "failing": FailingClassifier()}
    message = "fit failed\nThis came from the estimator 'failing' in compare."
    with pytest.raises(ValueError, match=f"^{message}$"):
        compare(models, *texts_and_labels, n_jobs=n_jobs)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_warning_names_its_estimator(texts_and_labels, n_jobs):
    models = {"guess": DummyClassifier(), "warning": WarningClassifier()}
    with pytest.warns(ConvergenceWarning) as caught:
        compare(models, *texts_and_labels, cv=2, n_jobs=n_jobs)
    assert [str(warning.message) for warning in caught] == ["warning: not converged"] * 2


def test_unsupported_score_names_the_estimator(texts_and_labels):
    models = {"svm": make_pipeline(CountVectorizer(), LinearSVC())}
    message = (
        "scoring='neg_log_loss' needs probabilities, and the estimator has no predict_proba. Leave "
        "it out, put it into a CalibratedClassifierCV, or score predicted labels, for example by "
        "'accuracy'."
    )
    with pytest.raises(AttributeError, match=rf"^{re.escape(message)}") as caught:
        compare(models, *texts_and_labels, scoring="neg_log_loss")
    assert caught.value.__notes__ == ["This came from the estimator 'svm' in compare."]


BAD_INPUT = [
    (
        {"estimators": {}},
        ValueError,
        "estimators is empty: give at least one, as {name: estimator}.",
    ),
    (
        {"estimators": [("a", DummyClassifier()), ("a", DummyClassifier())]},
        ValueError,
        "The names of estimators must differ, but 'a' is there twice.",
    ),
    (
        {"estimators": {"a": CountVectorizer()}},
        TypeError,
        "estimators['a'] must be a classifier with fit and predict, got CountVectorizer().",
    ),
    (
        {"estimators": {"a": "rnn"}},
        TypeError,
        "estimators['a'] must be a classifier with fit and predict, got 'rnn'.",
    ),
    (
        {"estimators": {"a": DummyClassifier}},
        TypeError,
        "estimators['a'] is the class DummyClassifier: give an instance, DummyClassifier().",
    ),
    (
        {"X_test": ["good"]},
        ValueError,
        "X_test is given without y_test: a test set needs both.",
    ),
    (
        {"y_test": ["pos"]},
        ValueError,
        "y_test is given without X_test: a test set needs both.",
    ),
    (
        {"X_test": ["good"], "y_test": ["pos"], "cv": 5},
        ValueError,
        "cv and X_test are both given: choose folds of X or a test set.",
    ),
    (
        {"y": ["pos", None, "neg", "neg"]},
        ValueError,
        "y has no label for 1 of 4 texts, first at position 1 (None). Leave those texts out, with "
        "their labels.",
    ),
    (
        {"cv": None, "X_test": ["good", "bad"], "y_test": ["pos", np.nan]},
        ValueError,
        "y_test has no label for 1 of 2 texts, first at position 1 (nan). Leave those texts out, "
        "with their labels.",
    ),
    (
        {"y": ["pos"] * 4},
        ValueError,
        "y holds a single class, 'pos': a comparison of classifiers needs two or more.",
    ),
    (
        {"y": ["pos", "neg", "pos"]},
        ValueError,
        "Found input variables with inconsistent numbers of samples: [4, 3]",
    ),
    (
        {"X_test": ["good"], "y_test": [1]},
        ValueError,
        "The labels in y are strings, those in y_test are numbers: convert them to the same type.",
    ),
    (
        {"y": [1, 2, 1, 2], "X_test": ["good"], "y_test": ["pos"]},
        ValueError,
        "The labels in y are numbers, those in y_test are strings: convert them to the same type.",
    ),
    (
        {"X_test": ["good"], "y_test": ["pos", "neg"]},
        ValueError,
        "Found input variables with inconsistent numbers of samples: [1, 2]",
    ),
]


@pytest.mark.parametrize(("arguments", "kind", "message"), BAD_INPUT)
def test_bad_input(arguments, kind, message):
    good = {
        "estimators": {"guess": DummyClassifier()},
        "X": ["good", "bad", "fine", "poor"],
        "y": ["pos", "neg", "pos", "neg"],
    }
    with pytest.raises(kind, match=f"^{re.escape(message)}$"):
        compare(**(good | arguments))


@pytest.mark.parametrize(
    "options",
    [
        {"n_jobs": True},
        {"n_jobs": 0},
        {"n_jobs": 1.0},
        {"random_state": None},
        {"random_state": True},
        {"random_state": -1},
        {"random_state": 2**32},
        {"verbose": -1},
        {"verbose": "much"},
        {"return_predictions": 1},
        {"return_estimators": None},
        {"cv": 1},
        {"cv": True},
        {"cv": 2.0},
        {"cv": "two"},
        {"cv": np.timedelta64(2, "D")},
        {"scoring": None},
        {"scoring": 5},
        {"estimators": 5},
        {"estimators": {"guess"}},
    ],
    ids=repr,
)
def test_invalid_parameters(options):
    ((name, value),) = options.items()
    arguments = {"estimators": {"guess": DummyClassifier()}, "X": ["a", "b"] * 5, "y": [0, 1] * 5}
    message = (
        rf"^The '{name}' parameter of compare must be .* Got {re.escape(repr(value))} instead\.$"
    )
    with pytest.raises(ValueError, match=message):
        compare(**arguments | options)


@pytest.mark.parametrize(
    "cv", [[], [1], [(1,)], [None], ["ab", (1, 2, 3)], np.array([1, 2])], ids=repr
)
def test_folds_that_are_no_pairs(cv):
    message = (
        "cv must hold a pair (train, test) of row numbers for each fold, at least one. Pass such "
        "pairs, the number of folds, or a splitter of scikit-learn."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        compare({"guess": DummyClassifier()}, ["a", "b"] * 5, [0, 1] * 5, cv=cv)


@pytest.mark.parametrize(
    "pair", ["guess", 1, ("guess",), (1, DummyClassifier()), [1, 2, 3]], ids=repr
)
def test_what_is_no_pair_of_a_name_and_an_estimator(pair):
    message = (
        f"estimators holds {pair!r}: give a dict of names and estimators, or a list of pairs "
        "(name, estimator) whose names are str."
    )
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        compare([pair], ["a", "b"] * 5, [0, 1] * 5)


def test_numbers_of_numpy_are_those_of_python():
    models, X, y = {"guess": DummyClassifier()}, ["a", "b"] * 5, [0, 1] * 5
    for cv in (np.int64(3), np.uint8(3), [([0, 1], [2, 3])], iter([([0, 1], [2, 3])])):
        compare(models, X, y, cv=cv, n_jobs=np.int8(1), verbose=np.False_)
    tables = [
        compare(models, X, y, X_test=X, y_test=y, random_state=seed) for seed in (3, np.uint32(3))
    ]
    assert_array_equal(*(table["accuracy_se"] for table in tables))


def test_an_invalid_parameter_of_an_estimator_keeps_the_name_of_the_estimator():
    with pytest.raises(ValueError, match=r"^The 'C' parameter of LinearSVC must be") as caught:
        compare({"svm": LinearSVC(C=-1)}, [[0.0], [1.0]] * 5, [0, 1] * 5)
    assert caught.value.__notes__ == ["This came from the estimator 'svm' in compare."]
