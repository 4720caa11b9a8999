"""Fit of the linear term: penalised logistic regression by L-BFGS.

Shapes: n texts, F n-grams, the sentinel row included, C classes.
"""

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import minimize
from scipy.special import log_softmax

from sklearn_rnn._linear.ngrams import FloatArray

# Weight of the loss of a text relative to the penalty: C of scikit-learn's linear classifiers.
INVERSE_PENALTY = 4.0
# The loss hardly falls after about 15 iterations; more than 20 changed little on held-out texts.
MAX_ITERATIONS = 20


class PenalizedCrossEntropy:
    """Cross-entropy with an L2 penalty towards prior coefficients, as an objective for L-BFGS.

    A point is a flat vector: a weight for each n-gram and class, then an offset for each class,
    both scaled. A coefficient is its prior plus its weight times its log-count ratio. A bias is its
    prior plus its offset.

    Parameters
    ----------
    features : CSR array of float32 of shape (n, F)
        The scaled n-grams of the texts, as `scale_rows` returns them.
    targets : ndarray of shape (n, C)
        Smoothed labels times the weights of the texts.
    ratios : ndarray of shape (F, C)
        Log-count ratios.
    prior : ndarray of shape (F, C)
        Prior coefficients.
    prior_bias : ndarray of shape (C,)
        Prior biases.
    """

    def __init__(
        self,
        features: sparse.csr_array,
        targets: FloatArray,
        ratios: FloatArray,
        prior: FloatArray,
        prior_bias: FloatArray,
    ) -> None:
        self.features, self.transposed = features, features.T.tocsr()
        self.targets, self.totals = targets, targets.sum(1, keepdims=True)
        self.ratios, self.prior, self.prior_bias = ratios, prior, prior_bias
        # The curvature is larger along frequent features than along rare ones. The scales make it
        # about equal; without them L-BFGS takes many more iterations.
        shares = targets.sum(0) / targets.sum()
        variances = INVERSE_PENALTY * shares * (1 - shares)
        feature_totals = features.power(2).T @ self.totals
        self.scale = 1 / np.sqrt(1 + variances * ratios**2 * feature_totals)
        self.bias_scale = 1 / np.sqrt(1 + variances * self.totals.sum())

    @property
    def n_dimensions(self) -> int:
        """The number of elements of a point."""
        return self.prior.size + len(self.prior_bias)

    def split(self, point: FloatArray) -> tuple[FloatArray, FloatArray, npt.NDArray[np.float32]]:
        """Return the weights (F, C), the offsets of the biases (C,) and the coefficients (F, C)."""
        n_classes = len(self.prior_bias)
        weights, bias = np.split(point, [-n_classes])
        weights = self.scale * weights.reshape(-1, n_classes)
        coefficients = (self.prior + self.ratios * weights).astype(np.float32)
        return weights, self.bias_scale * bias, coefficients

    def __call__(self, point: FloatArray) -> tuple[float, FloatArray]:
        """Return the objective at a point, and its gradient."""
        weights, bias, coefficients = self.split(point)
        logits = self.features @ coefficients + (self.prior_bias + bias)
        log_probabilities = log_softmax(logits, axis=1)
        loss = -INVERSE_PENALTY * (self.targets * log_probabilities).sum()
        penalty = ((weights**2).sum() + (bias**2).sum()) / 2
        logit_gradient = INVERSE_PENALTY * (self.totals * np.exp(log_probabilities) - self.targets)
        coefficient_gradient = self.transposed @ logit_gradient.astype(np.float32)
        gradient = self.scale * (self.ratios * coefficient_gradient + weights)
        bias_gradient = self.bias_scale * (logit_gradient.sum(0) + bias)
        return loss + penalty, np.append(gradient, bias_gradient)


def fit_coefficients(
    features: sparse.csr_array,
    targets: FloatArray,
    ratios: FloatArray,
    prior: FloatArray,
    prior_bias: FloatArray,
) -> tuple[npt.NDArray[np.float32], FloatArray]:
    """Minimise the cross-entropy with an L2 penalty towards prior coefficients.

    Parameters
    ----------
    features : CSR array of float32 of shape (n, F)
        The scaled n-grams of the texts, as `scale_rows` returns them.
    targets : ndarray of shape (n, C)
        Smoothed labels times the weights of the texts.
    ratios : ndarray of shape (F, C)
        Log-count ratios, by which the weights are multiplied.
    prior : ndarray of shape (F, C)
        Prior coefficients.
    prior_bias : ndarray of shape (C,)
        Prior biases.

    Returns
    -------
    coefficients : ndarray of float32 of shape (F, C)
    bias : ndarray of shape (C,)
    """
    objective = PenalizedCrossEntropy(features, targets, ratios, prior, prior_bias)
    options = {"maxiter": MAX_ITERATIONS, "ftol": 1e-6}
    start = np.zeros(objective.n_dimensions)
    end = minimize(objective, start, jac=True, method="L-BFGS-B", options=options).x
    _, bias, coefficients = objective.split(end)
    return coefficients, prior_bias + bias
