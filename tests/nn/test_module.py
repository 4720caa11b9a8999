"""The network: independence of padding and batches, dropout, and initialisation."""

import copy
import io
import re
from functools import partial
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_rnn._linear.ngrams import distinct_ngrams
from sklearn_rnn._nn.architecture import Architecture
from sklearn_rnn._nn.module import RecurrentModule
from sklearn_rnn._nn.normalization import MaskedBatchNorm
from tests.cells import EquationGRU

PLAIN = {
    "n_tokens": 10,
    "n_classes": 3,
    "max_length": 15,
    "embedding_dim": 4,
    "cell_type": "lstm",
    "hidden_sizes": (4,),
    "bidirectional": True,
    "merge": "concat",
    "pooling": ("max",),
    "word_dropout": 0.0,
    "embedding_dropout": 0.0,
    "dropout": 0.0,
    "head_sizes": (),
    "batch_norm": False,
    "linear_ngrams": 0,
    "reads_ngram_scores": False,
    "reads_characters": False,
    "freeze_embeddings": False,
}
ARCHITECTURES = st.fixed_dictionaries(
    {
        "cell_type": st.sampled_from(["lstm", "gru", "rnn", EquationGRU]),
        "hidden_sizes": st.sampled_from([(4,), (4, 4), (5, 3, 4)]),
        "bidirectional": st.booleans(),
        "merge": st.sampled_from(["concat", "sum"]),
        "pooling": st.lists(
            st.sampled_from(["last", "max", "mean", "attention", "flatten"]),
            min_size=1,
            unique=True,
        ).map(tuple),
        "word_dropout": st.sampled_from([0.0, 0.5]),
        "embedding_dropout": st.sampled_from([0.0, 0.5]),
        "dropout": st.sampled_from([0.0, 0.5]),
        "head_sizes": st.sampled_from([(), (5,), (5, 4)]),
        "batch_norm": st.booleans(),
        "linear_ngrams": st.sampled_from([0, 1, 2]),
        "reads_ngram_scores": st.booleans(),
    }
).map(
    lambda drawn: (
        drawn | {"reads_ngram_scores": drawn["reads_ngram_scores"] and drawn["linear_ngrams"] > 0}
    )
)
TEXTS = st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=9), min_size=1, max_size=6)


def build(seed=0, **architecture):
    torch.manual_seed(seed)
    module = RecurrentModule(Architecture(**PLAIN | architecture))
    module.init_weights()
    with torch.no_grad():
        module.embedding.weight[1:] *= 20  # as large as training makes them
        for norm in module.modules():
            if isinstance(norm, MaskedBatchNorm):
                norm.running_mean.normal_()
                norm.running_var.uniform_(0.5, 2)
        if module.linear_term is not None:
            some_texts = torch.randint(1, 10, (20, 6))
            keys = distinct_ngrams(some_texts.numpy(), architecture["linear_ngrams"]).unique()[1:]
            module.linear_term.count(keys, torch.rand(len(keys), 3) * 9, accumulate=False)
            module.linear_term.coefficients[1:].normal_()
    return module.eval()


def pad(texts, n_padding=0):
    ids = np.zeros((len(texts), max(map(len, texts)) + n_padding), dtype=np.int32)
    for row, text in zip(ids, texts, strict=True):
        row[: len(text)] = text
    return torch.from_numpy(ids), torch.tensor([len(text) for text in texts])


def probabilities(module, texts, n_padding=0):
    with torch.inference_mode():
        return module(*pad(texts, n_padding)).softmax(1)


@settings(max_examples=60, derandomize=True)
@given(ARCHITECTURES, TEXTS, st.integers(1, 6), st.integers(1, 3), st.randoms())
def test_a_text_has_the_same_probabilities_everywhere(
    architecture, texts, n_padding, batch_size, random
):
    module = build(**architecture)
    alone = torch.cat([probabilities(module, [text]) for text in texts])

    order = random.sample(range(len(texts)), len(texts))
    shuffled = probabilities(module, [texts[i] for i in order])
    in_batches = torch.cat(
        [
            probabilities(module, texts[start : start + batch_size])
            for start in range(0, len(texts), batch_size)
        ]
    )
    for other, expected in [
        (probabilities(module, texts), alone),
        (shuffled, alone[order]),
        (in_batches, alone),
        (probabilities(module, texts, n_padding), alone),
    ]:
        torch.testing.assert_close(other, expected, rtol=0, atol=1e-6)


