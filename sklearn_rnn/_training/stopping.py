"""Early stopping, best weights, and the errors and warnings of a training that ended early."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from sklearn.exceptions import ConvergenceWarning

from sklearn_rnn._training.interrupts import is_called_by_user
from sklearn_rnn._warnings import warn_user

Weights = dict[str, torch.Tensor]


class EarlyStopping:
    """Keeps the best weights of a training, and tells whether its validation score has stalled.

    As in scikit-learn's `MLPClassifier`, an evaluation is an improvement if its validation score
    exceeds the best earlier score by at least `tol`.

    The best weights are the weights at the evaluation with the highest validation score, even if
    this score exceeds the earlier scores by less than `tol`. Equal accuracies are ordered by the
    loss, and equal losses by the accuracy; if accuracy and loss are equal, the earlier evaluation
    is better. Without validation data, the best weights are the weights at the last evaluation at
    which the training loss and the weights were finite.

    Parameters
    ----------
    scoring : {"accuracy", "loss"}
        The validation score: the accuracy, or the negative loss.
    tol : float
        Smallest increase of the validation score that counts as an improvement.
    n_iter_no_change : int or None
        Consecutive evaluations without improvement that are allowed; one more stops the training.
        None: any number.

    Attributes
    ----------
    best_evaluation : int or None
        The number of the evaluation with the best weights, from 1 on. None if no evaluation is
        recorded.
    best_weights : dict of str to Tensor, or None
        The weights at this evaluation.
    """

    def __init__(
        self, *, scoring: Literal["accuracy", "loss"], tol: float, n_iter_no_change: int | None
    ) -> None:
        self.scoring = scoring
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.n_evaluations = 0
        self.best_evaluation: int | None = None
        self.best_weights: Weights | None = None
        self.best_score = (-math.inf, -math.inf)
        self.n_without_improvement = 0

    def record(
        self,
        weights: Weights,
        *,
        valid_accuracy: float | None = None,
        valid_loss: float | None = None,
    ) -> None:
        """Record an evaluation at which the training loss and the weights are finite.

        Parameters
        ----------
        weights : dict of str to Tensor
            A copy of the weights, which is kept if they are the best so far.
        valid_accuracy, valid_loss : float or None
            Accuracy and loss on the validation data. None without validation data.
        """
        self.n_evaluations += 1
        if valid_accuracy is None or valid_loss is None:
            self._keep(weights)
            return
        score = (valid_accuracy, -valid_loss)
        if self.scoring == "loss":
            score = score[::-1]
        if score[0] < self.best_score[0] + self.tol:
            self.n_without_improvement += 1
        else:
            self.n_without_improvement = 0
        if score > self.best_score:
            self.best_score = score
            self._keep(weights)

    def _keep(self, weights: Weights) -> None:
        self.best_evaluation = self.n_evaluations
        self.best_weights = weights

    @property
    def has_stalled(self) -> bool:
        """Whether more than `n_iter_no_change` consecutive evaluations brought no improvement."""
        limit = self.n_iter_no_change
        return limit is not None and self.n_without_improvement > limit


@dataclass(frozen=True)
class TrainingEnd:
    """The end of a training, which is reported if it came early.

    Parameters
    ----------
    diverged : bool
        Whether the training loss or a weight was not finite at the last evaluation.
    interrupted : bool
        Whether training was interrupted from the keyboard.
    best_evaluation : int or None
        The number of the evaluation with the best weights, from 1 on. None if no evaluation had a
        finite training loss and finite weights.
    epochs : sequence of int or float
        For each evaluation of this training, the epochs completed until then, including the epochs
        of earlier trainings.
    epochs_before : int or float
        Epochs completed in earlier trainings.
    max_epochs : int
        Largest number of epochs of this training.
    learning_rate : float
        Parameter of the classifier, for the messages about divergence.
    gradient_clip : float or None
        Parameter of the classifier, for the messages about divergence.
    """

    diverged: bool
    interrupted: bool
    best_evaluation: int | None
    epochs: Sequence[float]
    epochs_before: float
    max_epochs: int
    learning_rate: float
    gradient_clip: float | None

    def check(self) -> None:
        """Raise a ValueError if training diverged and `best_evaluation` is None."""
        if self.diverged and self.best_evaluation is None:
            raise ValueError(f"The loss or a weight is {self._describe_divergence()}")

    def report(self) -> None:
        """Raise or warn if what was trained until an early end is kept by the estimator.

        Raises
        ------
        KeyboardInterrupt
            If training was interrupted, and a library called it (see `is_called_by_user`).

        Warns
        -----
        ConvergenceWarning
            If training diverged.
        UserWarning
            If training was interrupted, and the user's own code called it.
        """
        if self.diverged and self.best_evaluation is not None:
            warn_user(
                f"Training stopped: the loss or a weight is {self._describe_divergence()}",
                ConvergenceWarning,
            )
        if self.interrupted:
            message = f"Training was interrupted {self._position()}. What was trained is kept."
            if not is_called_by_user():
                raise KeyboardInterrupt(message)
            warn_user(message)

    def _describe_divergence(self) -> str:
        kept = ""
        if self.best_evaluation is not None:
            kept = f"The weights of epoch {self.epochs[self.best_evaluation - 1]} are kept. "
        return (
            f"not finite after epoch {self.epochs[-1]}. {kept}Lower "
            f"learning_rate={self.learning_rate}, or gradient_clip={self.gradient_clip}, which "
            "limits the norm of the gradient."
        )

    def _position(self) -> str:
        last = self.epochs[-1] if self.epochs else self.epochs_before
        if last == self.epochs_before + self.max_epochs:
            return f"after epoch {last}"
        return f"in epoch {int(last) + 1}"
