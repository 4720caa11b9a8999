"""Paths of the files of models."""

import re
from os import PathLike, fspath

from sklearn_rnn._inspection.pipeline_steps import describe

# joblib compresses a file by its name.
_PICKLE_NAME = re.compile(r".*\.(joblib|pkl|pickle)(\.(z|gz|bz2|xz|lzma))?", re.IGNORECASE)


def check_path(path: object) -> str:
    """Return a path as str.

    Raises
    ------
    TypeError
        If `path` is neither a str nor path-like.
    """
    if not isinstance(path, str | PathLike):
        raise TypeError(f"path must be a str or path-like, but is {describe(path)}.")
    return str(fspath(path))


def is_pickle_name(path: str) -> bool:
    """Return whether a file has the name of a pickle, such as ``model.joblib``."""
    return _PICKLE_NAME.fullmatch(path) is not None
