"""Cross-fitting of the linear term: a fit to all texts, and out-of-fold predictions for each text.

Shapes: n texts, F rows of the n-gram table (the sentinel row included), C classes.
"""

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from scipy import sparse
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from sklearn_rnn._ids import IdArray
from sklearn_rnn._linear.fit import (
    PenalizedCrossEntropy,
    Presence,
    ScaledPresence,
    fit_coefficients,
)
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
TEXTS_PER_CLASS = 50  # with fewer texts per class, on average, there are no folds
# The prior coefficients of a new n-gram are this number times its log-count ratios.
INITIAL_WEIGHT = 0.15
LARGEST_SCALE = 4.0  # of the logits of the linear term
# From this number of classes on, the logits are not scaled. On 500 reviews of two classes the scale
# lowered the calibration error of the whole model from 0.10 to 0.03. With the 77 classes of
# banking77 the network learned less from scaled logits: its accuracy on held-out texts was 0.904
# instead of 0.911.
MANY_CLASSES = 10


class CrossFit(NamedTuple):
    """Out-of-fold predictions and coefficients of a linear term.

    Parameters
    ----------
    folds : ndarray of int of shape (n,)
        The fold of each text.
    logits : ndarray of float32 of shape (n, C)
        Logits of each text, from the fit that left out the fold of the text.
    coefficients : ndarray of float32 of shape (n_folds, F, C)
        For each fold, the coefficients of the fit that left out this fold.

    Notes
    -----
    With too few texts for folds, n_folds is 1, all texts are in fold 0, and the logits and
    coefficients come from the fit to all texts.
    """

    folds: IntArray
    logits: npt.NDArray[np.float32]
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
        Coefficients of the n-grams; zeros in the sentinel row.
    bias : ndarray of float32 of shape (C,)
        Biases of the classes.
    logits : ndarray of float32 of shape (n, C)
        Logits of all texts, including the texts that were left out of the fit.
    """

    coefficients: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]
    logits: npt.NDArray[np.float32]


@dataclass(frozen=True)
class FitData:
    """The data and the prior of the fits of a linear term.

    Parameters
    ----------
    presence : Presence
        The n-grams of each text.
    label_counts : ndarray of shape (n, C)
        One-hot labels times `text_counts`.
    targets : ndarray of shape (n, C)
        Smoothed labels times the weights of the texts; the weights are scaled to a mean of 1.
    counts : ndarray of shape (F, C)
        For each n-gram and class, the sum of `text_counts` over the texts of the class that contain
        the n-gram. May include texts of earlier training, see `LinearTerm.count`.
    is_new : ndarray of bool of shape (F, 1)
        True for n-grams that are fitted from scratch, see `LinearTerm.count`.
    coefficients : ndarray of shape (F, C)
        Coefficients of earlier training: the prior of the n-grams that are not new.
    bias : ndarray of shape (C,)
        Prior biases.
    """

    presence: Presence
    label_counts: FloatArray
    targets: FloatArray
    counts: FloatArray
    is_new: npt.NDArray[np.bool_]
    coefficients: FloatArray
    bias: FloatArray

    def fit(self, is_out: npt.NDArray[np.bool_]) -> LinearFit:
        """Fit to the texts where `is_out`, of shape (n,), is False; predict logits of all texts."""
        left_out = torch.from_numpy(self.label_counts * is_out[:, None]).float()
        counts = self.counts - self.presence.multiply_transposed(left_out).numpy()
        ratios = class_ratios(counts.clip(min=0))
        prior = np.where(self.is_new, INITIAL_WEIGHT * ratios, self.coefficients)
        features = scale_rows(self.presence, (ratios != 0).any(1) | (prior != 0).any(1))
        targets = self.targets * ~is_out[:, None]
        objective = PenalizedCrossEntropy(features, targets, ratios, prior, self.bias)
        coefficients, bias = fit_coefficients(objective)
        logits = features.multiply(torch.from_numpy(coefficients)).numpy() + bias
        return LinearFit(coefficients, bias, logits)


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
    """Fit a linear term to texts, and compute out-of-fold predictions for the same texts.

    The coefficient of a new n-gram is a learned weight times its log-count ratio. Equal weights
    would give naive Bayes; learned weights give a logistic regression similar to NBSVM
    (Wang & Manning 2012, aclanthology.org/P12-2018).

    The term is fitted once to all texts, and once for each of `N_FOLDS` folds to the texts outside
    the fold. The network is trained with the out-of-fold predictions, which behave like predictions
    on unseen texts: this is stacking (Wolpert 1992, doi:10.1016/S0893-6080(05)80023-1). The fit to
    all texts classifies nearly all of them correctly, and would leave the network nothing to learn.
    With folds and fewer than `MANY_CLASSES` classes, all logits are scaled by `fit_scale`.

    Parameters
    ----------
    term : LinearTerm
        The term, which is fitted in place.
    ids : ndarray of int32 of shape (n, max_length)
        Right-padded ids.
    labels : ndarray of int of shape (n,)
        Class indices.
    weights : ndarray of float of shape (n,)
        Weights of the texts in the loss, above 0. Only their ratios matter.
    accumulate : bool
        True adds the counts of these texts to the counts of earlier training; the coefficients and
        biases of earlier training are the prior. False counts and fits the n-grams that
        `count_ngrams` finds in these texts from scratch; the other n-grams of the term keep their
        counts, and their coefficients are the prior. With False, the prior biases are zero.
    label_smoothing : float
        Share of each text's target probability that is spread evenly over all classes.
    rng : numpy.random.Generator
        Draws the folds.
    parallel_map : callable
        A function like ``map`` that returns a list. It may compute the fits in parallel.

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
        presence=Presence.from_matrix(presence_matrix(fitted, blocks), n_classes),
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
    whole, *others = parallel_map(data.fit, left_out)
    fits = others or [whole]
    logits = np.stack([fit.logits for fit in fits])[folds, np.arange(len(ids))]
    coefficients = np.stack([fit.coefficients for fit in fits])
    is_scaled = others and n_classes < MANY_CLASSES
    scale = fit_scale(logits, data.targets) if is_scaled else np.float32(1)
    fitted.coefficients = torch.from_numpy(whole.coefficients * scale)
    fitted.bias = torch.from_numpy(whole.bias * scale)
    term.load_state_dict(fitted.state_dict())
    return CrossFit(folds, logits * scale, coefficients * scale)


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


