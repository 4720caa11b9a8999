"""The real corpora, as texts and as ids."""

import os
from functools import cache
from pathlib import Path

import numpy as np

from sklearn_rnn import TextTokenizer
from sklearn_rnn.datasets import read_texts

FILES = {
    ("imdb", "train"): ("imdb/train.csv.gz", {"text": "review", "label": "sentiment"}),
    ("imdb", "test"): ("imdb/test.csv.gz", {"text": "review", "label": "sentiment"}),
    ("ag_news", "train"): ("ag_news/train_partial.csv.gz", {"text": 1, "label": 0}),
    ("ag_news", "test"): ("ag_news/test.csv.gz", {"text": [1, 2], "label": 0}),
}


@cache
def load_texts(data_dir, corpus, split):
    """Return all texts of a split, in a fixed random order, and their labels as class indices."""
    file, where = FILES[corpus, split]
    read = read_texts(data_dir / file, **where)
    order = np.random.default_rng(0).permutation(len(read.data))
    _, labels = np.unique(read.target, return_inverse=True)
    return [read.data[row] for row in order], labels[order]


@cache
def load_ids(data_dir, corpus, split, max_length=400, truncation="middle"):
    """Return the ids of a split, by the 20,000 most frequent training words, and its labels."""
    tokenizer = TextTokenizer(max_tokens=20_000, max_length=max_length, truncation=truncation)
    tokenizer.fit(load_texts(data_dir, corpus, "train")[0])
    texts, labels = load_texts(data_dir, corpus, split)
    return tokenizer.transform(texts), labels


def add_data_option(parser):
    """Let a command take the folder of the corpora: --data, or else SKLEARN_RNN_DATA."""
    parser.add_argument(
        "--data",
        type=Path,
        default=os.environ.get("SKLEARN_RNN_DATA"),
        required="SKLEARN_RNN_DATA" not in os.environ,
        help="folder of the corpora (default: the environment variable SKLEARN_RNN_DATA)",
    )
