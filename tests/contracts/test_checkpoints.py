"""Fits that are killed: the same call goes on, and ends with the same bits."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from skorch.callbacks import (
    BatchScoring,
    Callback,
    Checkpoint,
    EarlyStopping,
    EpochScoring,
    Freezer,
    LoadInitState,
    LRScheduler,
    PassthroughScoring,
    PrintLog,
    ProgressBar,
)

from sklearn_rnn import TextTokenizer
from tests.cells import EquationGRU
from tests.nets import same_weights
from tests.texts import LABELS, TEXTS

ROOT = Path(__file__).parents[2]
pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork"),
    # Python warns of a fork in a process with several threads, since 3.12.
    pytest.mark.filterwarnings("ignore:.*is multi-threaded, use of fork:DeprecationWarning"),
]


class Kill(Callback):
    """Kills its process at the nth call of a method."""

    def __init__(self, method, n=1):
        self.method = method
        self.n = n

    def initialize(self):
        self.left_ = self.n
        setattr(self, self.method, self.count)
        return self

    def count(self, net, **kwargs):
        self.left_ -= 1
        if self.left_ == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class Batches(Callback):
    """Counts the training batches."""

    def initialize(self):
        self.n = 0
        return self

    def on_batch_end(self, net, training, **kwargs):
        self.n += training


def fit_killed(classifier, *data, method="on_batch_end", n=1, **validation):
    """Fit a clone in another process, which is killed."""
    pid = os.fork()
    if pid == 0:
        try:
            killed = clone(classifier)
            killed.callbacks = [*(killed.callbacks or []), Kill(method, n)]
            killed.fit(*data, **validation)
        finally:
            os._exit(1)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == signal.SIGKILL


def history_of(classifier):
    """Return the history of the net, without durations."""
    return [
        {name: value for name, value in row.items() if name != "dur"}
        for row in classifier.net_.history
    ]


def assert_same_fit(classifier, expected, X):
    """Assert that two fits have the same bits, but for durations."""
    assert same_weights(classifier, expected)
    columns = expected.history_.columns.drop("seconds")
    pd.testing.assert_frame_equal(
        classifier.history_[columns], expected.history_[columns], check_exact=True
    )
    assert (classifier.history_["seconds"] > 0).all()
    assert history_of(classifier) == history_of(expected)
    np.testing.assert_array_equal(classifier.predict_proba(X), expected.predict_proba(X))
    assert vars(classifier).keys() == vars(expected).keys()
    assert getattr(classifier, "best_epoch_", None) == getattr(expected, "best_epoch_", None)
    if hasattr(expected, "gradient_flow_"):
        pd.testing.assert_frame_equal(
            classifier.gradient_flow_, expected.gradient_flow_, check_exact=True
        )


@pytest.fixture
def data(word_order):
    """Enough texts for folds of the linear term: 160, in 8 batches of 20."""
    return tuple(np.concatenate([part, part]) for part in word_order)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "fit.checkpoint"


DROPOUT = {"word_dropout": 0.2, "embedding_dropout": 0.3, "dropout": 0.3}
STOPPING = {"early_stopping": True, "validation_fraction": 0.3}
FITS = {
    "lstm": {"cell_type": "lstm"},
    "gru": {"cell_type": "gru"},
    "rnn": {"cell_type": "rnn", "num_layers": 2},
    "custom cell": {"cell_type": EquationGRU},
    "micro-batches": {"hidden_size": 64, "batch_size": 64},
    "batch_norm": {"batch_norm": True, "head_sizes": (3,)},
    "no linear term": {"linear_ngrams": 0},
    "one_cycle": {"lr_schedule": "one_cycle"},
    "plateau": {"lr_schedule": "plateau", "n_iter_no_change": 1, **STOPPING},
    "early_stopping": {"learning_rate": 0.3, "n_iter_no_change": 9, **STOPPING},
    "loss": {"scoring": "loss", "learning_rate": 0.1, "n_iter_no_change": 9, **STOPPING},
    "evaluations_per_epoch": {"evaluations_per_epoch": 3},
    "record_gradients": {"record_gradients": True},
    "freeze_embeddings": {"freeze_embeddings": True, "record_gradients": True},
    "weights": {"class_weight": "balanced", "weight_decay": 0.1, "label_smoothing": 0.1},
    "bfloat16": {"precision": "bfloat16"},
    "RandomState": {"random_state": np.random.RandomState(3)},
}


@pytest.mark.parametrize("name", FITS)
def test_a_killed_fit_goes_on(name, make_classifier, data, path):
    classifier = make_classifier(**{"max_epochs": 4, **DROPOUT, **FITS[name]})
    expected = clone(classifier).fit(*data)
    classifier.set_params(checkpoint_path=path)
    n_batches = sum(len(row["batches"]) for row in expected.net_.history)
    fit_killed(classifier, *data, n=int(0.6 * n_batches))  # in the third epoch of four
    assert path.exists()
    assert_same_fit(clone(classifier).fit(*data), expected, data[0])
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("method", "n", "n_batches"),
    [
        ("on_train_begin", 1, 32),  # after the linear term
        ("on_batch_end", 3, 32),
        ("on_epoch_end", 1, 32),
        ("on_epoch_begin", 2, 24),
        ("on_batch_end", 9, 24),
        ("on_epoch_end", 4, 8),
        ("on_train_end", 1, 0),
    ],
)
def test_it_goes_on_after_the_last_complete_epoch(
    method, n, n_batches, make_classifier, data, path
):
    classifier = make_classifier(max_epochs=4, checkpoint_path=path, **DROPOUT)
    fit_killed(classifier, *data, method=method, n=n)
    batches = Batches()
    classifier.set_params(callbacks=[batches]).fit(*data)
    assert batches.n == n_batches
    expected = make_classifier(max_epochs=4, **DROPOUT).fit(*data)
    assert_same_fit(classifier.set_params(checkpoint_path=None), expected, data[0])


def test_it_goes_on_as_often_as_it_is_killed(make_classifier, data, path):
    classifier = make_classifier(max_epochs=4, checkpoint_path=path, **DROPOUT, **STOPPING)
    expected = clone(classifier).set_params(checkpoint_path=None).fit(*data)
    for n in (3, 12, 11, 9, 2):
        fit_killed(classifier, *data, n=n)
    assert_same_fit(classifier.fit(*data), expected, data[0])


def test_any_number_of_threads_goes_on(make_classifier, data, path):
    sizes = {"hidden_size": 64, "batch_size": 64, "max_epochs": 3, **DROPOUT}
    expected = make_classifier(**sizes).fit(*data)
    classifier = make_classifier(checkpoint_path=path, **sizes)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        fit_killed(classifier, *data, n=5)
        torch.set_num_threads(3)
        assert_same_fit(classifier.fit(*data), expected, data[0])
    finally:
        torch.set_num_threads(before)


def test_validation_data_and_sample_weights(make_classifier, data, path):
    X, y = data
    weights = np.random.default_rng(0).random(len(y))
    validation = {"X_val": X[:50], "y_val": y[:50], "sample_weight_val": weights[:50]}
    classifier = make_classifier(learning_rate=0.3, max_epochs=5, **DROPOUT)
    expected = clone(classifier).fit(X, y, weights, **validation)
    assert expected.best_epoch_ < 5
    classifier.set_params(checkpoint_path=path)
    fit_killed(classifier, X, y, weights, method="on_epoch_begin", n=5, **validation)
    assert_same_fit(classifier.fit(X, y, weights, **validation), expected, X)


def test_a_fit_that_early_stopping_ended_is_not_trained_on(make_classifier, data, path):
    parameters = {"max_epochs": 40, "n_iter_no_change": 1, "tol": 1.0, **STOPPING}
    expected = make_classifier(**parameters).fit(*data)
    assert expected.n_epochs_ == 3
    classifier = make_classifier(checkpoint_path=path, **parameters)
    fit_killed(classifier, *data, method="on_train_end")
    batches = Batches()
    classifier.set_params(callbacks=[batches]).fit(*data)
    assert batches.n == 0
    assert_same_fit(classifier, expected, data[0])


def test_texts_with_characters(make_classifier, path):
    texts = TEXTS * 8
    classifier = make_classifier(max_epochs=3, **DROPOUT)
    pipe = make_pipeline(TextTokenizer(add_characters=True), classifier)
    expected = clone(pipe).fit(texts, LABELS * 8)[-1]
    X = pipe[0].fit_transform(texts)
    classifier.set_params(checkpoint_path=path)
    fit_killed(classifier, X, LABELS * 8, method="on_epoch_begin", n=3)
    assert_same_fit(pipe.fit(texts, LABELS * 8)[-1], expected, X)


def test_a_warm_start_goes_on(make_classifier, data, path):
    first = make_classifier(warm_start=True, **DROPOUT).fit(*data)
    twice = make_classifier(warm_start=True, **DROPOUT).fit(*data).fit(*data)
    pid = os.fork()
    if pid == 0:
        try:
            killing = [Kill("on_epoch_begin", 3)]
            first.set_params(checkpoint_path=path, callbacks=killing).fit(*data)
        finally:
            os._exit(1)
    os.waitpid(pid, 0)
    assert path.exists()
    again = first.set_params(checkpoint_path=path).fit(*data)
    assert len(again.history_) == 6
    assert_same_fit(again, twice, data[0])


def test_partial_fit_writes_no_checkpoint(make_classifier, data, path):
    class Look(Callback):
        def on_train_end(self, net, **kwargs):
            assert not list(path.parent.iterdir())

    classifier = make_classifier(checkpoint_path=path, random_state=None, callbacks=[Look()])
    classifier.partial_fit(*data, classes=["neg", "pos"])


# What a fit leaves


class Folder(Callback):
    """Lists the folder of the checkpoint at each end of an epoch."""

    def __init__(self, path):
        self.path = path

    def initialize(self):
        self.seen = []
        return self

    def on_epoch_begin(self, net, **kwargs):
        self.seen.append({file.name: file.stat().st_mtime_ns for file in self.path.iterdir()})


def test_the_linear_term_is_written_once(make_classifier, data, path):
    folder = Folder(path.parent)
    make_classifier(checkpoint_path=path, callbacks=[folder]).fit(*data)
    assert [set(files) for files in folder.seen] == [
        {"fit.checkpoint.linear"},
        *[{"fit.checkpoint", "fit.checkpoint.linear"}] * 2,
    ]
    assert len({files["fit.checkpoint.linear"] for files in folder.seen}) == 1
    assert folder.seen[1]["fit.checkpoint"] < folder.seen[2]["fit.checkpoint"]


def test_an_interrupted_fit_leaves_its_checkpoint(make_classifier, data, path):
    class Interrupt(Callback):
        def on_epoch_begin(self, net, **kwargs):
            if len(net.history) == 3:
                raise KeyboardInterrupt

    expected = make_classifier(**DROPOUT).fit(*data)
    classifier = make_classifier(checkpoint_path=path, callbacks=[Interrupt()], **DROPOUT)
    with pytest.warns(UserWarning, match="interrupted in epoch 3. What was trained is kept."):
        classifier.fit(*data)
    assert classifier.n_epochs_ == 2
    batches = Batches()
    assert_same_fit(classifier.set_params(callbacks=[batches]).fit(*data), expected, data[0])
    assert batches.n == 8


def test_an_error_of_a_callback_leaves_the_checkpoint(make_classifier, data, path):
    class Fail(Callback):
        def on_epoch_begin(self, net, **kwargs):
            if len(net.history) == 3:
                raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match=r"^mine$"):
        make_classifier(checkpoint_path=path, callbacks=[Fail()]).fit(*data)
    expected = make_classifier().fit(*data)
    assert_same_fit(make_classifier(checkpoint_path=path).fit(*data), expected, data[0])


@pytest.mark.filterwarnings("ignore:Training stopped")
@pytest.mark.parametrize("epoch", [1, 2])
def test_a_fit_that_diverges_leaves_no_checkpoint(make_classifier, data, path, epoch):
    class Break(Callback):
        def on_epoch_begin(self, net, **kwargs):
            if len(net.history) == epoch:
                with torch.no_grad():
                    net.module_.output.bias[0] = np.nan

    classifier = make_classifier(checkpoint_path=path, callbacks=[Break()])
    if epoch == 1:
        with pytest.raises(ValueError, match="not finite"):
            classifier.fit(*data)
    else:
        classifier.fit(*data)
    assert not list(path.parent.iterdir())


def test_a_kill_while_the_file_is_written(make_classifier, data, path, monkeypatch):
    expected = make_classifier(**DROPOUT).fit(*data)
    classifier = make_classifier(checkpoint_path=path, **DROPOUT)
    fit_killed(classifier, *data, method="on_epoch_begin", n=2)
    whole = path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", lambda *paths: os.kill(os.getpid(), signal.SIGKILL))
        fit_killed(classifier, *data, method="on_epoch_begin", n=99)
    assert path.read_bytes() == whole
    (folder,) = (entry for entry in path.parent.iterdir() if entry.is_dir())
    assert [left.name for left in folder.iterdir()] == [path.name]
    assert_same_fit(classifier.fit(*data), expected, data[0])
    assert not list(path.parent.iterdir())


# Searches


def test_a_killed_search_goes_on(make_classifier, data, path):
    def search(callbacks=None, checkpoint_path=path / "{fit}"):
        classifier = make_classifier(callbacks=callbacks, checkpoint_path=checkpoint_path)
        return GridSearchCV(classifier, {"hidden_size": [3, 4]}, cv=2, n_jobs=1)

    path.mkdir()
    expected = search(checkpoint_path=None).fit(*data)
    pid = os.fork()
    if pid == 0:
        try:
            search(callbacks=[Kill("on_epoch_begin", 2)]).fit(*data)
        finally:
            os._exit(1)
    os.waitpid(pid, 0)
    (linear, state) = sorted(path.iterdir(), key=lambda file: -len(file.name))
    assert linear.name == f"{state.name}.linear"
    assert len(state.name) == 16
    found = search().fit(*data)
    for key in ("mean_test_score", "split0_test_score", "split1_test_score"):
        np.testing.assert_array_equal(found.cv_results_[key], expected.cv_results_[key])
    assert same_weights(found.best_estimator_, expected.best_estimator_)
    assert not list(path.iterdir())


def test_fits_at_the_same_time_do_not_share_a_file(make_classifier, data, path):
    class FitAnother(Callback):
        def on_epoch_begin(self, net, **kwargs):
            if len(net.history) == 1:
                fit_killed(another, *data, method="on_epoch_begin", n=2)

    another = make_classifier(checkpoint_path=path, hidden_size=3, linear_ngrams=0)
    classifier = make_classifier(checkpoint_path=path, callbacks=[FitAnother()], linear_ngrams=0)
    with pytest.raises(ValueError, match="another fit: hidden_size is 3 there and 4 here"):
        classifier.fit(*data)


# Callbacks


@pytest.mark.parametrize(
    "callbacks",
    [
        lambda: [EpochScoring("accuracy", lower_is_better=False, name="mine")],
        lambda: [BatchScoring("accuracy", lower_is_better=False, name="mine")],
        lambda: [PassthroughScoring("train_loss", on_train=True)],
        lambda: [LRScheduler("StepLR", step_size=2, gamma=0.5)],
        lambda: [LRScheduler("CosineAnnealingLR", T_max=6)],
        lambda: [LRScheduler("ExponentialLR", gamma=0.5)],
        lambda: [Freezer("layers.*", at=2)],
    ],
)
def test_callbacks_that_go_on(callbacks, make_classifier, data, path):
    X, y = data
    parameters = {"learning_rate": 0.1, "max_epochs": 5, **DROPOUT}
    expected = make_classifier(callbacks=callbacks(), **parameters)
    expected.fit(X, y, X_val=X[:30], y_val=y[:30])
    classifier = make_classifier(callbacks=callbacks(), checkpoint_path=path, **parameters)
    fit_killed(classifier, X, y, method="on_epoch_begin", n=4, X_val=X[:30], y_val=y[:30])
    assert_same_fit(classifier.fit(X, y, X_val=X[:30], y_val=y[:30]), expected, X)


def test_lines_and_bars_go_on(make_classifier, data, path, capsys):
    lines = []
    callbacks = [PrintLog(sink=lines.append), ProgressBar()]
    classifier = make_classifier(checkpoint_path=path, max_epochs=5, callbacks=callbacks)
    fit_killed(classifier, *data, method="on_epoch_begin", n=4)
    classifier.fit(*data)
    assert [line.split()[0] for line in lines[2:]] == ["4", "5"]


@pytest.mark.parametrize(
    ("callback", "reason"),
    [
        (EarlyStopping("train_loss"), "EarlyStopping counts epochs"),
        (LoadInitState(Checkpoint()), "LoadInitState loads another state"),
        (LRScheduler("ReduceLROnPlateau"), "LRScheduler keeps a state"),
        (LRScheduler("StepLR", step_size=2, step_every="batch"), "LRScheduler keeps a state"),
    ],
)
def test_callbacks_with_a_state_are_refused(callback, reason, make_classifier, data, path):
    cures = {
        "EarlyStopping": "Set early_stopping=True of the classifier in its place",
        "LoadInitState": "Remove it from callbacks",
        "LRScheduler": "Set lr_schedule of the classifier, or a policy that depends on the epoch "
        "alone",
    }
    classifier = make_classifier(checkpoint_path=path, callbacks=[callback])
    with pytest.raises(ValueError) as error:  # noqa: PT011 - all of the message is compared
        classifier.fit(*data)
    assert str(error.value) == (
        f"{reason} that a checkpoint does not hold, so that a fit that goes on from a checkpoint "
        f"would end with other weights. {cures[reason.split()[0]]}, or set checkpoint_path=None."
    )
    assert not list(path.parent.iterdir())


# Real processes

EXAMPLE = ROOT / "examples" / "killed_fit.py"


@pytest.mark.slow
def test_the_example_ends_with_the_same_weights():
    """It kills a process a moment after each checkpoint: ``pytest -m slow -s -k example``."""
    done = subprocess.run(
        [sys.executable, str(EXAMPLE)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    lines = done.stdout.splitlines()
    print(done.stdout)
    assert lines.count("killed") >= 3
    assert lines[-1] == "the same weights as without interruption"


@pytest.mark.slow
def test_kills_at_random_moments(make_classifier, data, path):
    """Each process goes on for a random time, of up to a quarter of an undisturbed fit."""
    parameters = {"max_epochs": 30, "n_iter_no_change": 99, **DROPOUT, **STOPPING}
    make_classifier(**parameters).fit(*data)  # the first is slower
    start = time.monotonic()
    expected = make_classifier(**parameters).fit(*data)
    seconds = time.monotonic() - start
    classifier = make_classifier(checkpoint_path=path, **parameters)
    random_state = random.Random(0)
    statuses = []
    while not statuses or statuses[-1] != 0:
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                fitted = clone(classifier).fit(*data)
                joblib.dump(fitted, path.with_name("model.joblib"))
                code = 0
            finally:
                os._exit(code)
        time.sleep(random_state.uniform(0, seconds / 4))
        # A fit that is killed again and again before its next checkpoint would never end.
        if len(statuses) < 20:
            os.kill(pid, signal.SIGKILL)
        statuses.append(os.waitpid(pid, 0)[1])
    assert set(statuses) <= {0, signal.SIGKILL}
    assert signal.SIGKILL in statuses
    fitted = joblib.load(path.with_name("model.joblib"))
    assert same_weights(fitted, expected)
    pd.testing.assert_frame_equal(
        fitted.history_.drop(columns="seconds"), expected.history_.drop(columns="seconds")
    )
    assert not path.exists()
