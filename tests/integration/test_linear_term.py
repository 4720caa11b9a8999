"""The linear term in the classifier: fit, resumed training, weights and pickles."""

import copy
import pickle

import numpy as np
import pytest
import torch

from sklearn_rnn._linear.ngrams import count_ngrams, distinct_ngrams, extract_ngrams
from sklearn_rnn._nn import architecture
from tests.linear_terms import counts_and_coefficients


@pytest.fixture(scope="module")
def bag_of_words():
    """Texts of class "pos" contain word 2, texts of class "neg" word 3."""
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
def test_parameters_and_summary_of_the_linear_term(make_classifier, word_order, linear_ngrams):
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
    keys, _, _ = count_ngrams(extract_ngrams(X, linear_ngrams), np.ones(80))
    assert term_of(classifier).keys.tolist() == [0, *keys.tolist()]
    n_parameters = 2 * len(keys) + 2  # coefficients, and the biases
    assert classifier.n_parameters_ == without + n_parameters
    assert summary.loc["linear_term"].tolist() == [(2,), n_parameters]


def test_the_linear_term_classifies_without_the_network(make_classifier, bag_of_words):
    X, y = bag_of_words
    classifier = make_classifier(linear_ngrams=1, **UNTRAINED).fit(X, y)
    logits = classifier.net_.module_.linear_term(torch.from_numpy(X))
    assert (classifier.classes_[logits.argmax(1)] == y).all()


@pytest.mark.parametrize("texts_to_read", [40, 41])
def test_the_network_learns_from_ngram_scores(
    make_classifier, word_order, monkeypatch, texts_to_read
):
    monkeypatch.setattr(architecture, "TEXTS_PER_CLASS_TO_READ", texts_to_read)
    # The network gets no information from the words.
    blind = make_classifier(
        linear_ngrams=2, word_dropout=0.9999, max_epochs=20, label_smoothing=0.0
    )
    loss = blind.fit(*word_order).history_["train_loss"]
    assert (loss.iloc[-1] < 0.8 * loss.iloc[0]) == (texts_to_read == 40)


def test_pairs_distinguish_the_order_of_adjacent_words(make_classifier):
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


def test_a_loaded_model_resumes_training_of_its_linear_term(make_classifier, word_order):
    X, y = word_order
    classifier = make_classifier(linear_ngrams=2).fit(X, y)
    loaded = pickle.loads(pickle.dumps(classifier))
    before = term_of(loaded).coefficients.clone()
    loaded.partial_fit(X, y)
    assert not torch.equal(term_of(loaded).coefficients, before)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_resumed_training_fits_the_linear_term(make_classifier, word_order, method):
    X, y = word_order
    classifier = make_classifier(linear_ngrams=2, warm_start=True).fit(X, y)
    before = counts_and_coefficients(term_of(classifier))[1]
    getattr(classifier, method)(X, y)
    after = counts_and_coefficients(term_of(classifier))[1]
    # fit replaces the counts of the same texts; partial_fit adds to them.
    assert (after == before) == (method == "fit")
    with_new_pairs = X + (X > 0)
    getattr(classifier, method)(with_new_pairs, y)
    found = counts_and_coefficients(term_of(classifier))[1]
    assert found.keys() > before.keys()
    old = before.keys() - set(distinct_ngrams(with_new_pairs, 2).flatten().tolist())
    assert old
    assert {key: found[key] for key in old} == {key: after[key] for key in old}


def test_training_after_a_training_that_failed(make_classifier, word_order):
    X, y = word_order
    classifier = make_classifier(linear_ngrams=2, warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="not finite"):
        classifier.set_params(learning_rate=1e36).fit(X + (X > 0), y)
    before = counts_and_coefficients(term_of(classifier))[1]
    classifier.set_params(learning_rate=0.02).fit(X + (X > 0), y)
    assert counts_and_coefficients(term_of(classifier))[1].keys() > before.keys()


def test_warm_start_with_the_same_data_does_not_change_the_counts(make_classifier, word_order):
    X, y = word_order
    classifier = make_classifier(linear_ngrams=2, warm_start=True).fit(X, y)
    keys, counts = term_of(classifier).keys.clone(), term_of(classifier).counts.clone()
    classifier.fit(X, y)
    assert torch.equal(term_of(classifier).keys, keys)
    assert torch.equal(term_of(classifier).counts, counts)


def test_warm_start_replaces_the_counts_of_ngrams_in_new_data(make_classifier, word_order):
    X, y = word_order
    classifier = make_classifier(linear_ngrams=1, warm_start=True).fit(X, y)
    old = counts_and_coefficients(term_of(classifier))[0]
    classifier.fit(X[:40] + 3 * (X[:40] > 0), y[:40])
    fresh = make_classifier(linear_ngrams=1).fit(X[:40] + 3 * (X[:40] > 0), y[:40])
    new = counts_and_coefficients(term_of(fresh))[0]
    assert counts_and_coefficients(term_of(classifier))[0] == old | new


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
    counts = counts_and_coefficients(term_of(classifier))[0]
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
    unweighted = make_classifier(**parameters).fit(X[repeated], y[repeated])
    torch.testing.assert_close(term_of(weighted).counts, term_of(unweighted).counts)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_failed_warm_start_restores_predictions(make_classifier, word_order, method):
    X, y = word_order
    classifier = make_classifier(linear_ngrams=2, warm_start=True).fit(X, y)
    expected, state = classifier.predict_proba(X), counts_and_coefficients(term_of(classifier))
    classifier.set_params(learning_rate=1e36)
    with pytest.raises(ValueError, match="not finite"):
        getattr(classifier, method)(X[::-1] + (X[::-1] > 0), y)
    assert counts_and_coefficients(term_of(classifier)) == state
    for survivor in (classifier, pickle.loads(pickle.dumps(classifier))):
        assert np.array_equal(survivor.predict_proba(X), expected)


def test_resuming_with_another_linear_term_is_refused(make_classifier, word_order):
    classifier = make_classifier(linear_ngrams=1, warm_start=True).fit(*word_order)
    classifier.set_params(linear_ngrams=2)
    with pytest.raises(ValueError, match=r"was built with \{'linear_ngrams': 1\}, and the "):
        classifier.fit(*word_order)
    classifier.set_params(warm_start=False).fit(*word_order)


def test_texts_without_a_common_word_can_be_fitted(make_classifier):
    X = np.arange(2, 14).reshape(6, 2)
    classifier = make_classifier(linear_ngrams=2, max_epochs=1).fit(X, np.arange(6) % 2)
    assert len(term_of(classifier).keys) == 1
    assert classifier.summary().loc["linear_term", "n_parameters"] == 2  # the biases
    loaded = pickle.loads(pickle.dumps(classifier))
    assert np.array_equal(loaded.predict_proba(X), classifier.predict_proba(X))
    np.testing.assert_allclose(loaded.predict_proba(X).sum(1), 1, atol=1e-6)
