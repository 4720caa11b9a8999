"""Construction of the skorch net: its criterion, its optimizer and its initial weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from sklearn_rnn._nn.architecture import Architecture
from sklearn_rnn._nn.module import RecurrentModule
from sklearn_rnn._training.net import RecurrentNet
from sklearn_rnn._training.optimizer import EagerAdamW
from sklearn_rnn._training.prediction_net import NumpyWeights


def build_net(
    architecture: Architecture,
    *,
    seed: int,
    device: torch.device,
    weights: NumpyWeights | None = None,
    **parameters: Any,
) -> RecurrentNet:
    """Build and initialise a net.

    Parameters
    ----------
    architecture : Architecture
        The architecture of the module.
    seed : int
        Seed of the initial weights, which are the same on any device.
    device : torch.device
        The device of the module and of the batches.
    weights : dict of str to ndarray, default=None
        Weights to load, as `RecurrentNet.get_weights` returns them. None: initial weights.
    **parameters
        Parameters of `RecurrentNet`.

    Returns
    -------
    net : RecurrentNet
    """
    net = RecurrentNet(
        RecurrentModule,
        module__architecture=architecture,
        seed=seed,
        criterion=torch.nn.CrossEntropyLoss,
        criterion__reduction="none",
        optimizer=EagerAdamW,
        optimizer__fused=True,
        classes=np.arange(architecture.n_classes),
        device=str(device),  # safetensors accepts no torch.device
        **parameters,
    )
    return net.initialize() if weights is None else net.initialize_from(weights)
