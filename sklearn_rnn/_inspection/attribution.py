"""Integrated gradients: what each word adds to a score of the network. It knows torch alone.

Shapes: T tokens, E embedding channels, B points on the way from the baseline to the text, N steps
of the way.
"""

from collections import Counter
from contextlib import contextmanager
from itertools import pairwise
from typing import NamedTuple

import torch

from sklearn_rnn._linear.ngrams import PAIR_BASE

_POINTS = 64  # of a batch: larger ones are no faster, and need more memory
_TOLERANCE = 0.01  # of the change of the score
_NARROWEST = 2**-20  # of the place: float32 tells the ends of a narrower step hardly apart
_LARGEST_FACTOR = 100  # if slopes make up less of a change than this, they don't belong to it
_SMALL_CHANGE = 0.1  # a smaller change of logits counts as this one: no share of 0 can be kept


class Attribution(NamedTuple):
    """What the words of a text add to a score.

    Parameters
    ----------
    words : Tensor of float64 of shape (T,)
        The contribution of each word.
    baseline_score : float
        The score of a text of as many words, whose vectors are zero, and which has no n-grams.
    score : float
        The score of the text.
    n_steps : int
        The steps that the way was divided into.
    """

    words: torch.Tensor
    baseline_score: float
    score: float
    n_steps: int

    @property
    def change(self):
        """What the contributions must sum to."""
        return self.score - self.baseline_score

    @property
    def is_complete(self):
        """Whether they do within 1 %, or within 0.001 where the change is below 0.1."""
        error = abs(self.words.sum().item() - self.change)
        return error <= _TOLERANCE * max(abs(self.change), _SMALL_CHANGE)

    def add(self, words, bias):
        """Return this with what else adds to the score: words, of shape (T,), and a bias."""
        return self._replace(
            words=self.words + words,
            baseline_score=self.baseline_score + bias,
            score=self.score + bias + words.sum().item(),
        )


def integrated_gradients(module, ids, lengths, score, *, n_steps, max_steps):
    """Attribute the change of a score, from a text without meaning to a text, to its words.

    The score is that of the recurrent network alone, without the linear term.

    Integrated gradients [1]_ of the embeddings, along the straight way from the vectors zero to
    those of the words, by Simpson's rule. The change of the score over each step is known, so the
    error of each step is: those with the largest are halved until their sum is small.

    A recurrent network that reads hundreds of words can change its mind within a billionth of the
    way, where a state on the edge between two tips over. Steps of equal size miss that, however
    many, and float32 cannot resolve it. So in a step that is too narrow to be halved the known
    change of the score is shared among the words in proportion to their slopes.

    Parameters
    ----------
    module : RecurrentModule
        The network. Its mode and its parameters' gradients stay as they are.
    ids : Tensor of int of shape (1, T)
        The text.
    lengths : Tensor of int64 of shape (1,)
        In tokens.
    score : callable
        Takes logits of shape (B, n_classes), returns scores of shape (B,).
    n_steps : int
        The steps to begin with.
    max_steps : int
        No more steps than these, unless `n_steps` is more.

    Returns
    -------
    attribution : Attribution
        On the CPU. Complete, or with as many steps as were allowed.

    References
    ----------
    .. [1] Sundararajan, Taly & Yan (2017), Axiomatic attribution for deep networks.
       arXiv:1703.01365
    """
    with differentiable(module):
        text = module.embed(ids).detach()  # (T, 1, E)

        def look_at(shares):
            return differentiate(module, text, lengths, score, shares)

        places = torch.linspace(0, 1, n_steps + 1, dtype=torch.float64)
        scores, slopes = look_at(places)
        steps = Steps(
            Points(places[:-1], scores[:-1], slopes[:-1]),
            Points(places[1:], scores[1:], slopes[1:]),
            look_at,
        )
        while True:
            attribution = steps.sum_up(scores[0].item(), scores[-1].item())
            if attribution.is_complete or not steps.halve_the_worst(max_steps):
                return attribution


class Points(NamedTuple):
    """Points on the way: where they are, their scores, and each word's slope, of shape (B, T)."""

    places: torch.Tensor
    scores: torch.Tensor
    slopes: torch.Tensor

    def take(self, index):
        """Return some of the points."""
        return Points(*(values[index] for values in self))

    def join(self, others):
        """Return these points and then others."""
        return Points(*map(torch.cat, zip(self, others, strict=True)))


