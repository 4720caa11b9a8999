"""CPU kernels, compared with torch's layers."""

import pytest
import torch
from torch import nn

from sklearn_rnn._nn.kernels import CPUKernelGRU, CPUKernelRNN


@pytest.mark.parametrize(
    ("layer_type", "reference"), [(CPUKernelGRU, nn.GRU), (CPUKernelRNN, nn.RNN)]
)
@pytest.mark.parametrize(
    ("seq_len", "n_texts", "n_features", "n_units"),
    [(9, 4, 5, 7), (9, 1, 5, 7), (9, 4, 5, 1), (1, 1, 1, 1)],
)
def test_states_and_gradients_are_those_of_torch(
    layer_type, reference, seq_len, n_texts, n_features, n_units
):
    generator = torch.Generator().manual_seed(0)
    layer = layer_type(n_features, n_units).double()
    for parameter in layer.parameters():
        nn.init.uniform_(parameter, -1, 1, generator=generator)
    expected = reference(n_features, n_units).double()
    expected.load_state_dict(layer.state_dict())
    x = torch.randn(seq_len, n_texts, n_features, generator=generator, dtype=torch.float64)
    upstream = torch.randn(seq_len, n_texts, n_units, generator=generator, dtype=torch.float64)
    upstream_before = upstream.clone()
    x.requires_grad_()
    (states, last), (expected_states, _) = layer(x), expected(x)
    torch.testing.assert_close(states, expected_states)
    torch.testing.assert_close(last, states[-1])
    torch.testing.assert_close(
        torch.autograd.grad(states, [x, *layer.parameters()], upstream),
        torch.autograd.grad(expected_states, [x, *expected.parameters()], upstream),
    )
    assert torch.equal(upstream, upstream_before)


@pytest.mark.parametrize("layer_type", [CPUKernelGRU, CPUKernelRNN])
def test_states_are_the_same_with_and_without_gradients(layer_type):
    layer = layer_type(5, 7)
    x = torch.randn(9, 4, 5, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected, _ = layer(x)
    torch.testing.assert_close(layer(x)[0], expected)


@pytest.mark.parametrize("layer_type", [CPUKernelGRU, CPUKernelRNN])
def test_gradients_are_float32_in_mixed_precision(layer_type):
    layer = layer_type(5, 7)
    x = torch.randn(9, 4, 5, generator=torch.Generator().manual_seed(0)).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        states, _ = layer(x)
    states.float().sum().backward()
    assert states.dtype == torch.bfloat16
    torch.testing.assert_close(states.float(), layer(x.float())[0], atol=0.05, rtol=0.05)
    assert all(p.grad.dtype == torch.float32 and p.grad.any() for p in layer.parameters())


@pytest.mark.parametrize(
    ("layer_type", "function"),
    [(CPUKernelGRU, "GRUFunctionBackward"), (CPUKernelRNN, "TanhRNNFunctionBackward")],
)
def test_the_backward_pass_is_the_handwritten_one(layer_type, function):
    states, _ = layer_type(3, 512)(torch.zeros(2, 5, 3))
    assert states.grad_fn.name() == function


@pytest.mark.parametrize("layer_type", [CPUKernelGRU, CPUKernelRNN])
def test_the_backward_pass_can_run_twice(layer_type):
    layer = layer_type(3, 4)
    x = torch.randn(5, 2, 3, generator=torch.Generator().manual_seed(0), requires_grad=True)
    states, _ = layer(x)
    first, second = (torch.autograd.grad(states.sum(), x, retain_graph=True) for _ in range(2))
    torch.testing.assert_close(first, second, rtol=0, atol=0)
