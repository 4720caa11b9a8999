"""N-grams of ids, and how many texts of each class have them; torch and numpy.

An n-gram is known by its key, one whole number: a word by its id, a pair of neighbours by the first
id times `PAIR_BASE` and the second. A pair of which one is the unknown word is none.
"""

import numpy as np
import torch
from torch import nn

from sklearn_rnn._ids import UNK, row_blocks

PAIR_BASE = 2**31
MIN_TEXTS = 2
LARGEST_WEIGHT = 1e9  # so that counts are finite in float32


def count_ngrams(ids, labels, weights, *, n_classes, longest):
    """Count the texts of each class that have an n-gram, for those that several texts have.

    Parameters
    ----------
    ids : ndarray of int32 of shape (n_samples, max_length)
        Right-padded ids.
    labels : ndarray of int of shape (n_samples,)
        Class indices.
    weights : ndarray of float of shape (n_samples,)
        What each text counts, as `weigh_texts` takes them.
    n_classes : int
        Classes there are.
    longest : {1, 2}
        1: words; 2: words and pairs of neighbours.

    Returns
    -------
    keys : Tensor of int64 of shape (n_ngrams,)
        Sorted.
    counts : Tensor of float64 of shape (n_ngrams, n_classes)
        Of an n-gram, at least `MIN_TEXTS` in all.
    """
    weights = weigh_texts(labels, weights)
    keys = torch.empty(0, dtype=torch.int64)
    counts = torch.empty(0, n_classes, dtype=torch.float64)
    for rows in row_blocks(ids):
        block = distinct_ngrams(torch.tensor(ids[rows]), longest)
        texts, places = block.nonzero(as_tuple=True)
        # The table so far goes in as if it were texts of its own.
        keys, inverse = torch.cat([keys, block[texts, places]]).unique(return_inverse=True)
        so_far, new = inverse.split([len(counts), len(texts)])
        grown = torch.zeros(len(keys), n_classes, dtype=torch.float64)
        grown[so_far] = counts
        cells = (new, torch.as_tensor(labels[rows])[texts])
        counts = grown.index_put_(cells, torch.as_tensor(weights[rows])[texts], accumulate=True)
    is_kept = counts.sum(1) >= MIN_TEXTS
    return keys[is_kept], counts[is_kept]


def weigh_texts(labels, weights):
    """Return what each text counts: the median of a class one, none more than `LARGEST_WEIGHT`.

    Parameters
    ----------
    labels : ndarray of int of shape (n_samples,)
        Class indices.
    weights : ndarray of float of shape (n_samples,)
        Of which only ratios within a class matter.

    Returns
    -------
    weights : ndarray of float of shape (n_samples,)
    """
    weights = weights.copy()
    for label in np.unique(labels):
        rows = labels == label
        with np.errstate(over="ignore"):
            weights[rows] /= np.median(weights[rows])
    return np.minimum(weights, LARGEST_WEIGHT)


def distinct_ngrams(ids, longest):
    """Return the keys of the n-grams of each text; takes what `ngrams_in_place` takes.

    Returns
    -------
    keys : Tensor of int64 of shape (B, T) or (B, 2 T - 1)
        Each n-gram of a text once; 0 elsewhere.
    """
    words, *pairs = ngrams_in_place(ids, longest)
    keys = torch.cat([words, *(keys[:, 1:] for keys in pairs)], 1).sort(1).values
    repeats = keys[:, 1:] == keys[:, :-1]
    keys[:, 1:].masked_fill_(repeats, 0)
    return keys


def ngrams_in_place(ids, longest):
    """Return the keys of the n-grams that end at each word, of each length.

    Parameters
    ----------
    ids : Tensor of int of shape (B, T)
        Right-padded ids.
    longest : {1, 2}
        1: words; 2: words and pairs of neighbours.

    Returns
    -------
    keys : list of Tensor of int64 of shape (B, T)
        For each length; 0 where there is none.
    """
    words = ids.long()
    if longest == 1:
        return [words]
    first, second = words[:, :-1], words[:, 1:]
    is_pair = (first > UNK) & (second > UNK)
    return [words, nn.functional.pad((first * PAIR_BASE + second) * is_pair, (1, 0))]
