"""The biases of the output layer, which are fitted once more without dropout."""

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax

MOST_TEXTS = 5000  # that so few numbers are fitted to


def fit_intercept(logits, labels, weights, *, label_smoothing):
    """Find what to add to the logits of each class so that their cross-entropy is the lowest.

    Dropout keeps the mean of what a layer gets, but not that of what a maximum or a bounded unit
    makes of it: a network that was trained with it may prefer a class when it has none.

    Parameters
    ----------
    logits : ndarray of shape (n, C)
        Without dropout, of training texts that the linear term has not seen.
    labels : ndarray of int of shape (n,)
        Class indices.
    weights : ndarray of shape (n,)
        What each text counts; only ratios matter.
    label_smoothing : float
        Share of each label that is spread over all classes.

    Returns
    -------
    shifts : ndarray of float64 of shape (C,)
        Their sum is 0.
    """
    n_classes = logits.shape[1]
    targets = np.eye(n_classes)[labels] * (1 - label_smoothing) + label_smoothing / n_classes
    shares = (weights / weights.sum())[:, None]
    penalty = 0.5 / len(labels)  # so that there is one best, even of a class without texts

    def objective(shifts):
        log_probabilities = log_softmax(logits + shifts, axis=1)
        loss = -(shares * targets * log_probabilities).sum() + penalty * (shifts**2).sum()
        slopes = shares * (np.exp(log_probabilities) - targets)
        return loss, slopes.sum(0) + 2 * penalty * shifts

    return minimize(objective, np.zeros(n_classes), jac=True, method="L-BFGS-B").x
