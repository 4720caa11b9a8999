"""Training and test sets of the accuracy benchmarks."""

from pathlib import Path

import numpy as np
from sklearn.model_selection import train_test_split

from benchmarks.common.corpora import SPLITS, read_druglib, read_split

# Names on the command line, and names in the results.
CORPORA = {
    "imdb": "imdb",
    "ag_news": "ag_news (59,662-row train)",
    "amazon_polarity": "amazon_polarity (11,459-row train)",
    "druglib": "druglib (3 classes)",
    "imdb_10": "imdb_10 (10 % of the training set)",
    "imdb_1": "imdb_1 (1 % of the training set)",
    "banking77": "banking77 (77 classes)",
    "germeval2018": "germeval2018 (German, 2 classes)",
    "sms_spam": "sms_spam (random fifth as test set)",
    "waimai": "waimai (Chinese, random fifth as test set)",
}
# Corpora that are not English, and those that are written without spaces.
LANGUAGES = {"germeval2018": "de", "waimai": "zh"}
ANALYZERS = {"waimai": "char"}
# Corpora with a stratified share of the training set of another corpus.
SHARES = {"imdb_10": ("imdb", 0.1), "imdb_1": ("imdb", 0.01)}

Split = tuple[list[str], np.ndarray]


def load(data_dir: Path, name: str) -> tuple[Split, Split]:
    """Return the texts and labels of the training and the test set of a corpus of `CORPORA`."""
    corpus, share = SHARES.get(name, (name, 1))
    read = read_druglib_classes if corpus == "druglib" else read_split
    (texts, labels), test = (read(data_dir, corpus, split) for split in SPLITS)
    if share < 1:
        texts, _, labels, _ = train_test_split(
            texts, labels, train_size=share, stratify=labels, random_state=0
        )
    return (texts, labels), test


def read_druglib_classes(data_dir: Path, corpus: str, split: str) -> Split:
    """Return Druglib's reviews in three classes: ratings 1 to 4, 5 to 6, and 7 to 10."""
    table = read_druglib(data_dir, split)
    return table["review"].tolist(), np.digitize(table["rating"], [4.5, 6.5])
