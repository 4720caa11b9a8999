"""A reference system: its published accuracy, our Pipeline, and its author's recipe."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.pipeline import Pipeline

from benchmarks.common.corpora import SPLITS, encode_labels, read_split
from benchmarks.reference_systems.training import Outcome
from sklearn_rnn import RNNTextClassifier, TextTokenizer, WordVectors, load_word_vectors

WORDS = r"\w+(?:'\w+)*"  # the authors strip the punctuation
FORWARD_ONLY = {"bidirectional": False}

Split = tuple[list[str], np.ndarray]


@dataclass(frozen=True)
class System:
    """A variant of a reference system.

    Parameters
    ----------
    published : float
        Accuracy that its author reports.
    make : callable
        Makes our Pipeline: ``make(seed, vectors)``, with WordVectors or None.
    recipe : callable
        Trains and scores the author's network in plain torch: ``recipe(data, epochs, seed)``
        with a `Data`; returns an `Outcome`.
    differs : str
        How our Pipeline differs from the original.
    """

    published: float
    make: Callable[[int, WordVectors | None], Pipeline]
    recipe: Callable[..., Outcome]
    differs: str


def make_pipeline(tokenizer: TextTokenizer, seed: int, **parameters: object) -> Pipeline:
    """Make a Pipeline without linear term, word dropout and characters: no author has them."""
    tokenizer.set_params(token_pattern=WORDS, add_characters=False)
    classifier = RNNTextClassifier(
        linear_ngrams=0,
        word_dropout=0.0,
        label_smoothing=0.1,
        device="cpu",
        random_state=seed,
        **parameters,
    )
    return Pipeline([("tok", tokenizer), ("clf", classifier)])


def load_encoded(data_dir: Path, corpus: str) -> tuple[Split, Split]:
    """Return the training and the test set, with labels as class indices."""
    train, test = (read_split(data_dir, corpus, split) for split in SPLITS)
    return (train[0], encode_labels(train[1])), (test[0], encode_labels(test[1]))


def load_glove(data_dir: Path) -> WordVectors:
    """Return the subset of GloVe's 50-d vectors that is stored with the corpora."""
    return load_word_vectors(data_dir / "vectors/glove.6B.50d.subset.txt.gz")
