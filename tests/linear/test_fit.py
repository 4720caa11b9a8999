"""The fit of the linear term, against scikit-learn."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from sklearn_rnn._linear import fit
from sklearn_rnn._linear.fit import (
    MAX_ITERATIONS,
    MEMORY,
    PenalizedCrossEntropy,
    dot,
    fit_coefficients,
    minimize_lbfgs,
)
from sklearn_rnn._linear.presence import KnownBlock, Presence, ScaledPresence, ends_of


def features_of(X, factors=1.0):
    """Return the rows of a binary matrix, multiplied by the factors."""
    factors = np.broadcast_to(np.float32(factors), (len(X), 1)).copy()
    return ScaledPresence(Presence(blocks_of(X, len(X)), X.shape[1]), torch.from_numpy(factors))


def blocks_of(X, n_rows):
    """Return a binary matrix in blocks of `n_rows` texts."""
    return [
        KnownBlock(ends_of(np.count_nonzero(rows, axis=1)), np.nonzero(rows)[1].astype(np.int32))
        for rows in (X[start : start + n_rows] for start in range(0, len(X), n_rows))
    ]


def test_multiplication_by_scaled_presence():
    rng = np.random.default_rng(0)
    X = (rng.random((30, 12)) < 0.2).astype(np.int8)
    X[0], X[:, 0] = 0, 0  # a text without n-grams, an n-gram without texts
    factors = rng.random((30, 1)).astype(np.float32)
    features = features_of(X, factors)
    for n_columns in (1, 2, 77):
        for matrix, multiply in (
            (factors * X, features.multiply),
            ((factors * X).T, features.multiply_transposed),
        ):
            values = rng.normal(size=(matrix.shape[1], n_columns)).astype(np.float32)
            found = multiply(torch.from_numpy(values))
            np.testing.assert_allclose(found, matrix @ values, rtol=0, atol=1e-5)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_fit_equals_logistic_regression_of_scikit_learn(monkeypatch, n_classes):
    monkeypatch.setattr(fit, "MAX_ITERATIONS", 1000)
    monkeypatch.setattr(fit, "TOLERANCE", 1e-7)
    rng = np.random.default_rng(0)
    X = (rng.random((60, 12)) < 0.4).astype(np.float32)
    y = rng.integers(0, n_classes, 60)
    weights = rng.random(60) + 0.5
    objective = PenalizedCrossEntropy(
        features_of(X),
        np.eye(n_classes)[y] * weights[:, None],
        np.ones((12, 2)) * [-1, 1] if n_classes == 2 else np.ones((12, n_classes)),
        np.zeros((12, n_classes)),
        np.zeros(n_classes),
    )
    coefficients, bias = fit_coefficients(objective)
    # scikit-learn fits one column for two classes. Here each of two columns holds half of it, so
    # that the penalty is half as large.
    inverse_penalty = 4.0 * (2 if n_classes == 2 else 1)
    reference = LogisticRegression(C=inverse_penalty, fit_intercept=False, tol=1e-8, max_iter=1000)
    with_ones = np.column_stack([X, np.ones(60)])  # penalises the bias, as `fit_coefficients` does
    reference.fit(with_ones, y, sample_weight=weights)
    expected = reference.predict_log_proba(with_ones)
    found = torch.from_numpy(X @ coefficients + bias).log_softmax(1).numpy()
    np.testing.assert_allclose(found, expected, rtol=0, atol=0.02)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_fit_is_the_minimum_of_the_penalised_loss(monkeypatch, n_classes):
    """All columns are fitted by scipy, from a prior that is not symmetric in the classes."""
    monkeypatch.setattr(fit, "MAX_ITERATIONS", 1000)
    monkeypatch.setattr(fit, "TOLERANCE", 1e-8)
    rng = np.random.default_rng(0)
    X = (rng.random((80, 12)) < 0.4).astype(np.float32)
    factors = rng.random((80, 1)).astype(np.float32)
    targets = rng.dirichlet(np.ones(n_classes), 80) * rng.random((80, 1))
    targets[:10] = 0  # left out
    ratios = rng.normal(size=(12, n_classes))
    if n_classes == 2:
        ratios[:, 1] = -ratios[:, 0]
    prior, prior_bias = rng.normal(size=(12, n_classes)), rng.normal(size=n_classes)

    def loss(point):
        weights = point.reshape(13, n_classes)
        coefficients, bias = prior + ratios * weights[1:], prior_bias + weights[0]
        logits = factors * X @ coefficients + bias
        return (weights**2).sum() / 2 - 4.0 * (targets * log_softmax(logits, 1)).sum()

    weights = minimize(loss, np.zeros(13 * n_classes), tol=1e-10).x.reshape(13, n_classes)
    objective = PenalizedCrossEntropy(features_of(X, factors), targets, ratios, prior, prior_bias)
    coefficients, bias = fit_coefficients(objective)
    np.testing.assert_allclose(coefficients, prior + ratios * weights[1:], rtol=0, atol=5e-3)
    np.testing.assert_allclose(bias, prior_bias + weights[0], rtol=0, atol=5e-3)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_left_out_texts_do_not_change_the_fit(n_classes):
    rng = np.random.default_rng(0)
    X = (rng.random((80, 12)) < 0.4).astype(np.float32)
    targets = np.eye(n_classes)[rng.integers(0, n_classes, 80)]
    targets[:30] = 0
    ratios = rng.normal(size=(12, 1)) * ([-1, 1] if n_classes == 2 else [-1, 1, 2])
    fits = [
        fit_coefficients(
            PenalizedCrossEntropy(
                features_of(X[rows]),
                targets[rows],
                ratios,
                0.1 * ratios,
                np.zeros(n_classes),
            )
        )
        for rows in (slice(80), slice(30, 80))
    ]
    for all_rows, kept_rows in zip(*fits, strict=True):
        np.testing.assert_allclose(all_rows, kept_rows, rtol=0, atol=1e-4)


def convex(seed, n=40):
    """Return an objective with a minimum, and a start."""
    rng = np.random.default_rng(seed)
    A, b = rng.normal(size=(60, n)), rng.normal(size=60)

    def objective(point):
        residuals = A @ point - b
        roots = np.sqrt(1 + residuals**2)
        return roots.sum() + (point**2).sum() / 2, A.T @ (residuals / roots) + point

    return objective, rng.normal(size=n)


def with_tensors(objective):
    """Return the same objective of tensors of float32."""

    def convert(point):
        value, gradient = objective(point.double().numpy())
        return value, torch.from_numpy(gradient).float()

    return convert


@pytest.mark.parametrize("seed", range(10))
def test_the_minimum_is_as_low_as_that_of_scipy(monkeypatch, seed):
    monkeypatch.setattr(fit, "TOLERANCE", 1e-6)
    objective, start = convex(seed)
    options = {"maxiter": MAX_ITERATIONS, "ftol": 1e-6, "maxcor": MEMORY}
    scipys = minimize(objective, start, jac=True, method="L-BFGS-B", options=options).fun
    best = minimize(objective, start, jac=True, method="L-BFGS-B").fun
    end = minimize_lbfgs(with_tensors(objective), torch.from_numpy(start).float())
    ours, _ = objective(end.double().numpy())
    assert ours - best <= max(2 * (scipys - best), 1e-4 * best)


def test_a_minimum_is_left_as_it_is():
    def objective(point):
        return float((point**2).sum()), 2 * point

    end = minimize_lbfgs(objective, torch.zeros(3))
    np.testing.assert_array_equal(end.numpy(), np.zeros(3))


def test_the_sums_do_not_depend_on_the_threads_of_blas():
    rng = np.random.default_rng(0)
    a, b = torch.from_numpy(rng.normal(size=(2, 10**6))).float()
    sums = []
    for n_threads in (1, 4):
        with threadpool_limits(n_threads, user_api="blas"):
            sums.append(dot(a, b))
    assert sums[0] == sums[1] == pytest.approx(float(a.double() @ b.double()), rel=1e-4)
