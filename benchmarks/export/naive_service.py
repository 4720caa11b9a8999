"""Service as one writes it first: FastAPI, one text a request, and no batches.

    SKLEARN_RNN_MODEL=model.skops uvicorn benchmarks.export.naive_service:app

It takes and returns the same bodies as examples/serve.py.
"""

import os
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from sklearn_rnn.export import load_model


class PredictRequest(BaseModel):
    """Body of a request."""

    texts: list[str]


model = load_model(os.environ["SKLEARN_RNN_MODEL"])
app = FastAPI()


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/predict")
def predict(request: PredictRequest) -> dict[str, Any]:
    """Return the label and the probabilities of each text."""
    predictions = []
    for row in model.predict_proba(request.texts):
        label = model.classes_[row.argmax()]
        probabilities = dict(zip(map(str, model.classes_), row.tolist(), strict=True))
        predictions.append({"label": str(label), "probabilities": probabilities})
    return {"predictions": predictions}
