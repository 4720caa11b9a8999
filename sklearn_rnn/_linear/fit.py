"""How the linear term learns: by L-BFGS, and once more for each fold of the texts without it.

Shapes: n texts, F n-grams, C classes.
"""

import copy
from typing import NamedTuple

import numpy as np
import torch
from scipy import sparse
from scipy.optimize import minimize
from scipy.special import log_softmax
from threadpoolctl import threadpool_limits

from sklearn_rnn._ids import row_blocks
from sklearn_rnn._linear.ngrams import MIN_TEXTS, count_ngrams, distinct_ngrams, weigh_texts

N_FOLDS = 5
TEXTS_PER_CLASS = 50  # for folds, at least
# What the loss of a text counts beside the penalty: C of scikit-learn's linear classifiers.
INVERSE_PENALTY = 4.0
FIRST_WEIGHT = 0.15
SMOOTHING = 1.0
# The loss hardly falls after some fifteen; more of them changed little on held out texts.
MAX_ITERATIONS = 20


class CrossFit(NamedTuple):
    """What fits of a linear term say of texts that they have not seen.

    Parameters
    ----------
    folds : ndarray of int of shape (n,)
        The fold of each text.
    logits : ndarray of shape (n, C)
        Of each text, from the fit without its fold.
    coefficients : ndarray of float32 of shape (n_folds, F, C)
        Of these fits. Of the fit to all texts, if they are too few for folds.
    """

    folds: np.ndarray
    logits: np.ndarray
    coefficients: np.ndarray

    @property
    def has_folds(self):
        """Whether the texts were enough for folds."""
        return len(self.coefficients) > 1


def learn_linear_term(
    term, ids, labels, weights, *, accumulate, label_smoothing, rng, side_by_side
):
    """Fit a linear term, and find what it says of its texts when it has not seen them.

    The coefficient of an n-gram is a weight times its log-count ratio, the logarithm of its
    frequency in the texts of a class, less that of its frequency in all others: with equal weights
    this is naive Bayes, and with learned ones NBSVM (Wang & Manning 2012,
    aclanthology.org/P12-2018).

    The term is fitted once to all texts, and once without each fold, a fifth of them. Of the texts
    of that fold it is then as sure, and as often wrong, as it will be of new texts. Its own texts
    it gets nearly all right, which would leave nothing to learn for a network that is added to it.
    This is stacking (Wolpert 1992, doi:10.1016/S0893-6080(05)80023-1).

    Parameters
    ----------
    term : LinearTerm
        That is fitted.
    ids : ndarray of int32 of shape (n, max_length)
        Right-padded ids.
    labels : ndarray of int of shape (n,)
        Class indices.
    weights : ndarray of float of shape (n,)
        What each text counts; only ratios matter.
    accumulate : bool
        Whether the texts are added to those that the term has learned from: its counts are added
        to, and the penalty is on how far its coefficients move. Else those of the n-grams that the
        texts have are learned anew.
    label_smoothing : float
        Share of each label that is spread over all classes.
    rng : numpy.random.Generator
        Draws the folds.
    side_by_side : SideBySide
        What computes the fits.

    Returns
    -------
    cross_fit : CrossFit
    """
    n_classes = len(term.bias)
    fitted = copy.deepcopy(term).cpu()
    ngrams = count_ngrams(ids, labels, weights, n_classes=n_classes, longest=term.longest)
    is_new = fitted.count(*ngrams, accumulate=accumulate).numpy()[:, None]
    all_counts, old_coefficients, old_bias = (
        tensor.double().numpy() for tensor in (fitted.counts, fitted.coefficients, fitted.bias)
    )
    if not accumulate:
        old_bias = np.zeros(n_classes)
    has = find_ngrams(fitted, ids)
    counted = np.eye(n_classes)[labels] * weigh_texts(labels, weights)[:, None]
    targets = smooth_labels(labels, n_classes, label_smoothing)
    targets *= weights[:, None] / weights.mean()
    folds, n_folds = draw_folds(labels, rng)

    def fit_without(fold):
        is_out = folds == fold if fold is not None else np.zeros(len(ids), dtype=bool)
        counts = (all_counts - has[is_out].T @ counted[is_out]).clip(min=0)
        ratios = log_count_ratios(counts)
        prior = np.where(is_new, FIRST_WEIGHT * ratios, old_coefficients)
        features = scale_rows(has, (ratios != 0).any(1) | (prior != 0).any(1))
        coefficients, bias = fit_coefficients(
            features[~is_out], targets[~is_out], ratios, prior, old_bias
        )
        return coefficients, bias, features @ coefficients + bias

    with threadpool_limits(1, user_api="blas"):  # whose sums depend on the number of threads
        whole, *others = side_by_side.map(fit_without, [None, *range(n_folds)])
    fitted.coefficients, fitted.bias = (torch.from_numpy(x).float() for x in whole[:2])
    term.load_state_dict(fitted.state_dict())
    coefficients, _, logits = (np.stack(part) for part in zip(*others or [whole], strict=True))
    return CrossFit(folds, logits[folds, np.arange(len(ids))], coefficients)


