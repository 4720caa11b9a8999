"""Training epoch on IMDB, against the same network through skorch in the usual manner.

The network: a bidirectional LSTM (or GRU) of 128 units, embedding of 128, at most 400 words,
batches of 64. The rivals are float32, their batches sampled at random: "packed" pads a batch to its
longest text and packs it, "padded to 400" does not pack. They use torch's default threads. On busy
cores the threads of a packed network wait for each other, so that "one thread" is measured too. The
rivals are so slow that each run trains on a few batches of a new random sample; because their
batches are random, the seconds per text hold for the epoch. Ours is timed over whole fits, which
read each text once and include checks and batching.

Targets: LSTM at least 20 times as fast as packed and 4 times as padded to 400; GRU at least 10
times as fast as packed.
"""

import time
from argparse import Namespace
from functools import partial

import numpy as np
import pandas as pd
import torch
from skorch import NeuralNetClassifier

from benchmarks.common.corpora import load_ids
from benchmarks.common.timing import Tables, check_targets, measure_in_turn, tabulate, torch_threads
from benchmarks.speed.skorch_rival import (
    PackedNet,
    PaddedNet,
    Texts,
    collate,
    collate_to_400,
    make_rival,
)
from sklearn_rnn import RNNTextClassifier

PACKED, PADDED = "skorch, packed", "skorch, padded to 400"
ONE_THREAD = "skorch, packed, one thread"
RNG = np.random.default_rng(0)


def run(options: Namespace) -> Tables:
    """Return the tables of the section."""
    ids, labels = load_ids(options.data, "imdb", "train")
    n_ours = min(options.texts or len(ids), len(ids))
    n_rivals = min(64 * options.rival_batches, len(ids))
    tables = {}
    for cell_type in ("lstm", "gru"):
        measures = {
            name: partial(rival_epoch, rival, ids, labels, n_rivals, n_threads)
            for name, (rival, n_threads) in make_rivals(cell_type, int(ids.max()) + 1).items()
        }
        for precision in ("auto", "float32"):
            classifier = RNNTextClassifier(
                cell_type=cell_type,
                hidden_size=128,
                embedding_dim=128,
                linear_ngrams=0,
                word_dropout=0.0,
                batch_size=64,
                max_epochs=1,
                precision=precision,
                device="cpu",
                random_state=0,
            )
            name = f"RNNTextClassifier, {precision}"
            measures[name] = partial(our_epoch, classifier, ids, labels, n_ours)
        table = tabulate(measure_in_turn(measures, options.runs), PACKED, ONE_THREAD, PADDED)
        is_rival = table.index.str.startswith("skorch")
        table["texts of a run"] = np.where(is_rival, n_rivals, n_ours)
        tables[f"{cell_type}: an epoch of {len(ids):,} texts"] = table
    return tables | {"targets": check_training(tables)}


def make_rivals(cell_type: str, n_tokens: int) -> dict[str, tuple[NeuralNetClassifier, int]]:
    """Return the rivals by name, with the number of threads that each may use."""
    n_threads = torch.get_num_threads()
    settings = {
        PACKED: (PackedNet, collate, n_threads),
        ONE_THREAD: (PackedNet, collate, 1),
        PADDED: (PaddedNet, collate_to_400, n_threads),
    }
    return {
        name: (make_rival(module, collate_fn, cell_type, n_tokens), threads)
        for name, (module, collate_fn, threads) in settings.items()
    }


def check_training(tables: Tables) -> pd.DataFrame:
    """Compare the epochs at the default precision with the targets."""
    lstm, gru = (table.loc["RNNTextClassifier, auto"] for table in tables.values())
    packed, padded = f"times faster than {PACKED}", f"times faster than {PADDED}"
    return check_targets(
        {
            f"lstm: {packed}": (lstm[packed], "at least", 20),
            f"lstm: {padded}": (lstm[padded], "at least", 4),
            f"gru: {packed}": (gru[packed], "at least", 10),
        }
    )


def rival_epoch(
    net: NeuralNetClassifier, ids: np.ndarray, labels: np.ndarray, n_texts: int, n_threads: int
) -> float:
    """Return the seconds of a rival's epoch, estimated from a random sample of texts."""
    rows = RNG.choice(len(ids), n_texts, replace=False)
    texts = Texts(ids[rows], labels[rows])
    with torch_threads(n_threads):
        start = time.perf_counter()
        net.partial_fit(texts)
        return (time.perf_counter() - start) * len(ids) / n_texts


def our_epoch(
    classifier: RNNTextClassifier, ids: np.ndarray, labels: np.ndarray, n_texts: int
) -> float:
    """Return the seconds of a fit of one epoch, estimated from the first `n_texts` texts."""
    start = time.perf_counter()
    classifier.fit(ids[:n_texts], labels[:n_texts])
    return (time.perf_counter() - start) * len(ids) / n_texts
