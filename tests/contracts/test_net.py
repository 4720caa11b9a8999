"""The fitted attribute net_: each method of skorch works, or raises an error that names another."""

import copy
import io
import pickle
import re
import subprocess
import sys

import joblib
import numpy as np
import pytest
import torch
from sklearn.base import clone
from skorch import NeuralNetClassifier
from skorch.callbacks import Callback
from skorch.dataset import Dataset
from skorch.exceptions import NotInitializedError, SkorchTrainingImpossibleError
from skorch.scoring import loss_scoring
from torch.utils.data import Subset

from sklearn_rnn._training.net import RecurrentNet
from sklearn_rnn._training.net_parameters import ALWAYS
from tests.nets import Recorder, same_weights

REFUSAL = (
    "net_ is trained by its RNNTextClassifier, which encodes labels, sets the learning rate and "
    "fits the linear term. Call the classifier's fit to train anew; call its partial_fit, or its "
    "fit with warm_start=True, to continue training. To inspect a training, set "
    "record_gradients=True, or give callbacks to the classifier."
)
BATCH = ({}, torch.zeros(0))


@pytest.fixture(params=["fitted", "loaded"])
def classifier(request, make_classifier, word_order):
    classifier = make_classifier(label_smoothing=0.1).fit(*word_order)
    return classifier if request.param == "fitted" else pickle.loads(pickle.dumps(classifier))


REFUSED = {
    "fit": ([[2]], [0]),
    "partial_fit": ([[2]], [0]),
    "fit_loop": ([[2]], [0]),
    "run_single_epoch": ([BATCH], True, "train", None),
    "train_step": (BATCH,),
    "train_step_single": (BATCH,),
    "validation_step": (BATCH,),
}
NOT_INITIALIZED_AGAIN = {"initialize", "initialize_module"}


@pytest.mark.parametrize(("method", "arguments"), REFUSED.items())
def test_training_is_refused_and_changes_nothing(classifier, word_order, method, arguments):
    X, y = word_order
    expected = classifier.predict_proba(X)
    with pytest.raises(RuntimeError, match=f"^{re.escape(REFUSAL)}$"):
        getattr(classifier.net_, method)(*arguments)
    np.testing.assert_array_equal(classifier.predict_proba(X), expected)
    classifier.partial_fit(X, y)


def test_predictions_of_ids_unseen_at_fit(classifier, word_order):
    X, y = word_order
    unseen = X.copy()
    unseen[:, 0] = 10**6
    expected = classifier.predict_proba(unseen)
    net = classifier.net_
    np.testing.assert_allclose(net.predict_proba(unseen), expected, atol=1e-6)
    np.testing.assert_array_equal(net.predict(unseen), expected.argmax(1))
    assert net.score(X, (y == "pos").astype(int)) == classifier.score(X, y)
    logits = net.forward(unseen)
    np.testing.assert_allclose(logits.softmax(1), expected, atol=1e-6)


@pytest.mark.parametrize("use_safetensors", [False, True])
def test_weights_are_saved_and_loaded(
    classifier, make_classifier, word_order, tmp_path, use_safetensors
):
    X, y = word_order
    path = tmp_path / "weights"
    expected = classifier.predict_proba(X)
    classifier.net_.save_params(f_params=path, use_safetensors=use_safetensors)
    other = make_classifier(random_state=1).fit(X, y)
    assert not np.array_equal(other.predict_proba(X), expected)
    other.net_.load_params(f_params=path, use_safetensors=use_safetensors)
    np.testing.assert_array_equal(other.predict_proba(X), expected)


def test_the_optimizer_is_saved_and_loaded(make_classifier, word_order, tmp_path):
    net = make_classifier().fit(*word_order).net_
    net.save_params(f_optimizer=tmp_path / "optimizer", f_history=tmp_path / "history")
    other = make_classifier(random_state=1).fit(*word_order).net_
    other.load_params(f_optimizer=tmp_path / "optimizer", f_history=tmp_path / "history")
    for one, two in zip(
        net.optimizer_.state_dict()["state"].values(),
        other.optimizer_.state_dict()["state"].values(),
        strict=True,
    ):
        assert all(torch.equal(one[name], two[name]) for name in one)
    assert other.history == net.history


