"""Callbacks of skorch: each that skorch exports has its documented effect, or is refused."""

import copy
import json
import pickle
import re
import sys
from functools import partial
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import skorch.callbacks
import skorch.helper
import torch
from sklearn.metrics import f1_score, make_scorer
from skorch.callbacks import (
    BatchScoring,
    Callback,
    Checkpoint,
    EarlyStopping,
    EpochScoring,
    EpochTimer,
    Freezer,
    GradientNormClipping,
    Initializer,
    InputShapeSetter,
    LoadInitState,
    LRScheduler,
    MlflowLogger,
    NeptuneLogger,
    ParamMapper,
    PassthroughScoring,
    PrintLog,
    ProgressBar,
    SacredLogger,
    TensorBoard,
    TrainEndCheckpoint,
    Unfreezer,
    WandbLogger,
    WarmRestartLR,
)
from torch.optim.lr_scheduler import (
    CosineAnnealingLR,
    CyclicLR,
    OneCycleLR,
    ReduceLROnPlateau,
    StepLR,
)
from torch.utils.tensorboard import SummaryWriter

from tests.nets import Recorder, same_weights


class Rates(Callback):
    """Records the learning rate of each step, the one that the step used."""

    def initialize(self):
        self.rates = []
        return self

    def on_grad_computed(self, net, *args, **kwargs):
        self.rates.append(net.optimizer_.param_groups[0]["lr"])


class FirstWeights(Callback):
    """Copies the weights at the first gradient, before any step."""

    def initialize(self):
        self.weights = None
        return self

    def on_grad_computed(self, net, *args, **kwargs):
        if self.weights is None:
            self.weights = copy.deepcopy(net.module_.state_dict())


@pytest.fixture
def fit(make_classifier, word_order):
    """Fit a small classifier with callbacks, on validation data unless told otherwise."""

    def fit(*callbacks, validate=True, **parameters):
        X, y = word_order
        validation = {"X_val": X[:30], "y_val": y[:30]} if validate else {}
        parameters = {"learning_rate": 0.05, "max_epochs": 4, **parameters}
        return make_classifier(callbacks=list(callbacks), **parameters).fit(X, y, **validation)

    return fit


@pytest.fixture
def encoded(word_order):
    """The ids and the class indices."""
    X, y = word_order
    return X, (y == "pos").astype(int)


def losses(classifier, column="valid_loss"):
    return classifier.history_[column].tolist()


def first_bests(values):
    """Return whether each value is lower than all before."""
    return [value < min(values[:i], default=np.inf) for i, value in enumerate(values)]


# Each exported name has a test, whose first argument is its name.

TESTED = {}


def effect(name):
    """Mark a test as one of the effects of a name that skorch exports."""

    def mark(test):
        TESTED.setdefault(name, []).append(test.__name__)
        return test

    return mark


def test_every_callback_that_skorch_exports_is_tested():
    modules = [skorch.callbacks, *vars(skorch.callbacks).values()]
    exported = {
        name
        for module in modules
        if isinstance(module, ModuleType) and module.__name__.startswith("skorch.callbacks")
        for name in module.__all__
    }
    assert exported | {"SkorchDoctor"} == set(TESTED)


# The history


def test_the_history_tells_the_best_evaluations(fit):
    classifier = fit()
    history = classifier.net_.history
    for key, sign in [
        ("train_loss", 1),
        ("valid_loss", 1),
        ("train_accuracy", -1),
        ("valid_accuracy", -1),
    ]:
        assert history[:, f"{key}_best"] == first_bests([sign * v for v in history[:, key]])
    assert not [name for name in classifier.history_ if name.endswith("best")]


def test_the_best_evaluation_is_that_of_all_trainings(make_classifier, word_order):
    classifier = make_classifier(warm_start=True).fit(*word_order)
    classifier = pickle.loads(pickle.dumps(classifier)).fit(*word_order)
    history = classifier.net_.history
    assert len(history) == 6
    assert history[:, "train_loss_best"] == first_bests(losses(classifier, "train_loss"))


@pytest.mark.parametrize("callbacks", [[], [Recorder()]])
def test_the_history_has_the_batches(fit, callbacks):
    classifier = fit(*callbacks)
    for row in classifier.net_.history:
        training = [batch for batch in row["batches"] if "train_loss" in batch]
        assert [batch["train_batch_size"] for batch in training] == [20] * 4
        assert row["train_batch_count"] == 4
        assert np.mean([batch["train_loss"] for batch in training]) == pytest.approx(
            row["train_loss"]
        )
        (validation,) = row["batches"][4:]
        assert validation["valid_batch_size"] == 30
        assert validation["valid_loss"] == pytest.approx(row["valid_loss"])
        assert row["valid_batch_count"] == 1
    json.dumps(classifier.net_.history)


# Scores


