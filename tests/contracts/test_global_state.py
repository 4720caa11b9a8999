"""State of the process: the same before and after each public call, even a failed one."""

import csv
import decimal
import gc
import locale
import os
import random
import signal
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import sklearn
import torch
from sklearn.base import clone
from skorch.callbacks import Callback
from threadpoolctl import threadpool_info

from sklearn_rnn import TextTokenizer, WordVectors, load_word_vectors
from sklearn_rnn._training.thread_pool import flushes_denormals
from sklearn_rnn.datasets import read_texts
from sklearn_rnn.evaluation import compare
from tests.cells import EquationGRU
from tests.contracts.public_calls import CALLS, LABELS, TEXTS, Work, fit, make_model


def threads_of_torch():
    return torch.get_num_threads(), flushes_denormals()


def thread_state():
    """Return the state of the calling thread."""
    return {
        "torch threads, flush-denormal": threads_of_torch(),
        "gradients": (torch.is_grad_enabled(), torch.is_inference_mode_enabled()),
        "autocast": torch.is_autocast_enabled("cpu"),
        "errors of NumPy": np.geterr(),
        "decimal": repr(decimal.getcontext()),
        "libraries": {
            info["filepath"]: info["num_threads"]
            for info in threadpool_info()
            if info["user_api"] == "openmp"
        },
    }


def process_state():
    """Return the state that all threads share."""
    with ThreadPoolExecutor(1) as executor:
        of_a_new_thread = executor.submit(threads_of_torch).result()
    return {
        "torch threads of a new thread": of_a_new_thread,
        "torch interop threads": torch.get_num_interop_threads(),
        "BLAS": {
            info["filepath"]: info["num_threads"]
            for info in threadpool_info()
            if info["user_api"] == "blas"
        },
        "csv field limit": csv.field_size_limit(),
        "warnings": (list(warnings.filters), warnings.showwarning, warnings._showwarnmsg_impl),
        "random streams": (
            random.getstate(),
            str(np.random.get_state()),  # noqa: NPY002
            torch.get_rng_state().tolist(),
        ),
        "environment": {**os.environ, "PYTEST_CURRENT_TEST": ""},
        "locale": locale.setlocale(locale.LC_ALL),
        "directory": os.getcwd(),
        "umask": umask(),
        "signals": {number: signal.getsignal(number) for number in signal.valid_signals()},
        "torch": (
            torch.get_default_dtype(),
            str(torch.get_default_device()),
            torch.are_deterministic_algorithms_enabled(),
            torch.get_float32_matmul_precision(),
            torch.backends.cudnn.enabled,
            torch.backends.cudnn.benchmark,
            torch.backends.cudnn.deterministic,
            torch.backends.mkldnn.enabled,
        ),
        "interpreter": (
            list(sys.path),
            sys.getrecursionlimit(),
            sys.getswitchinterval(),
            gc.isenabled(),
            sys.stdout,
            sys.stderr,
            sys.excepthook,
            threading.excepthook,
        ),
        "matplotlib": dict(mpl.rcParams),
        "pandas": pd.get_option("display.max_rows"),
        "scikit-learn": sklearn.get_config(),
        "threads": set(threading.enumerate()),
    }


def umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def state():
    return process_state() | thread_state()


def assert_unchanged(before):
    after = state()
    for name, value in before.items():
        assert after[name] == value, name


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    return Work(make_model().fit(TEXTS, LABELS), tmp_path_factory.mktemp("work"))


@pytest.fixture(params=[1, 3])
def unchanged(request):
    """Compare the state before and after the test, with some of torch's threads."""
    threads_before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    try:
        before = state()
        yield
        assert_unchanged(before)
    finally:
        torch.set_num_threads(threads_before)


def fit_custom_cell(work):
    return fit(work, cell_type=EquationGRU)


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("name", CALLS)
def test_a_call(name, work):
    CALLS[name](work)


@pytest.mark.usefixtures("unchanged")
def test_a_fit_of_a_custom_cell(work):
    fit_custom_cell(work)


class Fail(Callback):
    """Raises an error in a method of a callback."""

    def __init__(self, method):
        self.method = method

    def __getattribute__(self, name):
        attribute = super().__getattribute__(name)
        if not name.startswith("on_") or name != self.method:
            return attribute

        def fail(net, **kwargs):
            raise RuntimeError("no disk")

        return fail


def failing_fit(work, method):
    with pytest.raises(RuntimeError, match="no disk"):
        fit(work, callbacks=[Fail(method)])


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    "method", ["on_train_begin", "on_epoch_begin", "on_batch_end", "on_epoch_end", "on_train_end"]
)
def test_an_error_in_a_callback(method, work):
    failing_fit(work, method)


