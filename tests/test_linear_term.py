"""The linear term: naive Bayes at first, learned later, at the module and at the classifier."""

import copy
import pickle
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.naive_bayes import MultinomialNB

from sklearn_rnn._linear_term import FIRST_WEIGHT, LinearTerm
from sklearn_rnn._ngrams import count_ngrams

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
    term = LinearTerm(n_classes, longest)
    term.reset()
    return term


def make_term(longest=2, seed=None):
    """Make a term of some counts; a seed draws its weights."""
    term = empty_term(longest=longest)
    term.count(torch.tensor(KEYS), torch.tensor(COUNTS), accumulate=False)
    if seed is not None:
        torch.manual_seed(seed)
        torch.nn.init.normal_(term.weight)
    return term


def table_of(term):
    """Return the counts and the weights of a term as dicts by key, without those of none."""
    assert term.keys[0] == 0
    assert term.keys.tolist() == sorted(set(term.keys.tolist()))
    keys = term.keys[1:].tolist()
    counts = dict(zip(keys, term.counts[1:].tolist(), strict=True))
    weights = dict(zip(keys, term.weight[1:].tolist(), strict=True))
    return counts, weights


def slow_logits(term, text):
    """Compute the logits of one text n-gram by n-gram, from the equation of the docstring."""
    counts, weights = table_of(term)
    totals = sum(np.array(count) + 1 for count in counts.values())
    known = [key for key in keys_of(text, term.longest) if key in counts]
    logits = np.zeros(term.counts.shape[1])
    for key in known:
        frequencies = np.log((np.array(counts[key]) + 1) / totals)
        ratios = frequencies - frequencies.mean()
        logits += np.array(weights[key]) * ratios / np.sqrt(len(known))
    return logits


# The module


@settings(max_examples=50, deadline=None, derandomize=True)
@given(TEXTS, st.sampled_from([1, 2]), st.integers(0, 9))
def test_the_logits_are_a_sum_over_the_ngrams(texts, longest, seed):
    term = make_term(longest, seed)
    expected = [slow_logits(term, text) for text in texts]
    with torch.no_grad():
        np.testing.assert_allclose(term(pad(texts)).numpy(), expected, rtol=0, atol=1e-5)


@settings(max_examples=40, deadline=None, derandomize=True)
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


@pytest.mark.parametrize("longest", [1, 2])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_with_equal_weights_it_is_naive_bayes(longest, n_classes):
    rng = np.random.default_rng(0)
    ids = np.zeros((60, 7), dtype=np.int32)
    for row in ids:
        length = rng.integers(1, 8)
        row[:length] = rng.integers(2, 9, length)
    y = rng.choice(n_classes, 60, p=[0.5, 0.3, 0.2] if n_classes == 3 else [0.7, 0.3])
    keys, counts = count_ngrams(ids, y, np.ones(60), n_classes=n_classes, longest=longest)
    term = empty_term(n_classes, longest)
    term.count(keys, counts, accumulate=False)

    texts = [keys_of(row[row > 0].tolist(), longest) for row in ids]
    matrix = np.array([[key in text for key in keys.tolist()] for text in texts], dtype=float)
    bayes = MultinomialNB(alpha=1.0, fit_prior=False).fit(matrix, y)
    expected = bayes.predict_joint_log_proba(matrix)
    expected -= expected.mean(1, keepdims=True)
    expected *= FIRST_WEIGHT / np.sqrt(np.maximum(matrix.sum(1, keepdims=True), 1))

    with torch.no_grad():
        logits = term(torch.from_numpy(ids)).numpy()
    np.testing.assert_allclose(logits, expected, rtol=0, atol=1e-5)
    clear = np.ptp(np.sort(expected)[:, -2:], axis=1) > 1e-4
    assert (logits.argmax(1) == expected.argmax(1))[clear].all()


def test_what_was_never_counted_does_not_matter():
    term = make_term(seed=0)
    with torch.no_grad():
        plain = term(pad([[2, 3]]))
        torch.testing.assert_close(term(pad([[6, 2, 3, 9, 1]])), plain, rtol=0, atol=1e-7)
        assert not torch.equal(term(pad([[2, 9, 3]])), plain)  # without the pair
        for unknown in ([9], [1], [9, 6, 10**6], [0]):
            assert (term(pad([unknown])) == 0).all()


def test_without_any_count_the_logits_are_zero():
    term = empty_term()
    assert (term(pad([[2, 3], [1]])) == 0).all()
    assert term(pad([[2]])).requires_grad


def test_a_text_of_one_word_twice_is_that_word():
    term = make_term(longest=1, seed=0)
    with torch.no_grad():
        assert torch.equal(term(pad([[2, 2, 2]])), term(pad([[2]])))


def test_the_logits_sum_to_zero_while_weights_are_equal():
    logits = make_term()(pad([[2, 3], [4], [3, 2, 4, 4]]))
    torch.testing.assert_close(logits.sum(1), torch.zeros(3), rtol=0, atol=1e-6)


def test_contributions_are_named_and_add_up():
    term = make_term(seed=0)
    ids = pad([[2, 3, 2, 9], [4, 4]])
    with torch.no_grad():
        keys, is_known, contributions = term.contributions(ids)
        assert torch.equal(contributions.sum(1), term(ids))
    assert (contributions[~is_known] == 0).all()
    pairs = (2 * 2**31 + 3, 3 * 2**31 + 2)
    assert set(keys[0][is_known[0]].tolist()) == {2, 3, *pairs}
    assert set(keys[1][is_known[1]].tolist()) == {4, 4 * 2**31 + 4}