def test_net_can_be_cloned(make_classifier, word_order):
    X, y = word_order
    classifier = make_classifier(early_stopping=True).fit(X, y)
    net = clone(classifier.net_)
    assert isinstance(net, RecurrentNet)
    assert not net.initialized_
    assert net.get_params()["seed"] == classifier.net_.seed
    assert net.initialize().module_.output.weight.shape == (2, 8)
    message = "A clone of net_ knows no ids. Predict with net_ of a fitted RNNTextClassifier."
    with pytest.raises(NotInitializedError, match=f"^{re.escape(message)}$"):
        net.predict(X)


def test_net_can_be_copied(classifier, word_order):
    net = copy.deepcopy(classifier.net_)
    np.testing.assert_array_equal(
        net.predict(word_order[0]), classifier.net_.predict(word_order[0])
    )


def test_a_load_builds_no_optimizer_and_initialises_no_weights(
    make_classifier, word_order, monkeypatch
):
    X, y = word_order
    classifier = make_classifier().fit(X, y)
    pickled = pickle.dumps(classifier)

    def refuse(*args, **kwargs):
        raise AssertionError("not for a prediction")

    monkeypatch.setattr("sklearn_rnn._nn.module.RecurrentModule.init_weights", refuse)
    monkeypatch.setattr(torch.optim.AdamW, "__init__", refuse)
    loaded = pickle.loads(pickled)
    np.testing.assert_array_equal(loaded.predict_proba(X), classifier.predict_proba(X))
    assert vars(loaded.net_)["optimizer_"] is None
    monkeypatch.undo()
    assert isinstance(loaded.net_.optimizer_, torch.optim.AdamW)


