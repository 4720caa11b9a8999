"""Fit of the linear term: penalised logistic regression by L-BFGS, to all texts and out-of-fold.

Shapes: n texts, F n-grams, C classes.
"""

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from scipy import sparse
from scipy.optimize import minimize
from scipy.special import log_softmax
from threadpoolctl import threadpool_limits

from sklearn_rnn._ids import IdArray
from sklearn_rnn._linear.log_count_ratio import log_count_ratios
from sklearn_rnn._linear.ngrams import (
    MIN_TEXTS,
    FloatArray,
    IntArray,
    NgramBlock,
    count_ngrams,
    extract_ngrams,
    text_counts,
)
from sklearn_rnn._linear.term import LinearTerm

N_FOLDS = 5
TEXTS_PER_CLASS = 50  # below this there are no folds
# Weight of the loss of a text relative to the penalty: C of scikit-learn's linear classifiers.
INVERSE_PENALTY = 4.0
# Prior weight of a log-count ratio, for n-grams without coefficients.
INITIAL_WEIGHT = 0.15
# The loss hardly falls after some fifteen; more of them changed little on held-out texts.
MAX_ITERATIONS = 20


class CrossFit(NamedTuple):
    """Out-of-fold predictions and coefficients of a linear term.

    Parameters
    ----------
    folds : ndarray of int of shape (n,)
        The fold of each text.
    logits : ndarray of shape (n, C)
        Of each text, from the fit to the texts of the other folds.
    coefficients : ndarray of float32 of shape (n_folds, F, C)
        Of these fits; of the fit to all texts, with n_folds = 1, if they are too few for folds.
    """

    folds: IntArray
    logits: FloatArray
    coefficients: npt.NDArray[np.float32]

    @property
    def has_folds(self) -> bool:
        """Whether there were enough texts for folds."""
        return len(self.coefficients) > 1


class LinearFit(NamedTuple):
    """The result of one fit.

    Parameters
    ----------
    coefficients : ndarray of float32 of shape (F, C)
        Of the n-grams.
    bias : ndarray of shape (C,)
        Of the classes.
    logits : ndarray of shape (n, C)
        Of all texts, those that were left out of the fit included.
    """

    coefficients: npt.NDArray[np.float32]
    bias: FloatArray
    logits: FloatArray


@dataclass(frozen=True)
class FitData:
    """The data and the prior of the fits of a linear term.

    Parameters
    ----------
    presence : CSR array of float32 of shape (n, F)
        1 where a text has an n-gram, else 0.
    label_counts : ndarray of shape (n, C)
        In the column of its class, as how many texts each text counts.
    targets : ndarray of shape (n, C)
        Smoothed labels times the weights of the texts.
    counts : ndarray of shape (F, C)
        Number of texts of each class that have an n-gram, those of earlier training included.
    is_new : ndarray of bool of shape (F, 1)
        Whether an n-gram has no coefficients to start from.
    coefficients : ndarray of shape (F, C)
        Of earlier training; the prior of n-grams that are not new.
    bias : ndarray of shape (C,)
        Prior of the biases.
    """

    presence: sparse.csr_array
    label_counts: FloatArray
    targets: FloatArray
    counts: FloatArray
    is_new: npt.NDArray[np.bool_]
    coefficients: FloatArray
    bias: FloatArray

    def fit(self, is_out: npt.NDArray[np.bool_]) -> LinearFit:
        """Fit to all texts but those where `is_out`, of shape (n,), is True."""
        counts = (self.counts - self.presence[is_out].T @ self.label_counts[is_out]).clip(min=0)
        ratios = class_ratios(counts)
        prior = np.where(self.is_new, INITIAL_WEIGHT * ratios, self.coefficients)
        features = scale_rows(self.presence, (ratios != 0).any(1) | (prior != 0).any(1))
        coefficients, bias = fit_coefficients(
            features[~is_out], self.targets[~is_out], ratios, prior, self.bias
        )
        return LinearFit(coefficients, bias, features @ coefficients + bias)


