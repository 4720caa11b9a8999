"""The network: a torch module that computes logits from ids.

Each row of ids is a text. From the embedding to the pooling, time is the first dimension; in
`forward`, the output of the embedding has texts first, as tools for `torch.nn.Embedding` expect.

Shapes: B texts, T tokens, E input features per token, H hidden units, D features of a layer,
P pooled features, C classes.
"""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import pairwise
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn

from sklearn_rnn._linear.characters import CharacterNgrams, split_characters
from sklearn_rnn._linear.term import LinearTerm
from sklearn_rnn._nn.architecture import Architecture
from sklearn_rnn._nn.character_embedding import CharacterEmbedding
from sklearn_rnn._nn.custom_cell import CustomRecurrence
from sklearn_rnn._nn.dropout import SeededDropout, WordDropout
from sklearn_rnn._nn.initialization import (
    SkipInitialization,
    init_embedding,
    init_linear,
    init_vectors,
)
from sklearn_rnn._nn.normalization import MaskedBatchNorm
from sklearn_rnn._nn.pooling import POOLINGS
from sklearn_rnn._nn.recurrent import RecurrentLayer, init_recurrent, reversal_index

ModuleType = TypeVar("ModuleType", bound=nn.Module)


class RecurrentModule(nn.Module):
    """Recurrent text classifier, which computes logits from ids.

    `forward` divides the logits by `temperature` (Guo et al. 2017, arXiv:1706.04599), which is 1
    unless there were validation data; training is without it.

    The constructor allocates the weights on the CPU and leaves them uninitialised. Call
    `init_weights` for a new network, or `load_state_dict` for a trained network. There are two
    exceptions: in batch normalisation, weights start at 1 and biases at 0; and the constructor of a
    custom cell initialises the weights of the cell. `init_weights` constructs custom cells again,
    so that its generator determines their weights.

    Tools for torch modules work on a trained module, which is in evaluation mode: hooks, summaries,
    ``copy.deepcopy``, ``torch.save`` of the module or its `state_dict`, and captum. Layers that a
    hook may read:

    - `embedding`: ids of shape (B, T) to word vectors of shape (B, T, E). In training: (T, B) to
      (T, B, E).
    - ``layers[i]``: (T, B, D) to a tuple of one or two tensors of shape (T, B, H): the states of
      the forward direction, and those of the backward direction, which starts at the last token.
    - ``poolings[i]``: (T, B, D) to (B, P); with a merge that commutes with the pooling, it is
      called once per direction.
    - ``dense[i]`` and `output`: (B, features) to (B, features).

    For captum's ``LayerIntegratedGradients(module, module.embedding)``, pass the lengths in
    ``additional_forward_args``: they cannot be found in a baseline of zeros. The attributions sum
    to the change of the logits that is due to the embedding. The linear term and the n-gram scores
    are computed from the ids, and stay those of the text. `LayerConductance`, after
    `configure_interpretable_embedding_layer`, needs a network without them (``linear_ngrams=0``).

    The weights are float32, as training requires. To compute in another type, convert a copy, for
    example ``copy.deepcopy(module).double()``.

    Parameters
    ----------
    architecture : Architecture
        The layers and their sizes.
    """

    temperature: Tensor

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        with torch.device("cpu"), SkipInitialization():
            self._build(architecture)
        for recurrence in self._custom_recurrences():
            recurrence.build_cell()

    def _build(self, architecture: Architecture) -> None:
        self.word_dropout = WordDropout(architecture.word_dropout)
        self.embedding = nn.Embedding(
            architecture.n_tokens, architecture.embedding_dim, padding_idx=0
        )
        self.embedding.weight.requires_grad_(not architecture.freeze_embeddings)
        self.reads_characters = architecture.reads_characters
        self.character_embedding = None
        if architecture.embeds_characters:
            self.character_embedding = CharacterEmbedding(
                architecture.embedding_dim, architecture.word_dropout
            )
        self.embedding_dropout = SeededDropout(architecture.embedding_dropout, whole_channels=True)
        self.dropout = SeededDropout(architecture.dropout)

        size = architecture.input_size
        layer_input_sizes = []
        layers = []
        for hidden_size in architecture.hidden_sizes:
            layer_input_sizes.append(size)
            layer = RecurrentLayer(
                architecture.cell_type,
                size,
                hidden_size,
                bidirectional=architecture.bidirectional,
                merge=architecture.merge,
            )
            layers.append(layer)
            size = layer.output_size
        self.layers = module_list(layers)

        self.poolings = module_list(
            POOLINGS[name](size, architecture.max_length) for name in architecture.pooling
        )
        n_pooled = sum(pooling.output_size for pooling in self.poolings)
        dense_sizes = (n_pooled, *architecture.head_sizes)
        self.dense = module_list(nn.Linear(*pair) for pair in pairwise(dense_sizes))
        self.output = nn.Linear(dense_sizes[-1], architecture.n_classes)
        self.register_buffer("temperature", torch.ones(()))

        self.layer_norms = make_norms(layer_input_sizes, architecture.batch_norm)
        self.dense_norms = make_norms(dense_sizes, architecture.batch_norm)
        self.linear_term = None
        if architecture.linear_ngrams:
            self.linear_term = LinearTerm(architecture.n_classes, architecture.linear_ngrams)
        self.reads_ngram_scores = architecture.reads_ngram_scores

    def init_weights(self, generator: torch.Generator | None = None) -> None:
        """Initialise the weights of a new network.

        Parameters
        ----------
        generator : torch.Generator, default=None
            Random generator on the CPU. None: torch's global stream.
        """
        for layer in self.modules():
            if isinstance(layer, nn.Embedding):
                init_embedding(layer.weight, generator)
            elif isinstance(layer, CharacterEmbedding):
                init_vectors(layer.weight, generator)
            elif isinstance(layer, nn.RNNBase):
                init_recurrent(layer, generator)
            elif isinstance(layer, nn.Linear):
                init_linear(layer, generator)
        # Last, because the loop above also initialises torch layers inside a custom cell.
        for recurrence in self._custom_recurrences():
            recurrence.build_cell(generator)

    def _custom_recurrences(self) -> list[CustomRecurrence]:
        return [layer for layer in self.modules() if isinstance(layer, CustomRecurrence)]

    @torch.no_grad()
    def grow_embedding(self, n_tokens: int, generator: torch.Generator | None = None) -> Tensor:
        """Replace the embedding by a larger embedding that starts with the old rows.

        Parameters
        ----------
        n_tokens : int
            Rows of the new embedding.
        generator : torch.Generator, default=None
            Random generator on the CPU, which initialises the new rows. None: torch's global
            stream.

        Returns
        -------
        weight : Parameter of shape (n_tokens, embedding_dim)
            The weight of the new embedding.
        """
        old = self.embedding.weight
        weight = torch.empty(n_tokens, old.shape[1])
        init_embedding(weight, generator)
        weight = weight.to(old.device)
        weight[: len(old)] = old
        frozen = not old.requires_grad
        self.embedding = nn.Embedding.from_pretrained(weight, freeze=frozen, padding_idx=0)
        return self.embedding.weight

    def forward(self, ids: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Compute the logits of a batch, without word dropout.

        Parameters
        ----------
        ids : Tensor of int of shape (B, T)
            Right-padded ids, below `n_tokens`. For an id that was unknown at fit, give 1. Words may
            be followed by their characters if the network was trained so.
        lengths : Tensor of int64 of shape (B,), default=None
            Lengths of the texts, in words; at least 1. None: the positions of the last words whose
            ids are not 0.

        Returns
        -------
        logits : Tensor of float32 of shape (B, C)

        Raises
        ------
        ValueError
            If `ids` are not integers. The exception are word vectors of shape (B, T, E), which
            captum's `configure_interpretable_embedding_layer` lets through the embedding: they need
            `lengths`, and a network without linear term.
        """
        if ids.is_floating_point():
            self._check_vectors(ids, lengths)
        characters = None
        if self.reads_characters:
            ids, characters = split_characters(ids)
        return self.forward_words(
            ids, last_positions(ids) if lengths is None else lengths, characters
        )

    def forward_words(
        self, ids: Tensor, lengths: Tensor, characters: CharacterNgrams | None
    ) -> Tensor:
        """Compute the logits of a batch whose characters are split from the words.

        Parameters
        ----------
        ids : Tensor of int of shape (B, T)
            Right-padded ids of words.
        lengths : Tensor of int64 of shape (B,)
            Lengths of the texts, in words.
        characters : CharacterNgrams or None
            The character n-grams of the words. None if the network does not read characters.

        Returns
        -------
        logits : Tensor of float32 of shape (B, C)
        """
        vectors = self.embedding(ids)  # (B, T, E)
        if self.character_embedding is not None:
            vectors = vectors + self.character_embedding(characters, ids.shape[1])
        vectors = vectors.transpose(0, 1)  # (T, B, E), not contiguous
        if self.linear_term is None:
            return self.classify(vectors, lengths) / self.temperature
        ngrams = self.linear_term.find_ngrams(ids, characters)
        scores = self.linear_term.scores(ngrams) if self.reads_ngram_scores else None
        logits = self.classify(append_scores(vectors, scores), lengths)
        return (logits + self.linear_term.logits(ngrams)) / self.temperature

    def _check_vectors(self, vectors: Tensor, lengths: Tensor | None) -> None:
        """Raise a ValueError if the logits can't be computed from word vectors in place of ids."""
        if vectors.dim() != 3:
            raise ValueError(
                f"ids must be integers of shape (n_texts, n_tokens), but are {vectors.dtype} of "
                f"shape {tuple(vectors.shape)}. Attribute to the output of the embedding, for "
                "example by captum's LayerIntegratedGradients(module, module.embedding)."
            )
        if self.linear_term is not None:
            raise ValueError(
                "forward was given word vectors, but the linear term needs the ids. Fit the "
                "classifier with linear_ngrams=0, or use captum's LayerIntegratedGradients."
            )
        if lengths is None:
            raise ValueError(
                "forward was given word vectors, which do not tell the lengths of the texts. Pass "
                "the lengths too; with captum: additional_forward_args=(lengths,)."
            )

    def embed(
        self,
        ids: Tensor,
        ngram_scores: Tensor | None = None,
        characters: CharacterNgrams | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Return the input of the first recurrent layer.

        Parameters
        ----------
        ids : Tensor of int of shape (B, T)
            Right-padded ids of words.
        ngram_scores : Tensor of float32 of shape (B, T, C), default=None
            The n-gram score channels. None: they are computed from the ids. Ignored if the network
            does not read n-gram scores.
        characters : CharacterNgrams, default=None
            The character n-grams of the words. Needed if the network reads characters.
        generator : torch.Generator, default=None
            Random generator of the dropout of character n-grams, on the device of `ids`. None:
            torch's global stream.

        Returns
        -------
        words : Tensor of float32 of shape (T, B, E)
            The vector of each word, followed by its n-gram scores if the network reads them.
        """
        # With texts first, the gradients of the embedding would be summed in another order, and
        # written with a stride.
        vectors: Tensor = self.embedding(ids.t())
        if self.character_embedding is not None:
            parts = self.character_embedding(characters, ids.shape[1], generator)
            vectors = vectors + parts.transpose(0, 1)
        if self.linear_term is None or not self.reads_ngram_scores:
            return vectors
        if ngram_scores is None:
            ngram_scores = self.linear_term.scores(self.linear_term.find_ngrams(ids, characters))
        return append_scores(vectors, ngram_scores)

    def classify(
        self,
        words: Tensor,
        lengths: Tensor,
        *,
        generator: torch.Generator | None = None,
        dtype: torch.dtype | None = None,
    ) -> Tensor:
        """Compute the logits of a batch, without the linear term and the temperature.

        Parameters
        ----------
        words : Tensor of float of shape (T, B, E)
            As `embed` returns them, in the type of the weights.
        lengths : Tensor of int64 of shape (B,)
            Lengths of the texts, in tokens; at least 1.
        generator : torch.Generator, default=None
            Random generator of dropout, on the device of `words`. None: torch's global stream.
        dtype : torch.dtype, default=None
            Type in which the recurrent layers and the pooling compute. torch.bfloat16: mixed
            precision (Micikevicius et al. 2018, arXiv:1710.03740); the head computes in the type
            of the weights. None: the type of the weights.

        Returns
        -------
        logits : Tensor of float of shape (B, C)
            In the type of the weights.
        """
        dtype = words.dtype if dtype is None else dtype
        positions = torch.arange(len(words), device=words.device)
        mask = positions[:, None] < lengths  # (T, B)
        index = reversal_index(lengths, len(words))  # (T * B,)
        vectors, ngram_scores = words.to(dtype).tensor_split([self.embedding.embedding_dim], 2)
        x = torch.cat([self.embedding_dropout(vectors, generator), ngram_scores], 2)
        with nullcontext() if dtype == words.dtype else mixed_precision(words.device, dtype):
            for norm, layer in zip(self.layer_norms, self.layers, strict=True):
                states = layer(norm(x, mask), index)  # (T, B, H) of each direction
                if layer is not self.layers[-1]:
                    x = self.dropout(layer.join(states, index), generator)  # (T, B, D)
            pooled = self._pool(states, index, mask)  # (B, P)
        return self._head(pooled.to(words.dtype), generator)

    def _pool(self, states: tuple[Tensor, ...], index: Tensor, mask: Tensor) -> Tensor:
        layer = self.layers[-1]
        commute = [pooling.commutes_with_merge(layer.merge) for pooling in self.poolings]
        joined = None if all(commute) else layer.join(states, index)
        pooled = [
            layer.merge_directions([pooling(x, mask) for x in states])
            if commutes
            else pooling(joined, mask)
            for pooling, commutes in zip(self.poolings, commute, strict=True)
        ]
        return torch.cat(pooled, 1)

    def _head(self, pooled: Tensor, generator: torch.Generator | None) -> Tensor:
        every_text = torch.ones(len(pooled), dtype=torch.bool, device=pooled.device)
        x = self.dropout(self.dense_norms[0](pooled, every_text), generator)
        for dense, norm in zip(self.dense, self.dense_norms[1:], strict=True):
            x = self.dropout(torch.relu(norm(dense(x), every_text)), generator)
        logits: Tensor = self.output(x)
        return logits


def last_positions(ids: Tensor) -> Tensor:
    """Return the lengths, of shape (B,), of right-padded ids of shape (B, T); at least 1."""
    positions = torch.arange(1, ids.shape[1] + 1, device=ids.device)
    return (positions * (ids != 0)).amax(1).clamp(min=1)


def append_scores(vectors: Tensor, ngram_scores: Tensor | None) -> Tensor:
    """Append n-gram scores of shape (B, T, C), if there are any, to vectors of shape (T, B, E)."""
    if ngram_scores is None:
        return vectors
    return torch.cat([vectors, ngram_scores.transpose(0, 1)], 2)


def mixed_precision(device: torch.device, dtype: torch.dtype) -> AbstractContextManager[Any]:
    """Return a context in which torch's layers compute in `dtype` with their float32 weights."""
    # Threads would share the cache of converted weights, but a converted weight belongs to the
    # autograd graph of a single thread.
    return torch.autocast(device.type, dtype, cache_enabled=False)


class NoNorm(nn.Module):
    """Identity, in place of a normalisation."""

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Return `x`."""
        return x


def make_norms(sizes: Iterable[int], batch_norm: bool) -> Sequence[MaskedBatchNorm | NoNorm]:
    """Return a layer for each size: a `MaskedBatchNorm` if `batch_norm`, else a `NoNorm`."""
    return module_list(MaskedBatchNorm(size) if batch_norm else NoNorm() for size in sizes)


def module_list(modules: Iterable[ModuleType]) -> Sequence[ModuleType]:
    """Return a `torch.nn.ModuleList`, typed as a sequence of its modules."""
    return cast("Sequence[ModuleType]", nn.ModuleList(modules))
