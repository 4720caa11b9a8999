"""Transfers of texts: how often a search on joblib, Dask or Ray sends them, and how many bytes.

Counted are the times that the process of the search pickles the texts, as a list or as an array of
objects. The estimators are fitted in no time; joblib therefore sends some jobs together.
"""

import pickle
from argparse import Namespace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import GridSearchCV

from benchmarks.clusters.engines import require
from benchmarks.clusters.search import ENGINES, N_CANDIDATES, N_FOLDS, on_dask
from benchmarks.common.corpora import load_texts
from benchmarks.common.timing import Tables
from sklearn_rnn.evaluation import compare

N_TEXTS = 4_000


def run(options: Namespace) -> Tables:
    """Return the tables of the section."""
    require("distributed", "ray")
    texts, labels = load_texts(options.data, "ag_news", "train")
    n_texts = min(options.texts or N_TEXTS, len(texts))
    return {f"{n_texts:,} texts": count_transfers(texts[:n_texts], labels[:n_texts])}


class SentText(str):
    """A text that counts how often this process pickles it."""

    n_times = 0

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        SentText.n_times += 1
        return str, (str(self),)


class MostFrequentClass(ClassifierMixin, BaseEstimator):
    """A classifier that is fitted in no time."""

    def __init__(self, number: int = 0) -> None:
        self.number = number

    def fit(self, X: Any, y: np.ndarray) -> "MostFrequentClass":
        """Store the classes."""
        self.classes_, counts = np.unique(y, return_counts=True)
        self.class_ = self.classes_[counts.argmax()]
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Predict the most frequent class."""
        return np.full(len(X), self.class_)


def count_transfers(texts: list[str], labels: np.ndarray) -> pd.DataFrame:
    """Count how often the texts are pickled, by task, container of the texts and engine."""
    megabytes = len(pickle.dumps(texts)) / 1e6
    sent = [SentText(texts[0]), *texts[1:]]
    containers = {"list": sent, "array": np.array(sent, dtype=object)}
    tasks = {"GridSearchCV": run_search, "compare": run_compare}
    rows = {}
    for engine, context in {**ENGINES, "Dask, scatter=[X]": on_dask}.items():
        for name, X in containers.items():
            options = {"scatter": [X]} if "scatter" in engine else {}
            SentText.n_times = 0
            with context(**options):  # which may send X already
                for task, function in tasks.items():
                    function(X, labels)
                    n_times, SentText.n_times = SentText.n_times, 0
                    rows[f"{task}, {name}, {engine}"] = {
                        "jobs": N_CANDIDATES * N_FOLDS,
                        "times sent": n_times,
                        "MB sent": n_times * megabytes,
                    }
    return pd.DataFrame(rows).T


def run_compare(X: Any, y: np.ndarray) -> None:
    """Compare as many classifiers as there are candidates."""
    models = {str(number): MostFrequentClass(number) for number in range(N_CANDIDATES)}
    compare(models, X, y, cv=N_FOLDS, scoring="accuracy")


def run_search(X: Any, y: np.ndarray) -> None:
    """Search all candidates."""
    grid = {"number": range(N_CANDIDATES)}
    GridSearchCV(MostFrequentClass(), grid, cv=N_FOLDS, refit=False).fit(X, y)
