"""N-grams of token ids, and weighted counts of the texts that contain an n-gram.

N-grams are words, including the unknown word; pairs of adjacent words; and, if the ids have
characters, the character n-grams of words. A pair that contains the unknown word is not an n-gram.
The key of an n-gram is an int64: for a word, its id; for a pair,
``first_id * PAIR_BASE + second_id``; for a character n-gram, see `CharacterNgrams`. Key 0 means
that there is no n-gram.

Shapes: n texts, B texts of a batch, M columns of ids, T words, F n-grams, C classes; with words
only, N = 1 and K = T; with words and pairs, N = 2 and K = 2 T - 1; character n-grams add to K.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from sklearn_rnn._ids import UNK, IdMatrix, has_characters, row_blocks, sequence_lengths
from sklearn_rnn._linear.characters import split_characters

PAIR_BASE = 2**31
MIN_TEXTS = 2  # n-grams with a smaller total count are not counted
LARGEST_WEIGHT = 1e9  # keeps counts finite in float32

# Blocks whose n-grams are in memory at the same time.
BLOCKS_AT_ONCE = 4
# The texts of a block are sorted by length and divided into parts. Small parts are slow.
MIN_TEXTS_AT_ONCE = 64
MAX_PARTS = 16

# Different n-grams that are counted, each in 16 bytes; and n-grams that wait to be added to them.
MAX_CANDIDATES = 2**22
MAX_WAITING = 2**21

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.integer]
KeySums: TypeAlias = tuple[IntArray, FloatArray]
ParallelMap: TypeAlias = Callable[[Callable[..., Any], Iterable[Any]], Iterable[Any]]


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


def extract_ngrams(
    ids: IdMatrix, longest: int, parallel_map: ParallelMap = map
) -> Iterator[NgramBlock]:
    """Extract the distinct n-grams of each text.

    Parameters
    ----------
    ids : ndarray of int of shape (n, max_length)
        Right-padded ids, with or without characters. They may be a memory-mapped file: a block of
        rows is read at a time.
    longest : {1, 2}
        1: words; 2: words and pairs of adjacent words.
    parallel_map : callable, default=map
        A function like ``map``, which may compute the blocks in parallel.

    Yields
    ------
    block : NgramBlock
        The n-grams of the texts, in blocks of consecutive texts.
    """
    blocks = row_blocks(ids)
    while group := list(islice(blocks, BLOCKS_AT_ONCE)):
        yield from parallel_map(lambda rows: _extract_block(ids, rows, longest), group)


def _extract_block(ids: IdMatrix, rows: slice, longest: int) -> NgramBlock:
    """Extract the n-grams of a block, a few texts of similar length at a time.

    So the keys of short texts are not sorted together with the padding that long texts need.
    """
    block = np.asarray(ids[rows])
    lengths = sequence_lengths(block)
    order = np.argsort(lengths, kind="stable")
    parts = []
    n_ngrams = torch.empty(len(block), dtype=torch.int64)
    for texts in np.array_split(order, min(-(-len(block) // MIN_TEXTS_AT_ONCE), MAX_PARTS)):
        keys = distinct_ngrams(block[texts, : lengths[texts[-1]]], longest)
        n_ngrams[texts] = keys.count_nonzero(1)
        parts.append((torch.from_numpy(texts), keys[keys != 0]))
    starts = n_ngrams.cumsum(0) - n_ngrams
    joined = torch.empty(int(n_ngrams.sum()), dtype=torch.int64)
    for rows_of_part, keys in parts:
        n = n_ngrams[rows_of_part]
        shifts = starts[rows_of_part] - (n.cumsum(0) - n)
        joined[torch.arange(len(keys)) + shifts.repeat_interleave(n)] = keys
    return NgramBlock(rows, n_ngrams, joined)


def count_ngrams(
    blocks: Iterable[NgramBlock], counts: FloatArray
) -> tuple[IntArray, FloatArray, int]:
    """Count the texts that contain each n-gram; drop n-grams with small totals.

    Parameters
    ----------
    blocks : iterable of NgramBlock
        The n-grams of the texts, as `extract_ngrams` yields them.
    counts : ndarray of float of shape (n,)
        The count of each text, as `text_counts` returns them.

    Returns
    -------
    keys : ndarray of int64 of shape (F,)
        Sorted keys of the n-grams with a total of at least `MIN_TEXTS`.
    totals : ndarray of float64 of shape (F,)
        The sum of the counts of the texts that contain each of these n-grams.
    n_found : int
        The number of distinct n-grams of each text, summed over the texts.

    Notes
    -----
    More than `MAX_CANDIDATES` different n-grams are too many to be counted: half of them, those
    with the smallest totals so far, are forgotten, and count from 0 when they occur again. This is
    lossy counting (Manku & Motwani 2002, doi:10.1016/B978-155860869-6/50038-X).
    """
    n_found = n_waiting = 0
    sums: list[KeySums] = []
    for block in blocks:
        sums.append(sum_by_key(block.keys.numpy(), counts[block.rows][block.texts().numpy()]))
        n_found += len(block.keys)
        n_waiting += len(sums[-1][0])
        if n_waiting > MAX_WAITING:
            sums, n_waiting = [_merge(sums)], 0
            if len(sums[0][0]) > MAX_CANDIDATES:
                sums = [keep_largest(*sums[0], MAX_CANDIDATES // 2)]
    keys, totals = _merge(sums)
    is_kept = totals >= MIN_TEXTS
    return keys[is_kept], totals[is_kept], n_found


def _merge(sums: list[KeySums]) -> KeySums:
    keys, totals = (np.concatenate(arrays) for arrays in zip(*sums, strict=True))
    sums.clear()  # so that they take no memory while their copies are sorted
    return sum_by_key(keys, totals)


def sum_by_key(keys: IntArray, values: FloatArray) -> KeySums:
    """Return the sorted distinct keys, all above 0, and the sum of the values of each."""
    order = np.argsort(keys)
    keys, values = keys[order], values[order]
    starts = np.flatnonzero(np.diff(keys, prepend=0))
    return keys[starts], np.add.reduceat(values, starts)


def keep_largest(keys: IntArray, totals: FloatArray, most: int) -> KeySums:
    """Return at most `most` of the keys, those with the largest totals, without part of a tie."""
    if len(keys) <= most:
        return keys, totals
    largest_left_out = np.partition(totals, len(keys) - most - 1)[len(keys) - most - 1]
    is_kept = totals > largest_left_out
    return keys[is_kept], totals[is_kept]


def limit_keys(keys: IntArray, totals: FloatArray, known: IntArray, most: int) -> IntArray:
    """Return the keys that are known, and as many of the others as make the known ones `most`.

    They are those with the largest totals, without part of a tie.
    """
    is_known = np.isin(keys, known)
    new, _ = keep_largest(keys[~is_known], totals[~is_known], max(most - len(known), 0))
    return np.concatenate([keys[is_known], new])


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


def distinct_ngrams(ids: npt.NDArray[np.integer[Any]], longest: int) -> Tensor:
    """Return the keys of the distinct n-grams of each text.

    Parameters
    ----------
    ids : ndarray of int of shape (B, M)
        Right-padded ids, with or without characters.
    longest : {1, 2}
        1: words; 2: words and pairs of adjacent words.

    Returns
    -------
    keys : Tensor of int64 of shape (B, K)
        The sorted keys of each text, with 0 in place of repetitions. Positions without an n-gram,
        for example padding, are also 0.
    """
    words, parts = torch.tensor(ids, dtype=torch.int32), []
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
