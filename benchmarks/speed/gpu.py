"""Training on a GPU: an epoch against packed cuDNN through skorch, raw texts, repeatability.

The classifier is a bidirectional LSTM of 128 units on IMDB with batches of 64, as in the training
section, but with the linear term. The rival is a packed network in float32, fed by torch's
DataLoader, and trains on all texts.

Processes that divide a fit on one card exchange by gloo through the memory of the machine, because
NCCL allows one process per card. That is the cost of the exchange at its worst.

Targets, on one H200: an epoch at least 10 times as fast as packed; AG News' 59,662 rows from raw
text to a fitted default Pipeline in at most 10 s; two fits with one random_state the same to the
last bit.
"""

from argparse import Namespace
from collections.abc import Callable

import numpy as np
import pandas as pd
import torch
from sklearn.pipeline import make_pipeline

from benchmarks.common.corpora import load_ids, load_texts
from benchmarks.common.timing import (
    SkippedError,
    Tables,
    check_targets,
    measure_in_turn,
    tabulate,
    timed,
)
from benchmarks.distributed.rank import run_ranks
from benchmarks.speed.skorch_rival import PackedNet, Texts, collate, make_rival
from sklearn_rnn import RNNTextClassifier, TextTokenizer

PACKED = "skorch, packed"
LARGE_BATCH = 512  # texts, of the processes that share the card


def run(options: Namespace) -> Tables:
    """Return the tables of the section."""
    if not torch.cuda.is_available():
        raise SkippedError("torch finds no GPU here.")
    return run_on("cuda", options)


def run_on(device: str, options: Namespace) -> Tables:
    """Return the tables of the section for any device."""
    ids, labels = (array[: options.texts] for array in load_ids(options.data, "imdb", "train"))
    texts, topics = load_texts(options.data, "ag_news", "train")
    texts, topics = texts[: options.texts], topics[: options.texts]
    measures = {PACKED: timed_on(device, epoch_of_rival(device, ids, labels))}
    for precision in ("auto", "float32"):
        classifier = make_classifier(device, precision)
        name = f"RNNTextClassifier, {precision}"
        measures[name] = timed_on(device, lambda c=classifier: c.fit(ids, labels))
    for measure in measures.values():
        measure()  # starts CUDA and cuDNN, and reserves memory
    epochs = tabulate(measure_in_turn(measures, options.runs), PACKED)

    pipeline = make_pipeline(TextTokenizer(), RNNTextClassifier(device=device, random_state=0))
    raw = {
        "TextTokenizer, RNNTextClassifier": timed_on(device, lambda: pipeline.fit(texts, topics))
    }
    raw = tabulate(measure_in_turn(raw, options.runs))
    shared = {
        f"{n} process{'es' * (n > 1)}": run_ranks(n, 1, options.data, len(ids), LARGE_BATCH, device)
        for n in (1, 2, 4)
    }
    ratio = epochs.loc["RNNTextClassifier, auto", f"times faster than {PACKED}"]
    return {
        f"an epoch of {len(ids):,} texts": epochs,
        f"one card, batch_size={LARGE_BATCH}": pd.DataFrame(shared).T,
        f"AG News, {len(texts):,} raw texts to a fitted default Pipeline": raw,
        "targets": check_targets(
            {
                f"times faster than {PACKED}": (ratio, "at least", 10),
                "AG News, s": (raw["seconds"].iloc[0], "at most", 10),
                "weights that differ between two fits": (
                    count_differences(device, ids, labels),
                    "at most",
                    0,
                ),
            }
        ),
    }


def make_classifier(device: str, precision: str) -> RNNTextClassifier:
    """Make the classifier of the training section, but with the linear term."""
    return RNNTextClassifier(
        hidden_size=128,
        embedding_dim=128,
        batch_size=64,
        max_epochs=1,
        precision=precision,
        device=device,
        random_state=0,
    )


def epoch_of_rival(device: str, ids: np.ndarray, labels: np.ndarray) -> Callable[[], object]:
    """Return a function that trains the rival for an epoch."""
    net = make_rival(PackedNet, collate, "lstm", int(ids.max()) + 1, device=device)
    texts = Texts(ids, labels)
    return lambda: net.partial_fit(texts)


def timed_on(device: str, function: Callable[[], object]) -> Callable[[], float]:
    """Make a function that calls `function`, synchronizes the device and returns the seconds."""

    def call() -> None:
        function()
        if device != "cpu":
            torch.cuda.synchronize(device)

    return timed(call)


def count_differences(device: str, ids: np.ndarray, labels: np.ndarray) -> int:
    """Return the number of weights that differ between two fits with one random_state."""
    first, second = (
        make_classifier(device, "auto").fit(ids[:6_400], labels[:6_400]).net_.get_weights()
        for _ in range(2)
    )
    return sum(int(np.sum(first[name] != second[name])) for name in first)
