"""The fitted attribute net_: each method of skorch works, or raises an error that names another."""

import copy
import pickle
import re
import subprocess
import sys

import joblib
import numpy as np
import pytest
import torch
from sklearn.base import clone
from skorch.exceptions import NotInitializedError

from sklearn_rnn._training.net import RecurrentNet

REFUSAL = (
    "net_ is trained by its RNNTextClassifier, which encodes labels, sets the learning rate and "
    "fits the linear term. Call the classifier's fit to train anew; call its partial_fit, or its "
    "fit with warm_start=True, to continue training. To inspect a training, set "
    "record_gradients=True, or give callbacks to the classifier."
)
BATCH = ({}, torch.zeros(0))


@pytest.fixture(params=["fitted", "loaded"])
def classifier(request, make_classifier, word_order):
    classifier = make_classifier().fit(*word_order)
    return classifier if request.param == "fitted" else pickle.loads(pickle.dumps(classifier))


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("fit", ([[2]], [0])),
        ("partial_fit", ([[2]], [0])),
        ("fit_loop", ([[2]], [0])),
        ("train_step", (BATCH,)),
        ("validation_step", (BATCH,)),
    ],
)
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


def test_a_process_that_loads_and_predicts_does_not_import_torchs_compiler(
    make_classifier, word_order, tmp_path
):
    X, y = word_order
    joblib.dump(make_classifier().fit(X, y), tmp_path / "model.joblib")
    np.save(tmp_path / "X.npy", X)
    program = (
        "import sys, joblib, numpy;"
        "joblib.load(sys.argv[1]).predict(numpy.load(sys.argv[2]));"
        "assert 'torch._dynamo' not in sys.modules"
    )
    command = [sys.executable, "-c", program, tmp_path / "model.joblib", tmp_path / "X.npy"]
    subprocess.run(command, check=True)
