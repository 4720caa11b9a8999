"""How fast sklearn_rnn is, against rivals measured in the same run.

    SKLEARN_RNN_DATA=... python benchmarks/speed.py [SECTION ...]

Each section prints a table and writes it, with the versions and the machine, to
benchmarks/results/speed_SECTION.json. Rivals take turns, so that a machine that slows down slows
all of them; the medians are compared.
"""

import argparse
import os
import re
import sys
import time
import tracemalloc
from pathlib import Path
from statistics import median

import pandas as pd
from sklearn.feature_extraction.text import CountVectorizer

from record import write_record
from sklearn_rnn import TextTokenizer


def time_in_turn(functions, n_runs):
    """Run each function n_runs times, taking turns; return the seconds of each run by name."""
    seconds = {name: [] for name in functions}
    for _ in range(n_runs):
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def tabulate(seconds, rival):
    """Return the median of each name in seconds and how many times faster than the rival it is."""
    table = pd.DataFrame(
        {
            "seconds": {name: median(runs) for name, runs in seconds.items()},
            "fastest": {name: min(runs) for name, runs in seconds.items()},
            "slowest": {name: max(runs) for name, runs in seconds.items()},
        }
    )
    table[f"times faster than {rival}"] = table.loc[rival, "seconds"] / table["seconds"]
    return table


def peak_mebibytes(function):
    """Return the most memory that Python and NumPy hold during a call, over what they held."""
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()


def tokenizer_speed(data_dir, n_runs, memory):
    """TextTokenizer against CountVectorizer on IMDB; one text against the bare expression."""
    texts = pd.read_csv(data_dir / "imdb" / "train.csv.gz")["review"].tolist()
    corpus = {
        "TextTokenizer.fit_transform": lambda: TextTokenizer().fit_transform(texts),
        "CountVectorizer.fit_transform": lambda: CountVectorizer().fit_transform(texts),
    }
    tables = {
        f"{len(texts):,} texts": tabulate(
            time_in_turn(corpus, n_runs), "CountVectorizer.fit_transform"
        )
    }
    if memory:
        tables[f"{len(texts):,} texts"]["peak MiB"] = {
            name: peak_mebibytes(function) for name, function in corpus.items()
        }

    tokenizer = TextTokenizer().fit(texts)
    middling = sorted(texts, key=len)[len(texts) // 2]
    findall = re.compile(tokenizer.token_pattern).findall
    single = {
        "TextTokenizer.transform": lambda: tokenizer.transform([middling]),
        "findall of its pattern": lambda: findall(middling.lower()),
    }
    tables[f"one text of {len(middling):,} characters"] = tabulate(
        time_in_turn(single, 200 * n_runs), "findall of its pattern"
    )
    return tables


SECTIONS = {"tokenizer": tokenizer_speed}


def main(argv=None):
    """Run the sections named on the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS))
    parser.add_argument(
        "--data",
        type=Path,
        default=os.environ.get("SKLEARN_RNN_DATA"),
        help="folder of the corpora (default: the environment variable SKLEARN_RNN_DATA)",
    )
    parser.add_argument("--runs", type=int, default=5, help="runs of each (default: 5)")
    parser.add_argument("--memory", action="store_true", help="measure peak memory too")
    args = parser.parse_args(argv)
    unknown = sorted(set(args.sections) - set(SECTIONS))
    if unknown:
        parser.error(f"no section {', '.join(unknown)}; choose from {', '.join(SECTIONS)}")
    if args.data is None:
        parser.error("set SKLEARN_RNN_DATA, or pass --data, to the folder of the corpora")
    for section in args.sections or SECTIONS:
        tables = SECTIONS[section](args.data, args.runs, args.memory)
        for title, table in tables.items():
            print(f"\n{section}: {title}\n{table.to_string(float_format='%.4g')}")
        named = {title: table.reset_index(names="what") for title, table in tables.items()}
        print(f"\nwritten to {write_record(f'speed_{section}', named)}")


if __name__ == "__main__":
    sys.exit(main())
