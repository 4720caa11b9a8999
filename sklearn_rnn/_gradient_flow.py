"""How large the gradient of each layer is, step by step."""

import numpy as np
import pandas as pd
import torch


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
