"""Everything public in forked children, other processes and threads: the same bits, no hang."""

import json
import multiprocessing
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import joblib
import numpy as np
import pytest
import torch
from joblib import Parallel, delayed
from skorch.callbacks import Callback

from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn._training import thread_pool
from tests.contracts.public_calls import CALLS, CHANGING, LABELS, TEXTS, Work, make_model

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
can_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
# Python warns of a fork in a process with several threads, since 3.12. That is what is tested.
MULTI_THREADED_FORK = "ignore:.*is multi-threaded, use of fork:DeprecationWarning"


@pytest.fixture(scope="module")
def model():
    return make_model().fit(TEXTS, LABELS)


@pytest.fixture(scope="module")
def work(model, tmp_path_factory):
    return Work(model, tmp_path_factory.mktemp("work"))


@pytest.fixture(scope="module", params=["after a fit", "after a load"])
def ends(request, model, tmp_path_factory):
    """How the forked child of each call ended, by name."""
    folder = tmp_path_factory.mktemp("forks")
    arguments = [str(folder)]
    if request.param == "after a load":
        arguments += joblib.dump(model, folder / "model.joblib")
    python = [sys.executable, "-W", "error", "-W", "ignore::DeprecationWarning"]
    done = subprocess.run(
        [*python, "-m", "tests.contracts.forks", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "MPLBACKEND": "Agg"},
    )
    assert done.returncode == 0, done.stderr
    return dict(map(json.loads, done.stdout.splitlines())), done.stderr


@can_fork
@pytest.mark.parametrize("name", [*CALLS, *CHANGING])
def test_a_forked_child(name, ends):
    by_name, stderr = ends
    assert by_name[name] == "ended", stderr


@pytest.mark.parametrize("estimator", [RNNTextClassifier, TextTokenizer])
def test_every_public_method_is_called(estimator):
    methods = {
        f"{estimator.__name__}.{name}"
        for name in dir(estimator)
        if not name.startswith("_") and callable(getattr(estimator, name))
    }
    left_out = {f"{estimator.__name__}.get_metadata_routing"}
    requests = {name for name in methods if name.endswith("_request")}
    assert methods - left_out - requests <= CALLS.keys()


def fit_and_predict(_=None):
    model = make_model().fit(TEXTS, LABELS)
    return model.predict_proba(TEXTS)


def assert_all_equal(results, expected):
    for result in results:
        np.testing.assert_array_equal(result, expected, strict=True)


@pytest.fixture(scope="module")
def expected(model):
    return model.predict_proba(TEXTS)


def predict(model):
    return model.predict_proba(TEXTS)


@pytest.mark.filterwarnings(MULTI_THREADED_FORK)
@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_a_pool_of_processes(method, model, expected):
    with multiprocessing.get_context(method).Pool(2) as pool:
        fits = pool.map_async(fit_and_predict, range(2))
        predictions = pool.map_async(predict, [model] * 2)
        assert_all_equal(fits.get(timeout=300), expected)
        assert_all_equal(predictions.get(timeout=300), expected)


@pytest.mark.filterwarnings(MULTI_THREADED_FORK)
@pytest.mark.parametrize("backend", ["loky", "multiprocessing", "threading"])
def test_a_backend_of_joblib(backend, model, expected):
    with Parallel(n_jobs=2, backend=backend, timeout=300) as parallel:
        assert_all_equal(parallel(delayed(fit_and_predict)() for _ in range(2)), expected)
        assert_all_equal(parallel(delayed(predict)(model) for _ in range(2)), expected)


def test_eight_threads(work, expected):
    loaded = joblib.load(*joblib.dump(work.model, work.folder / "model.joblib"))
    barrier = threading.Barrier(8, timeout=300)

    def call(number):
        barrier.wait()
        if number % 2:
            return fit_and_predict()
        return np.stack([loaded.predict_proba(TEXTS) for _ in range(5)]).mean(0)

    with ThreadPoolExecutor(8) as executor:
        results = list(executor.map(call, range(8)))
    assert_all_equal(results[1::2], expected)
    for result in results[::2]:
        np.testing.assert_allclose(result, expected, rtol=0, atol=1e-15)


@can_fork
@pytest.mark.filterwarnings(MULTI_THREADED_FORK)
def test_forks_while_other_threads_fit_and_predict(model, expected):
    """No lock is held in the child by a thread that it does not have."""
    stop = threading.Event()

    def keep_busy():
        while not stop.is_set():
            fit_and_predict()

    context = multiprocessing.get_context("fork")
    with ThreadPoolExecutor(2) as executor:
        threads = [executor.submit(keep_busy) for _ in range(2)]
        try:
            for target in [fit_and_predict, predict] * 3:
                receiver, sender = context.Pipe(duplex=False)
                arguments = (target, model, sender)
                child = context.Process(target=send, args=arguments, daemon=True)
                child.start()
                assert receiver.poll(timeout=300), "the child hangs"
                np.testing.assert_array_equal(receiver.recv(), expected)
                child.join()
        finally:
            stop.set()
        for thread in threads:
            thread.result()


def send(function, model, sender):
    sender.send(function(model))


class ForkInTraining(Callback):
    """Forks in the first epoch. The child finishes the training and exits."""

    def __init__(self, folder):
        self.folder = folder

    def on_epoch_end(self, net, **kwargs):
        self.pid = os.fork()

    def on_train_end(self, net, **kwargs):
        if self.pid == 0:
            np.savez(self.folder / "child.npz", **net.get_weights())
            os._exit(0)


@can_fork
@pytest.mark.filterwarnings(MULTI_THREADED_FORK)
def test_a_child_that_was_forked_within_a_training_finishes_it(work, tmp_path):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        forking = ForkInTraining(tmp_path)
        classifier = make_model()[-1].set_params(callbacks=[forking], batch_size=64)
        classifier.fit(work.ids, LABELS)
    finally:
        torch.set_num_threads(before)
    assert os.waitpid(forking.pid, 0)[1] == 0
    child = np.load(tmp_path / "child.npz")
    for name, weight in classifier.net_.get_weights().items():
        np.testing.assert_array_equal(child[name], weight)


class OneCore(Callback):
    """Records the number of torch's threads at each call of a method of a callback."""

    def __init__(self):
        self.n_threads = set()

    def notify(self, net, **kwargs):
        self.n_threads.add(torch.get_num_threads())

    on_train_begin = on_epoch_begin = on_batch_begin = on_batch_end = on_train_end = notify


def test_a_fit_uses_one_core_in_its_thread_and_others_keep_theirs(work):
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        seen = OneCore()
        make_model()[-1].set_params(callbacks=[seen]).fit(work.ids, LABELS)
        assert seen.n_threads == {1}
        with thread_pool.one_core(), ThreadPoolExecutor(1) as executor:
            assert torch.get_num_threads() == 1
            assert executor.submit(torch.get_num_threads).result() == 3
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
