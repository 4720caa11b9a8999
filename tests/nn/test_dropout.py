"""Dropout of features and of words, with random numbers from a given generator."""

import pytest
import torch

from sklearn_rnn._nn.dropout import SeededDropout, WordDropout


def test_dropped_share_and_mean_of_the_kept_features():
    generator = torch.Generator().manual_seed(0)
    dropped = SeededDropout(0.25)(torch.ones(100, 100), generator)
    assert abs((dropped == 0).float().mean() - 0.25) < 0.02
    assert abs(dropped.mean() - 1) < 0.02


def test_whole_channels_are_dropped():
    dropped = SeededDropout(0.5, whole_channels=True)(torch.ones(2, 3, 40))
    assert (dropped == dropped[:1]).all()
    assert not torch.equal(dropped[:, 0], dropped[:, 1])


def test_masks_come_from_the_generator_and_not_from_the_global_stream():
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


def test_word_dropout_replaces_a_share_of_the_words_by_the_unknown_word():
    ids = torch.arange(20_000, dtype=torch.int32).view(100, 200) % 50
    dropped = WordDropout(0.3).train()(ids, torch.Generator().manual_seed(0))
    changed = dropped != ids
    assert dropped.dtype == ids.dtype
    assert (dropped[changed] == 1).all()
    assert (dropped[ids == 0] == 0).all()
    assert changed[ids > 1].float().mean().item() == pytest.approx(0.3, abs=0.02)
    assert (ids == torch.arange(20_000).view(100, 200) % 50).all()


def test_word_dropout_uses_its_generator_and_only_in_training():
    ids = torch.randint(2, 9, (10, 10))
    dropout = WordDropout(0.5)
    first, second = (dropout(ids, torch.Generator().manual_seed(1)) for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(first, dropout(ids, torch.Generator().manual_seed(2)))
    assert dropout.eval()(ids) is ids
    assert WordDropout(0.0).train()(ids) is ids
