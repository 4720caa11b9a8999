"""Gain in accuracy from texts without labels, by scikit-learn's self-training.

    SKLEARN_RNN_DATA=... python -m benchmarks.accuracy.unlabelled [--corpus NAME ...]

For each seed, a random sample of the training texts keeps its labels; the other texts have the
label -1. "labelled" is fitted to the sample, "self-trained" to all texts: SelfTrainingClassifier
(Yarowsky 1995, doi:10.3115/981658.981684) labels the texts for which the first fit predicts a class
with a probability above its default threshold of 0.75, and fits again. The rival is TF-IDF with a
logistic regression, trained in the same way. Each fit is scored once, on the official test set.
Results are written to benchmarks/results/unlabelled.json, where results of other corpora stay.
"""

import time
from collections.abc import Sequence
from itertools import product
from statistics import median

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.semi_supervised import SelfTrainingClassifier

from benchmarks.accuracy.models import MODELS
from benchmarks.accuracy.splits import CORPORA, Split, load
from benchmarks.common.arguments import add_data_option, make_parser
from benchmarks.common.corpora import encode_labels
from benchmarks.common.record import describe_run, read_rows, write_record

# Numbers of texts that keep their labels.
N_LABELLED = {"imdb": (250, 2_500), "ag_news": (2_000,), "amazon_polarity": (1_000,)}
UNLABELLED = -1
CHOSEN = ("rnn", "tfidf_logistic_regression")


def fit_and_score(
    model: str, seed: int, n_labelled: int, train: Split, test: Split
) -> dict[str, float]:
    """Fit to a labelled sample alone and to all texts; return accuracies and seconds."""
    texts, labels = train
    rows = np.arange(len(texts))
    few, _ = train_test_split(rows, train_size=n_labelled, stratify=labels, random_state=seed)
    some_labels = np.full(len(texts), UNLABELLED)
    some_labels[few] = labels[few]
    (_, vectorizer), (_, classifier) = MODELS[model](seed).steps
    self_training = SelfTrainingClassifier(classifier, max_iter=1)
    outcome = {}
    for name, last, X, y in [
        ("labelled", classifier, [texts[row] for row in few], labels[few]),
        ("self-trained", self_training, texts, some_labels),
    ]:
        start = time.perf_counter()
        pipe = make_pipeline(vectorizer, last).fit(X, y)
        outcome[f"{name}, seconds"] = time.perf_counter() - start
        outcome[name] = pipe.score(*test)
    return outcome


def main(argv: Sequence[str] | None = None) -> None:
    """Fit and score on the corpora named on the command line."""
    parser = make_parser(__doc__)
    parser.add_argument("--corpus", action="append", choices=list(N_LABELLED))
    parser.add_argument(
        "--labelled", action="append", type=int, help="texts that keep their labels"
    )
    parser.add_argument("--seeds", type=int, default=3)
    add_data_option(parser)
    args = parser.parse_args(argv)

    rows = {
        (row["corpus"], row["labelled texts"], row["model"]): row
        for row in read_rows("unlabelled", "unlabelled")
    }
    for corpus in args.corpus or N_LABELLED:
        train, test = ((texts, encode_labels(labels)) for texts, labels in load(args.data, corpus))
        for n_labelled, model in product(args.labelled or N_LABELLED[corpus], CHOSEN):
            fits = [
                fit_and_score(model, seed, n_labelled, train, test) for seed in range(args.seeds)
            ]
            row = {
                "corpus": CORPORA[corpus],
                "labelled texts": n_labelled,
                "all texts": len(train[0]),
                "model": model,
                "seeds": args.seeds,
                **{name: median(fit[name] for fit in fits) for name in fits[0]},
                **describe_run(),
            }
            print(row, flush=True)
            rows[row["corpus"], n_labelled, model] = row
            table = pd.DataFrame(rows.values())
            write_record("unlabelled", {"unlabelled": table})
    print(table.drop(columns="processor").to_string(index=False, float_format="%.4g"))


if __name__ == "__main__":
    main()
