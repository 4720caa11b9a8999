"""The n-grams of texts and their counts, against dicts and sets."""

from collections import Counter, defaultdict
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sklearn_rnn._linear import ngrams
from sklearn_rnn._linear.cross_fit import add_counts
from sklearn_rnn._linear.ngrams import (
    MIN_TEXTS,
    PAIR_BASE,
    count_ngrams,
    distinct_ngrams,
    extract_ngrams,
    keep_largest,
    limit_keys,
    text_counts,
)
from sklearn_rnn._linear.presence import find_known
from sklearn_rnn._training.thread_pool import ThreadPool

TEXTS = st.lists(st.lists(st.integers(1, 6), min_size=1, max_size=8), min_size=1, max_size=12)
LONGEST = st.sampled_from([1, 2])


def pad(texts, n_padding=0):
    ids = np.zeros((len(texts), max(map(len, texts)) + n_padding), dtype=np.int32)
    for row, text in zip(ids, texts, strict=True):
        row[: len(text)] = text
    return ids


def slow_keys(text, longest):
    """Return the set of the keys of one text, a list of ids without padding."""
    keys = set(text)
    if longest == 2:
        keys |= {a * 2**31 + b for a, b in pairwise(text) if a > 1 and b > 1}
    return keys - {0}


def slow_counts(texts, labels, weights, longest):
    """Return, for each key and class, the total weight of the texts of the class with the key."""
    table = defaultdict(Counter)
    for text, label, weight in zip(texts, labels, weights, strict=True):
        for key in slow_keys(text, longest):
            table[key][label] += weight
    return table


def counts_of(texts, labels, weights=None, *, n_classes=2, longest=2, n_padding=0):
    """Return the n-grams that `count_ngrams` finds, and their counts in each class, as a dict."""
    labels = np.asarray(labels)
    weights = np.ones(len(texts)) if weights is None else np.asarray(weights, dtype=float)
    counts = text_counts(labels, weights)
    blocks = list(extract_ngrams(pad(texts, n_padding), longest))
    keys, totals, n_found = count_ngrams(blocks, counts)
    keys = torch.from_numpy(keys)
    assert n_found == sum(len(slow_keys(text, longest)) for text in texts)
    assert keys.dtype == torch.int64
    assert keys.tolist() == sorted(set(keys.tolist()))
    table = torch.cat([torch.zeros(1, dtype=torch.int64), keys])
    of_folds = torch.zeros(1, len(table), n_classes)
    for rows, known in find_known(blocks, table):
        add_counts(of_folds, np.zeros_like(labels)[rows], known, labels[rows], counts[rows])
    np.testing.assert_allclose(of_folds[0, 1:].sum(1), totals, rtol=1e-6)
    return dict(zip(keys.tolist(), of_folds[0, 1:].tolist(), strict=True))


# The n-grams of a text


@settings(max_examples=60, derandomize=True)
@given(TEXTS, LONGEST, st.integers(0, 3))
def test_distinct_ngrams_have_no_repetitions(texts, longest, n_padding):
    ids = pad(texts, n_padding)
    keys = distinct_ngrams(ids, longest)
    n_columns = ids.shape[1]
    assert keys.shape == (len(texts), n_columns if longest == 1 else 2 * n_columns - 1)
    assert keys.dtype == torch.int64
    for row, text in zip(keys.tolist(), texts, strict=True):
        assert sorted(key for key in row if key) == sorted(slow_keys(text, longest))


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_ids_are_not_changed_in_place(dtype):
    ids = np.array([[3, 2, 3, 0]], dtype=dtype)
    distinct_ngrams(ids, 1)
    distinct_ngrams(ids, 2)
    assert ids.tolist() == [[3, 2, 3, 0]]


def test_the_order_of_a_pair_counts():
    keys = distinct_ngrams(np.array([[2, 3], [3, 2]]), 2)
    assert (2 * PAIR_BASE + 3) in keys[0]
    assert (3 * PAIR_BASE + 2) in keys[1]
    assert len(set(keys[0].tolist()) & set(keys[1].tolist())) == 2  # the two words


def test_a_word_twice_in_a_row_is_a_pair():
    assert sorted(distinct_ngrams(np.array([[5, 5, 5]]), 2)[0].tolist()) == [
        0,
        0,
        0,
        5,
        5 * PAIR_BASE + 5,
    ]


def test_the_unknown_word_is_a_word_but_in_no_pair():
    keys = distinct_ngrams(np.array([[2, 1, 3, 1, 1]]), 2)
    assert sorted(key for key in keys[0].tolist() if key) == [1, 2, 3]