@effect("EpochScoring")
@pytest.mark.parametrize("use_caching", [True, False])
@pytest.mark.parametrize("scoring", ["accuracy", None, make_scorer(f1_score), f1_score, "callable"])
@pytest.mark.parametrize("lower_is_better", [True, False, None])
def test_epoch_scoring(fit, encoded, use_caching, scoring, lower_is_better):
    def score(net, X, y):
        return f1_score(y, net.predict(X))

    callback = EpochScoring(
        score if scoring == "callable" else scoring,
        name="mine",
        lower_is_better=lower_is_better,
        use_caching=use_caching,
    )
    classifier = fit(callback, early_stopping=False)
    scores = classifier.net_.history[:, "mine"]
    if scoring in ("accuracy", None):
        assert scores == pytest.approx(losses(classifier, "valid_accuracy"))
    else:
        X, y = (array[:30] for array in encoded)
        kept = classifier.history_.index.get_loc(classifier.best_epoch_)
        assert scores[kept] == pytest.approx(f1_score(y, classifier.net_.predict(X)))
    if lower_is_better is None:
        assert "mine_best" not in classifier.net_.history[0]
    else:
        signed = [score if lower_is_better else -score for score in scores]
        assert classifier.net_.history[:, "mine_best"] == first_bests(signed)


@effect("EpochScoring")
@pytest.mark.parametrize("use_caching", [True, False])
@pytest.mark.parametrize("scoring", ["neg_log_loss", "roc_auc", "f1_macro"])
def test_epoch_scoring_of_the_training_data(fit, encoded, use_caching, scoring):
    callback = EpochScoring(scoring, on_train=True, use_caching=use_caching, name="mine")
    classifier = fit(callback, validate=False, linear_ngrams=0, max_epochs=1)
    if not use_caching:  # the predictions of the weights at the end of the epoch
        scorer = skorch.callbacks.scoring.check_scoring(classifier.net_, scoring)
        expected = scorer(classifier.net_, *encoded)
        assert classifier.net_.history[-1, "mine"] == pytest.approx(expected)
    assert np.isfinite(classifier.net_.history[-1, "mine"])


@effect("EpochScoring")
def test_the_nets_use_caching_overrides_that_of_a_callback(fit):
    class Setter(Callback):
        def on_train_begin(self, net, **kwargs):
            net.set_params(use_caching=False)

    scoring = EpochScoring("accuracy", lower_is_better=False)
    classifier = fit(Setter(), scoring)
    assert classifier.net_.history[:, "accuracy"] == pytest.approx(
        losses(classifier, "valid_accuracy")
    )


@effect("BatchScoring")
@pytest.mark.parametrize("use_caching", [True, False])
@pytest.mark.parametrize("on_train", [True, False])
def test_batch_scoring(fit, use_caching, on_train):
    callback = BatchScoring(
        "accuracy",
        lower_is_better=False,
        name="mine",
        use_caching=use_caching,
        on_train=on_train,
    )
    classifier = fit(callback)
    history = classifier.net_.history
    batches = [batch for batch in history[-1, "batches"] if "mine" in batch]
    assert len(batches) == (4 if on_train else 1)
    assert history[-1, "mine"] == pytest.approx(np.mean([batch["mine"] for batch in batches]))
    assert history[:, "mine_best"] == first_bests([-v for v in history[:, "mine"]])
    if use_caching:
        expected = losses(classifier, "train_accuracy" if on_train else "valid_accuracy")
        assert history[:, "mine"] == pytest.approx(expected)


@effect("PassthroughScoring")
@pytest.mark.parametrize("name", ["train_loss", "valid_loss"])
def test_passthrough_scoring(fit, name):
    expected = losses(fit(), name)
    classifier = fit(PassthroughScoring(name, on_train=name == "train_loss"))
    assert classifier.net_.history[:, name] == pytest.approx(expected)
    assert classifier.net_.history[:, f"{name}_best"] == first_bests(expected)


@effect("PassthroughScoring")
def test_passthrough_scoring_of_a_score_of_each_batch(fit):
    scoring = BatchScoring("accuracy", name="mine", on_train=True)
    classifier = fit(scoring, PassthroughScoring("mine", on_train=True))
    expected = losses(classifier, "train_accuracy")
    assert classifier.net_.history[:, "mine"] == pytest.approx(expected)


# Weights that are kept


@effect("Checkpoint")
@pytest.mark.parametrize("form", ["instance", "class", "pair", "list"])
def test_checkpoint_saves_the_best_epoch(fit, word_order, tmp_path, monkeypatch, form):
    monkeypatch.chdir(tmp_path)
    callback = {
        "instance": Checkpoint(),
        "class": Checkpoint,
        "pair": ("cp", Checkpoint()),
        "list": ["cp", Checkpoint()],
    }[form]
    classifier = fit(callback, scoring="loss", learning_rate=0.2, max_epochs=6)
    assert {path.name for path in tmp_path.iterdir()} == {
        "params.pt",
        "optimizer.pt",
        "criterion.pt",
        "history.json",
    }
    best = np.argmin(losses(classifier))
    events = classifier.net_.history[:, "event_cp"]
    assert events == classifier.net_.history[:, "valid_loss_best"]
    assert len(json.loads((tmp_path / "history.json").read_text())) == best + 1
    # The classifier keeps the weights of the same epoch.
    X, _ = word_order
    expected = classifier.predict_proba(X)
    with torch.no_grad():
        classifier.net_.module_.output.bias += 1
    classifier.net_.load_params(checkpoint=Checkpoint())
    np.testing.assert_array_equal(classifier.predict_proba(X), expected)


