"""Fits that 1, 2 and 4 processes divide, against one process with as many threads.

    SKLEARN_RNN_DATA=... python -m benchmarks.distributed

The classifier has its default parameters but for batch_size, and is fitted to reviews of IMDB, cut
to 400 words. Every process has one thread, the rival as many threads as there are processes. The
processes meet by gloo on this machine. Runs alternate, and medians are compared.

Seconds mean little where there are fewer idle cores than processes. Processor seconds, those of a
rank with all its threads, do not depend on it, and neither do the bytes that it sends. Efficiency
is the figure of one process, divided by that of the variant and by its number of cores; for
processor seconds, which do not count waiting for other ranks, by its number of processes.

The tables are printed and written, with the versions and the machine, to
benchmarks/results/distributed.json.
"""

from argparse import Namespace
from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd

from benchmarks.common.arguments import add_data_option, make_parser
from benchmarks.common.record import write_record
from benchmarks.common.timing import measure_in_turn
from benchmarks.distributed.rank import run_ranks, start_ranks

EXCHANGE = "3.4 MB from each of two processes to the other"
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
    n_ranks = np.array([n for _, n, _ in variants])
    n_cores = n_ranks * [n for _, _, n in variants]
    for stage in ("of an epoch", "before the epochs"):
        for unit, n_used in [("seconds", n_cores), ("processor seconds", n_ranks)]:
            seconds = table[f"{unit} {stage}"]
            table[f"efficiency by {unit} {stage}"] = seconds[ONE[0]] / seconds / n_used
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
    ways = start_ranks("benchmarks.distributed.exchange", 2)
    tables = {EXCHANGE: pd.DataFrame({"milliseconds": ways})}
    print(f"{EXCHANGE}\n{tables[EXCHANGE].to_string(float_format='%.3g')}", flush=True)
    for batch_size in options.batch_sizes:
        title = f"{options.texts:,} texts, batch_size={batch_size}"
        tables[title] = compare(options, batch_size)
        print(f"\n{title}\n{tables[title].to_string(float_format='%.4g')}", flush=True)
    named = {title: table.reset_index(names="what") for title, table in tables.items()}
    print(f"\nwritten to {write_record('distributed', named)}")


if __name__ == "__main__":
    main()
