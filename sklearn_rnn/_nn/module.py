"""The network: embed, recur, pool, head -> logits. It knows torch alone.

Ids come a text to a row; from the embedding on, time comes first.

Shapes: B texts, T tokens, E channels of a word, D features of a layer, P pooled features.
"""

from contextlib import nullcontext
from itertools import pairwise

import torch
from torch import nn

from sklearn_rnn._linear.term import LinearTerm
from sklearn_rnn._nn.architecture import Architecture
from sklearn_rnn._nn.custom_cell import UserRecurrence
from sklearn_rnn._nn.dropout import SeededDropout, WordDropout
from sklearn_rnn._nn.normalization import WordBatchNorm
from sklearn_rnn._nn.pooling import make_pooling, pooled_size, pools_directions
from sklearn_rnn._nn.recurrent import RecurrentLayer, draw_cell, reversal_index

EMBEDDING_RANGE = 0.05


class RecurrentModule(nn.Module):
    """A recurrent text classifier from ids to logits.

    Parameters
    ----------
    architecture : Architecture
        Its layers and their sizes.
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.word_dropout = WordDropout(architecture.word_dropout)
        self.embedding = nn.Embedding(
            architecture.n_tokens, architecture.embedding_dim, padding_idx=0
        )
        self.embedding.weight.requires_grad_(not architecture.freeze_embeddings)
        self.embedding_dropout = SeededDropout(architecture.embedding_dropout, whole_channels=True)
        self.dropout = SeededDropout(architecture.dropout)

        size = architecture.input_size
        layer_input_sizes = []
        self.layers = nn.ModuleList()
        for hidden_size in architecture.hidden_sizes:
            layer_input_sizes.append(size)
            layer = RecurrentLayer(
                architecture.cell_type,
                size,
                hidden_size,
                bidirectional=architecture.bidirectional,
                merge=architecture.merge,
            )
            self.layers.append(layer)
            size = layer.output_size

        names, max_length = architecture.pooling, architecture.max_length
        self.poolings = nn.ModuleList(make_pooling(name, size, max_length) for name in names)
        self.pools_directions = [pools_directions(name, architecture.merge) for name in names]

        n_pooled = sum(pooled_size(name, size, max_length) for name in names)
        dense_sizes = (n_pooled, *architecture.head_sizes)
        self.dense = nn.ModuleList(nn.Linear(*pair) for pair in pairwise(dense_sizes))
        self.output = nn.Linear(dense_sizes[-1], architecture.n_classes)

        self.layer_norms = make_norms(layer_input_sizes, architecture.batch_norm)
        self.dense_norms = make_norms(dense_sizes, architecture.batch_norm)
        self.linear_term = None
        if architecture.linear_ngrams:
            self.linear_term = LinearTerm(architecture.n_classes, architecture.linear_ngrams)
        self.reads_ngram_scores = architecture.reads_ngram_scores
        self.draw_weights()

    def draw_weights(self, generator=None):
        """Draw all weights anew, from a generator on the CPU or from torch's global stream."""
        for part in self.modules():
            if isinstance(part, nn.Embedding):
                draw_words(part.weight, generator)
            elif isinstance(part, nn.RNNBase):
                draw_cell(part, generator)
            elif isinstance(part, nn.Linear):
                draw_linear(part, generator)
            elif isinstance(part, WordBatchNorm | LinearTerm):
                part.reset()
        for part in self.modules():
            if isinstance(part, UserRecurrence):  # whose cell may hold layers of torch
                part.draw(generator)

    @torch.no_grad()
    def grow_embedding(self, n_tokens, generator=None):
        """Replace the embedding by one of `n_tokens` rows that begins with its own, and return it.

        The new rows are drawn as the first ones were.
        """
        old = self.embedding.weight
        weight = torch.empty(n_tokens, old.shape[1])
        draw_words(weight, generator)
        weight = weight.to(old.device)
        weight[: len(old)] = old
        frozen = not old.requires_grad
        self.embedding = nn.Embedding.from_pretrained(weight, freeze=frozen, padding_idx=0)
        return self.embedding.weight

    def forward(self, ids, lengths):
        """Compute the logits of a batch.

        Parameters
        ----------
        ids : Tensor of int of shape (B, T)
            Right-padded ids, below `n_tokens`.
        lengths : Tensor of int64 of shape (B,)
            In tokens, at least 1.

        Returns
        -------
        logits : Tensor of float32 of shape (B, n_classes)
        """
        return self.classify(self.embed(ids), lengths) + self.linear_logits(ids)

    def linear_logits(self, ids):
        """Return the logits of the linear term, of shape (B, n_classes), or 0 without one."""
        return 0 if self.linear_term is None else self.linear_term(ids)

    def embed(self, ids, ngram_scores=None):
        """Return what the recurrence reads: word vectors, and n-gram scores if it reads them.

        Parameters
        ----------
        ids : Tensor of int of shape (B, T)
            Right-padded ids.
        ngram_scores : Tensor of float32 of shape (B, T, n_classes), default=None
            The n-gram score channels. None: those of the linear term as it is.

        Returns
        -------
        words : Tensor of float32 of shape (T, B, E)
        """
        vectors = self.embedding(ids.t())
        if not self.reads_ngram_scores:
            return vectors
        if ngram_scores is None:
            ngram_scores = self.linear_term.ngram_scores(ids)
        return torch.cat([vectors, ngram_scores.transpose(0, 1)], 2)

    def classify(self, words, lengths, *, generator=None, dtype=torch.float32):
        """Compute the logits of a batch from the vectors of its words, without the linear term.

        Parameters
        ----------
        words : Tensor of float32 of shape (T, B, E)
            As `embed` returns them.
        lengths : Tensor of int64 of shape (B,)
            In tokens, at least 1.
        generator : torch.Generator, default=None
            Where dropout draws from in training. None: torch's global stream.
        dtype : torch.dtype, default=torch.float32
            What the recurrent layers and the pooling compute in. torch.bfloat16: mixed precision
            (Micikevicius et al. 2018, arXiv:1710.03740); the head computes in float32.

        Returns
        -------
        logits : Tensor of float32 of shape (B, n_classes)
        """
        steps = torch.arange(len(words), device=words.device)
        mask = steps[:, None] < lengths  # (T, B)
        index = reversal_index(lengths, len(words))  # (T * B,)
        vectors, ngram_scores = words.to(dtype).tensor_split([self.embedding.embedding_dim], 2)
        x = torch.cat([self.embedding_dropout(vectors, generator), ngram_scores], 2)
        with mixed_precision(words.device, dtype):
            for norm, layer in zip(self.layer_norms, self.layers, strict=True):
                outputs = layer(norm(x, mask), index)  # (T, B, H) of each direction
                if layer is not self.layers[-1]:
                    x = self.dropout(layer.join(outputs, index), generator)  # (T, B, D)
            pooled = self._pool(outputs, index, mask)  # (B, P)
        return self._head(pooled.float(), generator)

    def _pool(self, outputs, index, mask):
        layer = self.layers[-1]
        joined = None if all(self.pools_directions) else layer.join(outputs, index)
        pooled = [
            layer.merge_directions([pool(x, mask) for x in outputs])
            if pools_directions
            else pool(joined, mask)
            for pool, pools_directions in zip(self.poolings, self.pools_directions, strict=True)
        ]
        return torch.cat(pooled, 1)

    def _head(self, pooled, generator):
        every_text = torch.ones(len(pooled), dtype=torch.bool, device=pooled.device)
        x = self.dropout(self.dense_norms[0](pooled, every_text), generator)
        for dense, norm in zip(self.dense, self.dense_norms[1:], strict=True):
            x = self.dropout(torch.relu(norm(dense(x), every_text)), generator)
        return self.output(x)


def mixed_precision(device, dtype):
    """Let torch's layers compute in `dtype` with their float32 weights."""
    if dtype == torch.float32:
        return nullcontext()
    # The cache of converted weights would be shared by threads that each have their own graph.
    return torch.autocast(device.type, dtype, cache_enabled=False)


@torch.no_grad()
def draw_words(weight, generator):
    """Draw the rows of an embedding, of shape (n_tokens, E). Row 0, the padding, is zero."""
    nn.init.uniform_(weight, -EMBEDDING_RANGE, EMBEDDING_RANGE, generator=generator)
    weight[0] = 0


def draw_linear(linear, generator):
    """Draw the weights of a dense layer (Glorot & Bengio 2010)."""
    nn.init.xavier_uniform_(linear.weight, generator=generator)
    if linear.bias is not None:
        nn.init.zeros_(linear.bias)


class NoNorm(nn.Module):
    """What stands where batch normalisation could."""

    def forward(self, x, mask):
        """Return `x`."""
        return x


def make_norms(sizes, batch_norm):
    """Make a normalisation for each of the `sizes`, or as many that do nothing."""
    return nn.ModuleList(WordBatchNorm(size) if batch_norm else NoNorm() for size in sizes)
