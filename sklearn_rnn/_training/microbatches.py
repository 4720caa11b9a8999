"""Micro-batches: a mini-batch is split, a thread pool computes the parts, gradients are added.

The split does not depend on the number of threads, and gradients are added in the order of the
micro-batches, so that the result is the same to the last bit on any number of threads.

The ranks of a process group divide the micro-batches, and exchange what they computed: logits,
losses and gradients. They exchange the gradients of the embedded words, which are fewer than those
of the embedding and are summed in the same order as in a single process.

Shapes: B texts, T tokens, E embedding channels, C classes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import torch
from torch.autograd.function import FunctionCtx

from sklearn_rnn._linear.cross_fit import CrossFit
from sklearn_rnn._linear.term import TokenNgrams
from sklearn_rnn._nn.module import RecurrentModule
from sklearn_rnn._nn.normalization import MaskedBatchNorm
from sklearn_rnn._training.batches import characters_of
from sklearn_rnn._training.process_group import active_ranks, check_same_weights
from sklearn_rnn._training.thread_pool import ThreadPool
from sklearn_rnn._warnings import warn_user

Inputs = dict[str, torch.Tensor]
Tensors = tuple[torch.Tensor, ...]
Step = dict[str, torch.Tensor]

# There are two micro-batches for every 64 texts: four of 16 texts took 1.3 times as long as two of
# 32.
TEXTS_PER_PAIR = 64
# A smaller mini-batch is not split.
MIN_TEXTS_TO_SPLIT = 32
# Below this number of hidden units a time step is mostly overhead, and both limits above are
# multiplied by MIN_UNITS // units: a GRU of 8 units took 1.8 times as long with two micro-batches
# of 32 texts as with one of 64.
MIN_UNITS = 64
MAX_MICRO_BATCHES = 8


class GivenGradient(torch.autograd.Function):
    """Zero, whose gradient with respect to a tensor is a given one.

    ``tensor.backward(gradient)`` imports sympy, which takes a process half a second and 40 MB.
    """

    @staticmethod
    def forward(ctx: FunctionCtx, tensor: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
        """Return zero; `gradient` has the shape of `tensor`."""
        ctx.save_for_backward(gradient)
        return tensor.new_zeros(())

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None]:
        """Return the given gradient, for the gradient 1 of the zero."""
        (gradient,) = ctx.saved_tensors
        return gradient, None


class MicroBatches:
    """Computes logits, losses and gradients of mini-batches, in micro-batches.

    Parameters
    ----------
    module : RecurrentModule
        The module whose gradients are computed.
    criterion : callable
        Returns the loss of each text for logits of shape (B, C) and labels of shape (B,).
    pool : ThreadPool
        Computes the micro-batches.
    cross_fit : CrossFit, default=None
        The cross-fit of the linear term, whose out-of-fold coefficients give the n-gram scores in
        training. None for a module without linear term.
    seed : int
        Seed of the dropout masks.
    dtype : torch.dtype
        Type in which recurrent layers compute in training. Evaluation computes in float32.
    """

    def __init__(
        self,
        module: RecurrentModule,
        criterion: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
        pool: ThreadPool,
        *,
        cross_fit: CrossFit | None = None,
        seed: int,
        dtype: torch.dtype,
    ) -> None:
        self.module = module
        self.criterion = criterion
        self.pool = pool
        self.dtype = dtype
        self.embedding = module.embedding.weight
        self.device = self.embedding.device
        self.fold_coefficients = None
        if cross_fit is not None:
            self.fold_coefficients = torch.from_numpy(cross_fit.coefficients).to(self.device)
        self.tables = [self.embedding]  # whose gradients are those of the embedded words
        if module.character_embedding is not None:
            self.tables.append(module.character_embedding.weight)
        are_tables = {id(table) for table in self.tables}
        self.parameters = [p for p in module.parameters() if id(p) not in are_tables]
        self.ranks = active_ranks()
        self.n_classes = module.output.out_features
        n_generators = max(MAX_MICRO_BATCHES, 0 if self.ranks is None else self.ranks.size)
        seeds = range(seed, seed + n_generators)
        self.generators = [torch.Generator(self.device).manual_seed(s) for s in seeds]
        units = max(layer.forward_cell.hidden_size for layer in module.layers)
        self.size_factor = max(MIN_UNITS // units, 1)
        norms = [layer for layer in module.modules() if isinstance(layer, MaskedBatchNorm)]
        self.statistics = [buffer for layer in norms for buffer in layer.buffers()]

    def compute_gradients(self, inputs: Inputs, labels: torch.Tensor) -> Step:
        """Set `grad` of each parameter that is not frozen to the gradient of the mean loss.

        Parameters
        ----------
        inputs : dict of Tensor
            The inputs of an `IdsDataset`: "ids" of shape (B, T); "lengths" in words and "weights",
            both of shape (B,); with characters, "character_keys" and "character_words". With a
            linear term also "folds" of shape (B,) and "linear_logits" of shape (B, C), as in
            `CrossFit`.
        labels : Tensor of int64 of shape (B,)
            Class indices.

        Returns
        -------
        step : dict of Tensor
            "loss", the weighted mean; "y_pred", the logits of shape (B, C); and "sums" of shape
            (3,): the sums of the weighted losses, of the weights of correctly classified texts, and
            of all weights.
        """
        generator = self.generators[0]
        slices = self._split(len(labels))
        own = self._own_rows(slices)
        # Of the ids before word dropout, on purpose.
        ngrams = self._find_ngrams({name: column[own] for name, column in inputs.items()})
        embedded = self.module.embed(  # (T, B, E)
            self.module.word_dropout(inputs["ids"], generator),
            self._training_scores(inputs, ngrams, own),
            characters_of(inputs),
            generator,
        )
        shares = inputs["weights"] / inputs["weights"].sum()
        # At each step, because a callback may freeze parameters at any time.
        parameters = [p for p in self.parameters if p.requires_grad]
        trains_tables = any(table.requires_grad for table in self.tables)
        n_channels = embedded.shape[2]
        if self.ranks is not None:  # the n-gram scores need no gradients, nor do frozen tables
            n_channels = self.embedding.shape[1] * trains_tables

        def compute(number: int) -> tuple[torch.Tensor, ...]:
            rows = slices[number]
            x = self._take_rows(embedded, inputs["lengths"], rows).requires_grad_()
            logits = self.module.classify(
                x, inputs["lengths"][rows], generator=self.generators[number], dtype=self.dtype
            )
            logits = logits + self._linear_logits(inputs, ngrams, rows)
            losses = self.criterion(logits, labels[rows])
            embedded_gradient, *gradients = torch.autograd.grad(
                losses @ shares[rows],
                [x, *parameters],
                materialize_grads=True,  # a custom cell may have unused parameters
            )
            return logits.detach(), losses.detach(), embedded_gradient[..., :n_channels], *gradients

        def shapes(rows: slice) -> list[Sequence[int]]:
            n = rows.stop - rows.start
            embedded_shape = self._seq_len(embedded, inputs["lengths"], rows), n, n_channels
            return [(n, self.n_classes), (n,), embedded_shape, *(p.shape for p in parameters)]

        results = self._map(compute, slices, shapes, is_training=True)
        logits, losses, embedded_gradients, *gradients = zip(*results, strict=True)
        if trains_tables:
            GivenGradient.apply(
                embedded, _join_rows(embedded, slices, embedded_gradients)
            ).backward()
        for parameter, summands in zip(parameters, gradients, strict=True):
            parameter.grad = sum(summands[1:], start=summands[0])
        return _make_step(torch.cat(logits), torch.cat(losses), inputs["weights"], labels)

    @torch.no_grad()
    def evaluate(self, inputs: Inputs, labels: torch.Tensor) -> Step:
        """Compute a mini-batch without gradients or dropout.

        Parameters and result are those of `compute_gradients`. With "folds" and "linear_logits" in
        `inputs` the texts are training texts, whose out-of-fold logits are used; without, the
        linear term computes the logits.
        """
        ngrams = self._find_ngrams(inputs)
        scores = self._ngram_scores(inputs, ngrams)
        embedded = self.module.embed(inputs["ids"], scores, characters_of(inputs))

        slices = self._split(len(labels))

        def compute(number: int) -> Tensors:
            rows = slices[number]
            with torch.no_grad():  # no_grad applies to one thread
                x = self._take_rows(embedded, inputs["lengths"], rows)
                logits = self.module.classify(x, inputs["lengths"][rows])
                return (logits + self._linear_logits(inputs, ngrams, rows),)

        def shapes(rows: slice) -> list[Sequence[int]]:
            return [(rows.stop - rows.start, self.n_classes)]

        results = self._map(compute, slices, shapes, is_training=False)
        logits = torch.cat([logits for (logits,) in results])
        return _make_step(logits, self.criterion(logits, labels), inputs["weights"], labels)

    def check_ranks(self, batch_size: int) -> None:
        """Check the ranks of a process group before the first step, if there is a group.

        Parameters
        ----------
        batch_size : int
            Texts in a mini-batch.

        Raises
        ------
        ValueError
            If the ranks have different weights.

        Warns
        -----
        UserWarning
            If there are more ranks than micro-batches in a mini-batch.
        """
        if self.ranks is None:
            return
        check_same_weights(self.ranks, self.module)
        n_slices, n_ranks = len(self._split(batch_size)), self.ranks.size
        if n_slices >= n_ranks:
            return
        cure = f"Set batch_size={self._batch_size_for(n_ranks)}, or start fewer processes."
        if self.statistics:
            cure = "Batch normalisation needs whole mini-batches: set batch_norm=False."
        elif n_slices == MAX_MICRO_BATCHES:
            cure = f"Start at most {MAX_MICRO_BATCHES} processes."
        warn_user(
            f"With batch_size={batch_size} the number of micro-batches is {n_slices}, and that of "
            f"the ranks of the process group is {n_ranks}: not all of them have something to do "
            f"while the network is trained. {cure}"
        )

    def _batch_size_for(self, n_slices: int) -> int:
        """Return the smallest batch size that gives at least `n_slices` micro-batches, if any."""
        n_pairs = -(-min(n_slices, MAX_MICRO_BATCHES) // 2)
        is_split_freely = self.device.type != "cpu"
        return n_slices if is_split_freely else TEXTS_PER_PAIR * self.size_factor * n_pairs

    def _find_ngrams(self, inputs: Inputs) -> TokenNgrams | None:
        """Return the n-grams of texts, or None if they are not needed."""
        term = self.module.linear_term
        if term is None or ("folds" in inputs and not self.module.reads_ngram_scores):
            return None
        return term.find_ngrams(inputs["ids"], characters_of(inputs))

    def _ngram_scores(self, inputs: Inputs, ngrams: TokenNgrams | None) -> torch.Tensor | None:
        """Return the n-gram scores, or None if the network does not read them.

        For training texts they are computed from out-of-fold coefficients.
        """
        term = self.module.linear_term
        if term is None or ngrams is None or not self.module.reads_ngram_scores:
            return None
        coefficients = self.fold_coefficients if "folds" in inputs else None
        return term.scores(ngrams, coefficients, inputs.get("folds"))

    def _training_scores(
        self, inputs: Inputs, ngrams: TokenNgrams | None, own: slice
    ) -> torch.Tensor | None:
        """Return the n-gram scores of a mini-batch: zeros for the texts of other ranks."""
        scores = self._ngram_scores({name: column[own] for name, column in inputs.items()}, ngrams)
        if scores is None or self.ranks is None:
            return scores
        joined = scores.new_zeros(*inputs["ids"].shape, scores.shape[2])
        joined[own] = scores
        return joined

    def _own_rows(self, slices: Sequence[slice]) -> slice:
        """Return the rows of the micro-batches that this process computes."""
        own = slices
        if self.ranks is not None:
            owners = self.ranks.owners(len(slices))
            pairs = zip(slices, owners, strict=True)
            own = [rows for rows, owner in pairs if owner == self.ranks.rank]
        return slice(own[0].start, own[-1].stop) if own else slice(0, 0)

    def _linear_logits(
        self, inputs: Inputs, ngrams: TokenNgrams | None, rows: slice
    ) -> torch.Tensor | int:
        """Return the logits of the linear term (out-of-fold for training texts), or 0."""
        if "folds" in inputs:
            return inputs["linear_logits"][rows]
        term = self.module.linear_term
        return 0 if term is None or ngrams is None else term.logits(ngrams.take(rows))

    def _split(self, n_texts: int) -> list[slice]:
        """Return one slice, or several of nearly equal size.

        Their number is even, so that two threads finish together.
        """
        if self.statistics:  # batch normalisation needs the whole mini-batch
            n_slices = 1
        elif self.device.type != "cpu":  # a GPU is fastest without a split
            n_slices = 1 if self.ranks is None else min(self.ranks.size, n_texts)
        elif n_texts < MIN_TEXTS_TO_SPLIT * self.size_factor:
            n_slices = 1
        else:
            n_pairs = max(n_texts // (TEXTS_PER_PAIR * self.size_factor), 1)
            n_slices = min(2 * n_pairs, MAX_MICRO_BATCHES)
        ends = [n_texts * number // n_slices for number in range(n_slices + 1)]
        return [slice(*span) for span in pairwise(ends)]

    def _take_rows(
        self, embedded: torch.Tensor, lengths: torch.Tensor, rows: slice
    ) -> torch.Tensor:
        """Return the texts of a micro-batch, cut to the length of the longest."""
        return embedded.detach()[: self._seq_len(embedded, lengths, rows), rows]

    def _seq_len(self, embedded: torch.Tensor, lengths: torch.Tensor, rows: slice) -> int:
        # On a GPU, texts keep their padding: to read `lengths` would synchronise host and device.
        return int(lengths[rows].max()) if self.device.type == "cpu" else len(embedded)

    def _map(
        self,
        function: Callable[[int], Tensors],
        slices: Sequence[slice],
        shapes: Callable[[slice], list[Sequence[int]]],
        *,
        is_training: bool,
    ) -> list[Tensors]:
        """Return ``function(number)`` for each micro-batch, which the ranks of a group divide.

        `shapes` returns the shapes of the tensors that `function` returns, for the rows of a
        micro-batch. If `is_training`, the ranks also exchange what a micro-batch changes: the state
        of its random generator, and the statistics of batch normalisation.
        """
        numbers = range(len(slices))
        if self.ranks is None:
            return self.pool.map(function, numbers)
        owners = self.ranks.owners(len(slices))
        own = [number for number in numbers if owners[number] == self.ranks.rank]
        results = dict(zip(own, self.pool.map(function, own), strict=True))
        sizes = [[math.prod(shape) for shape in shapes(rows)] for rows in slices]
        flat = [
            torch.cat([tensor.reshape(-1) for tensor in results[number]])
            if number in results
            else self.embedding.new_empty(sum(sizes[number]))
            for number in numbers
        ]
        generators = self.generators[: len(slices)] if is_training else []
        states = [generator.get_state() for generator in generators]
        statistics = self.statistics if is_training else []
        self.ranks.broadcast(
            "gradients" if is_training else "logits",
            [*flat, *states, *statistics],
            [*owners, *owners[: len(states)], *(0 for _ in statistics)],
        )
        for generator, state in zip(generators, states, strict=True):
            generator.set_state(state)
        return [
            tuple(map(torch.Tensor.view, flat[number].split(sizes[number]), shapes(rows)))
            for number, rows in zip(numbers, slices, strict=True)
        ]


def _join_rows(
    embedded: torch.Tensor, slices: Sequence[slice], gradients: Sequence[torch.Tensor]
) -> torch.Tensor:
    """Join the gradients of the embedded tokens of micro-batches into one of shape (T, B, E)."""
    if len(slices) == 1 and gradients[0].shape == embedded.shape:
        return gradients[0]
    joined = torch.zeros_like(embedded)
    for rows, gradient in zip(slices, gradients, strict=True):
        joined[: len(gradient), rows, : gradient.shape[2]] = gradient
    return joined


def _make_step(
    logits: torch.Tensor, losses: torch.Tensor, weights: torch.Tensor, labels: torch.Tensor
) -> Step:
    weight = weights.sum()
    weighted_loss = losses @ weights
    correct = weights @ (logits.argmax(1) == labels).to(weights.dtype)
    return {
        "loss": weighted_loss / weight,
        "y_pred": logits,
        "sums": torch.stack([weighted_loss, correct, weight]),
    }
