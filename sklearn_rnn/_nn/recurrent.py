"""Recurrent layers over right-padded batches, exact in both directions.

Nothing is packed: a padded batch of texts of similar length is many times faster. Padding stands on
the right, so the forward direction meets it only after the last word; for the backward direction
each row is reversed within its own length, so that it too meets the padding last. What is computed
at the padding is never read.

Time comes first, as in the kernels below: a layer with ``batch_first=True`` copies all that goes
in and out of it.

Shapes: T tokens (the longest text of the batch), B texts, D features, H hidden units.
"""

import torch
from torch import nn

from sklearn_rnn._nn.custom_cell import UserRecurrence
from sklearn_rnn._nn.kernels import FastGRU, FastRNN

CELLS = {"lstm": nn.LSTM, "gru": FastGRU, "rnn": FastRNN}

# The length of a tanh unit's recurrent matrix. It has no gate to forget with: at full length each
# of its states is of all words so far, and pooling finds little that single words say.
TANH_GAIN = 0.5


def make_recurrence(cell_type, input_size, hidden_size):
    """Make one recurrence in one direction, torch's or of the user's cell."""
    if cell_type in CELLS:
        return CELLS[cell_type](input_size, hidden_size)
    return UserRecurrence(cell_type, input_size, hidden_size)


def reversal_index(lengths, n_steps):
    """Index that reverses each text within its own length and leaves its padding in place.

    Parameters
    ----------
    lengths : Tensor of int64 of shape (B,)
        In tokens.
    n_steps : int
        T, the columns of the batch.

    Returns
    -------
    index : Tensor of int64 of shape (T * B,)
        Into the T * B words of the batch, where the one to be put at each stands. It is its own
        inverse.
    """
    n_texts = len(lengths)
    steps = torch.arange(n_steps, device=lengths.device)[:, None]  # (T, 1)
    mirrored = lengths - 1 - steps  # (T, B)
    sources = torch.where(mirrored >= 0, mirrored, steps)
    return (sources * n_texts + torch.arange(n_texts, device=lengths.device)).flatten()


class ReverseTexts(torch.autograd.Function):
    """Reverse the texts of a batch, and their gradients in the same way.

    A reversal is its own inverse, so its gradient is a gather too. Autograd would scatter-add,
    which is several times slower.
    """

    @staticmethod
    def forward(ctx, x, index):
        """Gather the (T, B, D) features as `index` says."""
        ctx.save_for_backward(index)
        return _take_words(x, index)

    @staticmethod
    def backward(ctx, gradient):
        """Gather the (T, B, D) gradient in the same way."""
        (index,) = ctx.saved_tensors
        return _take_words(gradient, index), None


def _take_words(x, index):
    return x.flatten(0, 1).index_select(0, index).view_as(x)


class RecurrentLayer(nn.Module):
    """One recurrent layer, in one direction or in both.

    Parameters
    ----------
    cell_type : {"lstm", "gru", "rnn"} or type
        Long short-term memory (Hochreiter & Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735),
        gated recurrent unit (Cho et al. 2014, arXiv:1406.1078), tanh unit (Elman 1990), or a cell
        as `UserRecurrence` takes it.
    input_size : int
        D.
    hidden_size : int
        H, of each direction.
    bidirectional : bool
        Whether a second recurrence of its own weights reads each text from its last word to its
        first (Schuster & Paliwal 1997, doi:10.1109/78.650093).
    merge : {"concat", "sum"}
        How the two directions join.

    Attributes
    ----------
    input_size : int
        D.
    output_size : int
        H, or 2 H where two directions are concatenated.
    """

    def __init__(self, cell_type, input_size, hidden_size, *, bidirectional, merge):
        super().__init__()
        sizes = (input_size, hidden_size)
        self.merge = merge
        self.input_size = input_size
        self.forward_cell = make_recurrence(cell_type, *sizes)
        self.backward_cell = make_recurrence(cell_type, *sizes) if bidirectional else None
        self.output_size = hidden_size * (2 if bidirectional and merge == "concat" else 1)

    def forward(self, x, index):
        """Run over a batch, and leave each direction's states in the order of its reading.

        Parameters
        ----------
        x : Tensor of shape (T, B, D)
            Right-padded features.
        index : Tensor of int64 of shape (T * B,)
            As `reversal_index` makes it.

        Returns
        -------
        outputs : list of one or two Tensors of shape (T, B, H)
            A state for every word; the text's first word comes first, and for the backward
            direction its last.
        """
        outputs, _ = self.forward_cell(x)
        if self.backward_cell is None:
            return [outputs]
        backward_outputs, _ = self.backward_cell(ReverseTexts.apply(x, index))
        return [outputs, backward_outputs]

    def join(self, outputs, index):
        """Merge what `forward` returned, in the order of the words.

        Returns
        -------
        outputs : Tensor of shape (T, B, output_size)
            A state for every word; at the padding, anything finite.
        """
        if len(outputs) == 1:
            return outputs[0]
        return self.merge_directions([outputs[0], ReverseTexts.apply(outputs[1], index)])

    def merge_directions(self, features):
        """Concatenate or add features of shape (..., H), one tensor for each direction."""
        return sum(features) if self.merge == "sum" else torch.cat(features, -1)


def draw_cell(cell, generator):
    """Draw the weights of one recurrence: Glorot for the input, orthogonal for the state.

    Orthogonal recurrent matrices keep the gradient's length over many steps (Saxe et al. 2014,
    arXiv:1312.6120), and a forget gate that starts open keeps the memory (Jozefowicz et al. 2015,
    proceedings.mlr.press/v37/jozefowicz15).
    """
    hidden_size = cell.hidden_size
    gain = TANH_GAIN if isinstance(cell, nn.RNN) else 1.0
    for name, parameter in cell.named_parameters():
        if name.startswith("weight_ih"):
            for gate in parameter.split(hidden_size):
                nn.init.xavier_uniform_(gate, generator=generator)
        elif name.startswith("weight_hh"):
            for gate in parameter.split(hidden_size):
                nn.init.orthogonal_(gate, gain, generator=generator)
        else:
            nn.init.zeros_(parameter)
    if isinstance(cell, nn.LSTM):
        input_gate_end, forget_gate_end = hidden_size, 2 * hidden_size
        nn.init.ones_(cell.bias_ih_l0[input_gate_end:forget_gate_end])
