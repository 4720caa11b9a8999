"""Cross-fitting of the linear term: a fit to all texts, and out-of-fold predictions for each text.

Shapes: n texts, S texts that the coefficients are fitted to, F rows of the n-gram table (the
sentinel row included), C classes.
"""

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from sklearn_rnn._ids import IdMatrix
from sklearn_rnn._linear.fit import PenalizedCrossEntropy, fit_coefficients, fit_scale
from sklearn_rnn._linear.heap import trim_heaps
from sklearn_rnn._linear.log_count_ratio import log_count_ratios
from sklearn_rnn._linear.ngrams import (
    MIN_TEXTS,
    FloatArray,
    IntArray,
    ParallelMap,
    count_ngrams,
    extract_ngrams,
    limit_keys,
    text_counts,
)
from sklearn_rnn._linear.presence import KnownBlock, Presence, ScaledPresence, find_known
from sklearn_rnn._linear.term import LinearTerm, find_rows

N_FOLDS = 5
TEXTS_PER_CLASS = 50  # with fewer texts per class, on average, there are no folds
# The prior coefficients of a new n-gram are this number times its log-count ratios.
INITIAL_WEIGHT = 0.15
# From this number of classes on, the logits are not scaled. On 500 reviews of two classes the scale
# lowered the calibration error of the whole model from 0.10 to 0.03. With the 77 classes of
# banking77 the network learned less from scaled logits: its accuracy on held-out texts was 0.904
# instead of 0.911.
MANY_CLASSES = 10

# Limits of memory, which only large corpora reach. A coefficient takes about 100 bytes in a fit, an
# n-gram of a text 8 bytes.
MAX_COEFFICIENTS = 2**23  # of a fit: n-grams times classes
MAX_NGRAMS = 2**25  # of all texts that the coefficients are fitted to: 134,000 reviews of IMDB
# With more coefficients a fit is computed in parallel, with fewer the fits are.
MAX_COEFFICIENTS_IN_PARALLEL = 2**20

