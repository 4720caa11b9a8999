"""Fitted Pipelines of every architecture, for tests of their export to ONNX."""

from unittest import mock

import numpy as np
import torch
from hypothesis import strategies as st
from sklearn.pipeline import make_pipeline

from sklearn_rnn import RNNTextClassifier, TextTokenizer, WordVectors
from sklearn_rnn._nn import architecture

WORDS = [
    "rain",
    "train",
    "trains",
    "raining",
    "snow",
    "snows",
    "slow",
    "no",
    "not",
    "very",
    "bad",
    "good",
    "of",
    "a",
    "!",
]
UNSEEN = ["rainy", "snowing", "xyzzy", "qu", "q", "Ω"]


def random_texts(n_texts, words, longest=12, seed=0):
    rng = np.random.default_rng(seed)
    return [
        " ".join(rng.choice(words, rng.integers(0, longest + 1)).tolist()) for _ in range(n_texts)
    ]


def fit_model(
    *,
    n_classes=2,
    temperature=1.0,
    characters=False,
    reads_scores=False,
    word_vectors=False,
    tokenizer=None,
    **parameters,
):
    """Fit a Pipeline on random texts, and move its weights away from zero and one."""
    texts = random_texts(60, WORDS, seed=n_classes)
    labels = np.arange(60) % n_classes
    vectors = None
    if word_vectors:
        vectors = WordVectors(WORDS[:9], np.random.default_rng(0).normal(size=(9, 6)))
    settings = {"add_characters": characters, "max_length": 80, "vocabulary": vectors}
    classifier = RNNTextClassifier(
        max_epochs=1,
        batch_size=16,
        random_state=0,
        device="cpu",
        word_vectors=vectors,
        **parameters,
    )
    threshold = 1 if reads_scores else 10**6
    with mock.patch.object(architecture, "TEXTS_PER_CLASS_TO_READ", threshold):
        model = make_pipeline(TextTokenizer(**settings | (tokenizer or {})), classifier)
        model.fit(texts, labels)
    change_weights(model[-1].net_.module_, temperature)
    return model


@torch.no_grad()
def change_weights(module, temperature=1.0):
    """Add noise to all weights, also to those that a short training leaves at their start."""
    generator = torch.Generator().manual_seed(0)
    tensors = [*module.parameters()]
    for name, buffer in module.named_buffers():
        if name.endswith(("running_mean", "linear_term.bias")):
            tensors.append(buffer)
        elif name.endswith("running_var"):
            buffer.add_(torch.rand(buffer.shape, generator=generator))
    for tensor in tensors:
        # In larger recurrent weights a tanh RNN is chaotic, and rounding errors grow.
        scale = 0.5 / max(tensor.shape[-1], 3) ** 0.5
        tensor.add_(scale * torch.randn(tensor.shape, generator=generator))
    if module.linear_term is not None:
        coefficients = module.linear_term.coefficients[1:]
        coefficients.add_(torch.randn(coefficients.shape, generator=generator))
    module.embedding.weight[0] = 0
    module.temperature.fill_(temperature)


poolings = st.lists(
    st.sampled_from(["last", "max", "mean", "attention", "flatten"]),
    min_size=1,
    max_size=3,
    unique=True,
).map(tuple)

# Parameters of `fit_model`: every cell, pooling and kind of input, in small networks.
architectures = st.fixed_dictionaries(
    {
        "cell_type": st.sampled_from(["lstm", "gru", "rnn"]),
        "hidden_size": st.lists(st.integers(1, 6), min_size=1, max_size=3).map(tuple),
        "bidirectional": st.booleans(),
        "merge": st.sampled_from(["concat", "sum"]),
        "pooling": poolings,
        "head_sizes": st.lists(st.integers(1, 5), max_size=2).map(tuple),
        "batch_norm": st.booleans(),
        "linear_ngrams": st.sampled_from([0, 1, 2]),
        "reads_scores": st.booleans(),
        "characters": st.booleans(),
        "word_vectors": st.booleans(),
        "embedding_dim": st.integers(1, 5),
        "n_classes": st.integers(2, 5),
        "temperature": st.sampled_from([0.5, 1.0, 3.0]),
    }
)
