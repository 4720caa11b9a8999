"""The character n-grams of words, against a plain reference on strings."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sklearn_rnn._ids import FIRST_CHARACTER
from sklearn_rnn._linear.characters import (
    LONGEST,
    SHORTEST,
    CharacterNgrams,
    split_characters,
    sum_over_words,
)
from sklearn_rnn._linear.ngrams import distinct_ngrams

# Few letters, so that n-grams are repeated; letters of all planes; lone surrogates.
LETTERS = st.sampled_from("aab\u0000é語😀\ud800\U0010ffff")
WORDS = st.tuples(st.integers(1, 9), st.text(LETTERS, max_size=8))
TEXTS = st.lists(st.lists(WORDS, min_size=1, max_size=5), min_size=1, max_size=5)
START, END = object(), object()  # marks that are no characters


def encode(texts, n_padding=0):
    rows = [
        [id_ for word, letters in text for id_ in (word, *map(character, letters))]
        for text in texts
    ]
    ids = np.zeros((len(rows), max(map(len, rows)) + n_padding), dtype=np.int32)
    for row, values in zip(ids, rows, strict=True):
        row[: len(values)] = values
    return ids


def character(letter):
    return FIRST_CHARACTER + ord(letter)


def ngrams_of_word(letters):
    """Return the n-grams of a word, as tuples."""
    marked = (START, *letters, END) if letters else ()
    return [
        marked[start : start + size]
        for size in range(SHORTEST, LONGEST + 1)
        for start in range(len(marked) - size + 1)
    ]


@pytest.mark.parametrize("dtype", [torch.int32, torch.int64])
@given(TEXTS, st.integers(0, 7))
def test_ngrams_are_those_of_each_word(dtype, texts, n_padding):
    words, ngrams = split_characters(torch.from_numpy(encode(texts, n_padding)).to(dtype))
    assert words.dtype == dtype
    assert words.shape[1] == max(map(len, texts))
    keys_of, ngrams_of = {}, {}
    for row, text in enumerate(texts):
        ids = [word for word, _ in text]
        assert words[row].tolist() == ids + [0] * (words.shape[1] - len(ids))
        for position, (_, letters) in enumerate(text):
            is_here = (ngrams.words[row] == position) & (ngrams.keys[row] != 0)
            keys = sorted(ngrams.keys[row][is_here].tolist())
            expected = ngrams_of_word(letters)
            assert len(keys) == len(expected)
            keys_of.setdefault(letters, keys)
            assert keys_of[letters] == keys  # whatever its place, text and word
            ngrams_of[letters] = expected
    # Equal keys stand for equal n-grams only.
    all_ngrams = {ngram for expected in ngrams_of.values() for ngram in expected}
    all_keys = {key for keys in keys_of.values() for key in keys}
    assert len(all_keys) == len(all_ngrams)
    for key in all_keys:
        assert 2**62 <= key < 2**63


@given(st.text(LETTERS, min_size=1, max_size=12), st.text(LETTERS, min_size=1, max_size=12))
def test_words_share_the_keys_of_their_common_ngrams(first, second):
    _, ngrams = split_characters(torch.from_numpy(encode([[(2, first)], [(3, second)]])))
    keys = [set(row.tolist()) - {0} for row in ngrams.keys]
    shared = set(ngrams_of_word(first)) & set(ngrams_of_word(second))
    assert len(keys[0] & keys[1]) == len(shared)


def test_known_ngrams():
    assert [
        "".join({START: "<", END: ">"}.get(c, c) for c in n) for n in ngrams_of_word("rain")
    ] == ["<ra", "rai", "ain", "in>", "<rai", "rain", "ain>", "<rain", "rain>"]


def test_no_two_of_many_ngrams_have_the_same_key():
    rng = np.random.default_rng(0)
    codes = rng.integers(97, 123, (3000, 8))
    texts = [[(2, "".join(map(chr, row)))] for row in codes.tolist()]
    expected = {ngram for text in texts for ngram in ngrams_of_word(text[0][1])}
    _, ngrams = split_characters(torch.from_numpy(encode(texts)))
    keys = ngrams.keys.unique()
    assert (keys != 0).sum() == len(expected) > 40_000


@given(TEXTS, st.integers(0, 4), st.sampled_from([1, 2]))
def test_distinct_ngrams_have_characters_beside_words_and_pairs(texts, n_padding, longest):
    keys = distinct_ngrams(encode(texts, n_padding), longest)
    only_words = [[(word, "") for word, _ in text] for text in texts]
    expected = distinct_ngrams(encode(only_words), longest)
    for row, words, text in zip(keys.tolist(), expected.tolist(), texts, strict=True):
        found = [key for key in row if key]
        assert len(found) == len(set(found))
        assert {key for key in found if key < 2**62} == set(words) - {0}
        distinct = {ngram for _, letters in text for ngram in ngrams_of_word(letters)}
        assert sum(key >= 2**62 for key in found) == len(distinct)


@given(TEXTS, st.integers(1, 6))
def test_more_words_are_padding(texts, n_more):
    ids = torch.from_numpy(encode(texts))
    words, ngrams = split_characters(ids)
    wider, same_ngrams = split_characters(ids, words.shape[1] + n_more)
    assert torch.equal(wider, torch.nn.functional.pad(words, (0, n_more)))
    for part, same in zip(ngrams, same_ngrams, strict=True):
        assert torch.equal(part, same)


def test_characters_without_a_word_belong_to_the_first_column():
    words, ngrams = split_characters(torch.tensor([[character("a"), character("b"), 0]]))
    assert words.tolist() == [[0]]
    assert (ngrams.words[ngrams.keys != 0] == 0).all()


def test_values_are_summed_over_each_word():
    values = torch.tensor([[[1.0], [2.0], [4.0], [0.0]], [[8.0], [0.0], [0.0], [0.0]]])
    words = torch.tensor([[0, 0, 1, 5], [1, 1, 2, 2]])  # no n-gram is beyond the last word
    assert sum_over_words(values, words, 2).tolist() == [[[3.0], [4.0]], [[0.0], [8.0]]]


def test_take_selects_texts():
    ngrams = CharacterNgrams(torch.arange(6).view(3, 2), torch.arange(6).view(3, 2) + 9)
    taken = ngrams.take(slice(1, 3))
    assert taken.keys.tolist() == [[2, 3], [4, 5]]
    assert taken.words.tolist() == [[11, 12], [13, 14]]
