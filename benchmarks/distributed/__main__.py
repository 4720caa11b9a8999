"""Fits that 1, 2 and 4 processes divide, against one process with as many threads.

    SKLEARN_RNN_DATA=... python -m benchmarks.distributed

The classifier has its default parameters but for batch_size, and is fitted to reviews of IMDB, cut
to 400 words. Every process has one thread, the rival as many threads as there are processes. The
processes meet by gloo on this machine. Runs alternate, and medians are compared. The times mean
little where there are more processes than idle cores; the bytes do not depend on it.

The tables are printed and written, with the versions and the machine, to
benchmarks/results/distributed.json.
"""

from argparse import Namespace
from collections.abc import Sequence
from functools import partial

import pandas as pd

from benchmarks.common.arguments import add_data_option, make_parser
from benchmarks.common.record import write_record
from benchmarks.common.timing import measure_in_turn
from benchmarks.distributed.rank import run_ranks

ONE = ("one process", 1, 1)  # name, processes, threads of each


def compare(options: Namespace, batch_size: int) -> pd.DataFrame:
    """Make the table of a batch size."""
    variants = [ONE]
    for n in options.processes:
        variants += [(f"one process, {n} threads", 1, n), (f"{n} processes", n, 1)]
    measures = {
        name: partial(run_ranks, n_ranks, n_threads, options.data, options.texts, batch_size, "cpu")
        for name, n_ranks, n_threads in variants
    }
    figures = {
        name: pd.DataFrame(runs).median()
        for name, runs in measure_in_turn(measures, options.runs).items()
    }
    table = pd.DataFrame(figures).T
    n_cores = pd.Series({name: n_ranks * n_threads for name, n_ranks, n_threads in variants})
    seconds = table["seconds of an epoch"]
    table.insert(1, "efficiency", seconds[ONE[0]] / seconds / n_cores)
    before = table["seconds before the epochs"]
    table.insert(3, "efficiency before the epochs", before[ONE[0]] / before / n_cores)
    return table


def main(argv: Sequence[str] | None = None) -> None:
    """Run the comparison."""
    parser = make_parser(__doc__)
    add_data_option(parser)
    parser.add_argument("--runs", type=int, default=3, help="runs of each (default: 3)")
    parser.add_argument("--texts", type=int, default=6400, help="texts (default: 6,400)")
    parser.add_argument(
        "--processes", type=int, nargs="+", default=[2, 4], help="numbers (default: 2 4)"
    )
    parser.add_argument(
        "--batch-sizes", type=int, nargs="+", default=[64, 256], help="(default: 64 256)"
    )
    options = parser.parse_args(argv)
    tables = {}
    for batch_size in options.batch_sizes:
        title = f"{options.texts:,} texts, batch_size={batch_size}"
        tables[title] = compare(options, batch_size)
        print(f"\n{title}\n{tables[title].to_string(float_format='%.4g')}", flush=True)
    named = {title: table.reset_index(names="what") for title, table in tables.items()}
    print(f"\nwritten to {write_record('distributed', named)}")


if __name__ == "__main__":
    main()
