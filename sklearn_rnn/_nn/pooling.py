"""Poolings: layers that reduce the hidden states of a text to one vector, and ignore padding.

To add a pooling, write a subclass of `Pooling` and add the class to `POOLINGS`.

Shapes: T tokens, B texts, D features, P pooled features. ``mask`` is True at tokens and False at
padding.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx


class Pooling(nn.Module):
    """Base class of the poolings.

    Parameters
    ----------
    input_size : int
        D.
    max_length : int
        Length of the longest possible text, in tokens.

    Attributes
    ----------
    output_size : int
        P. By default D.
    """

    def __init__(self, input_size: int, max_length: int) -> None:
        super().__init__()
        self.output_size = input_size

    @staticmethod
    def commutes_with_merge(merge: str) -> bool:
        """Return whether pooling commutes with merging directions.

        If so, each direction is pooled on its own before the results are merged. The states of the
        backward direction then stay in reading order, which saves their reversal.
        """
        return False

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Reduce `states` of shape (T, B, D) to (B, P)."""
        raise NotImplementedError


class LastPooling(Pooling):
    """Returns the state after the last token that a direction reads."""

    @staticmethod
    def commutes_with_merge(merge: str) -> bool:
        """Return True: this pooling merges the last state of each direction."""
        return True

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Reduce `states` of shape (T, B, D) to (B, D)."""
        texts = torch.arange(states.shape[1], device=states.device)
        return states[mask.sum(0) - 1, texts]


class MaxPooling(Pooling):
    """Computes the maximum of each feature over the tokens."""

    @staticmethod
    def commutes_with_merge(merge: str) -> bool:
        """Return False for "sum": the maximum of a sum is not the sum of the maxima."""
        return merge == "concat"

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Reduce `states` of shape (T, B, D) to (B, D)."""
        # Adding minus infinity to the states is several times faster on a CPU than masked_fill.
        at_padding = states.new_zeros(mask.shape).masked_fill_(~mask, -torch.inf)
        pooled: Tensor = MaxOverTokens.apply(states + at_padding[:, :, None])
        return pooled


class MaxOverTokens(torch.autograd.Function):
    """Computes the maximum over the first dimension. Ties share the gradient equally.

    Results and gradients are the same as from ``torch.amax``, but the backward pass of
    ``torch.amax`` takes five times as long on a CPU.
    """

    @staticmethod
    def forward(ctx: FunctionCtx, x: Tensor) -> Tensor:
        """Reduce (T, B, D) to (B, D)."""
        maximum = x.amax(0)
        ctx.save_for_backward(x, maximum)
        return maximum

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        """Return the gradient of `x`, (T, B, D), from the gradient of the maximum, (B, D)."""
        x, maximum = ctx.saved_tensors
        # A float tensor, because a product with a bool tensor would first convert it, slowly.
        is_maximum = torch.eq(x, maximum, out=torch.empty_like(x))
        return is_maximum.mul_(gradient / is_maximum.sum(0))


class MeanPooling(Pooling):
    """Computes the mean of each feature over the tokens."""

    @staticmethod
    def commutes_with_merge(merge: str) -> bool:
        """Return True: a mean is linear."""
        return True

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Reduce `states` of shape (T, B, D) to (B, D)."""
        weights = (mask / mask.sum(0)).to(states.dtype)  # (T, B)
        return _weighted_sum(states, weights)


class AttentionPooling(Pooling):
    """Computes a weighted mean over the tokens; a learned layer computes the weights.

    This is the word attention of Yang et al. 2016 (doi:10.18653/v1/N16-1174).

    Parameters
    ----------
    input_size : int
        D.
    max_length : int
        Not used.
    """

    def __init__(self, input_size: int, max_length: int) -> None:
        super().__init__(input_size, max_length)
        self.hidden = nn.Linear(input_size, input_size)
        self.score = nn.Linear(input_size, 1, bias=False)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Reduce `states` of shape (T, B, D) to (B, D)."""
        scores = self.score(torch.tanh(self.hidden(states))).squeeze(2)  # (T, B)
        weights = scores.masked_fill(~mask, -torch.inf).softmax(0)
        return _weighted_sum(states, weights)


class FlattenPooling(Pooling):
    """Concatenates the states of all `max_length` positions of a text, with zeros at the padding.

    Parameters
    ----------
    input_size : int
        D.
    max_length : int
        Length of the longest possible text, in tokens.
    """

    def __init__(self, input_size: int, max_length: int) -> None:
        super().__init__(input_size, max_length)
        self.max_length = max_length
        self.output_size = input_size * max_length

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Return `states` of shape (T, B, D) as (B, max_length * D)."""
        seq_len, n_texts, n_features = states.shape
        positions = states.new_zeros(n_texts, self.max_length, n_features)
        positions[:, :seq_len] = (states * mask[:, :, None]).transpose(0, 1)
        return positions.flatten(1)


def _weighted_sum(states: Tensor, weights: Tensor) -> Tensor:
    """Return the sum of `states`, (T, B, D), over T, weighted by `weights`, (T, B), as (B, D)."""
    return (states * weights[:, :, None]).sum(0)


POOLINGS: dict[str, type[Pooling]] = {
    "last": LastPooling,
    "max": MaxPooling,
    "mean": MeanPooling,
    "attention": AttentionPooling,
    "flatten": FlattenPooling,
}
