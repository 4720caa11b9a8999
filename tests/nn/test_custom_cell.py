"""Recurrences of custom cells, against those of torch."""

import os
import pickle
import re
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from torch import nn

from sklearn_rnn._nn.custom_cell import CustomRecurrence, check_custom_cell
from tests.cells import EquationGRU, Sum
from tests.nets import same_weights

WANTED = (
    "A cell is a subclass of torch.nn.Module that is constructed by Cell(input_size, hidden_size), "
    "and whose forward(x_t, h) takes tensors of shape (n_texts, input_size) and (n_texts, "
    "hidden_size) and returns the new state, of shape (n_texts, hidden_size)."
)


class UnusedLayer(EquationGRU):
    """Has a layer that no step uses."""

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.spare = nn.Linear(input_size, hidden_size)


class NoWeights(nn.Module):
    """Adds the mean of its input to the state."""

    def __init__(self, input_size, hidden_size):
        super().__init__()

    def forward(self, x_t, h):
        """Return the new state of shape (B, H)."""
        return torch.tanh(h + x_t.mean(1, keepdim=True))


class Buffered(nn.Module):
    """Multiplies by a random matrix that is not learned."""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.register_buffer("matrix", torch.rand(input_size, hidden_size))

    def forward(self, x_t, h):
        """Return the new state of shape (B, H)."""
        return torch.tanh(h + x_t @ self.matrix)


class PlainClass:
    """Not a torch module."""

    def __init__(self, input_size, hidden_size):
        pass


class OneSize(nn.Module):
    """Has a constructor that takes a single size."""

    def __init__(self, size):
        super().__init__()


class NoState(nn.Module):
    """Has a forward method that takes no state."""

    def __init__(self, input_size, hidden_size):
        super().__init__()

    def forward(self, x_t):
        """Return the input."""
        return x_t


class Input(NoState):
    """Returns its input instead of a state."""

    def forward(self, x_t, h):
        """Return the input, of shape (B, D)."""
        return x_t


class Pair(NoState):
    """Returns two states."""

    def forward(self, x_t, h):
        """Return a tuple."""
        return h, h


class Nothing(NoState):
    """Returns nothing."""

    def forward(self, x_t, h):
        """Return None."""


# Against torch

NAMES_OF_TORCH = {
    "cell.input.weight": "weight_ih_l0",
    "cell.input.bias": "bias_ih_l0",
    "cell.state.weight": "weight_hh_l0",
    "cell.state.bias": "bias_hh_l0",
}


@pytest.mark.parametrize(
    "parameters",
    [
        {"bidirectional": False},
        {"bidirectional": True},
        {"num_layers": 2, "merge": "sum", "pooling": ("last", "mean", "max")},
    ],
    ids=repr,
)
def test_a_custom_gru_equals_the_gru_of_torch(make_classifier, word_order, parameters):
    X, y = word_order
    gru = make_classifier(cell_type="gru", **parameters).fit(X, y)
    custom = make_classifier(cell_type=EquationGRU, **parameters).fit(X, y)
    assert custom.n_parameters_ == gru.n_parameters_
    weights = gru.net_.module_.state_dict()
    custom.net_.module_.load_state_dict(
        {
            name: weights[re.sub("|".join(NAMES_OF_TORCH), lambda m: NAMES_OF_TORCH[m[0]], name)]
            for name in custom.net_.get_weights()
        }
    )
    assert len(np.unique((X > 0).sum(1))) > 1  # texts of several lengths share a batch
    np.testing.assert_allclose(custom.predict_proba(X), gru.predict_proba(X), rtol=0, atol=1e-5)


def test_states_equal_a_loop_over_the_tokens():
    torch.manual_seed(0)
    recurrence = CustomRecurrence(EquationGRU, 3, 4)
    recurrence.build_cell(torch.Generator().manual_seed(0))
    x = torch.randn(5, 2, 3)
    states, last = recurrence(x)
    assert states.shape == (5, 2, 4)
    h = torch.zeros(2, 4)
    for x_t, state in zip(x, states, strict=True):
        h = recurrence.cell(x_t, h)
        assert torch.equal(state, h)
    assert torch.equal(last, h)


# Learning


@pytest.mark.parametrize(
    "parameters",
    [
        {"cell_type": EquationGRU},
        {"cell_type": EquationGRU, "bidirectional": True, "num_layers": 2},
        {"cell_type": EquationGRU, "hidden_size": (6, 5), "batch_norm": True, "pooling": "last"},
        {"cell_type": nn.GRUCell, "merge": "sum", "pooling": "attention"},
        {"cell_type": nn.RNNCell, "bidirectional": False},
    ],
    ids=repr,
)
def test_custom_cells_learn_word_order(make_classifier, word_order, parameters):
    X, y = word_order
    learner = {"embedding_dim": 8, "hidden_size": 8, "learning_rate": 0.03, "max_epochs": 20}
    learner["linear_ngrams"] = 0
    classifier = make_classifier(**learner | parameters).fit(X, y)
    assert classifier.score(X, y) > 0.85
    alone = np.concatenate([classifier.predict_proba(X[[row]]) for row in range(20)])
    np.testing.assert_allclose(alone, classifier.predict_proba(X)[:20], rtol=0, atol=1e-6)


