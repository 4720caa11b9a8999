"""Words, lengths and character n-grams from ids, in a graph.

Shapes: B texts, M columns of ids, T words, L lengths of character n-grams.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sklearn_rnn._export.onnx_builder import GraphBuilder, Name
from sklearn_rnn._ids import END_OF_CHARACTERS, FIRST_CHARACTER, PAD, UNK
from sklearn_rnn._linear.characters import BOUNDARY, FACTOR, KEY_BIT, LONGEST, SHORTEST

N_LENGTHS = LONGEST - SHORTEST + 1  # of character n-grams


class Characters(NamedTuple):
    """The character n-grams of words, in a graph.

    Parameters
    ----------
    keys : str
        Their keys, int64 of shape (B, L M): those of the shortest n-grams that begin at each
        column, then those of longer ones. 0 where there is none.
    of_words : str
        1 where a column of ids belongs to a word, else 0: float32 of shape (B, T, M). Its product
        with values of columns is the sum of the values over each word.
    """

    keys: Name
    of_words: Name


class Words(NamedTuple):
    """The words of a batch of texts, in a graph.

    Parameters
    ----------
    ids : str
        Right-padded ids of words, int32 of shape (B, T).
    lengths : str
        Number of words of each text, int64 of shape (B,); at least 1.
    n_words : str
        T, the number of words of the longest text, of shape (1,).
    characters : Characters or None
        None if the network does not read characters.
    """

    ids: Name
    lengths: Name
    n_words: Name
    characters: Characters | None


def add_words(
    graph: GraphBuilder, ids: Name, known_ids: npt.NDArray[np.int32], *, reads_characters: bool
) -> Words:
    """Add the words of texts.

    Parameters
    ----------
    graph : GraphBuilder
        The graph.
    ids : str
        Right-padded ids, int32 of shape (B, M), which may be unknown.
    known_ids : ndarray of int32 of shape (n_tokens + 1,)
        Table of the ids known at fit, as `known_ids_table` returns it.
    reads_characters : bool
        Whether words are followed by their characters. If not, characters are unknown words.

    Returns
    -------
    words : Words
    """
    position = graph.add("Add", graph.arange(graph.dimension(ids, 1)), np.int64(1))
    is_padding = graph.add("Equal", ids, np.int32(PAD))
    used = graph.add("Where", is_padding, np.int64(0), position)
    lengths = graph.add("ReduceMax", used, [1], keepdims=0)
    lengths = graph.add("Max", lengths, np.int64(1))
    longest = graph.add("ReduceMax", lengths, [0])
    ids = graph.truncate(ids, longest, 1)
    known = _replace_unknown(graph, ids, known_ids)
    if not reads_characters:
        return Words(known, lengths, longest, None)
    return _split_characters(graph, ids, known, lengths)


def _replace_unknown(graph: GraphBuilder, ids: Name, known_ids: npt.NDArray[np.int32]) -> Name:
    n_tokens = len(known_ids) - 1
    if (known_ids[:n_tokens] == np.arange(n_tokens)).all():  # no table is needed
        is_known = graph.add("Less", ids, np.int32(n_tokens))
        return graph.add("Where", is_known, ids, np.int32(UNK))
    return graph.add("Gather", known_ids, graph.add("Min", ids, np.int32(n_tokens)))


def _split_characters(graph: GraphBuilder, ids: Name, known: Name, lengths: Name) -> Words:
    """Split words from characters, as `split_characters` of the linear term does."""
    is_character = graph.add(
        "And",
        graph.add("GreaterOrEqual", ids, np.int32(FIRST_CHARACTER)),
        graph.add("Less", ids, np.int32(END_OF_CHARACTERS)),
    )
    n_characters = graph.add("ReduceSum", graph.cast(is_character, np.int64), [1], keepdims=0)
    lengths = graph.add("Max", graph.add("Sub", lengths, n_characters), np.int64(1))
    n_words = graph.add("ReduceMax", lengths, [0])
    # The position, among the words, of the word at or before a column.
    n_begun = graph.add("CumSum", graph.cast(graph.add("Not", is_character), np.int64), np.int64(1))
    word = graph.add("Max", graph.add("Sub", n_begun, np.int64(1)), np.int64(0))
    # Characters, and padding beyond the words, are written into a column that is cut off.
    columns = graph.add("Where", is_character, n_words, graph.add("Min", word, n_words))
    width = graph.add("Add", n_words, np.int64(1))
    shape = graph.add("Concat", graph.dimension(ids, 0), width, axis=0)
    empty = graph.add("Expand", np.int32(PAD), shape)
    words = graph.add("ScatterElements", empty, columns, known, axis=1)
    of_words = graph.add(
        "Equal",
        graph.add("Unsqueeze", word, [1]),  # (B, 1, M)
        graph.add("Unsqueeze", graph.arange(n_words), [1]),  # (T, 1)
    )
    characters = Characters(
        _hash_ngrams(graph, ids, is_character), graph.cast(of_words, np.float32)
    )
    return Words(graph.truncate(words, n_words, 1), lengths, n_words, characters)


def _hash_ngrams(graph: GraphBuilder, ids: Name, is_character: Name) -> Name:
    """Add the keys of character n-grams, as `_hash_ngrams` of the linear term computes them."""
    codes = graph.add("Sub", graph.cast(ids, np.int64), np.int64(FIRST_CHARACTER))
    codes = graph.add("Where", is_character, codes, np.int64(BOUNDARY))
    codes = graph.add("Add", codes, np.int64(1))
    codes = graph.add("Pad", codes, [0, 0, 0, LONGEST], np.int64(BOUNDARY + 1))
    inside = graph.add("Pad", graph.cast(is_character, np.int64), [0, 0, 0, LONGEST], np.int64(0))
    hashes, is_ngram = _shift(graph, codes, 0), _shift(graph, inside, 1)
    hashes_of_sizes, are_ngrams = [], []
    for size in range(2, LONGEST + 1):
        hashes = graph.add("Mul", hashes, np.int64(FACTOR))
        hashes = graph.add("Add", hashes, _shift(graph, codes, size - 1))
        if size > SHORTEST:
            is_ngram = graph.add("Mul", is_ngram, _shift(graph, inside, size - 2))
        if size >= SHORTEST:
            hashes_of_sizes.append(hashes)
            are_ngrams.append(is_ngram)
    hashes = graph.add("Concat", *hashes_of_sizes, axis=1)  # (B, L M)
    mixed = graph.add("BitwiseXor", hashes, _shift_right(graph, hashes, 31))
    mixed = graph.add("BitwiseAnd", mixed, np.int64(KEY_BIT - 1))
    mixed = graph.add("BitwiseOr", mixed, np.int64(KEY_BIT))
    return graph.add("Mul", mixed, graph.add("Concat", *are_ngrams, axis=1))


def _shift(graph: GraphBuilder, padded: Name, n_columns: int) -> Name:
    """Add the columns from `n_columns` on, of `LONGEST` columns more than the result has."""
    return graph.add("Slice", padded, [n_columns], [n_columns - LONGEST], [1])


def _shift_right(graph: GraphBuilder, value: Name, n_bits: int) -> Name:
    """Add an arithmetic shift of int64; the operator `BitShift` takes unsigned integers alone."""
    divisor = np.int64(2**n_bits)
    multiple = graph.add("Sub", value, graph.add("Mod", value, divisor))
    return graph.add("Div", multiple, divisor)
