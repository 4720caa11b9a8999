"""What is remembered of each evaluation of a training."""

import numpy as np
import pandas as pd
import torch

# The net's names, and those of the classifier's `history_`; the passes become its index.
HISTORY_COLUMNS = {
    "passes": "passes",
    "train_loss": "train_loss",
    "train_accuracy": "train_accuracy",
    "valid_loss": "valid_loss",
    "valid_accuracy": "valid_accuracy",
    "learning_rate": "learning_rate",
    "dur": "seconds",
}


def make_history(evaluations, epochs_before=0):
    """Make a row per evaluation, whose index is the epochs that were over."""
    history = pd.DataFrame(evaluations, columns=list(HISTORY_COLUMNS.values()), dtype=np.float64)
    epochs = epochs_before + history.pop("passes")
    is_whole = (epochs % 1 == 0).all()
    history.index = pd.Index(epochs.astype(np.int64) if is_whole else epochs, name="epoch")
    return history


class GradientFlow:
    """Notes the mean and the largest |gradient| of each layer at each step of one training.

    Numbers stay on the device until they are asked for.
    """

    def __init__(self):
        self.layers = []
        self.steps = []

    @torch.no_grad()
    def record(self, module):
        """Take note of the gradients that the parameters of `module` have."""
        of_layers = {}
        for name, parameter in module.named_parameters():
            if parameter.grad is not None:
                layer = name.rpartition(".")[0]
                of_layers.setdefault(layer, []).append(parameter.grad.abs().flatten())
        self.layers = list(of_layers)
        sizes = [torch.cat(gradients) for gradients in of_layers.values()]
        self.steps.append(torch.stack([torch.stack([size.mean(), size.max()]) for size in sizes]))

    def to_frame(self):
        """Return a row for each step, numbered from 1, and layer."""
        steps = range(1, len(self.steps) + 1)
        index = pd.MultiIndex.from_product([steps, self.layers], names=["step", "layer"])
        numbers = torch.cat(self.steps) if self.steps else torch.empty(0, 2)
        numbers = numbers.numpy(force=True).astype(np.float64)
        return pd.DataFrame(numbers, index=index, columns=["mean", "max"])
