"""Ids in a memory-mapped file: the bits of an array, and no copy in memory."""

import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_rnn._validation import check_ids
from tests.nets import same_weights

# Fits and predicts 100,000 texts of 5 to 12 words in a matrix of 0.6 GB, nearly all of it padding
# that takes no space on the disk. Prints by how much the anonymous memory, which has no file behind
# it, has grown at most.
CHILD = """
import numpy as np
from benchmarks.common.processes import PeakMonitor, status_bytes
from sklearn_rnn import RNNTextClassifier

small = {"embedding_dim": 4, "hidden_size": 4, "max_epochs": 1, "batch_size": 1000, "device": "cpu"}
rng = np.random.default_rng(0)
y = np.arange(100_000) % 2
file = np.lib.format.open_memmap("ids.npy", "w+", np.int32, (100_000, 1500))
lengths = rng.integers(5, 13, (100_000, 1))
file[:, :12] = np.where(np.arange(12) < lengths, rng.integers(2, 500, (100_000, 12)), 0)
file.flush()
X = np.load("ids.npy", mmap_mode="r")
RNNTextClassifier(**small).fit(X[:1000], y[:1000]).predict(X[:1000])
weights = np.where(np.arange(100_000) % 10 > 0, 1.0, 0.0)
with PeakMonitor("RssAnon") as monitor:
    before = status_bytes("RssAnon")
    classifier = RNNTextClassifier(**small, early_stopping=True)
    classifier.fit(X, y, sample_weight=weights).predict_proba(X)
print(monitor.peak - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="measures memory by Linux's /proc")
def test_a_file_is_neither_copied_by_fit_nor_by_prediction(tmp_path):
    path = [str(folder) for folder in sys.path]
    code = f"import sys; sys.path[:0] = {path}\n{CHILD}"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 300e6


@pytest.mark.parametrize("dtype", [np.int32, np.int16, np.uint16])
def test_integers_of_at_most_32_bits_are_not_copied(make_classifier, word_order, tmp_path, dtype):
    X, y = word_order
    np.save(tmp_path / "ids.npy", X.astype(dtype))
    mapped = np.load(tmp_path / "ids.npy", mmap_mode="r")
    classifier = make_classifier()
    assert np.shares_memory(check_ids(mapped, estimator=classifier), mapped)
    with_validation = {"early_stopping": True, "max_epochs": 2}
    weights = np.where(np.arange(len(y)) % 7 > 0, 1.5, 0)
    for parameters, sample_weight in [({}, None), (with_validation, weights)]:
        fits = [
            make_classifier(**parameters).fit(ids, y, sample_weight=sample_weight)
            for ids in (X, mapped)
        ]
        assert same_weights(*fits)
        assert_array_equal(fits[1].predict_proba(mapped), fits[0].predict_proba(X))


@pytest.mark.parametrize("dtype", [">i4", np.int64, np.uint32, np.float64, np.float32])
def test_other_numbers_are_converted_block_by_block(monkeypatch, make_classifier, dtype):
    ids = np.array([[5, 2], [3, 0], [2, 9]])
    classifier = make_classifier()
    monkeypatch.setattr("sklearn_rnn._ids._BLOCK", 2)
    converted = check_ids(ids.astype(dtype), estimator=classifier)
    assert converted.dtype == np.int32
    assert converted.dtype.isnative
    assert_array_equal(converted, ids)


def test_ids_in_reversed_rows_and_columns_of_another_array(make_classifier, word_order):
    X, y = word_order
    wide = np.asfortranarray(np.hstack([X, np.zeros_like(X)]))
    expected = make_classifier().fit(X[::-1].copy(), y[::-1])
    assert same_weights(make_classifier().fit(wide[::-1, :6], y[::-1]), expected)
