"""Lookup of steps in Pipelines and searches."""

import re

import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.model_selection import GridSearchCV, TunedThresholdClassifierCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklearn_rnn import RNNTextClassifier
from sklearn_rnn._inspection.pipeline_steps import (
    apply_steps_before,
    describe,
    find_classifier,
    find_step,
    search_step,
    unwrap_search,
)

X = [[0.0], [1.0], [2.0], [3.0]]
y = [0, 1, 0, 1]


@pytest.mark.parametrize(
    "nest",
    [lambda step: step, make_pipeline, lambda s: make_pipeline("passthrough", make_pipeline(s))],
)
def test_search_step_returns_the_first_of_a_class(nest):
    scaler = StandardScaler()
    assert search_step(nest(scaler), StandardScaler) is scaler
    assert search_step(nest(scaler), LogisticRegression) is None
    two = make_pipeline(nest(scaler), StandardScaler(), LogisticRegression())
    assert search_step(two, StandardScaler) is scaler


def test_search_step_descends_into_the_best_estimator():
    search = GridSearchCV(make_pipeline(StandardScaler(), LogisticRegression()), {}, cv=2)
    found = search_step(search.fit(X, y), StandardScaler)
    assert found is search.best_estimator_[0]


def test_find_step_names_what_it_got():
    message = (
        "caller takes a fitted StandardScaler, or a Pipeline or a search that holds one, but got a "
        "Pipeline of FunctionTransformer, LogisticRegression."
    )
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        find_step(
            make_pipeline(FunctionTransformer(), LogisticRegression()),
            StandardScaler,
            caller="caller",
        )


def test_find_classifier_refuses_an_unfitted_one():
    with pytest.raises(NotFittedError, match=r"^This RNNTextClassifier instance is not fitted yet"):
        find_classifier(make_pipeline(RNNTextClassifier()), caller="caller")


def test_apply_steps_before_stops_at_the_step():
    double = FunctionTransformer(lambda values: [2 * value for value in values])
    wanted = StandardScaler()
    assert apply_steps_before(wanted, wanted, [1]) == [1]
    assert apply_steps_before(make_pipeline(double, wanted, double), wanted, [1]) == [2]
    inner = Pipeline([("none", None), ("double", double), ("wanted", wanted)])
    assert apply_steps_before(make_pipeline("passthrough", double, inner), wanted, [1]) == [4]


def test_unwrap_search():
    search = GridSearchCV(LogisticRegression(), {}, cv=2)
    message = (
        "GridSearchCV has no best_estimator_. Call fit, with refit=True, which is the default."
    )
    with pytest.raises(NotFittedError, match=f"^{re.escape(message)}$"):
        unwrap_search(search)
    assert unwrap_search(search.fit(X, y)) is search.best_estimator_
    assert unwrap_search("anything else") == "anything else"


@pytest.mark.parametrize(
    "estimator",
    [
        TunedThresholdClassifierCV(LogisticRegression(), cv=2),
        TunedThresholdClassifierCV(LogisticRegression(), cv=2).fit(X, y),
        LogisticRegressionCV(),
    ],
)
def test_other_estimators_that_refit_are_no_searches(estimator):
    assert unwrap_search(estimator) is estimator
    assert search_step(make_pipeline(estimator), StandardScaler) is None


@pytest.mark.parametrize(
    ("estimator", "description"),
    [
        (
            make_pipeline(StandardScaler(), LogisticRegression()),
            "a Pipeline of StandardScaler, LogisticRegression",
        ),
        (StandardScaler, "the class StandardScaler"),
        (None, "an object of type NoneType"),
    ],
)
def test_describe(estimator, description):
    assert describe(estimator) == description
