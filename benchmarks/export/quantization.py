"""Exported files with weights of float32 and of int8: size, speed and accuracy.

The models are default Pipelines: IMDB has long texts of two classes, BANKING77 short ones of 77
classes with characters. The rival is onnxruntime's dynamic quantization of the file of float32. The
speed is that of onnxruntime on ids, in batches of similar length, with all cores; runs of the files
alternate. The mark is fastText's: from 36 to 8.5 MB at a loss of 0.2 points (Joulin et al. 2016,
arXiv:1612.03651).
"""

import logging
import tempfile
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
from onnxruntime.quantization import QuantType, quantize_dynamic
from sklearn.pipeline import make_pipeline

from benchmarks.common.corpora import load_texts
from benchmarks.common.processes import OtherProcesses
from benchmarks.common.timing import Tables, measure_in_turn, timed
from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn._ids import sequence_lengths
from sklearn_rnn._training.batches import BATCH_IDS, bounded_batches
from sklearn_rnn.export import export_onnx

CORPORA = ("imdb", "banking77")
FLOAT, INT8, RIVAL = "float32", "int8", "int8 by onnxruntime"


def run(options: Namespace) -> Tables:
    """Return the tables of the section."""
    return {corpus: measure_corpus(options, corpus) for corpus in CORPORA}


def measure_corpus(options: Namespace, corpus: str) -> pd.DataFrame:
    """Fit a model to a corpus, and make a row for each form of its file."""
    texts, labels = (part[: options.texts] for part in load_texts(options.data, corpus, "train"))
    model = make_pipeline(TextTokenizer(), RNNTextClassifier(random_state=0)).fit(texts, labels)
    texts, labels = (part[: options.texts] for part in load_texts(options.data, corpus, "test"))
    ids = np.asarray(model[0].transform(texts))
    expected = model.predict_proba(texts)
    with tempfile.TemporaryDirectory() as folder:
        files = {form: Path(folder) / f"{form}.onnx" for form in (FLOAT, INT8, RIVAL)}
        export_onnx(model, files[FLOAT])
        export_onnx(model, files[INT8], quantize=True)
        with without_warnings():
            quantize_dynamic(files[FLOAT], files[RIVAL], weight_type=QuantType.QInt8)
        megabytes = {form: file.stat().st_size / 1e6 for form, file in files.items()}
        sessions = {form: start_session(file) for form, file in files.items()}
    predictions = {form: partial(predict, session, ids) for form, session in sessions.items()}
    with OtherProcesses() as others:
        seconds = measure_in_turn(
            {form: timed(prediction) for form, prediction in predictions.items()}, options.runs
        )
    rows = {}
    for form, prediction in predictions.items():
        probabilities = prediction()
        rows[form] = {
            "MB": megabytes[form],
            "accuracy": np.mean(model.classes_[probabilities.argmax(axis=1)] == labels),
            "largest difference of probabilities": np.abs(probabilities - expected).max(),
            "texts per second": len(ids) / median(seconds[form]),
            "cores that others used": others.n_cores,
        }
    return pd.DataFrame.from_dict(rows, orient="index")


@contextmanager
def without_warnings() -> Iterator[None]:
    """Suppress the advice of the rival to preprocess the graph, which would not change it."""
    logger = logging.getLogger()
    logger.setLevel(logging.ERROR)
    yield
    logger.setLevel(logging.WARNING)


def start_session(file: Path) -> Any:
    """Read a file into onnxruntime, with all cores."""
    return onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])


def predict(session: Any, ids: np.ndarray) -> np.ndarray:
    """Compute the probabilities, in batches of similar length."""
    lengths = sequence_lengths(ids)
    order = np.argsort(lengths, kind="stable")
    probabilities = np.empty((len(ids), session.get_outputs()[0].shape[1]), dtype=np.float32)
    for start, stop, width in bounded_batches(lengths[order], BATCH_IDS):
        rows = order[start:stop]
        feed = {"ids": ids[rows, :width]}
        probabilities[rows] = session.run(["probabilities"], feed)[0]
    return probabilities
