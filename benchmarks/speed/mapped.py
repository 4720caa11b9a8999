"""Ids in files larger than memory: a fit and predictions of memory-mapped matrices.

Each figure comes from a new process. A matrix has texts that are spliced from two news items of AG
News, in which a tenth of the words are replaced at random, so that there are millions of different
pairs. It is opened with mmap_mode="r". Its pages are in the page cache, which the system takes back
when it needs memory. Therefore the peak counts anonymous pages alone: RssAnon, a hundred times a
second. For the file of 4 GiB the process may allocate at most another half GiB (RLIMIT_DATA).

Target: at most 1.5 GB.
"""

import json
import resource
import sys
import tempfile
import time
from argparse import Namespace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.common.corpora import load_ids
from benchmarks.common.processes import PeakMonitor, require_linux, run_module, status_bytes
from benchmarks.common.timing import Tables, check_targets
from sklearn_rnn import RNNTextClassifier

FILE_TEXTS = 2_000_000
FILE_COLUMNS = 100

GIB = 2**30
MATRIX_SHAPE = (65_536, 16_384)  # 4 GiB
MATRIX_WORDS = 40  # per text; the padding takes no space on the disk
LIMIT = GIB // 2


def run(options: Namespace) -> Tables:
    """Return the tables of the section."""
    require_linux()
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
    allocated = mapped["GiB allocated more"].iloc[0]
    return {
        "ids in a file": files,
        "a file larger than memory": mapped,
        "targets": check_targets(
            {
                "GB resident, ids in a file": (files["GB resident"].max(), "at most", 1.5),
                "GiB allocated to predict 4 GiB": (allocated, "at most", LIMIT / GIB),
            }
        ),
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
    print(json.dumps({"file": fit_file_in_child, "predict": predict_in_child}[task](*arguments)))
