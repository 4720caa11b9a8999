"""Micro-batches: a mini-batch is split, a thread pool computes the parts, gradients are added.

The split does not depend on the number of threads, and gradients are added in the order of the
micro-batches, so that the result is the same to the last bit on any number of threads.

Shapes: B texts, T tokens, E embedding channels, C classes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch

from sklearn_rnn._linear.cross_fit import CrossFit
from sklearn_rnn._linear.term import TokenNgrams
from sklearn_rnn._nn.module import RecurrentModule
from sklearn_rnn._nn.normalization import MaskedBatchNorm
from sklearn_rnn._training.batches import characters_of
from sklearn_rnn._training.thread_pool import ThreadPool

Inputs = dict[str, torch.Tensor]
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
        seeds = range(seed, seed + MAX_MICRO_BATCHES)
        self.generators = [torch.Generator(self.device).manual_seed(s) for s in seeds]
        units = max(layer.forward_cell.hidden_size for layer in module.layers)
        self.size_factor = max(MIN_UNITS // units, 1)
        # A GPU is fastest without a split, and batch normalisation needs the whole mini-batch.
        self.is_whole = self.device.type != "cpu" or any(
            isinstance(layer, MaskedBatchNorm) for layer in module.modules()
        )

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
        ngrams = self._find_ngrams(inputs)  # before word dropout, on purpose
        embedded = self.module.embed(  # (T, B, E)
            self.module.word_dropout(inputs["ids"], generator),
            self._ngram_scores(inputs, ngrams),
            characters_of(inputs),
            generator,
        )
        shares = inputs["weights"] / inputs["weights"].sum()
        # At each step, because a callback may freeze parameters at any time.
        parameters = [p for p in self.parameters if p.requires_grad]

        def compute(
            micro_batch: tuple[slice, torch.Generator],
        ) -> tuple[torch.Tensor, ...]:
            rows, generator = micro_batch
            x = self._take_rows(embedded, inputs["lengths"], rows).requires_grad_()
            logits = self.module.classify(
                x, inputs["lengths"][rows], generator=generator, dtype=self.dtype
            )
            logits = logits + self._linear_logits(inputs, ngrams, rows)
            losses = self.criterion(logits, labels[rows])
            gradients = torch.autograd.grad(
                losses @ shares[rows],
                [x, *parameters],
                materialize_grads=True,  # a custom cell may have unused parameters
            )
            return logits.detach(), losses.detach(), *gradients

        slices = self._split(len(labels))
        results = self.pool.map(compute, zip(slices, self.generators, strict=False))
        logits, losses, embedded_gradients, *gradients = zip(*results, strict=True)
        if any(table.requires_grad for table in self.tables):
            embedded.backward(_join_rows(embedded, slices, embedded_gradients))
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

        def compute(rows: slice) -> torch.Tensor:
            with torch.no_grad():  # no_grad applies to one thread
                x = self._take_rows(embedded, inputs["lengths"], rows)
                logits = self.module.classify(x, inputs["lengths"][rows])
                return logits + self._linear_logits(inputs, ngrams, rows)

        logits = torch.cat(self.pool.map(compute, self._split(len(labels))))
        return _make_step(logits, self.criterion(logits, labels), inputs["weights"], labels)

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
        if self.is_whole or n_texts < MIN_TEXTS_TO_SPLIT * self.size_factor:
            return [slice(n_texts)]
        n_pairs = max(n_texts // (TEXTS_PER_PAIR * self.size_factor), 1)
        n_slices = min(2 * n_pairs, MAX_MICRO_BATCHES)
        ends = [n_texts * number // n_slices for number in range(n_slices + 1)]
        return [slice(*span) for span in pairwise(ends)]

    def _take_rows(
        self, embedded: torch.Tensor, lengths: torch.Tensor, rows: slice
    ) -> torch.Tensor:
        """Return the texts of a micro-batch, cut to the length of the longest."""
        # A whole mini-batch keeps its length: to read `lengths` would synchronise host and GPU.
        seq_len = len(embedded) if self.is_whole else int(lengths[rows].max())
        return embedded.detach()[:seq_len, rows]


def _join_rows(
    embedded: torch.Tensor, slices: Sequence[slice], gradients: Sequence[torch.Tensor]
) -> torch.Tensor:
    """Join the gradients of the embedded tokens of micro-batches into one of shape (T, B, E)."""
    if len(slices) == 1 and len(gradients[0]) == len(embedded):
        return gradients[0]
    joined = torch.zeros_like(embedded)
    for rows, gradient in zip(slices, gradients, strict=True):
        joined[: len(gradient), rows] = gradient
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
