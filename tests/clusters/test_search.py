"""Searches and comparisons on Dask and Ray: serial results, texts sent once, threads, GPUs."""

import os
import time

import numpy as np
import pytest
import torch
from joblib import Parallel, delayed, parallel_config
from numpy.testing import assert_equal
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline

from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn._text import encoding
from sklearn_rnn._training.hardware import resolve_device
from sklearn_rnn._training.thread_pool import thread_pool
from sklearn_rnn.baselines import nb_svm
from sklearn_rnn.datasets import make_word_order
from sklearn_rnn.evaluation import compare

# The warnings of the engines are not ours.
pytestmark = pytest.mark.filterwarnings("default")

TEXTS, LABELS = make_word_order(120, random_state=0)
GRID = {"rnntextclassifier__hidden_size": [2, 4], "rnntextclassifier__dropout": [0.0, 0.5]}


class CountedText(str):
    """A text that counts how often this process pickles it, as the sender of a job."""

    n_pickles = 0

    def __reduce__(self):
        CountedText.n_pickles += 1
        return str, (str(self),)


@pytest.fixture(params=["dask", "ray"])
def cluster(request):
    """Run joblib's jobs on a cluster of two processes."""
    request.getfixturevalue({"dask": "dask_client", "ray": "ray_cluster"}[request.param])
    with parallel_config(request.param, n_jobs=2):
        yield request.param


@pytest.fixture
def counted_texts():
    CountedText.n_pickles = 0
    return [CountedText(TEXTS[0]), *TEXTS[1:]]


def object_array(texts):
    return np.array(texts, dtype=object)


def make_model(**parameters):
    classifier = RNNTextClassifier(
        embedding_dim=4, hidden_size=4, max_epochs=2, batch_size=64, random_state=0, **parameters
    )
    return make_pipeline(TextTokenizer(), classifier)


def grid_search(texts):
    return describe_search(GridSearchCV(make_model(), GRID, cv=2).fit(texts, LABELS))


def halving_search(texts):
    search = HalvingGridSearchCV(make_model(), GRID, cv=2, random_state=0, min_resources=40)
    return describe_search(search.fit(texts, LABELS))


def describe_search(search):
    results = {name: x for name, x in search.cv_results_.items() if not name.endswith("_time")}
    return {**results, "best": search.best_params_, "probabilities": search.predict_proba(TEXTS)}


def cross_validation(texts):
    results = cross_validate(make_model(), texts, LABELS, cv=3, return_estimator=True)
    return results["test_score"], [fit.predict_proba(TEXTS) for fit in results["estimator"]]


def comparison(texts, **test_set):
    results = compare(
        {"rnn": make_model(), "nb-svm": nb_svm()},
        texts,
        LABELS,
        scoring="accuracy",
        return_predictions=True,
        return_estimators=True,
        **(test_set or {"cv": 3}),
    )
    table = results.table.drop(columns=["fit_seconds", "texts_per_second"])
    networks = [network.predict_proba(TEXTS) for network in results.estimators["rnn"]]
    return table.to_dict(), networks, results.predictions, results.test_rows


def comparison_on_a_test_set(texts):
    return comparison(texts, X_test=TEXTS[:30], y_test=LABELS[:30])


@pytest.mark.parametrize(
    "work",
    [grid_search, halving_search, cross_validation, comparison, comparison_on_a_test_set],
)
def test_the_results_are_the_serial_ones_to_the_last_bit(cluster, work):
    found = work(TEXTS)
    with parallel_config("sequential"):
        assert_equal(found, work(TEXTS))


@pytest.mark.parametrize(
    ("work", "container"), [(comparison, list), (comparison_on_a_test_set, object_array)]
)
def test_compare_sends_the_texts_once(cluster, counted_texts, work, container):
    work(container(counted_texts))
    assert CountedText.n_pickles == 1


def n_threads():
    time.sleep(0.2)  # so that both processes get a job
    with thread_pool() as pool:
        return os.getpid(), pool.n_threads


def test_two_processes_on_two_cores_use_a_thread_each(cluster):
    jobs = Parallel()(delayed(n_threads)() for _ in range(4))
    assert len(dict(jobs)) == 2
    assert set(dict(jobs).values()) == {1}


def tokenize():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoding, "Parallel", None)
        return TextTokenizer().fit_transform(TEXTS)


def test_the_tokenizer_of_a_job_sends_no_jobs(cluster):
    assert_equal(Parallel()([delayed(tokenize)()]), [TextTokenizer().fit_transform(TEXTS)])


def device_of_a_job():
    """Return the device of a fit in this process if there were two GPUs, or those that Ray gave."""
    time.sleep(0.2)
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "0,1").split(",")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.cuda, "is_available", lambda: True)
        patch.setattr(torch.cuda, "device_count", lambda: len(visible))
        device = resolve_device("auto")
    return visible[device.index or 0]


@pytest.mark.parametrize(
    ("cluster", "options"),
    [("dask", {}), ("ray", {"ray_remote_args": {"num_gpus": 1}})],
    indirect=["cluster"],
)
def test_gpus_are_used_in_turn(cluster, options):
    with parallel_config(cluster, n_jobs=2, **options):
        assert set(Parallel()(delayed(device_of_a_job)() for _ in range(4))) == {"0", "1"}
