from functools import partial

import numpy as np
import pytest

from sklearn_rnn import _ids
from sklearn_rnn._ids import known_ids_table, replace_unknown_ids, sequence_lengths
from sklearn_rnn._training.prediction import distinct_texts


@pytest.fixture(params=[2**20, 20], ids=["one block", "many blocks"])
def ids(request, monkeypatch):
    """Short texts of few words, many of which are equal."""
    monkeypatch.setattr(_ids, "_BLOCK", request.param)
    ids = np.random.default_rng(0).integers(2, 5, (60, 4), dtype=np.int32)
    ids[:30, 2:] = 0
    return ids


def distinct(ids, lookup=None):
    replace_unknown = partial(
        replace_unknown_ids,
        table=known_ids_table(ids) if lookup is None else lookup,
        keep_characters=False,
    )
    return distinct_texts(ids, sequence_lengths(ids), replace_unknown)


def test_distinct_texts_occur_once_the_shortest_first(ids):
    rows, place = distinct(ids)
    assert len(rows) == len(np.unique(ids, axis=0)) < len(ids)
    np.testing.assert_array_equal(ids[rows][place], ids)
    lengths = sequence_lengths(ids)[rows]
    np.testing.assert_array_equal(lengths, np.sort(lengths))


def test_distinct_texts_do_not_depend_on_order_or_padding(ids):
    rows, _ = distinct(ids)
    order = np.random.default_rng(1).permutation(len(ids))
    np.testing.assert_array_equal(ids[order][distinct(ids[order])[0]], ids[rows])
    padded = np.pad(ids, ((0, 0), (0, 3)))
    np.testing.assert_array_equal(distinct(padded)[0], rows)


def test_texts_are_compared_after_unknown_ids_are_replaced(ids):
    lookup = known_ids_table(np.where(ids == 4, 3, ids))
    unseen = np.where(ids == 4, 9, ids)
    for expected, other in zip(distinct(ids, lookup), distinct(unseen, lookup), strict=True):
        np.testing.assert_array_equal(other, expected)
    rows, place = distinct(np.concatenate([ids, unseen]), lookup)
    assert len(rows) == len(distinct(ids, lookup)[0])
    np.testing.assert_array_equal(place[: len(ids)], place[len(ids) :])


def test_different_texts_with_equal_hashes_stay_distinct(ids, monkeypatch):
    expected = len(distinct(ids)[0])

    class SameFactor:
        def integers(self, high, size, dtype):
            return np.zeros(size, dtype)

    monkeypatch.setattr(np.random, "default_rng", lambda seed: SameFactor())
    rows, place = distinct(ids)
    assert len(rows) >= expected
    np.testing.assert_array_equal(ids[rows][place], ids)
