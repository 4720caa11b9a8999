"""Keyboard interrupts: what was trained is kept, and a library that called the fit ends too."""

import importlib
import signal
import subprocess
import sys
import threading
import warnings

import numpy as np
import pytest
from joblib import Parallel, delayed
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    TunedThresholdClassifierCV,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
    permutation_test_score,
    validation_curve,
)
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.semi_supervised import SelfTrainingClassifier
from skorch.callbacks import Callback, EarlyStopping

from sklearn_rnn import RNNTextClassifier
from sklearn_rnn._training import loop, net
from sklearn_rnn.evaluation import compare
from tests.texts import LABELS, TEXTS


class Interrupt(Callback):
    """Raises a KeyboardInterrupt in a method of a callback, in one epoch or in each (None)."""

    n_interrupts = 0

    def __init__(self, method="on_batch_end", *, epoch=1):
        self.method = method
        self.epoch = epoch

    def __getattribute__(self, name):
        attribute = super().__getattribute__(name)
        if not name.startswith("on_") or name != self.method:
            return attribute

        def interrupt(net, **kwargs):
            if self.epoch in (None, len(net.history)):
                type(self).n_interrupts += 1
                raise KeyboardInterrupt

        return interrupt


@pytest.fixture
def interrupted(make_classifier):
    """Make a classifier whose fits are interrupted."""
    Interrupt.n_interrupts = 0

    def make(*arguments, epoch=1, **parameters):
        return make_classifier(callbacks=[Interrupt(*arguments, epoch=epoch)], **parameters)

    return make


def fit(classifier, X, y):
    return classifier.fit(X, y)


def partial_fit(classifier, X, y):
    return classifier.partial_fit(X, y, classes=np.unique(y))


def fit_pipeline(classifier, X, y):
    return make_pipeline(FunctionTransformer(), classifier).fit(X, y)[-1]


def fit_nested_pipelines(classifier, X, y):
    inner = make_pipeline(FunctionTransformer(), classifier)
    return make_pipeline(FunctionTransformer(), make_pipeline(inner)).fit(X, y)[-1][-1][-1]


def fit_pipeline_with_memory(classifier, X, y, path):
    return make_pipeline(FunctionTransformer(), classifier, memory=str(path)).fit(X, y)[-1]


def fit_in_a_thread(classifier, X, y):
    thread = threading.Thread(target=classifier.fit, args=(X, y))
    thread.start()
    thread.join()
    return classifier


@pytest.mark.parametrize(
    "call", [fit, partial_fit, fit_pipeline, fit_nested_pipelines, fit_in_a_thread]
)
def test_a_fit_that_the_user_called_returns(call, interrupted, word_order):
    with pytest.warns(UserWarning, match=r"^Training was interrupted in epoch 1\. What was "):
        classifier = call(interrupted(), *word_order)
    assert classifier.n_epochs_ == 0
    assert classifier.predict(word_order[0]).shape == word_order[1].shape


def test_a_fit_in_a_pipeline_with_memory_returns(interrupted, word_order, tmp_path):
    with pytest.warns(UserWarning, match="interrupted in epoch 1"):
        classifier = fit_pipeline_with_memory(interrupted(), *word_order, tmp_path)
    assert classifier.n_epochs_ == 0


def search_in_a_pipeline(classifier, X, y):
    search = GridSearchCV(classifier, {"max_epochs": [1, 2]}, cv=2, n_jobs=1)
    make_pipeline(FunctionTransformer(), search).fit(X, y)


def search_over_a_pipeline(classifier, X, y):
    pipeline = make_pipeline(FunctionTransformer(), classifier)
    grid = {"rnntextclassifier__max_epochs": [1, 2]}
    GridSearchCV(pipeline, grid, cv=2, error_score=0.0).fit(X, y)


class FitTwice(ClassifierMixin, BaseEstimator):
    """Meta-estimator in a user's own file."""

    def __init__(self, estimator):
        self.estimator = estimator

    def fit(self, X, y):
        for number in range(2):
            self.fit_one(X, y, number)

    def fit_one(self, X, y, number):
        setattr(self, f"estimator{number}_", self.estimator.fit(X, y))


