"""Faults in the caller's functions, and in the processes that run them."""

import os
import signal
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from joblib.externals.loky.process_executor import TerminatedWorkerError
from sklearn.base import clone
from sklearn.model_selection import cross_val_predict
from skorch.callbacks import Callback

from benchmarks.faults.children import run_in_child
from benchmarks.faults.models import LABELS, TEXTS, fitted_model, make_model
from sklearn_rnn import TextTokenizer


class FaultError(Exception):
    """The error of a function that a user passed."""


class _FailingCallback(Callback):
    """A callback that fails at the n-th call of an event."""

    def __init__(self, event: str, n_calls: int) -> None:
        self.event = event
        self.n_calls = n_calls
        setattr(self, event, self._count)

    def _count(self, *args: Any, **kwargs: Any) -> None:
        self.n_calls -= 1
        if self.n_calls < 0:
            raise FaultError(self.event)


class _Analyzer:
    """An analyzer that fails, or kills its process, at a text."""

    def __init__(self, text: str, kills: bool = False) -> None:
        self.text = text
        self.kills = kills

    def __call__(self, text: str) -> list[str]:
        if text == self.text:
            if self.kills:
                os.kill(os.getpid(), signal.SIGKILL)
            raise FaultError(text)
        return text.split()


def _raises(error: type[BaseException], function: Callable[..., Any], *args: Any) -> None:
    try:
        function(*args)
    except error:
        return
    raise AssertionError(f"no {error.__name__}")


EVENTS = (
    "on_train_begin",
    "on_epoch_begin",
    "on_batch_begin",
    "on_grad_computed",
    "on_batch_end",
    "on_epoch_end",
    "on_train_end",
)


def callback_fails(event: str, folder: Path, rng: np.random.Generator) -> None:
    """A callback raises an exception: it reaches the caller, and the fitted model is as before."""
    run_in_child(_fit_with_callback, event, int(rng.integers(2)))


def _fit_with_callback(event: str, n_calls: int) -> None:
    model = fitted_model()
    before = model.predict_proba(TEXTS)
    n_threads = threading.active_count()
    if event in ("on_train_begin", "on_train_end"):
        n_calls = 0
    classifier = model[-1].set_params(callbacks=[_FailingCallback(event, n_calls)], max_epochs=3)
    ids = model[0].transform(TEXTS)
    _raises(FaultError, classifier.fit, ids, LABELS)
    assert threading.active_count() == n_threads, threading.enumerate()
    assert (model.predict_proba(TEXTS) == before).all(), "the model has changed"


def analyzer_fails(n_jobs: int, folder: Path, rng: np.random.Generator) -> None:
    """The analyzer raises an exception at a random text: the fitted tokenizer is as before."""
    texts = [f"{text} {n}" for n, text in enumerate(TEXTS)]
    tokenizer = TextTokenizer(analyzer=_Analyzer(""), n_jobs=n_jobs).fit(texts)
    before = vars(tokenizer).copy()
    tokenizer.set_params(analyzer=_Analyzer(texts[rng.integers(len(texts))]))
    for call in (tokenizer.fit, tokenizer.fit_transform, tokenizer.transform):
        _raises(FaultError, call, texts)
        for name in ("vocabulary_", "max_length_"):
            assert getattr(tokenizer, name) == before[name]


def worker_is_killed(folder: Path, rng: np.random.Generator) -> None:
    """A process that splits texts is killed: an error, no hang, and the next call works."""
    run_in_child(_lose_a_worker, int(rng.integers(len(TEXTS))))


def _lose_a_worker(number: int) -> None:
    texts = [f"{text} {n}" for n, text in enumerate(TEXTS)]
    tokenizer = TextTokenizer(analyzer=_Analyzer(""), n_jobs=2).fit(texts)
    vocabulary = tokenizer.vocabulary_
    tokenizer.set_params(analyzer=_Analyzer(texts[number], kills=True))
    _raises(TerminatedWorkerError, tokenizer.fit, texts)
    assert tokenizer.vocabulary_ == vocabulary
    tokenizer.set_params(analyzer=_Analyzer(""))
    assert tokenizer.fit(texts).vocabulary_ == vocabulary


def fold_fails(folder: Path, rng: np.random.Generator) -> None:
    """An exception in one of two processes that fit folds reaches the caller."""
    model = make_model().set_params(
        texttokenizer__analyzer=_Analyzer(TEXTS[rng.integers(len(TEXTS))])
    )
    search = partial(cross_val_predict, clone(model), TEXTS, LABELS, cv=2, n_jobs=2)
    _raises(FaultError, search)


KINDS: dict[str, Callable[[Path, Any], None]] = {
    **{f"fit: callback fails in {event}": partial(callback_fails, event) for event in EVENTS},
    "TextTokenizer: analyzer fails": partial(analyzer_fails, 1),
    "TextTokenizer: analyzer fails in a process": partial(analyzer_fails, 2),
    "TextTokenizer: a process is killed": worker_is_killed,
    "cross_val_predict: a fold fails in a process": fold_fails,
}
