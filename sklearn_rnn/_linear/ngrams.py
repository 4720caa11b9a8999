"""N-grams of token ids, and the number of texts of each class that contain them.

An n-gram is identified by its key, an int64: a word by its id, a pair of adjacent words by the
first id times `PAIR_BASE` plus the second. A pair with the unknown word is not an n-gram. Key 0
means that there is no n-gram.

Shapes: n texts, B texts of a batch, T tokens, N lengths of n-grams (1 or 2), K positions of n-grams
in a text (T, or 2 T - 1 with pairs), F n-grams, C classes.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from sklearn_rnn._ids import UNK, IdArray, row_blocks

PAIR_BASE = 2**31
MIN_TEXTS = 2
LARGEST_WEIGHT = 1e9  # so that counts are finite in float32

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.integer]


class NgramBlock(NamedTuple):
    """The distinct n-grams of some consecutive texts.

    Parameters
    ----------
    rows : slice
        The texts.
    n_ngrams : Tensor of int64 of shape (B,)
        Number of n-grams of each text.
    keys : Tensor of int64 of shape (n_ngrams.sum(),)
        The sorted keys of the first text, then those of the second, and so on.
    """

    rows: slice
    n_ngrams: Tensor
    keys: Tensor

    def texts(self) -> Tensor:
        """Return the index in the block of the text of each key."""
        return torch.arange(len(self.n_ngrams)).repeat_interleave(self.n_ngrams)


def extract_ngrams(ids: IdArray, longest: int) -> list[NgramBlock]:
    """Extract the distinct n-grams of texts.

    Parameters
    ----------
    ids : ndarray of int32 of shape (n, max_length)
        Right-padded ids.
    longest : {1, 2}
        1: words; 2: words and pairs of adjacent words.

    Returns
    -------
    blocks : list of NgramBlock
        Each holds the n-grams of consecutive texts; together they hold those of all texts.
    """
    blocks = []
    for rows in row_blocks(ids):
        keys = distinct_ngrams(torch.tensor(ids[rows]), longest)
        blocks.append(NgramBlock(rows, keys.count_nonzero(1), keys[keys != 0]))
    return blocks


def count_ngrams(
    blocks: list[NgramBlock], labels: IntArray, weights: FloatArray, *, n_classes: int
) -> tuple[Tensor, Tensor]:
    """Count the texts of each class that have an n-gram, for n-grams of at least `MIN_TEXTS` texts.

    Parameters
    ----------
    blocks : list of NgramBlock
        The n-grams of the texts, as `extract_ngrams` returns them.
    labels : ndarray of int of shape (n,)
        Class indices.
    weights : ndarray of float of shape (n,)
        Weights of the texts; see `text_counts`.
    n_classes : int
        C.

    Returns
    -------
    keys : Tensor of int64 of shape (F,)
        Sorted.
    counts : Tensor of float64 of shape (F, C)
        Each row sums to at least `MIN_TEXTS`.
    """
    weights = text_counts(labels, weights)
    keys = torch.empty(0, dtype=torch.int64)
    counts = torch.empty(0, n_classes, dtype=torch.float64)
    for block in blocks:
        texts = block.texts()
        # The n-grams of earlier blocks, which come first, are merged with those of this block.
        keys, inverse = torch.cat([keys, block.keys]).unique(return_inverse=True)
        earlier, new = inverse.split([len(counts), len(texts)])
        merged = torch.zeros(len(keys), n_classes, dtype=torch.float64)
        merged[earlier] = counts
        cells = (new, torch.as_tensor(labels[block.rows])[texts])
        values = torch.as_tensor(weights[block.rows])[texts]
        counts = merged.index_put_(cells, values, accumulate=True)
    is_kept = counts.sum(1) >= MIN_TEXTS
    return keys[is_kept], counts[is_kept]


def text_counts(labels: IntArray, weights: FloatArray) -> FloatArray:
    """Return the count of each text: its weight divided by the median weight of its class.

    Parameters
    ----------
    labels : ndarray of int of shape (n,)
        Class indices.
    weights : ndarray of float of shape (n,)
        Weights of the texts; only ratios within a class matter.

    Returns
    -------
    counts : ndarray of float of shape (n,)
        The counts, limited to `LARGEST_WEIGHT`.
    """
    weights = weights.copy()
    for label in np.unique(labels):
        rows = labels == label
        with np.errstate(over="ignore"):
            weights[rows] /= np.median(weights[rows])
    return np.minimum(weights, LARGEST_WEIGHT)


def distinct_ngrams(ids: Tensor, longest: int) -> Tensor:
    """Return the keys of the distinct n-grams of each text.

    Parameters
    ----------
    ids : Tensor of int of shape (B, T)
        Right-padded ids.
    longest : {1, 2}
        1: words; 2: words and pairs of adjacent words.

    Returns
    -------
    keys : Tensor of int64 of shape (B, K)
        Each key of a text once, in ascending order; 0 in place of repetitions and of padding.
    """
    keys, _ = sort_distinct(flatten_ngrams(token_ngrams(ids, longest)))
    return keys


def token_ngrams(ids: Tensor, longest: int) -> Tensor:
    """Return the keys of the n-grams that end at each token.

    Parameters
    ----------
    ids : Tensor of int of shape (B, T)
        Right-padded ids.
    longest : {1, 2}
        1: words; 2: words and pairs of adjacent words.

    Returns
    -------
    keys : Tensor of int64 of shape (N, B, T)
        First the keys of words, then those of pairs; 0 where there is none, as at the padding.
    """
    words = ids.long()
    if longest == 1:
        return words[None]
    first, second = words[:, :-1], words[:, 1:]
    is_pair = (first > UNK) & (second > UNK)
    pairs = nn.functional.pad((first * PAIR_BASE + second) * is_pair, (1, 0))
    return torch.stack([words, pairs])


def flatten_ngrams(values: Tensor) -> Tensor:
    """Reshape the values of n-grams from (N, B, T) to (B, K): first of words, then of pairs.

    No pair ends at the first token, so that the first column of pairs is left out.
    """
    words, *pairs = values
    return torch.cat([words, *(values_of_pairs[:, 1:] for values_of_pairs in pairs)], 1)


def sort_distinct(keys: Tensor) -> tuple[Tensor, Tensor]:
    """Sort the keys of each text, and set the repetitions to 0.

    Parameters
    ----------
    keys : Tensor of int64 of shape (B, K)
        Keys of n-grams.

    Returns
    -------
    keys : Tensor of int64 of shape (B, K)
        Sorted before the repetitions are set to 0.
    order : Tensor of int64 of shape (B, K)
        The position of each key in the input.
    """
    keys, order = keys.sort(1)
    repeats = keys[:, 1:] == keys[:, :-1]
    keys[:, 1:].masked_fill_(repeats, 0)
    return keys, order
