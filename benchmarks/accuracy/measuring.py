"""Fits of estimators in this process, and of external rivals in processes of their own."""

import json
import subprocess
import tempfile
import time
from pathlib import Path

import joblib
import numpy as np
from sklearn.base import BaseEstimator

from benchmarks.accuracy.environments import find_python
from benchmarks.accuracy.metrics import Outcome
from benchmarks.accuracy.splits import Split
from benchmarks.common.record import ROOT
from benchmarks.common.timing import SkippedError


def measure_estimator(estimator: BaseEstimator, train: Split, test_texts: list[str]) -> Outcome:
    """Fit a scikit-learn estimator, predict the test texts, and pickle it."""
    start = time.perf_counter()
    estimator.fit(*train)
    fitted = time.perf_counter()
    predicted = estimator.predict(test_texts)
    end = time.perf_counter()
    proba = estimator.predict_proba(test_texts) if hasattr(estimator, "predict_proba") else None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.joblib"
        joblib.dump(estimator, path)
        n_bytes = path.stat().st_size
    return Outcome(predicted, proba, fitted - start, end - fitted, n_bytes)


def measure_external(
    name: str,
    train: Split,
    test_texts: list[str],
    *,
    analyzer: str,
    language: str,
    environments: Path,
    minutes: float,
    embeddings: Path | None,
) -> Outcome:
    """Run an external rival in its environment.

    Raises
    ------
    SkippedError
        If the environment is missing, or the rival has not ended after `minutes`.
    """
    python = find_python(environments, name)
    if not python.exists():
        raise SkippedError(
            f"There is no {python}. To make it: python -m benchmarks.accuracy.environments "
            f"--rival {name} --environments {environments}"
        )
    texts, labels = train
    task = {
        "texts": texts,
        "labels": labels.tolist(),
        "test": test_texts,
        "n_classes": int(labels.max()) + 1,
        "analyzer": analyzer,
        "language": language,
        "embeddings": str(embeddings.resolve()) if embeddings else None,
    }
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "task.json").write_text(json.dumps(task), encoding="utf-8")
        command = [python, "-m", "benchmarks.accuracy.rivals.child", name, folder]
        try:
            subprocess.run(
                command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60 * minutes
            )
        except subprocess.TimeoutExpired:
            raise SkippedError(f"It has not ended after {minutes:g} minutes.") from None
        except subprocess.CalledProcessError as error:
            raise RuntimeError(f"The rival {name} failed:\n{error.stderr[-2000:]}") from error
        outcome = json.loads((Path(folder) / "outcome.json").read_text())
        proba = np.load(Path(folder) / "proba.npy")
    return Outcome(
        predicted=proba.argmax(axis=1),
        proba=proba,
        fit_seconds=outcome["fit_seconds"],
        predict_seconds=outcome["predict_seconds"],
        n_bytes=outcome["bytes"],
        version=outcome["version"],
        is_timed=outcome["is_timed"],
    )