class UserClassifier(RNNTextClassifier):
    """Subclass in a user's own file."""

    def fit(self, X, y):
        return super().fit(X, y)


class UserPipeline(Pipeline):
    """Subclass in a user's own file."""

    def fit(self, X, y):
        return super().fit(X, y)


@pytest.mark.parametrize("in_pipeline", [False, True])
def test_the_fit_of_a_subclass_returns(in_pipeline, interrupted, word_order):
    classifier = UserClassifier(**interrupted().get_params())
    model = UserPipeline([("classifier", classifier)]) if in_pipeline else classifier
    with pytest.warns(UserWarning, match="interrupted in epoch 1"):
        model.fit(*word_order)


LIBRARIES = {
    "an estimator of the user": lambda c, X, y: FitTwice(c).fit(X, y),
    "an estimator of the user over a Pipeline": lambda c, X, y: FitTwice(make_pipeline(c)).fit(
        X, y
    ),
    "an estimator of the user in a Pipeline": lambda c, X, y: make_pipeline(FitTwice(c)).fit(X, y),
    "GridSearchCV": lambda c, X, y: GridSearchCV(c, {"max_epochs": [1, 2]}, cv=2).fit(X, y),
    "RandomizedSearchCV": lambda c, X, y: RandomizedSearchCV(
        c, {"max_epochs": [1, 2]}, cv=2, n_iter=2
    ).fit(X, y),
    "HalvingGridSearchCV": lambda c, X, y: HalvingGridSearchCV(c, {"max_epochs": [1, 2]}, cv=2).fit(
        X, y
    ),
    "search in a Pipeline": search_in_a_pipeline,
    "search over a Pipeline": search_over_a_pipeline,
    "cross_validate": lambda c, X, y: cross_validate(c, X, y, cv=2),
    "cross_val_score": lambda c, X, y: cross_val_score(c, X, y, cv=2),
    "cross_val_predict": lambda c, X, y: cross_val_predict(c, X, y, cv=2),
    "learning_curve": lambda c, X, y: learning_curve(c, X, y, cv=2),
    "validation_curve": lambda c, X, y: validation_curve(
        c, X, y, param_name="max_epochs", param_range=[1, 2], cv=2
    ),
    "permutation_test_score": lambda c, X, y: permutation_test_score(c, X, y, cv=2),
    "VotingClassifier": lambda c, X, y: VotingClassifier([("a", c), ("b", c)]).fit(X, y),
    "StackingClassifier": lambda c, X, y: StackingClassifier([("a", c), ("b", c)]).fit(X, y),
    "BaggingClassifier": lambda c, X, y: BaggingClassifier(c, n_estimators=2).fit(X, y),
    "OneVsRestClassifier": lambda c, X, y: OneVsRestClassifier(c).fit(X, y),
    "OneVsOneClassifier": lambda c, X, y: OneVsOneClassifier(c).fit(X, y),
    "OutputCodeClassifier": lambda c, X, y: OutputCodeClassifier(c, random_state=0).fit(X, y),
    "CalibratedClassifierCV": lambda c, X, y: CalibratedClassifierCV(c, cv=2).fit(X, y),
    "SelfTrainingClassifier": lambda c, X, y: SelfTrainingClassifier(c).fit(
        X, np.where(np.arange(len(y)) % 4 == 0, -1, y == "pos")
    ),
    "FixedThresholdClassifier": lambda c, X, y: FixedThresholdClassifier(c).fit(X, y == "pos"),
    "TunedThresholdClassifierCV": lambda c, X, y: TunedThresholdClassifierCV(c, cv=2).fit(
        X, y == "pos"
    ),
    "joblib": lambda c, X, y: Parallel(n_jobs=1)(delayed(c.fit)(X, y) for _ in range(2)),
    "compare": lambda c, X, y: compare({"a": c, "b": c}, X, y, cv=2),
}


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_library_that_called_the_fit_ends_with_it(library, interrupted, word_order):
    message = r"^Training was interrupted in epoch 1\. What was trained is kept\.$"
    with pytest.raises(KeyboardInterrupt, match=message):
        LIBRARIES[library](interrupted(), *word_order)
    assert Interrupt.n_interrupts == 1


