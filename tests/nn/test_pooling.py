"""Poolings: values against a loop, independence of padding, and the table of poolings."""

import pickle
import re

import numpy as np
import pytest
import torch

from sklearn_rnn._nn.pooling import POOLINGS, MaxOverTokens, Pooling
from sklearn_rnn._nn.recurrent import RecurrentLayer, reversal_index

MAX_LENGTH = 10
LENGTHS = torch.tensor([5, 1, 3])
MASK = torch.arange(6)[:, None] < LENGTHS
GARBAGE = 1e30


@pytest.fixture
def states():
    """States of three texts, as a recurrent layer returns them."""
    return torch.randn(6, 3, 4, generator=torch.Generator().manual_seed(0))


@pytest.fixture(params=POOLINGS)
def pooling(request):
    """Each pooling over four features; attention with random weights."""
    torch.manual_seed(0)
    return POOLINGS[request.param](4, MAX_LENGTH)


@pytest.mark.parametrize("name", POOLINGS)
def test_pooling_equals_a_loop_over_the_tokens(name, states):
    torch.manual_seed(0)
    pooling = POOLINGS[name](4, MAX_LENGTH)
    pooled = pooling(states, MASK)
    for text, state, length in zip(states.unbind(1), pooled, LENGTHS.tolist(), strict=True):
        words = text[:length]
        if name == "flatten":
            expected = torch.zeros(MAX_LENGTH, 4)
            expected[:length] = words
            expected = expected.flatten()
        elif name == "attention":
            weights = pooling.score(torch.tanh(pooling.hidden(words))).softmax(0)
            expected = (weights * words).sum(0)
        else:
            expected = {"last": words[-1], "max": words.amax(0), "mean": words.mean(0)}[name]
        torch.testing.assert_close(state, expected)


@pytest.mark.parametrize("garbage", [GARBAGE, -GARBAGE, 0.0])
def test_states_at_the_padding_are_ignored(pooling, states, garbage):
    spoilt = states.masked_fill(~MASK[:, :, None], garbage)
    expected = pooling(states, MASK)
    torch.testing.assert_close(pooling(spoilt, MASK), expected, rtol=0, atol=0)


def test_pooling_does_not_depend_on_the_amount_of_padding(pooling, states):
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
def test_the_gradient_of_the_maximum_is_shared_among_ties(dtype):
    x = torch.tensor([[1.0, 2.0], [3.0, 2.0], [3.0, 1.0]], dtype=dtype)[:, None].requires_grad_()
    expected = torch.autograd.grad(x.amax(0).sum(), x)
    assert torch.equal(*torch.autograd.grad(MaxOverTokens.apply(x).sum(), x), *expected)


@pytest.mark.parametrize("merge", ["concat", "sum"])
@pytest.mark.parametrize("name", ["max", "mean", "attention"])
def test_which_poolings_commute_with_merging_directions(name, merge):
    torch.manual_seed(0)
    layer = RecurrentLayer("gru", 3, 4, bidirectional=True, merge=merge)
    index = reversal_index(LENGTHS, 6)
    states = layer(torch.randn(6, 3, 3), index)
    pooling = POOLINGS[name](layer.output_size, MAX_LENGTH)
    if pooling.commutes_with_merge(merge):
        by_direction = layer.merge_directions([pooling(x, MASK) for x in states])
        torch.testing.assert_close(by_direction, pooling(layer.join(states, index), MASK))
    else:
        assert (name, merge) in [("attention", "concat"), ("attention", "sum"), ("max", "sum")]


@pytest.mark.parametrize("name", POOLINGS)
def test_output_size_is_the_number_of_pooled_features(name, states):
    pooling = POOLINGS[name](4, MAX_LENGTH)
    assert pooling(states, MASK).shape == (3, pooling.output_size)


class Ends(Pooling):
    """Concatenates the states of the first and of the last token."""

    def __init__(self, input_size, max_length):
        super().__init__(input_size, max_length)
        self.output_size = 2 * input_size

    def forward(self, states, mask):
        """Reduce (T, B, D) to (B, 2 D)."""
        last = POOLINGS["last"](self.output_size, 1)
        return torch.cat([states[0], last(states, mask)], 1)


def test_a_class_in_the_table_is_a_pooling_of_the_classifier(
    make_classifier, word_order, monkeypatch
):
    monkeypatch.setitem(POOLINGS, "ends", Ends)
    X, y = word_order
    parameters = {"bidirectional": True, "num_layers": 2, "pooling": ("ends", "max")}
    classifier = make_classifier(**parameters).fit(X, y)
    n_features = 2 * 4  # of two directions
    assert classifier.summary().loc["poolings", "output_shape"] == (3 * n_features,)
    loaded = pickle.loads(pickle.dumps(classifier))
    assert np.array_equal(loaded.predict_proba(X), classifier.predict_proba(X))
    message = (
        "pooling=('start',) must be one of 'last', 'max', 'mean', 'attention', 'flatten', 'ends', "
        "or a tuple of different ones."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        make_classifier(pooling=("start",)).fit(X, y)
