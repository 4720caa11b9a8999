"""Fit of the linear term: penalised logistic regression by L-BFGS.

Shapes: n texts, F rows of the n-gram table (the sentinel row included), C classes. K is the number
of columns that are fitted: 1 with two classes, otherwise C.
"""

from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from torch import Tensor, nn

from sklearn_rnn._linear.ngrams import FloatArray
from sklearn_rnn._linear.presence import ScaledPresence

# Weight of the loss relative to the L2 penalty: C of scikit-learn's LogisticRegression.
INVERSE_PENALTY = 4.0
# Maximum number of iterations of L-BFGS.
MAX_ITERATIONS = 20
# The fit ends when the expected decrease is below this share of the objective. Expected is half the
# slope, as in Newton's method. Two classes need about 12 iterations: 20 changed the class of 0.3 %
# of the held-out texts, and as many were right.
TOLERANCE = 5e-5
# Iterations whose steps approximate the curvature. With 10 the objective was no lower.
MEMORY = 5
# Limit of the scale of the logits.
LARGEST_SCALE = 4.0
# Smallest decrease that a step must bring, relative to what the gradient promises (Armijo).
SUFFICIENT_DECREASE = 1e-4


class PenalizedCrossEntropy:
    """Cross-entropy with an L2 penalty towards prior coefficients, as an objective for L-BFGS.

    A coefficient is ``prior + weight * ratio``, and a bias is ``prior_bias + offset``. The penalty
    is half the sum of squares of all weights and offsets.

    With two classes, the ratios of one class are the negative ratios of the other. At the minimum,
    both then have the same weights and opposite offsets. Therefore one column is fitted, for the
    difference between both logits, with twice the penalty.

    The variable of L-BFGS is a point: a flat vector of the F * K weights and then the K offsets,
    each divided by its scale.

    Parameters
    ----------
    features : ScaledPresence
        The scaled n-grams of the texts.
    targets : ndarray of shape (n, C)
        Smoothed labels times the weights of the texts. Zero for texts that are left out.
    ratios : ndarray of shape (F, C)
        Log-count ratios, as `class_ratios` returns them.
    prior : ndarray of shape (F, C)
        Prior coefficients.
    prior_bias : ndarray of shape (C,)
        Prior biases.
    """

    def __init__(
        self,
        features: ScaledPresence,
        targets: FloatArray,
        ratios: FloatArray,
        prior: FloatArray,
        prior_bias: FloatArray,
    ) -> None:
        self.features = features
        self.targets, self.ratios, self.prior, self.prior_bias = (
            torch.from_numpy(array).float() for array in (targets, ratios, prior, prior_bias)
        )
        self.totals = self.targets.sum(1, keepdim=True)
        n_classes = len(prior_bias)
        self.bias_ratios = torch.tensor([-1.0, 1.0]) if n_classes == 2 else torch.ones(n_classes)
        # Of the fitted columns:
        self.column_ratios, self.column_prior = to_columns(self.ratios), to_columns(self.prior)
        self.column_bias_ratios = to_columns(self.bias_ratios)
        self.column_prior_bias = to_columns(self.prior_bias)
        self.n_columns = len(self.column_prior_bias)
        self.penalty = n_classes / self.n_columns
        # The loss has a larger curvature along frequent features than along rare features. Scales
        # make all curvatures about equal; without scales L-BFGS takes many more iterations.
        shares = self.targets.sum(0)[-self.n_columns :] / self.totals.sum()
        variances = INVERSE_PENALTY * shares * (1 - shares)
        feature_totals = features.multiply_transposed(features.factors * self.totals)
        curvatures = variances * self.column_ratios**2 * feature_totals
        bias_curvatures = variances * self.column_bias_ratios**2 * self.totals.sum()
        self.scale = (self.penalty + curvatures).rsqrt()
        self.bias_scale = (self.penalty + bias_curvatures).rsqrt()

    @property
    def n_dimensions(self) -> int:
        """The number of elements of a point."""
        return self.column_prior.numel() + self.n_columns

    def split(self, point: Tensor) -> tuple[Tensor, Tensor]:
        """Return the weights, of shape (F, K), and the offsets, of shape (K,), of a point."""
        weights, offsets = point.split([self.column_prior.numel(), self.n_columns])
        return self.scale * weights.view_as(self.scale), self.bias_scale * offsets

    def coefficients(self, point: Tensor) -> tuple[Tensor, Tensor]:
        """Return the coefficients, of shape (F, C), and the biases, of shape (C,), at a point."""
        weights, offsets = self.split(point)
        bias = self.prior_bias + self.bias_ratios * offsets
        return torch.addcmul(self.prior, self.ratios, weights), bias

    def __call__(self, point: Tensor) -> tuple[float, Tensor]:
        """Return the objective at a point, and the gradient with respect to the point."""
        weights, offsets = self.split(point)
        logits = self.features.multiply(
            torch.addcmul(self.column_prior, self.column_ratios, weights)
        )
        logits += self.column_prior_bias + self.column_bias_ratios * offsets
        if self.n_columns == 1:  # the other class has a logit of zero
            logits = nn.functional.pad(logits, (1, 0))
        log_probabilities = logits.log_softmax(1)
        loss = -INVERSE_PENALTY * (self.targets * log_probabilities).sum(dtype=torch.float64)
        penalty = self.penalty / 2 * (weights.square().sum() + offsets.square().sum())
        errors = self.totals * log_probabilities.exp() - self.targets
        logit_gradient = INVERSE_PENALTY * errors[:, -self.n_columns :]
        gradient = torch.empty_like(point)
        of_weights, of_offsets = gradient.split([weights.numel(), self.n_columns])
        of_weights = of_weights.view_as(weights)
        self.features.multiply_transposed(logit_gradient, out=of_weights)
        of_weights.mul_(self.column_ratios).add_(weights, alpha=self.penalty).mul_(self.scale)
        bias_gradient = self.column_bias_ratios * logit_gradient.sum(0) + self.penalty * offsets
        torch.mul(self.bias_scale, bias_gradient, out=of_offsets)
        return float(loss + penalty), gradient


