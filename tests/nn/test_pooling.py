"""Pooling is blind to padding: what stands there, and how much of it, changes nothing."""

import pytest
import torch

from sklearn_rnn._nn.pooling import MaxOverWords, make_pooling, pools_directions
from sklearn_rnn._nn.recurrent import RecurrentLayer, reversal_index

NAMES = ["last", "max", "mean", "attention", "flatten"]
N_STEPS = 10
LENGTHS = torch.tensor([5, 1, 3])
MASK = torch.arange(6)[:, None] < LENGTHS
GARBAGE = 1e30


@pytest.fixture
def states():
    """States of three texts, as a recurrent layer returns them."""
    return torch.randn(6, 3, 4, generator=torch.Generator().manual_seed(0))


@pytest.fixture(params=NAMES)
def pooling(request):
    """Each pooling over four features; attention with weights that matter."""
    torch.manual_seed(0)
    return make_pooling(request.param, 4, N_STEPS)


@pytest.mark.parametrize("name", NAMES)
def test_pooling_is_a_loop_over_the_words(name, states):
    torch.manual_seed(0)
    pooling = make_pooling(name, 4, N_STEPS)
    pooled = pooling(states, MASK)
    for text, state, length in zip(states.unbind(1), pooled, LENGTHS.tolist(), strict=True):
        words = text[:length]
        if name == "flatten":
            expected = torch.zeros(N_STEPS, 4)
            expected[:length] = words
            expected = expected.flatten()
        elif name == "attention":
            weights = pooling.score(torch.tanh(pooling.hidden(words))).softmax(0)
            expected = (weights * words).sum(0)
        else:
            expected = {"last": words[-1], "max": words.amax(0), "mean": words.mean(0)}[name]
        torch.testing.assert_close(state, expected)


@pytest.mark.parametrize("garbage", [GARBAGE, -GARBAGE, 0.0])
def test_what_stands_at_the_padding_does_not_matter(pooling, states, garbage):
    spoilt = states.masked_fill(~MASK[:, :, None], garbage)
    expected = pooling(states, MASK)
    torch.testing.assert_close(pooling(spoilt, MASK), expected, rtol=0, atol=0)


def test_more_padding_does_not_matter(pooling, states):
    wider = torch.cat([states, torch.full((4, 3, 4), GARBAGE)])
    wider_mask = torch.cat([MASK, torch.zeros(4, 3, dtype=torch.bool)])
    expected = pooling(states, MASK)
    torch.testing.assert_close(pooling(wider, wider_mask), expected, rtol=0, atol=1e-6)


def test_no_gradient_reaches_the_padding(pooling, states):
    outputs = states.masked_fill(~MASK[:, :, None], GARBAGE).requires_grad_()
    pooling(outputs, MASK).square().sum().backward()
    assert torch.isfinite(outputs.grad).all()
    assert (outputs.grad[~MASK] == 0).all()
    assert (outputs.grad[MASK] != 0).any()
    assert all(torch.isfinite(parameter.grad).all() for parameter in pooling.parameters())


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_the_gradient_of_the_maximum_is_shared_among_equals(dtype):
    x = torch.tensor([[1.0, 2.0], [3.0, 2.0], [3.0, 1.0]], dtype=dtype)[:, None].requires_grad_()
    expected = torch.autograd.grad(x.amax(0).sum(), x)
    assert torch.equal(*torch.autograd.grad(MaxOverWords.apply(x).sum(), x), *expected)


@pytest.mark.parametrize("merge", ["concat", "sum"])
@pytest.mark.parametrize("name", ["max", "mean", "attention"])
def test_where_each_direction_may_be_pooled_by_itself(name, merge):
    torch.manual_seed(0)
    layer = RecurrentLayer("gru", 3, 4, bidirectional=True, merge=merge)
    index = reversal_index(LENGTHS, 6)
    outputs = layer(torch.randn(6, 3, 3), index)
    pooling = make_pooling(name, layer.output_size, N_STEPS)
    if pools_directions(name, merge):
        by_direction = layer.merge_directions([pooling(x, MASK) for x in outputs])
        torch.testing.assert_close(by_direction, pooling(layer.join(outputs, index), MASK))
    else:
        assert (name, merge) in [("attention", "concat"), ("attention", "sum"), ("max", "sum")]
