"""The linear term as a module, against sums over the n-grams of a text."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_rnn._linear.term import LinearTerm
from tests.linear_terms import counts_and_coefficients

TEXTS = st.lists(st.lists(st.integers(1, 6), min_size=1, max_size=8), min_size=1, max_size=8)
KEYS = [2, 3, 4, 2 * 2**31 + 3, 3 * 2**31 + 2, 4 * 2**31 + 4]
COUNTS = [[5.0, 1.0, 0.0], [2.0, 2.0, 2.0], [0.0, 7.0, 3.0], [4.0, 0, 0], [0, 3.0, 1.5], [1, 1, 4]]


def pad(texts, n_padding=0):
    ids = np.zeros((len(texts), max(map(len, texts)) + n_padding), dtype=np.int32)
    for row, text in zip(ids, texts, strict=True):
        row[: len(text)] = text
    return torch.from_numpy(ids)


def keys_of(text, longest):
    keys = set(text)
    if longest == 2:
        keys |= {a * 2**31 + b for a, b in pairwise(text) if a > 1 and b > 1}
    return keys


def empty_term(n_classes=3, longest=2):
    return LinearTerm(n_classes, longest)


def make_term(longest=2, seed=0):
    """Make a term with the counts `COUNTS`, and with random coefficients and biases."""
    term = empty_term(longest=longest)
    term.count(torch.tensor(KEYS), torch.tensor(COUNTS), accumulate=False)
    generator = torch.Generator().manual_seed(seed)
    term.coefficients[1:].normal_(generator=generator)
    term.bias.normal_(generator=generator)
    return term


def scores_of(term, ids, *out_of_fold):
    return term.scores(term.find_ngrams(ids), *out_of_fold)


def slow_logits(term, text):
    """Compute the logits of a text n-gram by n-gram, by the formula in `LinearTerm`."""
    _, coefficients = counts_and_coefficients(term)
    known = [key for key in keys_of(text, term.longest) if key in coefficients]
    logits = np.array(term.bias.tolist())
    for key in known:
        logits += np.array(coefficients[key]) / np.sqrt(len(known))
    return logits


@settings(max_examples=50, derandomize=True)
@given(TEXTS, st.sampled_from([1, 2]), st.integers(0, 9))
def test_the_logits_are_a_sum_over_the_ngrams(texts, longest, seed):
    term = make_term(longest, seed)
    expected = [slow_logits(term, text) for text in texts]
    with torch.no_grad():
        np.testing.assert_allclose(term(pad(texts)).numpy(), expected, rtol=0, atol=1e-5)


@settings(max_examples=40, derandomize=True)
@given(TEXTS, st.sampled_from([1, 2]), st.integers(1, 6))
def test_a_text_has_the_same_logits_everywhere(texts, longest, n_padding):
    term = make_term(longest, seed=0)
    with torch.no_grad():
        alone = torch.cat([term(pad([text])) for text in texts])
        for other, expected in [
            (term(pad(texts)), alone),
            (term(pad(texts, n_padding)), alone),
            (term(pad(texts[::-1])), alone.flip(0)),
        ]:
            torch.testing.assert_close(other, expected, rtol=0, atol=1e-6)


@settings(max_examples=40, derandomize=True)
@given(TEXTS, st.sampled_from([1, 2]), st.integers(0, 3))
def test_scores_are_those_of_a_word_and_of_the_pair_that_ends_at_it(texts, longest, n_padding):
    term = make_term(longest)
    _, coefficients = counts_and_coefficients(term)
    scores = scores_of(term, pad(texts, n_padding))
    for row, text in zip(scores, texts, strict=True):
        for place, score in enumerate(row):
            expected = np.zeros(3)
            if place < len(text):
                expected += coefficients.get(text[place], 0)
            if longest == 2 and 0 < place < len(text):
                first, second = text[place - 1 : place + 1]
                is_pair = first > 1 and second > 1
                expected += coefficients.get(first * 2**31 + second, 0) if is_pair else 0
            expected = 3 * (expected - expected.mean())
            np.testing.assert_allclose(score.numpy(), expected, rtol=0, atol=1e-5)


def test_out_of_fold_scores():
    term = make_term()
    ids = pad([[2, 3, 9], [4, 4, 2], [2, 3, 2]])
    tables = torch.stack([term.coefficients.roll(1, dims=1), 2 * term.coefficients])
    folds = torch.tensor([1, 0, 0])
    scores = scores_of(term, ids, tables, folds)
    for text, fold, score in zip(ids, folds, scores, strict=True):
        term.coefficients = tables[fold]
        assert torch.equal(score, scores_of(term, text[None])[0])


def test_ngrams_that_were_never_counted_are_ignored():
    term = make_term()
    plain = term(pad([[2, 3]]))
    torch.testing.assert_close(term(pad([[6, 2, 3, 9, 1]])), plain, rtol=0, atol=1e-7)
    assert not torch.equal(term(pad([[2, 9, 3]])), plain)  # without the pair
    for unknown in ([9], [1], [9, 6, 10**6], [0]):
        assert torch.equal(term(pad([unknown]))[0], term.bias)
        assert (scores_of(term, pad([unknown])) == 0).all()


def test_a_new_term_has_logits_and_scores_of_zero():
    term = empty_term()
    assert (term(pad([[2, 3], [1]])) == 0).all()
    assert (scores_of(term, pad([[2, 3], [1]])) == 0).all()


def test_repeated_words_count_once():
    term = make_term(longest=1)
    assert torch.equal(term(pad([[2, 2, 2]])), term(pad([[2]])))


def test_contributions_sum_to_the_logits():
    term = make_term()
    ids = pad([[2, 3, 2, 9], [4, 4]])
    keys, contributions = term.contributions(term.find_ngrams(ids))
    is_known = (contributions != 0).any(2)
    assert torch.equal(contributions.sum(1) + term.bias, term(ids))
    pairs = (2 * 2**31 + 3, 3 * 2**31 + 2)
    assert set(keys[0][is_known[0]].tolist()) == {2, 3, *pairs}
    assert set(keys[1][is_known[1]].tolist()) == {4, 4 * 2**31 + 4}


@pytest.mark.parametrize(("accumulate", "expected"), [(True, [6, 3, 2]), (False, [1, 2, 2])])
def test_counts_are_added_or_replaced(accumulate, expected):
    term = make_term()
    old_counts, old_coefficients = counts_and_coefficients(term)
    new = torch.tensor([2, 5, 3 * 2**31 + 2]), torch.tensor([[1, 2, 2], [9, 8, 7], [1, 0, 0]])
    is_new = term.count(*new, accumulate=accumulate)
    counts, coefficients = counts_and_coefficients(term)
    assert counts.keys() == old_counts.keys() | {5}
    assert counts[2] == expected
    assert counts[5] == [9, 8, 7]
    assert counts[3 * 2**31 + 2] == ([1, 3, 1.5] if accumulate else [1, 0, 0])
    for key in old_counts.keys() - {2, 3 * 2**31 + 2}:
        assert counts[key] == old_counts[key]
    assert {key: coefficients[key] for key in old_coefficients} == old_coefficients
    assert coefficients[5] == [0, 0, 0]
    assert set(term.keys[is_new].tolist()) == ({5} if accumulate else {2, 5, 3 * 2**31 + 2})


def test_counting_nothing_changes_nothing():
    term = make_term()
    before = counts_and_coefficients(term)
    for accumulate in (True, False):
        term.count(torch.empty(0, dtype=torch.int64), torch.empty(0, 3), accumulate=accumulate)
    assert counts_and_coefficients(term) == before


def test_a_state_of_another_size_loads():
    source = make_term()
    ids = pad([[2, 3, 4, 4], [9]])
    for target in (empty_term(), make_term(seed=1)):
        if len(target.keys) > 1:
            target.count(torch.tensor([7, 8]), torch.ones(2, 3), accumulate=True)
        target.load_state_dict(source.state_dict())
        assert torch.equal(target(ids), source(ids))
        target.coefficients += 1  # is no view of the source
        assert not torch.equal(target(ids), source(ids))