@settings(max_examples=20, derandomize=True)
@given(ARCHITECTURES, TEXTS, st.integers(1, 6))
def test_padding_does_not_change_gradients(architecture, texts, n_padding):
    gradients = []
    for columns in (0, n_padding):
        module = build(**architecture | {"embedding_dropout": 0.0, "dropout": 0.0}).train()
        logits = module(*pad(texts, columns))
        torch.nn.functional.cross_entropy(logits, torch.zeros(len(texts), dtype=int)).backward()
        gradients.append({name: p.grad for name, p in module.named_parameters()})
    for name, gradient in gradients[0].items():
        scale = 1 + gradient.abs().max().item()
        torch.testing.assert_close(gradients[1][name], gradient, rtol=0, atol=2e-5 * scale)


def test_embedding_dropout_drops_whole_channels():
    module = build(embedding_dropout=0.5, embedding_dim=32).train()
    seen = {}
    module.layers[0].register_forward_pre_hook(lambda _, inputs: seen.update(x=inputs[0]))
    module(*pad([[2, 3, 4], [5, 6, 7]]))
    dropped = seen["x"] == 0  # (T, B, E)
    assert (dropped == dropped[:1]).all()
    assert 0 < dropped[0].float().mean() < 1
    assert not torch.equal(dropped[:, 0], dropped[:, 1])


@pytest.mark.parametrize("name", ["dropout", "embedding_dropout"])
def test_dropout_is_active_only_in_training(name):
    module = build(hidden_sizes=(4, 4), head_sizes=(4,), **{name: 0.5})
    batch = pad([[2, 3], [4, 5]])
    assert torch.equal(module(*batch), module(*batch))
    module.train()
    assert not torch.equal(module(*batch), module(*batch))


def test_dropout_between_all_layers():
    module = build(hidden_sizes=(4, 4, 4), dropout=0.5).train()
    zeros = []
    for layer in module.layers:
        layer.register_forward_pre_hook(lambda _, inputs: zeros.append((inputs[0] == 0).any()))
    module(*pad([[2, 3, 4, 5]] * 4))
    assert [bool(zero) for zero in zeros] == [False, True, True]


def test_the_padding_row_is_zero_and_gets_no_gradient():
    module = build().train()
    module(*pad([[2, 3], [4]])).sum().backward()
    assert (module.embedding.weight[0] == 0).all()
    assert (module.embedding.weight.grad[0] == 0).all()


def test_grow_embedding_keeps_the_old_rows():
    module = build()
    old = module.embedding.weight.detach().clone()
    weight = module.grow_embedding(14)
    assert weight is module.embedding.weight
    assert weight.shape == (14, 4)
    assert weight.requires_grad
    assert torch.equal(weight[:10], old)
    assert (weight[10:] != 0).all()


def test_the_constructor_draws_no_random_numbers():
    before = torch.get_rng_state()
    parameters = {"head_sizes": (5,), "batch_norm": True, "linear_ngrams": 2}
    for cell_type in ("lstm", "gru", "rnn", EquationGRU):
        pooling = ("attention", "flatten")
        plain = PLAIN | parameters | {"cell_type": cell_type, "pooling": pooling}
        RecurrentModule(Architecture(**plain))
        assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("cell_type", ["lstm", "gru", "rnn", EquationGRU])
def test_the_generator_determines_all_weights(cell_type):
    architecture = {"cell_type": cell_type, "pooling": ("attention", "max"), "head_sizes": (5,)}
    states = []
    for stream, seed in [(0, 3), (1, 3), (1, 4)]:
        torch.manual_seed(stream)
        module = RecurrentModule(Architecture(**PLAIN | architecture))
        module.init_weights(torch.Generator().manual_seed(seed))
        states.append(module.state_dict())
    same, other = (
        [torch.equal(states[0][name], state[name]) for name in state] for state in states[1:]
    )
    assert all(same)
    assert not all(other)