@effect("Checkpoint")
@pytest.mark.parametrize(
    ("monitor", "n_saved"),
    [(None, 4), ("train_loss_best", None), (lambda net: len(net.history) == 2, 1)],
)
def test_checkpoint_monitors_without_validation_data(fit, tmp_path, monitor, n_saved):
    callback = Checkpoint(
        monitor=monitor,
        dirname=str(tmp_path),
        f_params="{last_epoch[epoch]}.pt",
        f_pickle=None if callable(monitor) else "net",  # a lambda can't be pickled
    )
    classifier = fit(callback, validate=False)
    saved = classifier.net_.history[:, "event_cp"]
    if n_saved is None:
        assert saved == first_bests(losses(classifier, "train_loss"))
    else:
        assert sum(saved) == n_saved
    assert len(list(tmp_path.glob("*.pt"))) - 2 == sum(saved)
    if callable(monitor):
        return
    net = pickle.loads((tmp_path / "net").read_bytes())
    assert net.predict([[2, 3, 4, 0, 0, 0]]).shape == (1,)


@effect("Checkpoint")
def test_checkpoint_in_the_safetensors_format(fit, tmp_path):
    callback = Checkpoint(dirname=str(tmp_path), f_optimizer=None, use_safetensors=True)
    classifier = fit(callback, scoring="loss")
    expected = classifier.net_.get_weights()
    classifier.net_.load_params(checkpoint=callback, use_safetensors=True)
    assert all(
        np.array_equal(expected[name], weights)
        for name, weights in classifier.net_.get_weights().items()
    )


class AnotherStopping(EarlyStopping):
    """A subclass of a callback of skorch."""


def is_worst(net):
    return net.history[-1, "valid_loss"] == max(net.history[:, "valid_loss"])


def loads_worst(tmp_path, kind):
    """Return a callback that takes the highest loss for the best: no `scoring` chooses it."""
    if kind == "Checkpoint":
        return Checkpoint(is_worst, dirname=str(tmp_path), load_best=True)
    cls = {"EarlyStopping": EarlyStopping, "subclass": AnotherStopping}[kind]
    return cls("valid_loss", load_best=True, patience=9, lower_is_better=False)


@effect("EarlyStopping")
@effect("Checkpoint")
@pytest.mark.parametrize("kind", ["Checkpoint", "EarlyStopping", "subclass"])
@pytest.mark.parametrize("linear_ngrams", [0, 2])
def test_load_best_decides_which_weights_are_kept(fit, tmp_path, kind, linear_ngrams):
    classifier = fit(loads_worst(tmp_path, kind), linear_ngrams=linear_ngrams)
    worst = int(np.argmax(losses(classifier))) + 1
    assert classifier.best_epoch_ == worst
    expected = fit(validate=False, max_epochs=worst, linear_ngrams=linear_ngrams)
    assert same_weights(classifier, expected)
    assert len(classifier.history_) == classifier.n_epochs_ == 4
    assert not classifier.net_.module_.training


@effect("EarlyStopping")
def test_load_best_without_validation_data(fit):
    parameters = {"validate": False, "learning_rate": 2.0, "max_epochs": 9}
    callback = EarlyStopping("train_loss", load_best=True, patience=99)
    classifier = fit(callback, **parameters)
    best = int(np.argmin(losses(classifier, "train_loss"))) + 1
    assert best < 9
    assert same_weights(classifier, fit(**parameters | {"max_epochs": best}))


@effect("EarlyStopping")
def test_early_stopping_stops(fit, capsys):
    stopper = EarlyStopping("valid_loss", patience=2, threshold=100.0, sink=print)
    classifier = fit(stopper, max_epochs=9, verbose=1)
    assert classifier.n_epochs_ == 3
    assert "Stopping since valid_loss has not improved" in capsys.readouterr().out


@effect("TrainEndCheckpoint")
@pytest.mark.parametrize("validate", [True, False])
def test_train_end_checkpoint_saves_the_weights_that_are_kept(
    make_classifier, word_order, tmp_path, validate
):
    # Enough texts for folds, whose output biases are refitted after the training.
    X, y = (np.concatenate([part, part]) for part in word_order)
    validation = {"X_val": X[:30], "y_val": y[:30]} if validate else {}
    callback = TrainEndCheckpoint(dirname=str(tmp_path))
    classifier = make_classifier(callbacks=[callback], learning_rate=0.2).fit(X, y, **validation)
    saved = torch.load(tmp_path / "train_end_params.pt")
    for name, weights in classifier.net_.get_weights().items():
        np.testing.assert_array_equal(saved[name], weights, err_msg=name)
    assert len(json.loads((tmp_path / "train_end_history.json").read_text())) == 3


