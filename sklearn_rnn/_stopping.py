"""When training stops, and whose weights are kept."""

import math
import warnings

from sklearn.exceptions import ConvergenceWarning


class Stopping:
    """Watches the epochs of one fit.

    As scikit-learn's `MLPClassifier` does, an epoch makes progress if its validation accuracy
    exceeds the best one by at least `tol`. The weights kept are those of the highest validation
    accuracy, and of the lowest validation loss among equals; without validation data, those of the
    last epoch that ended with finite numbers.

    Parameters
    ----------
    tol : float
        In accuracy.
    n_iter_no_change : int or None
        Epochs without progress that are put up with. None: any number.
    """

    def __init__(self, *, tol, n_iter_no_change):
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.n_epochs = 0
        self.best_epoch = None
        self.best_weights = None
        self.best_score = (-math.inf, -math.inf)
        self.n_epochs_without_progress = 0

    def record(self, weights, *, valid_accuracy=None, valid_loss=None):
        """Take note of an epoch that ended with finite numbers.

        Parameters
        ----------
        weights : dict of str to Tensor
            A copy of the module's state after it.
        valid_accuracy, valid_loss : float or None
            None without validation data.
        """
        self.n_epochs += 1
        if valid_accuracy is None:
            self._keep(weights)
            return
        if valid_accuracy < self.best_score[0] + self.tol:
            self.n_epochs_without_progress += 1
        else:
            self.n_epochs_without_progress = 0
        score = (valid_accuracy, -valid_loss)
        if score > self.best_score:
            self.best_score = score
            self._keep(weights)

    def _keep(self, weights):
        self.best_epoch = self.n_epochs
        self.best_weights = weights

    @property
    def stalled(self):
        """Whether early stopping calls for an end."""
        limit = self.n_iter_no_change
        return limit is not None and self.n_epochs_without_progress > limit


def report_early_end(net, *, first_epoch, last_epoch, learning_rate, gradient_clip):
    """Say why training ended before its time, if it did.

    Parameters
    ----------
    net : RecurrentNet
        After `train`.
    first_epoch, last_epoch : int
        The epochs that this training completed, by their numbers in the history.
    learning_rate, gradient_clip : float or None
        What to change if the numbers were not finite.

    Raises
    ------
    ValueError
        If they were not in the first of these epochs.

    Warns
    -----
    ConvergenceWarning
        If they were not in a later one.
    UserWarning
        If training was interrupted from the keyboard.
    """
    cure = (
        f"Lower learning_rate={learning_rate}, or gradient_clip={gradient_clip}, "
        "which limits the norm of the gradient."
    )
    best = net.stopping_.best_epoch
    if net.diverged_ and best is None:
        raise ValueError(f"The loss or a weight is not finite after epoch {last_epoch}. {cure}")
    if net.diverged_:
        warnings.warn(
            f"Training stopped: the loss or a weight is not finite after epoch {last_epoch}. The "
            f"weights of epoch {first_epoch + best - 1} are kept. {cure}",
            ConvergenceWarning,
            stacklevel=4,
        )
    if net.interrupted_:
        warnings.warn(
            f"Training was interrupted in epoch {last_epoch + 1}. What was trained is kept.",
            UserWarning,
            stacklevel=4,
        )
