"""Classification of a column of texts: what each worker of a cluster runs.

`score_spark.py`, `score_dask.py` and `score_ray.py` show how Spark, Dask and Ray Data call it. The
workers must be able to read the model, from a shared disk or a copy, and to import this file.
"""

import sys
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd


@cache
def load(path: str) -> Any:
    """Load an exported folder or a .skops file, once in each process.

    Not before the workers are forked: a process that is forked after a prediction of onnxruntime
    does not end.
    """
    if path.endswith(".skops"):
        from sklearn_rnn.export import load_model

        return load_model(path)
    sys.path.append(path)  # the folder has the file that reads it
    from onnx_text_classifier import OnnxTextClassifier

    return OnnxTextClassifier(Path(path, "model.onnx"), n_threads=1)  # each core has a worker


def classify(texts: pd.Series, path: str) -> pd.DataFrame:
    """Return a table with the columns `label` and `probability`, a row for each text."""
    if texts.empty:
        return pd.DataFrame({"label": [], "probability": []}).astype(PREDICTION)
    model = load(path)
    probabilities = model.predict_proba(texts.tolist())
    best = probabilities.argmax(axis=1)
    predictions = {"label": model.classes_[best], "probability": probabilities.max(axis=1)}
    return pd.DataFrame(predictions, index=texts.index).astype(PREDICTION)


PREDICTION = {"label": "str", "probability": "float32"}
