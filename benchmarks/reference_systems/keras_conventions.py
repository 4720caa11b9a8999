"""Conventions of Keras that R2 and R3 depend on: splitting, initialization, batch normalization."""

import string
from collections.abc import Mapping

import torch
from torch import nn

ADAM_EPS = 1e-7
# Punctuation separates words in Keras' IMDB data; Keras' TextVectorization deletes punctuation.
TO_SPACES = str.maketrans(dict.fromkeys(string.punctuation.replace("'", ""), " "))
TO_NOTHING = str.maketrans("", "", string.punctuation)


def split_as_keras(text: str, punctuation: Mapping[int, str | int | None]) -> list[str]:
    """Lower-case a text, translate its punctuation by a table, and split it at spaces."""
    return text.lower().translate(punctuation).split()


def init_as_keras(model: nn.Module) -> nn.Module:
    """Initialize the parameters by the defaults of Keras."""
    for name, parameter in model.named_parameters():
        if "embedding" in name:
            nn.init.uniform_(parameter, -0.05, 0.05)
        elif "bias" in name:
            nn.init.zeros_(parameter)
        elif "weight_hh" in name:
            nn.init.orthogonal_(parameter)
        elif parameter.dim() == 2:
            nn.init.xavier_uniform_(parameter)
    for module in model.modules():
        if isinstance(module, nn.LSTM):
            for bias in (name for name in dir(module) if name.startswith("bias_ih")):
                forget_gate = slice(module.hidden_size, 2 * module.hidden_size)
                nn.init.ones_(getattr(module, bias).data[forget_gate])
    return model


def batch_norm(width: int) -> nn.BatchNorm1d:
    """Make a batch normalization with the defaults of Keras."""
    return nn.BatchNorm1d(width, momentum=0.01, eps=1e-3)


def binary_scores(logits: torch.Tensor) -> torch.Tensor:
    """Return scores of shape (batch, 2) for logits of shape (batch, 1).

    The cross-entropy of the scores is the binary cross-entropy of the logits.
    """
    return nn.functional.pad(logits, (1, 0))
