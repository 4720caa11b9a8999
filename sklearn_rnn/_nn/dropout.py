"""Dropout of features and of words, with random numbers from a given generator.

``torch.nn.Dropout`` draws from torch's global random stream. With it, a fit would change the random
numbers of its caller, and concurrent fits would change each other's random numbers.

Shapes: T tokens, B texts, D features.
"""

import torch
from torch import Tensor, nn

from sklearn_rnn._ids import PAD, UNK


class SeededDropout(nn.Module):
    """Dropout with masks from a given random generator.

    Parameters
    ----------
    p : float
        Probability that a feature is set to zero, in [0, 1).
    whole_channels : bool, default=False
        True drops a channel at all tokens of a text (spatial dropout, Tompson et al. 2015,
        arXiv:1411.4280). False drops each feature independently.
    """

    def __init__(self, p: float, *, whole_channels: bool = False) -> None:
        super().__init__()
        self.p = p
        self.whole_channels = whole_channels

    def forward(self, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """In training, set random features to zero and scale the others by ``1 / (1 - p)``.

        Parameters
        ----------
        x : Tensor of shape (..., B, D)
            Features; of shape (T, B, D) if `whole_channels`.
        generator : torch.Generator, default=None
            Random generator on the device of `x`. None: torch's global stream.

        Returns
        -------
        x : Tensor of shape (..., B, D)
        """
        if not self.training or self.p == 0:
            return x
        shape = (1, *x.shape[1:]) if self.whole_channels else x.shape
        kept = x.new_empty(shape).bernoulli_(1 - self.p, generator=generator)
        return x * kept.div_(1 - self.p)


class WordDropout(nn.Module):
    """Replaces words by the unknown word at random (Iyyer et al. 2015, doi:10.3115/v1/P15-1162).

    Parameters
    ----------
    p : float
        Probability that a word is replaced, in [0, 1).
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, ids: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """In training, replace random ids by `UNK`; padding stays.

        Parameters
        ----------
        ids : Tensor of int of any shape
            Right-padded ids.
        generator : torch.Generator, default=None
            Random generator on the device of `ids`. None: torch's global stream.

        Returns
        -------
        ids : Tensor of int of the same shape
        """
        if not self.training or self.p == 0:
            return ids
        uniform = torch.empty(ids.shape, device=ids.device).uniform_(generator=generator)
        return ids.masked_fill((uniform < self.p) & (ids != PAD), UNK)
