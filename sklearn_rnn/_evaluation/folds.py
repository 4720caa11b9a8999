"""Folds: training and test sets, and how they reach the jobs of a `Parallel` call."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from joblib.parallel import get_active_backend

from sklearn_rnn._validation import _safe_indexing

Rows = npt.NDArray[np.intp]


class Fold(NamedTuple):
    """A training set and a test set; `test_rows` are rows of `X` or `X_test` of `compare`."""

    X_train: Any
    y_train: np.ndarray
    X_test: Any
    y_test: np.ndarray
    test_rows: Rows


class Folds:
    """All folds of a comparison, as one object, which a job indexes by the number of its fold.

    The data of a fold are taken out in the job, not before: a backend of joblib can then recognize
    that all jobs have the same argument, and send it to a worker process once.

    Parameters
    ----------
    X, y
        The data of `compare`.
    splits : sequence of (train, test)
        The rows of `X` of each fold. Empty for a test set, which is a single fold.
    X_test, y_test
        The test set. None with `splits`.
    """

    def __init__(
        self,
        X: Any,
        y: np.ndarray,
        splits: Sequence[tuple[Rows, Rows]] = (),
        X_test: Any = None,
        y_test: np.ndarray | None = None,
    ) -> None:
        self.X = X
        self.y = y
        self.splits = splits
        self.X_test = X_test
        self.y_test = y_test

    def __len__(self) -> int:
        return len(self.splits) or 1

    def __getitem__(self, number: int) -> Fold:
        if self.y_test is not None:
            return Fold(self.X, self.y, self.X_test, self.y_test, np.arange(len(self.y_test)))
        train, test = self.splits[number]
        X, y = self.X, self.y
        return Fold(_safe_indexing(X, train), y[train], _safe_indexing(X, test), y[test], test)

    def __sizeof__(self) -> int:
        # joblib's backend of Dask asks for it, and sends an argument of more than 1 kB once.
        return object.__sizeof__(self) + sum(map(sys.getsizeof, vars(self).values()))


def share(folds: Folds) -> Any:
    """Return the argument of jobs that stands for the folds: themselves, or a reference of Ray.

    Ray's backend for joblib copies the arguments of each job into the object store, even if other
    jobs have the same. A reference is copied instead, and the folds are put there once.
    """
    backend, _ = get_active_backend()
    if not type(backend).__module__.startswith("ray."):
        return folds
    import ray

    return ray.put(folds) if ray.is_initialized() else folds


def receive(argument: Any) -> Folds:
    """Return the folds for which the argument of a job stands."""
    if isinstance(argument, Folds):
        return argument
    import ray

    return ray.get(argument)
