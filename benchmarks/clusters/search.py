"""Search on a cluster: one process against two of joblib, Dask and Ray.

GridSearchCV with 4 candidates and 3 folds on AG News. "start" are the seconds until the cluster
runs; the workers import torch, scikit-learn and skorch in the first search. joblib's workers start
with the first search too. The serial search runs with all of torch's threads, and with one.
"""

import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch
from joblib import parallel_config
from joblib.externals.loky import get_reusable_executor
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from benchmarks.clusters.engines import N_PROCESSES, dask_cluster, ray_cluster, require
from benchmarks.common.corpora import load_texts
from benchmarks.common.timing import Tables, measure_in_turn, torch_threads
from sklearn_rnn import RNNTextClassifier, TextTokenizer

N_TEXTS, N_FOLDS, N_CANDIDATES = 1_000, 3, 4
DROPOUTS = [0.2, 0.3, 0.4, 0.5]


def run(options: Namespace) -> Tables:
    """Return the tables of the section."""
    require("distributed", "ray")
    texts, labels = load_texts(options.data, "ag_news", "train")
    n_texts = min(options.texts or N_TEXTS, len(texts))
    texts, labels = texts[:n_texts], labels[:n_texts]
    all_threads = torch.get_num_threads()
    measures = {
        "serial": partial(measure, serial(all_threads), texts, labels),
        "serial, one thread": partial(measure, serial(1), texts, labels),
        **{name: partial(measure, engine, texts, labels) for name, engine in ENGINES.items()},
    }
    runs = measure_in_turn(measures, options.runs)
    seconds = pd.DataFrame({name: pd.DataFrame(runs[name]).median() for name in runs}).T
    seconds["times faster than serial"] = seconds.loc["serial", "again"] / seconds["again"]
    title = f"{N_CANDIDATES} candidates, {N_FOLDS} folds of {n_texts:,} texts"
    return {title: seconds}


def serial(n_threads: int) -> Callable[[], AbstractContextManager[None]]:
    """Make a context in which fits run one after the other, with this number of threads."""

    @contextmanager
    def context() -> Iterator[None]:
        with torch_threads(n_threads), parallel_config("sequential"):
            yield

    return context


@contextmanager
def on_joblib() -> Iterator[None]:
    """Run the jobs in processes of joblib, which end with the context."""
    with parallel_config("loky", n_jobs=N_PROCESSES):
        yield
    get_reusable_executor().shutdown()


@contextmanager
def on_dask(**options: Any) -> Iterator[None]:
    """Run the jobs on Dask."""
    with dask_cluster(), parallel_config("dask", **options):
        yield


@contextmanager
def on_ray() -> Iterator[None]:
    """Run the jobs on Ray."""
    with ray_cluster(), parallel_config("ray", n_jobs=N_PROCESSES):
        yield


ENGINES = {"joblib": on_joblib, "Dask": on_dask, "Ray": on_ray}


def measure(
    engine: Callable[[], AbstractContextManager[None]], texts: list[str], labels: np.ndarray
) -> dict[str, float]:
    """Return the seconds of the start, of a first and of a second search, and of the end."""
    X = np.array(texts, dtype=object)
    classifier = RNNTextClassifier(max_epochs=2, device="cpu", random_state=0)
    pipeline = make_pipeline(TextTokenizer(), classifier)
    search = GridSearchCV(
        pipeline, {"rnntextclassifier__dropout": DROPOUTS}, cv=N_FOLDS, refit=False
    )
    times = [time.perf_counter()]
    with engine():
        times.append(time.perf_counter())
        for _ in range(2):
            search.fit(X, labels)
            times.append(time.perf_counter())
    times.append(time.perf_counter())
    return dict(zip(["start", "first", "again", "end"], np.diff(times), strict=True))
