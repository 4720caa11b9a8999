"""Binary matrices of n-grams in blocks: products, transposition, selection."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_rnn._linear import presence
from sklearn_rnn._linear.ngrams import distinct_ngrams, extract_ngrams
from sklearn_rnn._linear.presence import Presence, find_known
from sklearn_rnn._training.thread_pool import ThreadPool
from tests.linear.test_fit import blocks_of


def make_matrix(seed=0, shape=(40, 15)):
    X = np.random.default_rng(seed).random(shape) < 0.3
    X[0], X[:, 0] = 0, 0  # a text without n-grams, an n-gram without texts
    return X


@pytest.mark.parametrize("n_columns", [1, 2, 7])
def test_the_bits_of_products_depend_neither_on_blocks_nor_on_threads(monkeypatch, n_columns):
    X = make_matrix()
    values, of_texts = (
        torch.from_numpy(np.random.default_rng(1).normal(size=(n, n_columns)).astype(np.float32))
        for n in X.shape[::-1]
    )
    whole = Presence(blocks_of(X, 40), 15)
    monkeypatch.setattr(presence, "BLOCK_ENTRIES", 20)
    blocks = Presence(blocks_of(X, 7), 15)
    assert len(whole.transposed) == 1
    assert len(blocks.matrices) == 6
    assert len(blocks.transposed) > 3
    for n_threads in (1, 3):
        with ThreadPool(n_threads) as pool:
            assert torch.equal(whole.multiply(values), blocks.multiply(values, pool.map))
            transposed = blocks.multiply_transposed(of_texts, pool.map)
            assert torch.equal(whole.multiply_transposed(of_texts), transposed)


def test_an_entry_takes_eight_bytes():
    matrix = Presence(blocks_of(make_matrix(shape=(400, 50)), 100), 50)
    blocks = matrix.matrices + matrix.transposed
    assert {block.indices.itemsize for block in blocks} == {4}
    assert sum(len(block.indices) for block in matrix.matrices) == len(matrix.transposed[0].indices)
    assert len({block.data.ctypes.data for block in blocks}) == 1  # they share the ones


def test_no_ngram_is_known():
    empty = Presence(blocks_of(np.zeros((3, 1)), 2), 1)
    assert empty.multiply(torch.ones(1, 2)).tolist() == [[0, 0]] * 3
    assert empty.multiply_transposed(torch.ones(3, 1)).tolist() == [[0]]


def test_selected_texts_keep_their_ngrams():
    X = make_matrix()
    is_kept = np.arange(40) % 3 == 0
    taken = blocks_of(X, 40)[0].take(is_kept)
    expected = blocks_of(X[is_kept], 40)[0]
    assert all(map(np.array_equal, taken, expected))


@settings(max_examples=30, derandomize=True)
@given(st.integers(1, 2), st.integers(1, 40))
def test_known_ngrams_are_those_of_the_table(longest, block):
    ids = np.random.default_rng(0).integers(2, 8, (12, 5)).astype(np.int32)
    keys = distinct_ngrams(ids, longest)
    table = torch.cat([torch.zeros(1, dtype=torch.int64), keys.unique()[1::2]])
    found = np.zeros((12, len(table)), dtype=bool)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sklearn_rnn._ids._BLOCK", block)
        for rows, known in find_known(extract_ngrams(ids, longest), table):
            found[rows][known.texts(), known.columns] = True
    expected = (keys[:, :, None] == table).any(1).numpy()
    expected[:, 0] = False
    assert np.array_equal(found, expected)
