"""Integrated gradients and the linear attribution: completeness, known cases, side effects."""

from math import sqrt

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_rnn._inspection.attribution import (
    Attribution,
    integrated_gradients,
    linear_attribution,
    path_gradients,
)
from sklearn_rnn._linear.ngrams import PAIR_BASE, distinct_ngrams
from sklearn_rnn._linear.term import LinearTerm

LENGTH = 6


def log_odds(logits):
    return logits[:, 1] - logits[:, 0]


@pytest.fixture(scope="module")
def longest_text(word_order):
    """Ids and length of a text without padding."""
    X, _ = word_order
    row = next(row for row in X if row[-1])
    return torch.tensor(row[None]), torch.tensor([LENGTH])


@pytest.fixture
def fit_module(make_classifier, word_order):
    """Fit a classifier and return its module."""

    def fit(**parameters):
        return make_classifier(max_epochs=10, **parameters).fit(*word_order).net_.module_

    return fit


class Product(torch.nn.Module):
    """A module whose attributions are known: the logit is the product of the first two words."""

    def embed(self, ids, characters=None):
        return ids.t()[:, :, None].float()

    def classify(self, words, lengths):
        product = words[0] * words[1]  # (B, 1)
        return torch.cat([torch.zeros_like(product), product], 1)


class Cliff(torch.nn.Module):
    """A module whose logit jumps by 2 within a tiny part of the path, due to its first word.

    Parameters
    ----------
    rise : callable
        A step function from -1 to 1 at 0.
    """

    def __init__(self, rise):
        super().__init__()
        self.rise = rise

    def embed(self, ids, characters=None):
        return ids.t()[:, :, None].float()

    def classify(self, words, lengths):
        logit = self.rise(words[0] - 0.3) + 0.1 * words[1]
        return torch.cat([torch.zeros_like(logit), logit], 1)


def steep_step(x):
    return x / (x.abs() + 1e-8)


def saturated_step(x):
    return torch.tanh(1e9 * x)


def attribute(module, ids, *, n_steps=32, max_steps=1024):
    return integrated_gradients(module, ids, None, log_odds, n_steps=n_steps, max_steps=max_steps)


