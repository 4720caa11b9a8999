"""Cross-fitting of the linear term: folds, out-of-fold predictions, accumulation."""

import numpy as np
import pytest
import torch

from sklearn_rnn._linear import cross_fit as cross_fitting
from sklearn_rnn._linear.cross_fit import (
    N_FOLDS,
    class_ratios,
    draw_folds,
    learn_linear_term,
)
from sklearn_rnn._linear.fit import fit_scale
from sklearn_rnn._linear.term import LinearTerm
from sklearn_rnn._training.thread_pool import ThreadPool


def make_texts(n_texts, n_classes=2, n_words=30):
    """Make texts of five words, with labels that do not depend on the words."""
    rng = np.random.default_rng(0)
    ids = rng.integers(2, 2 + n_words, (n_texts, 5)).astype(np.int32)
    return ids, rng.permutation(np.arange(n_texts) % n_classes)


def learn(ids, labels, *, weights=None, term=None, n_threads=1, seed=0, **parameters):
    if term is None:
        term = LinearTerm(labels.max() + 1, 2)
    weights = np.ones(len(ids)) if weights is None else weights
    parameters = {"accumulate": False, "label_smoothing": 0.1} | parameters
    with ThreadPool(n_threads) as pool:
        cross_fit = learn_linear_term(
            term,
            ids,
            labels,
            weights,
            rng=np.random.default_rng(seed),
            parallel_map=pool.map,
            **parameters,
        )
    return term, cross_fit


def logits_of(term, ids):
    return term(torch.from_numpy(ids)).numpy()


def test_ngrams_of_a_single_text_have_a_ratio_of_zero():
    ratios = class_ratios(np.array([[0.0, 0], [1, 0], [2, 0], [0.5, 1.4996]]))
    assert ratios.any(1).tolist() == [False, False, True, True]


@pytest.mark.parametrize("n_classes", [2, 3])
def test_out_of_fold_predictions_behave_like_predictions_on_unseen_texts(n_classes):
    ids, labels = make_texts(200, n_classes)
    term, cross_fit = learn(ids, labels)
    assert (logits_of(term, ids).argmax(1) == labels).mean() > 0.8
    assert (cross_fit.logits.argmax(1) == labels).mean() < 1 / n_classes + 0.1
    assert cross_fit.coefficients.shape == (N_FOLDS, *term.coefficients.shape)


def test_ngrams_of_one_fold_do_not_change_its_predictions():
    ids, labels = make_texts(100)
    ids = np.column_stack([ids, np.full(100, 50)]).astype(np.int32)
    _, plain = learn(ids, labels)
    fold = plain.folds == 0
    ids[fold, 5] = 60  # a word that occurs in this fold only
    _, cross_fit = learn(ids, labels)
    assert (cross_fit.folds == plain.folds).all()
    without = np.column_stack([ids[:, :5], np.where(fold, 1, 50)]).astype(np.int32)
    expected = learn(without, labels)[1].logits[fold]
    np.testing.assert_allclose(cross_fit.logits[fold], expected, atol=0.02)


def test_each_fold_has_its_share_of_each_class():
    labels = np.array([0] * 100 + [1] * 60 + [2] * 50)
    folds, n_folds = draw_folds(labels, np.random.default_rng(0))
    assert n_folds == N_FOLDS
    for label, n_texts in enumerate([20, 12, 10]):
        assert np.bincount(folds[labels == label]).tolist() == [n_texts] * N_FOLDS
    assert (draw_folds(labels, np.random.default_rng(1))[0] != folds).any()


def test_few_texts_have_no_folds():
    ids, labels = make_texts(99)
    term, cross_fit = learn(ids, labels)
    assert cross_fit.folds.tolist() == [0] * 99
    np.testing.assert_allclose(cross_fit.logits, logits_of(term, ids), atol=1e-5)
    assert np.array_equal(cross_fit.coefficients[0], term.coefficients.numpy())


def test_one_text():
    term, cross_fit = learn(np.array([[2, 2, 3]], dtype=np.int32), np.array([1]))
    assert len(term.keys) == 1
    assert cross_fit.logits[0].argmax() == 1