def compare_broken(work):
    broken = make_model().set_params(rnntextclassifier__callbacks=[Fail("on_epoch_end")])
    compare({"broken": broken}, TEXTS, LABELS, cv=2)


BROKEN_CALLS = {
    "fit with bad ids": lambda w: clone(w.classifier).fit([[-1], [2]], ["a", "b"]),
    "fit with a bad parameter": lambda w: fit(w, dropout=2.0),
    "fit with a bad cell": lambda w: fit(w, cell_type=torch.nn.Linear),
    "fit with one class": lambda w: clone(w.classifier).fit(w.ids, ["a"] * len(w.ids)),
    "fit that diverges": lambda w: fit(w, learning_rate=1e36, gradient_clip=None),
    "partial_fit without classes": lambda w: clone(w.classifier).partial_fit(w.ids, LABELS),
    "predict of other columns": lambda w: w.classifier.predict(w.ids[:, :2]),
    "predict before fit": lambda w: clone(w.classifier).predict(w.ids),
    "predict_proba of text": lambda w: w.classifier.predict_proba(["a"]),
    "net_.fit": lambda w: w.net.fit(w.ids, LABELS),
    "tokenizer of numbers": lambda w: TextTokenizer().fit([1, 2]),
    "read_texts of nothing": lambda w: read_texts(w.folder / "missing.csv"),
    "read_texts of another column": lambda w: read_texts(w.folder / "texts.csv", text="none"),
    "load_word_vectors of texts": lambda w: load_word_vectors(w.folder / "texts.csv"),
    "WordVectors.from_texts of few words": lambda w: WordVectors.from_texts(TEXTS[:1]),
    "compare of a broken estimator": compare_broken,
}


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("name", BROKEN_CALLS)
def test_a_call_that_raises(name, work):
    with pytest.raises((ValueError, TypeError, RuntimeError, OSError)):
        BROKEN_CALLS[name](work)


@pytest.mark.usefixtures("unchanged")
def test_the_streams_and_flags_that_the_user_has_set(work):
    torch.set_flush_denormal(True)
    try:
        before = state()
        for name in ("RNNTextClassifier.fit", "RNNTextClassifier.predict_proba", "pickle.loads"):
            CALLS[name](work)
            assert_unchanged(before)
    finally:
        torch.set_flush_denormal(False)


# Run in a process of its own, where a thread that leaks state does not break the other tests.
@pytest.mark.slow
@pytest.mark.parametrize("n_threads", [1, 3])
def test_eight_threads_at_once(n_threads, tmp_path):
    python = [sys.executable, "-W", "error", "-m", "tests.contracts.test_global_state"]
    done = subprocess.run(
        [*python, str(n_threads), str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "MPLBACKEND": "Agg"},
    )
    assert done.returncode == 0, done.stderr


# Each thread calls these, and its share of all others.
OFTEN = (
    "RNNTextClassifier.fit",
    "RNNTextClassifier.predict_proba",
    "pickle.dumps",
    "pickle.loads",
    "read_texts",
    "TokenAttributionDisplay",
)
# scikit-learn's Parallel replaces the warnings filters, and restores what it finds.
OF_SCIKIT_LEARN = ("nb_svm", "cross_val_predict", "compare", "compare on a test set")


def call_in_eight_threads(n_threads, folder):
    torch.set_num_threads(n_threads)
    work = Work(make_model().fit(TEXTS, LABELS), Path(folder))
    often = [*map(CALLS.get, OFTEN), fit_custom_cell, lambda w: failing_fit(w, "on_epoch_end")]
    others = [call for name, call in CALLS.items() if name not in OF_SCIKIT_LEARN]
    before = state()
    barrier = threading.Barrier(8, timeout=300)

    def run(number):
        barrier.wait()
        before = thread_state()
        for call in often[number:] + often[:number] + others[number::8]:
            call(work)
            assert thread_state() == before
            assert threads_of_torch() == (n_threads, False)

    with ThreadPoolExecutor(8) as executor:
        # Threads that are born meanwhile have the settings of the process.
        futures = [executor.submit(run, number) for number in range(8)]
        while not all(future.done() for future in futures):
            assert process_state()["torch threads of a new thread"] == (n_threads, False)
            threading.Event().wait(0.01)
        for future in futures:
            future.result()
    assert_unchanged(before)


if __name__ == "__main__":
    call_in_eight_threads(int(sys.argv[1]), sys.argv[2])
