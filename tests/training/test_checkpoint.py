"""Checkpoint of a fit: which fit it belongs to, and errors before the training begins."""

import errno
import os
import pickle
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.base import clone
from skorch.callbacks import Callback

from sklearn_rnn import WordVectors
from sklearn_rnn._training import checkpoint_files
from tests.nets import same_weights


class Stop(Callback):
    """Ends the fit by an error, in its second epoch, which leaves the checkpoint."""

    def on_epoch_begin(self, net, **kwargs):
        if len(net.history) == 2:
            raise StopError


class StopError(Exception):
    """Raised by `Stop`."""


class NeverTrain(Callback):
    """Fails if the training begins."""

    def on_train_begin(self, net, **kwargs):
        raise AssertionError("the training has begun")


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "fit")


@pytest.fixture
def data(word_order):
    """A fixed part of the data, so that a test can change it."""
    return tuple(part.copy() for part in word_order)


def leave_checkpoint(classifier, *data, **validation):
    """Leave the checkpoint of the first epoch of a fit."""
    with pytest.raises(StopError):
        clone(classifier).set_params(callbacks=[Stop()]).fit(*data, **validation)


def refusal(classifier, *data, **validation):
    """Return the message with which a fit is refused before its training begins."""
    classifier = clone(classifier).set_params(callbacks=[NeverTrain()])
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the tests compare the message
        classifier.fit(*data, **validation)
    return str(error.value)


def another_fit(path, differences, files=None):
    """Return the message about a checkpoint of another fit."""
    files = files or f"{path} and {path}.linear"
    return (
        f"{path} is the checkpoint of another fit: {differences}. Call fit as that fit was called, "
        f"to go on with it; delete {files}, to train anew; or set another checkpoint_path. If it "
        "contains {fit}, each fit has a file of its own."
    )