@pytest.mark.parametrize("cell_type", [NoWeights, Buffered, UnusedLayer])
def test_cells_with_any_kind_of_weights(make_classifier, word_order, cell_type):
    X, y = word_order
    classifier = make_classifier(cell_type=cell_type).fit(X, y)
    loaded = pickle.loads(pickle.dumps(classifier))
    assert np.array_equal(loaded.predict_proba(X), classifier.predict_proba(X))


def test_each_direction_and_layer_has_its_own_cell(make_classifier, word_order):
    classifier = make_classifier(cell_type=Sum, num_layers=2).fit(*word_order)
    weights = classifier.net_.get_weights()
    initial = [
        weights[f"layers.{layer}.{direction}_cell.cell.weight"]
        for layer in (0, 1)
        for direction in ("forward", "backward")
    ]
    assert [w.shape for w in initial] == [(4, 4), (4, 4), (8, 4), (8, 4)]
    assert not np.array_equal(initial[0], initial[1])
    assert not np.array_equal(initial[2], initial[3])


# Randomness


@pytest.mark.parametrize("cell_type", [EquationGRU, Sum, Buffered])
def test_random_state_determines_the_weights_of_cells(make_classifier, word_order, cell_type):
    fits = []
    for stream, seed in [(0, 3), (1, 3), (1, 4)]:
        torch.manual_seed(stream)
        classifier = make_classifier(cell_type=cell_type, random_state=seed)
        fits.append(classifier.fit(*word_order))
    assert same_weights(*fits[:2])
    assert not same_weights(*fits[1:])


@pytest.mark.parametrize("cell_type", [EquationGRU, Sum])
def test_global_random_stream_is_unchanged(make_classifier, word_order, cell_type):
    X, y = word_order
    classifier = make_classifier(cell_type=cell_type, warm_start=True)
    steps = [
        lambda: classifier.fit(X, y),
        lambda: classifier.fit(X, y),
        lambda: classifier.partial_fit(X + 9, y),
        lambda: classifier.predict_proba(X),
        lambda: pickle.loads(pickle.dumps(classifier)),
    ]
    disturbed = []
    for number, step in enumerate(steps):
        before = torch.get_rng_state()
        step()
        if not torch.equal(torch.get_rng_state(), before):
            disturbed.append(number)
    assert disturbed == []


def test_check_does_not_change_the_global_random_stream():
    before = torch.get_rng_state()
    check_custom_cell(Sum, input_size=3, hidden_size=4)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_fit_does_not_seed_gpus(make_classifier, word_order, monkeypatch):
    seeds = []
    for module in (torch.cuda, torch.mps, torch.xpu):
        for name in ("manual_seed", "manual_seed_all"):
            monkeypatch.setattr(module, name, seeds.append, raising=False)
    pickle.loads(pickle.dumps(make_classifier(cell_type=Sum, max_epochs=1).fit(*word_order)))
    assert seeds == []


# scikit-learn


def test_clone_keeps_the_class(make_classifier):
    classifier = make_classifier(cell_type=EquationGRU)
    assert clone(classifier).cell_type is EquationGRU
    assert clone(classifier).get_params()["cell_type"] is EquationGRU
    assert "EquationGRU" in repr(classifier)


def test_a_pickle_gives_the_same_probabilities(make_classifier, word_order):
    X, y = word_order
    classifier = make_classifier(cell_type=EquationGRU, num_layers=2).fit(X, y)
    loaded = pickle.loads(pickle.dumps(classifier))
    assert loaded.cell_type is EquationGRU
    assert np.array_equal(loaded.predict_proba(X), classifier.predict_proba(X))
    loaded.partial_fit(X, y)
    assert not np.array_equal(loaded.predict_proba(X), classifier.predict_proba(X))


LOAD_AND_PREDICT = """
import sys
import joblib
import numpy as np

np.save(sys.argv[3], joblib.load(sys.argv[1]).predict_proba(np.load(sys.argv[2])))
"""


def test_a_fresh_process_gives_the_same_probabilities(make_classifier, word_order, tmp_path):
    X, y = word_order
    classifier = make_classifier(cell_type=EquationGRU).fit(X, y)
    model, ids, found = (tmp_path / name for name in ("model.joblib", "X.npy", "found.npy"))
    joblib.dump(classifier, model)
    np.save(ids, X)
    root = Path(__file__).parents[2]
    subprocess.run(
        [sys.executable, "-W", "error", "-c", LOAD_AND_PREDICT, model, ids, found],
        check=True,
        env=os.environ | {"PYTHONPATH": str(root)},
    )
    assert np.array_equal(np.load(found), classifier.predict_proba(X))


