"""Peak memory and seconds of a fit to 2,000,000 texts, 1.5 GB of CSV, under a limit of 2 GB.

Each text is made of random sentences of IMDB's training reviews of one class, and has 150 words or
so. A new process for each way of fitting may allocate 2 GB (RLIMIT_DATA), imports included, and
trains for one epoch. It is tested on IMDB's test reviews.

The limit is that of private memory that can be written (RLIMIT_DATA): the heap, anonymous maps, and
the data of libraries. It is what cannot be dropped if memory is short. The address space
(RLIMIT_AS) would count the code of torch's libraries, which is shared, and all of the file of ids,
which is mapped: its pages are in memory only as long as memory is free, and counted among the
resident ones ("GB resident").

Target: both ways end under the limit.
"""

import json
import resource
import sys
import tempfile
import time
from argparse import Namespace
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline

from benchmarks.common.corpora import load_texts
from benchmarks.common.processes import PeakMonitor, require_linux, run_module, status_bytes
from benchmarks.common.timing import Tables, check_targets
from benchmarks.large.accuracy import fit_partially
from benchmarks.large.shards import resample, write_shards
from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn.out_of_core import fit_from_files

LIMIT = 2_000_000_000
N_TEXTS = 2_000_000
WAYS = ("fit_from_files", "partial_fit")


def run(options: Namespace) -> Tables:
    """Return the tables of the section."""
    require_linux()
    n_texts = options.texts or N_TEXTS
    texts, labels = load_texts(options.data, "imdb", "train")
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        write_shards(Path(folder), resample(texts, labels, n_texts))
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
        print(f"{size / 1e9:.3f} GB written in {time.perf_counter() - start:.0f} s", flush=True)
        for way in options.way or WAYS:
            figures[way] = {"texts": n_texts, "GB of the files": size / 1e9} | run_module(
                __name__, way, folder, options.data, options.chunk_size, options.max_length
            )
            print(way, figures[way], flush=True)
    table = pd.DataFrame(figures).T
    highest = table["GB allocated"].max()
    targets = {"GB allocated, imports included": (highest, "at most", LIMIT / 1e9)}
    return {"a fit under a limit": table, "targets": check_targets(targets)}


def fit_in_child(
    way: str, folder: str, data_dir: str, chunk_size: str, max_length: str
) -> dict[str, float]:
    """Measure the peak of one fit."""
    resource.setrlimit(resource.RLIMIT_DATA, (LIMIT, LIMIT))
    imported = status_bytes("VmData")
    tokenizer = TextTokenizer(max_length=int(max_length))
    start = time.perf_counter()
    # stdout is for the figures.
    with (
        redirect_stdout(sys.stderr),
        PeakMonitor("VmData") as data,
        PeakMonitor("RssAnon") as anonymous,
    ):
        if way == "partial_fit":
            pipeline = fit_partially(folder, int(chunk_size), np.arange(2), tokenizer)
        else:
            classifier = RNNTextClassifier(max_epochs=1, random_state=0, device="cpu", verbose=1)
            pipeline = make_pipeline(tokenizer, classifier)
            fit_from_files(pipeline, folder, chunk_size=int(chunk_size), folder=folder)
    seconds = time.perf_counter() - start
    resident = status_bytes("VmHWM")
    texts, labels = load_texts(Path(data_dir), "imdb", "test")
    return {
        "max_length": int(max_length),
        "texts in a chunk": int(chunk_size),
        "seconds": seconds,
        "GB allocated": data.peak / 1e9,
        "of them by imports": imported / 1e9,
        "GB anonymous resident": anonymous.peak / 1e9,
        "GB resident": resident / 1e9,
        "test accuracy": pipeline.score(texts, labels),
    }


if __name__ == "__main__":
    print(json.dumps(fit_in_child(*sys.argv[1:])))
