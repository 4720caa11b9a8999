"""Faults that are injected: the old file or the new one, a clear error, and a model as before."""

import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

pytest.importorskip("resource", reason="Windows has no limits of resources")

from benchmarks.common.timing import SkippedError
from benchmarks.faults.__main__ import KINDS
from sklearn_rnn import RNNTextClassifier, WordVectors

# joblib's processes import the package, which takes seconds each time.
SLOW = {
    "TextTokenizer: analyzer fails in a process",
    "TextTokenizer: a process is killed",
    "cross_val_predict: a fold fails in a process",
}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits and files of processes differ")
@pytest.mark.parametrize("kind", sorted(KINDS.keys() - SLOW))
def test_a_fault_is_survived(kind):
    """`python -m benchmarks.faults` tries each kind a hundred times."""
    with TemporaryDirectory() as folder:  # other users can't enter pytest's folders
        try:
            KINDS[kind](Path(folder), np.random.default_rng(0))
        except SkippedError as reason:
            pytest.skip(str(reason))


def test_a_damaged_state_of_a_classifier_says_so(model):
    state = model[-1].__getstate__()
    del state["net_"]["weights"]
    message = (
        "The state of RNNTextClassifier is damaged, or that of another version of sklearn_rnn "
        "(KeyError: 'weights'). Fit the model again, or load it with the version that saved it."
    )
    with pytest.raises(ValueError, match=rf"^{re.escape(message)}$"):
        RNNTextClassifier.__new__(RNNTextClassifier).__setstate__(state)


@pytest.mark.parametrize(
    "state",
    [
        ("ab", np.array([1, 1]), np.eye(3, dtype=np.float32)),
        ("ab", np.array([1]), np.eye(1, dtype=np.float32)),
        ("aa", np.array([1, 1]), np.eye(2, dtype=np.float32)),
        ("ab", np.array([1, 1]), np.eye(2)),
        ("ab", np.array([1, 1]), None),
        ("", np.array([], dtype=int), np.zeros((0, 2), np.float32)),
        (None, np.array([1, 1]), np.eye(2, dtype=np.float32)),
    ],
)
def test_a_damaged_state_of_word_vectors_says_so(state):
    vectors = WordVectors.__new__(WordVectors)
    message = "The state of WordVectors is damaged. Get or save them again."
    with pytest.raises(ValueError, match=rf"^{re.escape(message)}$"):
        vectors.__setstate__(state)
