r"""Web service that classifies texts, in FastAPI.

Export a model that the command line saved, and start the service on port 8000:

    python -m sklearn_rnn export model.skops exported
    pip install -r exported/requirements.txt fastapi uvicorn
    SKLEARN_RNN_MODEL=exported uvicorn serve:app --app-dir examples

The machine that serves an exported folder needs neither torch nor scikit-learn, nor this package.
SKLEARN_RNN_MODEL may also be the .skops file itself, which needs all of them.

    curl localhost:8000/predict --json '{"texts": ["the pool was lovely"]}'

The answer has a label and the probabilities of all classes for each text, in order:

    {"predictions": [{"label": "praise", "probabilities": {"complaint": 0.02, "praise": 0.98}}]}

Texts that are missing, blank, too many or too long give status 422 and say what is wrong. GET
/health answers once the model is loaded. GET /docs shows and tries all of it in a browser.

Requests that arrive while others are computed are classified together, in one batch: a batch takes
hardly longer than its longest text. For more processes, load the model once and fork:

    gunicorn serve:app --chdir examples --preload --workers 4 \
        --worker-class uvicorn_worker.UvicornWorker

The model is loaded when this file is imported, before the fork; the thread and the queue of each
worker are made after it.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

MOST_TEXTS = 1_000  # of a request
MOST_CHARACTERS = 100_000  # of a text
BATCH_SIZE = 256  # texts from which a batch waits for no further request


def load(path: Path) -> Any:
    """Load an exported folder or a .skops file, as an object with predict_proba and classes_."""
    if path.is_dir():
        sys.path.append(str(path))  # the folder has the file that reads it
        from onnx_text_classifier import OnnxTextClassifier

        return OnnxTextClassifier(path / "model.onnx")
    from sklearn_rnn.export import load_model

    return load_model(path)


class Batcher:
    """Queue of requests, which are classified together if they arrive together.

    Parameters
    ----------
    model : object
        Has `predict_proba`.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._queue: asyncio.Queue[tuple[list[str], asyncio.Future[Any]]] = asyncio.Queue()
        # A thread computes, so that the server reads requests meanwhile. A second one would compete
        # for the same processors.
        self._thread = ThreadPoolExecutor(max_workers=1)

    async def predict_proba(self, texts: list[str]) -> Any:
        """Return the probabilities of the texts, of shape (n_texts, n_classes)."""
        future = asyncio.get_running_loop().create_future()
        await self._queue.put((texts, future))
        return await future

    async def run(self) -> None:
        """Classify batch after batch, until the task is cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            requests = [await self._queue.get()]
            await asyncio.sleep(0)  # lets requests in that have arrived
            n_texts = len(requests[0][0])
            while n_texts < BATCH_SIZE and not self._queue.empty():
                requests.append(self._queue.get_nowait())
                n_texts += len(requests[-1][0])
            batch = [text for texts, _ in requests for text in texts]
            try:
                rows = await loop.run_in_executor(self._thread, self._model.predict_proba, batch)
            except Exception as error:
                for _, future in requests:
                    if not future.done():  # it is if the client has gone
                        future.set_exception(error)
                continue
            for texts, future in requests:
                if not future.done():
                    future.set_result(rows[: len(texts)])
                rows = rows[len(texts) :]


def refuse_blank(text: str) -> str:
    """Raise a ValueError if there is nothing to classify."""
    if not text.strip():
        raise ValueError("the text is blank")
    return text


Text = Annotated[str, Field(max_length=MOST_CHARACTERS), AfterValidator(refuse_blank)]


class PredictRequest(BaseModel):
    """Body of a request: its texts, none of them blank."""

    model_config = ConfigDict(extra="forbid", strict=True)
    texts: Annotated[list[Text], Field(min_length=1, max_length=MOST_TEXTS)]


model = load(Path(os.environ["SKLEARN_RNN_MODEL"]))
classes = [str(name) for name in model.classes_]


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Classify while the server runs."""
    app.state.batcher = Batcher(model)
    task = asyncio.create_task(app.state.batcher.run())
    yield
    task.cancel()


app = FastAPI(title="Text classification", lifespan=lifespan)


@app.post("/predict")
async def predict(request: PredictRequest) -> JSONResponse:
    """Return the label and the probabilities of each text."""
    predictions = []
    for row in await app.state.batcher.predict_proba(request.texts):
        probabilities = dict(zip(classes, row.tolist(), strict=True))
        label = max(probabilities, key=probabilities.__getitem__)
        predictions.append({"label": label, "probabilities": probabilities})
    return JSONResponse({"predictions": predictions})


@app.exception_handler(RequestValidationError)
async def explain(_: Request, error: RequestValidationError) -> JSONResponse:
    """Say what is wrong with a request, and where.

    FastAPI's own answer repeats the texts, which may be long or no valid Unicode.
    """
    errors = [
        {"where": ".".join(map(str, one["loc"])), "what": one["msg"]} for one in error.errors()
    ]
    return JSONResponse({"errors": errors}, status_code=422)


@app.get("/health")
async def health() -> dict[str, Any]:
    """Return the classes of the model: the service is ready."""
    return {"status": "ok", "classes": classes}
