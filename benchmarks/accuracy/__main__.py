"""Accuracy of the default Pipeline and of the baselines on the official test sets.

    SKLEARN_RNN_DATA=... python -m benchmarks.accuracy [--corpus NAME ...] [--model NAME ...]

Each baseline is fitted once and each network once per seed, on the training set or on a stratified
10 % or 1 % of it. Each fit is scored on the test set. The benchmark prints a line per fit, the
medians, and McNemar's test of the network with the median accuracy against the best baseline. It
writes these results, with the versions and the machine, to benchmarks/results/accuracy.json. Fits
of earlier runs stay in the file, with their commit and processor, until they are repeated.
"""

import time
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import binomtest
from sklearn.base import BaseEstimator

from benchmarks.accuracy.models import MODELS, NETWORKS
from benchmarks.accuracy.splits import CORPORA, Split, load
from benchmarks.common.arguments import add_data_option, make_parser
from benchmarks.common.record import describe_run, read_rows, write_record


def fit_and_score(estimator: BaseEstimator, train: Split, test: Split) -> dict:
    """Return the accuracy, the seconds of the fit, and a bit per test text: 1 if correct."""
    start = time.perf_counter()
    estimator.fit(*train)
    seconds = time.perf_counter() - start
    is_right = estimator.predict(test[0]) == test[1]
    return {
        "accuracy": is_right.mean(),
        "fit_seconds": seconds,
        **describe_run(),
        "right": np.packbits(is_right).tobytes().hex(),
    }


def read_fits() -> dict[tuple[str, str, int], dict]:
    """Return the fits of the record by corpus, model and seed."""
    fits = read_rows("accuracy", "fits")
    return {(fit["corpus"], fit["model"], fit["seed"]): fit for fit in fits}


def summarize(fits: pd.DataFrame) -> pd.DataFrame:
    """Make a row for each corpus and model: the median over the seeds."""
    groups = fits.groupby(["corpus", "model"], sort=False)
    table = groups.agg(
        fits=("seed", "size"),
        accuracy=("accuracy", "median"),
        lowest=("accuracy", "min"),
        highest=("accuracy", "max"),
        fit_seconds=("fit_seconds", "median"),
    )
    return table.reset_index()


def compare_with_best_baseline(fits: pd.DataFrame) -> pd.DataFrame:
    """Compare the network of median accuracy with the best baseline, in a row for each corpus."""
    rows = []
    for corpus, group in fits.groupby("corpus", sort=False):
        networks = group[group["model"] == "rnn"].sort_values("accuracy")
        baselines = group[~group["model"].isin(NETWORKS)]
        if len(networks) == 0 or len(baselines) == 0:
            continue
        network = networks.iloc[(len(networks) - 1) // 2]
        baseline = baselines.loc[baselines["accuracy"].idxmax()]
        bits = [bytes.fromhex(fit["right"]) for fit in (network, baseline)]
        ours, theirs = (np.unpackbits(np.frombuffer(b, np.uint8)).astype(bool) for b in bits)
        n_ours, n_theirs = int((ours & ~theirs).sum()), int((theirs & ~ours).sum())
        rows.append(
            {
                "corpus": corpus,
                "rnn": network["accuracy"],
                "best baseline": baseline["model"],
                "its accuracy": baseline["accuracy"],
                "McNemar's p": binomtest(n_ours, n_ours + n_theirs).pvalue,
            }
        )
    return pd.DataFrame(rows)


def record_fit(fit: dict) -> dict[str, pd.DataFrame]:
    """Add a fit to the record, and return its tables.

    The record is read anew each time, since several corpora may run at once.
    """
    fits = read_fits() | {(fit["corpus"], fit["model"], fit["seed"]): fit}
    table = pd.DataFrame(fits.values())
    tables = {
        "summary": summarize(table),
        "paired test": compare_with_best_baseline(table),
        "fits": table,
    }
    write_record("accuracy", tables)
    return tables


def main(argv: Sequence[str] | None = None) -> None:
    """Fit and score the models named on the command line."""
    parser = make_parser(__doc__)
    parser.add_argument("--corpus", action="append", choices=list(CORPORA))
    parser.add_argument("--model", action="append", choices=list(MODELS))
    parser.add_argument("--seeds", type=int, default=3, help="fits of the network (default: 3)")
    add_data_option(parser)
    args = parser.parse_args(argv)

    for corpus in args.corpus or CORPORA:
        train, test = load(args.data, corpus)
        for model in args.model or MODELS:
            for seed in range(args.seeds if model in NETWORKS else 1):
                key = {"corpus": CORPORA[corpus], "model": model, "seed": seed}
                fit = key | fit_and_score(MODELS[model](seed), train, test)
                print(*list(fit.values())[:-2], flush=True)
                tables = record_fit(fit)
    for title in ("summary", "paired test"):
        print(tables[title].to_string(index=False, float_format="%.4f"))


if __name__ == "__main__":
    main()
