"""Optimizer: learning-rate schedules, gradient clipping, and moments of a growing embedding.

To add a schedule, write a class here, add the class to `SCHEDULES` and its name to `ScheduleName`,
and document the name under `RNNTextClassifier.lr_schedule`.
"""

from __future__ import annotations

import inspect
from typing import Any, ClassVar, Literal, TypeAlias

import torch
from torch.optim.lr_scheduler import OneCycleLR, ReduceLROnPlateau

ScheduleName: TypeAlias = Literal["one_cycle", "plateau"]


class EagerAdamW(torch.optim.AdamW):
    """AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101) without `torch.compile`.

    The methods of the base class import the compiler at their first call, though nothing is
    compiled: 0.8 seconds and 35 MB in each process that fits, so in each worker of a search. These
    are the same methods without the decorators that do so.

    The compiler also imports functions whose default arguments hold the process group of that time.
    `destroy_process_group` would not end its threads, which may abort the process at its end.
    """

    add_param_group = inspect.unwrap(torch.optim.AdamW.add_param_group)
    load_state_dict = inspect.unwrap(torch.optim.AdamW.load_state_dict)
    state_dict = inspect.unwrap(torch.optim.AdamW.state_dict)
    zero_grad = inspect.unwrap(torch.optim.AdamW.zero_grad)
    step = torch.no_grad()(inspect.unwrap(torch.optim.AdamW.step))


class ConstantRate:
    """Constant learning rate, and base class of the schedules.

    Parameters
    ----------
    optimizer : torch.optim.AdamW
        The optimizer, with a single parameter group.
    learning_rate : float
        The highest learning rate of the schedule.
    n_steps : int
        Optimizer steps of this training.
    patience : int
        Consecutive evaluations without an improvement of the validation loss that `Plateau` allows;
        one more halves the rate.
    """

    needs_validation: ClassVar[bool] = False

    def __init__(
        self, optimizer: torch.optim.Optimizer, *, learning_rate: float, n_steps: int, patience: int
    ) -> None:
        """Leave the rate as it is."""

    def after_step(self) -> None:
        """Do nothing. A subclass may change the rate after a step of the optimizer."""

    def after_evaluation(self, valid_loss: float | None) -> None:
        """Do nothing. A subclass may change the rate after an evaluation.

        Without validation data, `valid_loss` is None.
        """

    def state_dict(self) -> dict[str, Any]:
        """Return the state, of numbers, strings, lists and dicts; the optimizer has the rates."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Load a state that `state_dict` returned, after the optimizer has loaded its own."""


class OneCycle(ConstantRate):
    """Raises the learning rate once, then lowers it (Smith & Topin 2018, arXiv:1708.07120).

    The rate rises for 30 % of the steps. While it rises, the first beta falls from 0.95 to 0.85;
    while the rate falls, the first beta rises. The parameters are the same as in `ConstantRate`.
    """

    def __init__(
        self, optimizer: torch.optim.Optimizer, *, learning_rate: float, n_steps: int, patience: int
    ) -> None:
        # The rate of the last step of a cycle is near 0. The cycle has one step more than the
        # training, so that a training of one step does not use this rate.
        self._scheduler = OneCycleLR(optimizer, max_lr=learning_rate, total_steps=n_steps + 1)
        self._optimizer = optimizer
        self._rate = self._current_rate()

    def _current_rate(self) -> float:
        rate: float = self._optimizer.param_groups[0]["lr"]
        return rate

    def after_step(self) -> None:
        """Set the rate and the first beta of the next step.

        Raises
        ------
        ValueError
            If a callback has changed the rate: the change would last for one step.
        """
        if self._current_rate() != self._rate:
            raise ValueError(
                f"A callback set the learning rate to {self._current_rate()}, but "
                "lr_schedule='one_cycle' sets it at each step. Set lr_schedule=None, or set the "
                "rate in on_train_begin, where it is the peak of the cycle."
            )
        self._scheduler.step()
        self._rate = self._current_rate()

    def state_dict(self) -> dict[str, Any]:
        """Return the state of torch's scheduler."""
        state: dict[str, Any] = self._scheduler.state_dict()
        return state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Load the state of torch's scheduler."""
        self._scheduler.load_state_dict(state)
        self._rate = self._current_rate()


class Plateau(ConstantRate):
    """Halves the learning rate whenever the validation loss stalls.

    The loss stalls if more than `patience` consecutive evaluations bring no improvement. A loss is
    an improvement if it is more than 0.01 % below the loss at the last improvement. The parameters
    are the same as in `ConstantRate`.
    """

    needs_validation: ClassVar[bool] = True

    def __init__(
        self, optimizer: torch.optim.Optimizer, *, learning_rate: float, n_steps: int, patience: int
    ) -> None:
        self._scheduler = ReduceLROnPlateau(optimizer, factor=0.5, patience=patience)

    def after_evaluation(self, valid_loss: float | None) -> None:
        """Halve the rate if the validation loss has stalled."""
        if valid_loss is not None:
            self._scheduler.step(valid_loss)

    def state_dict(self) -> dict[str, Any]:
        """Return the state of torch's scheduler."""
        state: dict[str, Any] = self._scheduler.state_dict()
        return state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Load the state of torch's scheduler."""
        self._scheduler.load_state_dict(state)


SCHEDULES: dict[ScheduleName | None, type[ConstantRate]] = {
    None: ConstantRate,
    "one_cycle": OneCycle,
    "plateau": Plateau,
}


def take_step(
    optimizer: torch.optim.Optimizer, module: torch.nn.Module, gradient_clip: float | None
) -> None:
    """Clip the norm of the gradient (Pascanu et al. 2013, arXiv:1211.5063), and take a step.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
        The optimizer of the module.
    module : torch.nn.Module
        The module. The attribute `grad` of its parameters holds the gradients.
    gradient_clip : float or None
        Maximum norm of the gradient with respect to all parameters together. None: no clipping.
    """
    if gradient_clip is not None:
        torch.nn.utils.clip_grad_norm_(module.parameters(), gradient_clip)
    optimizer.step()


def reset_rate(
    optimizer: torch.optim.Optimizer,
    learning_rate: float,
    current_rate: float | None,
    *,
    is_first: bool,
) -> None:
    """Reset the learning rate and the betas, which an earlier schedule may have changed.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
        The optimizer, with a single parameter group, which is changed in place.
    learning_rate : float
        The parameter of the classifier.
    current_rate : float or None
        The rate with which a scheduler of torch continues. None: `learning_rate`.
    is_first : bool
        Whether a scheduler of torch would start. If not, it asks for the rate of its start.
    """
    (group,) = optimizer.param_groups
    group["lr"] = learning_rate if current_rate is None else current_rate
    group["betas"] = optimizer.defaults["betas"]  # OneCycleLR changes the first beta
    group.pop("initial_lr", None)
    if not is_first:
        group["initial_lr"] = learning_rate


def replace_parameter(
    optimizer: torch.optim.Optimizer, old: torch.nn.Parameter, new: torch.nn.Parameter
) -> None:
    """Replace a parameter by a parameter with more rows; keep the moments of the existing rows.

    The moments of the new rows are zero.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
        The optimizer, which is changed in place.
    old : Parameter of shape (n_old, ...)
        A parameter of the optimizer.
    new : Parameter of shape (n_new, ...)
        The parameter with more rows. It starts with the rows of `old`.
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
