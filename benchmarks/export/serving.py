"""Services with one worker: examples/serve.py with the runtime and the full model, and a rival.

The rival is a service of FastAPI without batches (naive_service.py) with the full model. Each of 8
clients, and then of 32, sends the reviews of IMDB one by one. All services run under uvicorn on
loopback, in turn, with the default numbers of threads; the clients are a process of their own. The
model is a default Pipeline, fitted for one epoch on 2,000 reviews.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.client import HTTPConnection
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
from sklearn.pipeline import make_pipeline

from benchmarks.common.corpora import load_texts
from benchmarks.common.processes import run_module
from benchmarks.common.record import ROOT
from benchmarks.common.timing import SkippedError, Tables, measure_in_turn
from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn.export import export_onnx, save_model

N_TEXTS = 2_000
SECONDS = 8.0
CLIENTS = (8, 32)
EXAMPLE = ["serve:app", "--app-dir", str(ROOT / "examples")]
NAIVE = ["benchmarks.export.naive_service:app", "--app-dir", str(ROOT)]


def run(options: Namespace) -> Tables:
    """Return the tables of the section."""
    if find_spec("uvicorn") is None or find_spec("fastapi") is None:
        raise SkippedError("It needs fastapi and uvicorn.")
    texts, labels = load_texts(options.data, "imdb", "train")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        classifier = RNNTextClassifier(max_epochs=1, device="cpu", random_state=0)
        pipeline = make_pipeline(TextTokenizer(), classifier)
        pipeline.fit(texts[:N_TEXTS], labels[:N_TEXTS])
        save_model(pipeline, folder / "model.skops")
        export_onnx(pipeline, folder / "exported")
        corpus = folder / "texts.json"
        corpus.write_text(json.dumps(load_texts(options.data, "imdb", "test")[0][:N_TEXTS]))
        services = {
            "runtime, batches": (EXAMPLE, folder / "exported"),
            "full model, batches": (EXAMPLE, folder / "model.skops"),
            "full model, no batches": (NAIVE, folder / "model.skops"),
        }
        measures = {
            (service, n_clients): partial(measure, app, model, n_clients, corpus)
            for service, (app, model) in services.items()
            for n_clients in CLIENTS
        }
        figures = measure_in_turn(measures, options.runs)
    rows = {
        f"{service}, {n_clients} clients": pd.DataFrame(runs).median()
        for (service, n_clients), runs in figures.items()
    }
    return {"one worker": pd.DataFrame(rows).T}


def measure(app: list[str], model: Path, n_clients: int, corpus: Path) -> dict[str, float]:
    """Return the figures of a service."""
    with running(app, model) as port:
        return run_module("benchmarks.export.serving_client", port, n_clients, SECONDS, corpus)


@contextmanager
def running(app: list[str], model: Path) -> Iterator[int]:
    """Start a service, give its port, and stop it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"SKLEARN_RNN_MODEL": str(model), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "uvicorn", *app, "--port", str(port), "--no-access-log"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, env=environment, **quiet) as process:
        try:
            while not answers(port):
                if process.poll() is not None:
                    raise RuntimeError(f"{command} ended with {process.returncode}.")
                time.sleep(0.05)
            yield port
        finally:
            process.terminate()


def answers(port: int) -> bool:
    """Return whether a service is ready."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
