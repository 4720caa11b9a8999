"""Paths of the files of models."""

from os import PathLike, fspath

from sklearn_rnn._inspection.pipeline_steps import describe


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
