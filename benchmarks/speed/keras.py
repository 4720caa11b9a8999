"""Reference system R2 on IMDB, against Keras on TensorFlow.

20,000 words, the last 100 of each review, embedding of 128, a bidirectional LSTM of 64 units, last
states, dropout 0.5, Adam, batches of 256. Keras runs as R2's author ran it (padded on the left,
float32) in a process and virtual environment of its own, and waits while ours runs. Keras' first
epoch, which traces the graph, is reported separately. Our times are whole fits of one epoch.

Targets: an epoch, and predicting the 25,000 test texts, twice as fast as Keras.
"""

import json
import subprocess
import tempfile
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmarks.common.corpora import load_ids
from benchmarks.common.record import ROOT
from benchmarks.common.timing import (
    SkippedError,
    Tables,
    check_targets,
    measure_in_turn,
    tabulate,
    timed,
)
from sklearn_rnn import RNNTextClassifier

PREDICT_SIZES = (256, 1024)
INSTALLATION = (
    "Make the rival's environment: python -m venv KERAS; "
    "KERAS/bin/pip install -r benchmarks/speed/requirements-keras.txt; and give its interpreter by "
    "--keras-python KERAS/bin/python."
)


def run(options: Namespace) -> Tables:
    """Return the tables of the section."""
    if options.keras_python is None:
        raise SkippedError(INSTALLATION)
    train, labels = load_ids(options.data, "imdb", "train", max_length=100, truncation="pre")
    test, _ = load_ids(options.data, "imdb", "test", max_length=100, truncation="pre")
    train, labels, test = (array[: options.texts] for array in (train, labels, test))
    ours = make_classifiers()
    with keras_process(options.keras_python, train, labels, test) as ask:
        first_epoch = ask("fit")
        for size in PREDICT_SIZES:
            ask(f"predict {size}")
        fits = {"Keras": lambda: ask("fit")}
        predictions = {
            f"Keras, batches of {size}": lambda size=size: ask(f"predict {size}")
            for size in PREDICT_SIZES
        }
        for precision, classifier in ours.items():
            name = f"RNNTextClassifier, {precision}"
            fits[name] = timed(lambda c=classifier: c.fit(train, labels))
            predictions[name] = timed(lambda c=classifier: c.predict_proba(test))
        fitting = tabulate(measure_in_turn(fits, options.runs), "Keras")
        predicting = measure_in_turn(predictions, options.runs)
    best_keras = min(
        (name for name in predicting if name.startswith("Keras")),
        key=lambda name: np.median(predicting[name]),
    )
    predicting = tabulate(predicting, best_keras)
    fitting.loc["Keras, its first epoch", "seconds"] = first_epoch
    ours_auto = "RNNTextClassifier, auto"
    return {
        f"an epoch of {len(train):,} texts": fitting,
        f"predict_proba of {len(test):,} texts": predicting,
        "targets": check_targets(
            {
                "epoch, times faster": (
                    fitting.loc[ours_auto, "times faster than Keras"],
                    "at least",
                    2,
                ),
                "prediction, times faster": (
                    predicting.loc[ours_auto, f"times faster than {best_keras}"],
                    "at least",
                    2,
                ),
            }
        ),
    }


def make_classifiers() -> dict[str, RNNTextClassifier]:
    """Make R2's network at the default precision and in float32."""
    return {
        precision: RNNTextClassifier(
            hidden_size=64,
            embedding_dim=128,
            pooling="last",
            linear_ngrams=0,
            word_dropout=0.0,
            embedding_dropout=0.0,
            dropout=0.5,
            label_smoothing=0.0,
            batch_size=256,
            max_epochs=1,
            precision=precision,
            device="cpu",
            random_state=0,
        )
        for precision in ("auto", "float32")
    }


@contextmanager
def keras_process(
    python: str, train: np.ndarray, labels: np.ndarray, test: np.ndarray
) -> Iterator[Callable[[str], float]]:
    """Start the rival; yield a function that sends it a command and returns the seconds."""
    with tempfile.TemporaryDirectory() as folder:
        arrays = {"train": pad_left(train), "labels": labels, "test": pad_left(test)}
        for name, array in arrays.items():
            np.save(Path(folder) / f"{name}.npy", array)
        command = [python, "-m", "benchmarks.speed.keras_rival", folder]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with subprocess.Popen(
            command, cwd=ROOT, text=True, stderr=subprocess.DEVNULL, **pipes
        ) as process:

            def answer() -> dict:
                line = process.stdout.readline()
                if not line:
                    raise RuntimeError(f"The Keras rival ended. To see why: {' '.join(command)}")
                return json.loads(line)

            def ask(question: str) -> float:
                print(question, file=process.stdin, flush=True)
                return answer()["seconds"]

            print("rival:", answer())
            yield ask


def pad_left(ids: np.ndarray) -> np.ndarray:
    """Move the padding of each row from its right to its left."""
    is_word = ids != 0
    left = np.zeros_like(ids)
    left[np.sort(is_word, axis=1)] = ids[is_word]
    return left
