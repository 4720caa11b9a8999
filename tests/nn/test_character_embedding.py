"""Vectors of words from their character n-grams, against a loop."""

import pytest
import torch

from sklearn_rnn._ids import FIRST_CHARACTER
from sklearn_rnn._linear.characters import split_characters
from sklearn_rnn._nn.character_embedding import N_BUCKETS, CharacterEmbedding


@pytest.fixture
def embedding():
    embedding = CharacterEmbedding(3, dropout=0.5)
    torch.nn.init.normal_(embedding.weight, generator=torch.Generator().manual_seed(0))
    return embedding.eval()


@pytest.fixture
def texts():
    """Words of many lengths, one without characters, and padding."""
    texts = [[(2, "rain"), (3, ""), (4, "a"), (5, "raining")], [(3, ""), (2, "rain")], [(1, "")]]
    rows = [
        [i for word, letters in text for i in (word, *(FIRST_CHARACTER + ord(c) for c in letters))]
        for text in texts
    ]
    width = max(map(len, rows)) + 2
    return torch.tensor([row + [0] * (width - len(row)) for row in rows])


def by_a_loop(embedding, ngrams, seq_len):
    vectors = torch.zeros(len(ngrams.keys), seq_len, 3)
    sizes = torch.zeros(len(ngrams.keys), seq_len)
    for text, (keys, words) in enumerate(zip(*ngrams, strict=True)):
        for key, word in zip(keys.tolist(), words.tolist(), strict=True):
            if key:
                vectors[text, word] += embedding.weight[key % N_BUCKETS]
                sizes[text, word] += 1
    return vectors / sizes.clamp(min=1).sqrt()[:, :, None]


@pytest.mark.parametrize("n_more", [0, 3])
def test_vectors_are_scaled_sums(embedding, texts, n_more):
    words, ngrams = split_characters(texts)
    seq_len = words.shape[1] + n_more
    vectors = embedding(ngrams, seq_len)
    torch.testing.assert_close(vectors, by_a_loop(embedding, ngrams, seq_len))
    assert (vectors[0, 1] == 0).all()
    assert (vectors[0, [0, 2, 3]] != 0).all()
    torch.testing.assert_close(vectors[1, 1], vectors[0, 0])


def test_gradients_are_those_of_the_loop(embedding, texts):
    words, ngrams = split_characters(texts)
    factors = torch.arange(3.0)
    gradients = []
    for compute in (embedding, lambda *arguments: by_a_loop(embedding, *arguments)):
        (compute(ngrams, words.shape[1]) ** 2 @ factors).sum().backward()
        gradients.append(embedding.weight.grad.clone())
        embedding.weight.grad = None
    torch.testing.assert_close(*gradients)


def test_dropout_leaves_out_ngrams_in_training_alone(embedding, texts):
    words, ngrams = split_characters(texts)
    expected = embedding(ngrams, words.shape[1])
    embedding.train()
    state = torch.get_rng_state()
    first, second, other = (
        embedding(ngrams, words.shape[1], torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)
    )
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(first, second)
    assert not torch.equal(first, other)
    assert not torch.equal(first, expected)
    generator = torch.Generator().manual_seed(0)
    samples = [embedding(ngrams, words.shape[1], generator).detach() for _ in range(4000)]
    torch.testing.assert_close(torch.stack(samples).mean(0), expected, atol=0.15, rtol=0)
