"""How fast word vectors are read, against pandas' C reader on the same bytes.

    python benchmarks/word_vectors.py [--words 400000] [--dim 300] [--runs 3] [--record]

The file is generated: GloVe's text with five digits a number. pandas reads it with columns of
float32, and with those of its choice; from version 3.1 on it does so in threads, as
load_word_vectors does. Targets: at most twice the time of the faster of the two, and at most 1.5
times the memory of the matrix, in a process of its own, over what was held before.
"""

import argparse
import multiprocessing
import resource
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from measure import in_turn, judge, tabulate, timed
from record import write_record
from sklearn_rnn import load_word_vectors


def write_glove(path, n_words, dim):
    """Write vectors of random numbers, a thousand rows at a time."""
    rng = np.random.default_rng(0)
    row_format = "word%d " + " ".join(["%.5g"] * dim) + "\n"
    with path.open("w") as stream:
        for first in range(0, n_words, 1000):
            rows = rng.normal(scale=0.4, size=(min(1000, n_words - first), dim)).tolist()
            stream.writelines(row_format % (n, *row) for n, row in enumerate(rows, first))


def compare_readers(path, dim, n_runs):
    """Time the readers in turn; return their table."""
    text = {"sep": " ", "header": None, "quoting": 3}
    float32 = {0: str} | dict.fromkeys(range(1, dim + 1), np.float32)
    readers = {
        "load_word_vectors": timed(lambda: load_word_vectors(path)),
        "read_csv": timed(lambda: pd.read_csv(path, **text)),
        "read_csv, float32": timed(lambda: pd.read_csv(path, **text, dtype=float32)),
    }
    return tabulate(in_turn(readers, n_runs))


def peak_mebibytes(path):
    """Return by how much the process grows at most; only the first call in a process tells."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    load_word_vectors(path)
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 2**10


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--words", type=int, default=400_000, help="rows (default: 400,000)")
    parser.add_argument("--dim", type=int, default=300, help="numbers a row (default: 300)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each (default: 3)")
    parser.add_argument("--record", action="store_true", help="write it to benchmarks/results/")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "vectors.txt")
        write_glove(path, args.words, args.dim)
        with multiprocessing.get_context("spawn").Pool(1) as fresh_process:
            peak = fresh_process.apply(peak_mebibytes, [path])
        table = compare_readers(path, args.dim, args.runs)
    seconds = table["seconds"]
    ratio = seconds["load_word_vectors"] / seconds.drop("load_word_vectors").min()
    matrix = 4 * args.words * args.dim / 2**20
    targets = judge(
        {
            "times the time of read_csv": (ratio, "at most", 2),
            "times the memory of the matrix": (peak / matrix, "at most", 1.5),
        }
    )
    tables = {
        f"{args.words:,} x {args.dim}, a matrix of {matrix:.0f} MiB": table,
        "targets": targets,
    }
    for title, one_table in tables.items():
        print(f"\n{title}\n{one_table.to_string(float_format='%.4g')}")
    if args.record:
        named = {title: table.reset_index(names="what") for title, table in tables.items()}
        print(f"\nwritten to {write_record('word_vectors', named)}")


if __name__ == "__main__":
    sys.exit(main())
