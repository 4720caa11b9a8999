"""What texts without labels give: scikit-learn's self-training around the classifier.

    SKLEARN_RNN_DATA=... python benchmarks/unlabelled.py [--corpus NAME ...] [--seeds 3]

Of the training set a few texts keep their labels, drawn anew for each seed, and the others are
marked by -1, as scikit-learn does. "labelled" is fitted to the few alone, "self-trained" to all:
SelfTrainingClassifier (Yarowsky 1995) labels what a first fit is sure of, by its default of a
probability of 0.75, and fits once more. The rival is TF-IDF with a logistic regression, in the same
way. Scored once, on the official test set. Results go to benchmarks/results/unlabelled.json;
corpora that are not run are kept.
"""

import argparse
import json
import sys
import time
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
    "imdb": 2_500,
    "ag_news (59,662-row train)": 2_000,
    "amazon_polarity (11,459-row train)": 1_000,
}
UNLABELLED = -1


def make_rnn(seed):
    return TextTokenizer(), RNNTextClassifier(random_state=seed, device="cpu")


def make_tfidf(seed):
    return [step for _, step in tfidf_logistic_regression().steps]


MODELS = {"rnn": make_rnn, "tfidf_logistic_regression": make_tfidf}


def hide_labels(labels, n_labelled, seed):
    """Return class indices of a stratified few texts, and -1 for the others."""
    rows = np.arange(len(labels))
    kept, _ = train_test_split(rows, train_size=n_labelled, stratify=labels, random_state=seed)
    hidden = np.full(len(labels), UNLABELLED)
    hidden[kept] = labels[kept]
    return hidden


def fit_and_score(model, seed, texts, labels, test):
    """Fit to the labelled texts alone, and to all; return accuracies and seconds."""
    outcome = {}
    is_labelled = labels != UNLABELLED
    few = [text for text, is_one in zip(texts, is_labelled, strict=True) if is_one]
    for name, X, y in [
        ("labelled", few, labels[is_labelled]),
        ("self-trained", texts, labels),
    ]:
        first, classifier = MODELS[model](seed)
        if name == "self-trained":
            classifier = SelfTrainingClassifier(classifier, max_iter=1)
        start = time.perf_counter()
        fitted = make_pipeline(first, classifier).fit(X, y)
        outcome[f"{name}, seconds"] = time.perf_counter() - start
        outcome[name] = fitted.score(*test)
    return outcome


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    short_names = {name.split(" ")[0]: name for name in N_LABELLED}
    parser.add_argument("--corpus", action="append", choices=list(short_names))
    parser.add_argument("--seeds", type=int, default=3)
    add_data_option(parser)
    args = parser.parse_args(argv)

    path = HERE / "results" / "unlabelled.json"
    rows = json.loads(path.read_text())["tables"]["unlabelled"] if path.exists() else []
    rows = {(row["corpus"], row["model"]): row for row in rows}
    for short_name in args.corpus or short_names:
        corpus = short_names[short_name]
        (texts, labels), (test_texts, test_labels) = load(args.data, corpus)
        classes, labels = np.unique(labels, return_inverse=True)
        test = test_texts, np.searchsorted(classes, test_labels)
        for model in MODELS:
            fits = []
            for seed in range(args.seeds):
                hidden = hide_labels(labels, N_LABELLED[corpus], seed)
                fits.append(fit_and_score(model, seed, texts, hidden, test))
                print(corpus, model, seed, fits[-1], flush=True)
            rows[corpus, model] = {
                "corpus": corpus,
                "labelled texts": N_LABELLED[corpus],
                "all texts": len(texts),
                "model": model,
                "seeds": args.seeds,
                **{name: median(fit[name] for fit in fits) for name in fits[0]},
                "commit": describe_commit(),
                "processor": describe_processor(),
            }
            table = pd.DataFrame(rows.values())
            write_record("unlabelled", {"unlabelled": table})
    print(table.drop(columns="processor").to_string(index=False, float_format="%.4g"))


if __name__ == "__main__":
    sys.exit(main())
