"""Folds: data of each fold, and the argument that stands for all of them in a cluster's jobs."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
from joblib import parallel_config
from joblib._parallel_backends import MultiprocessingBackend
from joblib.parallel import register_parallel_backend

from sklearn_rnn._evaluation.folds import Folds, receive, share

TEXTS, LABELS = ["a", "b", "c"], np.array(["x", "y", "x"])


@pytest.fixture
def folds():
    return Folds(TEXTS, LABELS, [(np.array([0, 1]), np.array([2])), (np.array([2]), np.array([1]))])


@pytest.fixture
def ray(monkeypatch):
    """A stand-in for Ray, whose references are the numbers of what was put there."""
    store = []
    fake = SimpleNamespace(is_initialized=lambda: True, get=store.__getitem__, store=store)
    fake.put = lambda value: store.append(value) or len(store) - 1
    monkeypatch.setitem(sys.modules, "ray", fake)
    backend = type("RayBackend", (MultiprocessingBackend,), {"__module__": "ray.util.joblib"})
    register_parallel_backend("ray of the tests", backend)
    return fake


def test_folds_of_splits(folds):
    assert len(folds) == 2
    fold = folds[0]
    assert fold.X_train == ["a", "b"]
    assert fold.y_train.tolist() == ["x", "y"]
    assert fold.X_test == ["c"]
    assert fold.y_test.tolist() == ["x"]
    assert fold.test_rows.tolist() == [2]


def test_a_test_set_is_one_fold():
    folds = Folds(TEXTS, LABELS, X_test=["d", "e"], y_test=LABELS[:2])
    assert len(folds) == 1
    fold = folds[0]
    assert fold.X_train is TEXTS
    assert fold.y_train is LABELS
    assert fold.X_test == ["d", "e"]
    assert fold.y_test.tolist() == ["x", "y"]
    assert fold.test_rows.tolist() == [0, 1]


def test_the_size_has_that_of_the_data():
    sizes = [sys.getsizeof(Folds(["a"] * n, LABELS)) for n in (0, 1_000)]
    assert sizes[1] - sizes[0] >= 8_000


@pytest.mark.parametrize("backend", ["loky", "threading", "sequential"])
def test_folds_stand_for_themselves(folds, backend):
    with parallel_config(backend):
        assert share(folds) is folds
    assert receive(folds) is folds


def test_a_reference_of_ray_stands_for_the_folds(folds, ray):
    with parallel_config("ray of the tests"):
        reference = share(folds)
    assert ray.store == [folds]
    assert receive(reference) is folds


def test_ray_that_is_not_started_gets_the_folds(folds, ray):
    ray.is_initialized = lambda: False
    with parallel_config("ray of the tests"):
        assert share(folds) is folds
