"""Recurrent layers, compared with torch's layers on packed sequences."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from sklearn_rnn._nn.kernels import CPUKernelRNN
from sklearn_rnn._nn.recurrent import (
    RECURRENCES,
    RecurrentLayer,
    ReverseTexts,
    init_recurrent,
    reversal_index,
)

LENGTHS = st.lists(st.integers(1, 7), min_size=1, max_size=5)
REFERENCES = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
SMALL = settings(max_examples=20, derandomize=True)


def packed_reference(layer, cell_type, x, lengths):
    """Run torch's layer with the weights of `layer`; return this layer, outputs and last states."""
    bidirectional = layer.backward_cell is not None
    cell = layer.forward_cell
    reference = REFERENCES[cell_type](
        cell.input_size, cell.hidden_size, bidirectional=bidirectional
    )
    state = layer.forward_cell.state_dict()
    if bidirectional:
        backward = layer.backward_cell.state_dict()
        state |= {f"{name}_reverse": value for name, value in backward.items()}
    reference.load_state_dict(state)
    packed = pack_padded_sequence(x, lengths, enforce_sorted=False)
    outputs, last = reference(packed)
    outputs, _ = pad_packed_sequence(outputs, total_length=len(x))
    last = last[0] if cell_type == "lstm" else last
    return reference, outputs, torch.cat(list(last), 1)


def run(layer, x, lengths):
    """Return the merged states of all words, and the last state of each direction."""
    index = reversal_index(lengths, len(x))
    directions = layer(x, index)
    texts = torch.arange(len(lengths))
    last = layer.merge_directions([outputs[lengths - 1, texts] for outputs in directions])
    return layer.join(directions, index), last


def make_batch(lengths, n_padding=0, n_features=3, seed=0):
    lengths = torch.tensor(lengths)
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(int(lengths.max()) + n_padding, len(lengths), n_features, generator=generator)
    mask = torch.arange(len(x))[:, None] < lengths
    return x, lengths, mask


@SMALL
@given(LENGTHS, st.integers(0, 3))
def test_reversal_is_its_own_inverse(lengths, n_padding):
    x, lengths, mask = make_batch(lengths, n_padding)
    index = reversal_index(lengths, len(x))
    there = ReverseTexts.apply(x, index)
    torch.testing.assert_close(ReverseTexts.apply(there, index), x, rtol=0, atol=0)
    torch.testing.assert_close(there[~mask], x[~mask], rtol=0, atol=0)
    for text, turned, length in zip(x.unbind(1), there.unbind(1), lengths.tolist(), strict=True):
        torch.testing.assert_close(turned[:length], text[:length].flip(0), rtol=0, atol=0)


def test_gradient_of_the_reversal():
    x, lengths, _ = make_batch([3, 1, 5])
    index = reversal_index(lengths, len(x))
    x = x.double().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: ReverseTexts.apply(x, index), x)


@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("cell_type", RECURRENCES)
@SMALL
@given(lengths=LENGTHS, n_padding=st.integers(0, 3))
def test_outputs_and_gradients_are_those_of_a_packed_sequence(
    cell_type, bidirectional, lengths, n_padding
):
    x, lengths, mask = make_batch(lengths, n_padding)
    layer = RecurrentLayer(cell_type, 3, 4, bidirectional=bidirectional, merge="concat")
    outputs, last = run(layer, x, lengths)
    reference, expected, expected_last = packed_reference(layer, cell_type, x, lengths)
    torch.testing.assert_close(outputs[mask], expected[mask], rtol=0, atol=1e-5)
    torch.testing.assert_close(last, expected_last, rtol=0, atol=1e-5)

    (outputs[mask].square().sum() + last.sum()).backward()
    (expected[mask].square().sum() + expected_last.sum()).backward()
    gradients = {name: p.grad for name, p in layer.forward_cell.named_parameters()}
    if bidirectional:
        for name, parameter in layer.backward_cell.named_parameters():
            gradients[f"{name}_reverse"] = parameter.grad
    for name, parameter in reference.named_parameters():
        torch.testing.assert_close(gradients[name], parameter.grad, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("cell_type", RECURRENCES)
def test_the_sum_of_the_directions(cell_type):
    x, lengths, mask = make_batch([4, 2])
    layer = RecurrentLayer(cell_type, 3, 4, bidirectional=True, merge="sum")
    outputs, last = run(layer, x, lengths)
    _, expected, expected_last = packed_reference(layer, cell_type, x, lengths)
    expected = expected[..., :4] + expected[..., 4:]
    torch.testing.assert_close(outputs[mask], expected[mask], rtol=0, atol=1e-5)
    expected_last = expected_last[:, :4] + expected_last[:, 4:]
    torch.testing.assert_close(last, expected_last, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("bidirectional", "merge", "size"),
    [(True, "concat", 8), (True, "sum", 4), (False, "concat", 4), (False, "sum", 4)],
)
def test_output_size(bidirectional, merge, size):
    layer = RecurrentLayer("gru", 3, 4, bidirectional=bidirectional, merge=merge)
    x, lengths, _ = make_batch([2, 3])
    outputs, last = run(layer, x, lengths)
    assert layer.output_size == outputs.shape[2] == last.shape[1] == size


def test_the_initial_forget_gate_is_open_and_recurrent_matrices_are_orthogonal():
    layer = nn.LSTM(3, 4)
    init_recurrent(layer, torch.Generator().manual_seed(0))
    bias = layer.bias_ih_l0 + layer.bias_hh_l0
    assert bias.tolist() == [0] * 4 + [1] * 4 + [0] * 8
    for gate in layer.weight_hh_l0.split(4):
        torch.testing.assert_close(gate @ gate.T, torch.eye(4), rtol=0, atol=1e-5)


def test_the_initial_recurrent_matrix_of_a_tanh_rnn_is_half_orthogonal():
    layer = CPUKernelRNN(3, 4)
    init_recurrent(layer, torch.Generator().manual_seed(0))
    gram = layer.weight_hh_l0 @ layer.weight_hh_l0.T
    torch.testing.assert_close(gram, torch.eye(4) / 4, rtol=0, atol=1e-5)


def test_no_sequence_is_packed(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("packed")

    monkeypatch.setattr(nn.utils.rnn, "pack_padded_sequence", refuse)
    monkeypatch.setattr(torch, "_pack_padded_sequence", refuse)
    x, lengths, _ = make_batch([3, 1])
    run(RecurrentLayer("lstm", 3, 4, bidirectional=True, merge="concat"), x, lengths)