Divide: TypeAlias = Callable[[Callable[..., Any]], ParallelMap]


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
    is_known : ndarray of bool of shape (F,)
        True for n-grams that have a coefficient.
    """

    coefficients: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]
    is_known: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class FitData:
    """The data and the prior of the fits of a linear term.

    Parameters
    ----------
    presence : Presence
        The n-grams of each of the S texts.
    targets : ndarray of shape (S, C)
        Smoothed labels times the weights of the texts; the weights are scaled to a mean of 1.
    folds : ndarray of int of shape (S,)
        The fold of each text.
    counts : ndarray of float32 of shape (F, C)
        For each n-gram and class, the sum of `text_counts` over all texts of the class that contain
        the n-gram. May include texts of earlier training, see `LinearTerm.count`.
    fold_counts : ndarray of float32 of shape (n_folds, F, C)
        The same for the texts of each fold.
    is_new : ndarray of bool of shape (F, 1)
        True for n-grams that are fitted from scratch, see `LinearTerm.count`.
    coefficients : ndarray of float32 of shape (F, C)
        Coefficients of earlier training: the prior of the n-grams that are not new.
    bias : ndarray of shape (C,)
        Prior biases.
    """

    presence: Presence
    targets: FloatArray
    folds: IntArray
    counts: npt.NDArray[np.float32]
    fold_counts: npt.NDArray[np.float32]
    is_new: npt.NDArray[np.bool_]
    coefficients: npt.NDArray[np.float32]
    bias: FloatArray

    def fit(self, fold: int | None, parallel_map: ParallelMap = map) -> LinearFit:
        """Fit to the texts that are not in a fold, or to all texts if it is None."""
        ratios, prior = self._ratios_and_prior(fold)
        if self.counts.size > MAX_COEFFICIENTS_IN_PARALLEL:
            trim_heaps()  # of the arrays of float64
        is_known = (ratios != 0).any(1) | (prior != 0).any(1)
        # The row of a text is divided by the square root of its number of known n-grams.
        is_known_float = torch.from_numpy(is_known).float()[:, None]
        n_known = self.presence.multiply(is_known_float, parallel_map)
        features = ScaledPresence(self.presence, n_known.clamp_(min=1).rsqrt_(), parallel_map)
        targets = self.targets if fold is None else self.targets * (self.folds != fold)[:, None]
        objective = PenalizedCrossEntropy(features, targets, ratios, prior, self.bias)
        return LinearFit(*fit_coefficients(objective), is_known)

    def _ratios_and_prior(self, fold: int | None) -> tuple[np.ndarray, np.ndarray]:
        """Return log-count ratios and prior coefficients, as float32 of shape (F, C)."""
        counts = self.counts.astype(np.float64)
        if fold is not None:
            counts -= self.fold_counts[fold]
        ratios = class_ratios(counts.clip(min=0, out=counts))
        prior = np.where(self.is_new, INITIAL_WEIGHT * ratios, self.coefficients)
        return ratios.astype(np.float32), prior.astype(np.float32)

    def fit_all(self, parallel_map: ParallelMap, divide: Divide | None) -> list[LinearFit]:
        """Fit to all texts, and then to the texts outside of each fold.

        The coefficients of a fold take the place of its counts in `fold_counts`. Small fits are
        computed in parallel. Large fits are computed one after the other, so that the memory does
        not depend on the number of threads, and their products in parallel.
        """
        are_small = self.counts.size <= MAX_COEFFICIENTS_IN_PARALLEL
        of_fits, of_products = (parallel_map, map) if are_small else (_one_by_one, parallel_map)

        def fit(fold: int | None) -> LinearFit:
            found = self.fit(fold, of_products)
            if not are_small:
                trim_heaps()  # of the vectors of L-BFGS
            if fold is None:
                return found
            self.fold_counts[fold] = found.coefficients
            return found._replace(coefficients=self.fold_counts[fold])

        n_folds = len(self.fold_counts) if len(self.fold_counts) > 1 else 0
        map_fits = of_fits if divide is None else divide(of_fits)
        whole, *others = map_fits(fit, [None, *range(n_folds)])
        for fold, found in enumerate(others):
            self.fold_counts[fold] = found.coefficients  # other processes may have computed some
        return [whole, *others]


def _one_by_one(function: Callable[..., Any], items: Iterable[Any]) -> list[Any]:
    return list(map(function, items))


def learn_linear_term(
    term: LinearTerm,
    ids: IdMatrix,
    labels: IntArray,
    weights: FloatArray,
    *,
    accumulate: bool,
    label_smoothing: float,
    rng: np.random.Generator,
    parallel_map: ParallelMap,
    divide: Divide | None = None,
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

    The memory is bounded. With more n-grams than `MAX_COEFFICIENTS` allows, those of earlier
    training and the most frequent new ones are in the term. If all texts together have more than
    `MAX_NGRAMS` n-grams, the log-count ratios come from all texts, and the coefficients are fitted
    to a random sample. An n-gram is then in the term if about `MIN_TEXTS` texts of the sample have
    it. A text outside of the sample has a fold too, which its log-count ratios leave out. Beyond
    the ids, only labels, weights, folds and logits then grow with the number of texts.

    Parameters
    ----------
    term : LinearTerm
        The term, which is fitted in place.
    ids : ndarray of int of shape (n, max_length)
        Right-padded ids. They may be a memory-mapped file larger than memory, which is read a few
        times from the first row to the last.
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
        Draws the folds, and the sample if there is one.
    parallel_map : callable
        A function like ``map``. It may compute its results in parallel.
    divide : callable, default=None
        Takes a function like ``map`` and returns another, which divides the fits among processes
        and returns all of them. None: this process computes all.

    Returns
    -------
    cross_fit : CrossFit
    """
    n_classes = len(term.bias)
    fitted = copy.deepcopy(term).cpu()
    extract = partial(extract_ngrams, ids, fitted.longest, parallel_map)
    counts = text_counts(labels, weights)
    found, totals, n_found = count_ngrams(extract(), counts)
    share = min(MAX_NGRAMS / max(n_found, 1), 1.0)
    is_frequent = totals >= MIN_TEXTS / share
    frequent, known_keys = (found[is_frequent], totals[is_frequent]), fitted.keys[1:].numpy()
    keys = torch.from_numpy(limit_keys(*frequent, known_keys, MAX_COEFFICIENTS // n_classes))
    trim_heaps()  # of the n-grams that were counted
    folds, n_folds = draw_folds(labels, rng)
    is_sampled = np.ones(len(labels), dtype=bool)
    if share < 1:
        is_sampled = rng.random(len(labels), dtype=np.float32) < share
    table = torch.cat([fitted.keys, keys]).unique()

    fold_counts = torch.zeros(max(n_folds, 1), len(table), n_classes)
    blocks = []
    for rows, known in find_known(extract(), table):
        cells = folds[rows], known, labels[rows]
        add_counts(fold_counts, *cells, counts[rows])
        blocks.append((rows, known.take(is_sampled[rows])))
    counts_of_keys = fold_counts.sum(0)[find_rows(table, keys)]
    is_new = fitted.count(keys, counts_of_keys, accumulate=accumulate)
    targets = smooth_labels(labels[is_sampled], n_classes, label_smoothing)
    data = FitData(
        presence=Presence([known for _, known in blocks], len(table)),
        targets=targets * (weights[is_sampled, None] / weights.mean()),
        folds=folds[is_sampled],
        counts=fitted.counts.numpy(),
        fold_counts=fold_counts.numpy(),
        is_new=is_new.numpy()[:, None],
        coefficients=fitted.coefficients.numpy(),
        bias=fitted.bias.double().numpy() if accumulate else np.zeros(n_classes),
    )
    whole, *others = data.fit_all(parallel_map, divide)
    fits = others or [whole]
    coefficients = data.fold_counts if others else whole.coefficients[None]
    known_blocks = blocks if is_sampled.all() else find_known(extract(), table)
    logits = predict_logits(known_blocks, folds, fits, torch.from_numpy(coefficients))
    is_scaled = others and n_classes < MANY_CLASSES
    scale = fit_scale(logits[is_sampled], data.targets) if is_scaled else np.float32(1)
    fitted.coefficients = torch.from_numpy(whole.coefficients * scale)
    fitted.bias = torch.from_numpy(whole.bias * scale)
    term.load_state_dict(fitted.state_dict())
    logits *= scale
    coefficients *= scale
    return CrossFit(folds, logits, coefficients)


def add_counts(
    fold_counts: Tensor, folds: IntArray, known: KnownBlock, labels: IntArray, counts: FloatArray
) -> None:
    """Add the counts of B texts to the counts of their n-grams, of shape (n_folds, F, C)."""
    _, n_columns, n_classes = fold_counts.shape
    texts = known.texts()
    cells = (folds[texts] * n_columns + known.columns) * n_classes + labels[texts]
    values = torch.from_numpy(counts[texts]).float()
    fold_counts.view(-1).index_add_(0, torch.from_numpy(cells), values)


def predict_logits(
    blocks: Iterable[tuple[slice, KnownBlock]],
    folds: IntArray,
    fits: list[LinearFit],
    coefficients: Tensor,
) -> npt.NDArray[np.float32]:
    """Predict the logits of each text, from the fit of its fold.

    Parameters
    ----------
    blocks : iterable of (slice, KnownBlock)
        The n-grams of all texts, as `find_known` yields them.
    folds : ndarray of int of shape (n,)
        The fold of each text.
    fits : list of LinearFit
        The fit of each fold.
    coefficients : Tensor of float32 of shape (n_folds, F, C)
        Their coefficients.

    Returns
    -------
    logits : ndarray of float32 of shape (n, C)
    """
    _, n_columns, n_classes = coefficients.shape
    is_known = torch.from_numpy(np.concatenate([fit.is_known for fit in fits])).float()[:, None]
    bias = np.stack([fit.bias for fit in fits])
    logits = np.empty((len(folds), n_classes), dtype=np.float32)
    for rows, known in blocks:
        columns = torch.from_numpy(folds[rows][known.texts()] * n_columns + known.columns)
        ends = torch.from_numpy(known.ends).long()
        sums, n_known = (
            nn.functional.embedding_bag(columns, table, ends, mode="sum", include_last_offset=True)
            for table in (coefficients.flatten(0, 1), is_known)
        )
        factors = n_known.clamp_(min=1).rsqrt_()
        logits[rows] = (sums * factors).numpy() + bias[folds[rows]]
    return logits


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
