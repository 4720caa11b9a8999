import copy
import pickle
import re
from functools import partial

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_array_equal
from sklearn.model_selection import train_test_split
from sklearn.utils import resample, shuffle
from torch.utils.data import DataLoader

from sklearn_rnn import _ids
from sklearn_rnn._ids import (
    PAD,
    UNK,
    attach_numbering,
    known_ids_table,
    merge_numberings,
    number_tokens,
    numbering_of,
    replace_unknown_ids,
    replace_unknown_rows,
    sequence_lengths,
    take_rows,
)


@pytest.mark.parametrize(
    ("row", "length"),
    [([2, 3, 0, 0], 2), ([2, 3, 4, 5], 4), ([2, 0, 3, 0], 3), ([0, 0, 0, 0], 1)],
)
def test_sequence_lengths(row, length):
    assert sequence_lengths(np.array([row])).tolist() == [length]


def test_padding_and_the_unknown_word_are_the_first_ids():
    assert (PAD, UNK) == (0, 1)


def test_lengths_are_the_same_in_one_block_and_in_many(monkeypatch):
    ids = np.random.default_rng(0).integers(0, 3, (50, 7), dtype=np.int32)
    expected = sequence_lengths(ids)
    monkeypatch.setattr(_ids, "_BLOCK", 21)
    assert_array_equal(sequence_lengths(ids), expected)


replace = partial(replace_unknown_ids, keep_characters=False)


def test_ids_unseen_at_fit_are_the_unknown_word():
    table = known_ids_table(np.array([[2, 5, 0], [3, 0, 0]]))
    ids = np.array([[0, 1, 2, 3, 4, 5, 6, 2**31 - 1]], dtype=np.int32)
    assert replace(ids, table).tolist() == [[0, 1, 2, 3, 1, 5, 1, 1]]


def test_ids_of_earlier_training_stay_known():
    table = known_ids_table(np.array([[2, 9]]), known_ids_table(np.array([[5, 2]])))
    assert replace(np.arange(11), table).tolist() == [0, 1, 2, 1, 1, 5, 1, 1, 1, 9, 1]
    lower = known_ids_table(np.array([[3]]), table)
    assert replace(np.arange(11), lower).tolist() == [0, 1, 2, 3, 1, 5, 1, 1, 1, 9, 1]


def test_table_of_padding_alone_has_the_unknown_word():
    assert known_ids_table(np.array([[0, 0]])).tolist() == [0, 1, 1]