def learn_linear_term(
    term: LinearTerm,
    ids: IdArray,
    labels: IntArray,
    weights: FloatArray,
    *,
    accumulate: bool,
    label_smoothing: float,
    rng: np.random.Generator,
    parallel_map: Callable[[Callable[..., LinearFit], Iterable[Any]], list[LinearFit]],
) -> CrossFit:
    """Fit a linear term to texts, and compute out-of-fold predictions for them.

    The coefficient of an n-gram is a learned weight times its log-count ratio. With equal weights
    this is naive Bayes, with learned ones NBSVM (Wang & Manning 2012, aclanthology.org/P12-2018).

    The term is fitted once to all texts, and once to the texts outside each of `N_FOLDS` folds.
    Out-of-fold predictions behave like predictions on unseen texts. The fit to all texts classifies
    nearly all of them correctly, which would leave nothing to learn for a network that is added to
    it. This is stacking (Wolpert 1992, doi:10.1016/S0893-6080(05)80023-1).

    Parameters
    ----------
    term : LinearTerm
        Is fitted.
    ids : ndarray of int32 of shape (n, max_length)
        Right-padded ids.
    labels : ndarray of int of shape (n,)
        Class indices.
    weights : ndarray of float of shape (n,)
        Weights of the texts in the loss; only their ratios matter.
    accumulate : bool
        Whether to add to the counts of earlier training, with its coefficients as prior. If not,
        the n-grams of the texts are counted and fitted anew, and those of earlier texts are kept.
    label_smoothing : float
        Share of each label that is spread over all classes.
    rng : numpy.random.Generator
        Draws the folds.
    parallel_map : callable
        As ``map``, but returns a list; computes the fits, in parallel if it can.

    Returns
    -------
    cross_fit : CrossFit
    """
    n_classes = len(term.bias)
    fitted = copy.deepcopy(term).cpu()
    blocks = extract_ngrams(ids, term.longest)
    counts = count_ngrams(blocks, labels, weights, n_classes=n_classes)
    is_new = fitted.count(*counts, accumulate=accumulate)
    targets = smooth_labels(labels, n_classes, label_smoothing)
    data = FitData(
        presence=presence_matrix(fitted, blocks),
        label_counts=np.eye(n_classes)[labels] * text_counts(labels, weights)[:, None],
        targets=targets * (weights[:, None] / weights.mean()),
        counts=fitted.counts.double().numpy(),
        is_new=is_new.numpy()[:, None],
        coefficients=fitted.coefficients.double().numpy(),
        bias=fitted.bias.double().numpy() if accumulate else np.zeros(n_classes),
    )
    del blocks  # as large as the presence matrix
    folds, n_folds = draw_folds(labels, rng)
    left_out = [np.zeros(len(ids), dtype=bool), *(folds == fold for fold in range(n_folds))]
    with threadpool_limits(1, user_api="blas"):  # whose sums depend on the number of threads
        whole, *others = parallel_map(data.fit, left_out)
    fitted.coefficients = torch.from_numpy(whole.coefficients)
    fitted.bias = torch.from_numpy(whole.bias).float()
    term.load_state_dict(fitted.state_dict())
    fits = others or [whole]
    logits = np.stack([fit.logits for fit in fits])[folds, np.arange(len(ids))]
    return CrossFit(folds, logits, np.stack([fit.coefficients for fit in fits]))


def smooth_labels(labels: IntArray, n_classes: int, label_smoothing: float) -> FloatArray:
    """Return the target probabilities of each text, of shape (n, C)."""
    return np.eye(n_classes)[labels] * (1 - label_smoothing) + label_smoothing / n_classes


def draw_folds(labels: IntArray, rng: np.random.Generator) -> tuple[IntArray, int]:
    """Draw the folds of a stratified split.

    With fewer texts than `TEXTS_PER_CLASS` times the classes there are no folds. Fits to a part of
    so few texts misclassify the others more often than not, and the network would learn to distrust
    the linear term.

    Parameters
    ----------
    labels : ndarray of int of shape (n,)
        Class indices.
    rng : numpy.random.Generator
        Shuffles the texts.

    Returns
    -------
    folds : ndarray of int of shape (n,)
        The fold of each text; zeros if there are none.
    n_folds : int
        `N_FOLDS`, or 0.
    """
    if len(labels) < TEXTS_PER_CLASS * len(np.unique(labels)):
        return np.zeros(len(labels), dtype=np.int64), 0
    shuffled = rng.permutation(len(labels))
    by_label = shuffled[np.argsort(labels[shuffled], kind="stable")]
    folds = np.empty(len(labels), dtype=np.int64)
    folds[by_label] = np.arange(len(labels)) % N_FOLDS
    return folds, N_FOLDS


