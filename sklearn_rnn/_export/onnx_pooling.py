"""Poolings of the states of the last recurrent layer, in a graph.

Shapes: T words, B texts, R directions, D features, H hidden units, P pooled features.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from sklearn_rnn._export.onnx_builder import GraphBuilder, Name
from sklearn_rnn._export.onnx_recurrent import Positions, States, add_joined, add_merged
from sklearn_rnn._nn.pooling import (
    AttentionPooling,
    FlattenPooling,
    LastPooling,
    MaxPooling,
    MeanPooling,
    Pooling,
)

if TYPE_CHECKING:
    from torch import nn

MAX_WINDOW = 16  # words whose maximum is computed first


def add_pooling(
    graph: GraphBuilder, states: States, positions: Positions, pooling: Pooling
) -> Name:
    """Add a pooling, whose output has the shape (B, P)."""
    add = next(add for kind, add in _POOLINGS.items() if isinstance(pooling, kind))
    return add(graph, states, positions, pooling)


def add_linear(graph: GraphBuilder, x: Name, layer: nn.Linear) -> Name:
    """Add a linear layer, whose input has the shape (..., D)."""
    product = graph.add("MatMul", x, graph.add_weight(layer.weight.numpy(force=True).T))
    return graph.add("Add", product, layer.bias.numpy(force=True))


def _add_last(graph: GraphBuilder, states: States, positions: Positions, pooling: Any) -> Name:
    return add_merged(graph, states.last, states.layer.merge)


def _add_max(graph: GraphBuilder, states: States, positions: Positions, pooling: Any) -> Name:
    at_padding = _add_minus_infinity(graph, positions)  # (T, B)
    size = states.layer.forward_cell.hidden_size
    if states.layer.merge == "sum":  # a maximum of sums is not the sum of the maxima
        masked = graph.add(
            "Add", add_joined(graph, states), graph.add("Unsqueeze", at_padding, [2])
        )
        return graph.add("Reshape", _add_maximum(graph, masked), [-1, size])
    n_directions = 1 if states.layer.backward_cell is None else 2
    at_padding = graph.add("Unsqueeze", at_padding, [1, 3])
    masked = graph.add("Add", states.by_direction, at_padding)
    maximum = graph.add("Reshape", _add_maximum(graph, masked), [n_directions, -1, size])
    return add_merged(graph, maximum, states.layer.merge)


def _add_maximum(graph: GraphBuilder, x: Name) -> Name:
    """Add the maximum over the first axis, whose other axes become one."""
    # A third of the time of ReduceMax alone.
    columns = graph.add("Unsqueeze", graph.add("Reshape", x, [0, -1]), [0, 1])
    window = [MAX_WINDOW, 1]
    maxima = graph.add("MaxPool", columns, kernel_shape=window, strides=window, ceil_mode=1)
    return graph.add("ReduceMax", maxima, [0, 1, 2], keepdims=0)


def _add_mean(graph: GraphBuilder, states: States, positions: Positions, pooling: Any) -> Name:
    is_word = graph.cast(positions.is_word, np.float32)
    weights = graph.add("Div", is_word, graph.cast(positions.lengths, np.float32))
    weights = graph.add("Unsqueeze", weights, [1, 3])
    weighted = graph.add("Mul", states.by_direction, weights)
    mean = graph.add("ReduceSum", weighted, [0], keepdims=0)
    return add_merged(graph, mean, states.layer.merge)


def _add_attention(
    graph: GraphBuilder, states: States, positions: Positions, pooling: AttentionPooling
) -> Name:
    joined = add_joined(graph, states)
    hidden = graph.add("Tanh", add_linear(graph, joined, pooling.hidden))
    scores = graph.add("MatMul", hidden, pooling.score.weight.numpy(force=True).T)  # (T, B, 1)
    at_padding = graph.add("Unsqueeze", _add_minus_infinity(graph, positions), [2])
    weights = graph.add("Softmax", graph.add("Add", scores, at_padding), axis=0)
    return graph.add("ReduceSum", graph.add("Mul", joined, weights), [0], keepdims=0)


def _add_flatten(
    graph: GraphBuilder, states: States, positions: Positions, pooling: FlattenPooling
) -> Name:
    mask = graph.add("Unsqueeze", graph.cast(positions.is_word, np.float32), [2])
    masked = graph.add("Mul", add_joined(graph, states), mask)  # (T, B, D)
    n_missing = graph.add("Sub", [pooling.max_length], graph.dimension(masked, 0))
    pads = graph.add("Concat", [0, 0, 0], n_missing, [0, 0], axis=0)
    padded = graph.add("Pad", masked, pads)
    return graph.add("Reshape", graph.add("Transpose", padded, perm=[1, 0, 2]), [0, -1])


def _add_minus_infinity(graph: GraphBuilder, positions: Positions) -> Name:
    """Add minus infinity at the padding and 0 at words, of shape (T, B)."""
    return graph.add("Where", positions.is_word, np.float32(0), np.float32(-np.inf))


_POOLINGS: dict[type[Pooling], Callable[..., Name]] = {
    LastPooling: _add_last,
    MaxPooling: _add_max,
    MeanPooling: _add_mean,
    AttentionPooling: _add_attention,
    FlattenPooling: _add_flatten,
}
