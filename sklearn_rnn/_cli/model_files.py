"""Files of models: of skops, which run no code, and pickles, which the user has to trust."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import joblib
from sklearn.base import BaseEstimator, is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from sklearn_rnn._cli.files import describe_file, stdin
from sklearn_rnn._cli.help_texts import TRUST
from sklearn_rnn._export.paths import is_pickle_name
from sklearn_rnn._export.skops_files import import_skops, load_model, save_model
from sklearn_rnn._io.atomic_write import atomic_write
from sklearn_rnn._io.compressions import find_compression


def check_savable(path: str) -> None:
    """Raise an ImportError if a package is missing that `save` needs, before anything is fitted."""
    if not is_pickle_name(path):
        import_skops(f"--save {path}")


def save(model: BaseEstimator, path: str) -> None:
    """Save a model: as a pickle if the name is one of pickles, otherwise without pickle."""
    if not is_pickle_name(path):
        save_model(model, path)
        return
    with atomic_write(path) as new:
        joblib.dump(model, new)


def describe_saved(path: str) -> str:
    """Return how to load a file of `save`, in a sentence or two."""
    if is_pickle_name(path):
        return f"It is a pickle, which predict loads with --trust. {TRUST}"
    return "Loading it runs no code: predict and sklearn_rnn.export.load_model load it."


def load(path: str, *, trust: bool) -> BaseEstimator:
    """Load a fitted classifier.

    Parameters
    ----------
    path : str
        The file, which may be a pipe, or "-" for stdin.
    trust : bool
        Whether to load it also if it is a pickle.

    Returns
    -------
    model : estimator

    Raises
    ------
    ImportError
        If the file is one of skops, and skops is not installed.
    OSError
        If the file cannot be read.
    ValueError
        If the file is a pickle and `trust` is False, is damaged, or holds no fitted classifier; or
        if it is an exported model.
    """
    name = describe_file(path)
    if os.path.isdir(path) or path.lower().endswith(".onnx"):
        raise ValueError(
            f"{name} is no file of a model that predict loads. An exported model has a program of "
            "its own in its folder: python onnx_text_classifier.py model.onnx."
        )
    with _as_file(path) as file:
        with file.open("rb") as stream:
            start = stream.read(4)
        compression = find_compression(start)
        if compression is not None and compression.name == "zip":
            model = _load_skops(file, name)
        elif trust:
            model = _load_pickle(file, name)
        else:
            raise ValueError(
                f"{name} is not a .skops file. If it is a pickle, such as a .joblib file, loading "
                "it runs any code that is in it: pass --trust if you know who made the file. A "
                "model that is saved as .skops needs no trust."
            )
    if not (isinstance(model, BaseEstimator) and is_classifier(model)):
        raise ValueError(f"{name} holds an object of {type(model)}, which is not a classifier.")
    try:
        check_is_fitted(model)
    except NotFittedError as error:
        raise ValueError(f"{name} holds a classifier that is not fitted.") from error
    return model


@contextmanager
def _as_file(path: str) -> Iterator[Path]:
    """Give the path of a file that can be read more than once: a copy of a pipe or of stdin."""
    if path != "-" and (os.path.isfile(path) or not os.path.exists(path)):
        yield Path(path)
        return
    with TemporaryDirectory() as folder:
        copy = Path(folder, "model")
        with copy.open("wb") as target:
            if path == "-":
                shutil.copyfileobj(stdin(), target)
            else:
                with open(path, "rb") as source:
                    shutil.copyfileobj(source, target)
        yield copy


def _load_skops(file: Path, name: str) -> Any:
    try:
        return load_model(file)
    except ValueError as error:
        raise ValueError(f"{name}{str(error).removeprefix(str(file))}") from error


def _load_pickle(file: Path, name: str) -> Any:
    try:
        return joblib.load(file)
    except OSError:
        raise
    except Exception as error:  # a damaged pickle can raise anything
        raise ValueError(
            f"{name} cannot be loaded as a model: {type(error).__name__}: {error}. It may be "
            "damaged, cut off, or no joblib file."
        ) from error
