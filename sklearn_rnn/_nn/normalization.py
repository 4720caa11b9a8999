"""Batch normalisation that sees words only, never the padding between them."""

import torch
from torch import nn


class WordBatchNorm(nn.Module):
    """Batch normalisation over the words of a batch (Ioffe & Szegedy 2015, arXiv:1502.03167).

    ``torch.nn.BatchNorm1d`` would count the padding, so that a text's features would depend on how
    long its neighbours are; and it refuses a batch of one word. Here the variance of one word is 0.

    Parameters
    ----------
    n_features : int
        D.
    momentum : float, default=0.1
        The weight of the newest batch in the running statistics.
    eps : float, default=1e-5
        Added to the variance.
    """

    def __init__(self, n_features, momentum=0.1, eps=1e-5):
        super().__init__()
        self.momentum = momentum
        self.eps = eps
        self.weight = nn.Parameter(torch.empty(n_features))
        self.bias = nn.Parameter(torch.empty(n_features))
        self.register_buffer("running_mean", torch.empty(n_features))
        self.register_buffer("running_var", torch.empty(n_features))
        self.reset()

    def reset(self):
        """Return to doing nothing."""
        for ones in (self.weight, self.running_var):
            nn.init.ones_(ones)
        for zeros in (self.bias, self.running_mean):
            nn.init.zeros_(zeros)

    def forward(self, x, mask):
        """Normalise `x` of shape (..., D) by the rows where `mask`, of shape (...), is True."""
        dtype, x = x.dtype, x.float()  # bfloat16 is too coarse for statistics
        mean, variance = self.running_mean, self.running_var
        if self.training:
            mean, variance = self._batch_statistics(x, mask)
        return ((x - mean) * (variance + self.eps).rsqrt() * self.weight + self.bias).to(dtype)

    def _batch_statistics(self, x, mask):
        rows = tuple(range(mask.ndim))
        words = mask.unsqueeze(-1)
        n_words = mask.sum()
        mean = (x * words).sum(rows) / n_words
        variance = ((x - mean).square() * words).sum(rows) / n_words
        with torch.no_grad():
            unbiased = variance * (n_words / (n_words - 1).clamp(min=1))
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(unbiased, self.momentum)
        return mean, variance
