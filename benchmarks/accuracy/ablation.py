"""Contribution of each part of the default Pipeline: one change at a time, on held-out texts.

    SKLEARN_RNN_DATA=... python -m benchmarks.accuracy.ablation [--corpus NAME ...] [--seeds 3]

The test sets are not used. A stratified fifth of the training set is held out. For IMDB, the
reviews numbered 10,000 and up are held out, so that no film is in both sets. Results go to
benchmarks/results/ablation.json; corpora that are not run are kept.
"""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import train_test_split

from benchmarks.accuracy.metrics import expected_calibration_error
from benchmarks.accuracy.models import make_rnn
from benchmarks.accuracy.splits import ANALYZERS, CORPORA, Split, load
from benchmarks.common.arguments import add_data_option, make_parser
from benchmarks.common.corpora import FILES
from benchmarks.common.record import describe_run, read_rows, write_record

WORDS_ALONE = r"\w+(?:'\w+)*|[!?]"
CHANGES = {
    "default": {},
    "no linear term": {"clf__linear_ngrams": 0},
    "linear term of words alone": {"clf__linear_ngrams": 1},
    "no signs but ! and ?": {"tok__token_pattern": WORDS_ALONE},
    "no characters": {"tok__add_characters": False},
    "no word dropout": {"clf__word_dropout": 0.0},
    "label_smoothing=0.1": {"clf__label_smoothing": 0.1},
    "hidden_size=128": {"clf__hidden_size": 128},
    "three epochs": {"clf__max_epochs": 3},
    "six epochs": {"clf__max_epochs": 6},
}


def hold_out(
    data_dir: Path, corpus: str, labels: np.ndarray
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Split the training set; return the rows to train on and the held-out rows."""
    rows = np.arange(len(labels))
    if corpus == "imdb":
        names = pd.read_csv(data_dir / FILES["imdb", "train"][0], usecols=["id"])["id"]
        is_held_out = names.str.rpartition("/")[2].astype(int) >= 10_000
        return rows[~is_held_out], rows[is_held_out]
    training, validation = train_test_split(rows, test_size=0.2, stratify=labels, random_state=0)
    return training, validation


def fit_and_score(
    change: str, train: Split, validation: Split, n_seeds: int, analyzer: str
) -> dict:
    """Return medians of the metrics over the seeds, the range of the accuracy, and the seconds."""
    figures, start = [], time.perf_counter()
    for seed in range(n_seeds):
        pipe = make_rnn(seed, analyzer).set_params(**CHANGES[change]).fit(*train)
        proba = pipe.predict_proba(validation[0])
        labels = np.searchsorted(pipe.classes_, validation[1])
        figures.append(
            {
                "accuracy": accuracy_score(labels, proba.argmax(axis=1)),
                "log-loss": log_loss(labels, proba, labels=np.arange(proba.shape[1])),
                "calibration error": expected_calibration_error(labels, proba),
            }
        )
    table = pd.DataFrame(figures)
    return {
        **table.median().to_dict(),
        "lowest": float(table["accuracy"].min()),
        "highest": float(table["accuracy"].max()),
        "seconds of a fit": (time.perf_counter() - start) / n_seeds,
        **describe_run(),
    }


def main(argv: Sequence[str] | None = None) -> None:
    """Fit and score the changes named on the command line."""
    parser = make_parser(__doc__)
    parser.add_argument("--corpus", action="append", choices=list(CORPORA))
    parser.add_argument("--change", action="append", choices=list(CHANGES))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--texts", type=int, help="training texts at most (default: all)")
    add_data_option(parser)
    args = parser.parse_args(argv)

    rows = {(row["corpus"], row["change"]): row for row in read_rows("ablation", "ablation")}
    for corpus in args.corpus or CORPORA:
        (texts, labels), _ = load(args.data, corpus)
        training, held_out = hold_out(args.data, corpus, labels)
        training = np.random.default_rng(0).permutation(training)[: args.texts]
        train, validation = (
            ([texts[row] for row in split], labels[split]) for split in (training, held_out)
        )
        for change in args.change or CHANGES:
            row = {
                "corpus": CORPORA[corpus],
                "change": change,
                "training texts": len(training),
                "validation texts": len(held_out),
                **fit_and_score(
                    change, train, validation, args.seeds, ANALYZERS.get(corpus, "word")
                ),
            }
            print(row, flush=True)
            rows[row["corpus"], change] = row
            table = pd.DataFrame(rows.values())
            write_record("ablation", {"ablation": table})
    table = table.drop(columns="processor")
    print(table.to_string(index=False, float_format="%.4f"))


if __name__ == "__main__":
    main()
