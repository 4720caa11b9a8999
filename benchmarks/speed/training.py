"""Training epoch on IMDB, against the same network in plain torch, and through skorch.

The network: a bidirectional LSTM (or GRU) of 128 units, embedding of 128, at most 400 words,
batches of 64. The rivals, from the usual to the best:

- packed: random batches, each padded to its longest text and packed, as tutorials do; in plain
  torch, and through skorch and torch's DataLoader. On busy cores the threads of a packed network
  wait for each other, so that "one thread" is measured too.
- padded: random batches, each padded to its longest text, or through skorch to 400 words.
- similar lengths: batches of texts of similar length, padded; without and with
  `torch.set_flush_denormal(True)`, which few know ("no denormals"), and in bfloat16.

All of them use torch's default threads, unless "one thread". In each run each rival trains a new
network on some of the batches of a random epoch, after a warm-up (thirty times as many with
similar lengths, since these batches are fast and differ in length); the mean seconds of a batch
hold for the epoch. Ours is timed over whole fits of new networks, which read each text once and
include checks and batching.

The machine must be idle. What may be claimed is a range: from the ratio to the best of plain torch
to the ratio to the usual packed network.

Targets: LSTM at least 20 times as fast as skorch's packed one, and 4 times as padded to 400; GRU at
least 10 times as fast as packed; LSTM at least 1.5 times as fast as the best rival in plain torch.
"""

import time
from argparse import Namespace
from collections.abc import Callable
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
from benchmarks.speed.torch_rival import BATCH_SIZE, TorchRival, make_torch_rivals
from sklearn_rnn import RNNTextClassifier

OURS = "RNNTextClassifier, {}"
PACKED, PADDED = "skorch, packed", "skorch, padded to 400"
ONE_THREAD = "skorch, packed, one thread"
RNG = np.random.default_rng(0)


def run(options: Namespace) -> Tables:
    """Return the tables of the section."""
    ids, labels = load_ids(options.data, "imdb", "train")
    n_ours = min(options.texts or len(ids), len(ids))
    n_rivals = min(BATCH_SIZE * options.rival_batches, n_ours)
    tables = {}
    for cell_type in ("lstm", "gru"):
        measures: dict[str, Callable[[], float]] = {}
        n_texts = {}
        for name, (rival, n_threads) in make_rivals(cell_type, int(ids.max()) + 1).items():
            measures[name] = partial(rival_epoch, rival, ids, labels, n_rivals, n_threads)
            n_texts[name] = n_rivals
        for name, torch_rival in make_torch_rivals().items():
            n_batches = options.rival_batches * (30 if torch_rival.similar_lengths else 1)
            measures[name] = partial(torch_epoch, torch_rival, cell_type, ids, labels, n_batches)
            n_texts[name] = min(n_batches * BATCH_SIZE, len(ids))
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
            name = OURS.format(precision)
            our_epoch(classifier, ids, labels, min(512, n_ours))  # a warm-up
            measures[name] = partial(our_epoch, classifier, ids, labels, n_ours)
            n_texts[name] = n_ours
        table = tabulate(measure_in_turn(measures, options.runs))
        ours = table.loc[OURS.format("auto"), "seconds"]
        table["times as long as RNNTextClassifier"] = table["seconds"] / ours
        table["texts of a run"] = pd.Series(n_texts)
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
    lstm, gru = (table["times as long as RNNTextClassifier"] for table in tables.values())
    return check_targets(
        {
            f"lstm: times faster than {PACKED}": (lstm[PACKED], "at least", 20),
            f"lstm: times faster than {PADDED}": (lstm[PADDED], "at least", 4),
            f"gru: times faster than {PACKED}": (gru[PACKED], "at least", 10),
            "lstm: times faster than the best of torch": (best_of_torch(lstm), "at least", 1.5),
        }
    )


def best_of_torch(times: pd.Series) -> float:
    """Return the least of the rivals in plain torch."""
    return times[times.index.str.startswith("torch")].min()


def rival_epoch(
    net: NeuralNetClassifier, ids: np.ndarray, labels: np.ndarray, n_texts: int, n_threads: int
) -> float:
    """Return the seconds of a rival's epoch, estimated from a random sample of texts."""
    rows = RNG.choice(len(ids), n_texts, replace=False)
    texts, warm_up = Texts(ids[rows], labels[rows]), Texts(ids[rows[:128]], labels[rows[:128]])
    with torch_threads(n_threads):
        net.partial_fit(warm_up)
        start = time.perf_counter()
        net.partial_fit(texts)
        return (time.perf_counter() - start) * len(ids) / n_texts


def torch_epoch(
    rival: TorchRival, cell_type: str, ids: np.ndarray, labels: np.ndarray, n_batches: int
) -> float:
    """Return the seconds of an epoch of a new network, on batches of a new random order."""
    return rival.time_epoch(cell_type, ids, labels, n_batches, int(RNG.integers(2**31)))


def our_epoch(
    classifier: RNNTextClassifier, ids: np.ndarray, labels: np.ndarray, n_texts: int
) -> float:
    """Return the seconds of a fit of one epoch, estimated from the first `n_texts` texts."""
    start = time.perf_counter()
    classifier.fit(ids[:n_texts], labels[:n_texts])
    return (time.perf_counter() - start) * len(ids) / n_texts
