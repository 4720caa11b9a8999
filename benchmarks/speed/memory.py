"""Memory and time of fitting the default Pipeline to more and more texts.

Each figure comes from a new process. The corpus is mixed: all reviews of IMDB and all news of AG
News, in one random order, with six classes. A process imports everything, reads the first texts of
the corpus from a pickle, resets the peak and fits for one epoch. The peak, VmHWM less the resident
memory after the imports, includes the texts.

Targets: at most 1.0 GB at 60,000 texts and 1.5 GB at all, on any number of cores.
"""

import json
import pickle
import sys
import tempfile
import time
from argparse import Namespace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.pipeline import make_pipeline

from benchmarks.common.corpora import SPLITS, read_split
from benchmarks.common.processes import require_linux, reset_peak, run_module, status_bytes
from benchmarks.common.timing import Tables, check_targets
from sklearn_rnn import RNNTextClassifier, TextTokenizer

SIZES = (15_000, 30_000, 60_000, 117_262)
CORES = (1, 2)


def run(options: Namespace) -> Tables:
    """Return the tables of the section."""
    require_linux()
    most = options.texts or max(SIZES)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "texts.pickle"
        path.write_bytes(pickle.dumps(mix_corpora(options.data)))
        fits = pd.DataFrame(
            {
                f"{min(size, most):,} texts, {n_cores} cores": run_module(
                    __name__, path, min(size, most), n_cores
                )
                for size in SIZES
                for n_cores in CORES
            }
        ).T
    peaks = fits["GB over the imports"]
    return {
        "fitting the default Pipeline": fits,
        "targets": check_targets(
            {
                "GB over the imports, 60,000 texts": (peaks.iloc[:-2].max(), "at most", 1.0),
                "GB over the imports, all texts": (peaks.max(), "at most", 1.5),
            }
        ),
    }


def mix_corpora(data_dir: Path) -> tuple[list[str], list[str]]:
    """Return all reviews of IMDB and all news of AG News with their labels, in a random order."""
    texts, labels = [], []
    for corpus in ("imdb", "ag_news"):
        for split in SPLITS:
            some_texts, some_labels = read_split(data_dir, corpus, split)
            texts += some_texts
            labels += [f"{corpus} {label}" for label in some_labels]
    order = np.random.default_rng(0).permutation(len(texts)).tolist()
    return [texts[row] for row in order], [labels[row] for row in order]


def fit_in_child(path: str, n_texts: str, n_cores: str) -> dict[str, float]:
    """Measure the peak and the time of one fit."""
    torch.set_num_threads(int(n_cores))
    base = status_bytes("VmRSS")
    with Path(path).open("rb") as file:
        texts, labels = (values[: int(n_texts)] for values in pickle.load(file))
    reset_peak()
    classifier = RNNTextClassifier(max_epochs=1, device="cpu", random_state=0)
    start, processor_start = time.perf_counter(), time.process_time()
    make_pipeline(TextTokenizer(), classifier).fit(texts, labels)
    seconds, processor_seconds = (
        time.perf_counter() - start,
        time.process_time() - processor_start,
    )
    return {
        "texts": len(texts),
        "MB of characters": sum(map(len, texts)) / 1e6,
        "cores": int(n_cores),
        "GB over the imports": (status_bytes("VmHWM") - base) / 1e9,
        "seconds": seconds,
        "processor seconds": processor_seconds,
        "seconds of the epoch": classifier.history_["seconds"].sum(),
    }


if __name__ == "__main__":
    print(json.dumps(fit_in_child(*sys.argv[1:])))
