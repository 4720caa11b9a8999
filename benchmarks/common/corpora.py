"""Real corpora, as texts and as ids."""

from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from sklearn_rnn import TextTokenizer
from sklearn_rnn.datasets import read_texts

SPLITS = ("train", "test")
IMDB_COLUMNS = {"text": "review", "label": "sentiment"}
FILES = {
    ("imdb", "train"): ("imdb/train.csv.gz", IMDB_COLUMNS),
    ("imdb", "test"): ("imdb/test.csv.gz", IMDB_COLUMNS),
    ("ag_news", "train"): ("ag_news/train_partial.csv.gz", {"text": 1, "label": 0}),
    ("ag_news", "test"): ("ag_news/test.csv.gz", {"text": [1, 2], "label": 0}),
    ("amazon_polarity", "train"): ("amazon_polarity/train.ft.txt.gz", {}),
    ("amazon_polarity", "test"): ("amazon_polarity/test.ft.txt.gz", {}),
}


def read_split(data_dir: Path, corpus: str, split: str) -> tuple[list[str], np.ndarray]:
    """Return the texts of a split and their labels, in the order and form of the file."""
    file, columns = FILES[corpus, split]
    texts = read_texts(data_dir / file, **columns)
    return list(texts.data), texts.target


def read_druglib(data_dir: Path, split: str) -> pd.DataFrame:
    """Return Druglib's reviews, each joined from three answers, and their ratings, 1 to 10."""
    table = pd.read_csv(data_dir / f"drug_review/druglib_{split}.tsv.gz", sep="\t")
    answers = ["benefitsReview", "sideEffectsReview", "commentsReview"]
    table["review"] = table[answers].fillna("").agg(" ".join, axis=1)
    return table[["review", "rating"]]


def encode_labels(labels: np.ndarray) -> npt.NDArray[np.intp]:
    """Return labels as class indices, in sorted order of the classes."""
    return np.unique(labels, return_inverse=True)[1]


@cache
def load_texts(data_dir: Path, corpus: str, split: str) -> tuple[list[str], npt.NDArray[np.intp]]:
    """Return all texts of a split, in a fixed random order, and their labels as class indices."""
    texts, labels = read_split(data_dir, corpus, split)
    order = np.random.default_rng(0).permutation(len(texts))
    return [texts[row] for row in order], encode_labels(labels)[order]


@cache
def load_ids(
    data_dir: Path, corpus: str, split: str, max_length: int = 400, truncation: str = "middle"
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.intp]]:
    """Return the ids of a split, with the 20,000 most frequent training words, and its labels."""
    tokenizer = TextTokenizer(max_tokens=20_000, max_length=max_length, truncation=truncation)
    tokenizer.fit(load_texts(data_dir, corpus, "train")[0])
    texts, labels = load_texts(data_dir, corpus, split)
    return tokenizer.transform(texts), labels