@pytest.mark.parametrize(("accumulate", "expected"), [(True, [6, 3, 2]), (False, [1, 2, 2])])
def test_counts_are_added_or_replaced(accumulate, expected):
    term = make_term(seed=0)
    old_counts, old_weights = table_of(term)
    new = torch.tensor([2, 5, 3 * 2**31 + 2]), torch.tensor([[1, 2, 2], [9, 8, 7], [1, 0, 0]])
    old_keys = term.keys.clone()
    rows = term.count(*new, accumulate=accumulate)
    counts, weights = table_of(term)
    assert torch.equal(term.keys[rows], old_keys)
    assert counts.keys() == old_counts.keys() | {5}
    assert counts[2] == expected
    assert counts[5] == [9, 8, 7]
    assert counts[3 * 2**31 + 2] == ([1, 3, 1.5] if accumulate else [1, 0, 0])
    for key in old_counts.keys() - {2, 3 * 2**31 + 2}:
        assert counts[key] == old_counts[key]
    assert {key: weights[key] for key in old_weights} == old_weights
    assert weights[5] == pytest.approx([FIRST_WEIGHT] * 3)
    assert (term.counts[0] == 0).all()
    assert isinstance(term.weight, torch.nn.Parameter)


def test_counting_nothing_changes_nothing():
    term = make_term(seed=0)
    before = table_of(term)
    for accumulate in (True, False):
        term.count(torch.empty(0, dtype=torch.int64), torch.empty(0, 3), accumulate=accumulate)
    assert table_of(term) == before


def test_a_state_of_another_size_loads():
    source = make_term(seed=0)
    ids = pad([[2, 3, 4, 4], [9]])
    for target in (empty_term(), make_term(seed=1)):
        if len(target.keys) > 1:
            target.count(torch.tensor([7, 8]), torch.ones(2, 3), accumulate=True)
        target.load_state_dict(source.state_dict())
        assert torch.equal(target(ids), source(ids))
        assert isinstance(target.weight, torch.nn.Parameter)
        assert target.weight.requires_grad
        with torch.no_grad():
            target.weight += 1  # is no view of the source
        assert not torch.equal(target(ids), source(ids))


def test_reset_forgets_all_that_is_counted():
    term = make_term(seed=0)
    term.reset()
    assert (term(pad([[2, 3]])) == 0).all()


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
    keys, _ = count_ngrams(X, labels, np.ones(80), n_classes=2, longest=linear_ngrams)
    assert term_of(classifier).keys.tolist() == [0, *keys.tolist()]
    n_parameters = 2 * (len(keys) + 1) + 2  # with the row of none, and the biases
    assert classifier.n_parameters_ == without + n_parameters
    assert summary.loc["linear_term"].tolist() == [(2,), n_parameters]


def test_the_words_of_the_classes_are_known_before_the_first_step(make_classifier, bag_of_words):
    X, y = bag_of_words
    classifier = make_classifier(linear_ngrams=1, **UNTRAINED).fit(X, y)
    logits = classifier.net_.module_.linear_logits(torch.from_numpy(X))
    assert (classifier.classes_[logits.argmax(1)] == y).all()


def test_it_is_learnt_where_the_network_sees_no_word(make_classifier, bag_of_words):
    X, y = bag_of_words
    parameters = {"word_dropout": 0.9999, "max_epochs": 10, "label_smoothing": 0.0}
    classifier = make_classifier(linear_ngrams=1, **parameters).fit(X, y)
    assert classifier.score(X, y) > 0.95
    loss = classifier.history_["train_loss"]
    assert loss.iloc[-1] < 0.5 * loss.iloc[0]
    blind = make_classifier(linear_ngrams=0, **parameters).fit(X, y)
    assert blind.history_["train_loss"].iloc[-1] > 0.6


def test_pairs_tell_the_order_of_neighbours(make_classifier):
    X = np.tile([[2, 3], [3, 2]], (20, 1))
    y = np.tile([0, 1], 20)
    fit = {n: make_classifier(linear_ngrams=n, **UNTRAINED).fit(X, y) for n in (1, 2)}
    pairs, words = (fit[n].net_.module_.linear_logits(torch.from_numpy(X[:2])) for n in (2, 1))
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
        few, many = (classifier.net_.module_.linear_logits(torch.tensor(a)) for a in (X, wider))
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
    before = term_of(loaded).weight.detach().clone()
    loaded.partial_fit(X, y)
    assert not torch.equal(term_of(loaded).weight, before)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_going_on_learns_the_linear_term(make_classifier, word_order, method):
    X, y = word_order
    classifier = make_classifier(linear_ngrams=2, warm_start=True).fit(X, y)
    before = term_of(classifier).weight.detach().clone()
    getattr(classifier, method)(X, y)
    assert (term_of(classifier).weight != before)[1:].any()
    with_new_pairs = X + (X > 0)
    n_before = len(term_of(classifier).keys)
    getattr(classifier, method)(with_new_pairs, y)
    assert len(term_of(classifier).keys) > n_before
    assert (term_of(classifier).weight != FIRST_WEIGHT)[1:].any(1).float().mean() > 0.9


def test_it_goes_on_learning_after_a_training_that_failed(make_classifier, word_order):
    X, y = word_order
    classifier = make_classifier(linear_ngrams=2, warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="not finite"):
        classifier.set_params(learning_rate=1e36).fit(X + (X > 0), y)
    before = term_of(classifier).weight.detach().clone()
    classifier.set_params(learning_rate=0.02).fit(X, y)
    assert not torch.equal(term_of(classifier).weight, before)


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
    _, counts = count_ngrams(
        X[repeated], y_of_repeated, np.ones(len(repeated)), n_classes=2, longest=1
    )
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
