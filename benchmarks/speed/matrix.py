"""Share of the machine's bfloat16 matrix rate that a training epoch of hidden size 256 reaches.

The rate of the machine is that of a product of square matrices of size 4,096 on all threads,
measured in alternation with the epochs. The rate of an epoch is the number of operations in the
matrix products of its recurrent layer, divided by its seconds. A time step of a text in one
direction multiplies a vector of embedding_dim + hidden_size by a matrix of gates * hidden_size
columns. A multiplication and an addition count as two operations, and the backward pass does two
such products for each one of the forward pass, so

    operations = 3 * 2 * directions * steps * gates * hidden_size * (embedding_dim + hidden_size)

with 4 gates for an LSTM. Steps are counted with the padding of the batches, and without.

Target: at least 30 %, counted without the padding.
"""

import time
from argparse import Namespace

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import Callback

from benchmarks.common.corpora import load_ids
from benchmarks.common.timing import Tables, check_targets, measure_in_turn, tabulate
from sklearn_rnn import RNNTextClassifier

HIDDEN, EMBEDDING, GATES, DIRECTIONS = 256, 128, 4, 2
OPERATIONS_PER_STEP = 3 * 2 * DIRECTIONS * GATES * HIDDEN * (EMBEDDING + HIDDEN)
SIDE = 4096
N_TEXTS = 6_400
Batch = tuple[dict[str, torch.Tensor], torch.Tensor]  # inputs and labels
PRODUCT = "matrix product, bfloat16"


class CountSteps(Callback):
    """Counts the steps of a training's batches, padding included."""

    def on_train_begin(self, net: NeuralNet, **kwargs: object) -> None:
        """Start at zero."""
        self.n_steps_ = 0

    def on_batch_begin(
        self, net: NeuralNet, batch: Batch | None = None, training: bool = False, **kwargs: object
    ) -> None:
        """Add the steps of the batch."""
        self.n_steps_ += batch[0]["ids"].numel()


def run(options: Namespace) -> Tables:
    """Return the tables of the section."""
    ids, labels = load_ids(options.data, "imdb", "train")
    n_texts = N_TEXTS if options.texts is None else options.texts
    ids, labels = ids[:n_texts], labels[:n_texts]
    n_words = int((ids != 0).sum())
    left, right = (torch.randn(SIDE, SIDE, dtype=torch.bfloat16) for _ in range(2))
    measures = {PRODUCT: lambda: product_seconds(left, right)}
    classifiers = {}
    for batch_size in (64, 256):
        name = f"epoch, batches of {batch_size}"
        classifiers[name] = RNNTextClassifier(
            hidden_size=HIDDEN,
            embedding_dim=EMBEDDING,
            linear_ngrams=0,
            batch_size=batch_size,
            max_epochs=1,
            precision="bfloat16",
            device="cpu",
            random_state=0,
            callbacks=[("steps", CountSteps())],
        )
        measures[name] = lambda c=classifiers[name]: epoch_seconds(c, ids, labels)
    for measure in measures.values():
        measure()
    table = tabulate(measure_in_turn(measures, options.runs))
    steps = {
        name: dict(classifier.net_.callbacks_)["steps"].n_steps_
        for name, classifier in classifiers.items()
    }
    operations = {PRODUCT: 2 * SIDE**3}
    operations |= dict.fromkeys(classifiers, n_words * OPERATIONS_PER_STEP)
    table["GFLOP/s"] = {
        name: operations[name] / table.loc[name, "seconds"] / 1e9 for name in measures
    }
    table["% of the product's"] = 100 * table["GFLOP/s"] / table.loc[PRODUCT, "GFLOP/s"]
    table["% with padding"] = {
        name: table.loc[name, "% of the product's"] * steps[name] / n_words for name in classifiers
    }
    reached = table["% of the product's"].drop(PRODUCT)
    return {
        f"LSTM {HIDDEN} on {n_texts:,} texts of {n_words / n_texts:.0f} words": table,
        "targets": check_targets(
            {f"{name}, %": (percent, "at least", 30) for name, percent in reached.items()}
        ),
    }


def product_seconds(left: torch.Tensor, right: torch.Tensor) -> float:
    """Return the seconds of a matrix product."""
    start = time.perf_counter()
    torch.mm(left, right)
    return time.perf_counter() - start


def epoch_seconds(classifier: RNNTextClassifier, ids: np.ndarray, labels: np.ndarray) -> float:
    """Return the seconds of the epoch that the classifier recorded."""
    return classifier.fit(ids, labels).history_["seconds"].sum()
