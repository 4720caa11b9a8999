"""Reference system R2 in Keras, as a process that trains and predicts on request.

    KERAS/bin/python -m benchmarks.speed.keras_rival FOLDER   # requirements-keras.txt

FOLDER holds train.npy, labels.npy and test.npy: ids, padded on the left. Prints the versions. Then,
for each line of standard input, "fit" or "predict SIZE", it trains for an epoch, or predicts the
test texts in batches of SIZE, and prints the seconds as JSON.
"""

import json
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf


def build_model(n_tokens: int, length: int) -> keras.Model:
    model = keras.Sequential(
        [
            keras.Input((length,), dtype="int32"),
            keras.layers.Embedding(n_tokens, 128),
            keras.layers.Bidirectional(keras.layers.LSTM(64)),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    return model


def report(**figures: object) -> None:
    print(json.dumps(figures), flush=True)


def main(folder: str) -> None:
    train, labels, test = (
        np.load(Path(folder) / f"{name}.npy") for name in ("train", "labels", "test")
    )
    model = build_model(int(max(train.max(), test.max())) + 1, train.shape[1])
    report(keras=keras.__version__, tensorflow=tf.__version__)
    for line in sys.stdin:
        command, *size = line.split()
        start = time.perf_counter()
        if command == "fit":
            model.fit(train, labels, batch_size=256, epochs=1, verbose=0)
        else:
            model.predict(test, batch_size=int(size[0]), verbose=0)
        report(seconds=time.perf_counter() - start)


if __name__ == "__main__":
    main(sys.argv[1])
