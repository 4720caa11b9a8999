"""Presence of n-grams in texts: binary matrices in blocks, and their products.

Shapes: n texts, B texts of a block, F rows of the n-gram table (the sentinel row included).
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from scipy import sparse
from torch import Tensor, nn

from sklearn_rnn._linear.ngrams import IntArray, NgramBlock, ParallelMap
from sklearn_rnn._linear.term import find_rows

# Entries of a block of the transposed matrix.
BLOCK_ENTRIES = 2**20

Int32Array = npt.NDArray[np.int32]


class KnownBlock(NamedTuple):
    """The n-grams of B texts that are in the table of a linear term.

    Parameters
    ----------
    ends : ndarray of int32 of shape (B + 1,)
        0, and where the n-grams of each text end in `columns`.
    columns : ndarray of int32
        Their rows in the table: in ascending order those of the first text, then those of the
        second, and so on.
    """

    ends: Int32Array
    columns: Int32Array

    def texts(self) -> IntArray:
        """Return, for each n-gram, the index of its text in the block."""
        return np.repeat(np.arange(len(self.ends) - 1), np.diff(self.ends))

    def take(self, is_kept: npt.NDArray[np.bool_]) -> "KnownBlock":
        """Return the n-grams of the texts where `is_kept`, of shape (B,), is True."""
        n_kept = np.diff(self.ends)[is_kept]
        return KnownBlock(ends_of(n_kept), self.columns[is_kept[self.texts()]])


def find_known(blocks: Iterable[NgramBlock], keys: Tensor) -> Iterator[tuple[slice, KnownBlock]]:
    """Find the n-grams of texts in a table of sorted keys, of shape (F,), whose first key is 0.

    Yields
    ------
    rows : slice
        Rows of the texts in the matrix of ids.
    known : KnownBlock
    """
    for block in blocks:
        columns = find_rows(keys, block.keys)
        is_known = columns > 0
        n_known = torch.zeros_like(block.n_ngrams)
        n_known.index_add_(0, block.texts(), is_known.long())
        yield block.rows, KnownBlock(ends_of(n_known.numpy()), columns[is_known].int().numpy())


def ends_of(lengths: IntArray) -> Int32Array:
    """Return 0 and the running sums of lengths."""
    ends = np.zeros(len(lengths) + 1, dtype=np.int32)
    np.cumsum(lengths, out=ends[1:])
    return ends


class Presence:
    """A binary matrix, which says which texts have which n-grams, and its transpose, in blocks.

    The blocks are computed in parallel. A sum has the same order in one block and in many, so the
    bits do not depend on the blocks. An entry takes 8 bytes: its columns in the matrix and in the
    transpose. The ones are shared by all blocks.

    Parameters
    ----------
    blocks : list of KnownBlock
        The n-grams of n consecutive texts.
    n_columns : int
        F.

    Attributes
    ----------
    matrices : list of CSR arrays of float32 of shape (B, F)
        1 where a text has an n-gram, else 0.
    transposed : list of CSR arrays of float32
        The transpose, of shape (F, n), in blocks of consecutive rows.
    """

    def __init__(self, blocks: list[KnownBlock], n_columns: int) -> None:
        ends, indices, n_texts = transpose(blocks, n_columns)
        n_blocks = -(-len(indices) // BLOCK_ENTRIES) or 1
        splits = np.searchsorted(ends, np.linspace(0, len(indices), n_blocks + 1)[1:-1])
        bounds = np.unique([0, *splits, n_columns])
        spans = [slice(ends[start], ends[stop]) for start, stop in pairwise(bounds)]
        sizes = [len(block.columns) for block in blocks] + [
            span.stop - span.start for span in spans
        ]
        ones = np.ones(max(sizes), dtype=np.float32)

        def binary(ends: Int32Array, columns: Int32Array, width: int) -> sparse.csr_array:
            matrix = sparse.csr_array((len(ends) - 1, width), dtype=np.float32)
            # Set as attributes: the constructor would copy parts of larger arrays.
            matrix.data, matrix.indices, matrix.indptr = ones[: len(columns)], columns, ends
            return matrix

        self.matrices = [binary(*block, n_columns) for block in blocks]
        self.transposed = [
            binary(ends[start : stop + 1] - ends[start], indices[span], n_texts)
            for (start, stop), span in zip(pairwise(bounds), spans, strict=True)
        ]

    def multiply(self, values: Tensor, parallel_map: ParallelMap = map) -> Tensor:
        """Return the product with a matrix of float32 of shape (F, K)."""
        return _multiply_blocks(self.matrices, values, parallel_map)

    def multiply_transposed(
        self, values: Tensor, parallel_map: ParallelMap = map, out: Tensor | None = None
    ) -> Tensor:
        """Return the product of the transpose with a matrix of float32 of shape (n, K)."""
        return _multiply_blocks(self.transposed, values, parallel_map, out)


def transpose(blocks: list[KnownBlock], n_columns: int) -> tuple[Int32Array, Int32Array, int]:
    """Transpose a binary matrix that is given in blocks of rows.

    Returns
    -------
    ends : ndarray of int32 of shape (F + 1,)
        0, and where the texts of each n-gram end in `texts`.
    texts : ndarray of int32
        In ascending order the texts of the first n-gram, then those of the second, and so on.
    n_texts : int
        n.
    """
    n_texts_of = np.zeros(n_columns, dtype=np.int64)
    for block in blocks:
        n_texts_of += np.bincount(block.columns, minlength=n_columns)
    ends = ends_of(n_texts_of)
    texts = np.empty(ends[-1], dtype=np.int32)
    free = ends[:-1].copy()  # where the next text of each n-gram is written
    n_texts = 0
    for block in blocks:
        order = np.argsort(block.columns, kind="stable")
        columns, lengths = np.unique(block.columns[order], return_counts=True)
        shifts = free[columns] - ends_of(lengths)[:-1]
        positions = np.arange(len(order)) + np.repeat(shifts, lengths)
        texts[positions] = block.texts()[order] + n_texts
        free[columns] += lengths
        n_texts += len(block.ends) - 1
    return ends, texts, n_texts


def _multiply_blocks(
    matrices: list[sparse.csr_array],
    values: Tensor,
    parallel_map: ParallelMap,
    out: Tensor | None = None,
) -> Tensor:
    heights = [matrix.shape[0] for matrix in matrices]
    product = torch.empty(sum(heights), values.shape[1]) if out is None else out

    # Each block is written to its place: joined at the end, they would take twice the memory.
    def multiply(block: tuple[sparse.csr_array, Tensor]) -> None:
        matrix, rows = block
        rows.copy_(multiply_binary(matrix, values))

    list(parallel_map(multiply, zip(matrices, product.split(heights), strict=True)))
    return product


def multiply_binary(matrix: sparse.csr_array, values: Tensor) -> Tensor:
    """Multiply a binary matrix of shape (m, n) by a matrix of float32 of shape (n, K).

    scipy is faster for one column. `torch.nn.functional.embedding_bag` adds the rows of several
    columns in the same order in a third to a half of scipy's time.
    """
    if values.shape[1] == 1:
        return torch.from_numpy(matrix @ values.numpy()[:, 0])[:, None]
    indices, offsets = torch.from_numpy(matrix.indices), torch.from_numpy(matrix.indptr)
    return nn.functional.embedding_bag(
        indices, values.contiguous(), offsets, mode="sum", include_last_offset=True
    )


class ScaledPresence(NamedTuple):
    """A binary matrix and a factor for each row. Fits with other factors share the matrix.

    Parameters
    ----------
    presence : Presence
        The binary matrix, of shape (n, F).
    factors : Tensor of float32 of shape (n, 1)
        The factors.
    parallel_map : callable, default=map
        A function like ``map``, which may compute the blocks of a product in parallel.
    """

    presence: Presence
    factors: Tensor
    parallel_map: ParallelMap = map

    def multiply(self, values: Tensor) -> Tensor:
        """Return the product with a matrix of float32 of shape (F, K)."""
        return self.presence.multiply(values, self.parallel_map) * self.factors

    def multiply_transposed(self, values: Tensor, out: Tensor | None = None) -> Tensor:
        """Return the product of the transpose with a matrix of float32 of shape (n, K)."""
        return self.presence.multiply_transposed(values * self.factors, self.parallel_map, out)
