"""Memory and time of fitting the default Pipeline, and ids in files larger than memory.

Each figure comes from a new process. The corpus is mixed: all reviews of IMDB and all news of AG
News, in one random order, with six classes. A process imports everything, reads the first texts of
the corpus from a pickle, resets the peak and fits for one epoch. The peak, VmHWM less the resident
memory after the imports, includes the texts.

A matrix in a file has texts that are spliced from two news items, in which a tenth of the words are
replaced at random, so that there are millions of different pairs. It is opened with mmap_mode="r".
Its pages are in the page cache, which the system takes back when it needs memory. Therefore the
peak counts anonymous pages alone: RssAnon, a hundred times a second. For the file of 4 GiB the
process may allocate at most another half GiB (RLIMIT_DATA).

Targets: at most 1.0 GB at 60,000 texts and 1.5 GB at all, on any number of cores; 1.5 GB for files.
"""

import json
import pickle
import resource
import sys
import tempfile
import time
from argparse import Namespace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from sklearn.pipeline import make_pipeline

from benchmarks.common.corpora import SPLITS, load_ids, read_split
from benchmarks.common.processes import (
    PeakMonitor,
    require_linux,
    reset_peak,
    run_module,
    status_bytes,
)
from benchmarks.common.timing import Tables, check_targets
from sklearn_rnn import RNNTextClassifier, TextTokenizer

SIZES = (15_000, 30_000, 60_000, 117_262)
CORES = (1, 2)
FILE_TEXTS = 2_000_000
FILE_COLUMNS = 100

GIB = 2**30
MATRIX_SHAPE = (65_536, 16_384)  # 4 GiB
MATRIX_WORDS = 40  # per text; the padding takes no space on the disk
LIMIT = GIB // 2


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
                    __name__, "fit", path, min(size, most), n_cores
                )
                for size in SIZES
                for n_cores in CORES
            }
        ).T
    n_rows = min(options.texts or FILE_TEXTS, FILE_TEXTS)
    files = pd.DataFrame(
        {
            f"{n_rows:,} texts of {dtype}": run_module(
                __name__, "file", options.data, n_rows, dtype
            )
            for dtype in ("int32", "uint16")
        }
    ).T
    mapped = pd.DataFrame({"predict_proba": run_module(__name__, "predict")}).T
    peaks = fits["GB over the imports"]
    return {
        "fitting the default Pipeline": fits,
        "ids in a file": files,
        "a file larger than memory": mapped,
        "targets": check_targets(
            {
                "GB over the imports, 60,000 texts": (peaks.iloc[:-2].max(), "at most", 1.0),
                "GB over the imports, all texts": (peaks.max(), "at most", 1.5),
                "GB resident, ids in a file": (files["GB resident"].max(), "at most", 1.5),
                "GiB allocated to predict 4 GiB": (
                    mapped["GiB allocated more"].iloc[0],
                    "at most",
                    LIMIT / GIB,
                ),
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


def fit_file_in_child(data_dir: str, n_texts: str, dtype: str) -> dict[str, float]:
    """Measure the resident memory of a fit and a prediction of ids in a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ids.npy"
        labels = write_spliced(path, Path(data_dir), int(n_texts), np.dtype(dtype))
        ids = np.load(path, mmap_mode="r")
        classifier = RNNTextClassifier(max_epochs=1, device="cpu", random_state=0)
        seconds = []
        with PeakMonitor("RssAnon") as monitor:
            for work in (lambda: classifier.fit(ids, labels), lambda: classifier.predict(ids)):
                start = time.perf_counter()
                work()
                seconds.append(time.perf_counter() - start)
        return {
            "texts": len(ids),
            "GB of the file": path.stat().st_size / 1e9,
            "n-grams": len(classifier.net_.module_.linear_term.keys) - 1,
            "GB resident": monitor.peak / 1e9,
            "seconds of the fit": seconds[0],
            "seconds of the epoch": classifier.history_["seconds"].sum(),
            "seconds of the prediction": seconds[1],
        }


def write_spliced(
    path: Path, data_dir: Path, n_texts: int, dtype: np.dtype
) -> npt.NDArray[np.intp]:
    """Write a matrix of ids of generated news; return their labels."""
    news, labels = load_ids(data_dir, "ag_news", "train", FILE_COLUMNS)
    words = news[news > 0]
    lengths = np.count_nonzero(news, axis=1)
    rng = np.random.default_rng(0)
    file = np.lib.format.open_memmap(path, "w+", dtype, (n_texts, FILE_COLUMNS))
    columns = np.arange(FILE_COLUMNS)
    chosen = rng.integers(len(news), size=(n_texts, 2))
    for start in range(0, n_texts, 10_000):
        one, other = chosen[start : start + 10_000].T
        cut = rng.integers(lengths[one] // 2, lengths[one] + 1)[:, None]
        ids = np.where(columns < cut, news[one], news[other])
        replaced = (rng.random(ids.shape) < 0.1) & (ids > 0)
        ids[replaced] = rng.choice(words, np.count_nonzero(replaced))
        file[start : start + 10_000] = ids
    file.flush()
    return labels[chosen[:, 0]]


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
    tasks = {
        "fit": fit_in_child,
        "file": fit_file_in_child,
        "predict": predict_in_child,
    }
    print(json.dumps(tasks[task](*arguments)))
