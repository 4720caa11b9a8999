"""N-grams of token ids, and weighted counts of the texts of each class that contain an n-gram.

N-grams are words, including the unknown word; pairs of adjacent words; and, if the ids have
characters, the character n-grams of words. A pair that contains the unknown word is not an n-gram.
The key of an n-gram is an int64: for a word, its id; for a pair,
``first_id * PAIR_BASE + second_id``; for a character n-gram, see `CharacterNgrams`. Key 0 means
that there is no n-gram.

Shapes: n texts, B texts of a batch, M columns of ids, T words, F n-grams, C classes; with words
only, N = 1 and K = T; with words and pairs, N = 2 and K = 2 T - 1; character n-grams add to K.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from sklearn_rnn._ids import UNK, IdArray, has_characters, row_blocks
from sklearn_rnn._linear.characters import split_characters

PAIR_BASE = 2**31
MIN_TEXTS = 2  # n-grams with a smaller total count are not counted
LARGEST_WEIGHT = 1e9  # keeps counts finite in float32

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.integer]


class NgramBlock(NamedTuple):
    """The distinct n-grams of each of B consecutive texts.

    Parameters
    ----------
    rows : slice
        Rows of the texts in the matrix of ids.
    n_ngrams : Tensor of int64 of shape (B,)
        Number of distinct n-grams of each text.
    keys : Tensor of int64 of shape (n_ngrams.sum(),)
        The sorted keys of the first text, then those of the second, and so on.
    """

    rows: slice
    n_ngrams: Tensor
    keys: Tensor

    def texts(self) -> Tensor:
        """Return, for each key, the index of its text in the block."""
        return torch.arange(len(self.n_ngrams)).repeat_interleave(self.n_ngrams)


def extract_ngrams(ids: IdArray, longest: int) -> list[NgramBlock]:
    """Extract the distinct n-grams of each text.

    Parameters
    ----------
    ids : ndarray of int32 of shape (n, max_length)
        Right-padded ids, with or without characters.
    longest : {1, 2}
        1: words; 2: words and pairs of adjacent words.

    Returns
    -------
    blocks : list of NgramBlock
        The n-grams of all texts, in blocks of consecutive texts.
    """
    blocks = []
    for rows in row_blocks(ids):
        keys = distinct_ngrams(ids[rows], longest)
        blocks.append(NgramBlock(rows, keys.count_nonzero(1), keys[keys != 0]))
    return blocks


def count_ngrams(
    blocks: list[NgramBlock], labels: IntArray, weights: FloatArray, *, n_classes: int
) -> tuple[Tensor, Tensor]:
    """Count the texts of each class that contain each n-gram; drop n-grams with small totals.

    Parameters
    ----------
    blocks : list of NgramBlock
        The n-grams of the texts, as `extract_ngrams` returns them.
    labels : ndarray of int of shape (n,)
        Class indices.
    weights : ndarray of float of shape (n,)
        Weights of the texts, above 0. `text_counts` converts them to the count of each text.
    n_classes : int
        C.

    Returns
    -------
    keys : Tensor of int64 of shape (F,)
        Sorted keys of the n-grams with a total count of at least `MIN_TEXTS`.
    counts : Tensor of float64 of shape (F, C)
        For each of these n-grams and each class, the sum of `text_counts` over the texts of the
        class that contain the n-gram.
    """
    weights = text_counts(labels, weights)
    keys = torch.empty(0, dtype=torch.int64)
    counts = torch.empty(0, n_classes, dtype=torch.float64)
    for block in blocks:
        texts = block.texts()
        # Merges the n-grams of earlier blocks, which come first, with the n-grams of this block.
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
    """Return the count of each text: its weight divided by the median weight in its class.

    Parameters
    ----------
    labels : ndarray of int of shape (n,)
        Class indices.
    weights : ndarray of float of shape (n,)
        Weights of the texts, above 0. Only ratios within a class matter.

    Returns
    -------
    counts : ndarray of float of shape (n,)
        The counts. Larger counts than `LARGEST_WEIGHT` are set to `LARGEST_WEIGHT`.
    """
    weights = weights.copy()
    for label in np.unique(labels):
        rows = labels == label
        with np.errstate(over="ignore"):
            weights[rows] /= np.median(weights[rows])
    return np.minimum(weights, LARGEST_WEIGHT)


def distinct_ngrams(ids: IdArray, longest: int) -> Tensor:
    """Return the keys of the distinct n-grams of each text.

    Parameters
    ----------
    ids : ndarray of int32 of shape (B, M)
        Right-padded ids, with or without characters.
    longest : {1, 2}
        1: words; 2: words and pairs of adjacent words.

    Returns
    -------
    keys : Tensor of int64 of shape (B, K)
        The sorted keys of each text, with 0 in place of repetitions. Positions without an n-gram,
        for example padding, are also 0.
    """
    words, parts = torch.tensor(ids), []
    if has_characters(ids):
        words, characters = split_characters(words)
        parts = [characters.keys]
    keys, _ = sort_distinct(torch.cat([flatten_ngrams(token_ngrams(words, longest)), *parts], 1))
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
        The keys of words in the first entry along N, the keys of pairs in the second. 0 where no
        n-gram ends, for example at the padding.
    """
    words = ids.long()
    if longest == 1:
        return words[None]
    first, second = words[:, :-1], words[:, 1:]
    is_pair = (first > UNK) & (second > UNK)
    pairs = nn.functional.pad((first * PAIR_BASE + second) * is_pair, (1, 0))
    return torch.stack([words, pairs])


def flatten_ngrams(values: Tensor) -> Tensor:
    """Reshape the values of n-grams from (N, B, T) to (B, K): values of words, then of pairs.

    No pair ends at the first token. Therefore the first column of the pairs is left out.
    """
    words, *pairs = values
    return torch.cat([words, *(values_of_pairs[:, 1:] for values_of_pairs in pairs)], 1)


def sort_distinct(keys: Tensor) -> tuple[Tensor, Tensor]:
    """Sort the keys of each text, then set repetitions of a key to 0.

    Parameters
    ----------
    keys : Tensor of int64 of shape (B, K)
        Keys of n-grams.

    Returns
    -------
    keys : Tensor of int64 of shape (B, K)
        The sorted keys, with 0 in place of repetitions.
    order : Tensor of int64 of shape (B, K)
        For each sorted key, its position in the input.
    """
    keys, order = keys.sort(1)
    repeats = keys[:, 1:] == keys[:, :-1]
    keys[:, 1:].masked_fill_(repeats, 0)
    return keys, order
