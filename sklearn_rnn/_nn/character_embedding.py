"""Vectors of words from their character n-grams.

Shapes: B texts, T words, K character n-grams, E embedding channels.
"""

import torch
from torch import Tensor, nn

from sklearn_rnn._linear.characters import CharacterNgrams

# Rows of the table. N-grams with the same hash share a row (Weinberger et al. 2009,
# arXiv:0902.2206).
N_BUCKETS = 2**14


class CharacterEmbedding(nn.Module):
    """Sums the vectors of the character n-grams of each word (Bojanowski et al. 2017).

    The sum is divided by the square root of the number of n-grams of the word, so that long and
    short words have vectors of the same size. An n-gram chooses its vector by its hash, so there is
    no vocabulary of n-grams, and a word that training has not seen has a vector too
    (arXiv:1607.04606).

    Parameters
    ----------
    embedding_dim : int
        E.
    dropout : float
        Probability, in [0, 1), that an n-gram of a word is left out in training. The vectors of the
        others are divided by ``1 - dropout``.
    """

    def __init__(self, embedding_dim: int, dropout: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(N_BUCKETS, embedding_dim))
        self.dropout = dropout

    def forward(
        self, ngrams: CharacterNgrams, seq_len: int, generator: torch.Generator | None = None
    ) -> Tensor:
        """Compute the vectors of words.

        Parameters
        ----------
        ngrams : CharacterNgrams
            Of shape (B, K).
        seq_len : int
            T.
        generator : torch.Generator, default=None
            Random generator of the dropout, on the device of the n-grams. None: torch's global
            stream.

        Returns
        -------
        vectors : Tensor of float32 of shape (B, T, E)
            Zero for words without characters.
        """
        shape = len(ngrams.keys), seq_len
        words = torch.arange(seq_len, device=ngrams.words.device).expand(shape).contiguous()
        begins = torch.searchsorted(ngrams.words.contiguous(), words)  # (B, T), of each bag
        is_ngram = (ngrams.keys != 0).to(self.weight.dtype)  # (B, K)
        totals = nn.functional.pad(is_ngram.cumsum(1), (1, 0))
        ends = nn.functional.pad(begins[:, 1:], (0, 1), value=is_ngram.shape[1])
        sizes = totals.gather(1, ends) - totals.gather(1, begins)
        # The last bag of a text holds what is beyond its words, too.
        scales = sizes.clamp(min=1).rsqrt()
        weights = is_ngram * scales.gather(1, ngrams.words.clamp(max=seq_len - 1))
        if self.training and self.dropout:
            kept = torch.empty_like(weights).bernoulli_(1 - self.dropout, generator=generator)
            weights = weights * kept / (1 - self.dropout)
        offsets = begins + is_ngram.shape[1] * torch.arange(shape[0], device=words.device)[:, None]
        vectors = nn.functional.embedding_bag(
            (ngrams.keys % N_BUCKETS).flatten(),
            self.weight,
            offsets.flatten(),
            mode="sum",
            per_sample_weights=weights.flatten(),
        )
        return vectors.view(*shape, -1)
