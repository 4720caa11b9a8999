import re

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_rnn import _ids
from sklearn_rnn._ids import (
    PAD,
    UNK,
    known_ids_table,
    replace_unknown_ids,
    sequence_lengths,
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


def test_ids_unseen_at_fit_are_the_unknown_word():
    table = known_ids_table(np.array([[2, 5, 0], [3, 0, 0]]))
    ids = np.array([[0, 1, 2, 3, 4, 5, 6, 2**31 - 1]], dtype=np.int32)
    assert replace_unknown_ids(ids, table).tolist() == [[0, 1, 2, 3, 1, 5, 1, 1]]


def test_ids_of_earlier_training_stay_known():
    table = known_ids_table(np.array([[2, 9]]), known_ids_table(np.array([[5, 2]])))
    assert replace_unknown_ids(np.arange(11), table).tolist() == [0, 1, 2, 1, 1, 5, 1, 1, 1, 9, 1]
    lower = known_ids_table(np.array([[3]]), table)
    assert replace_unknown_ids(np.arange(11), lower).tolist() == [0, 1, 2, 3, 1, 5, 1, 1, 1, 9, 1]


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