@pytest.mark.parametrize(
    "work",
    [
        "predict(X)",
        "partial_fit(X, y)",
        "set_params(checkpoint_path='state', early_stopping=True, batch_norm=True).fit(X, y)",
    ],
)
def test_a_process_does_not_import_torchs_compiler(make_classifier, word_order, tmp_path, work):
    X, y = word_order
    joblib.dump((make_classifier().fit(X, y), X, y), tmp_path / "model.joblib")
    program = (
        "import sys, joblib;"
        "classifier, X, y = joblib.load('model.joblib');"
        f"classifier.{work};"
        "assert not {'torch._dynamo', 'torch.distributed.nn', 'sympy'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path)


# Each public method and attribute of skorch's net


def check_forward(net, X, y):
    logits = net.forward(X)
    assert logits.shape == (len(X), 2)
    assert net.forward(X, training=True).requires_grad
    assert torch.equal(torch.cat(list(net.forward_iter(X))), logits)
    for data in (torch.tensor(X), X.tolist(), net.get_dataset(X), Dataset(X, y), {"ids": X}):
        assert torch.equal(net.forward(data), logits)
    assert torch.equal(net.forward(Subset(Dataset(X, y), [0, 1, 2])), net.forward(X[:3]))


def check_steps(net, X, y):
    dataset, no_validation = net.get_split_datasets(X, y)
    assert no_validation is None
    (inputs, labels), *_ = net.get_iterator(dataset, training=True)
    np.testing.assert_array_equal(labels, y)
    logits = net.evaluation_step((inputs, labels))
    torch.testing.assert_close(net.infer(inputs), logits)
    torch.testing.assert_close(net.infer(X), logits)
    torch.testing.assert_close(net.infer(torch.tensor(X), lengths=inputs["lengths"]), logits)
    with pytest.raises(TypeError, match="unexpected keyword argument 'other'"):
        net.infer(inputs, other=1)
    losses = net.get_loss(logits, labels)
    expected = torch.nn.functional.cross_entropy(
        logits, labels, label_smoothing=net.label_smoothing, reduction="none"
    )
    assert torch.equal(losses, expected)
    np.testing.assert_array_equal(loss_scoring(net, X, y), losses.detach())


def check_predictions(net, X, y):
    probabilities = net.predict_proba(X)
    np.testing.assert_allclose(probabilities, net.forward(X).softmax(1), rtol=1e-6)
    np.testing.assert_array_equal(net.predict(X), probabilities.argmax(1))
    assert net.score(X, y) == (net.predict(X) == y).mean()
    assert net.score(X, y, sample_weight=y) == (net.predict(X) == y)[y == 1].mean()
    net.check_data(X, y)
    with pytest.raises(ValueError, match=r"No y-values are given \(y=None\)"):
        net.check_data(X, None)
    net.set_params(predict_nonlinearity=None)
    np.testing.assert_array_equal(net.predict_proba(X), net.forward(X))


def check_files(net, X, y):
    file = io.BytesIO()
    net.save_params(f_module=file)
    file.seek(0)
    net.set_params(torch_load_kwargs={"weights_only": False}).load_params(f_params=file)
    for name in ("params", "optimizer", "criterion", "history"):
        with pytest.raises(FileNotFoundError):
            net.load_params(**{f"f_{name}": "no/file"})
    with pytest.raises(ValueError, match="Safetensors can only store tensors"):
        net.save_params(f_optimizer=io.BytesIO(), use_safetensors=True)
    with pytest.raises(AttributeError, match="You are trying to save 'f_other'"):
        net.save_params(f_other=io.BytesIO())


def check_parameters(net, X, y):
    parameters = net.get_params()
    assert parameters["lr"] == 0.02
    assert parameters["module__architecture"].n_classes == 2
    assert parameters["criterion__reduction"] == "none"
    assert parameters["optimizer__weight_decay"] == 0
    assert "callbacks__epoch_timer" in parameters
    assert net.get_params_for("criterion") == {"reduction": "none"}
    (groups,), others = net.get_params_for_optimizer("optimizer", net.get_all_learnable_params())
    assert len(groups[0]["params"]) == len(list(net.module_.parameters()))
    assert others == {"fused": True, "weight_decay": 0.0, "lr": 0.02}
    assert {"module", "criterion", "optimizer"} <= set(net.prefixes_)
    assert {"module_", "criterion_", "optimizer_"} <= set(net.cuda_dependent_attributes_)


def check_initialization(net, X, y):
    assert net.init_context_ is None
    net.check_is_fitted()
    net.check_training_readiness()
    expected = net.predict_proba(X)
    old = net.optimizer_
    net.initialize_optimizer()
    assert net.optimizer_ is not old
    net.initialize_callbacks().initialize_criterion().initialize_history()
    net.initialize_virtual_params()
    assert net.criterion_.label_smoothing == 0.1
    assert len(net.history) == 0
    assert net.initialized_instance(torch.nn.Linear, {"in_features": 1, "out_features": 2})
    assert net.torch_compile(net.module_, name="module") is net.module_
    assert [name for name, _ in net.get_default_callbacks()] == ["epoch_timer"]
    np.testing.assert_array_equal(net.predict_proba(X), expected)


def check_events(net, X, y):
    n_rows = len(net.history)
    net.notify("on_train_begin", X=X, y=y)
    net.notify("on_epoch_begin", dataset_train=None, dataset_valid=None)
    net.notify("on_batch_begin", batch=BATCH)
    net.notify("on_grad_computed", named_parameters=[])
    net.notify("on_batch_end", batch=BATCH)
    net.notify("on_epoch_end", dataset_train=None, dataset_valid=None)
    net.notify("on_train_end", X=X, y=y)
    assert len(net.history) == n_rows + 1
    assert net.get_train_step_accumulator().get_step() is None


def check_routing(net, X, y):
    assert net.get_metadata_routing()
    np.testing.assert_array_equal(net.classes_, [0, 1])
    with pytest.raises(RuntimeError, match="metadata routing"):
        net.set_score_request(sample_weight=True)


def check_trimmed(net, X, y):
    expected = net.predict_proba(X)
    net.trim_for_prediction()
    net.trim_for_prediction()
    np.testing.assert_array_equal(net.predict_proba(X), expected)
    with pytest.raises(SkorchTrainingImpossibleError, match="trimmed for prediction"):
        net.check_training_readiness()


WORKING = {
    check_forward: {"forward", "forward_iter", "get_dataset"},
    check_steps: {"evaluation_step", "get_iterator", "get_loss", "get_split_datasets", "infer"},
    check_predictions: {"predict", "predict_proba", "score", "check_data"},
    check_files: {"save_params", "load_params"},
    check_parameters: {
        "cuda_dependent_attributes_",
        "get_all_learnable_params",
        "get_params",
        "get_params_for",
        "get_params_for_optimizer",
        "prefixes_",
        "set_params",
    },
    check_initialization: {
        "check_is_fitted",
        "check_training_readiness",
        "get_default_callbacks",
        "history",
        "init_context_",
        "initialize_callbacks",
        "initialize_criterion",
        "initialize_history",
        "initialize_optimizer",
        "initialize_virtual_params",
        "initialized_instance",
        "torch_compile",
    },
    check_events: {
        "get_train_step_accumulator",
        "notify",
        "on_batch_begin",
        "on_batch_end",
        "on_epoch_begin",
        "on_epoch_end",
        "on_grad_computed",
        "on_train_begin",
        "on_train_end",
    },
    check_routing: {
        "classes_",
        "get_metadata_routing",
        "set_fit_request",
        "set_partial_fit_request",
        "set_score_request",
    },
    check_trimmed: {"trim_for_prediction"},
}


def test_every_public_name_of_skorchs_net_is_tested():
    names = {name for name in dir(NeuralNetClassifier) if not name.startswith("_")}
    tested = set.union(set(REFUSED), NOT_INITIALIZED_AGAIN, *WORKING.values())
    assert names - tested == set()
    assert tested - names <= {"set_fit_request"}  # new in skorch 1.4


@pytest.mark.parametrize("check", WORKING, ids=lambda check: check.__name__)
def test_methods_work_as_skorch_documents_them(classifier, word_order, check):
    classifier.set_params(label_smoothing=0.1)
    X, y = word_order
    labels = (y == "pos").astype(int)
    check(classifier.net_, X.copy(), labels)
    classifier.predict(X)


@pytest.mark.parametrize("method", sorted(NOT_INITIALIZED_AGAIN))
def test_trained_weights_are_not_initialised_again(classifier, word_order, method):
    X, _ = word_order
    expected = classifier.predict_proba(X)
    message = (
        "net_ would lose its trained weights, and its classifier predict at random. Call fit of "
        "the RNNTextClassifier to train anew. sklearn.base.clone(net_).initialize() has initial "
        "weights."
    )
    with pytest.raises(RuntimeError, match=f"^{re.escape(message)}$"):
        getattr(classifier.net_, method)()
    np.testing.assert_array_equal(classifier.predict_proba(X), expected)


def test_a_net_trimmed_for_prediction(make_classifier, word_order):
    X, y = word_order
    callbacks = [Recorder()]
    classifier = make_classifier(callbacks=callbacks, warm_start=True).fit(X, y)
    expected = classifier.predict_proba(X)
    classifier.net_.trim_for_prediction()
    assert len(callbacks) == 1
    np.testing.assert_array_equal(classifier.predict_proba(X), expected)
    for method in (classifier.fit, classifier.partial_fit):
        with pytest.raises(SkorchTrainingImpossibleError, match="trimmed for prediction"):
            method(X, y)
    np.testing.assert_array_equal(classifier.predict_proba(X), expected)
    loaded = pickle.loads(pickle.dumps(classifier))
    np.testing.assert_array_equal(loaded.fit(X, y).n_epochs_, 6)


# Parameters


@pytest.mark.parametrize(
    ("name", "value", "cure"),
    [
        ("lr", 0.1, "set learning_rate of the classifier"),
        ("max_epochs", 3, "set max_epochs of the classifier"),
        ("batch_size", 3, "set batch_size of the classifier"),
        ("callbacks", [], "set callbacks of the classifier"),
        ("callbacks", "disable", "set callbacks of the classifier"),
        ("callbacks__epoch_timer", None, "set callbacks of the classifier"),
        ("verbose", 1, "set verbose of the classifier"),
        ("gradient_clip", 2.0, "set gradient_clip of the classifier"),
        ("label_smoothing", 0.2, "set label_smoothing of the classifier"),
        ("module__architecture", None, "set parameters of the classifier, and call its fit"),
        ("module", torch.nn.Linear, "set parameters of the classifier, and call its fit"),
        ("criterion__reduction", "mean", "set label_smoothing or class_weight of the classifier"),
        (
            "optimizer__lr",
            0.1,
            "set learning_rate or weight_decay of the classifier; a callback may set "
            "optimizer__NAME in on_train_begin",
        ),
        ("iterator_train__shuffle", True, "set batch_size of the classifier"),
        ("iterator_valid__batch_size", 7, "set batch_size of the classifier"),
        ("dataset", None, "give the data to the classifier's fit"),
        (
            "train_split",
            None,
            "give X_val and y_val to the classifier's fit, or set its early_stopping",
        ),
        ("warm_start", True, "set warm_start of the classifier"),
        ("device", "cpu", "set device of the classifier, and call its fit"),
        ("compile", True, "call torch.compile(net_.module_)"),
        ("classes", [1], "give classes to the classifier's partial_fit"),
        ("seed", 1, "set random_state of the classifier"),
    ],
)
def test_parameters_that_the_classifier_sets_are_refused(classifier, name, value, cure):
    before = classifier.net_.get_params(deep=False)
    message = f"RNNTextClassifier sets {name} of its net_. Instead, {cure}."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        classifier.net_.set_params(**{name: value})
    after = classifier.net_.get_params(deep=False)
    assert before.keys() == after.keys()
    assert all(after[key] is before[key] for key in before)
    clone(classifier.net_).set_params(**{name: value})


def test_every_parameter_of_the_net_may_be_set_or_is_refused(make_classifier, word_order):
    net = make_classifier().fit(*word_order).net_
    for name, value in net.get_params(deep=False).items():
        if name.startswith("_"):
            continue
        try:
            net.set_params(**{name: value})
        except ValueError as error:
            assert str(error).startswith(f"RNNTextClassifier sets {name} of its net_.")  # noqa: PT017
        else:
            assert name in ALWAYS


class Setter(Callback):
    """Sets parameters of the net at an event."""

    def __init__(self, event, **parameters):
        self.event = event
        self.parameters = parameters

    def on_train_begin(self, net, **kwargs):
        self.set_at("begin", net)

    def on_batch_end(self, net, **kwargs):
        self.set_at("batch", net)

    def set_at(self, event, net):
        if event == self.event:
            net.set_params(**self.parameters)


@pytest.mark.parametrize("parameters", [{"gradient_clip": 1e-9}, {"optimizer__eps": 10.0}])
@pytest.mark.parametrize("event", ["begin", "batch"])
@pytest.mark.parametrize("lr_schedule", [None, "one_cycle"])
def test_parameters_that_a_callback_sets_have_an_effect(
    make_classifier, word_order, parameters, event, lr_schedule
):
    parameters = {"lr_schedule": lr_schedule, "callbacks": [Setter(event, **parameters)]}
    classifier = make_classifier(**parameters).fit(*word_order)
    assert not same_weights(classifier, make_classifier(lr_schedule=lr_schedule).fit(*word_order))


@pytest.mark.parametrize("lr_schedule", [None, "one_cycle"])
def test_a_callback_sets_the_rate_of_the_optimizer(make_classifier, word_order, lr_schedule):
    setter = Setter("begin", optimizer__lr=0.1)
    classifier = make_classifier(lr_schedule=lr_schedule, callbacks=[setter]).fit(*word_order)
    expected = make_classifier(lr_schedule=lr_schedule, learning_rate=0.1).fit(*word_order)
    assert same_weights(classifier, expected)


@pytest.mark.parametrize("name", ["batch_size", "max_epochs", "lr_schedule", "scoring"])
def test_a_parameter_that_a_callback_sets_too_late_is_refused(make_classifier, word_order, name):
    message = (
        f"{name} is read when a training begins. Set it in on_train_begin of a callback, or "
        f"set {name} of the classifier."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        make_classifier(callbacks=[Setter("batch", **{name: 5})]).fit(*word_order)


def test_a_callback_disables_the_callbacks(make_classifier, word_order):
    recorder = Recorder()
    setter = Setter("begin", callbacks="disable")
    classifier = make_classifier(callbacks=[setter, recorder]).fit(*word_order)
    assert recorder.losses == []
    assert classifier.history_["seconds"].isna().all()


def test_callbacks_keep_their_state_over_trainings(make_classifier, word_order):
    recorder = Recorder()
    classifier = make_classifier(callbacks=[recorder], max_epochs=1, warm_start=True)
    classifier.fit(*word_order).fit(*word_order).partial_fit(*word_order)
    assert len(recorder.losses) == 12
    other = Recorder()
    classifier.callbacks.append(other)
    classifier.partial_fit(*word_order)
    assert len(other.losses) == 4


@pytest.mark.parametrize("learning_rate", [1e36])
def test_a_training_that_diverges_leaves_the_parameters(make_classifier, word_order, learning_rate):
    X, y = word_order
    classifier = make_classifier(warm_start=True).fit(X, y)
    parameters, rows = classifier.net_.get_params(deep=False), list(classifier.net_.history)
    expected = classifier.predict_proba(X)
    with pytest.raises(ValueError, match="is not finite"):
        classifier.set_params(learning_rate=learning_rate, max_epochs=5).fit(X, y)
    assert classifier.net_.get_params(deep=False) == parameters
    assert classifier.net_.history == rows
    np.testing.assert_array_equal(classifier.predict_proba(X), expected)
