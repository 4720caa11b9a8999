"""Recurrent layers are exact: PyTorch's packed sequences are the reference."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from sklearn_rnn._nn.kernels import FastGRU, FastRNN
from sklearn_rnn._nn.recurrent import (
    CELLS,
    RecurrentLayer,
    ReverseTexts,
    draw_cell,
    reversal_index,
)

LENGTHS = st.lists(st.integers(1, 7), min_size=1, max_size=5)
REFERENCES = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
SMALL = settings(max_examples=20, derandomize=True)


def packed_reference(layer, cell_type, x, lengths):
    """Run torch's own layer with the weights of `layer`; return it, its outputs and last states."""
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
    """Return the merged states of all words, and those after the last word each direction reads."""
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
@pytest.mark.parametrize("cell_type", CELLS)
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


@pytest.mark.parametrize("cell_type", CELLS)
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


def test_the_forget_gate_starts_open_and_the_state_matrices_orthogonal():
    cell = nn.LSTM(3, 4)
    draw_cell(cell, torch.Generator().manual_seed(0))
    bias = cell.bias_ih_l0 + cell.bias_hh_l0
    assert bias.tolist() == [0] * 4 + [1] * 4 + [0] * 8
    for gate in cell.weight_hh_l0.split(4):
        torch.testing.assert_close(gate @ gate.T, torch.eye(4), rtol=0, atol=1e-5)


def test_the_state_of_a_tanh_unit_fades():
    cell = FastRNN(3, 4)
    draw_cell(cell, torch.Generator().manual_seed(0))
    gram = cell.weight_hh_l0 @ cell.weight_hh_l0.T
    torch.testing.assert_close(gram, torch.eye(4) / 4, rtol=0, atol=1e-5)


def test_no_layer_packs(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("packed")

    monkeypatch.setattr(nn.utils.rnn, "pack_padded_sequence", refuse)
    monkeypatch.setattr(torch, "_pack_padded_sequence", refuse)
    x, lengths, _ = make_batch([3, 1])
    run(RecurrentLayer("lstm", 3, 4, bidirectional=True, merge="concat"), x, lengths)


# Gradients written by hand


@pytest.mark.parametrize(("fast", "reference"), [(FastGRU, nn.GRU), (FastRNN, nn.RNN)])
@pytest.mark.parametrize(
    ("n_steps", "n_texts", "n_features", "n_units"),
    [(9, 4, 5, 7), (9, 1, 5, 7), (9, 4, 5, 1), (1, 1, 1, 1)],
)
def test_fast_cells_equal_those_of_torch(fast, reference, n_steps, n_texts, n_features, n_units):
    generator = torch.Generator().manual_seed(0)
    cell = fast(n_features, n_units).double()
    for parameter in cell.parameters():
        nn.init.uniform_(parameter, -1, 1, generator=generator)
    expected = reference(n_features, n_units).double()
    expected.load_state_dict(cell.state_dict())
    x = torch.randn(n_steps, n_texts, n_features, generator=generator, dtype=torch.float64)
    upstream = torch.randn(n_steps, n_texts, n_units, generator=generator, dtype=torch.float64)
    upstream_before = upstream.clone()
    x.requires_grad_()
    (states, last), (expected_states, _) = cell(x), expected(x)
    torch.testing.assert_close(states, expected_states)
    torch.testing.assert_close(last, states[-1])
    torch.testing.assert_close(
        torch.autograd.grad(states, [x, *cell.parameters()], upstream),
        torch.autograd.grad(expected_states, [x, *expected.parameters()], upstream),
    )
    assert torch.equal(upstream, upstream_before)


@pytest.mark.parametrize("fast", [FastGRU, FastRNN])
def test_fast_cells_compute_the_same_with_and_without_gradients(fast):
    cell = fast(5, 7)
    x = torch.randn(9, 4, 5, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected, _ = cell(x)
    torch.testing.assert_close(cell(x)[0], expected)


@pytest.mark.parametrize("fast", [FastGRU, FastRNN])
def test_fast_cells_in_mixed_precision_have_gradients_of_float32(fast):
    cell = fast(5, 7)
    x = torch.randn(9, 4, 5, generator=torch.Generator().manual_seed(0)).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        states, _ = cell(x)
    states.float().sum().backward()
    assert states.dtype == torch.bfloat16
    torch.testing.assert_close(states.float(), cell(x.float())[0], atol=0.05, rtol=0.05)
    assert all(p.grad.dtype == torch.float32 and p.grad.any() for p in cell.parameters())


@pytest.mark.parametrize(
    ("fast", "function"), [(FastGRU, "GRUStatesBackward"), (FastRNN, "TanhStatesBackward")]
)
def test_fast_cells_take_the_gradients_written_by_hand(fast, function):
    states, _ = fast(3, 512)(torch.zeros(2, 5, 3))
    assert states.grad_fn.name() == function


@pytest.mark.parametrize("fast", [FastGRU, FastRNN])
def test_fast_cells_go_back_twice(fast):
    cell = fast(3, 4)
    x = torch.randn(5, 2, 3, generator=torch.Generator().manual_seed(0), requires_grad=True)
    states, _ = cell(x)
    first, second = (torch.autograd.grad(states.sum(), x, retain_graph=True) for _ in range(2))
    torch.testing.assert_close(first, second, rtol=0, atol=0)
