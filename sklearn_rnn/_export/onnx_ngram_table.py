"""Lookup of the rows of n-grams in a graph: a hash table of constants.

ONNX has no operator for a search in a sorted array. A binary search over all keys would take a node
or more for each of its 20 steps. Therefore the keys are mixed, which spreads them evenly, and
sorted; the upper bits of a mixed key choose a bucket of a few keys, in which the search ends after
about four steps.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sklearn_rnn._export.onnx_builder import GraphBuilder, Name

KEY_BITS = 63  # of keys, which are at least 0
# Odd, so that the product modulo 2**63 is different for each key: 2**63 divided by the golden ratio
# (Knuth 1998, The art of computer programming 3, section 6.4).
MULTIPLIER = 0x4F1BBCDCBFA53E0B
MEAN_BUCKET = 4  # keys at most, on average over the buckets


class NgramTable(NamedTuple):
    """A table that finds the row of a key by the steps of `add_lookup`.

    Parameters
    ----------
    mixed : ndarray of int64 of shape (1 + n_keys + 2**n_steps,)
        An entry that is not read, the sorted mixed keys, and repetitions of the last one.
    order : ndarray of int64 of shape (n_keys,)
        For each mixed key, the position of its key in the keys that the table was made of.
    starts : ndarray of int32 of shape (n_buckets,)
        The number of mixed keys before those of each bucket.
    n_steps : int
        Number of steps of the search in a bucket, which has fewer than ``2**n_steps`` keys.
    """

    mixed: npt.NDArray[np.int64]
    order: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int32]
    n_steps: int

    @property
    def bucket_width(self) -> int:
        """Quotient of a mixed key and its bucket: a power of two."""
        return 2**KEY_BITS // len(self.starts)


def make_table(keys: npt.NDArray[np.int64]) -> NgramTable:
    """Make the table of distinct keys, which are at least 0. The key 0 is in its first row."""
    mixed = mix(keys)
    order = np.argsort(mixed)
    mixed = mixed[order]
    n_bits = max((len(keys) // MEAN_BUCKET).bit_length(), 1)
    buckets = mixed >> (KEY_BITS - n_bits)
    n_steps = int(np.bincount(buckets).max()).bit_length()
    starts = np.searchsorted(buckets, np.arange(2**n_bits)).astype(np.int32)
    padding = np.full(2**n_steps, mixed[-1])
    return NgramTable(np.concatenate([mixed[:1], mixed, padding]), order, starts, n_steps)


def mix(keys: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the keys times `MULTIPLIER` modulo 2**63."""
    return keys * np.int64(MULTIPLIER) & np.int64(2**KEY_BITS - 1)


def add_lookup(graph: GraphBuilder, keys: Name, table: NgramTable) -> Name:
    """Add the rows, int32, of int64 keys of any shape: 0 for keys that the table does not have."""
    mixed = graph.add("Mul", keys, np.int64(MULTIPLIER))
    mixed = graph.add("BitwiseAnd", mixed, np.int64(2**KEY_BITS - 1))
    bucket = graph.add("Div", mixed, np.int64(table.bucket_width))
    # The number of mixed keys that are known to be smaller.
    row = graph.add("Gather", table.starts, bucket)
    for step in reversed(range(table.n_steps)):
        further = graph.add("Add", row, np.int32(2**step))
        is_smaller = graph.add("Less", graph.add("Gather", table.mixed, further), mixed)
        row = graph.add("Where", is_smaller, further, row)
    found = graph.add("Gather", table.mixed, graph.add("Add", row, np.int32(1)))
    return graph.add("Where", graph.add("Equal", found, mixed), row, np.int32(0))
