"""The network, from ids to logits, in a graph.

Shapes: B texts, T words, M columns of ids, L lengths of character n-grams, E embedding channels, D
features, P pooled features, C classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sklearn_rnn._export.onnx_builder import GraphBuilder, Name
from sklearn_rnn._export.onnx_linear import add_linear_logits, add_ngram_rows, add_scores
from sklearn_rnn._export.onnx_pooling import add_linear, add_pooling
from sklearn_rnn._export.onnx_recurrent import add_joined, add_layer, add_positions
from sklearn_rnn._export.onnx_words import N_LENGTHS, Characters, Words, add_words
from sklearn_rnn._nn.character_embedding import N_BUCKETS
from sklearn_rnn._nn.normalization import MaskedBatchNorm

if TYPE_CHECKING:
    from torch import nn

    from sklearn_rnn._nn.character_embedding import CharacterEmbedding
    from sklearn_rnn._nn.module import RecurrentModule


def add_logits(
    graph: GraphBuilder, ids: Name, module: RecurrentModule, known_ids: npt.NDArray[np.int32]
) -> Name:
    """Add the logits, of shape (B, C), that `RecurrentModule.forward` computes.

    Parameters
    ----------
    graph : GraphBuilder
        The graph.
    ids : str
        Right-padded ids, int32 of shape (B, M), which may be unknown.
    module : RecurrentModule
        The network. Its cells are in the table `OPERATORS`.
    known_ids : ndarray of int32 of shape (n_tokens + 1,)
        Table of the ids known at fit, as `known_ids_table` returns it.

    Returns
    -------
    logits : str
    """
    words = add_words(graph, ids, known_ids, reads_characters=module.reads_characters)
    n_tokens = len(known_ids) - 1
    vectors = _add_vectors(graph, words, module, n_tokens=n_tokens)
    if module.linear_term is None:
        logits = _add_classification(graph, vectors, words, module)
    else:
        ngrams = add_ngram_rows(graph, words, module.linear_term, n_tokens=n_tokens)
        if module.reads_ngram_scores:
            scores = add_scores(graph, ngrams, words)
            vectors = graph.add("Concat", vectors, scores, axis=2)
        logits = graph.add(
            "Add",
            _add_classification(graph, vectors, words, module),
            add_linear_logits(graph, ngrams, module.linear_term),
        )
    return graph.add("Div", logits, module.temperature.numpy(force=True))


def _add_vectors(
    graph: GraphBuilder, words: Words, module: RecurrentModule, *, n_tokens: int
) -> Name:
    """Add the vectors of words, of shape (T, B, E)."""
    # A failed training may have left the embedding with more rows.
    weight = module.embedding.weight[:n_tokens].numpy(force=True)
    vectors = graph.add_rows(weight, graph.add("Transpose", words.ids, perm=[1, 0]))
    if module.character_embedding is None or words.characters is None:
        return vectors
    parts = _add_character_vectors(graph, words.characters, module.character_embedding)
    return graph.add("Add", vectors, graph.add("Transpose", parts, perm=[1, 0, 2]))


def _add_character_vectors(
    graph: GraphBuilder, characters: Characters, embedding: CharacterEmbedding
) -> Name:
    """Add the vectors of words from their characters, of shape (B, T, E)."""
    keys = graph.add("Reshape", characters.keys, [0, N_LENGTHS, -1])  # (B, L, M)
    is_ngram = graph.add("Greater", keys, np.int64(0))
    bucket = graph.add("BitwiseAnd", keys, np.int64(N_BUCKETS - 1))
    bucket = graph.add("Where", is_ngram, bucket, np.int64(N_BUCKETS))
    weight = embedding.weight.numpy(force=True)
    zeros = np.zeros_like(weight[:1])  # for positions without an n-gram
    vectors = graph.add_rows(np.concatenate([weight, zeros]), bucket)
    sums = graph.add("ReduceSum", vectors, [1], keepdims=0)  # (B, M, E)
    sums = graph.add("MatMul", characters.of_words, sums)
    n_ngrams = graph.add("ReduceSum", graph.cast(is_ngram, np.float32), [1], keepdims=0)
    n_ngrams = graph.add("MatMul", characters.of_words, graph.add("Unsqueeze", n_ngrams, [2]))
    n_ngrams = graph.add("Max", n_ngrams, np.float32(1))
    return graph.add("Div", sums, graph.add("Sqrt", n_ngrams))


def _add_classification(
    graph: GraphBuilder, vectors: Name, words: Words, module: RecurrentModule
) -> Name:
    """Add the logits of the network alone, of shape (B, C), from vectors of shape (T, B, D)."""
    positions = add_positions(graph, words.lengths, words.n_words)
    x = vectors
    for norm, layer in zip(module.layer_norms, module.layers, strict=True):
        states = add_layer(graph, _add_norm(graph, x, norm), positions, layer)
        if layer is not module.layers[-1]:
            x = add_joined(graph, states)
    pooled = [add_pooling(graph, states, positions, pooling) for pooling in module.poolings]
    x = graph.add("Concat", *pooled, axis=1)  # (B, P)
    x = _add_norm(graph, x, module.dense_norms[0])
    for dense, norm in zip(module.dense, module.dense_norms[1:], strict=True):
        x = graph.add("Relu", _add_norm(graph, add_linear(graph, x, dense), norm))
    return add_linear(graph, x, module.output)


def _add_norm(graph: GraphBuilder, x: Name, norm: nn.Module) -> Name:
    """Add a batch normalisation by the running statistics, if there is one."""
    if not isinstance(norm, MaskedBatchNorm):
        return x
    mean, variance = norm.running_mean.numpy(force=True), norm.running_var.numpy(force=True)
    scale = norm.weight.numpy(force=True) / np.sqrt(variance + np.float32(norm.eps))
    scaled = graph.add("Mul", graph.add("Sub", x, mean), scale)
    return graph.add("Add", scaled, norm.bias.numpy(force=True))
