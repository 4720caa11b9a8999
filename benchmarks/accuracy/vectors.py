"""Accuracy of the network alone, and the gain from word vectors learned from the training texts.

    SKLEARN_RNN_DATA=... python -m benchmarks.accuracy.vectors [--corpus NAME ...] [--seeds 3]

"network alone" is `linear_ngrams=0`, by default and with SETTINGS, which were chosen on held-out
training texts; "default" has the linear term. "vectors" are those of `WordVectors.from_texts` of
the training texts. The best baseline has the highest test accuracy of the linear classifiers of
`sklearn_rnn.baselines`. Accuracies are medians over the seeds, on the test set. Results are written
to benchmarks/results/vectors.json, where results of other corpora stay.
"""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline, make_pipeline

from benchmarks.accuracy.splits import CORPORA, Split, load
from benchmarks.common.arguments import add_data_option, make_parser
from benchmarks.common.record import describe_run, read_rows, write_record
from sklearn_rnn import RNNTextClassifier, TextTokenizer, WordVectors, baselines

OLD_SETTINGS = {"word_dropout": 0.5, "max_epochs": 3}  # those of the default network
# For each network, whether it has vectors, and its parameters.
NETWORKS = {
    "network alone, settings of the default": (False, {"linear_ngrams": 0, **OLD_SETTINGS}),
    "network alone": (False, {"linear_ngrams": 0}),
    "network alone, vectors": (True, {"linear_ngrams": 0}),
    "default": (False, {}),
    "default, vectors": (True, {}),
}
BASELINES = [name for name in baselines.__all__ if name.islower()]
SAMPLE = "ag_news_10000"
CHOSEN = {
    "amazon_polarity": CORPORA["amazon_polarity"],
    "druglib": CORPORA["druglib"],
    "imdb_10": CORPORA["imdb_10"],
    SAMPLE: "ag_news_10000 (10,000 training texts)",
    "imdb": CORPORA["imdb"],
    "ag_news": CORPORA["ag_news"],
}


def load_corpus(data_dir: Path, name: str) -> tuple[Split, Split]:
    """Return the texts and labels of the training and the test set."""
    if name != SAMPLE:
        return load(data_dir, name)
    (texts, labels), test = load(data_dir, "ag_news")
    rows = np.random.default_rng(0).permutation(len(texts))[:10_000]
    return ([texts[row] for row in rows], labels[rows]), test


def make_pipelines(model: str, train: Split, n_seeds: int) -> Iterator[tuple[Pipeline, float]]:
    """Make the Pipeline for each seed; also yield the seconds that learning the vectors took."""
    if model not in NETWORKS:
        yield getattr(baselines, model)(), 0.0
        return
    has_vectors, parameters = NETWORKS[model]
    start = time.perf_counter()
    vectors = WordVectors.from_texts(train[0]) if has_vectors else None
    seconds = time.perf_counter() - start
    for seed in range(n_seeds):
        classifier = RNNTextClassifier(
            word_vectors=vectors,
            label_smoothing=0.0,
            random_state=seed,
            device="cpu",
            **parameters,
        )
        yield make_pipeline(TextTokenizer(vocabulary=vectors), classifier), seconds


def fit_and_score(model: str, train: Split, test: Split, n_seeds: int) -> dict:
    """Return the median, lowest and highest accuracy over the seeds, and the median seconds."""
    accuracies, seconds_of_fits = [], []
    for pipe, seconds in make_pipelines(model, train, n_seeds):
        start = time.perf_counter()
        pipe.fit(*train)
        seconds_of_fits.append(seconds + time.perf_counter() - start)
        accuracies.append(pipe.score(*test))
    return {
        "seeds": len(accuracies),
        "accuracy": median(accuracies),
        "lowest": min(accuracies),
        "highest": max(accuracies),
        "fit_seconds": median(seconds_of_fits),
        **describe_run(),
    }


def tabulate(rows: pd.DataFrame) -> pd.DataFrame:
    """Make a row for each corpus: the accuracy of each network and of the best baseline."""
    table = rows.pivot_table("accuracy", "corpus", "model", sort=False)
    scores = table.reindex(columns=BASELINES).dropna(how="all")
    networks = table.reindex(columns=list(NETWORKS))
    best = {"best baseline": scores.max(axis=1), "its name": scores.idxmax(axis=1)}
    return networks.assign(**best).reset_index()


def main(argv: Sequence[str] | None = None) -> None:
    """Fit and score the models named on the command line."""
    parser = make_parser(__doc__)
    parser.add_argument("--corpus", action="append", choices=list(CHOSEN))
    parser.add_argument("--model", action="append", choices=[*NETWORKS, *BASELINES])
    parser.add_argument("--seeds", type=int, default=3, help="fits of each network (default: 3)")
    add_data_option(parser)
    args = parser.parse_args(argv)

    rows = {(row["corpus"], row["model"]): row for row in read_rows("vectors", "fits")}
    for corpus in args.corpus or CHOSEN:
        train, test = load_corpus(args.data, corpus)
        for model in args.model or [*BASELINES, *NETWORKS]:
            key = {"corpus": CHOSEN[corpus], "model": model, "training texts": len(train[0])}
            row = key | fit_and_score(model, train, test, args.seeds)
            print(*list(row.values())[:-2], flush=True)
            rows = rows | {(row["corpus"], model): row}
            fits = pd.DataFrame(rows.values())
            table = tabulate(fits)
            write_record("vectors", {"accuracy": table, "fits": fits})
    print(table.to_string(index=False, float_format="%.3f"))


if __name__ == "__main__":
    main()
