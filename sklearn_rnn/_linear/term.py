"""Linear term of the network: a linear classifier on the words, pairs and parts of words of a text.

Shapes: B texts, T words, F rows of the n-gram table (the sentinel row included), C classes; with
words only, N = 1 and K = T; with words and pairs, N = 2 and K = 2 T - 1; L character n-grams add to
K.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from sklearn_rnn._linear.characters import CharacterNgrams, sum_over_words
from sklearn_rnn._linear.ngrams import flatten_ngrams, sort_distinct, token_ngrams

# Coefficients are a few tenths. Multiplied by this number, they are near 1, as inputs of a network
# should be.
NGRAM_SCORE_SCALE = 3.0


class TokenNgrams(NamedTuple):
    """The n-grams that end at each word of a batch of texts, and the character n-grams of words.

    Parameters
    ----------
    keys : Tensor of int64 of shape (N, B, T)
        As `token_ngrams` returns them.
    rows : Tensor of int64 of shape (N, B, T)
        Their rows in the linear term; 0, the sentinel row, for n-grams that it does not have.
    characters : CharacterNgrams or None
        The character n-grams, of shape (B, L). None without characters.
    character_rows : Tensor of int64 of shape (B, L) or None
        Their rows in the linear term. None without characters.
    """

    keys: Tensor
    rows: Tensor
    characters: CharacterNgrams | None = None
    character_rows: Tensor | None = None

    def take(self, texts: slice) -> "TokenNgrams":
        """Return the n-grams of some of the texts."""
        words = self.keys[:, texts], self.rows[:, texts]
        if self.characters is None or self.character_rows is None:
            return TokenNgrams(*words)
        return TokenNgrams(*words, self.characters.take(texts), self.character_rows[texts])

    def flat_keys(self) -> Tensor:
        """Return the keys of all n-grams, of shape (B, K)."""
        keys = flatten_ngrams(self.keys)
        return keys if self.characters is None else torch.cat([keys, self.characters.keys], 1)

    def flat_rows(self) -> Tensor:
        """Return the rows of all n-grams, of shape (B, K)."""
        rows = flatten_ngrams(self.rows)
        return rows if self.character_rows is None else torch.cat([rows, self.character_rows], 1)


class LinearTerm(nn.Module):
    """A linear classifier on the n-grams of a text.

    The logit of a class is ``bias + sum(coefficients) / sqrt(n)``, over the n distinct n-grams of a
    text that are in the table. It is added to the logit of the network, as in Cheng et al. 2016
    (arXiv:1606.07792). The network may also read the n-gram scores of each token: the coefficients
    of the word and of the pair that ends at it.

    `learn_linear_term` fits the coefficients, which are buffers: the optimizer of the network does
    not train them.

    Parameters
    ----------
    n_classes : int
        C.
    longest : {1, 2}
        1: words; 2: words and pairs of adjacent words.
    """

    keys: Tensor
    counts: Tensor
    coefficients: Tensor
    bias: Tensor

    def __init__(self, n_classes: int, longest: int) -> None:
        super().__init__()
        self.longest = longest
        # The first row is a sentinel of zeros, for n-grams that are not in the table.
        self.register_buffer("keys", torch.zeros(1, dtype=torch.int64))
        self.register_buffer("counts", torch.zeros(1, n_classes))
        self.register_buffer("coefficients", torch.zeros(1, n_classes))
        self.register_buffer("bias", torch.zeros(n_classes))

    @property
    def n_parameters(self) -> int:
        """Number of fitted parameters: coefficients of n-grams, and biases."""
        return self.coefficients[1:].numel() + self.bias.numel()

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        """Load a state; first resize the buffers to its number of n-grams."""
        for name in ("keys", "counts", "coefficients"):
            value = state_dict[f"{prefix}{name}"]
            setattr(self, name, getattr(self, name).new_empty(value.shape))
        super()._load_from_state_dict(state_dict, prefix, *args)

    def count(self, keys: Tensor, counts: Tensor, *, accumulate: bool) -> Tensor:
        """Set the counts of some n-grams, or add to them. N-grams without a row get one.

        The counts of all other n-grams stay.

        Parameters
        ----------
        keys : Tensor of int64 of shape (n,)
            Distinct and above 0.
        counts : Tensor of shape (n, C)
            Number of texts of each class that contain each n-gram, weighted by `text_counts`.
        accumulate : bool
            True adds to the earlier counts of these n-grams; False replaces them.

        Returns
        -------
        is_new : Tensor of bool of shape (F,)
            True for n-grams that are to be fitted from scratch: n-grams that had no row and, if
            `accumulate` is False, all n-grams of `keys`.
        """
        keys, counts = keys.to(self.keys.device), counts.to(self.counts)
        merged = torch.cat([self.keys, keys]).unique()
        old, given = torch.searchsorted(merged, self.keys), torch.searchsorted(merged, keys)
        grown, coefficients = counts.new_zeros(2, len(merged), counts.shape[1])
        grown[old], coefficients[old] = self.counts, self.coefficients
        grown[given] = counts + accumulate * grown[given]
        is_new = torch.ones(len(merged), dtype=torch.bool, device=keys.device)
        is_new[old] = False
        if not accumulate:
            is_new[given] = True
        self.keys, self.counts, self.coefficients = merged, grown, coefficients
        return is_new

    def find(self, keys: Tensor) -> Tensor:
        """Return the row of each key; 0, the sentinel row, for keys that have none."""
        return find_rows(self.keys, keys)

    def find_ngrams(self, ids: Tensor, characters: CharacterNgrams | None = None) -> TokenNgrams:
        """Return the n-grams of right-padded ids of words, of shape (B, T), with their rows."""
        keys = token_ngrams(ids, self.longest)
        rows = self.find(keys)
        if characters is None:
            return TokenNgrams(keys, rows)
        return TokenNgrams(keys, rows, characters, self.find(characters.keys))

    def forward(self, ids: Tensor) -> Tensor:
        """Compute the logits of shape (B, C) for right-padded ids of words, of shape (B, T)."""
        return self.logits(self.find_ngrams(ids))

    def logits(self, ngrams: TokenNgrams) -> Tensor:
        """Compute the logits of shape (B, C) for the n-grams of a batch."""
        _, contributions = self.contributions(ngrams)  # (B, K, C)
        return contributions.sum(1) + self.bias

    def contributions(self, ngrams: TokenNgrams) -> tuple[Tensor, Tensor]:
        """Compute the contribution of each distinct n-gram of a text to the logits.

        Parameters
        ----------
        ngrams : TokenNgrams
            The n-grams of a batch.

        Returns
        -------
        keys : Tensor of int64 of shape (B, K)
            The distinct n-grams of each text, padded with 0.
        contributions : Tensor of shape (B, K, C)
            Zero for n-grams that were never counted.
        """
        keys, order = sort_distinct(ngrams.flat_keys())
        rows = ngrams.flat_rows().gather(1, order).masked_fill_(keys == 0, 0)
        n_known = (rows > 0).sum(1, keepdim=True)  # (B, 1)
        scale = n_known.clamp(min=1).rsqrt()
        return keys, nn.functional.embedding(rows, self.coefficients) * scale[:, :, None]

    def scores(
        self,
        ngrams: TokenNgrams,
        fold_coefficients: Tensor | None = None,
        folds: Tensor | None = None,
    ) -> Tensor:
        """Return the n-gram score channels: the coefficients of the n-grams of each word.

        They are the coefficient of the word, that of the pair that ends with it, and the sum of
        those of its character n-grams.

        Parameters
        ----------
        ngrams : TokenNgrams
            The n-grams of a batch.
        fold_coefficients : Tensor of shape (n_folds, F, C), default=None
            Out-of-fold coefficients, which are used instead of `coefficients` for training texts.
        folds : Tensor of int64 of shape (B,), default=None
            The fold of each text. Needed with `fold_coefficients`.

        Returns
        -------
        scores : Tensor of float32 of shape (B, T, C)
            Their mean over the classes is zero. At the padding they are zero.
        """
        table, offsets = self.coefficients, None
        if fold_coefficients is not None and folds is not None:
            table, offsets = fold_coefficients.flatten(0, 1), folds[:, None] * len(self.keys)
        rows = ngrams.rows if offsets is None else ngrams.rows + offsets
        words, *pairs = nn.functional.embedding(rows, table).unbind()  # (B, T, C) each
        scores = sum(pairs, start=words)
        if ngrams.characters is not None and ngrams.character_rows is not None:
            rows = ngrams.character_rows if offsets is None else ngrams.character_rows + offsets
            parts = nn.functional.embedding(rows, table)  # (B, L, C)
            scores = scores + sum_over_words(parts, ngrams.characters.words, scores.shape[1])
        return NGRAM_SCORE_SCALE * (scores - scores.mean(2, keepdim=True))


def find_rows(table: Tensor, keys: Tensor) -> Tensor:
    """Return the row of each key in a table of sorted keys; 0 for keys that it does not have."""
    rows = torch.searchsorted(table, keys).clamp_(max=len(table) - 1)
    return rows * (table[rows] == keys)
