"""Real corpora, as texts and as ids."""

import csv
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from sklearn_rnn import TextTokenizer
from sklearn_rnn.datasets import read_texts

SPLITS = ("train", "test")
IMDB_COLUMNS = {"text": "review", "label": "sentiment"}
BANKING_COLUMNS = {"text": "text", "label": "category"}
GERMEVAL_COLUMNS = {"text": 0, "label": 1, "quoting": csv.QUOTE_NONE}
SMS_COLUMNS = {"text": "SMS", "label": "Label", "format": "tsv", "quoting": csv.QUOTE_NONE}
FILES = {
    ("imdb", "train"): ("imdb/train.csv.gz", IMDB_COLUMNS),
    ("imdb", "test"): ("imdb/test.csv.gz", IMDB_COLUMNS),
    ("ag_news", "train"): ("ag_news/train_partial.csv.gz", {"text": 1, "label": 0}),
    ("ag_news", "test"): ("ag_news/test.csv.gz", {"text": [1, 2], "label": 0}),
    ("amazon_polarity", "train"): ("amazon_polarity/train.ft.txt.gz", {}),
    ("amazon_polarity", "test"): ("amazon_polarity/test.ft.txt.gz", {}),
    ("banking77", "train"): ("banking77/train.csv.gz", BANKING_COLUMNS),
    ("banking77", "test"): ("banking77/test.csv.gz", BANKING_COLUMNS),
    ("germeval2018", "train"): ("germeval2018/train.tsv.gz", GERMEVAL_COLUMNS),
    ("germeval2018", "test"): ("germeval2018/test.tsv.gz", GERMEVAL_COLUMNS),
}
# Files without an official split: a random fifth is the test set.
UNSPLIT = {
    "sms_spam": ("sms_spam/SMSSpamCollection", SMS_COLUMNS),
    "waimai": ("waimai/reviews.csv.gz", {"text": "review", "label": "label"}),
}


def read_split(data_dir: Path, corpus: str, split: str) -> tuple[list[str], np.ndarray]:
    """Return the texts of a split and their labels, in the order and form of the file.

    Of a file without an official split, the test set is the first fifth of a random order.
    """
    file, columns = UNSPLIT[corpus] if corpus in UNSPLIT else FILES[corpus, split]
    texts = read_texts(data_dir / file, **columns)
    if corpus not in UNSPLIT:
        return list(texts.data), texts.target
    order = np.random.default_rng(0).permutation(len(texts.data))
    n_test = len(order) // 5
    rows = order[:n_test] if split == "test" else order[n_test:]
    return texts.data[rows].tolist(), texts.target[rows]


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
    data_dir: Path,
    corpus: str,
    split: str,
    max_length: int | None = 400,
    truncation: str = "middle",
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.intp]]:
    """Return the ids of a split, with the 20,000 most frequent training words, and its labels."""
    tokenizer = TextTokenizer(max_tokens=20_000, max_length=max_length, truncation=truncation)
    tokenizer.fit(load_texts(data_dir, corpus, "train")[0])
    texts, labels = load_texts(data_dir, corpus, split)
    return tokenizer.transform(texts), labels