def test_grid_search_over_cells(make_classifier, word_order):
    X, y = word_order
    cells = ["gru", EquationGRU]
    search = GridSearchCV(make_classifier(), {"cell_type": cells}, cv=2, error_score="raise")
    search.fit(X, y)
    assert list(search.cv_results_["param_cell_type"]) == cells
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_estimator_.cell_type in cells


def test_warm_start_needs_the_same_cell(make_classifier, word_order):
    X, y = word_order
    classifier = make_classifier(cell_type=EquationGRU, warm_start=True).fit(X, y)
    classifier.fit(X + 3, y)
    assert classifier.n_epochs_ == 6
    classifier.set_params(cell_type="gru")
    message = (
        "Training cannot continue, because parameters of the network have changed: it was built "
        f"with {{'cell_type': {EquationGRU!r}}}, and the parameters are now "
        "{'cell_type': 'gru'}. Set warm_start=False and call fit to build a new one."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        classifier.fit(X, y)


# Errors


def test_class_that_is_not_a_module_is_refused(make_classifier, word_order):
    message = f"cell_type=PlainClass is not a torch.nn.Module. {WANTED}"
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        make_classifier(cell_type=PlainClass).fit(*word_order)


@pytest.mark.parametrize("cell_type", [OneSize, NoState, nn.LSTMCell])
def test_cell_with_another_signature_is_refused(make_classifier, word_order, cell_type):
    message = f"cell_type={cell_type.__name__} failed on a batch of two texts. {WANTED}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$") as caught:
        make_classifier(cell_type=cell_type).fit(*word_order)
    assert isinstance(caught.value.__cause__, TypeError)


@pytest.mark.parametrize(
    ("cell_type", "got"),
    [(Input, "a tensor of shape (2, 4)"), (Pair, "tuple"), (Nothing, "NoneType")],
)
def test_cell_that_returns_no_state_is_refused(make_classifier, word_order, cell_type, got):
    message = (
        f"cell_type={cell_type.__name__} returned {got} for 2 texts and hidden_size=5. {WANTED}"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        make_classifier(cell_type=cell_type, hidden_size=5).fit(*word_order)


@pytest.mark.parametrize(
    "cell_type",
    [EquationGRU(4, 4), lambda input_size, hidden_size: EquationGRU(input_size, hidden_size), 1],
    ids=["instance", "function", "number"],
)
def test_invalid_cell_type_is_refused(make_classifier, word_order, cell_type):
    with pytest.raises(ValueError, match="The 'cell_type' parameter of RNNTextClassifier must be"):
        make_classifier(cell_type=cell_type).fit(*word_order)
    with pytest.raises(ValueError, match="The 'cell_type' parameter of RNNTextClassifier must be"):
        make_classifier(cell_type=cell_type).partial_fit(*word_order, classes=["neg", "pos"])


def test_a_failed_check_leaves_no_fitted_attribute(make_classifier, word_order):
    classifier = make_classifier(cell_type=Pair)
    with pytest.raises(ValueError, match="returned tuple"):
        classifier.fit(*word_order)
    assert not [name for name in vars(classifier) if name.endswith("_")]


class RandomCell(nn.Module):
    """Draws its weights by many functions of torch."""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.cell = nn.GRUCell(input_size, hidden_size)
        n = hidden_size
        draws = [
            torch.randn(n, n),
            torch.rand(n),
            torch.empty(n).uniform_(-1, 1),
            torch.empty(n).normal_(),
            torch.randperm(n),
            torch.randint(9, (n,)),
            torch.normal(torch.zeros(n), 1.0),
            torch.bernoulli(torch.full((n,), 0.5)),
            torch.randn_like(torch.zeros(n)),
            torch.multinomial(torch.ones(n), 2),
            nn.init.orthogonal_(torch.empty(n, n)),
            nn.init.trunc_normal_(torch.empty(n)),
            nn.init.xavier_normal_(torch.empty(n, n)),
            nn.init.kaiming_uniform_(torch.empty(n, n)),
            torch.distributions.Normal(0.0, 1.0).sample((n,)),
        ]
        for number, drawn in enumerate(draws):
            self.register_buffer(f"drawn{number}", drawn)

    def forward(self, x_t, h):
        return self.cell(x_t, h)


def test_a_cell_draws_the_numbers_of_its_seed_and_none_of_the_global_stream():
    recurrence = CustomRecurrence(RandomCell, 3, 4)
    before = torch.get_rng_state()
    recurrence.build_cell(torch.Generator().manual_seed(5))
    assert torch.equal(torch.get_rng_state(), before)
    seed = int(torch.randint(2**62, (), generator=torch.Generator().manual_seed(5)))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        expected = RandomCell(3, 4).state_dict()
    for name, value in recurrence.cell.state_dict().items():
        assert torch.equal(value, expected[name]), name
