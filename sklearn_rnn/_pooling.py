"""Pooling over the words of each text, blind to its padding.

Shapes: B texts, T tokens, D features. ``mask`` is True at words, False at padding.
"""

import torch
from torch import nn


class LastPooling(nn.Module):
    """The state after the last word that each direction reads."""

    def forward(self, outputs, last, mask):
        """Return `last` of shape (B, D)."""
        return last


class MaxPooling(nn.Module):
    """The largest value of each feature over the words."""

    def forward(self, outputs, last, mask):
        """Reduce `outputs` of shape (B, T, D) to (B, D)."""
        return outputs.masked_fill(~mask[:, :, None], -torch.inf).amax(1)


class MeanPooling(nn.Module):
    """The mean of each feature over the words."""

    def forward(self, outputs, last, mask):
        """Reduce `outputs` of shape (B, T, D) to (B, D)."""
        n_words = mask.sum(1, keepdim=True)  # (B, 1)
        return outputs.masked_fill(~mask[:, :, None], 0).sum(1) / n_words


class AttentionPooling(nn.Module):
    """A mean weighted by how much each word matters, which is learned.

    The word attention of Yang et al. 2016 (doi:10.18653/v1/N16-1174).

    Parameters
    ----------
    input_size : int
        D.
    """

    def __init__(self, input_size):
        super().__init__()
        self.hidden = nn.Linear(input_size, input_size)
        self.score = nn.Linear(input_size, 1, bias=False)

    def forward(self, outputs, last, mask):
        """Reduce `outputs` of shape (B, T, D) to (B, D)."""
        scores = self.score(torch.tanh(self.hidden(outputs))).squeeze(2)  # (B, T)
        weights = scores.masked_fill(~mask, -torch.inf).softmax(1)
        words = outputs.masked_fill(~mask[:, :, None], 0)
        return (weights[:, None] @ words).squeeze(1)


def make_pooling(name, input_size):
    """Build the pooling called "last", "max", "mean" or "attention" over `input_size` features."""
    if name == "attention":
        return AttentionPooling(input_size)
    return {"last": LastPooling, "max": MaxPooling, "mean": MeanPooling}[name]()