class Steps:
    """The steps of the way, each with its two ends and its middle.

    Parameters
    ----------
    left, right : Points
        The ends of each step.
    look_at : callable
        Takes places of shape (B,), returns their scores and slopes.
    """

    def __init__(self, left, right, look_at):
        self._look_at = look_at
        self._left, self._right = left, right
        self._middle = self._find_middle(left, right)

    def __len__(self):
        return len(self._left.places)

    def _find_middle(self, left, right):
        places = (left.places + right.places) / 2
        return Points(places, *self._look_at(places))

    def contributions(self):
        """Return what each word adds in each step, of shape (N, T)."""
        slopes = (self._left.slopes + 4 * self._middle.slopes + self._right.slopes) / 6
        contributions = self._widths()[:, None] * slopes  # Simpson's rule
        # A default LSTM, fitted without linear term to 240 reviews of IMDB in 10 epochs at a
        # learning rate of 0.01, falls by 8.86 on the way to a review of 976 words: with the factors
        # 69 steps sum up to -8.91, and without them 1024 to -3.49.
        sums, changes = contributions.sum(1), self._changes()
        factors = changes / sums
        is_known_better = self._are_narrow() & (factors > 0) & (factors < _LARGEST_FACTOR)
        factors = torch.where(is_known_better, factors, 1.0)
        return contributions * factors[:, None]

    def _widths(self):
        return self._right.places - self._left.places

    def _changes(self):
        return self._right.scores - self._left.scores

    def _are_narrow(self):
        return self._widths() <= _NARROWEST * self._right.places

    def sum_up(self, baseline_score, score):
        """Return the attribution as of now."""
        return Attribution(self.contributions().sum(0), baseline_score, score, len(self))

    def halve_the_worst(self, max_steps):
        """Halve the steps with errors like the largest, and tell whether there was one to halve."""
        errors = (self.contributions().sum(1) - self._changes()).abs()
        errors[self._are_narrow()] = 0
        is_bad = (errors > 0) & (errors >= errors.max() / 4)
        worst = is_bad.nonzero().flatten()[: max(max_steps - len(self), 0)]
        if not len(worst):
            return False
        is_kept = torch.ones(len(self), dtype=torch.bool)
        is_kept[worst] = False
        left, middle, right = (
            points.take(worst) for points in (self._left, self._middle, self._right)
        )
        new_left, new_right = left.join(middle), middle.join(right)
        new_middle = self._find_middle(new_left, new_right)
        self._left = self._left.take(is_kept).join(new_left)
        self._middle = self._middle.take(is_kept).join(new_middle)
        self._right = self._right.take(is_kept).join(new_right)
        return True


def differentiate(module, text, lengths, score, places):
    """Return the scores at some places of the way, and the slope of each for every word.

    Parameters
    ----------
    module, lengths, score
        As in `integrated_gradients`.
    text : Tensor of shape (T, 1, E)
        The vectors of the words.
    places : Tensor of float64 of shape (B,)
        From 0, where the vectors are zero, to 1, where they are those of the text.

    Returns
    -------
    scores : Tensor of float64 of shape (B,)
    slopes : Tensor of float64 of shape (B, T)
        Their sum over the words is the derivative of the score along the way.
    """
    all_scores, all_slopes = [], []
    for shares in places.to(text).split(_POINTS):
        words = (text * shares[:, None]).requires_grad_()  # (T, B, E)
        scores = score(module.classify(words, lengths.expand(len(shares))))
        (gradients,) = torch.autograd.grad(scores.sum(), words)
        all_scores.append(scores.detach())
        all_slopes.append((text * gradients).sum(2).t())
    return torch.cat(all_scores).cpu().double(), torch.cat(all_slopes).cpu().double()


@contextmanager
def differentiable(module):
    """Let a module predict, without dropout, and its predictions be differentiated."""
    was_training = module.training
    module.eval()
    try:
        # cuDNN's recurrences have no gradients in the mode for predictions; torch's own have.
        with torch.backends.cudnn.flags(enabled=False), torch.enable_grad():
            yield
    finally:
        module.train(was_training)


@torch.no_grad()
def linear_attribution(term, ids, score):
    """Share the contribution of each n-gram equally among the words that it is made of.

    An n-gram counts once, however often the text has it: its occurrences have equal parts of its
    contribution, and the two words of a pair have halves of that.

    Parameters
    ----------
    term : LinearTerm
        Whose logits are attributed.
    ids : Tensor of int of shape (1, T)
        The text, without padding.
    score : callable
        Takes logits of shape (K, C), returns scores of shape (K,). Linear.

    Returns
    -------
    words : Tensor of float64 of shape (T,)
        On the CPU. They sum to the score of the term's logits, less that of its bias.
    """
    keys, contributions = term.contributions(ids)
    values = dict(zip(keys[0].tolist(), score(contributions[0]).tolist(), strict=True))
    found = occurrences(ids[0].tolist(), term.longest)
    n_occurrences = Counter(key for key, _ in found)
    words = [0.0] * ids.shape[1]
    for key, places in found:
        for place in places:
            words[place] += values.get(key, 0.0) / n_occurrences[key] / len(places)
    return torch.tensor(words, dtype=torch.float64)


def occurrences(words, longest):
    """Return the key and the places of each n-gram of a list of ids, as often as it is there."""
    found = [(word, (place,)) for place, word in enumerate(words)]
    if longest == 2:
        found += [
            (first * PAIR_BASE + second, (place, place + 1))
            for place, (first, second) in enumerate(pairwise(words))
        ]
    return found
