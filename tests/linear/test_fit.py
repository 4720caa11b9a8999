"""The fit of the linear term, against scikit-learn."""

import numpy as np
import pytest
import torch
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from sklearn_rnn._linear import fit
from sklearn_rnn._linear.fit import PenalizedCrossEntropy, fit_coefficients


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
