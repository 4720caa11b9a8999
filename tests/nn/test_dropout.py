"""Dropout that draws from a stream of its own."""

import torch

from sklearn_rnn._nn.dropout import SeededDropout


def test_the_share_and_the_mean():
    generator = torch.Generator().manual_seed(0)
    dropped = SeededDropout(0.25)(torch.ones(100, 100), generator)
    assert abs((dropped == 0).float().mean() - 0.25) < 0.02
    assert abs(dropped.mean() - 1) < 0.02


def test_whole_channels_are_dropped():
    dropped = SeededDropout(0.5, whole_channels=True)(torch.ones(2, 3, 40))
    assert (dropped == dropped[:1]).all()
    assert not torch.equal(dropped[:, 0], dropped[:, 1])


def test_the_generator_repeats_the_masks_and_the_global_stream_is_left_alone():
    dropout, x = SeededDropout(0.5), torch.ones(4, 8)
    before = torch.get_rng_state()
    masks = []
    for _ in range(2):
        masks.append(dropout(x, torch.Generator().manual_seed(0)))
    assert torch.equal(*masks)
    assert torch.equal(torch.get_rng_state(), before)


def test_nothing_is_dropped_in_evaluation():
    x = torch.ones(4, 8)
    assert SeededDropout(0.5).eval()(x) is x
