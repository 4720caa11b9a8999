"""Fit of the linear term: penalised logistic regression by L-BFGS.

Shapes: n texts, F rows of the n-gram table (the sentinel row included), C classes.
"""

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import minimize
from scipy.special import log_softmax

from sklearn_rnn._linear.ngrams import FloatArray

# Weight of the loss relative to the L2 penalty: C of scikit-learn's LogisticRegression.
INVERSE_PENALTY = 4.0
# Maximum number of iterations of L-BFGS. The loss hardly falls after about 15 iterations, and more
# than 20 iterations hardly changed the predictions for held-out texts.
MAX_ITERATIONS = 20


class PenalizedCrossEntropy:
    """Cross-entropy with an L2 penalty towards prior coefficients, as an objective for L-BFGS.

    A coefficient is ``prior + weight * ratio``, and a bias is ``prior_bias + offset``. The penalty
    is half the sum of squares of all weights and offsets. The variable of L-BFGS is a point: a flat
    vector of the F * C weights and then the C offsets, each divided by its scale.

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
        # The loss has a larger curvature along frequent features than along rare features. Scales
        # make all curvatures about equal; without scales L-BFGS takes many more iterations.
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
        """Return weights, (F, C), offsets, (C,), and coefficients, (F, C), of a point."""
        n_classes = len(self.prior_bias)
        weights, bias = np.split(point, [-n_classes])
        weights = self.scale * weights.reshape(-1, n_classes)
        coefficients = (self.prior + self.ratios * weights).astype(np.float32)
        return weights, self.bias_scale * bias, coefficients

    def __call__(self, point: FloatArray) -> tuple[float, FloatArray]:
        """Return the objective at a point, and the gradient with respect to the point."""
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
    objective: PenalizedCrossEntropy,
) -> tuple[npt.NDArray[np.float32], FloatArray]:
    """Minimise an objective by L-BFGS, starting from the prior.

    Parameters
    ----------
    objective : PenalizedCrossEntropy
        The objective.

    Returns
    -------
    coefficients : ndarray of float32 of shape (F, C)
        Coefficients of the n-grams.
    bias : ndarray of shape (C,)
        Biases of the classes.
    """
    options = {"maxiter": MAX_ITERATIONS, "ftol": 1e-6}
    start = np.zeros(objective.n_dimensions)
    end = minimize(objective, start, jac=True, method="L-BFGS-B", options=options).x
    _, bias, coefficients = objective.split(end)
    return coefficients, objective.prior_bias + bias