@effect("LoadInitState")
@pytest.mark.parametrize("kind", [Checkpoint, TrainEndCheckpoint])
@pytest.mark.parametrize("lr_schedule", [None, "one_cycle"])
def test_load_init_state_resumes(fit, tmp_path, kind, lr_schedule):
    def callbacks():
        monitor = {"monitor": None} if kind is Checkpoint else {}
        saving = kind(dirname=str(tmp_path), **monitor)
        first = FirstWeights()
        return saving, LoadInitState(saving), first, Rates()

    parameters = {"validate": False, "lr_schedule": lr_schedule}
    first = fit(*callbacks(), **parameters)
    assert first.n_epochs_ == 4
    saving, loading, weights, rates = callbacks()
    second = fit(saving, loading, weights, rates, **parameters)
    for name, loaded in first.net_.get_weights().items():
        np.testing.assert_array_equal(weights.weights[name], loaded, err_msg=name)
    assert second.history_.index.tolist() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert second.n_epochs_ == len(second.net_.history) == 8
    assert second.history_.iloc[:4].equals(first.history_)
    assert max(rates.rates) == pytest.approx(0.05, rel=0.02)
    moments = second.net_.optimizer_.state_dict()["state"]
    assert {state["step"].item() for state in moments.values()} == {32}  # 4 batches in 8 epochs


@effect("LoadInitState")
def test_load_init_state_loads_once(make_classifier, word_order, tmp_path):
    saving = Checkpoint(None, dirname=str(tmp_path))
    callbacks = [saving, LoadInitState(saving)]
    make_classifier(callbacks=callbacks).fit(*word_order)
    classifier = make_classifier(callbacks=callbacks, warm_start=True).fit(*word_order)
    assert classifier.n_epochs_ == 6
    classifier.fit(*word_order).partial_fit(*word_order)
    assert classifier.history_.index.tolist() == list(range(1, 11))


# Parameters of the network


@effect("Freezer")
@pytest.mark.parametrize("pattern", ["layers.*", "embedding*", "*", "output.weight"])
@pytest.mark.parametrize("at", [1, 2])
@pytest.mark.parametrize("batch_norm", [False, True])
def test_freezer_keeps_weights(fit, pattern, at, batch_norm):
    # A layer of 64 units and 32 texts are split into micro-batches.
    sizes = {"hidden_size": 64, "batch_size": 40, "weight_decay": 0.1, "batch_norm": batch_norm}
    before = fit(validate=False, max_epochs=max(at - 1, 1), **sizes).net_.get_weights()
    first = FirstWeights()
    classifier = fit(first, Freezer(pattern, at=at), validate=False, record_gradients=True, **sizes)
    if at == 1:
        before = first.weights
    parameters = dict(classifier.net_.module_.named_parameters())
    is_frozen = {
        name: np.array_equal(before[name], weights.detach()) for name, weights in parameters.items()
    }
    matched = [name for name in parameters if skorch.callbacks.training.fnmatch(name, pattern)]
    assert matched
    assert [name for name, frozen in is_frozen.items() if frozen] == matched
    layers = {name.rpartition(".")[0] for name in parameters if name not in matched}
    last_step = classifier.gradient_flow_.index.get_level_values("step").max()
    if layers:
        assert set(classifier.gradient_flow_.loc[last_step].index) == layers


@effect("Unfreezer")
def test_unfreezer_lets_train_again(fit):
    frozen = fit(Freezer("layers.*"), validate=False)
    thawed = fit(Freezer("layers.*"), Unfreezer("layers.*", at=3), validate=False)
    name = "layers.0.forward_cell.weight_hh_l0"
    assert not torch.equal(
        frozen.net_.module_.get_parameter(name), thawed.net_.module_.get_parameter(name)
    )


@effect("Unfreezer")
def test_unfreezer_of_a_frozen_embedding(fit):
    first = FirstWeights()
    classifier = fit(first, Unfreezer("embedding.weight"), freeze_embeddings=True)
    weight = classifier.net_.module_.embedding.weight
    assert not torch.equal(first.weights["embedding.weight"], weight)


@effect("Initializer")
@effect("ParamMapper")
@pytest.mark.parametrize("cls", [Initializer, ParamMapper])
def test_initializer_sets_the_weights_before_the_first_batch(fit, cls):
    first = FirstWeights()
    fill = partial(torch.nn.init.constant_, val=0.125)
    fit(first, cls("output.weight", fn=fill), cls("embedding.*", fn=fill))
    for name in ("output.weight", "embedding.weight"):
        assert (first.weights[name] == 0.125).all()


@effect("Initializer")
@pytest.mark.parametrize("saved", [False, True])
def test_initializer_leaves_a_trained_network(make_classifier, word_order, saved):
    fill = partial(torch.nn.init.constant_, val=0.125)
    classifier = make_classifier(callbacks=[Initializer("output.weight", fn=fill)])
    classifier.fit(*word_order)
    trained = classifier.net_.get_weights()
    if saved:
        classifier = pickle.loads(pickle.dumps(classifier))
    first = FirstWeights()
    classifier.set_params(callbacks=[*classifier.callbacks, first]).partial_fit(*word_order)
    np.testing.assert_array_equal(first.weights["output.weight"], trained["output.weight"])