def presence_matrix(term: LinearTerm, blocks: list[NgramBlock]) -> sparse.csr_array:
    """Return which n-grams of a term each text has.

    Parameters
    ----------
    term : LinearTerm
        On the CPU.
    blocks : list of NgramBlock
        The n-grams of the texts, as `extract_ngrams` returns them.

    Returns
    -------
    presence : CSR array of float32 of shape (n, F)
        Of 0 and 1; the first column is that of the sentinel row, and empty.
    """
    matrices = []
    for block in blocks:
        columns, texts = term.find(block.keys).numpy(), block.texts().numpy()
        is_known = columns > 0
        ones = np.ones(np.count_nonzero(is_known), dtype=np.float32)
        entries = ones, (texts[is_known], columns[is_known])
        shape = len(block.n_ngrams), len(term.keys)
        matrices.append(sparse.csr_array(entries, shape))
    return sparse.vstack(matrices, format="csr")


def class_ratios(counts: FloatArray) -> FloatArray:
    """Return the log-count ratios of each class against all others.

    Parameters
    ----------
    counts : ndarray of shape (F, C)
        How many texts of each class have each n-gram; the first row is the sentinel row.

    Returns
    -------
    ratios : ndarray of shape (F, C)
        0 in the sentinel row, and for n-grams of fewer than `MIN_TEXTS` texts.
    """
    totals = counts.sum(1, keepdims=True)
    is_counted = totals > MIN_TEXTS - 0.001  # weights may sum to a bit less
    return np.where(is_counted, log_count_ratios(counts, totals - counts), 0)


def scale_rows(presence: sparse.csr_array, is_known: npt.NDArray[np.bool_]) -> sparse.csr_array:
    """Divide the row of each text by the square root of how many known n-grams it has."""
    n_known = presence @ is_known.astype(np.float32)
    return sparse.diags_array(1 / np.sqrt(np.maximum(n_known, 1)), dtype=np.float32) @ presence


class PenalizedCrossEntropy:
    """Cross-entropy with an L2 penalty towards prior coefficients, as a function for L-BFGS.

    Its point holds a weight for each n-gram and class, by which the coefficient differs from its
    prior in units of the log-count ratio, and then a bias for each class; both are scaled.

    Parameters
    ----------
    features : CSR array of float32 of shape (n, F)
        Of the texts.
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
        self.targets, self.masses = targets, targets.sum(1, keepdims=True)
        self.ratios, self.prior, self.prior_bias = ratios, prior, prior_bias
        # The curvature along frequent features is larger than along rare ones. At these scales it
        # is about the same; without them L-BFGS takes many more iterations.
        shares = targets.sum(0) / targets.sum()
        variances = INVERSE_PENALTY * shares * (1 - shares)
        feature_masses = features.power(2).T @ self.masses
        self.scale = 1 / np.sqrt(1 + variances * ratios**2 * feature_masses)
        self.bias_scale = 1 / np.sqrt(1 + variances * self.masses.sum())

    @property
    def n_dimensions(self) -> int:
        """The size of a point."""
        return self.prior.size + len(self.prior_bias)

    def split(self, point: FloatArray) -> tuple[FloatArray, FloatArray, npt.NDArray[np.float32]]:
        """Return the weights (F, C), the biases less their prior (C,) and the coefficients."""
        n_classes = len(self.prior_bias)
        weights, bias = np.split(point, [-n_classes])
        weights = self.scale * weights.reshape(-1, n_classes)
        coefficients = (self.prior + self.ratios * weights).astype(np.float32)
        return weights, self.bias_scale * bias, coefficients

    def __call__(self, point: FloatArray) -> tuple[float, FloatArray]:
        """Return the value at a point, and the gradient there."""
        weights, bias, coefficients = self.split(point)
        logits = self.features @ coefficients + (self.prior_bias + bias)
        log_probabilities = log_softmax(logits, axis=1)
        loss = -INVERSE_PENALTY * (self.targets * log_probabilities).sum()
        penalty = ((weights**2).sum() + (bias**2).sum()) / 2
        logit_gradient = INVERSE_PENALTY * (self.masses * np.exp(log_probabilities) - self.targets)
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
        Of the texts.
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
