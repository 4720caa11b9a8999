"""The linear term, at the module and at the classifier."""

import copy
import pickle
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_rnn._linear.ngrams import count_ngrams, distinct_ngrams, extract_ngrams
from sklearn_rnn._linear.term import LinearTerm
from sklearn_rnn._nn import architecture

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
    """Make a term of some counts, with coefficients and biases from a seed."""
    term = empty_term(longest=longest)
    term.count(torch.tensor(KEYS), torch.tensor(COUNTS), accumulate=False)
    generator = torch.Generator().manual_seed(seed)
    term.coefficients[1:].normal_(generator=generator)
    term.bias.normal_(generator=generator)
    return term


def scores_of(term, ids, *out_of_fold):
    return term.scores(term.find_ngrams(ids), *out_of_fold)


def table_of(term):
    """Return the counts and the coefficients of a term as dicts by key, without those of none."""
    assert term.keys[0] == 0
    assert term.keys.tolist() == sorted(set(term.keys.tolist()))
    assert (term.counts[0] == 0).all()
    assert (term.coefficients[0] == 0).all()
    keys = term.keys[1:].tolist()
    counts = dict(zip(keys, term.counts[1:].tolist(), strict=True))
    coefficients = dict(zip(keys, term.coefficients[1:].tolist(), strict=True))
    return counts, coefficients


def slow_logits(term, text):
    """Compute the logits of one text n-gram by n-gram, from the docstring."""
    _, coefficients = table_of(term)
    known = [key for key in keys_of(text, term.longest) if key in coefficients]
    logits = np.array(term.bias.tolist())
    for key in known:
        logits += np.array(coefficients[key]) / np.sqrt(len(known))
    return logits


# The module


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
def test_each_word_is_read_with_the_pair_that_it_ends(texts, longest, n_padding):
    term = make_term(longest)
    _, coefficients = table_of(term)
    scores = scores_of(term, pad(texts, n_padding))
    for row, text in zip(scores, texts, strict=True):
        for place, said in enumerate(row):
            expected = np.zeros(3)
            if place < len(text):
                expected += coefficients.get(text[place], 0)
            if longest == 2 and 0 < place < len(text):
                first, second = text[place - 1 : place + 1]
                is_pair = first > 1 and second > 1
                expected += coefficients.get(first * 2**31 + second, 0) if is_pair else 0
            expected = 3 * (expected - expected.mean())
            np.testing.assert_allclose(said.numpy(), expected, rtol=0, atol=1e-5)


def test_each_text_is_read_by_the_fit_without_its_fold():
    term = make_term()
    ids = pad([[2, 3, 9], [4, 4, 2], [2, 3, 2]])
    tables = torch.stack([term.coefficients.roll(1, dims=1), 2 * term.coefficients])
    folds = torch.tensor([1, 0, 0])
    scores = scores_of(term, ids, tables, folds)
    for text, fold, said in zip(ids, folds, scores, strict=True):
        term.coefficients = tables[fold]
        assert torch.equal(said, scores_of(term, text[None])[0])


def test_what_was_never_counted_does_not_matter():
    term = make_term()
    plain = term(pad([[2, 3]]))
    torch.testing.assert_close(term(pad([[6, 2, 3, 9, 1]])), plain, rtol=0, atol=1e-7)
    assert not torch.equal(term(pad([[2, 9, 3]])), plain)  # without the pair
    for unknown in ([9], [1], [9, 6, 10**6], [0]):
        assert torch.equal(term(pad([unknown]))[0], term.bias)
        assert (scores_of(term, pad([unknown])) == 0).all()


def test_without_any_count_the_logits_are_zero():
    term = empty_term()
    assert (term(pad([[2, 3], [1]])) == 0).all()
    assert (scores_of(term, pad([[2, 3], [1]])) == 0).all()


def test_a_text_of_one_word_twice_is_that_word():
    term = make_term(longest=1)
    assert torch.equal(term(pad([[2, 2, 2]])), term(pad([[2]])))


