"""Micro-batches: the gradients of the mini-batch, the same bits on any number of threads."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_rnn._linear.cross_fit import CrossFit
from sklearn_rnn._nn.architecture import Architecture
from sklearn_rnn._nn.module import RecurrentModule
from sklearn_rnn._training.microbatches import MicroBatches
from sklearn_rnn._training.thread_pool import ThreadPool

N_TEXTS = 130


@pytest.fixture
def batch():
    """Texts with weights, sorted by length."""
    generator = torch.Generator().manual_seed(0)
    lengths = torch.randint(1, 12, (N_TEXTS,), generator=generator).sort().values
    ids = torch.randint(1, 20, (N_TEXTS, 12), generator=generator, dtype=torch.int32)
    ids[torch.arange(12) >= lengths[:, None]] = 0
    weights = torch.rand(N_TEXTS, generator=generator) + 0.5
    labels = torch.randint(0, 3, (N_TEXTS,), generator=generator)
    inputs = {"ids": ids, "lengths": lengths, "weights": weights}
    inputs["folds"] = torch.arange(N_TEXTS) % 2
    inputs["linear_logits"] = torch.rand(N_TEXTS, 3, generator=generator)
    return inputs, labels


def build(**architecture):
    plain = {
        "n_tokens": 20,
        "n_classes": 3,
        "max_length": 12,
        "embedding_dim": 8,
        "cell_type": "lstm",
        "hidden_sizes": (64,),
        "bidirectional": True,
        "merge": "concat",
        "pooling": ("max", "mean"),
        "word_dropout": 0.0,
        "embedding_dropout": 0.0,
        "dropout": 0.0,
        "head_sizes": (),
        "batch_norm": False,
        "linear_ngrams": 2,
        "reads_ngram_scores": True,
        "reads_characters": False,
        "freeze_embeddings": False,
    }
    module = RecurrentModule(Architecture(**plain | architecture))
    module.init_weights(torch.Generator().manual_seed(0))
    keys = torch.arange(2, 12)  # of words
    module.linear_term.count(keys, torch.arange(30).view(10, 3), accumulate=False)
    module.linear_term.coefficients[1:] = torch.rand(
        10, 3, generator=torch.Generator().manual_seed(1)
    )
    return module


# Out-of-fold coefficients of two folds, for the sentinel row and ten words.
FOLD_COEFFICIENTS = np.random.default_rng(0).normal(size=(2, 11, 3)).astype(np.float32)
FOLD_COEFFICIENTS[:, 0] = 0


def compute_gradients(module, batch, *, n_threads=1, dtype=torch.float32):
    """Return the step and a copy of each gradient."""
    criterion = nn.CrossEntropyLoss(reduction="none")
    module.zero_grad()
    with ThreadPool(n_threads) as pool:
        cross_fit = CrossFit(None, None, FOLD_COEFFICIENTS)
        batches = MicroBatches(module, criterion, pool, cross_fit=cross_fit, seed=0, dtype=dtype)
        step = batches.compute_gradients(*batch)
    return step, {name: p.grad.clone() for name, p in module.named_parameters()}


def scores_of_fold(module, ids, coefficients):
    """Return the n-gram scores of a linear term with the coefficients of a fold."""
    term = copy.deepcopy(module.linear_term)
    term.coefficients = torch.from_numpy(coefficients)
    return term.scores(term.find_ngrams(ids))


def whole_gradients(module, batch):
    """Return the loss, logits and gradients that autograd computes without micro-batches."""
    inputs, labels = batch
    scores = torch.stack(
        [
            scores_of_fold(module, text[None], FOLD_COEFFICIENTS[fold])[0]
            for text, fold in zip(inputs["ids"], inputs["folds"], strict=True)
        ]
    )
    embedded = module.embed(inputs["ids"], scores)
    logits = module.classify(embedded, inputs["lengths"]) + inputs["linear_logits"]
    losses = nn.functional.cross_entropy(logits, labels, reduction="none")
    loss = losses @ inputs["weights"] / inputs["weights"].sum()
    module.zero_grad()
    loss.backward()
    return loss, logits, {name: p.grad for name, p in module.named_parameters()}


@pytest.mark.parametrize("cell_type", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("batch_norm", [False, True])
def test_micro_batches_sum_to_the_mini_batch(batch, cell_type, batch_norm):
    module = build(cell_type=cell_type, hidden_sizes=(64, 6), batch_norm=batch_norm)
    step, gradients = compute_gradients(module, batch, n_threads=2)
    loss, logits, expected = whole_gradients(module, batch)
    torch.testing.assert_close(step["loss"], loss)
    torch.testing.assert_close(step["y_pred"], logits)
    for name, gradient in gradients.items():
        torch.testing.assert_close(gradient, expected[name], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_bits_are_the_same_on_any_number_of_threads(batch, dtype):
    module = build(embedding_dropout=0.3, dropout=0.3)
    results = [compute_gradients(module, batch, n_threads=n, dtype=dtype) for n in (1, 2, 4)]
    for step, gradients in results[1:]:
        assert torch.equal(step["y_pred"], results[0][0]["y_pred"])
        for name, gradient in gradients.items():
            assert torch.equal(gradient, results[0][1][name]), name


def test_mixed_precision_is_near_float32(batch):
    module = build()
    _, gradients = compute_gradients(module, batch, dtype=torch.bfloat16)
    _, expected = compute_gradients(module, batch)
    for name, gradient in gradients.items():
        assert gradient.dtype == torch.float32
        assert not torch.equal(gradient, expected[name])
        assert (gradient - expected[name]).norm() < 0.1 * expected[name].norm(), name


@pytest.mark.parametrize(
    ("n_texts", "sizes"),
    [
        (1, [1]),
        (31, [31]),
        (32, [16, 16]),
        (69, [34, 35]),
        (140, [35, 35, 35, 35]),
        (1024, [128] * 8),
    ],
)
def test_micro_batches_of_nearly_equal_size(n_texts, sizes):
    def sizes_of(module):
        batches = MicroBatches(module, None, None, seed=0, dtype=torch.float32)
        return [len(range(n_texts)[rows]) for rows in batches._split(n_texts)]

    assert sizes_of(build(hidden_sizes=(8, 64))) == sizes
    assert sizes_of(build(hidden_sizes=(64,), batch_norm=True)) == [n_texts]


@pytest.mark.parametrize(
    ("units", "sizes"),
    [(4, [256]), (8, [128, 128]), (31, [64] * 4), (33, [32] * 8), (256, [32] * 8)],
)
def test_layers_of_few_units_have_larger_micro_batches(units, sizes):
    batches = MicroBatches(build(hidden_sizes=(units,)), None, None, seed=0, dtype=torch.float32)
    assert [len(range(256)[rows]) for rows in batches._split(256)] == sizes


def test_evaluation_is_the_module_without_dropout(batch):
    module = build(dropout=0.5).eval()
    criterion = nn.CrossEntropyLoss(reduction="none")
    inputs, labels = batch
    new = {name: inputs[name] for name in ("ids", "lengths", "weights")}
    with ThreadPool(2) as pool:
        batches = MicroBatches(module, criterion, pool, seed=0, dtype=torch.bfloat16)
        step = batches.evaluate(new, labels)
    with torch.no_grad():
        logits = module(inputs["ids"], inputs["lengths"])
    losses = nn.functional.cross_entropy(logits, labels, reduction="none")
    torch.testing.assert_close(step["loss"], losses @ inputs["weights"] / inputs["weights"].sum())
    torch.testing.assert_close(step["y_pred"], logits)
    assert step["sums"][2] == pytest.approx(batch[0]["weights"].sum().item())


def test_evaluation_of_training_texts_uses_out_of_fold_coefficients(batch):
    module = build().eval()
    expected, _ = compute_gradients(module, batch)  # without dropout
    with ThreadPool(2) as pool:
        batches = MicroBatches(
            module,
            nn.CrossEntropyLoss(reduction="none"),
            pool,
            cross_fit=CrossFit(None, None, FOLD_COEFFICIENTS),
            seed=0,
            dtype=torch.float32,
        )
        step = batches.evaluate(*batch)
        new = {name: column for name, column in batch[0].items() if name != "folds"}
        of_new = batches.evaluate(new, batch[1])
    for name, value in step.items():
        torch.testing.assert_close(value, expected[name])
    assert not torch.allclose(of_new["y_pred"], step["y_pred"])


def test_the_padding_row_gets_no_gradient(batch):
    _, gradients = compute_gradients(build(), batch)
    assert (gradients["embedding.weight"][0] == 0).all()
    assert (gradients["embedding.weight"][2:] != 0).any()


def test_a_whole_batch_may_be_wider_than_its_longest_text(batch):
    inputs, labels = batch
    inputs = {name: column[:20] for name, column in inputs.items()}
    module = build()
    assert inputs["lengths"].max() < inputs["ids"].shape[1]
    _, gradients = compute_gradients(module, (inputs, labels[:20]))
    _, _, expected = whole_gradients(module, (inputs, labels[:20]))
    torch.testing.assert_close(gradients["embedding.weight"], expected["embedding.weight"])
