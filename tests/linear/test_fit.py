"""The fit of the linear term, against scikit-learn."""

import numpy as np
import pytest
import torch
from scipy import sparse
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from sklearn_rnn._linear import fit
from sklearn_rnn._linear.fit import (
    MAX_ITERATIONS,
    TOLERANCE,
    PenalizedCrossEntropy,
    dot,
    fit_coefficients,
    minimize_lbfgs,
)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_fit_equals_logistic_regression_of_scikit_learn(monkeypatch, n_classes):
    monkeypatch.setattr(fit, "MAX_ITERATIONS", 1000)
    rng = np.random.default_rng(0)
    X = (rng.random((60, 12)) < 0.4).astype(np.float32)
    y = rng.integers(0, n_classes, 60)
    weights = rng.random(60) + 0.5
    objective = PenalizedCrossEntropy(
        sparse.csr_array(X),
        np.eye(n_classes)[y] * weights[:, None],
        np.ones((12, n_classes)),
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


def convex(seed, n=40):
    """Return an objective with a minimum, and a start."""
    rng = np.random.default_rng(seed)
    A, b = rng.normal(size=(60, n)), rng.normal(size=60)

    def objective(point):
        residuals = A @ point - b
        roots = np.sqrt(1 + residuals**2)
        return roots.sum() + (point**2).sum() / 2, A.T @ (residuals / roots) + point

    return objective, rng.normal(size=n)


@pytest.mark.parametrize("seed", range(10))
def test_the_minimum_is_as_low_as_that_of_scipy(seed):
    objective, start = convex(seed)
    options = {"maxiter": MAX_ITERATIONS, "ftol": TOLERANCE}
    scipys = minimize(objective, start, jac=True, method="L-BFGS-B", options=options).fun
    best = minimize(objective, start, jac=True, method="L-BFGS-B").fun
    ours, _ = objective(minimize_lbfgs(objective, start))
    assert ours - best <= max(2 * (scipys - best), 1e-4 * best)


def test_a_minimum_is_left_as_it_is():
    def objective(point):
        return float((point**2).sum()), 2 * point

    np.testing.assert_array_equal(minimize_lbfgs(objective, np.zeros(3)), np.zeros(3))


def test_the_sums_do_not_depend_on_the_threads_of_blas():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 10**6))
    sums = []
    for n_threads in (1, 4):
        with threadpool_limits(n_threads, user_api="blas"):
            sums.append(dot(a, b))
    assert sums[0] == sums[1] == pytest.approx(a @ b)
