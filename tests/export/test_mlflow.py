"""A model that is logged to a local MLflow, and loaded in another process: `nox -s mlflow`."""

import os
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("mlflow")

LOG = """
import mlflow, numpy as np
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn_rnn import RNNTextClassifier, TextTokenizer, WordVectors
from sklearn_rnn.export import TRUSTED_TYPES
from tests.texts import LABELS, TEXTS

vectors = WordVectors(["good", "bad"], np.eye(2))
classifier = RNNTextClassifier(word_vectors=vectors, hidden_size=4, max_epochs=2, random_state=0)
model = make_pipeline(TextTokenizer(vocabulary=vectors), classifier)
search = GridSearchCV(model, {"rnntextclassifier__hidden_size": [2, 4]}, cv=2, scoring="f1_macro")
search.fit(TEXTS, LABELS)
with mlflow.start_run():
    logged = mlflow.sklearn.log_model(
        search, name="model", skops_trusted_types=TRUSTED_TYPES, pip_requirements=["sklearn_rnn"]
    )
np.save("expected.npy", search.predict_proba(TEXTS))
print(logged.model_uri)
"""

LOAD = """
import sys
import mlflow, numpy as np
from tests.texts import TEXTS

model = mlflow.sklearn.load_model(sys.argv[1])
np.save("probabilities.npy", model.predict_proba(TEXTS))
np.save("labels.npy", mlflow.pyfunc.load_model(sys.argv[1]).predict(TEXTS))
"""

SECONDS = 300


def test_a_model_is_the_same_in_another_process(tmp_path):
    environment = os.environ | {
        "DO_NOT_TRACK": "true",
        "MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path / 'mlflow.db'}",
        "PYTHONPATH": os.getcwd(),
    }

    def run(program, *arguments):
        command = [sys.executable, "-c", program, *arguments]
        options = {"check": True, "timeout": SECONDS, "stdout": subprocess.PIPE, "text": True}
        return subprocess.run(command, cwd=tmp_path, env=environment, **options).stdout

    uri = run(LOG).split()[-1]
    assert list(tmp_path.rglob("model.skops"))
    assert not list(tmp_path.rglob("*.pkl"))
    run(LOAD, uri)
    expected = np.load(tmp_path / "expected.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "probabilities.npy"), expected, strict=True)
    classes = np.array(["blame", "praise"])
    labels = np.load(tmp_path / "labels.npy", allow_pickle=True)
    np.testing.assert_array_equal(labels, classes[expected.argmax(1)])
