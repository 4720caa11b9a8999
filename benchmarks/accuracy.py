"""How accurate the default Pipeline is, beside the baselines, on the official test sets.

    SKLEARN_RNN_DATA=... python benchmarks/accuracy.py [--corpus NAME ...] [--model NAME ...]

Each model is fitted on the training set, or on a stratified 10 % or 1 % of it, and scored once on
the test set; the network once for each seed. Prints a line per fit, then the medians, and McNemar's
test of the network of the median accuracy against the best baseline, and writes them, with the
versions and the machine, to benchmarks/results/accuracy.json. Fits of an earlier run that are not
repeated are kept; the commit and the processor stand with each fit.
"""

import argparse
import json
import sys
import time
from functools import partial

import numpy as np
import pandas as pd
from scipy.stats import binomtest
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline

from corpora import add_data_option
from record import HERE, describe_commit, describe_processor, write_record
from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn.baselines import nb_svm, tfidf_linear_svc, tfidf_logistic_regression
from sklearn_rnn.datasets import read_texts

IMDB = (
    ("imdb/train.csv.gz", {"text": "review", "label": "sentiment"}),
    ("imdb/test.csv.gz", {"text": "review", "label": "sentiment"}),
)
CORPORA = {
    "imdb": IMDB,
    "ag_news (59,662-row train)": (
        ("ag_news/train_partial.csv.gz", {"text": 1, "label": 0}),
        ("ag_news/test.csv.gz", {"text": [1, 2], "label": 0}),
    ),
    "amazon_polarity (11,459-row train)": (
        ("amazon_polarity/train.ft.txt.gz", {}),
        ("amazon_polarity/test.ft.txt.gz", {}),
    ),
    "druglib (3 classes)": (
        ("drug_review/druglib_train.tsv.gz", {}),
        ("drug_review/druglib_test.tsv.gz", {}),
    ),
    "imdb_10 (10 % of the training set)": IMDB,
    "imdb_1 (1 % of the training set)": IMDB,
}
SHARES = {"imdb_10": 0.1, "imdb_1": 0.01}


def load(data_dir, corpus):
    """Return the texts and labels of the training and the test set."""
    train, test = (read(data_dir / file, where) for file, where in CORPORA[corpus])
    share = SHARES.get(corpus.partition(" ")[0])
    if share is not None:
        texts, labels = train
        texts, _, labels, _ = train_test_split(
            texts, labels, train_size=share, stratify=labels, random_state=0
        )
        train = texts, labels
    return train, test


def read(path, where):
    if "druglib" not in path.name:
        texts = read_texts(path, **where)
        return list(texts.data), texts.target
    table = pd.read_csv(path, sep="\t")
    columns = ["benefitsReview", "sideEffectsReview", "commentsReview"]
    classes = np.digitize(table["rating"], [4.5, 6.5])  # <= 4, 5 and 6, >= 7
    return table[columns].fillna("").agg(" ".join, axis=1).tolist(), classes


def make_rnn(seed, **parameters):
    classifier = RNNTextClassifier(random_state=seed, device="cpu", **parameters)
    return Pipeline([("tok", TextTokenizer()), ("clf", classifier)])


MODELS = {
    "rnn": make_rnn,
    "network_alone": partial(make_rnn, linear_ngrams=0),
    "nb_svm": lambda seed: nb_svm(),
    "tfidf_linear_svc": lambda seed: tfidf_linear_svc(),
    "tfidf_logistic_regression": lambda seed: tfidf_logistic_regression(),
    "majority": lambda seed: DummyClassifier(),
}


def fit_and_score(corpus, model, seed, train, test):
    start = time.perf_counter()
    estimator = MODELS[model](seed).fit(*train)
    seconds = time.perf_counter() - start
    is_right = estimator.predict(test[0]) == test[1]
    return {
        "corpus": corpus,
        "model": model,
        "seed": seed,
        "accuracy": is_right.mean(),
        "fit_seconds": seconds,
        "commit": describe_commit(),
        "processor": describe_processor(),
        "right": np.packbits(is_right).tobytes().hex(),
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


def test_against_best_baseline(fits):
    """Make a row for each corpus: the network of the median accuracy and the best baseline."""
    rows = []
    for corpus, group in fits.groupby("corpus", sort=False):
        networks = group[group["model"] == "rnn"].sort_values("accuracy")
        baselines = group[~group["model"].isin(["rnn", "network_alone"])]
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


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    short_names = {name.split(" ")[0]: name for name in CORPORA}
    parser.add_argument("--corpus", action="append", choices=list(short_names))
    parser.add_argument("--model", action="append", choices=list(MODELS))
    parser.add_argument("--seeds", type=int, default=3, help="fits of the network (default: 3)")
    add_data_option(parser)
    args = parser.parse_args(argv)

    for short_name in args.corpus or short_names:
        corpus = short_names[short_name]
        train, test = load(args.data, corpus)
        for model in args.model or MODELS:
            for seed in range(args.seeds if model in ("rnn", "network_alone") else 1):
                fit = fit_and_score(corpus, model, seed, train, test)
                print(*list(fit.values())[:-2], flush=True)
                # Read anew each time: corpora may be run side by side.
                fits = earlier_fits() | {(corpus, model, seed): fit}
                table = pd.DataFrame(fits.values())
                tables = {
                    "summary": summarise(table),
                    "paired test": test_against_best_baseline(table),
                    "fits": table,
                }
                write_record("accuracy", tables)
    for title in ("summary", "paired test"):
        print(tables[title].to_string(index=False, float_format="%.4f"))


if __name__ == "__main__":
    sys.exit(main())