@effect("ParamMapper")
def test_param_mapper_by_schedule(fit):
    def zero_in_the_third(net):
        return torch.nn.init.zeros_ if len(net.history) == 3 else skorch.utils.noop

    class Reader(Callback):
        biases = ()

        def on_batch_begin(self, net, **kwargs):
            self.biases = [*self.biases, net.module_.output.bias.abs().sum().item()]

    reader = Reader()
    fit(ParamMapper("output.bias", schedule=zero_in_the_third), reader, validate=False)
    assert [i for i, bias in enumerate(reader.biases) if bias == 0] == [0, 8]


@effect("GradientNormClipping")
@pytest.mark.parametrize("norm_type", [2, "inf"])
def test_gradient_norm_clipping(fit, norm_type):
    recorder, first = Recorder(), FirstWeights()
    largest = {2: 1e-3, "inf": 1e-5}[norm_type]
    fit(GradientNormClipping(largest, norm_type), recorder, first, gradient_clip=None)
    n_weights = sum(weights.numel() for weights in first.weights.values())
    bound = largest if norm_type == 2 else largest * n_weights**0.5
    assert max(recorder.gradient_norms) <= bound * 1.001
    unclipped = Recorder()
    fit(GradientNormClipping(), unclipped, gradient_clip=None)
    assert max(unclipped.gradient_norms) > 10 * max(recorder.gradient_norms)


@effect("InputShapeSetter")
@pytest.mark.parametrize("name", ["instance", "class", "pair"])
def test_input_shape_setter_is_refused(fit, name):
    message = (
        "InputShapeSetter sets a parameter of the module from the shape of X, but "
        "RNNTextClassifier builds its module for X. Remove it from callbacks."
    )
    forms = {"instance": InputShapeSetter(), "class": InputShapeSetter}
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        fit(forms.get(name, ("pair", InputShapeSetter())))


# Learning rates

N_BATCHES, N_EPOCHS = 4, 4
POLICIES = {
    "StepLR": {"step_size": 2, "gamma": 0.5},
    "MultiStepLR": {"milestones": [1, 3], "gamma": 0.1},
    "ExponentialLR": {"gamma": 0.5},
    "LambdaLR": {"lr_lambda": lambda epoch: 0.5 / (epoch + 1)},
    "CosineAnnealingLR": {"T_max": 6},
    "WarmRestartLR": {"min_lr": 0.01, "max_lr": 0.04, "base_period": 2},
}


@effect("LRScheduler")
@effect("WarmRestartLR")
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("step_every", ["epoch", "batch"])
def test_scheduler_sets_the_rates_of_its_policy(fit, policy, step_every):
    scheduler, rates = LRScheduler(policy, step_every=step_every, **POLICIES[policy]), Rates()
    classifier = fit(scheduler, rates)
    n_steps = N_EPOCHS if step_every == "epoch" else N_EPOCHS * N_BATCHES
    expected = scheduler.simulate(n_steps, 0.05)
    if step_every == "epoch":
        np.testing.assert_allclose(classifier.net_.history[:, "event_lr"], expected)
        expected = np.repeat(expected, N_BATCHES)
    np.testing.assert_allclose(rates.rates, expected)
    assert not same_weights(classifier, fit())


@effect("LRScheduler")
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("saved", [False, True])
def test_scheduler_continues_over_trainings(make_classifier, word_order, policy, saved):
    scheduler, rates = LRScheduler(policy, **POLICIES[policy]), Rates()
    classifier = make_classifier(callbacks=[scheduler, rates], learning_rate=0.05)
    seen = []
    for _ in range(N_EPOCHS):
        classifier.partial_fit(*word_order, classes=["neg", "pos"])
        if saved and policy != "LambdaLR":  # a lambda can't be pickled
            classifier = pickle.loads(pickle.dumps(classifier))
        seen.append(classifier.history_["learning_rate"].iloc[-1])
    np.testing.assert_allclose(seen, scheduler.simulate(N_EPOCHS, 0.05))


@effect("LRScheduler")
@pytest.mark.parametrize(
    ("policy", "parameters"),
    [
        (OneCycleLR, {"max_lr": 0.1, "total_steps": 16}),
        (CyclicLR, {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 3, "cycle_momentum": False}),
        (StepLR, {"step_size": 3}),
        (CosineAnnealingLR, {"T_max": 5}),
    ],
)
def test_scheduler_classes(fit, policy, parameters):
    scheduler, rates = LRScheduler(policy, step_every="batch", **parameters), Rates()
    fit(scheduler, rates)
    if policy is OneCycleLR:  # simulate has no momentum to cycle
        parameters = parameters | {"cycle_momentum": False}
    simulated = LRScheduler(policy, **parameters).simulate(N_EPOCHS * N_BATCHES, 0.05)
    np.testing.assert_allclose(rates.rates, simulated)


