"""GridSearchCV over a Pipeline of 8 candidates: one worker against two, with memory= set.

AG News, 3 folds, with loky's workers already started. A fit in the main process uses all of torch's
threads, but each of two workers uses one: the search with one worker is therefore timed with all
threads and with one. The tokenizer appends to a file whenever it is fitted.

Targets: two workers at least 1.7 times as fast as one; tokenised once per fold, not per candidate.
"""

import os
import tempfile
import time
from argparse import Namespace
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from joblib import Parallel, delayed
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

from benchmarks.common.corpora import load_texts
from benchmarks.common.timing import Tables, check_targets, measure_in_turn, tabulate, torch_threads
from sklearn_rnn import RNNTextClassifier, TextTokenizer

GRID = {
    "clf__hidden_size": [32, 64],
    "clf__dropout": [0.3, 0.5],
    "clf__learning_rate": [1e-3, 2e-3],
}
N_TEXTS, N_FOLDS = 4_000, 3
MARKS = "SPEED_SEARCH_MARKS"
ONE_THREAD, ONE, TWO = "n_jobs=1, one thread", "n_jobs=1", "n_jobs=2"


class MarkingTokenizer(TextTokenizer):
    """A tokenizer that writes a mark to a file whenever it is fitted."""

    def fit_transform(self, X: Iterable[str], y: object = None) -> np.ndarray:
        """Write the mark, and fit."""
        with open(os.environ[MARKS], "a") as file:
            file.write("f")
        return super().fit_transform(X, y)


def run(options: Namespace) -> Tables:
    """Return the tables of the section."""
    texts, labels = load_texts(options.data, "ag_news", "train")
    n_texts = min(options.texts or N_TEXTS, len(texts))
    texts, labels = texts[:n_texts], labels[:n_texts]
    counts = {}
    with tempfile.TemporaryDirectory() as folder:
        os.environ[MARKS] = str(Path(folder) / "marks")
        threads = {
            ONE_THREAD: 1,
            ONE: torch.get_num_threads(),
            TWO: max(Parallel(2)(delayed(worker_threads)() for _ in range(8))),
        }
        measures = {
            name: lambda name=name, n_jobs=n_jobs: search(name, n_jobs, texts, labels, counts)
            for name, n_jobs in {ONE_THREAD: 1, ONE: 1, TWO: 2}.items()
        }
        seconds = measure_in_turn(measures, options.runs)
    table = tabulate(seconds, ONE_THREAD, ONE)
    table["threads of a process"] = threads
    table["fits of the tokenizer"] = counts
    fastest_one = f"times faster than {ONE}"
    return {
        f"8 candidates, {N_FOLDS} folds of {n_texts:,} texts": table,
        "targets": check_targets(
            {
                fastest_one: (table.loc[TWO, fastest_one], "at least", 1.7),
                f"times faster than {ONE_THREAD}": (
                    table.loc[TWO, f"times faster than {ONE_THREAD}"],
                    "at least",
                    1.7,
                ),
                "fits of the tokenizer": (max(counts.values()), "at most", N_FOLDS),
                "threads of two workers": (2 * threads[TWO], "at most", os.cpu_count()),
            }
        ),
    }


def worker_threads() -> int:
    """Return the number of torch's threads in a worker."""
    time.sleep(0.2)  # so that both workers get some of these calls
    import sklearn_rnn  # noqa: F401

    return torch.get_num_threads()


def search(
    name: str, n_jobs: int, texts: list[str], labels: np.ndarray, counts: dict[str, int]
) -> float:
    """Search with an empty cache; return the seconds, and put the number of marks in `counts`."""
    marks = Path(os.environ[MARKS])
    marks.write_text("")
    with (
        tempfile.TemporaryDirectory() as memory,
        torch_threads(1 if name == ONE_THREAD else torch.get_num_threads()),
    ):
        pipeline = Pipeline(
            [
                ("tok", MarkingTokenizer()),
                ("clf", RNNTextClassifier(max_epochs=2, device="cpu", random_state=0)),
            ],
            memory=memory,
        )
        grid = GridSearchCV(pipeline, GRID, cv=N_FOLDS, n_jobs=n_jobs, refit=False)
        start = time.perf_counter()
        grid.fit(texts, labels)
        seconds = time.perf_counter() - start
    counts[name] = max(counts.get(name, 0), len(marks.read_text()))
    return seconds