def test_contributions_are_named_and_add_up():
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
    old_counts, old_coefficients = table_of(term)
    new = torch.tensor([2, 5, 3 * 2**31 + 2]), torch.tensor([[1, 2, 2], [9, 8, 7], [1, 0, 0]])
    is_new = term.count(*new, accumulate=accumulate)
    counts, coefficients = table_of(term)
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
    before = table_of(term)
    for accumulate in (True, False):
        term.count(torch.empty(0, dtype=torch.int64), torch.empty(0, 3), accumulate=accumulate)
    assert table_of(term) == before


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


# The classifier


@pytest.fixture(scope="module")
def bag_of_words():
    """Texts of class "pos" if they have the word 2, of "neg" if they have 3."""
    rng = np.random.default_rng(0)
    X = np.zeros((80, 6), dtype=np.int32)
    y = np.repeat(["neg", "pos"], 40)
    for row, label in zip(X, y, strict=True):
        length = rng.integers(2, 7)
        row[:length] = rng.integers(4, 10, length)
        row[rng.integers(length)] = 2 if label == "pos" else 3
    order = rng.permutation(80)
    return X[order], y[order]


def term_of(classifier):
    return classifier.net_.module_.linear_term


UNTRAINED = {"learning_rate": 1e-12, "max_epochs": 1}


@pytest.mark.parametrize("linear_ngrams", [0, 1, 2])
def test_parameters_and_summary(make_classifier, word_order, linear_ngrams):
    X, y = word_order
    classifier = make_classifier(linear_ngrams=linear_ngrams).fit(X, y)
    without = make_classifier(linear_ngrams=0).fit(X, y).n_parameters_
    summary = classifier.summary()
    assert summary["n_parameters"].sum() == classifier.n_parameters_
    assert ("linear_term" in summary.index) == (linear_ngrams > 0)
    if linear_ngrams == 0:
        assert term_of(classifier) is None
        assert classifier.n_parameters_ == without
        return
    labels = (y == "pos").astype(int)
    blocks = extract_ngrams(X, linear_ngrams)
    keys, _ = count_ngrams(blocks, labels, np.ones(80), n_classes=2)
    assert term_of(classifier).keys.tolist() == [0, *keys.tolist()]
    n_parameters = 2 * (len(keys) + 1) + 2  # with the row of none, and the biases
    assert classifier.n_parameters_ == without + n_parameters
    assert summary.loc["linear_term"].tolist() == [(2,), n_parameters]


def test_the_words_of_the_classes_are_known_without_the_network(make_classifier, bag_of_words):
    X, y = bag_of_words
    classifier = make_classifier(linear_ngrams=1, **UNTRAINED).fit(X, y)
    logits = classifier.net_.module_.linear_term(torch.from_numpy(X))
    assert (classifier.classes_[logits.argmax(1)] == y).all()


@pytest.mark.parametrize("texts_to_read", [40, 41])
def test_the_network_reads_it_if_there_are_texts_enough(
    make_classifier, word_order, monkeypatch, texts_to_read
):
    monkeypatch.setattr(architecture, "TEXTS_PER_CLASS_TO_READ", texts_to_read)
    # It sees no words.
    blind = make_classifier(
        linear_ngrams=2, word_dropout=0.9999, max_epochs=20, label_smoothing=0.0
    )
    loss = blind.fit(*word_order).history_["train_loss"]
    assert (loss.iloc[-1] < 0.8 * loss.iloc[0]) == (texts_to_read == 40)


def test_pairs_tell_the_order_of_neighbours(make_classifier):
    X = np.tile([[2, 3], [3, 2]], (20, 1))
    y = np.tile([0, 1], 20)
    fit = {n: make_classifier(linear_ngrams=n, **UNTRAINED).fit(X, y) for n in (1, 2)}
    pairs, words = (fit[n].net_.module_.linear_term(torch.from_numpy(X[:2])) for n in (2, 1))
    assert pairs.argmax(1).tolist() == [0, 1]
    torch.testing.assert_close(words, torch.zeros(2, 2), rtol=0, atol=1e-6)


