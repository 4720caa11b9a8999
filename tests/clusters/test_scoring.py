"""Examples of scoring on Spark, Dask and Ray Data: local predictions, one load in each worker."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.pipeline import make_pipeline

from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn.datasets import make_word_order
from sklearn_rnn.export import export_onnx, save_model

# The warnings of the engines are not ours.
pytestmark = pytest.mark.filterwarnings("default")

EXAMPLES = Path(__file__).parents[2] / "examples"
TEXTS, LABELS = make_word_order(80, random_state=0)
BATCH_SIZE = 10  # the texts of a batch are predicted together, which may change the last bit

# Appended to the file that reads an exported model, which each load executes.
LOG = """
import os

with open({log!r}, "a") as log:
    print(os.getpid(), file=log)
"""


@pytest.fixture(scope="module", autouse=True)
def scoring():
    """The module of the examples that the workers run, importable by its name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(EXAMPLES)
        paths = [str(EXAMPLES), os.environ.get("PYTHONPATH", "")]
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        import scoring

        yield scoring


@pytest.fixture(scope="module")
def spark(scoring):
    sql = pytest.importorskip("pyspark.sql", reason="nox -s clusters installs it")
    if shutil.which("java") is None:
        pytest.skip("Java is not installed")
    options = {
        "spark.ui.enabled": "false",
        "spark.driver.memory": "1g",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.sql.execution.arrow.maxRecordsPerBatch": str(BATCH_SIZE),
    }
    session = sql.SparkSession.builder.master("local[2]").config(map=options).getOrCreate()
    session.sparkContext.addPyFile(str(EXAMPLES / "scoring.py"))
    yield session
    session.stop()


@pytest.fixture(scope="module")
def pipeline():
    classifier = RNNTextClassifier(
        embedding_dim=4, hidden_size=4, max_epochs=2, device="cpu", random_state=0
    )
    return make_pipeline(TextTokenizer(), classifier).fit(TEXTS, LABELS)


@pytest.fixture(params=["full", "exported"])
def model(request, pipeline, tmp_path):
    """The path of the full Pipeline, and that of its export, which logs the loads."""
    if request.param == "full":
        save_model(pipeline, tmp_path / "model.skops")
        return str(tmp_path / "model.skops")
    export_onnx(pipeline, tmp_path / "exported")
    with open(tmp_path / "exported" / "onnx_text_classifier.py", "a") as program:
        program.write(LOG.format(log=str(tmp_path / "loads")))
    return str(tmp_path / "exported")


@pytest.fixture
def table():
    return pd.DataFrame({"number": np.arange(len(TEXTS)), "text": TEXTS})


@pytest.fixture
def check(scoring, model, table):
    """Check a table against the local predictions, and that each worker has loaded the model once.

    The rows may be in another order. Only the exported model logs its loads.
    """

    def check(found):
        found = found[["number", "text", "label", "probability"]].sort_values("number")
        rows = range(0, len(table), BATCH_SIZE)
        batches = [table["text"][row : row + BATCH_SIZE] for row in rows]
        expected = table.join(pd.concat([scoring.classify(batch, model) for batch in batches]))
        for column in expected:
            assert found[column].tolist() == expected[column].tolist()
        if model.endswith("exported"):
            loads = Path(model).with_name("loads").read_text().split()
            workers = set(loads) - {str(os.getpid())}
            assert len(loads) == len(set(loads))
            assert 1 <= len(workers) <= 2

    return check


def test_no_texts(scoring, model, table):
    none = scoring.classify(table["text"][:0], model)
    assert none.empty
    assert none.dtypes.to_dict() == scoring.classify(table["text"], model).dtypes.to_dict()


def test_dask(dask_client, model, table, check):
    dd = pytest.importorskip("dask.dataframe")
    import score_dask

    dask_client.upload_file(str(EXAMPLES / "scoring.py"))
    dask_client.upload_file(str(EXAMPLES / "score_dask.py"))
    partitions = dd.from_pandas(table, npartitions=len(table) // BATCH_SIZE)
    check(score_dask.score(partitions, model).compute())


def test_ray(ray_cluster, model, table, check):
    import score_ray

    dataset = ray_cluster.data.from_pandas(table)
    check(score_ray.score(dataset, model, n_actors=2, batch_size=BATCH_SIZE).to_pandas())


def test_spark(spark, model, table, check):
    import score_spark

    prediction = score_spark.make_classifier(model)("text").alias("prediction")
    scored = spark.createDataFrame(table).select("*", prediction)
    check(scored.select("number", "text", "prediction.*").toPandas())


@pytest.mark.parametrize("model", ["exported"], indirect=True)
@pytest.mark.parametrize("engine", ["dask", "ray", "spark"])
def test_the_command(request, engine, model, table, scoring, tmp_path):
    pytest.importorskip({"spark": "pyspark"}.get(engine, engine))
    (tmp_path / "texts").mkdir()
    table.to_parquet(tmp_path / "texts" / "0.parquet")
    command = [sys.executable, EXAMPLES / f"score_{engine}.py", model]
    subprocess.run([*command, tmp_path / "texts", tmp_path / "labels"], check=True, timeout=120)
    found = pd.read_parquet(tmp_path / "labels").sort_values("number", ignore_index=True)
    expected = scoring.classify(table["text"], model)
    assert found["label"].tolist() == expected["label"].tolist()
    assert_allclose(found["probability"], expected["probability"], atol=1e-6)
