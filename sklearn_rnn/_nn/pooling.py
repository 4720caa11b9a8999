"""Pooling over the words of each text, blind to its padding.

Shapes: T tokens, B texts, D features. ``mask`` is True at words, False at padding.
"""

import torch
from torch import nn


class LastPooling(nn.Module):
    """The state after the last word, in the order of `outputs`."""

    def forward(self, outputs, mask):
        """Reduce `outputs` of shape (T, B, D) to (B, D)."""
        texts = torch.arange(outputs.shape[1], device=outputs.device)
        return outputs[mask.sum(0) - 1, texts]


class MaxPooling(nn.Module):
    """The largest value of each feature over the words."""

    def forward(self, outputs, mask):
        """Reduce `outputs` of shape (T, B, D) to (B, D)."""
        # Adding minus infinity is several times faster on a CPU than masked_fill.
        at_padding = outputs.new_zeros(mask.shape).masked_fill_(~mask, -torch.inf)
        return MaxOverWords.apply(outputs + at_padding[:, :, None])


class MaxOverWords(torch.autograd.Function):
    """The maximum over the first dimension, whose gradient is shared among equals.

    What ``torch.amax`` does; its gradient takes five times as long on a CPU.
    """

    @staticmethod
    def forward(ctx, x):
        """Reduce (T, B, D) to (B, D)."""
        largest = x.amax(0)
        ctx.save_for_backward(x, largest)
        return largest

    @staticmethod
    def backward(ctx, gradient):
        """Give the (B, D) gradient to the words of the (T, B, D) that were largest."""
        x, largest = ctx.saved_tensors
        is_largest = torch.eq(x, largest, out=torch.empty_like(x))  # no slow array of bool
        return is_largest.mul_(gradient / is_largest.sum(0))


class MeanPooling(nn.Module):
    """The mean of each feature over the words."""

    def forward(self, outputs, mask):
        """Reduce `outputs` of shape (T, B, D) to (B, D)."""
        weights = (mask / mask.sum(0)).to(outputs.dtype)  # (T, B)
        return _sum_words(outputs, weights)


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

    def forward(self, outputs, mask):
        """Reduce `outputs` of shape (T, B, D) to (B, D)."""
        scores = self.score(torch.tanh(self.hidden(outputs))).squeeze(2)  # (T, B)
        weights = scores.masked_fill(~mask, -torch.inf).softmax(0)
        return _sum_words(outputs, weights)


class FlattenPooling(nn.Module):
    """The features of all words side by side, and zeros at the padding.

    Parameters
    ----------
    n_steps : int
        The longest text there can be, in tokens.
    """

    def __init__(self, n_steps):
        super().__init__()
        self.n_steps = n_steps

    def forward(self, outputs, mask):
        """Lay out `outputs` of shape (T, B, D) as (B, n_steps * D)."""
        n_steps, n_texts, n_features = outputs.shape
        words = outputs.new_zeros(n_texts, self.n_steps, n_features)
        words[:, :n_steps] = (outputs * mask[:, :, None]).transpose(0, 1)
        return words.flatten(1)


def _sum_words(outputs, weights):
    """Return the sums over the T words of each text, weighted by (T, B) `weights`, as (B, D)."""
    return (outputs * weights[:, :, None]).sum(0)


def pools_directions(name, merge):
    """Tell whether to pool each direction and merge is to merge the directions and pool.

    Then the states of the backward direction need not be put into the order of the words. Of "last"
    it is the definition: the state after the last word that each direction reads.
    """
    return name in ("last", "mean") or (name == "max" and merge == "concat")


def make_pooling(name, input_size, n_steps):
    """Build the pooling called `name` over `input_size` features of at most `n_steps` words."""
    if name == "attention":
        return AttentionPooling(input_size)
    if name == "flatten":
        return FlattenPooling(n_steps)
    return {"last": LastPooling, "max": MaxPooling, "mean": MeanPooling}[name]()


def pooled_size(name, input_size, n_steps):
    """Return how many features the pooling called `name` makes of a text."""
    return input_size * n_steps if name == "flatten" else input_size
