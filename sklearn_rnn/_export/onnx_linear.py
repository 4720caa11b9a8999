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

    The rows are int32. 0, the row of zeros, stands for n-grams that the table does not have.

    Parameters
    ----------
    of_words : list of N str
        For each length, the n-grams that end at each word, of shape (B, T).
    of_characters : str or None
        The character n-grams, of shape (B, L M); None without characters.
    coefficients : ndarray of float32 of shape (n_rows, C)
        The table.
    """

    of_words: list[Name]
    of_characters: Name | None
    coefficients: npt.NDArray[np.float32]


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
    keys = term.keys.numpy(force=True)
    first, second = np.divmod(keys, PAIR_BASE)
    # The key of a word is its id. Keys of ids that the network does not know are left out: in a
    # smaller base, they would be those of pairs.
    is_word = (keys > 0) & (keys < n_tokens)
    is_other = (keys == 0) | (first > 0) & ((first < base) & (second < base) | (not is_small))
    table = make_table((first * base + second)[is_other].astype(base.dtype))
    order = np.concatenate([np.flatnonzero(is_other)[table.order], np.flatnonzero(is_word)])
    rows_of_ids = np.zeros(n_tokens, dtype=np.int32)
    rows_of_ids[keys[is_word]] = np.arange(is_other.sum(), len(order))

    of_words = [graph.add("Gather", rows_of_ids, words.ids)]
    others = []
    if term.longest > 1:
        ids = words.ids if is_small else graph.cast(words.ids, np.int64)
        others.append(_add_pairs(graph, ids, base))
    if words.characters is not None:
        others.append(words.characters.keys)
    rows = [add_lookup(graph, given, table) for given in others]
    if term.longest > 1:
        of_words.append(rows[0])
    of_characters = None if words.characters is None else rows[-1]
    return NgramRows(of_words, of_characters, term.coefficients.numpy(force=True)[order])


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
    # Equal n-grams have equal rows, which are adjacent when the rows are sorted. To sort those of
    # each length by themselves takes half the time, and none is equal to one of another length.
    parts = [*ngrams.of_words, *filter(None, [ngrams.of_characters])]
    ordered = graph.add("Concat", *(_add_sorted(graph, rows) for rows in parts), axis=1)
    before = graph.shift(ordered, np.int32(-1))
    is_repeated = graph.add("Equal", ordered, before)
    distinct = graph.add("Where", is_repeated, np.int32(0), ordered)
    sums = graph.add_rows(ngrams.coefficients, distinct)
    sums = graph.add("ReduceSum", sums, [1], keepdims=0)
    is_known = graph.cast(graph.add("Greater", distinct, np.int32(0)), np.float32)
    n_known = graph.add("Max", graph.add("ReduceSum", is_known, [1]), np.float32(1))
    mean = graph.add("Div", sums, graph.add("Sqrt", n_known))
    return graph.add("Add", mean, term.bias.numpy(force=True))


def _add_sorted(graph: GraphBuilder, rows: Name) -> Name:
    """Add each row of a matrix in descending order."""
    ordered, _ = graph.add_many("TopK", 2, rows, graph.dimension(rows, 1), axis=1)
    return ordered


def add_scores(graph: GraphBuilder, ngrams: NgramRows, words: Words) -> Name:
    """Add the n-gram score channels, of shape (T, B, C)."""
    parts = [
        graph.add_rows(ngrams.coefficients, graph.add("Transpose", rows, perm=[1, 0]))
        for rows in ngrams.of_words
    ]
    scores = graph.add("Sum", *parts)
    if ngrams.of_characters is not None and words.characters is not None:
        rows = graph.add("Reshape", ngrams.of_characters, [0, N_LENGTHS, -1])
        of_columns = graph.add_rows(ngrams.coefficients, rows)  # (B, L, M, C)
        of_columns = graph.add("ReduceSum", of_columns, [1], keepdims=0)
        of_words = graph.add("MatMul", words.characters.of_words, of_columns)
        scores = graph.add("Add", scores, graph.add("Transpose", of_words, perm=[1, 0, 2]))
    mean = graph.add("ReduceMean", scores, [2])
    return graph.add("Mul", graph.add("Sub", scores, mean), np.float32(NGRAM_SCORE_SCALE))