def test_new_batch_norms_and_linear_terms_change_nothing():
    architecture = {"batch_norm": True, "linear_ngrams": 2}
    module = RecurrentModule(Architecture(**PLAIN | architecture))
    plain = RecurrentModule(Architecture(**PLAIN))
    for network in (module, plain):
        network.init_weights(torch.Generator().manual_seed(0))
        network.eval()
    texts = [[2, 3, 4], [5]]
    torch.testing.assert_close(
        probabilities(module, texts), probabilities(plain, texts), rtol=0, atol=1e-5
    )


class CountedCell(EquationGRU):
    """Counts how often it is constructed."""

    n_constructed = 0

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        type(self).n_constructed += 1
        self.register_buffer("constant", torch.full((2,), 7.0), persistent=False)


def test_a_custom_cell_is_constructed_once_for_a_state_that_is_loaded(monkeypatch):
    architecture = PLAIN | {"cell_type": CountedCell, "hidden_sizes": (4, 4)}
    fitted = RecurrentModule(Architecture(**architecture))
    fitted.init_weights(torch.Generator().manual_seed(0))
    monkeypatch.setattr(CountedCell, "n_constructed", 0)
    loaded = RecurrentModule(Architecture(**architecture))
    loaded.load_state_dict(fitted.state_dict())
    assert CountedCell.n_constructed == 4  # two layers of two directions
    texts = [[2, 3, 4], [5]]
    assert torch.equal(probabilities(loaded.eval(), texts), probabilities(fitted.eval(), texts))
    assert (loaded.layers[0].forward_cell.cell.constant == 7).all()


@pytest.mark.parametrize("linear_ngrams", [1, 2])
@pytest.mark.parametrize("reads_ngram_scores", [True, False])
def test_the_ngrams_of_a_batch_are_found_once(linear_ngrams, reads_ngram_scores):
    module = build(linear_ngrams=linear_ngrams, reads_ngram_scores=reads_ngram_scores)
    term = module.linear_term
    term.find = Mock(wraps=term.find)
    ids, lengths = pad([[2, 3, 2, 4], [5], [1, 2, 3]], 2)
    scores = term.scores(term.find_ngrams(ids)) if reads_ngram_scores else None
    expected = module.classify(module.embed(ids, scores), lengths) + term(ids)
    term.find.reset_mock()
    assert torch.equal(module(ids, lengths), expected)
    term.find.assert_called_once()


# Tools for torch modules


@pytest.fixture(
    params=[
        {"linear_ngrams": 0},
        {"linear_ngrams": 2},
        {"linear_ngrams": 0, "hidden_size": (6, 4), "batch_norm": True, "head_sizes": (3,)},
        {"linear_ngrams": 0, "pooling": ("last", "attention", "flatten"), "bidirectional": False},
    ],
    ids=str,
)
def trained(request, make_classifier, word_order):
    """A trained module, ids and lengths."""
    X, y = word_order
    module = make_classifier(**request.param).fit(X, y).net_.module_
    ids = torch.tensor(X[:7])
    return module, ids, (ids != 0).sum(1)


def test_a_trained_module_is_in_evaluation_mode_and_finds_the_lengths(trained):
    module, ids, lengths = trained
    assert not module.training
    ids[0, 1] = 0  # a token, not padding
    expected = module(ids, lengths)
    assert torch.equal(module(ids), expected)
    padded = torch.nn.functional.pad(ids, (0, 0))
    assert torch.equal(module(padded.long()), expected)


def integrated_gradients(module, ids, lengths, target, n_steps):
    """Attribute logits to the output of the embedding, by a hook, as captum does."""
    baseline, vectors = module.embedding(ids * 0), module.embedding(ids)
    weights = (torch.arange(n_steps) + 0.5) / n_steps
    points = baseline + weights[:, None, None, None] * (vectors - baseline)
    points = points.flatten(0, 1).detach().requires_grad_()
    hook = module.embedding.register_forward_hook(lambda *args: points)
    logits = module(ids.repeat(n_steps, 1), lengths.repeat(n_steps))
    hook.remove()
    (gradients,) = torch.autograd.grad(logits[:, target].sum(), points)
    return gradients.unflatten(0, (n_steps, -1)).mean(0) * (vectors - baseline)


