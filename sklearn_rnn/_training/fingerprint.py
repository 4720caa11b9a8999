"""Fingerprint of a fit: all that its result depends on, as texts that tell how two fits differ."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from sklearn_rnn._ids import IdRows
from sklearn_rnn._training.data import TrainingData
from sklearn_rnn._training.task import TrainingTask

if TYPE_CHECKING:
    from sklearn_rnn._training.net import RecurrentNet

Fingerprint = dict[str, str]

# Parameters that the result does not depend on, and those that have a text of their own.
_LEFT_OUT = {"callbacks", "checkpoint_path", "device", "verbose", "warm_start", "word_vectors"}
_DIGEST = "digest "  # begins texts that messages do not show
_ROWS = 65_536  # that are copied at a time, where a copy is needed


def make_fingerprint(task: TrainingTask, net: RecurrentNet, dtype: torch.dtype) -> Fingerprint:
    """Return the fingerprint of a fit.

    Callbacks are not part of it, because their effect is not known.

    Parameters
    ----------
    task : TrainingTask
        The data and the settings.
    net : RecurrentNet
        The net before the training.
    dtype : torch.dtype
        Type in which recurrent layers and pooling compute in training.

    Returns
    -------
    fingerprint : dict of str to str
        Texts by the names of parameters, of arguments of `fit` and of packages.
    """
    parameters = {
        name: _describe(value)
        for name, value in vars(task.parameters).items()
        if name not in _LEFT_OUT
    }
    if not isinstance(task.parameters.random_state, int):
        parameters["random_state"] = f"a RandomState that draws {task.seed}"
    vectors = task.parameters.word_vectors
    return parameters | {
        "max_epochs": str(task.max_epochs),
        "batch_size": str(task.batch_size),
        "device": torch.device(net.device).type,
        "precision": str(dtype).removeprefix("torch."),
        "word_vectors": "None" if vectors is None else _describe_vectors(vectors),
        "the classes of y": repr(task.classes.tolist()),
        **_describe_data(task.training, "X", "y", "sample_weight"),
        **_describe_data(task.validation, "X_val", "y_val", "sample_weight_val"),
        "the network before the fit": _describe_network(net) if task.resume else "new",
        "the version of sklearn_rnn": version("sklearn_rnn"),
        "the version of torch": torch.__version__,
    }


def _describe(value: Any) -> str:
    is_class = isinstance(value, type)  # a custom cell
    return f"{value.__module__}.{value.__qualname__}" if is_class else repr(value)


def _describe_vectors(vectors: Any) -> str:  # WordVectors, which is a layer above
    words = np.frombuffer("\n".join(vectors.words).encode(), np.uint8)
    return _digest([words, vectors.matrix])


def _describe_data(data: TrainingData | None, *names: str) -> dict[str, str]:
    if data is None:
        return dict.fromkeys(names, "None")
    arrays = [data.ids, data.labels, data.weights]
    return {name: _digest([array]) for name, array in zip(names, arrays, strict=True)}


def _describe_network(net: RecurrentNet) -> str:
    moments = net.optimizer_.state_dict()["state"].values()
    tensors = [*net.module_.state_dict().values(), *(t for m in moments for t in m.values())]
    return _digest([np.array(len(net.history)), *(t.numpy(force=True) for t in tensors)])


def _digest(arrays: Iterable[np.ndarray | IdRows]) -> str:
    """Return a digest of the types, shapes and bytes of arrays, which may be memory-mapped."""
    hasher = hashlib.blake2b(digest_size=16)
    for array in arrays:
        hasher.update(f"{array.dtype.str}{array.shape}".encode())
        rows = array if array.ndim else np.atleast_1d(array)
        for start in range(0, len(rows), _ROWS):
            hasher.update(np.ascontiguousarray(rows[start : start + _ROWS]).data)
    return _DIGEST + hasher.hexdigest()


def name_of(fingerprint: Fingerprint) -> str:
    """Return a name of 16 hexadecimal digits for a fit, for the names of its files."""
    text = json.dumps(fingerprint, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def describe_differences(there: Fingerprint, here: Fingerprint) -> str:
    """Describe how the fit of a checkpoint, `there`, differs from this one; "" if it does not."""
    differences = []
    for name in sorted(there.keys() | here.keys()):
        values = there.get(name, "missing"), here.get(name, "missing")
        if values[0] == values[1]:
            continue
        if any(value.startswith(_DIGEST) for value in values):
            differences.append(f"{name} differs")
        else:
            differences.append(f"{name} is {values[0]} there and {values[1]} here")
    return "; ".join(differences)