@effect("LRScheduler")
@pytest.mark.parametrize("monitor", ["train_loss", "valid_loss", lambda net: 1.0])
@pytest.mark.parametrize("policy", ["ReduceLROnPlateau", ReduceLROnPlateau])
def test_scheduler_on_a_plateau(fit, monitor, policy):
    scheduler = LRScheduler(policy, monitor=monitor, patience=0, threshold=1e3)
    classifier = fit(scheduler)
    expected = 0.05 * 10.0 ** -np.arange(4)
    np.testing.assert_allclose(classifier.history_["learning_rate"], expected)


class AnotherScheduler(LRScheduler):
    """A subclass of a callback of skorch."""


@effect("LRScheduler")
@pytest.mark.parametrize("lr_schedule", ["one_cycle", "plateau"])
@pytest.mark.parametrize("cls", [LRScheduler, AnotherScheduler])
def test_two_schedules_are_refused(make_classifier, word_order, lr_schedule, cls):
    X, y = word_order
    message = (
        f"{cls.__name__} and lr_schedule='{lr_schedule}' both set the learning rate. Set "
        "lr_schedule=None, or remove the callback."
    )
    classifier = make_classifier(lr_schedule=lr_schedule, callbacks=[("s", cls("StepLR"))])
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        classifier.fit(X, y, X_val=X, y_val=y)
    assert not hasattr(classifier, "net_")


