"""Rules for the origin of an interrupt and for the modules around an interrupted fit."""

import signal

import pytest

from sklearn_rnn._training.interrupts import (
    _is_library,
    is_called_by_user,
    is_stop_of_skorch,
)


def installed_paths(filename):
    """Return the paths of an installed file in a virtual environment, on Debian and on Windows."""
    return [
        f"/srv/user/.venv/lib/python3.11/site-packages/{filename}",
        f"/usr/lib/python3/dist-packages/{filename}",
        f"C:\\venv\\Lib\\site-packages\\{filename}".replace("/", "\\"),
    ]


def call_from(module, filename, function):
    """Call a function from a module with a name and a file of our choice."""
    namespace = {"__name__": module, "function": function}
    exec(compile("result = function()", filename, "exec"), namespace)
    return namespace["result"]


@pytest.mark.parametrize(
    "filename",
    [
        "sklearn/pipeline.py",
        "sklearn/base.py",
        "sklearn/utils/validation.py",
        "sklearn_rnn/_classifier.py",
        "sklearn_rnn/_training/net.py",
        "IPython/core/interactiveshell.py",
        "ipykernel_launcher.py",
        "google/colab/_shell.py",
        "_pytest/python.py",
        "pytest/__main__.py",
        "click/core.py",
    ],
)
def test_an_installed_module_that_is_transparent(filename):
    for path in installed_paths(filename):
        assert call_from("__main__", path, is_called_by_user)


@pytest.mark.parametrize(
    "filename",
    [
        "sklearn/model_selection/_search.py",
        "sklearn/ensemble/_voting.py",
        "sklearn/compose/_column_transformer.py",
        "joblib/parallel.py",
        "optuna/study/_optimize.py",
        "optuna/__main__.py",
        "skopt/searchcv.py",
        "google/vizier/x.py",
        "clickhouse/x.py",
        "sklearn_rnn/evaluation.py",
        "sklearn_rnn/_cli/commands.py",
        "sklearn_rnn/__main__.py",
        "single.py",
    ],
)
def test_an_installed_module_that_is_a_library(filename):
    for path in installed_paths(filename):
        assert not call_from("__main__", path, is_called_by_user)


@pytest.mark.parametrize(
    ("module", "filename", "is_library"),
    [
        ("__main__", "<stdin>", False),
        ("__main__", "/srv/user/train.py", False),
        ("train", "/srv/user/project/train.py", False),
        ("optuna", "/srv/user/project/optuna.py", False),
        ("concurrent.futures.thread", "/usr/lib/python3.11/concurrent/futures/thread.py", False),
        ("sklearn.model_selection._search", "/src/sklearn/model_selection/_search.py", True),
        ("sklearn.pipeline", "/src/sklearn/pipeline.py", False),
        ("sklearn_rnn._evaluation.runs", "/src/sklearn_rnn/_evaluation/runs.py", True),
        ("sklearn_rnn._classifier", "/src/sklearn_rnn/_classifier.py", False),
        ("sklearn_rnn_tools", "/src/sklearn_rnn_tools.py", False),
    ],
)
def test_a_module_in_a_source_tree(module, filename, is_library):
    assert _is_library(module, filename) is is_library
    assert call_from(module, filename, is_called_by_user) is not is_library


@pytest.fixture
def heed_interrupts():
    """Let SIGINT raise a KeyboardInterrupt; a shell's background processes ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    ("module", "statement", "is_stop"),
    [
        ("skorch.callbacks.training", "raise KeyboardInterrupt", True),
        ("skorch.callbacks.training", "signal.raise_signal(signal.SIGINT)", False),
        ("my_callbacks", "raise KeyboardInterrupt", False),
    ],
)
def test_ctrl_c_while_a_callback_runs_is_no_stop_of_skorch(
    heed_interrupts, module, statement, is_stop
):
    namespace = {"__name__": module, "signal": signal}
    exec(f"def on_epoch_end():\n    {statement}\n    'a statement more'", namespace)
    with pytest.raises(KeyboardInterrupt) as caught:
        namespace["on_epoch_end"]()
    assert is_stop_of_skorch(caught.value) == is_stop