def test_huge_ids_are_refused_before_memory_is_allocated():
    message = (
        "X has the id 2147483647, and the embedding needs a row for each id up to it. The limit is "
        "16,777,216 rows. Ids number the words of a vocabulary without gaps, as TextTokenizer "
        "gives them."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        known_ids_table(np.array([[2**31 - 1]]))


# numberings

VOCABULARY = {"good": 2, "film": 3, "bad": 4}
NUMBERING = number_tokens(VOCABULARY)
NUMBERED = attach_numbering(np.arange(12, dtype=np.int32).reshape(4, 3), NUMBERING)


@pytest.mark.parametrize(
    "vocabulary",
    [
        VOCABULARY,
        {"bad": 4, "good": 2, "film": 3},
    ],
)
def test_the_numbering_depends_on_tokens_and_ids_alone(vocabulary):
    assert number_tokens(vocabulary) == NUMBERING
    assert len(NUMBERING) == 8 * len(VOCABULARY)


@pytest.mark.parametrize(
    ("vocabulary", "n_conflicts"),
    [
        (VOCABULARY, 0),
        (VOCABULARY | {"new": 5}, 0),
        ({"good": 2}, 0),
        ({"bad": 4}, 0),
        ({"film": 3, "far": 2**31 - 1}, 0),
        ({"other": 9}, 0),
        ({"film": 2, "good": 3, "bad": 4}, 2),
        ({"goo": 2, "film": 3}, 1),
        ({"Good": 2, "film": 3, "bad": 4, "new": 5}, 1),
        ({"\ud800": 2, "": 3, "bad": 4}, 2),
    ],
)
def test_numberings_conflict_where_an_id_stands_for_two_tokens(vocabulary, n_conflicts):
    other = number_tokens(vocabulary)
    for pair in ((NUMBERING, other), (other, NUMBERING)):
        merged, found = merge_numberings(*pair)
        assert found == n_conflicts
        if not n_conflicts:
            assert merged == number_tokens(VOCABULARY | vocabulary)


@pytest.mark.parametrize(
    "derive",
    [
        lambda ids: ids[1:],
        lambda ids: ids[:, :2],
        lambda ids: ids[[2, 0]],
        lambda ids: ids[ids[:, 0] > 3],
        lambda ids: ids.copy(),
        lambda ids: ids.astype(np.int64),
        lambda ids: np.take(ids, [0], axis=0),
        lambda ids: np.vstack([ids, ids[:1]]),
        lambda ids: np.hstack([ids]),
        lambda ids: np.concatenate((ids, ids)),
        copy.copy,
        copy.deepcopy,
        lambda ids: pickle.loads(pickle.dumps(ids)),
        lambda ids: pickle.loads(pickle.dumps(ids, protocol=2)),
        lambda ids: train_test_split(ids, random_state=0)[0],
        lambda ids: shuffle(ids, random_state=0),
        lambda ids: resample(ids, random_state=0),
    ],
)
def test_selections_and_copies_keep_the_numbering(derive):
    derived = derive(NUMBERED)
    assert numbering_of(derived) == NUMBERING
    assert_array_equal(derived, derive(np.asarray(NUMBERED)))


@pytest.mark.parametrize(
    "derive",
    [
        lambda ids: ids + 1,
        lambda ids: ids != 0,
        lambda ids: np.where(ids == 3, 7, ids),
        lambda ids: np.minimum(ids, 5),
        lambda ids: ids.max(axis=1),
        lambda ids: ids[0],
        lambda ids: ids[:, 0],
        lambda ids: ids[ids > 2],
        lambda ids: next(iter(ids)),
        lambda ids: ids[0, 0],
        lambda ids: ids.sum(),
        lambda ids: ids.tolist(),
        lambda ids: pd.DataFrame(ids),
        lambda ids: np.asarray(ids),
        lambda ids: np.hstack([ids, np.asarray(ids)]),
        lambda ids: np.hstack([ids, attach_numbering(ids, number_tokens({"other": 2}))]),
    ],
)
def test_other_results_have_no_numbering(derive):
    assert numbering_of(derive(NUMBERED)) is None


def test_rows_and_numbers_are_plain():
    """Their pickles are small, and torch's DataLoader converts them."""
    assert {type(row) for row in NUMBERED} == {np.ndarray}
    assert type(NUMBERED[0, 0]) is np.int32
    assert len(pickle.dumps(NUMBERED[0])) == len(pickle.dumps(np.asarray(NUMBERED)[0]))
    assert isinstance(next(iter(DataLoader(NUMBERED, batch_size=None))), torch.Tensor)


def test_arithmetic_in_place_leaves_a_plain_array():
    ids = NUMBERED.copy()
    ids += 1
    assert type(ids) is np.ndarray
    assert_array_equal(ids, np.asarray(NUMBERED) + 1, strict=True)


def test_numbered_ids_print_as_a_plain_array():
    assert repr(NUMBERED) == repr(np.asarray(NUMBERED))
    assert repr(NUMBERED[0]) == "array([0, 1, 2], dtype=int32)"
    assert str(NUMBERED) == str(np.asarray(NUMBERED))


def test_numbered_ids_are_mapped_to_memory_like_a_plain_array(tmp_path):
    path = tmp_path / "ids.joblib"
    joblib.dump(NUMBERED, path)
    loaded = joblib.load(path, mmap_mode="r")
    assert isinstance(loaded.base, np.memmap)
    assert numbering_of(loaded) == NUMBERING
    assert_array_equal(loaded, NUMBERED)
    np.save(tmp_path / "ids.npy", NUMBERED)
    assert_array_equal(np.load(tmp_path / "ids.npy"), np.asarray(NUMBERED), strict=True)


def test_too_many_word_vectors(monkeypatch):
    monkeypatch.setattr(_ids, "MAX_TOKENS", 10)
    message = (
        "word_vectors has 9 words, and the embedding has at most 10 rows: one per word, one for "
        "padding and one for the unknown word. Keep the vectors of the words that you need, with "
        "word_vectors.restrict(words)."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        known_ids_table(np.array([[2]]), word_vectors=range(9))
    assert len(known_ids_table(np.array([[2]]), word_vectors=range(8))) == 11


# rows of a matrix

IDS = np.random.default_rng(0).integers(0, 9, (20, 6), dtype=np.int32)


def test_selected_rows_are_like_those_of_the_matrix():
    rows = np.array([3, 19, 3, 0, 7])
    selected = take_rows(IDS, rows)
    assert (selected.shape, len(selected), selected.dtype) == ((5, 6), 5, np.int32)
    assert_array_equal(selected, IDS[rows])
    assert_array_equal(selected[1:4], IDS[rows[1:4]])
    assert_array_equal(selected[np.array([4, 0]), :2], IDS[rows[[4, 0]], :2])
    assert_array_equal(take_rows(selected, np.array([1, 1, 4])), IDS[[19, 19, 7]])
    assert_array_equal(sequence_lengths(selected), sequence_lengths(IDS)[rows])


def test_unknown_ids_of_rows_are_replaced_when_they_are_read():
    table = known_ids_table(IDS[:, :1])
    rows = np.array([3, 19, 0])
    for ids, expected in [(IDS, IDS), (take_rows(IDS, rows), IDS[rows])]:
        replaced = replace_unknown_rows(ids, table, keep_characters=False)
        assert_array_equal(replaced, replace(expected, table))
        again = take_rows(replaced, np.array([2, 0]))
        assert_array_equal(again, replace(expected[[2, 0]], table))