@pytest.mark.parametrize("accumulate", [True, False])
def test_more_texts_accumulate_or_replace(accumulate):
    ids, labels = make_texts(100)
    alone, term = (LinearTerm(2, 1) for _ in range(2))  # words only: each occurs in both halves
    learn(ids[50:], labels[50:], term=alone)
    learn(ids[:50], labels[:50], term=term)
    learn(ids[50:], labels[50:], term=term, accumulate=accumulate)
    difference = np.abs(logits_of(term, ids[50:]) - logits_of(alone, ids[50:])).max()
    assert (difference < 1e-5) == (not accumulate)


def test_accumulated_fits_approach_one_fit():
    rng = np.random.default_rng(0)
    labels = np.arange(600) % 2
    ids = rng.integers(4, 40, (600, 8)).astype(np.int32)
    ids[:, 0] = np.where(rng.random(600) < 0.8, labels + 2, 3 - labels)
    pieces = LinearTerm(2, 1)
    for start in range(0, 500, 100):
        rows = slice(start, start + 100)
        learn(ids[rows], labels[rows], term=pieces, accumulate=True)
    assert (logits_of(pieces, ids[500:]).argmax(1) == labels[500:]).mean() > 0.7


def test_weights_equal_repetitions():
    ids, labels = make_texts(60)
    weights = 1.0 + (np.arange(60) % 3 == 0)
    weighted, _ = learn(ids, labels, weights=weights)
    rows = np.repeat(np.arange(60), weights.astype(int))
    repeated, _ = learn(ids[rows], labels[rows])
    scaled, _ = learn(ids, labels, weights=1e-9 * weights)
    assert torch.equal(weighted.keys, scaled.keys)
    torch.testing.assert_close(weighted.coefficients, scaled.coefficients, rtol=0, atol=1e-4)
    ours, theirs = (logits_of(term, ids).argmax(1) for term in (weighted, repeated))
    assert (ours == theirs).mean() > 0.9


def test_the_bits_are_the_same_on_any_number_of_threads():
    ids, labels = make_texts(150, 3)
    (term, cross_fit), *others = (learn(ids, labels, n_threads=n) for n in (1, 2, 4))
    for other, other_fit in others:
        assert torch.equal(other.coefficients, term.coefficients)
        assert all(map(np.array_equal, other_fit, cross_fit))
    _, redrawn = learn(ids, labels, seed=1)
    assert not np.array_equal(redrawn.folds, cross_fit.folds)


def test_a_class_may_have_fewer_texts_than_there_are_folds():
    ids, labels = make_texts(300)
    labels[:3] = 2
    term, cross_fit = learn(ids, labels)
    assert np.bincount(cross_fit.folds).tolist() == [60] * N_FOLDS
    assert np.isfinite(cross_fit.logits).all()
    assert np.isfinite(logits_of(term, ids)).all()


@pytest.mark.parametrize("n_classes", [2, 3])
def test_one_fit_at_a_time_has_the_bits_of_fits_in_parallel(monkeypatch, n_classes):
    ids, labels = make_texts(150, n_classes)
    monkeypatch.setattr("sklearn_rnn._ids._BLOCK", 200)
    term, cross_fit = learn(ids, labels, n_threads=2)
    monkeypatch.setattr(cross_fitting, "MAX_COEFFICIENTS_IN_PARALLEL", 0)
    for n_threads in (1, 2):
        other, other_fit = learn(ids, labels, n_threads=n_threads)
        assert torch.equal(other.coefficients, term.coefficients)
        assert all(map(np.array_equal, other_fit, cross_fit))


def test_a_memory_mapped_file_has_the_bits_of_its_array(tmp_path):
    ids, labels = make_texts(150)
    term, cross_fit = learn(ids, labels)
    for dtype in (np.int32, np.uint16):
        np.save(tmp_path / "ids.npy", ids.astype(dtype))
        mapped, mapped_fit = learn(np.load(tmp_path / "ids.npy", mmap_mode="r"), labels)
        assert torch.equal(mapped.coefficients, term.coefficients)
        assert all(map(np.array_equal, mapped_fit, cross_fit))


