import os

# Read when scipy is imported: without it, scikit-learn skips one of its checks (test_common.py).
os.environ.setdefault("SCIPY_ARRAY_API", "1")

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, settings
from sklearn.pipeline import make_pipeline

from sklearn_rnn import RNNTextClassifier, TextTokenizer
from tests.texts import LABELS, TEXTS

# No test fails because it is slow: the time on a busy machine means nothing. The same examples are
# tried in each run, so that a change is blamed only for what it breaks; `nox -s fuzz` tries others.
settings.register_profile("random", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("repeatable", settings.get_profile("random"), derandomize=True)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def data_dir():
    """The folder with the real corpora."""
    if "SKLEARN_RNN_DATA" not in os.environ:
        pytest.skip("SKLEARN_RNN_DATA is not set: it names the folder with the real corpora")
    return Path(os.environ["SKLEARN_RNN_DATA"])


@pytest.fixture(scope="session")
def word_order():
    """Texts whose label is the order of two words, which a bag of words does not contain.

    A fit takes tenths of a second. Ids are 2 to 9, lengths 3 to 6 of 6.
    """
    rng = np.random.default_rng(0)
    X = np.zeros((80, 6), dtype=np.int32)
    y = np.repeat(["neg", "pos"], 40)
    for row, label in zip(X, y, strict=True):
        length = rng.integers(3, 7)
        row[:length] = rng.integers(4, 10, length)
        first, second = np.sort(rng.choice(length, 2, replace=False))
        row[first], row[second] = (2, 3) if label == "pos" else (3, 2)
    order = rng.permutation(len(y))
    X, y = X[order], y[order]
    for array in (X, y):
        array.flags.writeable = False  # so that no test changes the data of another
    return X, y


@pytest.fixture
def make_classifier():
    """Make a classifier that is small enough to be fitted in every test, on the CPU."""

    def make(**parameters):
        small = {
            "embedding_dim": 4,
            "hidden_size": 4,
            "pooling": "max",
            "word_dropout": 0.0,
            "embedding_dropout": 0.0,
            "dropout": 0.0,
            "max_epochs": 3,
            "batch_size": 20,
            "learning_rate": 0.02,
            "lr_schedule": None,
            "random_state": 0,
            "device": "cpu",
        }
        return RNNTextClassifier(**small | parameters)

    return make


@pytest.fixture
def fit_pipeline(make_classifier):
    """Fit a tokenizer and a small classifier, by default on `TEXTS`."""

    def fit(texts=TEXTS, labels=LABELS, **parameters):
        return make_pipeline(TextTokenizer(), make_classifier(**parameters)).fit(texts, labels)

    return fit


@pytest.fixture
def model(fit_pipeline):
    return fit_pipeline()


@pytest.fixture(params=["cpu", "cuda"])
def device(request):
    """The CPU and, if there is one, the GPU."""
    if request.param == "cuda" and not torch.cuda.is_available():
        pytest.skip("torch finds no GPU")
    return request.param