def test_three_classes(make_classifier, word_order):
    X, _ = word_order
    y = np.array(["a", "b", "c"])[np.arange(80) % 3]
    classifier = make_classifier(linear_ngrams=2).fit(X, y)
    assert term_of(classifier).counts.shape[1] == 3
    proba = classifier.predict_proba(X)
    assert proba.shape == (80, 3)
    alone = np.concatenate([classifier.predict_proba(X[[row]]) for row in range(80)])
    np.testing.assert_allclose(alone, proba, rtol=0, atol=1e-6)
    wider = np.pad(X, ((0, 0), (0, 3)))
    with torch.inference_mode():
        few, many = (classifier.net_.module_.linear_term(torch.tensor(a)) for a in (X, wider))
    torch.testing.assert_close(few, many, rtol=0, atol=1e-6)


def test_pickling_keeps_predictions_and_counts(make_classifier, word_order):
    X, y = word_order
    classifier = make_classifier(linear_ngrams=2).fit(X, y)
    for loaded in (pickle.loads(pickle.dumps(classifier)), copy.deepcopy(classifier)):
        assert np.array_equal(loaded.predict_proba(X), classifier.predict_proba(X))
        assert torch.equal(term_of(loaded).counts, term_of(classifier).counts)
        assert loaded.summary().equals(classifier.summary())


def test_a_loaded_model_goes_on_learning_its_linear_term(make_classifier, word_order):
    X, y = word_order
    classifier = make_classifier(linear_ngrams=2).fit(X, y)
    loaded = pickle.loads(pickle.dumps(classifier))
    before = term_of(loaded).coefficients.clone()
    loaded.partial_fit(X, y)
    assert not torch.equal(term_of(loaded).coefficients, before)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_going_on_learns_the_linear_term(make_classifier, word_order, method):
    X, y = word_order
    classifier = make_classifier(linear_ngrams=2, warm_start=True).fit(X, y)
    before = table_of(term_of(classifier))[1]
    getattr(classifier, method)(X, y)
    after = table_of(term_of(classifier))[1]
    # The same texts anew, or once more.
    assert (after == before) == (method == "fit")
    with_new_pairs = X + (X > 0)
    getattr(classifier, method)(with_new_pairs, y)
    found = table_of(term_of(classifier))[1]
    assert found.keys() > before.keys()
    old = before.keys() - set(
        distinct_ngrams(torch.from_numpy(with_new_pairs), 2).flatten().tolist()
    )
    assert old
    assert {key: found[key] for key in old} == {key: after[key] for key in old}


def test_it_goes_on_learning_after_a_training_that_failed(make_classifier, word_order):
    X, y = word_order
    classifier = make_classifier(linear_ngrams=2, warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="not finite"):
        classifier.set_params(learning_rate=1e36).fit(X + (X > 0), y)
    before = table_of(term_of(classifier))[1]
    classifier.set_params(learning_rate=0.02).fit(X + (X > 0), y)
    assert table_of(term_of(classifier))[1].keys() > before.keys()


def test_warm_start_with_the_same_data_does_not_change_the_counts(make_classifier, word_order):
    X, y = word_order
    classifier = make_classifier(linear_ngrams=2, warm_start=True).fit(X, y)
    keys, counts = term_of(classifier).keys.clone(), term_of(classifier).counts.clone()
    classifier.fit(X, y)
    assert torch.equal(term_of(classifier).keys, keys)
    assert torch.equal(term_of(classifier).counts, counts)


def test_warm_start_counts_new_data_anew(make_classifier, word_order):
    X, y = word_order
    classifier = make_classifier(linear_ngrams=1, warm_start=True).fit(X, y)
    old = table_of(term_of(classifier))[0]
    classifier.fit(X[:40] + 3 * (X[:40] > 0), y[:40])
    fresh = make_classifier(linear_ngrams=1).fit(X[:40] + 3 * (X[:40] > 0), y[:40])
    new = table_of(term_of(fresh))[0]
    assert table_of(term_of(classifier))[0] == old | new


