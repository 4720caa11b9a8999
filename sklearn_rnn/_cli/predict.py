"""Command `predict`: the label of each text, and its probabilities."""

import argparse
import json
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from sklearn_rnn._cli.files import check_writable, encodable, read_in_chunks
from sklearn_rnn._cli.model_files import load
from sklearn_rnn._cli.terminal import check_stdout
from sklearn_rnn._io.atomic_write import atomic_write
from sklearn_rnn._io.compressions import COMPRESSION_SUFFIXES, create_bytes
from sklearn_rnn._io.text_formats import FORMATS

_CHUNK_SIZE = 1024  # texts that are in memory at a time
_FIRST_CHUNK_SIZE = 128  # fewer, so that the first rows are out sooner

_Probabilities = npt.NDArray[np.floating[Any]] | None


def run(args: argparse.Namespace) -> None:
    """Write the label of each text, and class probabilities if the model has `predict_proba`."""
    is_to_stdout = args.output in (None, "-")
    if is_to_stdout:
        check_stdout()
    else:
        check_writable(args.output)
    model = load(args.model, trust=args.trust)
    texts = read_in_chunks(args, _CHUNK_SIZE, first_size=min(_FIRST_CHUNK_SIZE, _CHUNK_SIZE))
    rows = _rows(model, texts, _output_format(args))
    if is_to_stdout:
        for chunk in rows:
            _print(chunk)
        return
    with atomic_write(args.output) as new, create_bytes(new) as stream:
        for chunk in rows:
            stream.write(_encode(chunk))


def _output_format(args: argparse.Namespace) -> str:
    if args.output_format is not None:
        return args.output_format
    name = (args.output or "").lower()
    for suffix in COMPRESSION_SUFFIXES:
        name = name.removesuffix(suffix)
    return "jsonl" if name.endswith(FORMATS["jsonl"].suffixes) else "csv"


def _rows(
    model: BaseEstimator, chunks: Iterator[npt.NDArray[np.object_]], format: str
) -> Iterator[str]:
    """Yield the rows of each chunk of texts as one text."""
    for number, texts in enumerate(chunks):
        labels, probabilities = _predict(model, texts)
        if format == "jsonl":
            yield _as_json_lines(model, labels, probabilities)
        else:
            yield _as_csv(model, labels, probabilities, has_header=number == 0)


def _predict(
    model: BaseEstimator, texts: npt.NDArray[np.object_]
) -> tuple[npt.NDArray[Any], _Probabilities]:
    if not hasattr(model, "predict_proba"):
        return model.predict(texts), None
    probabilities = model.predict_proba(texts)
    if _has_label_of_highest_probability(model):  # halves the time
        return model.classes_[probabilities.argmax(axis=1)], probabilities
    return model.predict(texts), probabilities


def _has_label_of_highest_probability(model: BaseEstimator) -> bool:
    """Return whether `predict` is documented to return the label of the highest probability."""
    model = getattr(model, "best_estimator_", model)
    classifier = model[-1] if isinstance(model, Pipeline) else model
    if "sklearn_rnn._classifier" not in sys.modules:  # whose import takes seconds
        return False
    from sklearn_rnn import RNNTextClassifier

    return isinstance(classifier, RNNTextClassifier)


def _as_csv(
    model: BaseEstimator,
    labels: npt.NDArray[Any],
    probabilities: _Probabilities,
    *,
    has_header: bool,
) -> str:
    columns: dict[str, Any] = {"label": encodable(labels)}
    if probabilities is not None:
        for name, column in zip(encodable(model.classes_), probabilities.T, strict=True):
            columns[f"proba_{name!s}"] = column
    csv: str = pd.DataFrame(columns).to_csv(index=False, header=has_header, lineterminator="\n")
    return csv


def _as_json_lines(
    model: BaseEstimator, labels: npt.NDArray[Any], probabilities: _Probabilities
) -> str:
    rows: list[dict[str, Any]] = [{"label": label} for label in labels.tolist()]
    if probabilities is not None:
        classes = model.classes_.tolist()
        for row, of_text in zip(rows, probabilities.tolist(), strict=True):
            row["probabilities"] = dict(zip(classes, of_text, strict=True))
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)


def _encode(rows: str) -> bytes:
    r"""Return rows in UTF-8; what UTF-8 lacks becomes an escape of JSON, such as ``\ud83d``."""
    return rows.encode(errors="backslashreplace")


def _print(rows: str) -> None:
    """Write rows to stdout: to a file or pipe as UTF-8, whatever the encoding of stdout is."""
    if sys.stdout.isatty() or not hasattr(sys.stdout, "buffer"):
        sys.stdout.write(rows)
    else:
        rest = memoryview(_encode(rows))
        while rest:  # python -u has no buffer, and a pipe may take a part
            rest = rest[sys.stdout.buffer.write(rest) :]
    sys.stdout.flush()
