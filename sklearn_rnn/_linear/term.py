"""A linear classifier of the words and pairs of words of a text, which the network starts from.

Shapes: B texts, T tokens, K places of a text where an n-gram may be, F n-grams, C classes.
"""

import torch
from torch import nn

from sklearn_rnn._linear.ngrams import distinct_ngrams, ngrams_in_place

# Coefficients are some tenths; the score channels that a network reads should be near 1.
NGRAM_SCORE_SCALE = 3.0


class LinearTerm(nn.Module):
    """A linear classifier of the n-grams that a text has.

    The logit of a class is a bias and the sum of the coefficients of the distinct n-grams of a text
    over the square root of their number. That is added to the logits of the network, in the manner
    of Cheng et al. 2016 (arXiv:1606.07792). A network may also read the n-gram scores of each word:
    the coefficients of the word and of the pair that it ends.

    An n-gram that was never counted does not matter. `learn_linear_term` finds the coefficients;
    they are buffers, since the network's optimizer has nothing to do with them.

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
        self.register_buffer("coefficients", torch.empty(1, n_classes))
        self.register_buffer("bias", torch.empty(n_classes))

    @property
    def n_parameters(self):
        """How many numbers are learned."""
        return self.coefficients.numel() + self.bias.numel()

    def reset(self):
        """Forget all counts and coefficients."""
        for buffer in self.buffers():
            buffer.zero_()

    def _load_from_state_dict(self, state_dict, prefix, *args):
        """Take a state of any number of n-grams."""
        for name in ("keys", "counts", "coefficients"):
            value = state_dict[f"{prefix}{name}"]
            setattr(self, name, getattr(self, name).new_empty(value.shape))
        super()._load_from_state_dict(state_dict, prefix, *args)

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
        is_new : Tensor of bool of shape (F,)
            Which n-grams have no coefficients yet, or none any more.
        """
        keys, counts = keys.to(self.keys.device), counts.to(self.counts)
        merged = torch.cat([self.keys, keys]).unique()
        rows, places = torch.searchsorted(merged, self.keys), torch.searchsorted(merged, keys)
        grown, coefficients = counts.new_zeros(2, len(merged), counts.shape[1])
        grown[rows], coefficients[rows] = self.counts, self.coefficients
        grown[places] = counts + accumulate * grown[places]
        is_new = torch.ones(len(merged), dtype=torch.bool, device=keys.device)
        is_new[rows] = False
        if not accumulate:
            is_new[places] = True
        self.keys, self.counts, self.coefficients = merged, grown, coefficients
        return is_new

    def forward(self, ids):
        """Compute the logits of shape (B, C) for right-padded ids of shape (B, T)."""
        _, contributions = self.contributions(ids)
        return contributions.sum(1) + self.bias

    def contributions(self, ids):
        """Compute what each n-gram of a text adds to the logits.

        Returns
        -------
        keys : Tensor of int64 of shape (B, K)
            The n-grams of each text; 0 where there is none.
        contributions : Tensor of shape (B, K, C)
            Zero for those that were not counted.
        """
        keys = distinct_ngrams(ids, self.longest)
        rows = self.find(keys)
        n_known = (rows > 0).sum(1, keepdim=True)  # (B, 1)
        scale = n_known.clamp(min=1).rsqrt()
        return keys, nn.functional.embedding(rows, self.coefficients) * scale[:, :, None]

    def find(self, keys):
        """Return the row of each of the `keys`, or 0 for those that were not counted."""
        rows = torch.searchsorted(self.keys, keys).clamp_(max=len(self.keys) - 1)
        return rows * (self.keys[rows] == keys)

    def ngram_scores(self, ids, fold_coefficients=None, folds=None):
        """Return the n-gram score channels: for each class, those of a word and its pair.

        Parameters
        ----------
        ids : Tensor of int of shape (B, T)
            Right-padded ids.
        fold_coefficients : Tensor of shape (n_folds, F, C), default=None
            Out-of-fold coefficients, which are read in training.
        folds : Tensor of int64 of shape (B,), default=None
            The fold of each text.

        Returns
        -------
        scores : Tensor of float32 of shape (B, T, C)
            Of mean zero over the classes, and zero at the padding.
        """
        table, first_row = self.coefficients, 0
        if folds is not None:
            table = fold_coefficients.flatten(0, 1)
            first_row = folds[:, None] * len(self.keys)
        scores = sum(
            nn.functional.embedding(self.find(keys) + first_row, table)
            for keys in ngrams_in_place(ids, self.longest)
        )
        return NGRAM_SCORE_SCALE * (scores - scores.mean(2, keepdim=True))
