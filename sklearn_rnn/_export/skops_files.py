"""Models saved in files of skops, without pickle, and loaded from them."""

import io
import json
from collections.abc import Sequence
from importlib.metadata import version
from os import PathLike
from textwrap import shorten
from typing import IO, Any
from zipfile import BadZipFile, ZipFile

from sklearn.base import BaseEstimator

from sklearn_rnn._export.paths import check_path, is_pickle_name
from sklearn_rnn._export.skops_checks import check_archive, check_saved, is_pickle, read_schema
from sklearn_rnn._export.trusted_types import TRUSTED_TYPES
from sklearn_rnn._inspection.pipeline_steps import describe
from sklearn_rnn._io.atomic_write import atomic_write
from sklearn_rnn._validation import check_strings
from sklearn_rnn._warnings import warn_user

# A member of the archive beside those of skops, which ignores it.
_VERSIONS = "sklearn_rnn.json"
_PACKAGES = ("sklearn_rnn", "scikit-learn", "torch", "skorch", "numpy")

_MAX_REASON = 600  # characters: torch names every weight that has another shape
_DAMAGED = "It is damaged, cut off, or was not saved by save_model under these versions."
_ONNX = "A file of export_onnx is loaded by OnnxTextClassifier."
_PICKLE = (
    "It begins like a pickle. Loading a pickle runs the code in it: if you trust the file, load it "
    "with joblib.load."
)


def save_model(model: BaseEstimator, path: str | PathLike[str]) -> None:
    """Save a model in one file, without pickle.

    The file has the format of skops_, and can be loaded without running code that is in it, by
    :func:`load_model`. It holds arrays in place of torch's objects: a model that was fitted on a
    GPU loads without one, and under other versions of torch and skorch. Predictions of the loaded
    model are the same to the last bit, and its training can go on by `partial_fit` and
    `warm_start`.

    .. _skops: https://skops.readthedocs.io/en/stable/persistence.html

    Parameters
    ----------
    model : estimator
        A Pipeline, a search such as :class:`~sklearn.model_selection.GridSearchCV`, a
        meta-estimator, or an estimator of this package or of scikit-learn. Usually it is fitted; of
        a model that is not fitted, the parameters are saved.
    path : str or path-like
        The file to write; its name usually ends in ``.skops``. There is the old file at `path`, or
        the complete new one, at any time.

    Raises
    ------
    ImportError
        If skops is not installed.
    TypeError
        If `model` is not an estimator, or `path` is neither a str nor path-like.
    ValueError
        If the model holds an object that cannot be saved without pickle, for example a lambda as
        `analyzer`, or that would not be the same after loading; or if `path` has the name of a
        pickle.
    OSError
        If the file cannot be written.

    See Also
    --------
    load_model : Loads the file.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_rnn import RNNTextClassifier, TextTokenizer
    >>> from sklearn_rnn.export import load_model, save_model
    >>> texts = ["good, not bad", "bad, not good", "so good", "so bad"] * 10
    >>> labels = ["praise", "blame", "praise", "blame"] * 10
    >>> classifier = RNNTextClassifier(hidden_size=8, max_epochs=20, random_state=0)
    >>> model = make_pipeline(TextTokenizer(), classifier).fit(texts, labels)
    >>> with TemporaryDirectory() as folder:
    ...     save_model(model, Path(folder, "model.skops"))
    ...     loaded = load_model(Path(folder, "model.skops"))
    >>> loaded.predict(["bad, not good", "good, not bad"])
    array(['blame', 'praise'], dtype='<U6')
    """
    skops_io = import_skops("save_model")
    name = check_path(path)
    if not _is_estimator(model):
        raise TypeError(
            f"save_model takes an estimator, such as a fitted Pipeline, but got {describe(model)}."
        )
    if is_pickle_name(name):
        raise ValueError(
            f"{name} has the name of a pickle, and save_model writes none. Let the name end in "
            ".skops, or write a pickle: joblib.dump(model, path)."
        )
    file = io.BytesIO()
    try:
        skops_io.dump(model, file)
        with ZipFile(file, "a") as archive:
            check_saved(read_schema(archive))
            archive.writestr(_VERSIONS, json.dumps(_installed_versions()))
    except (RecursionError, TypeError, ValueError) as error:
        reason = str(error).removesuffix(".")
        if isinstance(error, RecursionError):
            reason = "it holds itself, or is nested too deeply"
        raise ValueError(f"The model cannot be saved to {name}: {reason}.") from error
    with atomic_write(path) as new:
        new.write_bytes(file.getbuffer())


