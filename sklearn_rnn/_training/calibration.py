"""Calibration after training: biases of the output layer, and temperature of the logits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import minimize, minimize_scalar
from scipy.special import log_softmax

from sklearn_rnn._linear.cross_fit import smooth_labels
from sklearn_rnn._training.batches import BATCH_IDS, IdsDataset, SequentialBatches, bounded_batches

if TYPE_CHECKING:
    from sklearn_rnn._nn.module import RecurrentModule
    from sklearn_rnn._training.microbatches import MicroBatches

MAX_TEXTS = 5000  # largest number of texts that the biases are fitted to
MIN_VALIDATION_TEXTS = 100  # from which the temperature is fitted: fewer are too few to tell
LARGEST_TEMPERATURE = 10.0  # and the inverse of the smallest
# Prior of the logarithm of the temperature: normal, with this standard deviation. Without a prior,
# validation texts that are all classified correctly have the smallest temperature: on SMS messages,
# held out from training, 100 of them raised the cross-entropy of others from 0.079 to 0.669.
TEMPERATURE_SCALE = 0.5


@torch.no_grad()
def refit_output_bias(
    module: RecurrentModule,
    dataset: IdsDataset,
    microbatches: MicroBatches,
    *,
    label_smoothing: float,
    rng: np.random.Generator,
) -> None:
    """Refit the biases of the output layer to a sample of at most `MAX_TEXTS` training texts.

    Dropout preserves the expected value of a feature, but changes the expected value of a nonlinear
    function of the feature, for example of tanh. A network that was trained with dropout may
    therefore have logits that are biased towards a class without dropout.

    Parameters
    ----------
    module : RecurrentModule
        The network, in evaluation mode. Its output biases are changed in place.
    dataset : IdsDataset
        Training texts, with the out-of-fold logits of the linear term.
    microbatches : MicroBatches
        Computes the logits of the network plus the out-of-fold logits of the linear term.
    label_smoothing : float
        Share of each text's target probability that is spread evenly over all classes.
    rng : numpy.random.Generator
        Draws the sample.
    """
    rows = rng.permutation(len(dataset))[:MAX_TEXTS]
    rows = rows[np.argsort(dataset.n_columns[rows], kind="stable")]
    batch_logits = []
    for start, stop, n_columns in bounded_batches(dataset.n_columns[rows], BATCH_IDS):
        batch_rows = rows[start:stop]
        width = int(dataset.lengths[batch_rows].max())
        batch = dataset.take(torch.from_numpy(batch_rows).to(dataset.device), width, n_columns)
        batch_logits.append(microbatches.evaluate(*batch)["y_pred"])
    labels, weights = (
        dataset.columns[name].numpy(force=True)[rows] for name in ("labels", "weights")
    )
    logits = torch.cat(batch_logits).numpy(force=True).astype(np.float64)
    offsets = fit_bias_offsets(logits, labels, weights, label_smoothing=label_smoothing)
    module.output.bias.add_(torch.from_numpy(offsets).to(module.output.bias))


def fit_bias_offsets(
    logits: npt.NDArray[np.float64],
    labels: npt.NDArray[np.int64],
    weights: npt.NDArray[np.floating],
    *,
    label_smoothing: float,
) -> npt.NDArray[np.float64]:
    """Fit an offset to the logits of each class that minimises the weighted mean cross-entropy.

    A small L2 penalty on the offsets makes the minimum unique and finite.

    Parameters
    ----------
    logits : ndarray of shape (n, C)
        Logits of n texts for C classes.
    labels : ndarray of int of shape (n,)
        Class indices.
    weights : ndarray of shape (n,)
        Sample weights; only ratios matter.
    label_smoothing : float
        Share of each text's target probability that is spread evenly over all classes.

    Returns
    -------
    offsets : ndarray of float64 of shape (C,)
        The offsets, to be added to the logits. They sum to 0, up to rounding.
    """
    n_classes = logits.shape[1]
    targets = smooth_labels(labels, n_classes, label_smoothing)
    shares = (weights / weights.sum())[:, None]
    penalty = 0.5 / len(labels)

    def objective(offsets: np.ndarray) -> tuple[float, np.ndarray]:
        log_probabilities = log_softmax(logits + offsets, axis=1)
        loss = -(shares * targets * log_probabilities).sum() + penalty * (offsets**2).sum()
        gradients = shares * (np.exp(log_probabilities) - targets)  # with respect to the logits
        return loss, gradients.sum(0) + 2 * penalty * offsets

    return minimize(objective, np.zeros(n_classes), jac=True, method="L-BFGS-B").x


@torch.no_grad()
def refit_temperature(
    module: RecurrentModule, dataset: IdsDataset, microbatches: MicroBatches
) -> None:
    """Set the temperature of a module to the one that fits validation data.

    Parameters
    ----------
    module : RecurrentModule
        The network, in evaluation mode. Its temperature is changed in place, unless the validation
        data have fewer than `MIN_VALIDATION_TEXTS` texts.
    dataset : IdsDataset
        Validation texts.
    microbatches : MicroBatches
        Computes the logits without a temperature.
    """
    if len(dataset) < MIN_VALIDATION_TEXTS:
        return
    logits = torch.cat(
        [microbatches.evaluate(*batch)["y_pred"] for batch in SequentialBatches(dataset)]
    )
    labels, weights = (dataset.columns[name].numpy(force=True) for name in ("labels", "weights"))
    module.temperature.fill_(fit_temperature(logits.double().numpy(force=True), labels, weights))


def fit_temperature(
    logits: npt.NDArray[np.float64],
    labels: npt.NDArray[np.int64],
    weights: npt.NDArray[np.floating],
) -> float:
    """Fit the temperature to the weighted cross-entropy (Guo et al. 2017), with a prior.

    The prior, with a mode of 1, makes the minimum finite, and keeps it near 1 where texts are few.

    Parameters
    ----------
    logits : ndarray of shape (n, C)
        Logits of n texts that the network was not trained on, for C classes.
    labels : ndarray of int of shape (n,)
        Class indices.
    weights : ndarray of shape (n,)
        Sample weights; only ratios matter.

    Returns
    -------
    temperature : float
        The divisor of the logits, between ``1 / LARGEST_TEMPERATURE`` and `LARGEST_TEMPERATURE`.

    References
    ----------
    Guo et al. (2017), On calibration of modern neural networks. arXiv:1706.04599
    """
    rows = np.arange(len(labels))
    weights = weights / weights.mean()

    def objective(log_temperature: float) -> float:
        log_probabilities = log_softmax(logits / np.exp(log_temperature), axis=1)
        penalty = 0.5 * (log_temperature / TEMPERATURE_SCALE) ** 2
        return penalty - float(weights @ log_probabilities[rows, labels])

    bound = np.log(LARGEST_TEMPERATURE)
    return float(np.exp(minimize_scalar(objective, bounds=(-bound, bound)).x))
