"""Training loop: epochs, evaluation intervals, optimizer steps, history and early stopping."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
import torch
from tqdm import tqdm

from sklearn_rnn._nn.module import RecurrentModule
from sklearn_rnn._training.batches import (
    Batch,
    IdsDataset,
    SequentialBatches,
    TrainingBatches,
    split_epochs,
)
from sklearn_rnn._training.calibration import refit_output_bias, refit_temperature
from sklearn_rnn._training.history import GradientFlow, record_best
from sklearn_rnn._training.interrupts import is_stop_of_skorch
from sklearn_rnn._training.microbatches import MicroBatches, Step
from sklearn_rnn._training.optimizer import SCHEDULES, ScheduleName, take_step
from sklearn_rnn._training.process_group import refuse_interrupt
from sklearn_rnn._training.stopping import EarlyStopping, Weights

if TYPE_CHECKING:
    from sklearn_rnn._training.checkpoint import Checkpoint


class TrainedNet(Protocol):
    """The attributes and methods of `RecurrentNet` that the training loop uses."""

    module_: RecurrentModule
    history: Any
    device: str
    verbose: int
    batch_size: int
    max_epochs: int
    lr: float
    lr_schedule: ScheduleName | None
    gradient_clip: float | None
    early_stopping: bool
    scoring: Literal["accuracy", "loss"]
    n_iter_no_change: int
    tol: float
    evaluations_per_epoch: int
    record_gradients: bool
    label_smoothing: float

    @property
    def has_batch_hooks(self) -> bool: ...

    @property
    def optimizer_(self) -> torch.optim.Optimizer: ...

    def notify(self, method_name: str, **arguments: Any) -> None: ...

    def set_mode(self, *, training: bool) -> None: ...

    def get_all_learnable_params(self) -> Iterable[tuple[str, torch.nn.Parameter]]: ...


@dataclass(frozen=True)
class TrainingResult:
    """Result of a training; the weights are in the module.

    Parameters
    ----------
    evaluations : list of dict
        The row of skorch's history for each evaluation.
    best_evaluation : int or None
        The number of the evaluation with the best weights, from 1 on. None if no evaluation had a
        finite training loss and finite weights.
    diverged : bool
        Whether training stopped because the training loss or a weight was not finite.
    interrupted : bool
        Whether training was stopped by a keyboard interrupt.
    gradient_flow : GradientFlow or None
        Mean and largest absolute gradient of each layer at each step. None if not recorded.
    loaded : list of dict or None
        The rows of the history that a callback loaded in place of those of earlier trainings. None
        if no callback loaded a history.
    """

    evaluations: list[dict[str, Any]]
    best_evaluation: int | None
    diverged: bool
    interrupted: bool
    gradient_flow: GradientFlow | None
    loaded: list[dict[str, Any]] | None


class TrainingLoop:
    """One training of a net, without host-device synchronisation per batch.

    Parameters
    ----------
    net : RecurrentNet
        Holds the module, the optimizer, the history, the callbacks and the training parameters.
    dataset : IdsDataset
        Training texts.
    valid_dataset : IdsDataset or None
        Validation texts. None without validation data.
    microbatches : MicroBatches
        Computes the logits, losses and gradients of mini-batches.
    rng : numpy.random.Generator
        Shuffles the texts and the mini-batches; samples texts for the output biases.
    refit_bias : bool
        Whether the biases of the output layer are refitted after the training, unless it diverges.
    loaded : list of dict or None
        As in `TrainingResult`.
    checkpoint : Checkpoint, default=None
        Holds the state to go on from, if there is one, and saves the state after each epoch.

    Attributes
    ----------
    early_stopping : EarlyStopping
        Holds the best weights so far.
    best_evaluation : int or None
        As in `TrainingResult`, after `finish`.
    diverged, interrupted : bool
        As in `TrainingResult`.
    """

    def __init__(
        self,
        net: TrainedNet,
        dataset: IdsDataset,
        valid_dataset: IdsDataset | None,
        microbatches: MicroBatches,
        rng: np.random.Generator,
        *,
        refit_bias: bool,
        loaded: list[dict[str, Any]] | None,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        self.net = net
        self.rng = rng
        self.refit_bias = refit_bias
        self.loaded = loaded
        self.dataset = dataset
        self.valid_dataset = valid_dataset
        self.microbatches = microbatches
        microbatches.check_ranks(net.batch_size)
        self.batches = TrainingBatches(dataset, net.batch_size, rng)
        self.schedule = SCHEDULES[net.lr_schedule](
            net.optimizer_,
            learning_rate=net.optimizer_.param_groups[0]["lr"],  # a callback may have set it
            n_steps=net.max_epochs * len(self.batches),
            patience=net.n_iter_no_change // 2,
        )
        self.early_stopping = EarlyStopping(
            scoring=net.scoring,
            tol=net.tol,
            n_iter_no_change=net.n_iter_no_change if net.early_stopping else None,
        )
        self.gradient_flow = GradientFlow() if net.record_gradients else None
        self.evaluations: list[dict[str, Any]] = []
        self.norms: list[float] = []  # of the weights at each evaluation
        self.best_evaluation: int | None = None
        self.diverged = self.interrupted = False
        self.checkpoint = checkpoint
        if checkpoint is not None:
            checkpoint.restore(self)

    def run(self) -> None:
        """Train for `max_epochs`; early stopping and divergence end the training sooner."""
        try:
            self._run_epochs()
        except KeyboardInterrupt as interrupt:
            self.interrupted = not is_stop_of_skorch(interrupt)
            if self.interrupted:
                refuse_interrupt()
            raise  # skorch catches it and ends the training

    def _run_epochs(self) -> None:
        net = self.net
        if self.early_stopping.has_stalled:  # in the epoch of the checkpoint
            return
        datasets = {"dataset_train": self.dataset, "dataset_valid": self.valid_dataset}
        for epochs_completed, n_batches, interval in split_epochs(
            self.batches,
            n_epochs=net.max_epochs,
            evaluations_per_epoch=net.evaluations_per_epoch,
            first_epoch=int(self.evaluations[-1]["epochs_completed"]) if self.evaluations else 0,
        ):
            net.notify("on_epoch_begin", **datasets)
            self._run_interval(interval, n_batches)
            net.history.record("epochs_completed", epochs_completed)
            net.history.record("learning_rate", net.optimizer_.param_groups[-1]["lr"])
            self._record_evaluation()
            net.notify("on_epoch_end", **datasets)
            if self.diverged:
                return
            if self.checkpoint is not None and epochs_completed.is_integer():
                self.checkpoint.save(self)
            if self.early_stopping.has_stalled:
                return

    def _run_interval(self, interval: Iterable[Batch], n_batches: int) -> None:
        progress = self._show_progress(interval, "train", n_batches)
        self._run_batches(progress, self.train_step, "train")
        if self.valid_dataset is not None:
            batches = SequentialBatches(self.valid_dataset)
            progress = self._show_progress(batches, "valid", len(batches))
            self._run_batches(progress, self.validation_step, "valid")

    def _show_progress(
        self, batches: Iterable[Batch], name: str, n_batches: int
    ) -> Iterable[Batch]:
        # Even a hidden bar takes locks of tqdm, which a process forked meanwhile finds taken.
        if not self.net.verbose:
            return batches
        # With disable=None, tqdm shows a bar only if stderr is a terminal.
        return tqdm(batches, desc=name, total=n_batches, leave=False, disable=None)

    def _run_batches(
        self, batches: Iterable[Batch], step_fn: Callable[[Batch], Step], prefix: str
    ) -> None:
        """Call `step_fn` for each batch, and record the weighted means of loss and accuracy."""
        net, is_training = self.net, prefix == "train"
        # Sums and losses are read once, after the last batch: reading them synchronises host and
        # device. A callback that is called at each batch reads the loss from the history.
        reads_losses = net.has_batch_hooks
        sums = torch.zeros(3, dtype=torch.float64, device=net.device)
        losses = []
        for batch in batches:
            net.notify("on_batch_begin", batch=batch, training=is_training)
            step = step_fn(batch)
            sums += step["sums"]
            losses.append(step["loss"])
            net.history.record_batch(f"{prefix}_batch_size", len(batch[1]))
            if reads_losses:
                net.history.record_batch(f"{prefix}_loss", step["loss"].item())
            net.notify("on_batch_end", batch=batch, training=is_training, **step)
        for row, value in zip(
            net.history[-1]["batches"][-len(losses) :], torch.stack(losses).tolist(), strict=True
        ):
            row[f"{prefix}_loss"] = value
        loss, correct, weight = sums.tolist()
        net.history.record(f"{prefix}_loss", loss / weight)
        net.history.record(f"{prefix}_accuracy", correct / weight)
        net.history.record(f"{prefix}_batch_count", len(losses))

    def train_step(self, batch: Batch) -> Step:
        """Compute the gradients of a batch, and take one step of the optimizer."""
        net, module = self.net, self.net.module_
        net.set_mode(training=True)
        net.optimizer_.zero_grad()
        step = self.microbatches.compute_gradients(*batch)
        if self.gradient_flow is not None:
            self.gradient_flow.record(module)
        net.notify(
            "on_grad_computed",
            named_parameters=list(net.get_all_learnable_params()),
            batch=batch,
            training=True,
        )
        take_step(net.optimizer_, module, net.gradient_clip)
        self.schedule.after_step()
        return step

    def validation_step(self, batch: Batch) -> Step:
        """Compute logits and losses of a batch, without dropout or gradients."""
        self.net.set_mode(training=False)
        return self.microbatches.evaluate(*batch)

    def _record_evaluation(self) -> None:
        record_best(self.net.history)
        row = self.net.history[-1]
        self.evaluations.append(row)
        self.norms.append(self._weight_norm())
        self.diverged = not math.isfinite(row["train_loss"] + self.norms[-1])
        if self.diverged:
            return
        valid_loss = row.get("valid_loss")
        self.early_stopping.record(
            copy_trained(self.net.module_),
            valid_accuracy=row.get("valid_accuracy"),
            valid_loss=valid_loss,
        )
        self.schedule.after_evaluation(valid_loss)

    def _weight_norm(self) -> float:
        return torch.nn.utils.get_total_norm(self.net.module_.parameters()).item()

    def finish(self, *, weights_loaded: bool) -> None:
        """Choose the weights that are kept, calibrate them, and end in evaluation mode.

        Parameters
        ----------
        weights_loaded : bool
            Whether a callback has loaded the weights that it found best. They are kept.
        """
        self.net.set_mode(training=False)
        self._choose_weights(weights_loaded)
        if self.refit_bias and not self.diverged:
            self._refit_bias()
        if self.valid_dataset is not None and not (self.diverged or weights_loaded):
            self._refit_temperature(self.valid_dataset)

    def _choose_weights(self, weights_loaded: bool) -> None:
        norm = self._weight_norm()
        if weights_loaded and math.isfinite(norm):
            # The norm tells the evaluation. None: the weights are those of an earlier training.
            self.best_evaluation = self.norms.index(norm) + 1 if norm in self.norms else None
            return
        best = self.early_stopping
        self.best_evaluation = best.best_evaluation
        is_restored = self.diverged or self.valid_dataset is not None
        if best.best_weights is not None and is_restored:
            restore_trained(self.net.module_, best.best_weights)

    def _refit_bias(self) -> None:
        try:
            refit_output_bias(
                self.net.module_,
                self.dataset,
                self.microbatches,
                label_smoothing=self.net.label_smoothing,
                rng=self.rng,
            )
        except KeyboardInterrupt:  # the biases are as trained
            self.interrupted = True

    def _refit_temperature(self, valid_dataset: IdsDataset) -> None:
        try:
            refit_temperature(self.net.module_, valid_dataset, self.microbatches)
        except KeyboardInterrupt:  # the temperature is 1
            self.interrupted = True

    def result(self) -> TrainingResult:
        """Return the result of the training, after `finish`."""
        return TrainingResult(
            self.evaluations,
            self.best_evaluation,
            self.diverged,
            self.interrupted,
            self.gradient_flow,
            self.loaded,
        )


def copy_trained(module: RecurrentModule) -> Weights:
    """Copy the state of the module, except the linear term, which the loop does not change."""
    return {
        name: tensor.clone()
        for name, tensor in module.state_dict().items()
        if not name.startswith("linear_term.")
    }


@torch.no_grad()
def restore_trained(module: RecurrentModule, weights: Weights) -> None:
    """Load a state into the module, as `copy_trained` returns it."""
    state = module.state_dict()
    for name, tensor in weights.items():
        state[name].copy_(tensor)
