"""Shards: what the ranks of a process group may hold. Process groups are in tests/contracts."""

import re

import numpy as np
import pytest

from sklearn_rnn._training.shards import check_shards, join_shards, summarize_data

X = np.array([[2, 3, 0], [4, 0, 0], [5, 6, 7], [3, 2, 0]], dtype=np.int32)
Y = np.array(["a", "b", "a", "b"])
WEIGHTS = np.ones(4)


def summarize(rows):
    return summarize_data(X[rows], X[rows], Y[rows], WEIGHTS[rows])


def test_without_a_process_group_the_data_stay():
    ids, y, weights = join_shards(X, X, Y, WEIGHTS)
    assert ids is X
    assert y is Y
    assert weights is WEIGHTS


def test_the_same_texts_and_shards_are_accepted():
    check_shards([summarize([0, 1, 2])] * 3)
    check_shards([summarize([0, 1]), summarize([2]), summarize([3])])


def test_the_order_of_the_words_of_a_text_and_of_the_texts_is_told():
    texts, swapped = summarize([0, 3]), summarize([3, 0])
    assert texts.texts != swapped.texts
    assert texts.unordered == swapped.unordered
    assert summarize([0]).unordered != summarize([3]).unordered


def test_ranks_of_which_some_hold_the_same_texts_are_refused():
    message = (
        "Ranks 0 and 2 of the process group hold the same texts, and another rank has others. Give "
        "each rank all texts, with the same labels and weights and in the same order (with the "
        "same seed, if they are shuffled); or give each rank different texts, its shard."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        check_shards([summarize([0, 1]), summarize([2, 3]), summarize([0, 1])])
