"""The linear term and the n-gram score channels, in a graph.

Shapes: B texts, M columns of ids, T words, C classes; N lengths of n-grams of words, L lengths of
character n-grams; K = N T, and L M more with characters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sklearn_rnn._export.onnx_builder import GraphBuilder, Name
from sklearn_rnn._export.onnx_ngram_table import add_lookup, make_table
from sklearn_rnn._export.onnx_words import N_LENGTHS, Words
from sklearn_rnn._ids import UNK
from sklearn_rnn._linear.ngrams import PAIR_BASE
from sklearn_rnn._linear.term import NGRAM_SCORE_SCALE

if TYPE_CHECKING:
    from sklearn_rnn._linear.term import LinearTerm


class NgramRows(NamedTuple):
    """The rows of the n-grams of a batch in the table of coefficients, in a graph.

    Parameters
    ----------
    rows : str
        int32 of shape (B, K). 0, the row of zeros, for n-grams that the table does not have.
    coefficients : ndarray of float32 of shape (n_rows, C)
        The table.
    longest : int
        N.
    """

    rows: Name
    coefficients: npt.NDArray[np.float32]
    longest: int


def add_ngram_rows(
    graph: GraphBuilder, words: Words, term: LinearTerm, *, n_tokens: int
) -> NgramRows:
    """Add the rows of the n-grams that end at each word, and of the character n-grams.

    Parameters
    ----------
    graph : GraphBuilder
        The graph.
    words : Words
        The words of the texts.
    term : LinearTerm
        The linear term.
    n_tokens : int
        One more than the largest id of a word.

    Returns
    -------
    ngrams : NgramRows
    """
    # Keys of int32 take half the space. Those of character n-grams need 63 bits.
    is_small = words.characters is None and n_tokens**2 <= 2**31
    base = np.int32(n_tokens) if is_small else np.int64(PAIR_BASE)
    keys = words.ids if is_small else graph.cast(words.ids, np.int64)
    if term.longest > 1:
        keys = graph.add("Concat", keys, _add_pairs(graph, keys, base), axis=1)
    if words.characters is not None:
        keys = graph.add("Concat", keys, words.characters.keys, axis=1)
    first, second = np.divmod(term.keys.numpy(force=True), PAIR_BASE)
    table = make_table((first * base + second).astype(base.dtype))
    coefficients = term.coefficients.numpy(force=True)[table.order]
    return NgramRows(add_lookup(graph, keys, table), coefficients, term.longest)


def _add_pairs(graph: GraphBuilder, words: Name, base: np.signedinteger[Any]) -> Name:
    """Add the keys of the pairs that end at each word: first id times `base` plus second id.

    As in `token_ngrams`, pairs with the unknown word or padding have the key 0.
    """
    unknown = type(base)(UNK)
    before = graph.shift(words, type(base)(0))
    is_pair = graph.add(
        "And", graph.add("Greater", before, unknown), graph.add("Greater", words, unknown)
    )
    pairs = graph.add("Add", graph.add("Mul", before, base), words)
    return graph.add("Where", is_pair, pairs, type(base)(0))


def add_linear_logits(graph: GraphBuilder, ngrams: NgramRows, term: LinearTerm) -> Name:
    """Add the logits of the linear term, of shape (B, C)."""
    # Equal n-grams have equal rows, which are adjacent when the rows are sorted.
    width = graph.dimension(ngrams.rows, 1)
    ordered, _ = graph.add_many("TopK", 2, ngrams.rows, width, axis=1)
    before = graph.shift(ordered, np.int32(-1))
    is_repeated = graph.add("Equal", ordered, before)
    distinct = graph.add("Where", is_repeated, np.int32(0), ordered)
    sums = graph.add_rows(ngrams.coefficients, distinct)
    sums = graph.add("ReduceSum", sums, [1], keepdims=0)
    is_known = graph.cast(graph.add("Greater", distinct, np.int32(0)), np.float32)
    n_known = graph.add("Max", graph.add("ReduceSum", is_known, [1]), np.float32(1))
    mean = graph.add("Div", sums, graph.add("Sqrt", n_known))
    return graph.add("Add", mean, term.bias.numpy(force=True))


def add_scores(graph: GraphBuilder, ngrams: NgramRows, words: Words) -> Name:
    """Add the n-gram score channels, of shape (T, B, C)."""
    n_columns = graph.add("Mul", words.n_words, np.int64(ngrams.longest))
    rows = graph.truncate(ngrams.rows, n_columns, 1)
    rows = graph.add("Reshape", rows, [0, ngrams.longest, -1])
    rows = graph.add("Transpose", rows, perm=[1, 2, 0])  # (N, T, B)
    scores = graph.add_rows(ngrams.coefficients, rows)
    scores = graph.add("ReduceSum", scores, [0], keepdims=0)
    if words.characters is not None:
        rows = graph.add("Slice", ngrams.rows, n_columns, [2**31], [1])
        rows = graph.add("Reshape", rows, [0, N_LENGTHS, -1])
        parts = graph.add_rows(ngrams.coefficients, rows)  # (B, L, M, C)
        parts = graph.add("ReduceSum", parts, [1], keepdims=0)
        parts = graph.add("MatMul", words.characters.of_words, parts)
        scores = graph.add("Add", scores, graph.add("Transpose", parts, perm=[1, 0, 2]))
    mean = graph.add("ReduceMean", scores, [2])
    return graph.add("Mul", graph.add("Sub", scores, mean), np.float32(NGRAM_SCORE_SCALE))
