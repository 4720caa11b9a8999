"""Attributions of a score to words: integrated gradients and the linear term's contributions.

Shapes: T words, B points of the interpolation path, N integration steps, C classes, K distinct
n-grams of a text, E channels of the embeddings. The embeddings are the input of the first recurrent
layer: they include the n-gram score channels if the network reads them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import torch

from sklearn_rnn._linear.ngrams import PAIR_BASE
from sklearn_rnn._training.thread_pool import on_one_core

if TYPE_CHECKING:
    from sklearn_rnn._linear.characters import CharacterNgrams
    from sklearn_rnn._linear.term import LinearTerm
    from sklearn_rnn._nn.module import RecurrentModule

    Score = Callable[[torch.Tensor], torch.Tensor]

_BATCH_SIZE = 64  # points of the path; larger batches are no faster and need more memory
_TOLERANCE = 0.01  # largest accepted |sum of contributions - change| / |change|
# Smaller changes have the tolerance of a change of this size: 1 % of nearly 0 is out of reach.
_SMALLEST_CHANGE = 0.1
# Width of the narrowest steps, relative to alpha at their right end. float32 barely resolves them.
_NARROWEST_STEP = 2**-20
# Bound on the factor that rescales the contributions over a narrow step. Gradients that explain
# less than 1 % of the change of the score are not its cause.
_LARGEST_FACTOR = 100


class Attribution(NamedTuple):
    """Contributions of the words of a text to a score.

    Parameters
    ----------
    words : Tensor of float64 of shape (T,)
        The contribution of each word.
    baseline_score : float
        The score of the baseline: T words whose embeddings are zero, and no n-grams.
    score : float
        The score of the text.
    n_steps : int
        The number of integration steps.
    """

    words: torch.Tensor
    baseline_score: float
    score: float
    n_steps: int

    @property
    def change(self) -> float:
        """Score minus baseline score. The contributions should sum to it."""
        return self.score - self.baseline_score

    @property
    def error(self) -> float:
        """The difference between the sum of the contributions and `change`, without sign."""
        return abs(self.words.sum().item() - self.change)

    @property
    def is_complete(self) -> bool:
        """Whether the contributions sum to `change` within 1 % of it (0.001 if |change| < 0.1)."""
        return self.error <= _TOLERANCE * max(abs(self.change), _SMALLEST_CHANGE)

    def add(self, words: torch.Tensor, bias: float) -> Attribution:
        """Return the attribution of ``score + bias + words.sum()``.

        Parameters
        ----------
        words : Tensor of float64 of shape (T,)
            Added to the contributions of the words.
        bias : float
            Added to the score of the baseline.
        """
        return self._replace(
            words=self.words + words,
            baseline_score=self.baseline_score + bias,
            score=self.score + bias + words.sum().item(),
        )


@on_one_core
def integrated_gradients(
    module: RecurrentModule,
    ids: torch.Tensor,
    characters: CharacterNgrams | None,
    score: Score,
    *,
    n_steps: int,
    max_steps: int,
) -> Attribution:
    """Attribute a score of the recurrent network, without the linear term, to the words of a text.

    Simpson's rule integrates the gradients with respect to the embeddings [1]_ along the straight
    path from the baseline, where all embeddings are zero, to the text. The contributions over a
    step should sum to the change of the score over the step: the difference is the error of the
    step. The steps with the largest errors are bisected until the sum of all contributions is close
    to the change of the score over the path, or until there are `max_steps` steps.

    The score of a recurrent network over hundreds of words may jump within a billionth of the path,
    where the state of a unit changes its sign. Equal steps miss such a jump, and float32 cannot
    resolve it. The contributions over a step that is too narrow to be bisected are therefore
    rescaled to sum to the change of the score, if this takes a positive factor below 100.

    Parameters
    ----------
    module : RecurrentModule
        The network. Its mode and the gradients of its parameters are the same afterwards.
    ids : Tensor of int of shape (1, T)
        The words of the text, without padding.
    characters : CharacterNgrams or None
        The character n-grams of the words. None if the network does not read characters.
    score : callable
        Returns scores of shape (B,) for logits of shape (B, C).
    n_steps : int
        The number of equal integration steps to start with.
    max_steps : int
        The number of steps at which bisection ends.

    Returns
    -------
    attribution : Attribution
        On the CPU. It is incomplete only if it has `max_steps` steps or more, or if all steps with
        an error are too narrow to bisect.

    References
    ----------
    .. [1] Sundararajan, Taly & Yan (2017), Axiomatic attribution for deep networks.
       arXiv:1703.01365
    """
    with inference_with_gradients(module):
        embeddings = module.embed(ids, characters=characters).detach()  # (T, 1, E)
        lengths = torch.tensor([ids.shape[1]], device=ids.device)

        def evaluate(alphas: torch.Tensor) -> PathPoints:
            scores, gradients = path_gradients(module, embeddings, lengths, score, alphas)
            return PathPoints(alphas, scores, gradients)

        points = evaluate(torch.linspace(0, 1, n_steps + 1, dtype=torch.float64))
        baseline_score, text_score = points.scores[0].item(), points.scores[-1].item()
        steps = IntegrationSteps(points.take(slice(-1)), points.take(slice(1, None)), evaluate)
        while True:
            words = steps.contributions().sum(0)
            attribution = Attribution(words, baseline_score, text_score, len(steps))
            if attribution.is_complete or not steps.bisect(max_steps):
                return attribution


class PathPoints(NamedTuple):
    """Points of the interpolation path.

    Parameters
    ----------
    alphas : Tensor of float64 of shape (B,)
        The factor of the embeddings: 0 at the baseline, 1 at the text.
    scores : Tensor of float64 of shape (B,)
        The score at each point.
    gradients : Tensor of float64 of shape (B, T)
        The gradients of the scores along the path, as `path_gradients` returns them.
    """

    alphas: torch.Tensor
    scores: torch.Tensor
    gradients: torch.Tensor

    def take(self, index: slice | torch.Tensor) -> PathPoints:
        """Return the points at an index."""
        return PathPoints(*(values[index] for values in self))

    def join(self, others: PathPoints) -> PathPoints:
        """Return these points and then the others."""
        return PathPoints(*map(torch.cat, zip(self, others, strict=True)))


class IntegrationSteps:
    """Integration steps with the points at their ends and midpoints, for Simpson's rule.

    Parameters
    ----------
    left, right : PathPoints
        The ends of the N steps.
    evaluate : callable
        Returns the PathPoints of alphas of shape (B,).
    """

    def __init__(
        self,
        left: PathPoints,
        right: PathPoints,
        evaluate: Callable[[torch.Tensor], PathPoints],
    ) -> None:
        self._evaluate = evaluate
        self._left, self._right = left, right
        self._middle = self._midpoints(left, right)

    def __len__(self) -> int:
        return len(self._left.alphas)

    def _midpoints(self, left: PathPoints, right: PathPoints) -> PathPoints:
        return self._evaluate((left.alphas + right.alphas) / 2)

    def contributions(self) -> torch.Tensor:
        """Return the contribution of each word over each step, of shape (N, T)."""
        left, middle, right = self._left.gradients, self._middle.gradients, self._right.gradients
        contributions = self._widths()[:, None] * ((left + 4 * middle + right) / 6)
        # Narrow steps are rescaled to the change of the score. Measured on a review of 976 words:
        # the change is -8.86; the contributions sum to -8.91 over 69 steps with rescaling, and to
        # -3.49 over 1024 steps without it (a default LSTM without linear term, fitted to 240
        # reviews of IMDB in 10 epochs at a learning rate of 0.01).
        sums, changes = contributions.sum(1), self._changes()
        factors = changes / sums
        is_rescaled = self._is_narrow() & (factors > 0) & (factors < _LARGEST_FACTOR)
        factors = torch.where(is_rescaled, factors, 1.0)
        return contributions * factors[:, None]

    def _widths(self) -> torch.Tensor:
        return self._right.alphas - self._left.alphas

    def _changes(self) -> torch.Tensor:
        return self._right.scores - self._left.scores

    def _is_narrow(self) -> torch.Tensor:
        """Return whether each step is too narrow to be bisected, of shape (N,)."""
        return self._widths() <= _NARROWEST_STEP * self._right.alphas

    def bisect(self, max_steps: int) -> bool:
        """Bisect the steps whose error is at least a quarter of the largest error.

        Parameters
        ----------
        max_steps : int
            The largest number of steps after bisection.

        Returns
        -------
        is_changed : bool
            False if there is no step to bisect, or the limit is reached.
        """
        errors = (self.contributions().sum(1) - self._changes()).abs()
        errors[self._is_narrow()] = 0
        is_worst = (errors > 0) & (errors >= errors.max() / 4)
        worst = is_worst.nonzero().flatten()[: max(max_steps - len(self), 0)]
        if not len(worst):
            return False
        is_kept = torch.ones(len(self), dtype=torch.bool)
        is_kept[worst] = False
        left, middle, right = (
            points.take(worst) for points in (self._left, self._middle, self._right)
        )
        new_left, new_right = left.join(middle), middle.join(right)
        new_middle = self._midpoints(new_left, new_right)
        self._left = self._left.take(is_kept).join(new_left)
        self._middle = self._middle.take(is_kept).join(new_middle)
        self._right = self._right.take(is_kept).join(new_right)
        return True


def path_gradients(
    module: RecurrentModule,
    embeddings: torch.Tensor,
    lengths: torch.Tensor,
    score: Score,
    alphas: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Compute scores at points of the interpolation path, and their gradients along it.

    Parameters
    ----------
    module : RecurrentModule
        As in `integrated_gradients`.
    embeddings : Tensor of shape (T, 1, E)
        The embeddings of the text.
    lengths, score
        As in `integrated_gradients`.
    alphas : Tensor of float64 of shape (B,)
        The factor of the embeddings: 0 at the baseline, 1 at the text.

    Returns
    -------
    scores : Tensor of float64 of shape (B,)
        On the CPU, like the gradients.
    gradients : Tensor of float64 of shape (B, T)
        The gradients with respect to the embeddings, times the embeddings, summed over the
        channels. Their sum over the words is the derivative of the score with respect to alpha.
    """
    all_scores, all_gradients = [], []
    for factors in alphas.to(embeddings).split(_BATCH_SIZE):
        scaled = (embeddings * factors[:, None]).requires_grad_()  # (T, B, E)
        scores = score(module.classify(scaled, lengths.expand(len(factors))))
        (gradients,) = torch.autograd.grad(scores.sum(), scaled)
        all_scores.append(scores.detach())
        all_gradients.append((embeddings * gradients).sum(2).t())
    return torch.cat(all_scores).cpu().double(), torch.cat(all_gradients).cpu().double()


