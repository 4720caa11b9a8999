"""Dropout, of features and of whole words, that draws from a stream of its own."""

import torch
from torch import nn

from sklearn_rnn._ids import PAD, UNK


class SeededDropout(nn.Module):
    """Dropout whose masks come from a given generator.

    ``torch.nn.Dropout`` draws from torch's global stream, so a fit would disturb its caller's, and
    fits in several threads each other's.

    Parameters
    ----------
    p : float
        Share of the features that are dropped.
    whole_channels : bool, default=False
        Whether a channel is dropped at all words of a text or at none (spatial dropout, Tompson et
        al. 2015, arXiv:1411.4280).
    """

    def __init__(self, p, *, whole_channels=False):
        super().__init__()
        self.p = p
        self.whole_channels = whole_channels

    def forward(self, x, generator=None):
        """Drop features of `x`, of shape (..., B, D), and scale up the others; only in training.

        The generator lies on the device of `x`. None: torch's global stream.
        """
        if not self.training or self.p == 0:
            return x
        shape = (1, *x.shape[1:]) if self.whole_channels else x.shape
        kept = x.new_empty(shape).bernoulli_(1 - self.p, generator=generator)
        return x * kept.div_(1 - self.p)


class WordDropout(nn.Module):
    """Turns words into the unknown word at random (Iyyer et al. 2015, doi:10.3115/v1/P15-1162).

    Parameters
    ----------
    p : float
        Share of the words.
    """

    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, ids, generator=None):
        """Return the ids, of any shape, some of them `UNK`; only in training.

        The generator lies on the device of the ids. None: torch's global stream.
        """
        if not self.training or self.p == 0:
            return ids
        draws = torch.empty(ids.shape, device=ids.device).uniform_(generator=generator)
        return ids.masked_fill((draws < self.p) & (ids != PAD), UNK)