def smooth_labels(labels: IntArray, n_classes: int, label_smoothing: float) -> FloatArray:
    """Return the target probabilities of the texts, of shape (n, C)."""
    return np.eye(n_classes)[labels] * (1 - label_smoothing) + label_smoothing / n_classes


def draw_folds(labels: IntArray, rng: np.random.Generator) -> tuple[IntArray, int]:
    """Draw the folds of a stratified split.

    With fewer than `TEXTS_PER_CLASS` texts per class, on average, there are no folds: a fit to a
    part of so few texts misclassifies most of the texts that it leaves out, and the network would
    learn to contradict the linear term.

    Parameters
    ----------
    labels : ndarray of int of shape (n,)
        Class indices.
    rng : numpy.random.Generator
        Shuffles the texts.

    Returns
    -------
    folds : ndarray of int of shape (n,)
        The fold of each text. Zeros if there are no folds.
    n_folds : int
        `N_FOLDS`; 0 if there are no folds.
    """
    if len(labels) < TEXTS_PER_CLASS * len(np.unique(labels)):
        return np.zeros(len(labels), dtype=np.int64), 0
    shuffled = rng.permutation(len(labels))
    by_label = shuffled[np.argsort(labels[shuffled], kind="stable")]
    folds = np.empty(len(labels), dtype=np.int64)
    folds[by_label] = np.arange(len(labels)) % N_FOLDS
    return folds, N_FOLDS


def presence_matrix(term: LinearTerm, blocks: list[NgramBlock]) -> sparse.csr_array:
    """Return a binary matrix that is 1 where a text contains an n-gram of a linear term.

    Parameters
    ----------
    term : LinearTerm
        The linear term, on the CPU.
    blocks : list of NgramBlock
        The n-grams of the texts, as `extract_ngrams` returns them.

    Returns
    -------
    presence : CSR array of float32 of shape (n, F)
        The first column belongs to the sentinel row of the term, and is zero.
    """
    matrices = []
    for block in blocks:
        # int32 halves the memory, and multiplication is faster.
        columns, texts = term.find(block.keys).int().numpy(), block.texts().int().numpy()
        is_known = columns > 0
        ones = np.ones(np.count_nonzero(is_known), dtype=np.float32)
        entries = ones, (texts[is_known], columns[is_known])
        shape = len(block.n_ngrams), len(term.keys)
        matrices.append(sparse.csr_array(entries, shape))
    return sparse.vstack(matrices, format="csr")


def class_ratios(counts: FloatArray) -> FloatArray:
    """Return the log-count ratios of each class against all other classes.

    Parameters
    ----------
    counts : ndarray of shape (F, C)
        Counts of each n-gram in each class, as in `FitData`. The first row is the sentinel row.

    Returns
    -------
    ratios : ndarray of shape (F, C)
        0 in the sentinel row, and for n-grams with a total count below `MIN_TEXTS`.
    """
    totals = counts.sum(1, keepdims=True)
    is_counted = totals > MIN_TEXTS - 0.001  # the sums have rounding errors
    return np.where(is_counted, log_count_ratios(counts, totals - counts), 0)


def scale_rows(presence: Presence, is_known: npt.NDArray[np.bool_]) -> ScaledPresence:
    """Divide the row of each text by the square root of its number of known n-grams.

    `is_known`, of shape (F,), is True for known n-grams. A row without known n-grams stays.
    """
    n_known = presence.multiply(torch.from_numpy(is_known).float()[:, None])
    return ScaledPresence(presence, n_known.clamp_(min=1).rsqrt_())
