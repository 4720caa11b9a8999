"""Test accuracy of fits to files, against the fit in memory, on AG News and IMDB.

"fit" is the default Pipeline on all texts. "fit_from_files" reads the same texts from files of CSV
and has to give the same model. "partial_fit" reads them once: tokenizer and classifier see chunk
after chunk, in random order, and each chunk once, so that it compares with a fit of one epoch.
"partial_fit, 20 chunks" does so in chunks of a twentieth of the texts.
"""

import math
import tempfile
import time
from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline, make_pipeline

from benchmarks.common.corpora import load_texts
from benchmarks.common.timing import Tables, check_targets
from benchmarks.large.shards import write_shards
from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn.datasets import iter_texts
from sklearn_rnn.out_of_core import fit_from_files

CORPORA = ("ag_news", "imdb")
N_SMALL_CHUNKS = 20
SMALL_CHUNKS = f"partial_fit, {N_SMALL_CHUNKS} chunks"
WAYS = ("fit", "fit_from_files", "fit, 1 epoch", "partial_fit", SMALL_CHUNKS)


def run(options: Namespace) -> Tables:
    """Return the tables of the section."""
    rows: list[dict[str, Any]] = []
    n_different = 0
    for corpus in CORPORA:
        texts, labels = load_texts(options.data, corpus, "train")
        texts, labels = texts[: options.texts], labels[: options.texts]
        test = load_texts(options.data, corpus, "test")
        with tempfile.TemporaryDirectory() as folder:
            write_shards(Path(folder), zip(texts, labels.tolist(), strict=True))
            for seed in range(options.seeds):
                fitted = {}
                for way in WAYS:
                    start = time.perf_counter()
                    fitted[way] = fit(way, texts, labels, folder, options.chunk_size, seed)
                    row = {"corpus": corpus, "texts": len(texts), "way": way, "seed": seed}
                    row["seconds"] = time.perf_counter() - start
                    row["accuracy"] = fitted[way].score(*test)
                    print(row, flush=True)
                    rows.append(row)
                n_different += not equal(fitted["fit"], fitted["fit_from_files"])
    target = {"fits to files that differ from fits in memory": (n_different, "at most", 0)}
    return {"accuracy": pd.DataFrame(rows), "targets": check_targets(target)}


def fit(
    way: str, texts: list[str], labels: np.ndarray, folder: str, chunk_size: int, seed: int
) -> Pipeline:
    """Return a Pipeline that is fitted in one of `WAYS`."""
    if way == SMALL_CHUNKS:
        chunk_size = math.ceil(len(texts) / N_SMALL_CHUNKS)
    if way in ("partial_fit", SMALL_CHUNKS):
        return fit_partially(folder, chunk_size, np.unique(labels), TextTokenizer(), seed)
    max_epochs = 1 if way == "fit, 1 epoch" else "auto"
    classifier = RNNTextClassifier(max_epochs=max_epochs, random_state=seed, device="cpu")
    pipeline = make_pipeline(TextTokenizer(), classifier)
    if way == "fit_from_files":
        return fit_from_files(pipeline, folder, chunk_size=chunk_size)
    return pipeline.fit(texts, labels)


def fit_partially(
    folder: str, chunk_size: int, classes: np.ndarray, tokenizer: TextTokenizer, seed: int = 0
) -> Pipeline:
    """Return a Pipeline of scikit-learn's out-of-core learning, chunk by chunk."""
    classifier = RNNTextClassifier(random_state=seed, device="cpu")
    for texts, labels in iter_texts(folder, chunk_size=chunk_size, classes=classes):
        ids = tokenizer.partial_fit(texts).transform(texts)
        classifier.partial_fit(ids, labels, classes=classes)
    return make_pipeline(tokenizer, classifier)


def equal(one: Pipeline, other: Pipeline) -> bool:
    """Return whether two fitted Pipelines have the same vocabulary and weights."""
    weights, others = one[-1].net_.get_weights(), other[-1].net_.get_weights()
    return one[0].vocabulary_ == other[0].vocabulary_ and all(
        np.array_equal(values, others[name]) for name, values in weights.items()
    )
