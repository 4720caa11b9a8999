"""Poolings: layers that reduce the hidden states of a text to one vector, and ignore padding.

To add a pooling, write a subclass of `Pooling`, add the class to `POOLINGS`, and add its name to
`PoolingName` and the documentation of `RNNTextClassifier.pooling`.

Shapes: T tokens, B texts, D features, P pooled features. ``mask``, of shape (T, B), is True at
tokens and False at padding.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx


class Pooling(nn.Module):
    """Base class of the poolings.

    A subclass defines ``forward(states, mask)``, which reduces states of shape (T, B, D) to (B, P).

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
        """Return whether to pool each direction on its own and then merge the results.

        True: `forward` gets the states of a direction in its own reading order; in the backward
        direction the last token of a text comes first. This saves a reversal of the states. False:
        `forward` gets the states of both directions, merged at each token.
        """
        return False


class LastPooling(Pooling):
    """Returns the state after the last token, in the reading order of a direction."""

    @staticmethod
    def commutes_with_merge(merge: str) -> bool:
        """Return True: the last state of each direction in its own reading order is needed."""
        return True

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Reduce `states` of shape (T, B, D) to (B, D)."""
        texts = torch.arange(states.shape[1], device=states.device)
        return states[mask.sum(0) - 1, texts]


class MaxPooling(Pooling):
    """Computes the maximum of each feature over the tokens."""

    @staticmethod
    def commutes_with_merge(merge: str) -> bool:
        """Return False if `merge` is "sum": a maximum of sums is not the sum of the maxima."""
        return merge == "concat"

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Reduce `states` of shape (T, B, D) to (B, D)."""
        # Adding minus infinity to the states at padding is several times faster on a CPU than
        # masked_fill.
        at_padding = states.new_zeros(mask.shape).masked_fill_(~mask, -torch.inf)
        pooled: Tensor = MaxOverTokens.apply(states + at_padding[:, :, None])
        return pooled


class MaxOverTokens(torch.autograd.Function):
    """Computes the maximum over the first dimension. Ties share the gradient equally.

    Results and gradients are the same as with ``torch.amax``, but the backward pass of
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
        # `eq` writes into a float tensor: a product would have to convert a bool tensor, slowly.
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
    """Computes a weighted mean over the tokens; two learned layers compute the weights.

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
    """Return the sum over T, (B, D), of `states`, (T, B, D), times `weights`, (T, B)."""
    return (states * weights[:, :, None]).sum(0)


POOLINGS: dict[str, type[Pooling]] = {
    "last": LastPooling,
    "max": MaxPooling,
    "mean": MeanPooling,
    "attention": AttentionPooling,
    "flatten": FlattenPooling,
}
