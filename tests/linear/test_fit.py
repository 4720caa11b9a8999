"""How the linear term learns, against scikit-learn and without the texts that it is asked about."""

import numpy as np
import pytest
import torch
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB

from sklearn_rnn._linear import fit
from sklearn_rnn._linear.fit import (
    N_FOLDS,
    draw_folds,
    fit_coefficients,
    learn_linear_term,
    log_count_ratios,
)
from sklearn_rnn._linear.term import LinearTerm
from sklearn_rnn._training.thread_pool import SideBySide


def make_texts(n_texts, n_classes=2, n_words=30):
    """Make texts of five words with labels that have nothing to do with them."""
    rng = np.random.default_rng(0)
    ids = rng.integers(2, 2 + n_words, (n_texts, 5)).astype(np.int32)
    return ids, rng.permutation(np.arange(n_texts) % n_classes)


def learn(ids, labels, *, weights=None, term=None, n_threads=1, seed=0, **parameters):
    if term is None:
        term = LinearTerm(labels.max() + 1, 2)
        term.reset()
    weights = np.ones(len(ids)) if weights is None else weights
    parameters = {"accumulate": False, "label_smoothing": 0.1} | parameters
    with SideBySide(n_threads) as side_by_side:
        cross_fit = learn_linear_term(
            term,
            ids,
            labels,
            weights,
            rng=np.random.default_rng(seed),
            side_by_side=side_by_side,
            **parameters,
        )
    return term, cross_fit


def logits_of(term, ids):
    return term(torch.from_numpy(ids)).numpy()


@pytest.mark.parametrize("n_classes", [2, 3])
def test_it_is_the_penalised_regression_of_scikit_learn(monkeypatch, n_classes):
    monkeypatch.setattr(fit, "MAX_ITERATIONS", 1000)
    rng = np.random.default_rng(0)
    X = (rng.random((60, 12)) < 0.4).astype(np.float32)
    y = rng.integers(0, n_classes, 60)
    weights = rng.random(60) + 0.5
    coefficients, bias = fit_coefficients(
        sparse.csr_array(X),
        np.eye(n_classes)[y] * weights[:, None],
        np.ones((12, n_classes)),
        np.zeros((12, n_classes)),
        np.zeros(n_classes),
    )
    # The two columns of two classes share one difference, and so half of its penalty.
    inverse_penalty = 4.0 * (2 if n_classes == 2 else 1)
    rival = LogisticRegression(C=inverse_penalty, fit_intercept=False, tol=1e-8, max_iter=1000)
    with_ones = np.column_stack([X, np.ones(60)])  # so that the bias is penalised, as ours
    rival.fit(with_ones, y, sample_weight=weights)
    expected = rival.predict_log_proba(with_ones)
    found = torch.from_numpy(X @ coefficients + bias).log_softmax(1).numpy()
    np.testing.assert_allclose(found, expected, rtol=0, atol=0.02)


def test_the_ratios_of_two_classes_are_those_of_naive_bayes():
    rng = np.random.default_rng(0)
    counts = rng.integers(1, 9, (20, 2)).astype(float)
    bayes = MultinomialNB(alpha=1.0).fit(counts.T, [0, 1])
    expected = bayes.feature_log_prob_[1] - bayes.feature_log_prob_[0]
    np.testing.assert_allclose(log_count_ratios(counts)[:, 1], expected)
    np.testing.assert_allclose(log_count_ratios(counts)[:, 0], -expected)


def test_a_ratio_is_against_all_other_classes():
    counts = np.array([[0.0, 0, 0], [5, 1, 2], [1, 1, 7]])
    inside = (5 + 1) / (6 + 3)  # of the counts of the class, smoothed
    outside = (3 + 1) / (3 + 8 + 3)
    assert log_count_ratios(counts)[1, 0] == pytest.approx(np.log(inside / outside))


def test_what_one_text_has_does_not_count():
    ratios = log_count_ratios(np.array([[0.0, 0], [1, 0], [2, 0], [0.5, 1.4996]]))
    assert ratios.any(1).tolist() == [False, False, True, True]


@pytest.mark.parametrize("n_classes", [2, 3])
def test_of_its_own_texts_it_is_sure_and_of_others_not(n_classes):
    ids, labels = make_texts(200, n_classes)
    term, cross_fit = learn(ids, labels)
    assert (logits_of(term, ids).argmax(1) == labels).mean() > 0.8
    assert (cross_fit.logits.argmax(1) == labels).mean() < 1 / n_classes + 0.1
    assert cross_fit.coefficients.shape == (N_FOLDS, *term.coefficients.shape)


def test_what_a_text_has_alone_in_its_fold_says_nothing_of_it():
    ids, labels = make_texts(100)
    ids = np.column_stack([ids, np.full(100, 50)]).astype(np.int32)
    _, plain = learn(ids, labels)
    fold = plain.folds == 0
    ids[fold, 5] = 60  # a word of this fold alone
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


def test_of_few_texts_it_says_what_it_says_of_all():
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
def test_more_texts_are_added_or_learned_anew(accumulate):
    ids, labels = make_texts(100)
    alone, term = (LinearTerm(2, 1) for _ in range(2))  # of words, which all are in both halves
    alone.reset()
    term.reset()
    learn(ids[50:], labels[50:], term=alone)
    learn(ids[:50], labels[:50], term=term)
    learn(ids[50:], labels[50:], term=term, accumulate=accumulate)
    difference = np.abs(logits_of(term, ids[50:]) - logits_of(alone, ids[50:])).max()
    assert (difference < 1e-5) == (not accumulate)


def test_learning_in_pieces_is_nearly_learning_at_once():
    rng = np.random.default_rng(0)
    labels = np.arange(600) % 2
    ids = rng.integers(4, 40, (600, 8)).astype(np.int32)
    ids[:, 0] = np.where(rng.random(600) < 0.8, labels + 2, 3 - labels)
    pieces = LinearTerm(2, 1)
    pieces.reset()
    for start in range(0, 500, 100):
        rows = slice(start, start + 100)
        learn(ids[rows], labels[rows], term=pieces, accumulate=True)
    assert (logits_of(pieces, ids[500:]).argmax(1) == labels[500:]).mean() > 0.7


def test_a_weight_is_a_number_of_texts():
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