SEARCH = """
def optimize(objective, n_trials):
    for trial in range(n_trials):
        objective(trial)
"""


@pytest.mark.parametrize("folder", ["site-packages", "dist-packages"])
@pytest.mark.parametrize("call", [fit, partial_fit, fit_nested_pipelines])
def test_any_installed_library_ends_and_the_estimator_is_fitted(
    folder, call, interrupted, word_order, tmp_path, monkeypatch
):
    path = tmp_path / "lib" / folder
    path.mkdir(parents=True)
    (path / "fake_search.py").write_text(SEARCH)
    monkeypatch.syspath_prepend(path)
    fake_search = importlib.import_module("fake_search")
    monkeypatch.delitem(sys.modules, "fake_search")
    classifier = interrupted()
    with pytest.raises(KeyboardInterrupt):
        fake_search.optimize(lambda _: call(classifier, *word_order), n_trials=2)
    assert Interrupt.n_interrupts == 1
    assert classifier.predict(word_order[0]).shape == word_order[1].shape


# Each method of a callback, and the epochs that are complete when it is called in epoch 2.
METHODS = {
    "on_epoch_begin": 1,
    "on_batch_begin": 1,
    "on_grad_computed": 1,
    "on_batch_end": 1,
    "on_epoch_end": 2,
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("validate", [False, True])
def test_an_interrupt_in_any_method_of_a_callback_keeps_what_was_trained(
    method, validate, interrupted, word_order
):
    X, y = word_order
    validation = {"X_val": X, "y_val": y} if validate else {}
    n_epochs = METHODS[method]
    message = rf"^Training was interrupted in epoch {n_epochs + 1}\. What was trained is kept\.$"
    with pytest.warns(UserWarning, match=message):
        classifier = interrupted(method, epoch=2).fit(X, y, **validation)
    assert classifier.n_epochs_ == len(classifier.history_) == n_epochs
    classifier.set_params(callbacks=None, warm_start=True).fit(X, y)
    assert classifier.n_epochs_ == n_epochs + classifier.max_epochs


@pytest.mark.parametrize("validate", [False, True])
def test_an_interrupt_after_the_last_epoch_keeps_the_training(
    validate, interrupted, make_classifier, word_order
):
    X, y = word_order
    validation = {"X_val": X, "y_val": y} if validate else {}
    with pytest.warns(UserWarning, match=r"^Training was interrupted after epoch 3\. What was "):
        classifier = interrupted("on_train_end", epoch=3).fit(X, y, **validation)
    expected = make_classifier().fit(X, y, **validation)
    np.testing.assert_array_equal(classifier.predict_proba(X), expected.predict_proba(X))


def raise_interrupt(*args, **kwargs):
    raise KeyboardInterrupt


def test_an_interrupt_of_the_output_calibration_keeps_the_training(
    make_classifier, word_order, monkeypatch
):
    X, y = np.tile(word_order[0], (2, 1)), np.tile(word_order[1], 2)  # enough texts for folds
    monkeypatch.setattr(loop, "refit_output_bias", raise_interrupt)
    with pytest.warns(UserWarning, match=r"^Training was interrupted after epoch 3\. What was "):
        classifier = make_classifier().fit(X, y)
    assert classifier.n_epochs_ == 3
    assert classifier.score(X, y) > 0.5


@pytest.fixture(params=["data", "network", "linear term", "on_train_begin", "loop"])
def interrupt_before_training(request, monkeypatch):
    """Interrupt fits before the first epoch. Return the callbacks for the classifier."""
    replaced = {
        "data": ("sklearn_rnn._classifier", "prepare_data"),
        "network": ("sklearn_rnn._classifier", "plan_architecture"),
        "linear term": (net.__name__, "learn_linear_term"),
        "loop": (loop.__name__, "TrainingBatches"),
    }
    if request.param == "on_train_begin":
        return [Interrupt("on_train_begin", epoch=None)]
    module, name = replaced[request.param]
    monkeypatch.setattr(importlib.import_module(module), name, raise_interrupt)
    return None


@pytest.mark.parametrize("call", [fit, partial_fit, fit_pipeline])
def test_an_interrupt_before_the_training_leaves_an_unfitted_classifier(
    call, interrupt_before_training, make_classifier, word_order
):
    classifier = make_classifier(callbacks=interrupt_before_training)
    with pytest.raises(KeyboardInterrupt):
        call(classifier, *word_order)
    with pytest.raises(NotFittedError):
        classifier.predict(word_order[0])
    assert not [name for name in vars(classifier) if name.endswith("_")]


@pytest.fixture
def fitted(make_classifier, word_order):
    return make_classifier(warm_start=True).fit(*word_order)


@pytest.mark.parametrize("call", [fit, partial_fit])
def test_an_interrupt_before_more_training_leaves_the_model(
    call, fitted, interrupt_before_training, word_order
):
    before = fitted.predict_proba(word_order[0])
    fitted.set_params(callbacks=interrupt_before_training)
    with pytest.raises(KeyboardInterrupt):
        call(fitted, *word_order)
    np.testing.assert_array_equal(fitted.predict_proba(word_order[0]), before)
    assert fitted.n_epochs_ == len(fitted.history_) == len(fitted.net_.history) == 3


@pytest.mark.parametrize("call", [fit, partial_fit])
def test_an_interrupt_in_more_training_keeps_both(call, fitted, word_order):
    before = fitted.predict_proba(word_order[0])
    fitted.set_params(callbacks=[Interrupt(epoch=4)])
    with pytest.warns(UserWarning, match=r"^Training was interrupted in epoch 4\. What was "):
        call(fitted, *word_order)
    assert not np.array_equal(fitted.predict_proba(word_order[0]), before)
    assert fitted.n_epochs_ == 3


def test_the_model_is_kept_where_the_warning_is_an_error(interrupted, word_order):
    classifier = interrupted(epoch=2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="interrupted in epoch 2"):
            classifier.fit(*word_order)
    assert classifier.n_epochs_ == 1


def test_early_stopping_of_skorch_is_no_interrupt(make_classifier, word_order):
    stopping = EarlyStopping("train_loss", patience=2, threshold=100.0, sink=lambda _: None)
    classifier = make_classifier(callbacks=[stopping], max_epochs=9)
    assert classifier.fit(*word_order).n_epochs_ == 3
    search = GridSearchCV(classifier, {"max_epochs": [8, 9]}, cv=2).fit(*word_order)
    assert search.best_estimator_.n_epochs_ == 3


def test_errors_of_a_callback_are_no_interrupts(make_classifier, word_order):
    class Fail(Callback):
        def on_epoch_end(self, net, **kwargs):
            raise RuntimeError("no disk")

    classifier = make_classifier(callbacks=[Fail()])
    with pytest.raises(RuntimeError, match="no disk"):
        clone(classifier).fit(*word_order)


PROGRAM = f"""
import numpy as np
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn_rnn import RNNTextClassifier, TextTokenizer
from skorch.callbacks import Callback

class Announce(Callback):
    def on_batch_end(self, net, **kwargs):
        if len(net.history) == 2:
            print("training", flush=True)

texts, labels = {TEXTS!r}, {LABELS!r}
classifier = RNNTextClassifier(
    embedding_dim=4, hidden_size=4, max_epochs=10**6, callbacks=[Announce()], random_state=0
)
model = make_pipeline(TextTokenizer(), classifier)
try:
    CALL
except KeyboardInterrupt:
    print("interrupt")
else:
    print("returned", model[-1].n_epochs_ >= 1, model.predict(texts).shape == (len(texts),))
"""
CALLS = {
    "model.fit(texts, labels)": "returned True True",
    "make_pipeline(model).fit(texts, labels)": "returned True True",
    "GridSearchCV(model, {'rnntextclassifier__dropout': [0.1, 0.2]}, cv=2, n_jobs=1)"
    ".fit(texts, labels)": "interrupt",
    "cross_validate(model, texts, labels, cv=2)": "interrupt",
}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT cannot be sent to one process")
@pytest.mark.parametrize("call", CALLS)
def test_ctrl_c(call):
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", PROGRAM.replace("CALL", call)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout.readline() == "training\n"
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=120)
    finally:
        process.kill()
    assert out.splitlines()[-1] == CALLS[call]