def to_columns(values: Tensor) -> Tensor:
    """Return values of classes, of shape (..., C), as values of the fitted columns, (..., K).

    With two classes the value of the column is the difference between the classes.
    """
    return values.diff(dim=-1) if values.shape[-1] == 2 else values


def fit_coefficients(
    objective: PenalizedCrossEntropy,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Minimise an objective by L-BFGS, starting from the prior.

    Parameters
    ----------
    objective : PenalizedCrossEntropy
        The objective.

    Returns
    -------
    coefficients : ndarray of float32 of shape (F, C)
        Coefficients of the n-grams.
    bias : ndarray of float32 of shape (C,)
        Biases of the classes.
    """
    end = minimize_lbfgs(objective, torch.zeros(objective.n_dimensions))
    coefficients, bias = objective.coefficients(end)
    return coefficients.numpy(), bias.numpy()


def minimize_lbfgs(objective: Callable[[Tensor], tuple[float, Tensor]], start: Tensor) -> Tensor:
    """Minimise a convex objective by L-BFGS (Liu & Nocedal 1989, doi:10.1007/BF01589116).

    scipy's L-BFGS-B calls BLAS, whose sums depend on the number of its threads. This number belongs
    to the process: a fit cannot set it without a change for all other threads.

    Parameters
    ----------
    objective : callable
        Returns the value and the gradient, of shape (n,), at a point of shape (n,).
    start : Tensor of shape (n,)
        The first point. It may be overwritten.

    Returns
    -------
    end : Tensor of shape (n,)
        The last point.
    """
    point, (value, gradient) = start, objective(start)
    direction, trial = torch.empty_like(start), torch.empty_like(start)
    steps = RecentSteps(len(start))
    for _ in range(MAX_ITERATIONS):
        steps.apply_inverse_hessian(gradient, out=direction).neg_()
        slope = dot(gradient, direction)
        if -slope / 2 <= TOLERANCE * max(abs(value), 1):
            break
        largest = float(direction.abs().max())
        size = 1.0 if steps.order else 1 / max(1.0, np.sqrt(-slope))
        while True:
            torch.mul(direction, size, out=steps.next_step)
            new_value, new_gradient = objective(torch.add(point, steps.next_step, out=trial))
            if new_value <= value + SUFFICIENT_DECREASE * size * slope:
                break
            if size * largest < 1e-12:  # the decrease is below rounding errors
                return point
            # The minimum of the parabola with the slope at the point and both values.
            minimum = -slope * size**2 / (2 * (new_value - value - slope * size))
            size = min(max(minimum, 0.1 * size), 0.5 * size)
        torch.sub(new_gradient, gradient, out=steps.next_change)
        steps.add_next()
        point, trial, value, gradient = trial, point, new_value, new_gradient
    return point


class RecentSteps:
    """The last steps of L-BFGS, from which it approximates the inverse of the Hessian.

    They are rows of one matrix, because separate vectors left gaps in the heap as large as they.

    Parameters
    ----------
    n_dimensions : int
        The number of elements of a step.

    Attributes
    ----------
    order : deque of int
        The rows of the steps in `steps` and `changes`, the earliest first.
    curvatures : list of float
        The dot product of each step with the change of the gradient, by row.
    """

    def __init__(self, n_dimensions: int) -> None:
        # One row more, for the step that may be added.
        self.steps, self.changes = torch.empty(2, MEMORY + 1, n_dimensions)
        self.curvatures = [0.0] * (MEMORY + 1)
        self.order: deque[int] = deque(maxlen=MEMORY)
        self.free = 0

    @property
    def next_step(self) -> Tensor:
        """The step that `add_next` adds, to be written."""
        return self.steps[self.free]

    @property
    def next_change(self) -> Tensor:
        """The change of the gradient over this step, to be written."""
        return self.changes[self.free]

    def add_next(self) -> None:
        """Add the step that has been written, unless the gradient fell along it."""
        self.curvatures[self.free] = dot(self.next_step, self.next_change)
        if self.curvatures[self.free] > 0:
            self.order.append(self.free)
            self.free = next(row for row in range(MEMORY + 1) if row not in self.order)

    def apply_inverse_hessian(self, gradient: Tensor, out: Tensor) -> Tensor:
        """Multiply a gradient by the inverse of the Hessian."""
        result = out.copy_(gradient)
        weights = []
        for row in reversed(self.order):
            weights.append(dot(self.steps[row], result) / self.curvatures[row])
            result.add_(self.changes[row], alpha=-weights[-1])
        if self.order:
            row = self.order[-1]
            result *= self.curvatures[row] / dot(self.changes[row], self.changes[row])
        for row, weight in zip(self.order, reversed(weights), strict=True):
            scale = weight - dot(self.changes[row], result) / self.curvatures[row]
            result.add_(self.steps[row], alpha=scale)
        return result


def dot(a: Tensor, b: Tensor) -> float:
    """Return the dot product, without BLAS."""
    return float(np.einsum("i,i", a.numpy(), b.numpy()))


def fit_scale(
    logits: npt.NDArray[np.floating[Any]], targets: npt.NDArray[np.floating[Any]]
) -> np.float32:
    """Fit the factor of out-of-fold logits that minimises their cross-entropy.

    The L2 penalty makes the probabilities of few texts less extreme than they should be. The factor
    is the inverse of a temperature (Guo et al. 2017, arXiv:1706.04599).

    Parameters
    ----------
    logits : ndarray of shape (n, C)
        Out-of-fold logits.
    targets : ndarray of shape (n, C)
        As in `FitData`.

    Returns
    -------
    scale : float32
        Between ``1 / LARGEST_SCALE`` and `LARGEST_SCALE`.
    """

    def cross_entropy(log_scale: float) -> float:
        return -float((targets * log_softmax(np.exp(log_scale) * logits, axis=1)).sum())

    bound = np.log(LARGEST_SCALE)
    return np.float32(np.exp(minimize_scalar(cross_entropy, bounds=(-bound, bound)).x))
