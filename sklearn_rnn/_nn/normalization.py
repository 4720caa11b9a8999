"""Batch normalisation whose statistics exclude padding.

Shapes: D features.
"""

import torch
from torch import Tensor, nn


class MaskedBatchNorm(nn.Module):
    """Batch normalisation over tokens or over texts (Ioffe & Szegedy 2015, arXiv:1502.03167).

    ``torch.nn.BatchNorm1d`` would include the padding in the statistics, so that the statistics
    would depend on the amount of padding. In training it also refuses a batch of one token; this
    layer then uses a variance of 0.

    Parameters
    ----------
    n_features : int
        D.
    momentum : float, default=0.1
        Weight of the newest batch in the running statistics.
    eps : float, default=1e-5
        Number that is added to the variance.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, n_features: int, momentum: float = 0.1, eps: float = 1e-5) -> None:
        super().__init__()
        self.momentum = momentum
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(n_features))
        self.bias = nn.Parameter(torch.zeros(n_features))
        self.register_buffer("running_mean", torch.zeros(n_features))
        self.register_buffer("running_var", torch.ones(n_features))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Normalise features by their mean and variance, then scale and shift them.

        Training uses the statistics of the batch, and updates the running statistics. Evaluation
        uses the running statistics.

        Parameters
        ----------
        x : Tensor of shape (..., D)
            Features.
        mask : Tensor of bool of shape (...)
            True at tokens or texts; False at padding, which the statistics exclude.

        Returns
        -------
        x : Tensor of shape (..., D)
        """
        dtype, x = x.dtype, x.float()  # bfloat16 is too coarse for statistics
        mean, variance = self.running_mean, self.running_var
        if self.training:
            mean, variance = self._batch_statistics(x, mask)
        return ((x - mean) * (variance + self.eps).rsqrt() * self.weight + self.bias).to(dtype)

    def _batch_statistics(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        dims = tuple(range(mask.ndim))
        is_token = mask.unsqueeze(-1)
        n_tokens = mask.sum()
        mean = (x * is_token).sum(dims) / n_tokens
        variance = ((x - mean).square() * is_token).sum(dims) / n_tokens
        with torch.no_grad():
            unbiased = variance * (n_tokens / (n_tokens - 1).clamp(min=1))
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(unbiased, self.momentum)
        return mean, variance
