"""History of a training: a row per evaluation, and the size of the gradients at each step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch

# Maps keys of skorch's history to columns of the classifier's `history_`; "epoch" is its index.
HISTORY_COLUMNS = {
    "epochs_completed": "epoch",
    "train_loss": "train_loss",
    "train_accuracy": "train_accuracy",
    "valid_loss": "valid_loss",
    "valid_accuracy": "valid_accuracy",
    "learning_rate": "learning_rate",
    "dur": "seconds",
}


def make_history(evaluations: Sequence[dict[str, Any]], epochs_before: float = 0) -> pd.DataFrame:
    """Return a table with a row per evaluation.

    Parameters
    ----------
    evaluations : sequence of dict
        Rows of skorch's history. The keys of `HISTORY_COLUMNS` are used; the value of a missing key
        is NaN. Epochs that do not increase from row to row are those of another training, and count
        from the end of the training before.
    epochs_before : int or float, default=0
        Epochs completed in earlier trainings. They are added to the index.

    Returns
    -------
    history : DataFrame of shape (n_evaluations, 6)
        Indexed by the epochs completed, as int if all are whole numbers, else as float.
    """
    history = pd.DataFrame(evaluations, columns=list(HISTORY_COLUMNS), dtype=np.float64)
    history = history.rename(columns=HISTORY_COLUMNS)
    epochs = history.pop("epoch")
    before = epochs.shift(fill_value=0)
    epochs = epochs_before + epochs + before.where(epochs <= before, 0).cumsum()
    is_whole = (epochs % 1 == 0).all()
    history.index = pd.Index(epochs.astype(np.int64) if is_whole else epochs, name="epoch")
    return history


def record_best(history: Any) -> None:
    """Record whether each loss and accuracy of the last row is the best so far, as skorch does.

    The key "valid_loss_best" tells that "valid_loss" is lower than in all rows before.

    Parameters
    ----------
    history : skorch.history.History
        The history, with a row for the current evaluation.
    """
    *earlier, row = history
    for name, sign in (("loss", 1), ("accuracy", -1)):
        for key in (f"train_{name}", f"valid_{name}"):
            if key in row:
                costs = [sign * other[key] for other in earlier if key in other]
                best = min((cost for cost in costs if math.isfinite(cost)), default=math.inf)
                history.record(f"{key}_best", sign * row[key] < best)


class GradientFlow:
    """Mean and largest absolute gradient of each layer at each step of a training.

    The numbers stay on the device until `to_frame` is called.
    """

    def __init__(self) -> None:
        self.layers: list[list[str]] = []  # of each step, because a callback may freeze layers
        self.steps: list[torch.Tensor] = []

    @torch.no_grad()
    def record(self, module: torch.nn.Module) -> None:
        """Record the mean and the largest absolute gradient of each layer of `module`."""
        by_layer: dict[str, list[torch.Tensor]] = {}
        for name, parameter in module.named_parameters():
            if parameter.grad is not None:
                layer = name.rpartition(".")[0]
                by_layer.setdefault(layer, []).append(parameter.grad.abs().flatten())
        self.layers.append(list(by_layer))
        absolute = [torch.cat(gradients) for gradients in by_layer.values()]
        numbers = [torch.stack([a.mean(), a.max()]) for a in absolute]
        self.steps.append(torch.stack(numbers) if numbers else torch.empty(0, 2))

    def to_frame(self) -> pd.DataFrame:
        """Return a table of "mean" and "max", indexed by "step" (from 1 on) and "layer".

        A layer that is frozen at a step has no row for the step.
        """
        steps = [(step, name) for step, names in enumerate(self.layers, 1) for name in names]
        index = pd.MultiIndex.from_tuples(steps, names=["step", "layer"])
        numbers = torch.cat(self.steps) if self.steps else torch.empty(0, 2)
        return pd.DataFrame(
            numbers.numpy(force=True).astype(np.float64), index=index, columns=["mean", "max"]
        )
