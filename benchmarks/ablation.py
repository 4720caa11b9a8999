"""What each part of the default Pipeline gives: one change at a time, on held out training texts.

    SKLEARN_RNN_DATA=... python benchmarks/ablation.py [--corpus NAME ...] [--seeds 3] [--texts N]

The test sets are not touched. A stratified fifth of the training set is held out; of IMDB the
reviews numbered 10,000 and up, so that no film is in both parts. Results go to
benchmarks/results/ablation.json; corpora that are not run are kept.
"""

import argparse
import json
import sys
import time

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline

from accuracy import CORPORA, load
from corpora import add_data_option
from record import HERE, describe_commit, write_record
from sklearn_rnn import RNNTextClassifier, TextTokenizer

WORDS_ALONE = r"\w+(?:'\w+)*|[!?]"
CHANGES = {
    "default": {},
    "no linear term": {"clf__linear_ngrams": 0},
    "linear term of words alone": {"clf__linear_ngrams": 1},
    "no signs but ! and ?": {"tok__token_pattern": WORDS_ALONE},
    "no word dropout": {"clf__word_dropout": 0.0},
    "hidden_size=128": {"clf__hidden_size": 128},
    "five epochs": {"clf__max_epochs": 5},
}


def hold_out(data_dir, corpus):
    """Return the rows of training and validation, with the texts and labels of the training set."""
    (texts, labels), _ = load(data_dir, corpus)
    rows = np.arange(len(texts))
    if corpus == "imdb":
        names = pd.read_csv(data_dir / "imdb/train.csv.gz", usecols=["id"])["id"]
        is_held_out = names.str.rpartition("/")[2].astype(int) >= 10_000
        return rows[~is_held_out], rows[is_held_out], texts, labels
    parts = train_test_split(rows, test_size=0.2, stratify=labels, random_state=0)
    return *parts, texts, labels


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    short_names = {name.split(" ")[0]: name for name in CORPORA}
    parser.add_argument("--corpus", action="append", choices=list(short_names))
    parser.add_argument("--change", action="append", choices=list(CHANGES))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--texts", type=int, help="training texts at most (default: all)")
    add_data_option(parser)
    args = parser.parse_args(argv)

    path = HERE / "results" / "ablation.json"
    rows = json.loads(path.read_text())["tables"]["ablation"] if path.exists() else []
    rows = {(row["corpus"], row["change"]): row for row in rows}
    for name in args.corpus or short_names:
        corpus = short_names[name]
        training, validation, texts, labels = hold_out(args.data, corpus)
        training = np.random.default_rng(0).permutation(training)[: args.texts]
        X, X_val = ([texts[row] for row in part] for part in (training, validation))
        for change in args.change or CHANGES:
            accuracies, start = [], time.perf_counter()
            for seed in range(args.seeds):
                classifier = RNNTextClassifier(random_state=seed, device="cpu")
                pipe = Pipeline([("tok", TextTokenizer()), ("clf", classifier)])
                pipe.set_params(**CHANGES[change]).fit(X, labels[training])
                accuracies.append(pipe.score(X_val, labels[validation]))
            row = {
                "corpus": corpus,
                "change": change,
                "training texts": len(X),
                "validation texts": len(X_val),
                "accuracy": float(np.median(accuracies)),
                "lowest": min(accuracies),
                "highest": max(accuracies),
                "seconds of a fit": (time.perf_counter() - start) / args.seeds,
                "commit": describe_commit(),
            }
            print(row, flush=True)
            rows[corpus, change] = row
            table = pd.DataFrame(rows.values())
            write_record("ablation", {"ablation": table})
    print(table.to_string(index=False, float_format="%.4f"))


if __name__ == "__main__":
    sys.exit(main())