def test_the_most_frequent_ngrams_are_in_the_term(monkeypatch):
    ids, labels = make_texts(150)
    term, _ = learn(ids, labels)
    monkeypatch.setattr(cross_fitting, "MAX_COEFFICIENTS", 2 * 40)
    limited, cross_fit = learn(ids, labels)
    totals = term.counts.sum(1)
    n_kept = len(limited.keys) - 1
    assert 30 <= n_kept <= 40
    assert cross_fit.coefficients.shape == (N_FOLDS, n_kept + 1, 2)
    is_kept = torch.isin(term.keys, limited.keys)
    assert totals[is_kept][1:].min() > totals[~is_kept].max()
    assert torch.equal(limited.counts, term.counts[is_kept])


def test_ngrams_of_earlier_training_stay_in_a_term_that_is_full(monkeypatch):
    ids, labels = make_texts(150)
    monkeypatch.setattr(cross_fitting, "MAX_COEFFICIENTS", 2 * 40)
    term, _ = learn(ids[:100], labels[:100])
    keys, counts = term.keys, term.counts
    learn(ids[100:] + 7 * (ids[100:] > 0), labels[100:], term=term, accumulate=True)
    assert torch.isin(keys, term.keys).all()
    assert len(keys) <= len(term.keys) <= 41
    assert (term.counts[torch.isin(term.keys, keys)] >= counts).all()
    is_more = term.counts.sum(1)[torch.isin(term.keys, keys)] > counts.sum(1)
    assert is_more.any()  # of n-grams that the new texts have too


def learnable_texts(n_texts):
    """Make texts of eight words, of which the first has the class in 80 % of the texts."""
    rng = np.random.default_rng(0)
    labels = np.arange(n_texts) % 2
    ids = rng.integers(4, 40, (n_texts, 8)).astype(np.int32)
    ids[:, 0] = np.where(rng.random(n_texts) < 0.8, labels + 2, 3 - labels)
    return ids, labels


def test_coefficients_are_fitted_to_a_sample_of_many_texts(monkeypatch):
    ids, labels = learnable_texts(2000)
    whole, _ = learn(ids, labels)
    monkeypatch.setattr(cross_fitting, "MAX_NGRAMS", 2000 * 15 // 2)
    monkeypatch.setattr("sklearn_rnn._ids._BLOCK", 1000)
    term, cross_fit = learn(ids, labels)
    is_kept = torch.isin(whole.keys, term.keys)
    assert torch.equal(term.counts, whole.counts[is_kept])  # of all texts
    assert whole.counts[is_kept].sum(1)[1:].min() == 4  # so that about two are in the sample
    assert whole.counts[~is_kept].sum(1).max() < 4
    assert not torch.equal(term.coefficients, whole.coefficients[is_kept])
    for text in (0, 1):  # in the sample and not
        fold = cross_fit.folds[text]
        alone = LinearTerm(2, 2)
        alone.count(term.keys[1:], term.counts[1:], accumulate=False)
        alone.coefficients = torch.from_numpy(cross_fit.coefficients[fold])
        difference = cross_fit.logits[text] - logits_of(alone, ids[text : text + 1])[0]
        assert abs(difference[0] + difference[1]) < 0.1  # the biases, which are opposite
    assert (cross_fit.logits.argmax(1) == labels).mean() == pytest.approx(0.75, abs=0.06)
    again, again_fit = learn(ids, labels, n_threads=2)
    assert torch.equal(again.coefficients, term.coefficients)
    assert all(map(np.array_equal, again_fit, cross_fit))


@pytest.mark.parametrize(("factor", "scale"), [(0.5, 2.0), (2.0, 0.5), (0.01, 4.0), (100.0, 0.25)])
def test_scale_makes_probabilities_the_shares_of_correct_predictions(factor, scale):
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(20_000, 3))
    labels = (logits + rng.gumbel(size=logits.shape)).argmax(1)  # drawn from their softmax
    assert fit_scale(factor * logits, np.eye(3)[labels]) == pytest.approx(scale, rel=0.05)
