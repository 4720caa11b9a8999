"""What texts without labels give: scikit-learn's self-training around the classifier.

    SKLEARN_RNN_DATA=... python benchmarks/unlabelled.py [--corpus NAME ...] [--labelled N ...]

Of the training set a few texts keep their labels, drawn anew for each seed, and the others are
marked by -1, as scikit-learn does. "labelled" is fitted to the few alone, "self-trained" to all:
SelfTrainingClassifier (Yarowsky 1995, doi:10.3115/981658.981684) labels what a first fit is sure
of, by its default of a probability of 0.75, and fits once more. The rival is TF-IDF with a logistic
regression, in the same way. Scored once, on the official test set. Results go to
benchmarks/results/unlabelled.json; corpora that are not run are kept.
"""

import argparse
import json
import sys
import time
from itertools import product
from statistics import median

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.semi_supervised import SelfTrainingClassifier

from accuracy import load
from corpora import add_data_option
from record import HERE, describe_commit, describe_processor, write_record
from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn.baselines import tfidf_logistic_regression

# Texts that keep their labels.
N_LABELLED = {
    "imdb": (250, 2_500),
    "ag_news (59,662-row train)": (2_000,),
    "amazon_polarity (11,459-row train)": (1_000,),
}
UNLABELLED = -1


def make_rnn(seed):
    return TextTokenizer(), RNNTextClassifier(random_state=seed, device="cpu")


def make_tfidf(seed):
    return (step for _, step in tfidf_logistic_regression().steps)


MODELS = {"rnn": make_rnn, "tfidf_logistic_regression": make_tfidf}


def number_classes(texts, labels):
    return texts, np.unique(labels, return_inverse=True)[1]


def fit_and_score(model, seed, n_labelled, train, test):
    """Fit to a stratified few of the texts alone, and to all; return accuracies and seconds."""
    texts, labels = train
    rows = np.arange(len(texts))
    few, _ = train_test_split(rows, train_size=n_labelled, stratify=labels, random_state=seed)
    some_labels = np.full(len(texts), UNLABELLED)
    some_labels[few] = labels[few]
    first, classifier = MODELS[model](seed)
    teacher = SelfTrainingClassifier(classifier, max_iter=1)
    outcome = {}
    for name, last, X, y in [
        ("labelled", classifier, [texts[row] for row in few], labels[few]),
        ("self-trained", teacher, texts, some_labels),
    ]:
        start = time.perf_counter()
        pipe = make_pipeline(first, last).fit(X, y)
        outcome[f"{name}, seconds"] = time.perf_counter() - start
        outcome[name] = pipe.score(*test)
    return outcome


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    short_names = {name.split(" ")[0]: name for name in N_LABELLED}
    parser.add_argument("--corpus", action="append", choices=list(short_names))
    parser.add_argument(
        "--labelled", action="append", type=int, help="texts that keep their labels"
    )
    parser.add_argument("--seeds", type=int, default=3)
    add_data_option(parser)
    args = parser.parse_args(argv)

    path = HERE / "results" / "unlabelled.json"
    rows = json.loads(path.read_text())["tables"]["unlabelled"] if path.exists() else []
    rows = {(row["corpus"], row["labelled texts"], row["model"]): row for row in rows}
    for short_name in args.corpus or short_names:
        corpus = short_names[short_name]
        train, test = (number_classes(*part) for part in load(args.data, corpus))
        for n_labelled, model in product(args.labelled or N_LABELLED[corpus], MODELS):
            fits = [
                fit_and_score(model, seed, n_labelled, train, test) for seed in range(args.seeds)
            ]
            row = {
                "corpus": corpus,
                "labelled texts": n_labelled,
                "all texts": len(train[0]),
                "model": model,
                "seeds": args.seeds,
                **{name: median(fit[name] for fit in fits) for name in fits[0]},
                "commit": describe_commit(),
                "processor": describe_processor(),
            }
            print(row, flush=True)
            rows[corpus, n_labelled, model] = row
            table = pd.DataFrame(rows.values())
            write_record("unlabelled", {"unlabelled": table})
    print(table.drop(columns="processor").to_string(index=False, float_format="%.4g"))


if __name__ == "__main__":
    sys.exit(main())