def test_attributions_to_the_embedding_are_complete(trained):
    module, ids, lengths = trained
    attributions = integrated_gradients(module, ids, lengths, 1, n_steps=100)
    assert attributions.shape == (*ids.shape, module.embedding.embedding_dim)
    assert (attributions[ids == 0] == 0).all()
    linear = 0
    if module.linear_term is not None:
        linear = module(ids, lengths) - module.classify(module.embed(ids), lengths)
    change = (module(ids, lengths) - linear - module.classify(module.embed(ids * 0), lengths))[:, 1]
    torch.testing.assert_close(attributions.sum((1, 2)), change, rtol=0, atol=2e-3)


def test_word_vectors_in_place_of_ids(trained):
    module, ids, lengths = trained
    expected = module(ids, lengths)
    vectors = module.embedding(ids).detach()
    embedding, module.embedding = module.embedding, torch.nn.Identity()
    module.embedding.embedding_dim = embedding.embedding_dim  # as captum's wrapper has
    if module.linear_term is None:
        assert torch.equal(module(vectors, lengths), expected)
        with pytest.raises(ValueError, match="do not tell the lengths of the texts"):
            module(vectors)
    else:
        with pytest.raises(ValueError, match="the linear term needs the ids"):
            module(vectors, lengths)


@pytest.mark.parametrize(
    ("shape", "has_term", "message"),
    [
        (
            (2, 3),
            False,
            "ids must be integers of shape (n_texts, n_tokens), but are torch.float32 of shape "
            "(2, 3). Attribute to the output of the embedding, for example by captum's "
            "LayerIntegratedGradients(module, module.embedding).",
        ),
        (
            (2, 3, 4),
            True,
            "forward was given word vectors, but the linear term needs the ids. Fit the classifier "
            "with linear_ngrams=0, or use captum's LayerIntegratedGradients.",
        ),
        (
            (2, 3, 4),
            False,
            "forward was given word vectors, which do not tell the lengths of the texts. Pass the "
            "lengths too; with captum: additional_forward_args=(lengths,).",
        ),
    ],
)
def test_floats_in_place_of_ids_are_refused(make_classifier, word_order, shape, has_term, message):
    classifier = make_classifier(linear_ngrams=2 if has_term else 0).fit(*word_order)
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        classifier.net_.module_(torch.zeros(shape))


def test_hooks_see_the_documented_shapes(trained):
    module, ids, lengths = trained
    shapes = {}

    def record(layer, inputs, output, name):
        outputs = output if isinstance(output, tuple) else (output,)
        shapes[name] = [tuple(tensor.shape) for tensor in outputs]

    for name, layer in module.named_modules():
        if not name.endswith("_cell"):  # torch's own, with nested outputs
            layer.register_forward_hook(partial(record, name=name))
    module(ids, lengths)
    n, n_tokens = ids.shape
    assert shapes["embedding"] == [(n, n_tokens, 4)]
    for i, layer in enumerate(module.layers):
        n_directions = 1 if layer.backward_cell is None else 2
        hidden_size = layer.forward_cell.hidden_size
        assert shapes[f"layers.{i}"] == [(n_tokens, n, hidden_size)] * n_directions
    assert all(len(shapes[f"poolings.{i}"][0]) == 2 for i in range(len(module.poolings)))
    assert shapes["output"] == [(n, 2)]


def test_copies_and_conversions(trained):
    module, ids, lengths = trained
    expected = module(ids, lengths)
    file = io.BytesIO()
    torch.save(module.state_dict(), file)
    file.seek(0)
    other = copy.deepcopy(module)
    vector = torch.nn.utils.parameters_to_vector(module.parameters())
    torch.nn.utils.vector_to_parameters(torch.zeros_like(vector), other.parameters())
    assert not torch.equal(other(ids, lengths), expected)
    other.load_state_dict(torch.load(file))
    assert torch.equal(other(ids, lengths), expected)
    double = other.double()(ids, lengths)
    assert double.dtype == torch.float64
    torch.testing.assert_close(double, expected.double(), rtol=0, atol=1e-5)