def test_padding_is_neither_a_word_nor_in_a_pair():
    keys = distinct_ngrams(np.array([[2, 0, 0, 0]]), 2)
    assert sorted(keys[0].tolist()) == [0] * 6 + [2]


def test_a_zero_inside_a_text_separates_pairs():
    keys = distinct_ngrams(np.array([[2, 0, 3]]), 2)
    assert sorted(key for key in keys[0].tolist() if key) == [2, 3]


@pytest.mark.parametrize("longest", [1, 2])
def test_texts_of_one_word(longest):
    keys = distinct_ngrams(np.array([[4], [1], [0]]), longest)
    assert keys.tolist() == [[4], [1], [0]]


def test_pairs_of_the_largest_ids_have_different_keys():
    big = 2**24 - 1
    keys = distinct_ngrams(np.array([[big, big - 1, big]], dtype=np.int32), 2)
    assert set(keys[0].tolist()) - {0} == {
        big,
        big - 1,
        big * PAIR_BASE + big - 1,
        (big - 1) * PAIR_BASE + big,
    }


# Counts


@settings(
    max_examples=60,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.data(), TEXTS, LONGEST, st.integers(1, 60))
def test_counts_equal_those_of_a_dict(monkeypatch, data, texts, longest, block):
    labels = data.draw(st.lists(st.integers(0, 2), min_size=len(texts), max_size=len(texts)))
    with monkeypatch.context() as patch:
        patch.setattr("sklearn_rnn._ids._BLOCK", block)
        found = counts_of(texts, labels, n_classes=3, longest=longest)
    slow = slow_counts(texts, labels, [1] * len(texts), longest)
    assert found == {
        key: [count[0], count[1], count[2]]
        for key, count in slow.items()
        if count.total() >= MIN_TEXTS
    }


@settings(max_examples=40, derandomize=True)
@given(st.data(), TEXTS)
def test_weights_count_relative_to_the_median_of_their_class(data, texts):
    n = len(texts)
    weights = data.draw(st.lists(st.integers(1, 9), min_size=n, max_size=n))
    labels = data.draw(st.lists(st.integers(0, 1), min_size=n, max_size=n))
    found = counts_of(texts, labels, weights)
    medians = {
        label: np.median([w for w, its in zip(weights, labels, strict=True) if its == label])
        for label in labels
    }
    relative = [w / medians[label] for w, label in zip(weights, labels, strict=True)]
    slow = slow_counts(texts, labels, np.array(relative), 2)
    expected = {
        key: [count[0], count[1]]
        for key, count in slow.items()
        if count.total() >= MIN_TEXTS - 1e-9
    }
    # A sum that is rounded in another order may lie on the other side of the threshold.
    assert set(found) <= set(expected)
    assert all(slow[key].total() < MIN_TEXTS + 1e-9 for key in set(expected) - set(found))
    for key, counts in found.items():
        np.testing.assert_allclose(counts, expected[key], rtol=1e-6)


@pytest.mark.parametrize("scale", [1e-12, 0.1, 3, 1e20])
def test_counts_do_not_depend_on_the_scale_of_the_weights(scale):
    texts, labels = [[2, 3], [2, 3], [3, 4], [5]], [0, 1, 1, 0]
    weights = np.array([1.0, 2.0, 1.0, 1.0])
    found, scaled = (counts_of(texts, labels, w) for w in (weights, scale * weights))
    assert found.keys() == scaled.keys()
    for key, counts in found.items():
        np.testing.assert_allclose(scaled[key], counts, rtol=1e-6)


def test_an_ngram_of_one_text_is_left_out():
    found = counts_of([[2, 3], [3, 2], [3, 4]], [0, 0, 1])
    assert found == {2: [2, 0], 3: [2, 1]}


def test_an_ngram_of_one_text_counts_if_its_weight_is_two():
    texts, labels = [[2], [3], [4], [5]], [0, 0, 0, 1]
    assert counts_of(texts, labels, [2, 1, 1, 1]) == {2: [2, 0]}
    assert counts_of(texts, labels, [1.99, 1, 1, 1]) == {}


def test_repetitions_within_a_text_count_once():
    assert counts_of([[2, 2, 2], [2, 3, 2]], [0, 1]) == {2: [1, 1]}


def test_the_threshold_holds_over_all_blocks_and_classes(monkeypatch):
    monkeypatch.setattr("sklearn_rnn._ids._BLOCK", 1)  # a text at a time
    assert counts_of([[2], [3], [2]], [0, 1, 1]) == {2: [1, 1]}


