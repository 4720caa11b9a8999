import copy
from functools import partial

import joblib
import numpy as np
import pytest
import torch
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from skorch.callbacks import Callback

from sklearn_rnn import load_word_vectors
from sklearn_rnn._warnings import warn_user


def assert_point_at(mark, caught, category):
    """Check that warnings have the category and point at the line with the comment `mark`."""
    with open(__file__, encoding="utf-8") as file:
        lines = file.readlines()
    assert len(caught) > 0
    for warning in caught:
        assert warning.category is category
        assert warning.filename == __file__
        assert lines[warning.lineno - 1].endswith(f"# {mark}\n")


def in_module(name, function):
    """Return a function of the given module that calls another function."""
    namespace = {"__name__": name, "function": function}
    exec("def call():\n    function()", namespace)
    return namespace["call"]


@pytest.mark.parametrize(
    "modules",
    [
        ["sklearn_rnn._classifier"],
        ["sklearn_rnn._validation", "sklearn_rnn._classifier", "sklearn.base", "sklearn.pipeline"],
        ["skorch.net", "torch.utils._contextlib", "pickle", "copy", "joblib.numpy_pickle"],
    ],
)
def test_frames_of_libraries_are_skipped(modules):
    function = partial(warn_user, "Nothing is left.", ConvergenceWarning)
    for module in modules:
        function = in_module(module, function)
    with pytest.warns(ConvergenceWarning, match=r"^Nothing is left\.$") as caught:
        function()  # the call
    assert_point_at("the call", caught, ConvergenceWarning)


def test_module_named_like_a_library_is_not_skipped():
    function = in_module("sklearn_rnn", partial(warn_user, "Nothing is left."))
    with pytest.warns(UserWarning, match=r"^Nothing is left\.$") as caught:
        in_module("sklearn_extra", function)()
    assert [warning.filename for warning in caught] == ["<string>"]


def fit(classifier, X, y):
    classifier.fit(X, y)  # fit


def predict(classifier, X, y):
    classifier.predict(X)  # predict


def pipeline(classifier, X, y):
    make_pipeline(FunctionTransformer(), classifier).fit(X, y)  # pipeline


def scores(classifier, X, y):
    cross_val_score(classifier, X, y, cv=2)  # scores


def predictions(classifier, X, y):
    cross_val_predict(classifier, X, y, cv=2, method="predict_proba")  # predictions


def search(classifier, X, y):
    GridSearchCV(classifier, {"max_epochs": [1, 2]}, cv=2).fit(X, y)  # search


@pytest.mark.parametrize("call", [fit, predict, pipeline, scores, predictions, search])
def test_data_conversion_warning_points_at_the_users_call(call, make_classifier, word_order):
    X, y = word_order
    classifier = make_classifier(max_epochs=1).fit(X, y)
    with pytest.warns(DataConversionWarning) as caught:
        call(classifier, X + 0.5, y)
    assert_point_at(call.__name__, caught, DataConversionWarning)


class BreakWeights(Callback):
    def on_epoch_begin(self, net, **kwargs):
        if len(net.history) == 2:
            with torch.no_grad():
                net.module_.output.bias[0] = np.nan


@pytest.mark.parametrize("call", [fit, pipeline, scores])
def test_convergence_warning_points_at_the_users_call(call, make_classifier, word_order):
    classifier = make_classifier(callbacks=[BreakWeights()])
    with pytest.warns(ConvergenceWarning) as caught:
        call(classifier, *word_order)
    assert_point_at(call.__name__, caught, ConvergenceWarning)


def copied(classifier, path):
    copy.deepcopy(classifier)  # copied


def loaded(classifier, path):
    joblib.load(path)  # loaded


@pytest.mark.skipif(torch.cuda.is_available(), reason="the GPU that must be missing is there")
@pytest.mark.parametrize("call", [copied, loaded])
def test_missing_gpu_warning_points_at_the_load(call, make_classifier, word_order, tmp_path):
    classifier = make_classifier(max_epochs=1).fit(*word_order).set_params(device="cuda")
    path = tmp_path / "model.joblib"
    joblib.dump(classifier, path)
    with pytest.warns(UserWarning, match="not on this machine") as caught:
        call(classifier, path)
    assert_point_at(call.__name__, caught, UserWarning)


def test_warning_of_repeated_words_points_at_the_users_call(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("a 1\na 2\n")
    with pytest.warns(UserWarning, match="1 of 2 words came before") as caught:
        load_word_vectors(path)  # the reading
    assert_point_at("the reading", caught, UserWarning)
