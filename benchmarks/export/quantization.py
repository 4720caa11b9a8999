"""Exported files with weights of float32 and of int8: size, speed and accuracy.

The models are default Pipelines: IMDB has long texts, BANKING77 short ones of 77 classes with
characters. The speed is that of onnxruntime on ids, in batches of similar length, with all cores;
runs of both files alternate. The mark is fastText's: from 36 to 8.5 MB at a loss of 0.2 points
(Joulin et al. 2016, arXiv:1612.03651, AG News).
"""

import tempfile
from argparse import Namespace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
from sklearn.pipeline import make_pipeline

from benchmarks.common.corpora import load_texts
from benchmarks.common.processes import OtherProcesses
from benchmarks.common.timing import Tables, measure_in_turn, timed
from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn._ids import sequence_lengths
from sklearn_rnn._training.batches import bounded_batches
from sklearn_rnn.export import export_onnx

CORPORA = ("imdb", "banking77")
FORMS = {"float32": False, "int8": True}


def run(options: Namespace) -> Tables:
    """Return the tables of the section."""
    return {corpus: measure_corpus(options, corpus) for corpus in CORPORA}


def measure_corpus(options: Namespace, corpus: str) -> pd.DataFrame:
    """Fit a model to a corpus, and make a row for each form of its file."""
    texts, labels = (part[: options.texts] for part in load_texts(options.data, corpus, "train"))
    model = make_pipeline(TextTokenizer(), RNNTextClassifier(random_state=0)).fit(texts, labels)
    texts, labels = (part[: options.texts] for part in load_texts(options.data, corpus, "test"))
    ids = np.asarray(model[0].transform(texts))
    rows: dict[str, dict[str, float]] = {}
    sessions = {}
    with tempfile.TemporaryDirectory() as folder:
        for form, quantize in FORMS.items():
            path = Path(folder) / f"{form}.onnx"
            difference = export_onnx(model, path, quantize=quantize)
            sessions[form] = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
            rows[form] = {"MB": path.stat().st_size / 1e6, "largest difference": difference}
    with OtherProcesses() as others:
        seconds = measure_in_turn(
            {form: timed(partial(predict, session, ids)) for form, session in sessions.items()},
            options.runs,
        )
    for form, session in sessions.items():
        predicted = model.classes_[predict(session, ids).argmax(axis=1)]
        rows[form]["accuracy"] = np.mean(predicted == labels)
        rows[form]["texts per second"] = len(ids) / median(seconds[form])
        rows[form]["cores that others used"] = others.n_cores
    return pd.DataFrame.from_dict(rows, orient="index")


def predict(session: Any, ids: np.ndarray) -> np.ndarray:
    """Compute the probabilities, in batches of similar length."""
    lengths = sequence_lengths(ids)
    order = np.argsort(lengths, kind="stable")
    probabilities = np.empty((len(ids), session.get_outputs()[0].shape[1]), dtype=np.float32)
    for start, stop, width in bounded_batches(lengths[order]):
        rows = order[start:stop]
        feed = {"ids": ids[rows, :width]}
        probabilities[rows] = session.run(["probabilities"], feed)[0]
    return probabilities
