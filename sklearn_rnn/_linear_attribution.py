"""What each word of a text adds to a score through the linear term. It knows torch alone.

Shapes: T tokens, K n-grams, C classes.
"""

from collections import Counter
from itertools import pairwise

import torch

from ._ngrams import PAIR_BASE


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