def load_model(path: str | PathLike[str], *, trusted: Sequence[str] = ()) -> Any:
    """Load a model that :func:`save_model` has saved.

    Unlike a pickle, the file can't run code that is in it: it names types, and is refused if it
    names one that is not trusted. Trusted are the estimators of this package and of scikit-learn,
    the types of :data:`TRUSTED_TYPES` that they hold, and those that you name. Files that
    ``skops.io.dump`` has written without compression, or MLflow with skops, are loaded too.

    Parameters
    ----------
    path : str or path-like
        The file.
    trusted : sequence of str, default=()
        Full names of further types and functions that the file may hold, for example of a custom
        cell or of a callable `analyzer`: ``["my_package.MyCell"]``. They are imported, and may be
        called with any arguments: name only what you know.

    Returns
    -------
    model : estimator
        The model. It is on the CPU if it was fitted on a GPU that is not there.

    Raises
    ------
    ImportError
        If skops is not installed.
    TypeError
        If `path` is neither a str nor path-like, or `trusted` is not a sequence of str.
    ValueError
        If the file is not a file of skops, or is damaged; if it holds a type that is not trusted;
        or if it holds no estimator. The message begins with the path.
    OSError
        If the file cannot be read.

    Warns
    -----
    UserWarning
        If the file was saved under other versions of sklearn_rnn, scikit-learn, torch, skorch or
        NumPy.
    InconsistentVersionWarning
        If an estimator of scikit-learn was saved under another version of scikit-learn.

    See Also
    --------
    save_model : Saves a model.

    Notes
    -----
    The memory for loading is bounded by a multiple of the size of the file, whatever is in it.
    """
    skops_io = import_skops("load_model")
    name = check_path(path)
    given = tuple(check_strings(trusted, name="trusted"))
    for number, type_name in enumerate(given):
        if not isinstance(type_name, str):
            raise TypeError(
                f"trusted has {describe(type_name)} at position {number}. Pass the full name of "
                "each type as str, for example 'my_package.MyCell'."
            )
    with open(name, "rb") as file:
        model = _load(skops_io, file, name, given)
    if not _is_estimator(model):
        raise ValueError(f"{name} holds {describe(model)}, which is not an estimator.")
    return model


def _load(skops_io: Any, file: IO[bytes], name: str, trusted: tuple[str, ...]) -> Any:
    from skops.io.exceptions import UntrustedTypesFoundException

    try:
        check_archive(file)
        _warn_of_versions(file, name)
        file.seek(0)
        return skops_io.load(file, trusted=[*TRUSTED_TYPES, *trusted])
    except UntrustedTypesFoundException as error:
        names = skops_io.get_untrusted_types(file=file)
        foreign = sorted(set(names) - {*TRUSTED_TYPES, *trusted})
        raise ValueError(
            f"{name} holds {', '.join(foreign)}, which is not trusted, because loading it can run "
            "code. If you know where the file comes from and what this is, allow it: "
            f"load_model(path, trusted={foreign})."
        ) from error
    except (MemoryError, Warning):
        raise
    except Exception as error:  # a damaged file can raise anything
        reason = str(error).removesuffix(".")
        if not isinstance(error, BadZipFile | ValueError):
            reason = f"{type(error).__name__}: {reason}"
        reason = shorten(reason, _MAX_REASON, placeholder="...")
        other = _ONNX if name.lower().endswith(".onnx") else _DAMAGED
        advice = _PICKLE if is_pickle(file) else other
        raise ValueError(f"{name} cannot be loaded as a model: {reason}. {advice}") from error


def import_skops(caller: str) -> Any:
    """Return the module skops.io; raise an ImportError that names the caller if it is missing."""
    try:
        import skops.io
    except ImportError as error:
        raise ImportError(
            f'{caller} needs skops, which is not installed. Install it: pip install "sklearn_rnn'
            '[export]".'
        ) from error
    return skops.io


def _is_estimator(model: object) -> bool:
    return hasattr(model, "fit") and hasattr(model, "get_params") and not isinstance(model, type)


def _installed_versions() -> dict[str, str]:
    """Return the versions of packages, without the suffix of a build such as "+cpu"."""
    return {name: version(name).partition("+")[0] for name in _PACKAGES}


def _warn_of_versions(file: IO[bytes], path: str) -> None:
    """Warn if a file was saved under other versions of packages."""
    with ZipFile(file) as archive:
        if _VERSIONS not in archive.namelist():  # written by skops.io.dump
            return
        saved = json.loads(archive.read(_VERSIONS))
    installed = _installed_versions()
    others = {
        package: saved[package] for package in _PACKAGES if saved[package] != installed[package]
    }
    if others:
        before = ", ".join(f"{package} {number}" for package, number in others.items())
        now = ", ".join(f"{package} {installed[package]}" for package in others)
        warn_user(
            f"{path} was saved under {before}, and is loaded under {now}. Predictions may differ. "
            "Install the versions that it was saved under, or fit the model again."
        )