@pytest.mark.parametrize("cell_type", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("pooling", ["max", "mean", "last", "attention"])
def test_contributions_sum_to_the_change_of_the_score(fit_module, longest_text, cell_type, pooling):
    module = fit_module(cell_type=cell_type, pooling=pooling)
    ids, lengths = longest_text
    attribution = attribute(module, ids)
    with torch.no_grad():
        words = module.embed(ids)
        score = log_odds(module.eval().classify(words, lengths)).item()
        baseline_score = log_odds(module.classify(0 * words, lengths)).item()
    assert attribution.score == pytest.approx(score, abs=1e-6)
    assert attribution.baseline_score == pytest.approx(baseline_score, abs=1e-6)
    change = score - baseline_score
    assert abs(change) > 0.1
    assert attribution.words.sum().item() == pytest.approx(change, rel=0.01)
    assert attribution.is_complete


def test_words_of_a_product_have_equal_contributions():
    ids = torch.tensor([[3, 2, 7]])
    attribution = attribute(Product(), ids, n_steps=1)
    assert attribution.words.tolist() == pytest.approx([3.0, 3.0, 0.0])
    assert attribution[1:] == (0.0, 6.0, 1)


def test_steps_are_bisected_down_to_the_resolution_of_float32():
    ids = torch.tensor([[1, 1]])
    attribution = attribute(Cliff(steep_step), ids, n_steps=4)
    assert attribution.is_complete
    assert attribution.words.tolist() == pytest.approx([2.0, 0.1], abs=0.02)
    assert 4 < attribution.n_steps < 100


def test_contributions_are_not_rescaled_by_unrelated_gradients():
    ids = torch.tensor([[1, 1]])
    attribution = attribute(Cliff(saturated_step), ids, n_steps=4)
    assert not attribution.is_complete
    assert attribution.words.tolist() == pytest.approx([0.0, 0.1], abs=1e-4)


def test_max_steps_limits_bisection():
    ids = torch.tensor([[1, 1]])
    attribution = attribute(Cliff(steep_step), ids, n_steps=4, max_steps=6)
    assert not attribution.is_complete
    assert attribution.n_steps == 6
    more_at_once = attribute(Cliff(steep_step), ids, n_steps=9, max_steps=6)
    assert more_at_once.n_steps == 9


@pytest.mark.parametrize(
    ("score", "total", "is_complete"),
    [(10.0, 10.09, True), (10.0, 9.89, False), (0.0, 0.0009, True), (0.0, 0.0011, False)],
)
def test_is_complete_within_one_percent(score, total, is_complete):
    assert Attribution(torch.tensor([total]), 0.0, score, 1).is_complete is is_complete


def test_path_gradients_are_the_derivative_along_the_path(fit_module, longest_text):
    module = fit_module(pooling="mean").eval()
    ids, lengths = longest_text
    text = module.embed(ids).detach()
    alphas = torch.tensor([0.49, 0.5, 0.51], dtype=torch.float64)
    scores, gradients = path_gradients(module, text, lengths, log_odds, alphas)
    difference = (scores[2] - scores[0]) / 0.02
    assert gradients[1].sum().item() == pytest.approx(difference.item(), rel=0.01, abs=1e-3)


def test_path_gradients_do_not_depend_on_the_batch(fit_module, longest_text):
    module = fit_module(pooling="mean").eval()
    ids, lengths = longest_text
    text = module.embed(ids).detach()
    alphas = torch.linspace(0, 1, 150, dtype=torch.float64)
    scores, gradients = path_gradients(module, text, lengths, log_odds, alphas)
    some_scores, some_gradients = path_gradients(module, text, lengths, log_odds, alphas[70:80])
    torch.testing.assert_close(scores[70:80], some_scores, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(gradients[70:80], some_gradients, atol=1e-6, rtol=1e-5)


def test_add_sums_two_attributions():
    attribution = Attribution(torch.tensor([1.0, 2.0]), 0.5, 3.5, 32)
    both = attribution.add(torch.tensor([-4.0, 1.5]), 0.25)
    assert both.words.tolist() == [-3.0, 3.5]
    assert both[1:] == (0.75, 1.25, 32)
    assert both.is_complete


def make_term(n_classes, longest):
    """Return a linear term with coefficients for about half of the n-grams of the ids 1 to 4."""
    torch.manual_seed(n_classes)
    term = LinearTerm(n_classes, longest)
    keys = distinct_ngrams(torch.randint(1, 5, (2, 5)).numpy(), longest).unique()[1:]
    term.count(keys, torch.rand(len(keys), n_classes) * 9, accumulate=False)
    term.coefficients[1:].normal_()
    return term


def attribute_by_definition(term, text, class_index):
    """Divide the contribution of each n-gram among its occurrences and their words."""
    rows = {key: row for row, key in enumerate(term.keys.tolist()) if key}

    def find_row(ngram):
        if len(ngram) == 2 and 1 in ngram:
            return None
        return rows.get(ngram[0] if len(ngram) == 1 else ngram[0] * PAIR_BASE + ngram[1])

    spans = [range(i, i + n) for n in range(1, term.longest + 1) for i in range(len(text) - n + 1)]
    ngrams = {tuple(text[i] for i in span) for span in spans}
    known = [ngram for ngram in ngrams if find_row(ngram) is not None]
    words = [0.0] * len(text)
    for ngram in known:
        row = find_row(ngram)
        logits = [value / sqrt(len(known)) for value in term.coefficients[row].tolist()]
        score = logits[1] - logits[0] if len(logits) == 2 else logits[class_index]
        occurrences = [span for span in spans if tuple(text[i] for i in span) == ngram]
        for span in occurrences:
            for i in span:
                words[i] += score / len(occurrences) / len(ngram)
    return words


@settings(max_examples=60, derandomize=True)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=8), st.sampled_from([1, 2]))
@pytest.mark.parametrize("n_classes", [2, 3])
def test_linear_attribution_follows_its_definition(n_classes, text, longest):
    term = make_term(n_classes, longest)
    ids = torch.tensor([text])

    def score(logits):
        return log_odds(logits) if n_classes == 2 else logits[:, 2]

    words = linear_attribution(term, ids, None, score)
    assert words.tolist() == pytest.approx(attribute_by_definition(term, text, 2), abs=1e-5)
    without_bias = score(term(ids) - term.bias).item()
    assert words.sum().item() == pytest.approx(without_bias, abs=1e-5)


def test_pair_that_overlaps_itself_counts_once():
    term = LinearTerm(2, 2)
    pair = torch.tensor([3 * PAIR_BASE + 3])
    other = torch.tensor([4])
    term.count(other, torch.tensor([[50.0, 1.0]]), accumulate=False)
    term.count(pair, torch.tensor([[1.0, 50.0]]), accumulate=False)
    term.coefficients[1:] = torch.tensor([[1.0, -1.0], [-2.0, 2.0]])
    ids = torch.tensor([[3, 3, 3]])
    total = log_odds(term(ids)).item()
    words = linear_attribution(term, ids, None, log_odds)
    assert total > 0.1
    assert words.tolist() == pytest.approx([total / 4, total / 2, total / 4])


@pytest.mark.parametrize("is_training", [True, False])
def test_module_stays_unchanged(fit_module, longest_text, is_training):
    module = fit_module(dropout=0.5, embedding_dropout=0.5, batch_norm=True)
    module.train(is_training)
    module.zero_grad(set_to_none=True)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    first = attribute(module, longest_text[0])
    second = attribute(module, longest_text[0])
    assert torch.equal(first.words, second.words)  # no dropout
    assert module.training is is_training
    assert all(parameter.grad is None for parameter in module.parameters())
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_gradients_are_enabled_under_no_grad(fit_module, longest_text):
    module = fit_module()
    expected = attribute(module, longest_text[0]).words
    with torch.no_grad():
        assert torch.equal(attribute(module, longest_text[0]).words, expected)


@pytest.mark.parametrize("cell_type", ["lstm", "gru", "rnn"])
def test_devices_agree(fit_module, longest_text, device, cell_type):
    module = fit_module(cell_type=cell_type)
    expected = attribute(module, longest_text[0])
    ids, _ = longest_text
    found = attribute(module.to(device), ids.to(device))
    assert found.words.device.type == "cpu"
    linear = linear_attribution(module.linear_term, ids.to(device), None, log_odds)
    assert linear.device.type == "cpu"
    torch.testing.assert_close(found.words, expected.words, atol=1e-4, rtol=1e-3)
