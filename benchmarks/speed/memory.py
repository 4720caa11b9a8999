"""Peak memory of fitting the default Pipeline on IMDB; predicting a file larger than memory.

Each figure is of a process of its own, which first imports everything and fits a dozen texts: that
is the base. Then it reads the reviews, once, twice or four times, forgets the peak so far and fits
for one epoch; and once for the three epochs of the defaults, which need more: oneDNN keeps what it
has made ready for each shape of a batch, up to 1,024 of them. The peak includes the texts. The
texts of the larger corpora are copies, not the same objects again.

The matrix that does not fit: 4 GiB of ids in a .npy file, opened with mmap_mode="r", by a process
that is forbidden (RLIMIT_DATA) to allocate more than half a GiB beyond what it has.

Targets: at most 1.5 GB at 25,000 texts, and growing linearly; the file is predicted.
"""

import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline

from benchmarks.common.corpora import load_texts
from benchmarks.common.timing import SkippedError, judge
from sklearn_rnn import RNNTextClassifier, TextTokenizer

GIB = 2**30
MATRIX_SHAPE = (65_536, 16_384)  # 4 GiB
MATRIX_WORDS = 40  # of each text; the rest is padding, and takes no room on the disk
LIMIT = GIB // 2


def run(options):
    """Return the tables of the section."""
    if not Path("/proc/self/clear_refs").exists():
        raise SkippedError("It reads Linux's /proc.")
    fits = pd.DataFrame(
        {
            f"{copies} x, max_epochs={max_epochs}": in_child(
                "fit", options.data, copies, max_epochs, options.texts or 0
            )
            for copies, max_epochs in [(1, 3), (1, 1), (2, 1), (4, 1)]
        }
    ).T
    growth = np.polyfit(np.log(fits["texts"][1:]), np.log(fits["GB over the base"][1:]), 1)[0]
    mapped = pd.DataFrame({"predict_proba": in_child("predict")}).T
    return {
        "fitting the default Pipeline": fits,
        "a memory-mapped matrix": mapped,
        "targets": judge(
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


def in_child(*arguments):
    """Run this file in a process of its own, and return what it prints."""
    command = [sys.executable, "-m", "benchmarks.speed.memory", *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def fit_in_child(data_dir, copies, max_epochs, n_texts):
    """Measure the peak of one fit."""
    make_pipeline(TextTokenizer(), RNNTextClassifier(max_epochs=1, device="cpu")).fit(
        ["some good words", "some bad words"] * 6, [0, 1] * 6
    )
    base = memory_of("VmRSS")
    texts, labels = load_texts(Path(data_dir), "imdb", "train")
    texts, labels = texts[: int(n_texts) or None], labels[: int(n_texts) or None]
    texts = texts + [text.encode().decode() for text in texts * (int(copies) - 1)]
    labels = np.tile(labels, int(copies))
    with_texts = memory_of("VmRSS")
    # getrusage's peak may be that of the parent process, and knows no reset.
    Path("/proc/self/clear_refs").write_text("5")
    classifier = RNNTextClassifier(max_epochs=int(max_epochs), device="cpu", random_state=0)
    make_pipeline(TextTokenizer(), classifier).fit(texts, labels)
    return {
        "texts": len(texts),
        "GB of the base": base / 1e9,
        "GB of the texts": (with_texts - base) / 1e9,
        "GB over the base": (memory_of("VmHWM") - base) / 1e9,
    }


def predict_in_child():
    """Measure what is allocated while a matrix of 4 GiB is predicted from its file."""
    n_rows, n_columns = MATRIX_SHAPE
    rng = np.random.default_rng(0)
    some = np.zeros((256, n_columns), dtype=np.int32)
    some[:, :MATRIX_WORDS] = rng.integers(1, 5_000, (256, MATRIX_WORDS))
    classifier = RNNTextClassifier(max_epochs=1, device="cpu", random_state=0)
    classifier.fit(some, np.arange(256) % 2)
    expected = classifier.predict_proba(some)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ids.npy"
        file = np.lib.format.open_memmap(path, "w+", np.int32, MATRIX_SHAPE)
        for start in range(0, n_rows, 256):
            file[start : start + 256, :MATRIX_WORDS] = rng.integers(1, 5_000, (256, MATRIX_WORDS))
        file[-256:] = some
        file.flush()
        del file
        ids = np.load(path, mmap_mode="r")
        before = memory_of("RssAnon")
        allowed = memory_of("VmData") + LIMIT
        resource.setrlimit(resource.RLIMIT_DATA, (allowed, allowed))
        with Watch("RssAnon") as peak:
            start = time.perf_counter()
            probabilities = classifier.predict_proba(ids)
            seconds = time.perf_counter() - start
    np.testing.assert_allclose(probabilities[-256:], expected, atol=1e-5)
    return {
        "texts": n_rows,
        "GiB of the file": n_rows * n_columns * 4 / GIB,
        "GiB allowed more": LIMIT / GIB,
        "GiB allocated more": (peak.most - before) / GIB,
        "seconds": seconds,
    }


def memory_of(field):
    """Return a field of this process's status in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))


class Watch:
    """Look at a field of the status a hundred times a second; `most` is the largest seen."""

    def __init__(self, field):
        self.field = field
        self.most = memory_of(field)
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.look)

    def look(self):
        """Look until the end."""
        while not self.ended.wait(0.01):
            self.most = max(self.most, memory_of(self.field))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exception):
        self.ended.set()
        self.thread.join()


if __name__ == "__main__":
    what, *arguments = sys.argv[1:]
    facts = {"fit": fit_in_child, "predict": predict_in_child}[what](*arguments)
    print(json.dumps(facts))
