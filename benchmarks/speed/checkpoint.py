"""Time and size of a checkpoint, as a share of an epoch and of the linear fits.

Each corpus is fitted once, by the default Pipeline with `checkpoint_path`, and the calls that write
are timed inside of the fit: so each share is that of an epoch of the same fit. "going on" is a call
of fit that finds the checkpoint of the last epoch: its digest of the texts, its reading, and the
refit of the output biases.

Target: after an epoch at most 2 % of the epoch, on IMDB.
"""

import tempfile
import time
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pandas as pd

from benchmarks.common.corpora import load_texts
from benchmarks.common.timing import Tables, check_targets
from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn._training.checkpoint import Checkpoint

CORPORA = ("imdb", "ag_news", "banking77")


def run(options: Namespace) -> Tables:
    """Return the tables of the section."""
    table = pd.DataFrame(
        {corpus: measure(options.data, corpus, options.texts) for corpus in CORPORA}
    ).T
    percent = table["% of an epoch"]["imdb"]
    return {
        "checkpoints of the default Pipeline": table,
        "targets": check_targets({"% of an epoch, imdb": (percent, "at most", 2)}),
    }


def measure(data_dir: Path, corpus: str, n_texts: int | None) -> dict[str, float]:
    """Return the figures of a corpus."""
    texts, labels = load_texts(data_dir, corpus, "train")
    ids, labels = TextTokenizer().fit_transform(texts[:n_texts]), labels[:n_texts]
    seconds: dict[str, list[float]] = {"linear": [], "write": [], "save": []}
    sizes = {}

    def timed(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            start = time.perf_counter()
            result = method(*arguments)
            seconds[name].append(time.perf_counter() - start)
            return result

        return call

    def keep(checkpoint: Checkpoint) -> None:
        sizes["linear"] = Path(checkpoint.linear_path).stat().st_size / 1e6
        sizes["state"] = Path(checkpoint.path).stat().st_size / 1e6

    with tempfile.TemporaryDirectory() as folder, patch.object(Checkpoint, "remove", keep):
        classifier = RNNTextClassifier(
            random_state=0, device="cpu", checkpoint_path=Path(folder, "fit")
        )
        with (
            patch.object(
                Checkpoint, "learn_linear_term", timed("linear", Checkpoint.learn_linear_term)
            ),
            patch.object(Checkpoint, "_write", timed("write", Checkpoint._write)),
            patch.object(Checkpoint, "save", timed("save", Checkpoint.save)),
        ):
            classifier.fit(ids, labels)
        epochs = classifier.history_["seconds"]
        start = time.perf_counter()
        classifier.fit(ids, labels)
        seconds_going_on = time.perf_counter() - start
    save = pd.Series(seconds["save"])
    writing = seconds["write"][0]
    return {
        "texts": len(ids),
        "epochs": len(epochs),
        "seconds of an epoch": epochs.median(),
        "MB after an epoch": sizes["state"],
        "seconds to write them": save.median(),
        "% of an epoch": 100 * (save / epochs.to_numpy()).median(),
        "MB of the linear term": sizes["linear"],
        "seconds to write them, once": writing,
        "% of the linear fits": 100 * writing / (seconds["linear"][0] - writing),
        "seconds of going on": seconds_going_on,
    }
