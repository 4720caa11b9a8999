"""Peak memory of fitting the default Pipeline, and of predicting a file larger than memory.

Each figure comes from a new process, which first imports everything and fits a dozen texts. The
memory after this fit is the base. Then the process reads IMDB's reviews once, twice or four times
(the repetitions are copies), resets the peak and fits for one epoch. A further process fits for the
default three epochs, which need more memory, because oneDNN caches a primitive for each shape of a
batch, up to 1,024 of them. The peak includes the texts.

The file has a matrix of 4 GiB of ids. It is opened with mmap_mode="r" in a process that may
allocate at most another half GiB (RLIMIT_DATA).

Targets: at most 1.5 GB at 25,000 texts, and growing linearly; the file is predicted.
"""

import json
import resource
import sys
import tempfile
import time
from argparse import Namespace
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline

from benchmarks.common.corpora import load_texts
from benchmarks.common.processes import (
    PeakMonitor,
    require_linux,
    reset_peak,
    run_module,
    status_bytes,
)
from benchmarks.common.timing import Tables, check_targets
from sklearn_rnn import RNNTextClassifier, TextTokenizer

GIB = 2**30
MATRIX_SHAPE = (65_536, 16_384)  # 4 GiB
MATRIX_WORDS = 40  # per text; the padding takes no space on the disk
LIMIT = GIB // 2


def run(options: Namespace) -> Tables:
    """Return the tables of the section."""
    require_linux()
    fits = pd.DataFrame(
        {
            f"{copies} x, max_epochs={max_epochs}": run_module(
                __name__, "fit", options.data, copies, max_epochs, options.texts or 0
            )
            for copies, max_epochs in [(1, 3), (1, 1), (2, 1), (4, 1)]
        }
    ).T
    growth = np.polyfit(np.log(fits["texts"][1:]), np.log(fits["GB over the base"][1:]), 1)[0]
    mapped = pd.DataFrame({"predict_proba": run_module(__name__, "predict")}).T
    return {
        "fitting the default Pipeline": fits,
        "a memory-mapped matrix": mapped,
        "targets": check_targets(
            {
                "GB over the base, 1 x": (fits["GB over the base"].iloc[0], "at most", 1.5),
                "slope of log GB on log rows": (growth, "at most", 1.05),
                "GiB allocated to predict 4 GiB": (
                    mapped["GiB allocated more"].iloc[0],
                    "at most",
                    LIMIT / GIB,
                ),
            }
        ),
    }


def fit_in_child(data_dir: str, copies: str, max_epochs: str, n_texts: str) -> dict[str, float]:
    """Measure the peak of one fit."""
    make_pipeline(TextTokenizer(), RNNTextClassifier(max_epochs=1, device="cpu")).fit(
        ["some good words", "some bad words"] * 6, [0, 1] * 6
    )
    base = status_bytes("VmRSS")
    texts, labels = load_texts(Path(data_dir), "imdb", "train")
    texts, labels = texts[: int(n_texts) or None], labels[: int(n_texts) or None]
    texts = texts + [text.encode().decode() for text in texts * (int(copies) - 1)]
    labels = np.tile(labels, int(copies))
    with_texts = status_bytes("VmRSS")
    reset_peak()
    classifier = RNNTextClassifier(max_epochs=int(max_epochs), device="cpu", random_state=0)
    make_pipeline(TextTokenizer(), classifier).fit(texts, labels)
    return {
        "texts": len(texts),
        "GB of the base": base / 1e9,
        "GB of the texts": (with_texts - base) / 1e9,
        "GB over the base": (status_bytes("VmHWM") - base) / 1e9,
    }


def predict_in_child() -> dict[str, float]:
    """Measure what is allocated while a matrix of 4 GiB is predicted from its file."""
    n_rows, n_columns = MATRIX_SHAPE
    rng = np.random.default_rng(0)
    block = np.zeros((256, n_columns), dtype=np.int32)
    block[:, :MATRIX_WORDS] = rng.integers(1, 5_000, (256, MATRIX_WORDS))
    classifier = RNNTextClassifier(max_epochs=1, device="cpu", random_state=0)
    classifier.fit(block, np.arange(256) % 2)
    expected = classifier.predict_proba(block)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ids.npy"
        file = np.lib.format.open_memmap(path, "w+", np.int32, MATRIX_SHAPE)
        for start in range(0, n_rows, 256):
            file[start : start + 256, :MATRIX_WORDS] = rng.integers(1, 5_000, (256, MATRIX_WORDS))
        file[-256:] = block
        file.flush()
        del file
        ids = np.load(path, mmap_mode="r")
        before = status_bytes("RssAnon")
        allowed = status_bytes("VmData") + LIMIT
        resource.setrlimit(resource.RLIMIT_DATA, (allowed, allowed))
        with PeakMonitor("RssAnon") as monitor:
            start = time.perf_counter()
            probabilities = classifier.predict_proba(ids)
            seconds = time.perf_counter() - start
    np.testing.assert_allclose(probabilities[-256:], expected, atol=1e-5)
    return {
        "texts": n_rows,
        "GiB of the file": n_rows * n_columns * 4 / GIB,
        "GiB allowed more": LIMIT / GIB,
        "GiB allocated more": (monitor.peak - before) / GIB,
        "seconds": seconds,
    }


if __name__ == "__main__":
    task, *arguments = sys.argv[1:]
    figures = {"fit": fit_in_child, "predict": predict_in_child}[task](*arguments)
    print(json.dumps(figures))