def smooth_labels(labels, n_classes, label_smoothing):
    """Return the share of each class in each label, of shape (n, C), some spread over all."""
    return np.eye(n_classes)[labels] * (1 - label_smoothing) + label_smoothing / n_classes


def draw_folds(labels, rng):
    """Draw the fold of each text, so that each fold has its share of each class.

    There are no folds if the texts are fewer than `TEXTS_PER_CLASS` times the classes. Fits without
    some of a few texts are wrong about them more often than not, and a network would learn that
    fits are wrong.

    Returns
    -------
    folds : ndarray of int of shape (n,)
        Zeros, if there are none.
    n_folds : int
    """
    if len(labels) < TEXTS_PER_CLASS * len(np.unique(labels)):
        return np.zeros(len(labels), dtype=np.int64), 0
    shuffled = rng.permutation(len(labels))
    by_label = shuffled[np.argsort(labels[shuffled], kind="stable")]
    folds = np.empty(len(labels), dtype=np.int64)
    folds[by_label] = np.arange(len(labels)) % N_FOLDS
    return folds, N_FOLDS


def find_ngrams(term, ids):
    """Return which n-grams of a term each text has, as a CSR matrix of 0 and 1, of shape (n, F)."""
    blocks = []
    for rows in row_blocks(ids):
        keys = distinct_ngrams(torch.tensor(ids[rows]), term.longest)
        columns = term.find(keys).numpy()
        texts, places = columns.nonzero()
        entries = np.ones(len(texts), dtype=np.float32), (texts, columns[texts, places])
        blocks.append(sparse.csr_array(entries, (len(keys), len(term.keys))))
    return sparse.vstack(blocks, format="csr")


def log_count_ratios(counts):
    """Compute how much more frequent n-grams are in each class than in the others.

    Parameters
    ----------
    counts : ndarray of shape (F, C)
        How many texts of each class have each n-gram; the first row is "none".

    Returns
    -------
    ratios : ndarray of shape (F, C)
        In natural logarithms. Zero for "none", and for what less than `MIN_TEXTS` texts have.
    """
    others = counts.sum(1, keepdims=True) - counts
    is_counted = counts.sum(1, keepdims=True) > MIN_TEXTS - 0.001  # weights may sum to a bit less
    return np.where(is_counted, log_frequencies(counts) - log_frequencies(others), 0)


def log_frequencies(counts):
    """Return the logarithm of each smoothed share in its column."""
    smoothed = counts + SMOOTHING
    return np.log(smoothed) - np.log(smoothed.sum(0))


def scale_rows(has, is_known):
    """Divide the row of each text by the square root of how many known n-grams it has."""
    n_known = has @ is_known.astype(np.float32)
    return sparse.diags_array(1 / np.sqrt(np.maximum(n_known, 1)), dtype=np.float32) @ has


def fit_coefficients(features, targets, ratios, prior, prior_bias):
    """Minimise the cross-entropy, and the squares of how far weights move from what was believed.

    Parameters
    ----------
    features : CSR matrix of float32 of shape (n, F)
        Of the texts.
    targets : ndarray of shape (n, C)
        Smoothed labels times the weights of the texts.
    ratios : ndarray of shape (F, C)
        By how much a coefficient moves with its weight.
    prior : ndarray of shape (F, C)
        The coefficients that were believed in.
    prior_bias : ndarray of shape (C,)
        The biases that were.

    Returns
    -------
    coefficients : ndarray of float32 of shape (F, C)
    bias : ndarray of shape (C,)
    """
    n_classes = len(prior_bias)
    transposed = features.T.tocsr()
    masses = targets.sum(1, keepdims=True)
    # The curvature of frequent features is larger than that of rare ones. In these units it is
    # about the same, without which L-BFGS takes many more steps.
    shares = targets.sum(0) / targets.sum()
    variances = INVERSE_PENALTY * shares * (1 - shares)
    unit = 1 / np.sqrt(1 + variances * ratios**2 * (features.power(2).T @ masses))
    bias_unit = 1 / np.sqrt(1 + variances * masses.sum())

    def move(point):
        weights, bias = np.split(point, [-n_classes])
        weights = unit * weights.reshape(-1, n_classes)
        coefficients = (prior + ratios * weights).astype(np.float32)
        return weights, bias_unit * bias, coefficients

    def objective(point):
        weights, bias, coefficients = move(point)
        log_probabilities = log_softmax(features @ coefficients + (prior_bias + bias), axis=1)
        loss = -INVERSE_PENALTY * (targets * log_probabilities).sum()
        slopes = INVERSE_PENALTY * (masses * np.exp(log_probabilities) - targets)  # of the logits
        gradient = unit * (ratios * (transposed @ slopes.astype(np.float32)) + weights)
        bias_gradient = bias_unit * (slopes.sum(0) + bias)
        penalty = ((weights**2).sum() + (bias**2).sum()) / 2
        return loss + penalty, np.append(gradient, bias_gradient)

    options = {"maxiter": MAX_ITERATIONS, "ftol": 1e-6}
    start = np.zeros(unit.size + n_classes)
    end = minimize(objective, start, jac=True, method="L-BFGS-B", options=options).x
    _, bias, coefficients = move(end)
    return coefficients, prior_bias + bias
