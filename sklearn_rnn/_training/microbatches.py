"""Batches of a module, computed part by part, side by side on the cores of a CPU.

How a batch is cut depends on the batch alone, and sums go over the parts in their order, so that
the result is the same to the last bit on any number of threads.
"""

from itertools import pairwise

import torch

from sklearn_rnn._nn.normalization import MaskedBatchNorm

# A batch of 64 took 1.3 times as long in four parts of 16 texts as in two of 32.
TEXTS_OF_TWO = 64
MIN_TEXTS_OF_TWO = 32
# Fewer units than these cost by the word more than by the text, so that parts must be larger: a
# GRU of 8 took 1.8 times as long with two parts of 32 as with one of 64.
UNITS = 64
MAX_PARTS = 8


class PartedBatches:
    """Computes logits, losses and gradients of batches.

    Parameters
    ----------
    module : RecurrentModule
        Whose gradients are computed.
    criterion : callable
        Takes logits and labels, returns the loss of each text.
    side_by_side : SideBySide
        What computes the parts.
    cross_fit : CrossFit, default=None
        What the network reads of the linear term in training, if there is one.
    seed : int
        Of dropout.
    dtype : torch.dtype
        What recurrent layers are trained in; evaluation computes in float32.
    """

    def __init__(self, module, criterion, side_by_side, *, cross_fit=None, seed, dtype):
        self.module = module
        self.criterion = criterion
        self.side_by_side = side_by_side
        self.dtype = dtype
        self.embedding = module.embedding.weight
        self.device = self.embedding.device
        self.fold_coefficients = None
        if cross_fit is not None:
            self.fold_coefficients = torch.from_numpy(cross_fit.coefficients).to(self.device)
        self.parameters = [
            p for p in module.parameters() if p.requires_grad and p is not self.embedding
        ]
        seeds = range(seed, seed + MAX_PARTS)
        self.generators = [torch.Generator(self.device).manual_seed(s) for s in seeds]
        units = max(layer.forward_cell.hidden_size for layer in module.layers)
        self.texts_factor = max(UNITS // units, 1)
        # A GPU computes a batch best in one piece, and statistics are those of a whole batch.
        self.in_one_piece = self.device.type != "cpu" or any(
            isinstance(part, MaskedBatchNorm) for part in module.modules()
        )

    def differentiate(self, inputs, labels):
        """Compute a batch and give each parameter its gradient of the mean loss.

        Parameters
        ----------
        inputs : dict of Tensor
            "ids" of shape (B, T), "lengths" in tokens and "weights" of the texts, both of shape
            (B,); and with a linear term the "folds" of shape (B,), and "linear_logits" of shape
            (B, C), as `CrossFit` has them.
        labels : Tensor of int64 of shape (B,)
            Class indices.

        Returns
        -------
        step : dict of Tensor
            "loss", the weighted mean; "y_pred", the logits; and "sums" over the texts, of their
            weighted losses, of the weights of those that are classified rightly, and of all
            weights.
        """
        known = self.module.word_dropout(inputs["ids"], self.generators[0])
        ngrams = self._find_ngrams(inputs)
        words = self.module.embed(known, self._ngram_scores(inputs, ngrams))
        share = inputs["weights"] / inputs["weights"].sum()

        def compute(part):
            rows, generator = part
            part_words = self._take_words(words, inputs["lengths"], rows).requires_grad_()
            logits = self.module.classify(
                part_words, inputs["lengths"][rows], generator=generator, dtype=self.dtype
            )
            logits = logits + self._linear_logits(inputs, ngrams, rows)
            losses = self.criterion(logits, labels[rows])
            gradients = torch.autograd.grad(
                losses @ share[rows],
                [part_words, *self.parameters],
                materialize_grads=True,  # of what a user's cell does not use, too
            )
            return logits.detach(), losses.detach(), *gradients

        parts = self._cut(len(labels))
        columns = self.side_by_side.map(compute, zip(parts, self.generators, strict=False))
        logits, losses, word_gradients, *gradients = zip(*columns, strict=True)
        if self.embedding.requires_grad:
            words.backward(_join_words(words, parts, word_gradients))
        for parameter, of_parts in zip(self.parameters, gradients, strict=True):
            parameter.grad = sum(of_parts[1:], start=of_parts[0])
        return _make_step(torch.cat(logits), torch.cat(losses), inputs["weights"], labels)

    @torch.no_grad()
    def evaluate(self, inputs, labels):
        """Compute a batch without gradients or dropout.

        What is given and returned is as above; texts that the linear term was not fitted to have no
        "folds" and "linear_logits".
        """
        ngrams = self._find_ngrams(inputs)
        words = self.module.embed(inputs["ids"], self._ngram_scores(inputs, ngrams))

        def compute(rows):
            with torch.no_grad():  # which holds for one thread
                part_words = self._take_words(words, inputs["lengths"], rows)
                logits = self.module.classify(part_words, inputs["lengths"][rows])
                return logits + self._linear_logits(inputs, ngrams, rows)

        logits = torch.cat(self.side_by_side.map(compute, self._cut(len(labels))))
        return _make_step(logits, self.criterion(logits, labels), inputs["weights"], labels)

    def _find_ngrams(self, inputs):
        """Return the n-grams of texts, or None if nothing is computed from them."""
        term = self.module.linear_term
        if term is None or ("folds" in inputs and not self.module.reads_ngram_scores):
            return None
        return term.find_ngrams(inputs["ids"])

    def _ngram_scores(self, inputs, ngrams):
        """Return the n-gram scores, of training texts from out-of-fold coefficients, or None."""
        if not self.module.reads_ngram_scores:
            return None
        coefficients = self.fold_coefficients if "folds" in inputs else None
        return self.module.linear_term.scores(ngrams, coefficients, inputs.get("folds"))

    def _linear_logits(self, inputs, ngrams, rows):
        """Return the logits of the linear term, out-of-fold for training texts, or 0."""
        if "folds" in inputs:
            return inputs["linear_logits"][rows]
        return 0 if ngrams is None else self.module.linear_term.logits(ngrams.take(rows))

    def _cut(self, n_texts):
        """Slice a batch into parts of nearly equal size, an even number for an even load."""
        if self.in_one_piece or n_texts < MIN_TEXTS_OF_TWO * self.texts_factor:
            return [slice(n_texts)]
        pairs = max(n_texts // (TEXTS_OF_TWO * self.texts_factor), 1)
        n_parts = min(2 * pairs, MAX_PARTS)
        ends = [n_texts * part // n_parts for part in range(n_parts + 1)]
        return [slice(*span) for span in pairwise(ends)]

    def _take_words(self, words, lengths, rows):
        """Return the vectors of the words of some texts, cut to the longest of them."""
        # To fetch the longest length from a GPU would make it wait; there is one part there.
        n_steps = len(words) if self.in_one_piece else int(lengths[rows].max())
        return words.detach()[:n_steps, rows]


def _join_words(words, parts, gradients):
    """Return the gradient of a batch's words, of shape (T, B, E), from those of its parts."""
    if len(gradients[0]) == len(words) and len(parts) == 1:
        return gradients[0]
    joined = torch.zeros_like(words)
    for rows, gradient in zip(parts, gradients, strict=True):
        joined[: len(gradient), rows] = gradient
    return joined


def _make_step(logits, losses, weights, labels):
    weight = weights.sum()
    weighted_loss = losses @ weights
    hits = weights @ (logits.argmax(1) == labels).to(weights.dtype)
    return {
        "loss": weighted_loss / weight,
        "y_pred": logits,
        "sums": torch.stack([weighted_loss, hits, weight]),
    }
