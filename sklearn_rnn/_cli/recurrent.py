"""The Pipeline of TextTokenizer and RNNTextClassifier that arguments describe."""

import argparse
import difflib
import sys
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline


def is_verbose(args: argparse.Namespace) -> bool:
    """Return whether to report progress: with --verbose, or if stderr is a terminal."""
    return args.verbose or sys.stderr.isatty()


def make_recurrent(*, verbose: bool) -> Pipeline:
    """Return a new Pipeline, with the steps "tok" and "clf"."""
    # Imported only here, because this import loads torch, which linear models do not need.
    from sklearn_rnn import RNNTextClassifier, TextTokenizer

    return Pipeline([("tok", TextTokenizer()), ("clf", RNNTextClassifier(verbose=int(verbose)))])


def set_parameters(model: BaseEstimator, settings: list[tuple[str, Any]]) -> None:
    """Set the parameters that --set names.

    Parameters
    ----------
    model : estimator
        Of `make_recurrent`.
    settings : list of (str, object)
        The name and the value of each.

    Raises
    ------
    ValueError
        If there is no such parameter. The message has similar names.
    """
    valid = [name for name in model.get_params() if "__" in name]
    for name, value in settings:
        if name not in valid:
            near = difflib.get_close_matches(name, valid, n=5, cutoff=0.5)
            hint = f"similar: {', '.join(near)}" if near else f"it has: {', '.join(valid)}"
            raise ValueError(f"--set: rnn has no parameter {name!r}; {hint}.")
        model.set_params(**{name: value})
