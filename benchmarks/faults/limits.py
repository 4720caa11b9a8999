"""Too little memory and no further threads: an error that says so, and the model stays usable."""

import gc
import io
import resource
import threading
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import joblib
import numpy as np

from benchmarks.faults.children import become_nobody, run_in_child
from benchmarks.faults.models import LABELS, TEXTS, fitted_model, make_model
from benchmarks.faults.reading import FILES
from sklearn_rnn.datasets import read_texts

MANY = TEXTS.tolist() * 50
LONG = [" ".join(TEXTS[:40])] * 500


def _fit(folder: Path) -> None:
    fitted_model().fit(MANY, LABELS.tolist() * 50)


def _partial_fit(folder: Path) -> None:
    tokenizer, classifier = fitted_model()
    classifier.partial_fit(tokenizer.transform(TEXTS).repeat(50, axis=0), LABELS.repeat(50))


def _predict(folder: Path) -> None:
    fitted_model().predict(LONG)


def _transform(folder: Path) -> None:
    fitted_model()[0].transform(LONG)


def _load(folder: Path) -> None:
    joblib.load(folder / "large.joblib")


def _read_texts(folder: Path) -> None:
    read_texts(folder / "texts.csv")


def _load_word_vectors(folder: Path) -> None:
    FILES["load_word_vectors of text"][1](folder / "vectors")


# For each call, the most megabytes that it is given beyond what the process has.
CALLS: dict[str, tuple[Callable[[Path], None], int]] = {
    "fit": (_fit, 60),
    "partial_fit": (_partial_fit, 60),
    "predict": (_predict, 100),
    "transform": (_transform, 40),
    "load": (_load, 60),
    "read_texts": (_read_texts, 10),
    "load_word_vectors": (_load_word_vectors, 20),
}


def too_little_memory(call: str, folder: Path, rng: np.random.Generator) -> None:
    """The process gets a random number of megabytes more."""
    rows = "text,label\n" + "a good film and more of it,1\n" * 50_000
    (folder / "texts.csv").write_text(rows)
    (folder / "vectors").write_bytes(FILES["load_word_vectors of text"][0]())
    if call == "load":
        (folder / "large.joblib").write_bytes(_large_model())
    run_in_child(_call_with_memory, call, folder, int(rng.integers(CALLS[call][1] * 2**20)))


@cache
def _large_model() -> bytes:
    """Return a file of 20 MB."""
    model = make_model(embedding_dim=256, linear_ngrams=0)
    model.set_params(texttokenizer__vocabulary=[f"word{n}" for n in range(20_000)])
    file = io.BytesIO()
    joblib.dump(model.fit(TEXTS, LABELS), file)
    return file.getvalue()


def _call_with_memory(call: str, folder: Path, n_bytes: int) -> None:
    before = fitted_model().predict_proba(TEXTS)
    n_threads = threading.active_count()
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    unlimited = resource.getrlimit(resource.RLIMIT_AS)
    limit = pages * resource.getpagesize() + n_bytes
    resource.setrlimit(resource.RLIMIT_AS, (limit, unlimited[1]))
    failed = False
    try:
        CALLS[call][0](folder)
    except (MemoryError, RuntimeError, OSError, ValueError, ImportError) as error:
        failed = True
        message = f"{type(error).__name__}: {error}"
    finally:
        resource.setrlimit(resource.RLIMIT_AS, unlimited)
    assert threading.active_count() == n_threads, threading.enumerate()
    if not failed:
        return
    # "could not create a primitive" is what oneDNN, torch's library of kernels, says of it.
    words = ("memory", "alloc", "thread", "primitive")
    assert any(word in message.lower() for word in words), message
    assert (fitted_model().predict_proba(TEXTS) == before).all(), "the model has changed"


def no_further_threads(call: str, folder: Path, rng: np.random.Generator) -> None:
    """The process may start no thread."""
    run_in_child(_call_without_threads, call, folder)


def _call_without_threads(call: str, folder: Path) -> None:
    before = fitted_model().predict_proba(TEXTS)
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    become_nobody()
    try:
        CALLS[call][0](folder)
    # OpenBLAS raises the signal of Ctrl-C where it cannot start its threads.
    except (RuntimeError, KeyboardInterrupt) as error:
        assert isinstance(error, KeyboardInterrupt) or "thread" in str(error), error
        assert (fitted_model().predict_proba(TEXTS) == before).all(), "the model has changed"


KINDS: dict[str, Callable[[Path, Any], None]] = {
    f"{call}: too little memory": partial(too_little_memory, call) for call in CALLS
} | {
    f"{call}: no further threads": partial(no_further_threads, call)
    for call in ("fit", "partial_fit", "predict")
}
