"""Lookup of the rows of n-grams in a graph: a hash table of constants.

ONNX has no operator for a search in a sorted array. A binary search over all keys would take a node
or more for each of its 20 steps. Therefore the keys are mixed, which spreads them evenly, and
sorted; the upper bits of a mixed key choose a bucket of a few keys, in which the search ends after
about four steps.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from sklearn_rnn._export.onnx_builder import GraphBuilder, Name

Keys: TypeAlias = npt.NDArray[np.signedinteger[Any]]  # int32 or int64

# The golden section of the range of each type (Knuth 1998, The art of computer programming 3,
# section 6.4). They are odd, so that the products of different keys are different, modulo 2**31 or
# 2**63.
MULTIPLIERS = {
    np.dtype(np.int32): 0x4F1BBCDD,
    np.dtype(np.int64): 0x4F1BBCDCBFA53E0B,
}
MEAN_BUCKET = 4  # keys at most, on average over the buckets


class NgramTable(NamedTuple):
    """A table that finds the row of a key by the steps of `add_lookup`.

    Parameters
    ----------
    mixed : ndarray of int32 or int64 of shape (1 + n_keys + 2**n_steps,)
        An entry that is not read, the sorted mixed keys, and repetitions of the last one.
    order : ndarray of int64 of shape (n_keys,)
        For each mixed key, the position of its key in the keys that the table was made of.
    starts : ndarray of int32 of shape (n_buckets,)
        The number of mixed keys before those of each bucket.
    n_steps : int
        Number of steps of the search in a bucket, which has fewer than ``2**n_steps`` keys.
    """

    mixed: Keys
    order: npt.NDArray[np.intp]
    starts: npt.NDArray[np.int32]
    n_steps: int


def make_table(keys: Keys) -> NgramTable:
    """Make the table of distinct keys, which are at least 0; the key 0 is one, and has row 0."""
    mixed = mix(keys)
    order = np.argsort(mixed)
    mixed = mixed[order]
    n_bits = max((len(keys) // MEAN_BUCKET).bit_length(), 1)
    buckets = mixed // _bucket_width(mixed, 2**n_bits)
    n_steps = int(np.bincount(buckets).max()).bit_length()
    starts = np.searchsorted(buckets, np.arange(2**n_bits)).astype(np.int32)
    padding = np.full(2**n_steps, mixed[-1])
    return NgramTable(np.concatenate([mixed[:1], mixed, padding]), order, starts, n_steps)


def mix(keys: Keys) -> Keys:
    """Return the keys times the multiplier of their type, modulo 2**31 or 2**63."""
    dtype = keys.dtype.type
    mixed: Keys = keys * dtype(MULTIPLIERS[keys.dtype]) & np.iinfo(dtype).max
    return mixed


def _bucket_width(mixed: Keys, n_buckets: int) -> np.signedinteger[Any]:
    """Return the quotient of a mixed key and its bucket, a power of two."""
    width: np.signedinteger[Any] = mixed.dtype.type(
        (int(np.iinfo(mixed.dtype).max) + 1) // n_buckets
    )
    return width


def add_lookup(graph: GraphBuilder, keys: Name, table: NgramTable) -> Name:
    """Add the rows, int32, of keys of any shape: 0 for keys that the table does not have."""
    dtype = table.mixed.dtype.type
    mixed = graph.add("Mul", keys, dtype(MULTIPLIERS[table.mixed.dtype]))
    mixed = graph.add("BitwiseAnd", mixed, dtype(np.iinfo(dtype).max))
    bucket = graph.add("Div", mixed, _bucket_width(table.mixed, len(table.starts)))
    # The number of mixed keys that are known to be smaller.
    row = graph.add("Gather", table.starts, bucket)
    for step in reversed(range(table.n_steps)):
        further = graph.add("Add", row, np.int32(2**step))
        is_smaller = graph.add("Less", graph.add("Gather", table.mixed, further), mixed)
        row = graph.add("Where", is_smaller, further, row)
    found = graph.add("Gather", table.mixed, graph.add("Add", row, np.int32(1)))
    return graph.add("Where", graph.add("Equal", found, mixed), row, np.int32(0))