VECTORS = WordVectors(["a", "b"], np.ones((2, 4)))
CHANGES = {
    "cell_type": ("gru", "cell_type is 'lstm' there and 'gru' here"),
    "hidden_size": (5, "hidden_size is 4 there and 5 here"),
    "max_epochs": (4, "max_epochs is 3 there and 4 here"),
    "learning_rate": (0.1, "learning_rate is 0.02 there and 0.1 here"),
    "random_state": (1, "random_state is 0 there and 1 here"),
    "class_weight": ({"neg": 2}, "class_weight is None there and {'neg': 2} here; sample_weight "),
    "precision": ("bfloat16", "precision is float32 there and bfloat16 here"),
    "lr_schedule": ("one_cycle", "lr_schedule is None there and 'one_cycle' here"),
    "word_vectors": (VECTORS, "word_vectors differs"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_checkpoint_of_other_parameters_is_refused(name, make_classifier, data, path):
    classifier = make_classifier(checkpoint_path=path, precision="float32")
    leave_checkpoint(classifier, *data)
    before = {file.name: file.read_bytes() for file in Path(path).parent.iterdir()}
    value, differences = CHANGES[name]
    message = refusal(clone(classifier).set_params(**{name: value}), *data)
    if name == "class_weight":
        differences += "differs"
    assert message == another_fit(path, differences)
    assert {file.name: file.read_bytes() for file in Path(path).parent.iterdir()} == before


def test_each_parameter_belongs_to_the_fit_or_has_no_effect(make_classifier, data, path):
    leave_checkpoint(make_classifier(checkpoint_path=path), *data)
    found = set(checkpoint_files.read_fingerprint(path))
    without_effect = {"callbacks", "checkpoint_path", "verbose", "warm_start"}
    assert found | without_effect >= make_classifier().get_params().keys()
    assert not found & without_effect


def test_a_checkpoint_of_other_data_is_refused(make_classifier, data, path):
    X, y = data
    weights = np.arange(1.0, len(y) + 1)
    validation = {"X_val": X[:9], "y_val": y[:9]}
    classifier = make_classifier(checkpoint_path=path)
    leave_checkpoint(classifier, X, y, weights, **validation)
    other = X.copy()
    other[5, 0] += 1
    assert refusal(classifier, other, y, weights, **validation) == another_fit(path, "X differs")
    labels = y.copy()
    labels[:2] = labels[:2][::-1]
    if (labels == y).all():
        labels[0] = {"neg": "pos", "pos": "neg"}[y[0]]
    assert refusal(classifier, X, labels, weights, **validation) == another_fit(path, "y differs")
    message = refusal(classifier, X, y, **validation)
    assert message == another_fit(path, "sample_weight differs")
    message = refusal(classifier, X, y, weights, X_val=X[:8], y_val=y[:8])
    assert message == another_fit(path, "X_val differs; sample_weight_val differs; y_val differs")
    upper = np.char.upper(y)
    message = refusal(classifier, X, upper, weights, X_val=X[:9], y_val=upper[:9])
    assert message == another_fit(
        path, "the classes of y is ['neg', 'pos'] there and ['NEG', 'POS'] here"
    )


def test_a_checkpoint_of_another_version_is_refused(make_classifier, data, path, monkeypatch):
    leave_checkpoint(make_classifier(checkpoint_path=path), *data)
    monkeypatch.setattr("torch.__version__", "9.9")
    message = refusal(make_classifier(checkpoint_path=path), *data)
    assert re.search(r": the version of torch is \d\S+ there and 9\.9 here\. ", message)


def test_a_checkpoint_of_another_network_is_refused(make_classifier, data, path):
    classifier = make_classifier(warm_start=True).fit(*data)
    classifier.set_params(checkpoint_path=path, callbacks=[Stop()])
    with pytest.raises(StopError):
        make_classifier(checkpoint_path=path, callbacks=[Stop()]).fit(*data)
    message = refusal_of_warm_start(classifier, data)
    assert message == another_fit(path, "the network before the fit differs")


def refusal_of_warm_start(classifier, data):
    classifier.set_params(callbacks=[NeverTrain()])
    with pytest.raises(ValueError) as error:  # noqa: PT011
        classifier.fit(*data)
    return str(error.value)


def test_what_has_no_effect_may_differ(make_classifier, data, path, capsys):
    expected = make_classifier().fit(*data)
    classifier = make_classifier(checkpoint_path=path)
    leave_checkpoint(classifier, *data)
    classifier.set_params(verbose=1, warm_start=True, checkpoint_path=Path(path)).fit(*data)
    assert same_weights(classifier, expected)


def test_the_linear_term_alone_goes_on(make_classifier, data, path, monkeypatch):
    expected = make_classifier().fit(*data)
    leave_checkpoint(make_classifier(checkpoint_path=path), *data)
    os.remove(path)
    monkeypatch.setattr("sklearn_rnn._training.net.learn_linear_term", lambda *a, **kw: 1 / 0)
    assert same_weights(make_classifier(checkpoint_path=path).fit(*data), expected)
    monkeypatch.undo()
    leave_checkpoint(make_classifier(checkpoint_path=path), *data)
    os.remove(f"{path}.linear")
    assert same_weights(make_classifier(checkpoint_path=path).fit(*data), expected)


def test_the_linear_term_of_another_fit_is_refused(make_classifier, data, path):
    leave_checkpoint(make_classifier(checkpoint_path=path), *data)
    os.remove(path)
    message = refusal(make_classifier(checkpoint_path=path, dropout=0.5), *data)
    assert message == another_fit(path, "dropout is 0.0 there and 0.5 here", f"{path}.linear")


def test_a_fit_of_no_random_state_is_refused(make_classifier, data, path):
    message = (
        "checkpoint_path needs random_state, because with random_state=None each call of fit draws "
        "other random numbers, and could not go on with the fit before. Set random_state to an int."
    )
    assert refusal(make_classifier(checkpoint_path=path, random_state=None), *data) == message


def test_a_random_state_that_has_moved_on_is_refused(make_classifier, data, path):
    classifier = make_classifier(checkpoint_path=path, random_state=np.random.RandomState(0))
    leave_checkpoint(classifier, *data)
    classifier.set_params(random_state=np.random.RandomState(1))
    assert re.search(
        r": random_state is a RandomState that draws \d+ there and a RandomState that draws \d+ "
        r"here\. ",
        refusal(classifier, *data),
    )


# Files that cannot be written or read


def refused_file(make_classifier, data, path, error_type):
    classifier = make_classifier(checkpoint_path=path, callbacks=[NeverTrain()])
    with pytest.raises(error_type) as error:
        classifier.fit(*data)
    assert not hasattr(classifier, "net_")
    return error.value


def test_a_file_in_no_folder_is_refused(make_classifier, data, tmp_path):
    path = str(tmp_path / "none" / "fit")
    assert refused_file(make_classifier, data, path, FileNotFoundError).filename == path


def test_a_folder_is_refused(make_classifier, data, tmp_path):
    error = refused_file(make_classifier, data, str(tmp_path), IsADirectoryError)
    assert error.filename == str(tmp_path)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_is_read_only_is_refused(make_classifier, data, tmp_path):
    tmp_path.chmod(0o500)
    refused_file(make_classifier, data, str(tmp_path / "fit"), PermissionError)


@pytest.mark.parametrize("name", ["fit", "fit.linear"])
def test_a_damaged_file_is_refused(make_classifier, data, tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"PK and no more")
    error = refused_file(make_classifier, data, str(tmp_path / "fit"), ValueError)
    assert str(error).startswith(f"{path} is no checkpoint of RNNTextClassifier, or is damaged (")
    assert path.read_bytes() == b"PK and no more"


def test_a_pickle_is_not_run(make_classifier, data, tmp_path):
    class Code:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "run"),))

    (tmp_path / "fit").write_bytes(pickle.dumps(Code()))
    refused_file(make_classifier, data, str(tmp_path / "fit"), ValueError)
    assert not (tmp_path / "run").exists()