def test_partial_fit_accumulates_counts(make_classifier, word_order):
    X, y = word_order
    classifier = make_classifier(linear_ngrams=2)
    classifier.partial_fit(X, y, classes=["neg", "pos"])
    once = term_of(classifier).counts.clone()
    keys = term_of(classifier).keys.clone()
    classifier.partial_fit(X, y)
    assert torch.equal(term_of(classifier).keys, keys)
    assert torch.equal(term_of(classifier).counts, 2 * once)
    classifier.partial_fit(X + 20 * (X > 0), y)
    counts = table_of(term_of(classifier))[0]
    assert counts[2] == (2 * once[keys == 2]).flatten().tolist()
    assert counts[22] == once[keys == 2].flatten().tolist()


@pytest.mark.parametrize("scale", [0.125, 1e-9, 1000.0])
def test_the_scale_of_sample_weight_does_not_matter(make_classifier, word_order, scale):
    X, y = word_order
    weights = 1.0 + np.arange(80) % 3
    parameters = {"linear_ngrams": 2, "max_epochs": 1}
    plain = make_classifier(**parameters).fit(X, y, sample_weight=weights)
    scaled = make_classifier(**parameters).fit(X, y, sample_weight=scale * weights)
    assert torch.equal(term_of(plain).keys, term_of(scaled).keys)
    torch.testing.assert_close(term_of(plain).counts, term_of(scaled).counts)
    np.testing.assert_allclose(scaled.predict_proba(X), plain.predict_proba(X), rtol=0, atol=1e-4)


@pytest.mark.parametrize("linear_ngrams", [0, 2])
def test_weights_of_any_ratio(make_classifier, word_order, linear_ngrams):
    X, y = word_order
    classifier = make_classifier(linear_ngrams=linear_ngrams)
    classifier.fit(X, y, sample_weight=np.where(np.arange(80) < 30, 1e40, 1.0))
    assert np.isfinite(classifier.predict_proba(X)).all()


def test_sample_weight_counts(make_classifier, word_order):
    X, y = word_order
    weights = np.where(np.arange(80) < 10, 5.0, 1.0)
    parameters = {"linear_ngrams": 1, "max_epochs": 1}
    weighted = make_classifier(**parameters).fit(X, y, sample_weight=weights)
    repeated = np.repeat(np.arange(80), weights.astype(int))
    y_of_repeated = (y[repeated] == "pos").astype(int)
    blocks = extract_ngrams(X[repeated], 1)
    _, counts = count_ngrams(blocks, y_of_repeated, np.ones(len(repeated)), n_classes=2)
    torch.testing.assert_close(term_of(weighted).counts[1:], counts.float())


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_failed_warm_start_leaves_predictions_as_they_were(make_classifier, word_order, method):
    X, y = word_order
    classifier = make_classifier(linear_ngrams=2, warm_start=True).fit(X, y)
    expected, state = classifier.predict_proba(X), table_of(term_of(classifier))
    classifier.set_params(learning_rate=1e36)
    with pytest.raises(ValueError, match="not finite"):
        getattr(classifier, method)(X[::-1] + (X[::-1] > 0), y)
    assert table_of(term_of(classifier)) == state
    for survivor in (classifier, pickle.loads(pickle.dumps(classifier))):
        assert np.array_equal(survivor.predict_proba(X), expected)


def test_another_linear_term_is_another_network(make_classifier, word_order):
    classifier = make_classifier(linear_ngrams=1, warm_start=True).fit(*word_order)
    classifier.set_params(linear_ngrams=2)
    with pytest.raises(ValueError, match=r"was built with \{'linear_ngrams': 1\}, and the "):
        classifier.fit(*word_order)
    classifier.set_params(warm_start=False).fit(*word_order)


def test_texts_without_a_common_word_can_be_fitted(make_classifier):
    X = np.arange(2, 14).reshape(6, 2)
    classifier = make_classifier(linear_ngrams=2, max_epochs=1).fit(X, np.arange(6) % 2)
    assert len(term_of(classifier).keys) == 1
    assert classifier.summary().loc["linear_term", "n_parameters"] == 2 + 2
    loaded = pickle.loads(pickle.dumps(classifier))
    assert np.array_equal(loaded.predict_proba(X), classifier.predict_proba(X))
    np.testing.assert_allclose(loaded.predict_proba(X).sum(1), 1, atol=1e-6)
