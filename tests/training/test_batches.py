"""Mini-batches: each text once, with texts of similar length, in an order set by the seed."""

from itertools import chain

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_rnn._training.batches import (
    BATCH_IDS,
    IdsDataset,
    SequentialBatches,
    TrainingBatches,
    bounded_batches,
)
from sklearn_rnn._training.data import TrainingData

SMALL = settings(max_examples=30, derandomize=True)


def make_dataset(lengths, width=None):
    """Make texts whose labels are their row numbers, which identify the texts of a batch."""
    lengths = np.asarray(lengths)
    columns = np.arange(width or lengths.max())
    ids = np.where(columns < lengths[:, None], 5, 0).astype(np.int32)
    rows = np.arange(len(ids))
    return IdsDataset(TrainingData(ids, rows, 1.0 + rows, lengths))


def rows_of(batches):
    return [labels.tolist() for _, labels in batches]


@SMALL
@given(st.lists(st.integers(1, 9), min_size=1, max_size=40), st.integers(1, 50), st.integers(0, 9))
def test_an_epoch_holds_every_text_once(lengths, batch_size, seed):
    dataset = make_dataset(lengths)
    batches = TrainingBatches(dataset, batch_size, np.random.default_rng(seed))
    epoch = list(batches)
    assert len(epoch) == len(batches)
    assert sorted(chain(*rows_of(epoch))) == list(range(len(lengths)))
    assert sorted(map(len, rows_of(epoch)))[1:] == [batch_size] * (len(epoch) - 1)
    for inputs, labels in epoch:
        assert inputs["ids"].shape == (len(labels), inputs["lengths"].max())
        assert inputs["lengths"].tolist() == np.asarray(lengths)[labels.numpy()].tolist()
        expected = (1 + labels.numpy()) / (1 + np.arange(len(lengths))).mean()
        np.testing.assert_allclose(inputs["weights"].numpy(), expected, rtol=1e-6)
        assert ((inputs["ids"] != 0).sum(1) == inputs["lengths"]).all()


def test_the_order_changes_with_the_epoch_and_is_repeated_by_the_seed():
    dataset = make_dataset(np.random.default_rng(0).integers(1, 9, 40))

    def draw_epochs(seed):
        batches = TrainingBatches(dataset, 8, np.random.default_rng(seed))
        return [rows_of(batches), rows_of(batches)]

    first, second = draw_epochs(0)
    assert first != second
    assert sorted(map(sorted, first)) != sorted(map(sorted, second))
    assert draw_epochs(0) == [first, second]
    assert draw_epochs(1)[0] != first


def test_texts_of_a_batch_are_of_similar_length():
    lengths = np.random.default_rng(0).integers(1, 200, 1000)
    batches = TrainingBatches(make_dataset(lengths), 32, np.random.default_rng(0))
    n_ids = sum(inputs["ids"].numel() for inputs, _ in batches)
    assert n_ids < 1.1 * lengths.sum()


def test_batches_are_sorted_within_pools(monkeypatch):
    monkeypatch.setattr("sklearn_rnn._training.batches.POOL_BATCHES", 2)
    dataset = make_dataset(np.arange(1, 101))
    batches = TrainingBatches(dataset, 5, np.random.default_rng(0))
    spreads = [np.ptp(rows) for rows in rows_of(batches)]
    assert np.mean(spreads) > 20  # each spread would be 4 if all texts were sorted together


@SMALL
@given(st.lists(st.integers(1, 3 * BATCH_IDS), max_size=12))
def test_bounded_batches_do_not_exceed_the_bound(lengths):
    lengths = np.array(lengths, dtype=np.int64)
    batches = list(bounded_batches(lengths, BATCH_IDS))
    assert [row for start, stop, _ in batches for row in range(start, stop)] == list(
        range(len(lengths))
    )
    for start, stop, width in batches:
        assert width == lengths[start:stop].max()
        assert (stop - start) * width <= BATCH_IDS or stop - start == 1


def test_bounded_batches_are_as_large_as_possible():
    assert len(list(bounded_batches(np.full(1000, 100), BATCH_IDS))) == -(
        -1000 // (BATCH_IDS // 100)
    )


def test_text_longer_than_the_bound_is_a_batch_of_its_own():
    lengths = np.array([2, BATCH_IDS + 1, 3])
    assert list(bounded_batches(lengths, BATCH_IDS)) == [
        (0, 1, 2),
        (1, 2, BATCH_IDS + 1),
        (2, 3, 3),
    ]


def test_sequential_batches_keep_the_order(monkeypatch):
    monkeypatch.setattr("sklearn_rnn._training.batches.BATCH_IDS", 12)
    batches = list(SequentialBatches(make_dataset([3, 4, 2, 6, 1, 1])))
    assert rows_of(batches) == [[0, 1, 2], [3, 4], [5]]
    assert [inputs["ids"].shape[1] for inputs, _ in batches] == [4, 6, 1]


def test_take_cuts_to_the_width():
    inputs, labels = make_dataset([3, 1, 2], width=5).take(torch.tensor([2, 1]), 2, 2)
    assert inputs["ids"].tolist() == [[5, 5], [5, 0]]
    assert inputs["lengths"].tolist() == [2, 1]
    assert labels.tolist() == [2, 1]


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_readonly_arrays_do_not_warn(dtype):
    columns = [np.array([[2, 3]], dtype=dtype), np.array([0]), np.array([1.0]), np.array([2])]
    for column in columns:
        column.flags.writeable = False
    assert IdsDataset(TrainingData(*columns))[:][0]["ids"].tolist() == [[2, 3]]


def test_batches_are_not_in_the_order_of_their_lengths():
    dataset = make_dataset(np.arange(1, 101))
    batches = TrainingBatches(dataset, 5, np.random.default_rng(0))
    widths = [inputs["ids"].shape[1] for inputs, _ in batches]
    assert sorted(widths) == list(range(5, 101, 5))
    assert widths != sorted(widths)


@pytest.mark.parametrize(("many", "n_trims"), [(100, 3), (101, 0)])
def test_heaps_are_trimmed_between_the_batches_of_many_texts(monkeypatch, many, n_trims):
    trims = []
    monkeypatch.setattr("sklearn_rnn._training.batches.trim_heaps", lambda: trims.append(0))
    monkeypatch.setattr("sklearn_rnn._training.batches.MANY_TEXTS", many)
    monkeypatch.setattr("sklearn_rnn._training.batches.IDS_BETWEEN_TRIMS", 299)
    dataset = make_dataset(np.full(100, 10))  # 10 batches of 100 ids
    assert len(list(TrainingBatches(dataset, 10, np.random.default_rng(0)))) == 10
    assert len(trims) == n_trims