@pytest.mark.parametrize("hook", ["on_epoch_begin", "on_batch_end", "on_epoch_end"])
def test_a_rate_that_one_cycle_would_overwrite_is_refused(fit, hook):
    class Setter(Callback):
        pass

    setattr(Setter, hook, lambda self, net, *args, **kwargs: net.set_params(lr=0.01))
    message = (
        "A callback set the learning rate to 0.01, but lr_schedule='one_cycle' sets it at each "
        "step. Set lr_schedule=None, or set the rate in on_train_begin, where it is the peak of "
        "the cycle."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        fit(Setter(), lr_schedule="one_cycle")
    classifier = fit(Setter(), lr_schedule=None)
    assert classifier.history_["learning_rate"].iloc[-1] == 0.01


@effect("WarmRestartLR")
@pytest.mark.parametrize("form", ["class", "instance"])
def test_a_scheduler_that_is_no_callback_is_refused(fit, form):
    scheduler = WarmRestartLR
    if form == "instance":
        scheduler = StepLR(torch.optim.SGD([torch.ones(1)]), 1)
    name = "WarmRestartLR" if form == "class" else "StepLR"
    message = (
        f"callbacks holds {scheduler!r}, which is a scheduler, not a skorch callback. Give "
        f"skorch.callbacks.LRScheduler(policy={name}, ...)."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        fit(scheduler)


# Output


@effect("PrintLog")
@pytest.mark.parametrize("verbose", [0, 1])
def test_print_log(fit, capsys, verbose):
    lines = []
    fit(PrintLog(sink=lines.append, keys_ignored="dur"), verbose=verbose)
    assert lines[0].split()[:2] == ["epoch", "epochs_completed"]
    assert len(lines) == 2 + 4
    assert (capsys.readouterr().out != "") == bool(verbose)


@effect("EpochTimer")
def test_epoch_timer(fit):
    assert all(seconds > 0 for seconds in fit(EpochTimer()).net_.history[:, "dur"])


@effect("ProgressBar")
@pytest.mark.parametrize(
    ("batches_per_epoch", "totals"),
    [("auto", [6] * 4), ("count", [None, 5, 5, 5]), (5, [5] * 4)],
)
def test_progress_bar(fit, monkeypatch, batches_per_epoch, totals):
    bars = []

    class Bar:
        def __init__(self, total, leave):
            self.total, self.n, self.postfixes = total, 0, []
            bars.append(self)

        def set_postfix(self, postfix, refresh):
            self.postfixes.append(postfix)

        def update(self):
            self.n += 1

        def close(self):
            pass

    monkeypatch.setattr(skorch.callbacks.logging.tqdm, "tqdm", Bar)
    classifier = fit(ProgressBar(batches_per_epoch, detect_notebook=False))
    assert [bar.total for bar in bars] == totals
    assert [bar.n for bar in bars] == [5] * 4
    batches = classifier.net_.history[-1, "batches"]
    assert bars[-1].postfixes == [
        {key: batch[key] for key in ("train_loss", "valid_loss") if key in batch}
        for batch in batches
    ]


@effect("TensorBoard")
def test_tensorboard(fit, tmp_path):
    writer = SummaryWriter(tmp_path)
    seen = []
    writer.add_scalar = lambda tag, scalar_value, global_step: seen.append((tag, global_step))
    fit(TensorBoard(writer))
    assert {tag for tag, _ in seen} == {
        "Loss/train_loss",
        "Loss/train_accuracy",
        "Loss/valid_loss",
        "Loss/valid_accuracy",
        "learning_rate",
        "epochs_completed",
        "dur",
    }
    assert {step for _, step in seen} == {1, 2, 3, 4}


class Namespace(dict):
    """A run of Neptune: nested keys, to which values are appended."""

    def __missing__(self, key):
        self[key] = Namespace()
        return self[key]

    def append(self, value):
        self.setdefault("values", []).append(value)

    def stop(self):
        self["stopped"] = True


@effect("NeptuneLogger")
@pytest.mark.parametrize("log_on_batch_end", [False, True])
def test_neptune_logger(fit, monkeypatch, log_on_batch_end):
    file = SimpleNamespace(from_content=lambda text, extension: text)
    for name, content in [
        ("neptune", {}),
        ("neptune.types", {"File": file}),
        ("neptune.handler", {"Handler": type("Handler", (), {})}),
    ]:
        module = ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
    run = Namespace()
    classifier = fit(NeptuneLogger(run, log_on_batch_end=log_on_batch_end))
    log = run["training"]
    assert log["model/model_type"] == "RecurrentModule"
    assert "embedding" in log["model/summary"]
    assert log["config/lr"] == 0.05
    assert log["train"]["epoch"]["loss"]["values"] == losses(classifier, "train_loss")
    assert log["validation"]["epoch"]["accuracy"]["values"] == losses(classifier, "valid_accuracy")
    assert run["stopped"]
    if log_on_batch_end:
        assert len(log["train"]["batch"]["loss"]["values"]) == 16


@effect("WandbLogger")
def test_wandb_logger(fit, tmp_path):
    watched, logged = [], []
    run = SimpleNamespace(watch=watched.append, log=logged.append, dir=str(tmp_path))
    classifier = fit(WandbLogger(run), scoring="loss")
    assert watched == [classifier.net_.module_]
    assert [row["valid_loss"] for row in logged] == losses(classifier)
    saved = torch.load(tmp_path / "best_model.pth")
    for name, weights in classifier.net_.get_weights().items():
        np.testing.assert_array_equal(saved[name], weights, err_msg=name)
    fit(WandbLogger(run, save_model=False), validate=False)


@effect("SacredLogger")
@pytest.mark.parametrize("log_on_batch_end", [False, True])
def test_sacred_logger(fit, log_on_batch_end):
    logged = []
    experiment = SimpleNamespace(log_scalar=lambda *args: logged.append(args))
    classifier = fit(SacredLogger(experiment, log_on_batch_end=log_on_batch_end))
    key = "train_loss_epoch" if log_on_batch_end else "train_loss"
    assert [args[1] for args in logged if args[0] == key] == losses(classifier, "train_loss")
    assert any(args[0] == "train_loss_batch" for args in logged) == log_on_batch_end


@effect("MlflowLogger")
@pytest.mark.parametrize("log_on_batch_end", [False, True])
def test_mlflow_logger(fit, log_on_batch_end):
    metrics, artifacts, terminated = [], [], []
    client = SimpleNamespace(
        log_metric=lambda run_id, key, value, step: metrics.append((key, value, step)),
        log_artifact=lambda run_id, path: artifacts.append((path.name, path.read_bytes())),
        set_terminated=terminated.append,
    )
    run = SimpleNamespace(info=SimpleNamespace(run_id="7"))
    classifier = fit(MlflowLogger(run, client, log_on_batch_end=log_on_batch_end))
    key = "valid_loss_epoch" if log_on_batch_end else "valid_loss"
    expected = [(key, loss, step) for step, loss in enumerate(losses(classifier), 1)]
    assert [metric for metric in metrics if metric[0] == key] == expected
    assert any(key == "train_loss_batch" for key, _, _ in metrics) == log_on_batch_end
    assert [name for name, _ in artifacts] == [
        "params.pth",
        "optimizer.pth",
        "criterion.pth",
        "history.json",
    ]
    assert terminated == ["7"]


@effect("SkorchDoctor")
def test_skorch_doctor_is_refused(fit, encoded):
    classifier = fit()
    expected = classifier.predict_proba(encoded[0])
    doctor = skorch.helper.SkorchDoctor(classifier.net_)
    with pytest.raises(RuntimeError, match="To inspect a training, set record_gradients=True"):
        doctor.fit(*encoded)
    np.testing.assert_array_equal(classifier.predict_proba(encoded[0]), expected)
    assert not [m for m in classifier.net_.module_.modules() if m._forward_hooks]


@effect("Callback")
def test_the_base_class_is_called_at_each_event(fit):
    events = []

    class Listener(Callback):
        pass

    for name in [name for name in vars(Callback) if name.startswith("on_")]:
        record = partial(lambda name, self, *args, **kwargs: events.append(name), name)
        setattr(Listener, name, lambda self, *args, r=record, **kwargs: r(self, *args, **kwargs))
    fit(Listener(), max_epochs=2)
    training = ["on_batch_begin", "on_grad_computed", "on_batch_end"] * 4
    epoch = ["on_epoch_begin", *training, "on_batch_begin", "on_batch_end", "on_epoch_end"]
    assert events == ["on_train_begin", *epoch, *epoch, "on_train_end"]


# Callbacks that would have no effect


@pytest.mark.parametrize(
    ("callback", "message"),
    [
        (
            EpochScoring("f1"),
            "EpochScoring scores validation data, but there is none. Pass X_val and y_val to fit, "
            "set early_stopping=True, or give on_train=True to the callback. partial_fit has no "
            "validation data.",
        ),
        (BatchScoring("f1"), "BatchScoring scores validation data, but there is none."),
        (PassthroughScoring("a"), "PassthroughScoring scores validation data, but"),
        (
            WandbLogger(None),
            "WandbLogger saves the model of the lowest validation loss, but there is no validation "
            "data. Pass X_val and y_val to fit, set early_stopping=True, or give save_model=False "
            "to the callback. partial_fit has no validation data.",
        ),
        (
            Checkpoint(),
            "Checkpoint reads 'valid_loss_best' from the history, but this training records dur, "
            "epoch, epochs_completed, event_cp, learning_rate, train_accuracy, "
            "train_accuracy_best, train_batch_count, train_loss, train_loss_best. Name one of "
            "these, or add a scoring callback of that name; for validation data, pass X_val and "
            "y_val to fit, or set early_stopping=True.",
        ),
        (EarlyStopping(), "EarlyStopping reads 'valid_loss' from the history, but"),
        (LRScheduler("ReduceLROnPlateau", monitor="acc"), "LRScheduler reads 'acc' from the"),
        (PassthroughScoring("a", on_train=True), "PassthroughScoring reads 'a' from the history"),
        (Checkpoint, "Checkpoint reads 'valid_loss_best' from the history, but"),
        (("stop", EarlyStopping("valid_acc")), "EarlyStopping reads 'valid_acc' from the"),
    ],
)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_callbacks_without_their_data_are_refused(
    make_classifier, word_order, callback, message, method
):
    classifier = make_classifier(callbacks=[callback])
    arguments = {"classes": ["neg", "pos"]} if method == "partial_fit" else {}
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        getattr(classifier, method)(*word_order, **arguments)
    assert not hasattr(classifier, "net_")


def test_a_monitor_may_be_the_score_of_another_callback(fit, tmp_path):
    scoring = EpochScoring("f1", lower_is_better=False)
    classifier = fit(
        scoring,
        Checkpoint("f1_best", dirname=str(tmp_path)),
        EarlyStopping("f1", lower_is_better=False),
        LRScheduler("ReduceLROnPlateau", monitor="f1"),
    )
    history = classifier.net_.history
    assert history[:, "event_cp"] == history[:, "f1_best"]


def test_a_monitor_may_be_recorded_by_a_callback_of_the_user(fit):
    class Mine(Callback):
        def on_epoch_end(self, net, **kwargs):
            net.history.record("valid_mine", len(net.history))

    classifier = fit(Mine(), EarlyStopping("valid_mine", patience=2), validate=False)
    assert classifier.n_epochs_ == 3


def test_disabled_callbacks_are_refused_by_the_classifier(make_classifier, word_order):
    with pytest.raises(ValueError, match="The 'callbacks' parameter of RNNTextClassifier must be"):
        make_classifier(callbacks="disable").fit(*word_order)


def test_callbacks_of_one_name_are_refused(fit):
    with pytest.raises(ValueError, match="Found duplicate user-set callback name 'a'"):
        fit(("a", EpochTimer()), ("a", Recorder()))


# Callbacks that raise


class Raiser(Callback):
    """Raises an error at an event."""

    def __init__(self, event):
        self.event = event

    def __getattribute__(self, name):
        if name != "event" and name == self.event:
            return self.fail
        return super().__getattribute__(name)

    def fail(self, *args, **kwargs):
        raise RuntimeError("no more")


@pytest.mark.parametrize(
    "event",
    ["initialize", *(name for name in vars(Callback) if name.startswith("on_"))],
)
@pytest.mark.parametrize("linear_ngrams", [0, 2])
def test_a_callback_that_raises_leaves_the_net_as_it_was(
    make_classifier, word_order, event, linear_ngrams
):
    X, y = word_order
    classifier = make_classifier(callbacks=[Raiser(event)], linear_ngrams=linear_ngrams)
    with pytest.raises(RuntimeError, match="no more"):
        classifier.fit(X, y)
    assert not hasattr(classifier, "net_")

    recorder = Recorder()
    classifier.set_params(callbacks=[recorder], warm_start=True).fit(X[:40], y[:40])
    net = classifier.net_
    before = {
        name: value for name, value in net.get_params().items() if not name.startswith("callbacks")
    }
    weights, rows, expected = net.get_weights(), list(net.history), classifier.predict_proba(X)
    classifier.set_params(
        callbacks=[Freezer("layers.*"), Raiser(event)],
        learning_rate=0.5,
        weight_decay=0.3,
        label_smoothing=0.3,
        max_epochs=7,
        verbose=1,
    )
    with pytest.raises(RuntimeError, match="no more"):
        classifier.fit(X, y)
    assert classifier.net_ is net
    after = net.get_params()
    assert {name: after[name] for name in before} == before
    assert [callback for _, callback in net.callbacks_ if callback is recorder]
    assert net.history == rows
    assert all(np.array_equal(weights[name], w) for name, w in net.get_weights().items())
    assert all(parameter.requires_grad for parameter in net.module_.parameters())
    np.testing.assert_array_equal(classifier.predict_proba(X), expected)
    classifier.set_params(callbacks=None, verbose=0).fit(X, y)
