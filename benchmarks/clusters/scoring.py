"""Scoring of a table: the examples for Spark, Dask and Ray Data against local predictions.

The table has reviews of IMDB in 8 Parquet files. Each engine reads them, classifies all texts in
two processes and counts the labels; the first pass includes the start of the processes, their
imports and the loading of the model. "local" is one process with one thread, and "local, two
processes" are two of joblib. The model is a default Pipeline, fitted for one epoch on 2,000
reviews, as the full Pipeline and exported.
"""

import tempfile
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from joblib.externals.loky import get_reusable_executor
from sklearn.pipeline import make_pipeline

from benchmarks.clusters.engines import (
    EXAMPLES,
    N_PROCESSES,
    dask_cluster,
    import_examples,
    ray_cluster,
    require,
    spark_session,
)
from benchmarks.common.corpora import load_texts
from benchmarks.common.timing import Tables, measure_in_turn, torch_threads
from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn.export import export_onnx, save_model

N_TRAINING, N_TEXTS, N_FILES = 2_000, 8_000, 8
BATCH_SIZE = 1_000
Counts = pd.Series  # of texts by label


def run(options: Namespace) -> Tables:
    """Return the tables of the section."""
    require("distributed", "ray", "pyspark")
    import_examples()
    texts, labels = load_texts(options.data, "imdb", "train")
    n_texts = min(options.texts or N_TEXTS, len(texts))
    scored = load_texts(options.data, "imdb", "test")[0][:n_texts]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        classifier = RNNTextClassifier(max_epochs=1, device="cpu", random_state=0)
        pipeline = make_pipeline(TextTokenizer(), classifier)
        pipeline.fit(texts[:N_TRAINING], labels[:N_TRAINING])
        save_model(pipeline, folder / "model.skops")
        export_onnx(pipeline, folder / "exported")
        table = folder / "texts"
        write_table(scored, table)
        models = {"full Pipeline": "model.skops", "exported": "exported"}
        return {
            title: compare_engines(str(folder / file), table, n_texts, options.runs)
            for title, file in models.items()
        }


def write_table(texts: list[str], folder: Path) -> None:
    """Write texts to Parquet files of equal size."""
    folder.mkdir()
    for number, rows in enumerate(np.array_split(np.arange(len(texts)), N_FILES)):
        part = pd.DataFrame({"text": [texts[row] for row in rows]})
        part.to_parquet(folder / f"{number}.parquet", index=False)


def compare_engines(model: str, table: Path, n_texts: int, n_runs: int) -> pd.DataFrame:
    """Return the seconds and the throughput of all engines."""
    measures = {name: partial(measure, engine, model, table) for name, engine in ENGINES.items()}
    runs = measure_in_turn(measures, n_runs)
    seconds = pd.DataFrame({name: pd.DataFrame(runs[name]).median() for name in runs}).T
    cores = pd.Series({name: 1 if name == "local" else N_PROCESSES for name in runs})
    seconds["texts per second and core"] = n_texts / seconds["again"] / cores
    local = seconds.loc["local", "texts per second and core"]
    seconds["of local"] = seconds["texts per second and core"] / local
    return seconds


Engine = Callable[[str, Path], AbstractContextManager[Callable[[], Counts]]]


def measure(engine: Engine, model: str, table: Path) -> dict[str, float]:
    """Return the seconds of the start of an engine, of a first and of a second pass."""
    times = [time.perf_counter()]
    with engine(model, table) as count_labels:
        times.append(time.perf_counter())
        for _ in range(2):
            counts = count_labels()
            times.append(time.perf_counter())
    assert counts.sum() > 0
    return dict(zip(["start", "first", "again"], np.diff(times), strict=True))


def classify_file(file: Path, model: str) -> Counts:
    """Classify the texts of a file in batches, and count the labels."""
    classify = import_module("scoring").classify
    texts = pd.read_parquet(file)["text"]
    batches = [texts[row : row + BATCH_SIZE] for row in range(0, len(texts), BATCH_SIZE)]
    with torch_threads(1):
        labels = pd.concat([classify(batch, model)["label"] for batch in batches])
    return labels.value_counts()


def add_up(counts: list[Counts]) -> Counts:
    """Return the sum of the counts of several files."""
    return pd.concat(counts).groupby(level=0).sum()


@contextmanager
def local(model: str, table: Path) -> Iterator[Callable[[], Counts]]:
    """Classify in this process, with one thread."""
    import_module("scoring").load.cache_clear()
    yield lambda: add_up([classify_file(file, model) for file in sorted(table.iterdir())])


@contextmanager
def two_processes(model: str, table: Path) -> Iterator[Callable[[], Counts]]:
    """Classify in two processes of joblib."""
    jobs = [delayed(classify_file)(file, model) for file in sorted(table.iterdir())]
    yield lambda: add_up(Parallel(N_PROCESSES, batch_size=1)(jobs))
    get_reusable_executor().shutdown()


@contextmanager
def on_dask(model: str, table: Path) -> Iterator[Callable[[], Counts]]:
    """Classify on Dask, a file at a time."""
    import dask.dataframe as dd

    with dask_cluster() as client:
        client.upload_file(str(EXAMPLES / "scoring.py"))
        score = import_module("score_dask").score
        yield lambda: score(dd.read_parquet(table), model)["label"].value_counts().compute()


@contextmanager
def on_ray(model: str, table: Path) -> Iterator[Callable[[], Counts]]:
    """Classify on Ray Data. Its actors end with each pass."""
    with ray_cluster() as ray:
        score = import_module("score_ray").score

        def count_labels() -> Counts:
            scored = score(ray.data.read_parquet(str(table)), model, N_PROCESSES, BATCH_SIZE)
            return scored.groupby("label").count().to_pandas().set_index("label")["count()"]

        yield count_labels


@contextmanager
def on_spark(model: str, table: Path) -> Iterator[Callable[[], Counts]]:
    """Classify on Spark."""
    with spark_session() as spark:
        spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", str(BATCH_SIZE))
        predict = import_module("score_spark").make_classifier(model)

        def count_labels() -> Counts:
            scored = spark.read.parquet(str(table)).select(predict("text").alias("prediction"))
            return scored.groupBy("prediction.label").count().toPandas().set_index("label")["count"]

        yield count_labels


ENGINES: dict[str, Any] = {
    "local": local,
    "local, two processes": two_processes,
    "Dask": on_dask,
    "Ray Data": on_ray,
    "Spark": on_spark,
}
