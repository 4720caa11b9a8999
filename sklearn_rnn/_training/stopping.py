"""When training stops, and whose weights are kept."""

import math

from sklearn.exceptions import ConvergenceWarning

from sklearn_rnn._warnings import warn_user


class Stopping:
    """Watches the epochs of one fit.

    As scikit-learn's `MLPClassifier` does, an epoch makes progress if its validation score
    exceeds the best one by at least `tol`. The weights kept are those of the best validation
    score, and of the better other one among equals; without validation data, those of the
    last epoch that ended with finite numbers. An epoch here is what lies between two evaluations.

    Parameters
    ----------
    scoring : {"accuracy", "loss"}
        What is watched.
    tol : float
        In accuracy or in loss.
    n_iter_no_change : int or None
        Epochs without progress that are put up with. None: any number.
    """

    def __init__(self, *, scoring, tol, n_iter_no_change):
        self.scoring = scoring
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
        score = (valid_accuracy, -valid_loss)
        if self.scoring == "loss":
            score = score[::-1]
        if score[0] < self.best_score[0] + self.tol:
            self.n_epochs_without_progress += 1
        else:
            self.n_epochs_without_progress = 0
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


def report_early_end(net, *, epochs, epochs_before, learning_rate, gradient_clip):
    """Say why training ended before its time, if it did.

    Parameters
    ----------
    net : RecurrentNet
        After `train`.
    epochs : list of int or float
        The epochs that were over at each evaluation of this training.
    epochs_before : int or float
        Those that were over before.
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
        raise ValueError(f"The loss or a weight is not finite after epoch {epochs[-1]}. {cure}")
    if net.diverged_:
        warn_user(
            f"Training stopped: the loss or a weight is not finite after epoch {epochs[-1]}. The "
            f"weights of epoch {epochs[best - 1]} are kept. {cure}",
            ConvergenceWarning,
        )
    if net.interrupted_:
        last = epochs[-1] if epochs else epochs_before
        warn_user(
            f"Training was interrupted in epoch {int(last) + 1}. What was trained is kept.",
        )
