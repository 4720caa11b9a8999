"""Example of a service: eight clients at once, wrong input, and workers that fork."""

import asyncio
import http.client
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_rnn.export import export_onnx, save_model
from tests.texts import TEXTS

pytest.importorskip("fastapi", reason="nox -s serve installs it")

EXAMPLES = Path(__file__).parents[2] / "examples"
ROOT = Path(__file__).parents[2]
N_CLIENTS = 8
N_REQUESTS = 20  # of each client
SERVERS = {
    "uvicorn": ["uvicorn", "serve:app", "--app-dir", str(EXAMPLES), "--port"],
    "gunicorn": [
        *("gunicorn", "serve:app", "--chdir", str(EXAMPLES), "--preload", "--workers", "2"),
        *("--worker-class", "uvicorn_worker.UvicornWorker", "--bind"),
    ],
}


@pytest.fixture(scope="module")
def pipeline(request):
    from sklearn.pipeline import make_pipeline

    from sklearn_rnn import RNNTextClassifier, TextTokenizer
    from tests.texts import LABELS

    classifier = RNNTextClassifier(
        embedding_dim=4, hidden_size=4, max_epochs=1, device="cpu", random_state=0
    )
    return make_pipeline(TextTokenizer(), classifier).fit(TEXTS, LABELS)


@pytest.fixture(scope="module")
def paths(pipeline, tmp_path_factory):
    """The paths of a .skops file and of an exported folder."""
    folder = tmp_path_factory.mktemp("models")
    save_model(pipeline, folder / "model.skops")
    export_onnx(pipeline, folder / "exported")
    return {"skops": folder / "model.skops", "onnx": folder / "exported"}


@contextmanager
def running(server, model):
    """Start a server on a free port of loopback, give the port, and stop the server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"127.0.0.1:{port}" if server == "gunicorn" else str(port)
    environment = os.environ | {"SKLEARN_RNN_MODEL": str(model), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", *SERVERS[server], address]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            wait_for(port, process)
            yield port
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)


def wait_for(port, process):
    while process.poll() is None:
        try:
            if ask(port, "GET", "/health")[0] == 200:
                return
        except OSError:
            time.sleep(0.05)
    pytest.fail(process.stderr.read())


def ask(port, method, path, body=None):
    """Return the status and the answer to one request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        return ask_again(connection, method, path, body)
    finally:
        connection.close()


def ask_again(connection, method, path, body):
    """Return the status and the answer to a request over an open connection."""
    connection.request(method, path, body, {"content-type": "application/json"})
    response = connection.getresponse()
    return response.status, json.loads(response.read())


@pytest.fixture(scope="module", params=["onnx", "skops"])
def port(request, paths):
    with running("uvicorn", paths[request.param]) as port:
        yield port


def predict_as_clients(port):
    """Return the texts and predictions of eight clients at once."""

    def work(client):
        rng = np.random.default_rng(client)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        texts, predictions = [], []
        for _ in range(N_REQUESTS):
            some = rng.choice(TEXTS, rng.integers(1, 5)).tolist()
            status, answer = ask_again(connection, "POST", "/predict", json.dumps({"texts": some}))
            assert status == 200
            texts += some
            predictions += answer["predictions"]
        connection.close()
        return texts, predictions

    with ThreadPoolExecutor(N_CLIENTS) as pool:
        done = list(pool.map(work, range(N_CLIENTS)))
    return [text for texts, _ in done for text in texts], [row for _, rows in done for row in rows]


def assert_predicted(pipeline, texts, predictions):
    assert len(texts) == len(predictions)
    expected = pipeline.predict_proba(texts)
    got = [[row["probabilities"][name] for name in pipeline.classes_] for row in predictions]
    assert_allclose(got, expected, atol=1e-5)
    assert [row["label"] for row in predictions] == pipeline.predict(texts).tolist()


def test_eight_clients_get_the_predictions_of_their_texts(port, pipeline):
    assert_predicted(pipeline, *predict_as_clients(port))


@pytest.mark.parametrize("kind", ["onnx", "skops"])
def test_a_worker_that_forks_after_loading_predicts(kind, paths, pipeline):
    with running("gunicorn", paths[kind]) as port:
        assert_predicted(pipeline, *predict_as_clients(port))


WRONG = {
    "no JSON": ("{", "body.1", "JSON decode error"),
    "another key": ('{"text": "a"}', "body.texts", "Field required"),
    "one text": ('{"texts": "a"}', "body.texts", "Input should be a valid list"),
    "no texts": (
        '{"texts": []}',
        "body.texts",
        "List should have at least 1 item after validation, not 0",
    ),
    "a number": ('{"texts": ["a", 1]}', "body.texts.1", "Input should be a valid string"),
    "blank": ('{"texts": ["a", "b", " "]}', "body.texts.2", "Value error, the text is blank"),
    "half a character": (
        '{"texts": ["\\ud83d"]}',
        "body.texts.0",
        "Input should be a valid string, unable to parse raw data as a unicode string",
    ),
    "a long text": (
        json.dumps({"texts": ["a" * 100_001]}),
        "body.texts.0",
        "String should have at most 100000 characters",
    ),
    "many texts": (
        json.dumps({"texts": ["a"] * 1_001}),
        "body.texts",
        "List should have at most 1000 items after validation, not 1001",
    ),
}


@pytest.mark.parametrize(("body", "where", "what"), WRONG.values(), ids=WRONG)
def test_wrong_input_is_a_422_that_says_what_is_wrong(port, body, where, what):
    status, answer = ask(port, "POST", "/predict", body)
    assert status == 422
    assert answer["errors"][0] == {"where": where, "what": what}


def test_health_names_the_classes(port, pipeline):
    assert ask(port, "GET", "/health") == (
        200,
        {"status": "ok", "classes": pipeline.classes_.tolist()},
    )


@pytest.fixture
def serve(paths, monkeypatch):
    """The module of the service."""
    monkeypatch.setenv("SKLEARN_RNN_MODEL", str(paths["skops"]))
    spec = importlib.util.spec_from_file_location("serve", EXAMPLES / "serve.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Recorder:
    """Model whose probabilities are the lengths of the texts; it records the batches."""

    def __init__(self):
        self.batches = []

    def predict_proba(self, texts):
        self.batches.append(list(texts))
        if "error" in texts:
            raise RuntimeError("no memory")
        return np.array([[len(text)] for text in texts])


async def predict_together(serve, model, requests):
    batcher = serve.Batcher(model)
    task = asyncio.create_task(batcher.run())
    answers = await asyncio.gather(*map(batcher.predict_proba, requests), return_exceptions=True)
    task.cancel()
    return answers


def test_requests_that_arrive_together_are_one_batch(serve):
    model = Recorder()
    requests = [["a" * (1 + i)] * (1 + i % 3) for i in range(8)]
    answers = asyncio.run(predict_together(serve, model, requests))
    assert model.batches == [[text for texts in requests for text in texts]]
    for texts, rows in zip(requests, answers, strict=True):
        assert rows.tolist() == [[len(text)] for text in texts]


def test_a_batch_is_bounded(serve):
    model = Recorder()
    asyncio.run(predict_together(serve, model, [["a"] * 100] * 6))
    assert [len(batch) for batch in model.batches] == [300, 300]


def test_an_error_reaches_all_requests_of_its_batch_alone(serve):
    model = Recorder()
    requests = [["a"] * 256, ["error"], ["b"]]
    answers = asyncio.run(predict_together(serve, model, requests))
    assert [isinstance(answer, RuntimeError) for answer in answers] == [False, True, True]
