"""Recurrent layers over right-padded batches; states at the tokens do not depend on the padding.

Batches are not packed by torch's pack_padded_sequence: for texts of similar length a padded batch
is many times faster on a CPU. Padding is on the right, so that the forward direction reads it after
the last token. For the backward direction each text is reversed within its own length, so that this
direction also reads the padding last. The states at the padding are computed, but do not affect the
states at the tokens.

Time is the first dimension, because torch's layers with ``batch_first=True`` copy their inputs and
outputs.

Shapes: T tokens (of the longest text in the batch), B texts, D features, H hidden units.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx

from sklearn_rnn._nn.custom_cell import CustomRecurrence
from sklearn_rnn._nn.kernels import CPUKernelGRU, CPUKernelRNN

# To add a cell:
# - add a module with the interface of torch.nn.RNN to this table;
# - initialise its weights in `init_recurrent`;
# - choose its precision in `resolve_precision` of _training/hardware.py;
# - add its name to the annotation and the documentation of `RNNTextClassifier.cell_type`.
RECURRENCES: dict[str, Callable[[int, int], nn.RNNBase]] = {
    "lstm": nn.LSTM,
    "gru": CPUKernelGRU,
    "rnn": CPUKernelRNN,
}

# Spectral norm of the initial recurrent matrix of a tanh RNN, which has no forget gate: with a norm
# of 1 earlier tokens fade slowly, and each state mixes all tokens so far, so that the pooled states
# hardly depend on single words. With 0.5 a state depends mostly on the last few tokens.
TANH_GAIN = 0.5


def make_recurrence(
    cell_type: str | type[nn.Module], input_size: int, hidden_size: int
) -> nn.RNNBase | CustomRecurrence:
    """Return a recurrence of one direction: from `RECURRENCES`, or a `CustomRecurrence`."""
    if isinstance(cell_type, str):
        return RECURRENCES[cell_type](input_size, hidden_size)
    return CustomRecurrence(cell_type, input_size, hidden_size)


def reversal_index(lengths: Tensor, seq_len: int) -> Tensor:
    """Return the index that reverses each text within its own length and keeps its padding.

    Parameters
    ----------
    lengths : Tensor of int64 of shape (B,)
        Lengths of the texts, in tokens.
    seq_len : int
        T, the padded length of the batch, in tokens.

    Returns
    -------
    index : Tensor of int64 of shape (T * B,)
        ``x.flatten(0, 1)[index]`` holds the reversed texts: element t * B + b is the row of token t
        of the reversed text b. The permutation is its own inverse.
    """
    n_texts = len(lengths)
    positions = torch.arange(seq_len, device=lengths.device)[:, None]  # (T, 1)
    mirrored = lengths - 1 - positions  # (T, B)
    sources = torch.where(mirrored >= 0, mirrored, positions)
    return (sources * n_texts + torch.arange(n_texts, device=lengths.device)).flatten()


class ReverseTexts(torch.autograd.Function):
    """Reverses the texts of a batch, and reverses their gradients by the same index.

    A reversal is its own inverse, so that forward and backward pass are the same gather. Autograd
    would use a scatter-add in the backward pass, which is several times slower.
    """

    @staticmethod
    def forward(ctx: FunctionCtx, x: Tensor, index: Tensor) -> Tensor:
        """Return the features of shape (T, B, D) in the order of `index`, of shape (T * B,)."""
        ctx.save_for_backward(index)
        return _gather_tokens(x, index)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        """Return the gradient of shape (T, B, D) in the order of the saved index."""
        (index,) = ctx.saved_tensors
        return _gather_tokens(gradient, index), None


def _gather_tokens(x: Tensor, index: Tensor) -> Tensor:
    return x.flatten(0, 1).index_select(0, index).view_as(x)


class RecurrentLayer(nn.Module):
    """One recurrent layer of one or two directions.

    Parameters
    ----------
    cell_type : {"lstm", "gru", "rnn"} or type
        Long short-term memory (Hochreiter & Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735),
        gated recurrent unit (Cho et al. 2014, arXiv:1406.1078), tanh RNN (Elman 1990,
        doi:10.1207/s15516709cog1402_1), or the class of a custom cell, see `CustomRecurrence`.
    input_size : int
        D.
    hidden_size : int
        H, of each direction.
    bidirectional : bool
        Whether a second recurrence, with weights of its own, reads each text from its last token
        to its first (Schuster & Paliwal 1997, doi:10.1109/78.650093).
    merge : {"concat", "sum"}
        How the states of the two directions are combined.

    Attributes
    ----------
    input_size : int
        D.
    output_size : int
        2 H if two directions are concatenated, else H.
    """

    def __init__(
        self,
        cell_type: str | type[nn.Module],
        input_size: int,
        hidden_size: int,
        *,
        bidirectional: bool,
        merge: str,
    ) -> None:
        super().__init__()
        self.merge = merge
        self.input_size = input_size
        self.output_size = hidden_size * (2 if bidirectional and merge == "concat" else 1)
        self.forward_cell = make_recurrence(cell_type, input_size, hidden_size)
        self.backward_cell = None
        if bidirectional:
            self.backward_cell = make_recurrence(cell_type, input_size, hidden_size)

    def forward(self, x: Tensor, index: Tensor) -> tuple[Tensor, ...]:
        """Compute the states of each direction, in the reading order of the direction.

        Parameters
        ----------
        x : Tensor of shape (T, B, D)
            Right-padded features.
        index : Tensor of int64 of shape (T * B,)
            As `reversal_index` returns it.

        Returns
        -------
        states : tuple of one or two Tensors of shape (T, B, H)
            The forward direction starts with the first token of a text, the backward direction
            with the last.
        """
        states, _ = self.forward_cell(x)
        if self.backward_cell is None:
            return (states,)
        backward_states, _ = self.backward_cell(ReverseTexts.apply(x, index))
        return states, backward_states

    def join(self, states: tuple[Tensor, ...], index: Tensor) -> Tensor:
        """Merge the states that `forward` returned, in the order of the tokens.

        Parameters
        ----------
        states : tuple of one or two Tensors of shape (T, B, H)
            As `forward` returns them.
        index : Tensor of int64 of shape (T * B,)
            As `reversal_index` returns it.

        Returns
        -------
        outputs : Tensor of shape (T, B, output_size)
            A state for each token. The values at the padding are finite, but have no meaning.
        """
        if len(states) == 1:
            return states[0]
        return self.merge_directions([states[0], ReverseTexts.apply(states[1], index)])

    def merge_directions(self, features: list[Tensor]) -> Tensor:
        """Concatenate or add features of shape (..., H), one tensor for each direction."""
        if self.merge == "sum":
            return sum(features[1:], start=features[0])
        return torch.cat(features, -1)


def init_recurrent(layer: nn.RNNBase, generator: torch.Generator | None) -> None:
    """Initialise the weights and biases of a recurrence.

    - Input weights: Glorot (Glorot & Bengio 2010).
    - Recurrent weights: orthogonal, which helps to preserve the norm of the gradient over many
      tokens (Saxe et al. 2014, arXiv:1312.6120); in a tanh RNN times `TANH_GAIN`.
    - Biases: zero, but 1 for the forget gates of an LSTM, so that these gates are open at first
      (Jozefowicz et al. 2015, proceedings.mlr.press/v37/jozefowicz15).

    Parameters
    ----------
    layer : torch.nn.RNNBase
        A recurrence of one layer and one direction.
    generator : torch.Generator or None
        Random generator on the CPU. None: torch's global stream.
    """
    hidden_size = layer.hidden_size
    gain = TANH_GAIN if isinstance(layer, nn.RNN) else 1.0
    for name, parameter in layer.named_parameters():
        if name.startswith("weight_ih"):
            for gate in parameter.split(hidden_size):
                nn.init.xavier_uniform_(gate, generator=generator)
        elif name.startswith("weight_hh"):
            for gate in parameter.split(hidden_size):
                nn.init.orthogonal_(gate, gain, generator=generator)
        else:
            nn.init.zeros_(parameter)
    if isinstance(layer, nn.LSTM):
        forget_gate = slice(hidden_size, 2 * hidden_size)
        nn.init.ones_(layer.get_parameter("bias_ih_l0")[forget_gate])
