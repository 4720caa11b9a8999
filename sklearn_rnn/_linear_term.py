"""Logits that are linear in the words and pairs of words of a text, next to those of the network.

Shapes: B texts, T tokens, K places of a text where an n-gram may be, F n-grams, C classes.
"""

import torch
from torch import nn

from ._ngrams import distinct_ngrams

FIRST_WEIGHT = 0.3
SMOOTHING = 1.0


class LinearTerm(nn.Module):
    """A linear classifier of the n-grams that a text has, scaled as naive Bayes would.

    The logit of a class is a bias and the sum over the distinct n-grams of a text of weight times
    log-count ratio, over the square root of their number. The ratio is the logarithm of an n-gram's
    frequency in the texts of the class, less the mean of that over the classes: with equal weights
    this is naive Bayes, and with learned ones NBSVM (Wang & Manning 2012,
    aclanthology.org/P12-2018). To add it to the logits of a network is the manner of Cheng et al.
    2016 (arXiv:1606.07792).

    An n-gram that was never counted does not matter.

    Parameters
    ----------
    n_classes : int
        C.
    longest : {1, 2}
        1: words; 2: words and pairs of neighbours.
    """

    def __init__(self, n_classes, longest):
        super().__init__()
        self.longest = longest
        # The first row is "none", so that there always is one.
        self.register_buffer("keys", torch.empty(1, dtype=torch.int64))
        self.register_buffer("counts", torch.empty(1, n_classes))
        self.weight = nn.Parameter(torch.empty(1, n_classes))
        self.bias = nn.Parameter(torch.empty(n_classes))

    @torch.no_grad()
    def reset(self):
        """Forget all counts and weights."""
        self.keys.zero_()
        self.counts.zero_()
        self.weight.fill_(FIRST_WEIGHT)
        self.bias.zero_()

    def _load_from_state_dict(self, state_dict, prefix, *args):
        """Take a state of any number of n-grams."""
        weight = state_dict[f"{prefix}weight"]
        if len(weight) != len(self.weight):
            self.keys = self.keys.new_empty(len(weight))
            self.counts = self.counts.new_empty(weight.shape)
            self.weight = nn.Parameter(self.weight.new_empty(weight.shape))
        super()._load_from_state_dict(state_dict, prefix, *args)

    @torch.no_grad()
    def count(self, keys, counts, *, accumulate):
        """Take in the counts of n-grams, new ones among them.

        Parameters
        ----------
        keys : Tensor of int64 of shape (n,)
            Sorted, above 0, each once.
        counts : Tensor of shape (n, C)
            How many texts of each class have them.
        accumulate : bool
            Whether to add them to the counts that there are, or to put them in their place.

        Returns
        -------
        rows : Tensor of int64 of shape (F,)
            Where the n-grams that were there have gone. The weight is a new parameter.
        """
        keys, counts = keys.to(self.keys.device), counts.to(self.counts)
        merged = torch.cat([self.keys, keys]).unique()
        rows = torch.searchsorted(merged, self.keys)
        grown = counts.new_zeros(len(merged), counts.shape[1])
        grown[rows] = self.counts
        places = torch.searchsorted(merged, keys)
        grown[places] = counts + accumulate * grown[places]
        weight = torch.full_like(grown, FIRST_WEIGHT)
        weight[rows] = self.weight
        self.keys, self.counts, self.weight = merged, grown, nn.Parameter(weight)
        return rows

    def forward(self, ids):
        """Compute the logits of shape (B, C) for right-padded ids of shape (B, T)."""
        _, _, contributions = self.contributions(ids)
        return contributions.sum(1) + self.bias

    def contributions(self, ids):
        """Compute what each n-gram of a text adds to the logits.

        Returns
        -------
        keys : Tensor of int64 of shape (B, K)
            The n-grams of each text; 0 where there is none.
        is_known : Tensor of bool of shape (B, K)
            Which were counted.
        contributions : Tensor of shape (B, K, C)
            Zero for those that were not.
        """
        keys = distinct_ngrams(ids, self.longest)
        rows = torch.searchsorted(self.keys, keys).clamp_(max=len(self.keys) - 1)
        is_known = (keys > 0) & (self.keys[rows] == keys)
        scale = is_known.sum(1, keepdim=True).clamp(min=1).rsqrt()  # (B, 1)
        weights = nn.functional.embedding(rows, self.weight) * self._log_count_ratios(rows)
        return keys, is_known, weights * (is_known * scale)[:, :, None]

    def _log_count_ratios(self, rows):
        logs = (self.counts[rows] + SMOOTHING).log()
        totals = (self.counts[1:] + SMOOTHING).sum(0).clamp(min=SMOOTHING)
        logs = logs - totals.log()
        return logs - logs.mean(-1, keepdim=True)
