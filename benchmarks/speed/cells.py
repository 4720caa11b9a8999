"""Training epoch of an LSTM, a GRU and a tanh unit: ours, torch's, and a GRU by a custom cell.

All are fits of RNNTextClassifier on the same texts of IMDB, in batches of 64 and truncated to 200
words. "torch" is the same classifier with torch's layers instead of our kernels, in float32, which
is faster for them than bfloat16; an LSTM uses torch's layers in both. "custom cell" is
cell_type=GRUCell of benchmarks/common/custom_cell.py, written from the equations.
"""

from argparse import Namespace
from functools import partial
from unittest.mock import patch

import numpy as np
from torch import nn

from benchmarks.common.corpora import load_ids
from benchmarks.common.custom_cell import GRUCell
from benchmarks.common.timing import Tables, measure_in_turn, tabulate, timed
from sklearn_rnn import RNNTextClassifier
from sklearn_rnn._nn.recurrent import RECURRENCES

N_TEXTS = 2_000
TORCH = {"gru": nn.GRU, "rnn": nn.RNN}


def run(options: Namespace) -> Tables:
    """Return the tables of the section."""
    ids, labels = load_ids(options.data, "imdb", "train", max_length=200)
    n_texts = min(options.texts or N_TEXTS, N_TEXTS)
    ids, labels = ids[:n_texts], labels[:n_texts]
    tables = {}
    for cell_type in ("lstm", "gru", "rnn"):
        for units in (8, 64, 128, 256):
            make = partial(
                RNNTextClassifier,
                cell_type=cell_type,
                hidden_size=units,
                linear_ngrams=0,
                max_epochs=1,
                batch_size=64,
                device="cpu",
                random_state=0,
            )
            torch_fit = partial(fit_with_torch, make(precision="float32"), ids, labels)
            measures = {"torch": timed(torch_fit)} | {
                f"ours in {precision}": timed(partial(make(precision=precision).fit, ids, labels))
                for precision in ("float32", "bfloat16")
            }
            if cell_type == "gru":
                measures["custom cell"] = timed(partial(make(cell_type=GRUCell).fit, ids, labels))
            title = f"{cell_type} of {units} units: an epoch of {n_texts:,} texts"
            tables[title] = tabulate(measure_in_turn(measures, options.runs), "torch")
    return tables


def fit_with_torch(classifier: RNNTextClassifier, ids: np.ndarray, labels: np.ndarray) -> None:
    """Fit with torch's recurrent layers."""
    with patch.dict(RECURRENCES, TORCH):
        classifier.fit(ids, labels)