@contextmanager
def inference_with_gradients(module: torch.nn.Module) -> Iterator[None]:
    """Put a module into evaluation mode and enable gradients, until the context ends."""
    was_training = module.training
    module.eval()
    if any(parameter.is_cuda for parameter in module.parameters()):
        # cuDNN computes gradients in training mode alone. The results are the same in both modes,
        # because these layers have no dropout. torch can do without cuDNN, but in all threads.
        for layer in module.modules():
            if isinstance(layer, torch.nn.RNNBase):
                layer.train()
    try:
        with torch.enable_grad():
            yield
    finally:
        module.train(was_training)


@on_one_core
@torch.no_grad()
def linear_attribution(
    term: LinearTerm, ids: torch.Tensor, characters: CharacterNgrams | None, score: Score
) -> torch.Tensor:
    """Divide the contribution of each n-gram to the linear term equally among its words.

    The linear term counts an n-gram once per text. Its contribution is divided equally among its
    occurrences, and the share of each occurrence of a pair equally between the two words. A
    character n-gram belongs to its word.

    Parameters
    ----------
    term : LinearTerm
        The linear term, whose logits are attributed.
    ids : Tensor of int of shape (1, T)
        The words of the text, without padding.
    characters : CharacterNgrams or None
        The character n-grams of the words. None if the network does not read characters.
    score : callable
        Returns scores of shape (K,) for logits of shape (K, C). Must be linear.

    Returns
    -------
    words : Tensor of float64 of shape (T,)
        On the CPU. They sum to ``score(logits) - score(bias)``, with the logits and the bias of the
        term.
    """
    keys, contributions = term.contributions(term.find_ngrams(ids, characters))
    values = dict(zip(keys[0].tolist(), score(contributions[0]).tolist(), strict=True))
    occurrences = list_occurrences(ids[0].tolist(), term.longest)
    if characters is not None:
        pairs = zip(characters.keys[0].tolist(), characters.words[0].tolist(), strict=True)
        occurrences += [(key, (word,)) for key, word in pairs if key]
    n_occurrences = Counter(key for key, _ in occurrences)
    words = [0.0] * ids.shape[1]
    for key, positions in occurrences:
        for position in positions:
            words[position] += values.get(key, 0.0) / n_occurrences[key] / len(positions)
    return torch.tensor(words, dtype=torch.float64)


def list_occurrences(ids: list[int], longest: int) -> list[tuple[int, tuple[int, ...]]]:
    """Return the key and the positions of each occurrence of each n-gram in a text."""
    words: list[tuple[int, tuple[int, ...]]] = [(id_, (i,)) for i, id_ in enumerate(ids)]
    if longest == 1:
        return words
    pairs = enumerate(pairwise(ids))
    return words + [(first * PAIR_BASE + second, (i, i + 1)) for i, (first, second) in pairs]
