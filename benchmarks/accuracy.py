"""How accurate the default Pipeline is, beside the baselines, on the official test sets.

    SKLEARN_RNN_DATA=... python benchmarks/accuracy.py [--corpus NAME ...] [--model NAME ...]

Each model is fitted on the whole training set and scored once on the test set; the network once
for each seed, as it is and with precision="float32". Prints a line per fit, then the medians, and
writes both, with the versions and the machine, to benchmarks/results/accuracy.json. Fits of an
earlier run that are not repeated are kept; the commit stands with each fit.
"""

import argparse
import json
import os
import sys
import time
from functools import partial
from pathlib import Path

import pandas as pd
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import Pipeline

from record import HERE, describe_commit, write_record
from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn.baselines import nb_svm, tfidf_linear_svc, tfidf_logistic_regression
from sklearn_rnn.datasets import read_texts

CORPORA = {
    "imdb": (
        ("imdb/train.csv.gz", {"text": "review", "label": "sentiment"}),
        ("imdb/test.csv.gz", {"text": "review", "label": "sentiment"}),
    ),
    "ag_news (59,662-row train)": (
        ("ag_news/train_partial.csv.gz", {"text": 1, "label": 0}),
        ("ag_news/test.csv.gz", {"text": [1, 2], "label": 0}),
    ),
    "amazon_polarity (11,459-row train)": (
        ("amazon_polarity/train.ft.txt.gz", {}),
        ("amazon_polarity/test.ft.txt.gz", {}),
    ),
}


def make_rnn(seed, **parameters):
    classifier = RNNTextClassifier(random_state=seed, device="cpu", **parameters)
    return Pipeline([("tok", TextTokenizer()), ("clf", classifier)])


MODELS = {
    "rnn": make_rnn,
    "rnn_float32": partial(make_rnn, precision="float32"),
    "nb_svm": lambda seed: nb_svm(),
    "tfidf_linear_svc": lambda seed: tfidf_linear_svc(),
    "tfidf_logistic_regression": lambda seed: tfidf_logistic_regression(),
    "majority": lambda seed: DummyClassifier(),
}


def fit_and_score(corpus, model, seed, train, test):
    start = time.perf_counter()
    estimator = MODELS[model](seed).fit(train.data, train.target)
    seconds = time.perf_counter() - start
    return {
        "corpus": corpus,
        "model": model,
        "seed": seed,
        "accuracy": estimator.score(test.data, test.target),
        "fit_seconds": seconds,
        "commit": describe_commit(),
    }


def earlier_fits():
    path = HERE / "results" / "accuracy.json"
    fits = json.loads(path.read_text())["tables"]["fits"] if path.exists() else []
    return {(fit["corpus"], fit["model"], fit["seed"]): fit for fit in fits}


def summarise(fits):
    groups = fits.groupby(["corpus", "model"], sort=False)
    table = groups.agg(
        fits=("seed", "size"),
        accuracy=("accuracy", "median"),
        lowest=("accuracy", "min"),
        highest=("accuracy", "max"),
        fit_seconds=("fit_seconds", "median"),
    )
    return table.reset_index()


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    short_names = {name.split(" ")[0]: name for name in CORPORA}
    parser.add_argument("--corpus", action="append", choices=list(short_names))
    parser.add_argument("--model", action="append", choices=list(MODELS))
    parser.add_argument("--seeds", type=int, default=3, help="fits of the network (default: 3)")
    parser.add_argument(
        "--data",
        type=Path,
        default=os.environ.get("SKLEARN_RNN_DATA"),
        help="folder of the corpora (default: the environment variable SKLEARN_RNN_DATA)",
    )
    args = parser.parse_args(argv)
    if args.data is None:
        parser.error("set SKLEARN_RNN_DATA, or pass --data, to the folder of the corpora")

    for short_name in args.corpus or short_names:
        corpus = short_names[short_name]
        train, test = (read_texts(args.data / file, **where) for file, where in CORPORA[corpus])
        for model in args.model or MODELS:
            for seed in range(args.seeds if model.startswith("rnn") else 1):
                fit = fit_and_score(corpus, model, seed, train, test)
                print(*fit.values(), flush=True)
                # Read anew each time: corpora may be run side by side.
                fits = earlier_fits() | {(corpus, model, seed): fit}
                table = pd.DataFrame(fits.values())
                write_record("accuracy", {"summary": summarise(table), "fits": table})
    print(summarise(table).to_string(index=False, float_format="%.4f"))


if __name__ == "__main__":
    sys.exit(main())