def test_counts_of_words_without_pairs():
    assert counts_of([[2, 3], [2, 3]], [0, 1], longest=1) == {2: [1, 1], 3: [1, 1]}


@pytest.mark.parametrize("longest", [1, 2])
def test_padding_changes_no_count(longest):
    texts, labels = [[2, 3, 2], [3], [2, 3]], [0, 1, 1]
    few = counts_of(texts, labels, longest=longest)
    assert counts_of(texts, labels, longest=longest, n_padding=5) == few


def test_texts_of_padding_only_have_no_ngram():
    blocks = extract_ngrams(np.zeros((3, 4), dtype=np.int32), 2)
    keys, _, n_found = count_ngrams(blocks, np.ones(3))
    assert keys.shape == (0,)
    assert n_found == 0


def test_a_class_without_texts_has_counts_of_zero():
    assert counts_of([[2], [2]], [0, 2], n_classes=4) == {2: [1, 0, 1, 0]}


@pytest.mark.parametrize("dtype", [np.uint16, np.int64])
def test_ids_of_any_integer_type_have_the_same_ngrams(dtype):
    ids = np.random.default_rng(0).integers(0, 9, (20, 6), dtype=np.int32)
    assert torch.equal(distinct_ngrams(ids.astype(dtype), 2), distinct_ngrams(ids, 2))


# Limits of memory


def test_the_largest_totals_are_kept_without_part_of_a_tie():
    keys, totals = np.arange(1, 7), np.array([3.0, 9, 3, 4, 1, 3])
    for most, expected in [(6, [1, 2, 3, 4, 5, 6]), (5, [1, 2, 3, 4, 6]), (4, [2, 4]), (2, [2, 4])]:
        assert keep_largest(keys, totals, most)[0].tolist() == expected


def test_known_keys_are_kept_and_the_largest_others_as_far_as_the_limit_allows():
    keys, totals, known = np.arange(1, 7), np.array([3.0, 9, 3, 4, 1, 3]), np.array([5, 6, 9])
    for most, expected in [(2, [5, 6]), (3, [5, 6]), (5, [5, 6, 2, 4]), (7, [5, 6, 1, 2, 3, 4])]:
        assert limit_keys(keys, totals, known, most).tolist() == expected


def zipf_ids(n_texts=3000):
    """Return texts of ten words, whose frequencies follow Zipf's law."""
    return np.random.default_rng(0).zipf(1.4, (n_texts, 10)).clip(max=10**6).astype(np.int32) + 1


def test_frequent_ngrams_survive_the_limit_of_candidates(monkeypatch):
    monkeypatch.setattr("sklearn_rnn._ids._BLOCK", 500)
    ids, ones = zipf_ids(), np.ones(3000)
    exact, exact_totals, _ = count_ngrams(extract_ngrams(ids, 2), ones)
    monkeypatch.setattr(ngrams, "MAX_CANDIDATES", 2000)
    monkeypatch.setattr(ngrams, "MAX_WAITING", 1000)
    found, totals, _ = count_ngrams(extract_ngrams(ids, 2), ones)
    assert len(found) < len(exact)
    frequent = exact_totals >= 20
    assert set(exact[frequent].tolist()) <= set(found.tolist()) <= set(exact.tolist())
    total_of = dict(zip(exact.tolist(), exact_totals.tolist(), strict=True))
    of_found = dict(zip(found.tolist(), totals.tolist(), strict=True))
    assert all(total <= total_of[key] for key, total in of_found.items())
    assert max(total_of[key] - total for key, total in of_found.items()) < 20


def test_blocks_are_extracted_in_parallel_in_their_order(monkeypatch):
    monkeypatch.setattr("sklearn_rnn._ids._BLOCK", 500)
    ids = zipf_ids(600)
    with ThreadPool(3) as pool:
        pairs = zip(extract_ngrams(ids, 2), extract_ngrams(ids, 2, pool.map), strict=True)
        for one, other in pairs:
            assert one.rows == other.rows
            assert torch.equal(one.n_ngrams, other.n_ngrams)
            assert torch.equal(one.keys, other.keys)


def test_texts_of_any_length_keep_their_order():
    rng = np.random.default_rng(0)
    texts = [rng.integers(1, 50, rng.integers(1, 30)).tolist() for _ in range(300)]
    (block,) = extract_ngrams(pad(texts), 2)
    for keys, text in zip(block.keys.split(block.n_ngrams.tolist()), texts, strict=True):
        assert keys.tolist() == sorted(slow_keys(text, 2))
