"""Learning-rate schedules, and the optimizer's state of an embedding that grows.

A new schedule is one class here, one row of `SCHEDULES`, and its name among the values of
`RNNTextClassifier.lr_schedule`.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch.optim.lr_scheduler import OneCycleLR, ReduceLROnPlateau


class ConstantRate:
    """The learning rate as it is.

    Parameters
    ----------
    optimizer : torch.optim.AdamW
        With a single group of parameters.
    learning_rate : float
        The highest rate.
    n_steps : int
        Optimizer steps of this training.
    patience : int
        Evaluations without a lower validation loss before a rate that depends on it is lowered.
    """

    needs_validation: ClassVar[bool] = False

    def __init__(
        self, optimizer: torch.optim.Optimizer, *, learning_rate: float, n_steps: int, patience: int
    ) -> None:
        reset_rate(optimizer, learning_rate)

    def after_step(self) -> None:
        """Change the rate after a step of the optimizer."""

    def after_evaluation(self, valid_loss: float | None) -> None:
        """Change the rate after an evaluation; the loss is None without validation data."""


class OneCycle(ConstantRate):
    """One rise and one fall of the learning rate (Smith & Topin 2018, arXiv:1708.07120).

    The rate rises for 30 % of the steps. Parameters are those of `ConstantRate`.
    """

    def __init__(
        self, optimizer: torch.optim.Optimizer, *, learning_rate: float, n_steps: int, patience: int
    ) -> None:
        reset_rate(optimizer, learning_rate)
        # The rate of the last step is near 0. The schedule has one step more than the training, so
        # that a training of a single step learns.
        self._scheduler = OneCycleLR(optimizer, max_lr=learning_rate, total_steps=n_steps + 1)

    def after_step(self) -> None:
        """Go on in the cycle."""
        self._scheduler.step()


class Plateau(ConstantRate):
    """The learning rate halved whenever the validation loss stalls.

    Parameters are those of `ConstantRate`.
    """

    needs_validation: ClassVar[bool] = True

    def __init__(
        self, optimizer: torch.optim.Optimizer, *, learning_rate: float, n_steps: int, patience: int
    ) -> None:
        reset_rate(optimizer, learning_rate)
        self._scheduler = ReduceLROnPlateau(optimizer, factor=0.5, patience=patience)

    def after_evaluation(self, valid_loss: float | None) -> None:
        """Compare the loss with the lowest so far."""
        if valid_loss is not None:
            self._scheduler.step(valid_loss)


SCHEDULES: dict[str | None, type[ConstantRate]] = {
    None: ConstantRate,
    "one_cycle": OneCycle,
    "plateau": Plateau,
}


def reset_rate(optimizer: torch.optim.Optimizer, learning_rate: float) -> None:
    """Undo what the schedule of an earlier training has changed."""
    (group,) = optimizer.param_groups
    group["lr"] = learning_rate
    group["betas"] = optimizer.defaults["betas"]  # OneCycleLR cycles the momentum too


def replace_parameter(
    optimizer: torch.optim.Optimizer, old: torch.nn.Parameter, new: torch.nn.Parameter
) -> None:
    """Replace a parameter by one with more rows, and keep the moments of the rows that it had.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
        Changed in place.
    old : Parameter of shape (n_old, ...)
        A parameter of the optimizer.
    new : Parameter of shape (n_new, ...)
        Begins with the rows of `old`.
    """
    for group in optimizer.param_groups:
        group["params"] = [new if p is old else p for p in group["params"]]
    state = optimizer.state.pop(old, {})
    for name, value in state.items():
        if value.shape == old.shape:
            state[name] = torch.zeros_like(new)
            state[name][: len(old)] = value
    if state:
        optimizer.state[new] = state