def test_a_disk_that_is_too_full_is_refused(make_classifier, data, path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=10))
    error = refused_file(make_classifier, data, path, OSError)
    assert error.errno == errno.ENOSPC
    assert error.filename == path
    assert re.fullmatch(
        r"No space left on device: a checkpoint takes \d+ MB and more, and 0 MB are free",
        error.strerror,
    )


def test_a_disk_that_becomes_full_ends_no_fit(make_classifier, data, path, monkeypatch):
    written = []

    def fail(stream, **arrays):
        written.append(stream)
        if len(written) > 2:
            stream.write(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")
        savez(stream, **arrays)

    savez = np.savez
    expected = make_classifier().fit(*data)
    monkeypatch.setattr(np, "savez", fail)
    message = (
        f"The checkpoint {path} could not be written, and training goes on without it: No space "
        "left on device."
    )
    with pytest.warns(UserWarning, match=f"^{re.escape(message)}$") as record:
        classifier = make_classifier(checkpoint_path=path).fit(*data)
    assert len(record) == 2
    assert {warning.filename for warning in record} == {__file__}
    assert same_weights(classifier, expected)
    assert not list(Path(path).parent.iterdir())


# The parameter


@pytest.mark.parametrize("kind", [str, Path])
def test_a_model_that_is_loaded_has_the_path_as_str(make_classifier, data, path, kind):
    classifier = make_classifier(checkpoint_path=kind(path)).fit(*data)
    assert classifier.checkpoint_path == kind(path)
    assert clone(classifier).checkpoint_path == kind(path)
    loaded = pickle.loads(pickle.dumps(classifier))
    assert loaded.checkpoint_path == path
    assert b"pathlib" not in pickle.dumps(classifier)


def test_other_types_are_refused(make_classifier, data):
    message = "The 'checkpoint_path' parameter of RNNTextClassifier must be an instance of 'str'"
    with pytest.raises(ValueError, match=f"^{message}"):
        make_classifier(checkpoint_path=3).fit(*data)
