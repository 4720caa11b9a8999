"""Fit of the linear term: penalised logistic regression by L-BFGS.

Shapes: n texts, F rows of the n-gram table (the sentinel row included), C classes.
"""

from collections import deque
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.special import log_softmax

from sklearn_rnn._linear.ngrams import FloatArray

# Weight of the loss relative to the L2 penalty: C of scikit-learn's LogisticRegression.
INVERSE_PENALTY = 4.0
# Maximum number of iterations of L-BFGS. The loss hardly falls after about 15 iterations, and more
# than 20 iterations hardly changed the predictions for held-out texts.
MAX_ITERATIONS = 20
# Smallest relative decrease of the objective in an iteration; a smaller one ends the fit.
TOLERANCE = 1e-6
MEMORY = 10  # iterations whose steps approximate the curvature
# Smallest decrease that a step must bring, relative to what the gradient promises (Armijo).
SUFFICIENT_DECREASE = 1e-4


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
    end = minimize_lbfgs(objective, np.zeros(objective.n_dimensions))
    _, bias, coefficients = objective.split(end)
    return coefficients, objective.prior_bias + bias


def minimize_lbfgs(
    objective: Callable[[FloatArray], tuple[float, FloatArray]], start: FloatArray
) -> FloatArray:
    """Minimise a convex objective by L-BFGS (Liu & Nocedal 1989, doi:10.1007/BF01589116).

    scipy's L-BFGS-B calls BLAS, whose sums depend on the number of its threads. This number belongs
    to the process: a fit cannot set it without a change for all other threads.

    Parameters
    ----------
    objective : callable
        Returns the value and the gradient, of shape (n,), at a point of shape (n,).
    start : ndarray of shape (n,)
        The first point.

    Returns
    -------
    end : ndarray of shape (n,)
        The last point.
    """
    point, (value, gradient) = start, objective(start)
    steps: deque[tuple[FloatArray, FloatArray, float]] = deque(maxlen=MEMORY)
    for _ in range(MAX_ITERATIONS):
        direction = -apply_inverse_hessian(gradient, steps)
        slope = dot(gradient, direction)
        size = 1.0 if steps else 1 / max(1.0, np.sqrt(-slope))
        while True:
            step = size * direction
            new_value, new_gradient = objective(point + step)
            if new_value <= value + SUFFICIENT_DECREASE * size * slope:
                break
            if size * np.abs(direction).max() < 1e-12:  # the decrease is below rounding errors
                return point
            # The minimum of the parabola with the slope at the point and both values.
            minimum = -slope * size**2 / (2 * (new_value - value - slope * size))
            size = min(max(minimum, 0.1 * size), 0.5 * size)
        decrease = (value - new_value) / max(abs(value), abs(new_value), 1)
        change = new_gradient - gradient
        curvature = dot(step, change)
        if curvature > 0:
            steps.append((step, change, curvature))
        point, value, gradient = point + step, new_value, new_gradient
        if decrease <= TOLERANCE:
            break
    return point


def apply_inverse_hessian(
    gradient: FloatArray, steps: deque[tuple[FloatArray, FloatArray, float]]
) -> FloatArray:
    """Multiply a gradient by the inverse of the Hessian, approximated from recent steps.

    A step is a triple: the step, the change of the gradient, and their dot product.
    """
    result = gradient.copy()
    weights = []
    for step, change, curvature in reversed(steps):
        weights.append(dot(step, result) / curvature)
        result -= weights[-1] * change
    if steps:
        _, change, curvature = steps[-1]
        result *= curvature / dot(change, change)
    for (step, change, curvature), weight in zip(steps, reversed(weights), strict=True):
        result += (weight - dot(change, result) / curvature) * step
    return result


def dot(a: FloatArray, b: FloatArray) -> float:
    """Return the dot product, without BLAS."""
    return float(np.einsum("i,i", a, b))
