"""Recurrent layers, in a graph.

Shapes: T words, B texts, R directions, D features, H hidden units.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
from torch import nn

from sklearn_rnn._export.onnx_builder import GraphBuilder, Name

if TYPE_CHECKING:
    from sklearn_rnn._nn.recurrent import RecurrentLayer


class Operator(NamedTuple):
    """An operator of ONNX that computes a recurrence.

    Parameters
    ----------
    name : str
        The name of the operator.
    gates : list of int
        For each gate, in the order of the operator, its position in the weights of torch.
    attributes : dict
        The attributes of the operator.
    """

    name: str
    gates: list[int]
    attributes: dict[str, int]


OPERATORS: dict[type[nn.RNNBase], Operator] = {
    nn.LSTM: Operator("LSTM", [0, 3, 1, 2], {}),  # input, output, forget, cell
    # Update, reset, candidate. The reset gate is applied after the recurrent weights, as in torch.
    nn.GRU: Operator("GRU", [1, 0, 2], {"linear_before_reset": 1}),
    nn.RNN: Operator("RNN", [0], {}),
}


class States(NamedTuple):
    """The states of a recurrent layer, in a graph.

    Parameters
    ----------
    by_direction : str
        The state of each direction at each word, of shape (T, R, B, H).
    last : str
        The last state of each direction, in its own reading order, of shape (R, B, H).
    layer : RecurrentLayer
        The layer.
    """

    by_direction: Name
    last: Name
    layer: RecurrentLayer


class Positions(NamedTuple):
    """The words and the padding of a batch, in a graph.

    Parameters
    ----------
    lengths : str
        Number of words of each text, int32 of shape (B,).
    is_word : str
        bool of shape (T, B).
    """

    lengths: Name
    is_word: Name


def add_positions(graph: GraphBuilder, lengths: Name, n_words: Name) -> Positions:
    """Add the positions of words; `lengths` is int64 of shape (B,), `n_words` of shape (1,)."""
    position = graph.add("Unsqueeze", graph.arange(n_words), [1])  # (T, 1)
    return Positions(graph.cast(lengths, np.int32), graph.add("Less", position, lengths))


def add_layer(graph: GraphBuilder, x: Name, positions: Positions, layer: RecurrentLayer) -> States:
    """Add a recurrent layer, whose input is of shape (T, B, D)."""
    directions = (layer.forward_cell, layer.backward_cell)
    cells = [cell for cell in directions if isinstance(cell, nn.RNNBase)]
    operator = next(OPERATORS[kind] for kind in OPERATORS if isinstance(cells[0], kind))
    gates = [_gates_of(cell, operator.gates) for cell in cells]
    input_weight, recurrent_weight, bias = map(np.stack, zip(*gates, strict=True))
    states, last, *_ = graph.add_many(
        operator.name,
        2,
        x,
        graph.add_weight(input_weight),
        graph.add_weight(recurrent_weight),
        bias,
        positions.lengths,
        hidden_size=cells[0].hidden_size,
        direction="bidirectional" if len(cells) == 2 else "forward",
        **operator.attributes,
    )
    return States(states, last, layer)


def _gates_of(cell: nn.RNNBase, order: list[int]) -> list[npt.NDArray[np.float32]]:
    """Return input weights, recurrent weights, and both biases in one array."""
    weights = [weight.numpy(force=True) for weight in cell.all_weights[0]]
    sizes = (len(order), cell.hidden_size)
    input_weight, recurrent_weight, input_bias, recurrent_bias = (
        weight.reshape(*sizes, *weight.shape[1:])[order].reshape(weight.shape) for weight in weights
    )
    return [input_weight, recurrent_weight, np.concatenate([input_bias, recurrent_bias])]


def add_joined(graph: GraphBuilder, states: States) -> Name:
    """Add the merged states of all directions, of shape (T, B, D)."""
    if states.layer.merge == "sum":
        return graph.add("ReduceSum", states.by_direction, [1], keepdims=0)
    side_by_side = graph.add("Transpose", states.by_direction, perm=[0, 2, 1, 3])
    return graph.add("Reshape", side_by_side, [0, 0, -1])


def add_merged(graph: GraphBuilder, pooled: Name, merge: str) -> Name:
    """Add the merged features, of shape (B, D), of pooled states of shape (R, B, H)."""
    if merge == "sum":
        return graph.add("ReduceSum", pooled, [0], keepdims=0)
    side_by_side = graph.add("Transpose", pooled, perm=[1, 0, 2])
    return graph.add("Reshape", side_by_side, [0, -1])
