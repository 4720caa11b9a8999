"""Batch normalisation without padding, compared with torch's layer on the tokens only."""

import pytest
import torch
from torch import nn

from sklearn_rnn._nn.normalization import MaskedBatchNorm

LENGTHS = torch.tensor([5, 1, 3])
MASK = torch.arange(6) < LENGTHS[:, None]


@pytest.fixture
def features():
    """Features of three texts, with a mean far from 0 and large values at the padding."""
    x = 3 + 2 * torch.randn(3, 6, 4, generator=torch.Generator().manual_seed(0))
    return x.masked_fill(~MASK[:, :, None], 1e6)


def make_pair():
    ours, reference = MaskedBatchNorm(4), nn.BatchNorm1d(4)
    with torch.no_grad():
        for norm in (ours, reference):
            norm.weight.copy_(torch.arange(1.0, 5))
            norm.bias.copy_(torch.arange(4.0))
    return ours, reference


def test_training_mode_equals_torch_on_the_tokens(features):
    ours, reference = make_pair()
    for x in (features, features + 1):
        torch.testing.assert_close(ours(x, MASK)[MASK], reference(x[MASK]))
    torch.testing.assert_close(ours.running_mean, reference.running_mean)
    torch.testing.assert_close(ours.running_var, reference.running_var)


def test_gradients_equal_the_gradients_of_torch_on_the_tokens(features):
    gradients = []
    for norm, at_words in zip(make_pair(), (False, True), strict=True):
        x = features.clone().requires_grad_()
        normalised = norm(x[MASK]) if at_words else norm(x, MASK)[MASK]
        normalised.pow(3).sum().backward()
        gradients.append((x.grad, norm.weight.grad, norm.bias.grad))
    for ours, expected in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, expected, rtol=1e-4, atol=1e-4)
    assert (gradients[0][0][~MASK] == 0).all()


def test_evaluation_uses_the_running_statistics(features):
    ours, reference = make_pair()
    ours(features, MASK)
    reference(features[MASK])
    ours.eval(), reference.eval()
    before = ours.running_mean.clone()
    torch.testing.assert_close(ours(features, MASK)[MASK], reference(features[MASK]))
    torch.testing.assert_close(ours.running_mean, before, rtol=0, atol=0)


def test_a_single_token_is_normalised_to_the_bias():
    ours, _ = make_pair()
    normalised = ours(torch.full((1, 1, 4), 7.0), torch.ones(1, 1, dtype=torch.bool))
    torch.testing.assert_close(normalised[0, 0], torch.arange(4.0))
    assert torch.isfinite(ours.running_var).all()


def test_pooled_vectors_are_normalised_as_tokens_are(features):
    ours, reference = make_pair()
    rows = features[MASK]
    every_row = torch.ones(len(rows), dtype=torch.bool)
    torch.testing.assert_close(ours(rows, every_row), reference(rows))
