"""Reading word vectors, against pandas' C reader on the same bytes.

The file is generated: GloVe's text of 300 dimensions with five digits a number, `--texts` words
(default: 400,000). pandas reads it with columns of float32, and with those of its choice; from
version 3.1 on it does so in threads, as load_word_vectors does.

Targets: at most twice the time of the faster of the two reads by pandas; memory that grows by at
most 1.5 times the size of the matrix, in a process of its own.
"""

import multiprocessing
import tempfile
from argparse import Namespace
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.common.processes import require_linux, status_bytes
from benchmarks.common.timing import Tables, check_targets, measure_in_turn, tabulate, timed
from sklearn_rnn import load_word_vectors

N_WORDS, DIM = 400_000, 300


def run(options: Namespace) -> Tables:
    """Return the tables of the section."""
    require_linux()
    n_words = options.texts or N_WORDS
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "vectors.txt")
        write_glove(path, n_words)
        with multiprocessing.get_context("spawn").Pool(1) as fresh_process:
            peak = fresh_process.apply(peak_mebibytes, [path])
        table = compare_readers(path, options.runs)
    seconds = table["seconds"]
    ratio = seconds["load_word_vectors"] / seconds.drop("load_word_vectors").min()
    matrix = 4 * n_words * DIM / 2**20
    return {
        f"{n_words:,} x {DIM}, a matrix of {matrix:.0f} MiB": table,
        "targets": check_targets(
            {
                "times the time of read_csv": (ratio, "at most", 2),
                "times the memory of the matrix": (peak / matrix, "at most", 1.5),
            }
        ),
    }


def write_glove(path: Path, n_words: int) -> None:
    """Write vectors of random numbers, a thousand rows at a time."""
    rng = np.random.default_rng(0)
    row_format = "word%d " + " ".join(["%.5g"] * DIM) + "\n"
    with path.open("w") as stream:
        for first in range(0, n_words, 1000):
            rows = rng.normal(scale=0.4, size=(min(1000, n_words - first), DIM)).tolist()
            stream.writelines(row_format % (n, *row) for n, row in enumerate(rows, first))


def compare_readers(path: Path, n_runs: int) -> pd.DataFrame:
    """Time the readers in turn; return their table."""
    text = {"sep": " ", "header": None, "quoting": 3}
    float32 = {0: str} | dict.fromkeys(range(1, DIM + 1), np.float32)
    readers = {
        "load_word_vectors": timed(lambda: load_word_vectors(path)),
        "read_csv": timed(lambda: pd.read_csv(path, **text)),
        "read_csv, float32": timed(lambda: pd.read_csv(path, **text, dtype=float32)),
    }
    return tabulate(measure_in_turn(readers, n_runs))


def peak_mebibytes(path: Path) -> float:
    """Return the growth of peak memory; valid for the first call in a process only."""
    before = status_bytes("VmHWM")
    load_word_vectors(path)
    return (status_bytes("VmHWM") - before) / 2**20
