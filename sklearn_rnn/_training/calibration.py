"""The biases of the output layer, which are fitted once more without dropout."""

import numpy as np
import torch
from scipy.optimize import minimize
from scipy.special import log_softmax

from sklearn_rnn._linear.fit import smooth_labels
from sklearn_rnn._training.batches import bounded_batches

MOST_TEXTS = 5000  # that so few numbers are fitted to


@torch.no_grad()
def fit_intercept(module, dataset, batches, *, label_smoothing, rng):
    """Fit the biases of a module's output layer to a sample of its training texts.

    Dropout keeps the mean of what a layer gets, but not that of what a maximum or a bounded unit
    makes of it: a network that was trained with it may prefer a class when it has none.

    Parameters
    ----------
    module : RecurrentModule
        In the mode for evaluation.
    dataset : IdsDataset
        Training texts, with what fits of the linear term say that have not seen them.
    batches : PartedBatches
        What computes logits.
    label_smoothing : float
        Share of each label that is spread over all classes.
    rng : numpy.random.Generator
        Draws the sample.
    """
    rows = rng.permutation(len(dataset))[:MOST_TEXTS]
    rows = rows[np.argsort(dataset.lengths[rows], kind="stable")]
    logits = []
    for start, stop, width in bounded_batches(dataset.lengths[rows]):
        batch = dataset.take(torch.from_numpy(rows[start:stop]).to(dataset.device), width)
        logits.append(batches.evaluate(*batch)["y_pred"])
    labels, weights = (
        dataset.columns[name].numpy(force=True)[rows] for name in ("labels", "weights")
    )
    logits = torch.cat(logits).numpy(force=True).astype(np.float64)
    shifts = find_shifts(logits, labels, weights, label_smoothing=label_smoothing)
    module.output.bias += torch.from_numpy(shifts).to(module.output.bias)


def find_shifts(logits, labels, weights, *, label_smoothing):
    """Find what to add to the logits of each class so that their cross-entropy is the lowest.

    Parameters
    ----------
    logits : ndarray of shape (n, C)
        Of texts.
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
    targets = smooth_labels(labels, n_classes, label_smoothing)
    shares = (weights / weights.sum())[:, None]
    penalty = 0.5 / len(labels)  # so that there is one best, even of a class without texts

    def objective(shifts):
        log_probabilities = log_softmax(logits + shifts, axis=1)
        loss = -(shares * targets * log_probabilities).sum() + penalty * (shifts**2).sum()
        slopes = shares * (np.exp(log_probabilities) - targets)
        return loss, slopes.sum(0) + 2 * penalty * shifts

    return minimize(objective, np.zeros(n_classes), jac=True, method="L-BFGS-B").x
