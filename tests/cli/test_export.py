"""Command `export`: a folder or file that predicts as the model does."""

import re
from pathlib import Path

import pytest

from sklearn_rnn.__main__ import main
from tests.cli.options import COLUMNS, TINY_RNN

ERROR = "python -m sklearn_rnn: error: "


@pytest.fixture
def network(csv, capsys):
    """A saved network."""
    assert main(["compare", csv, *COLUMNS, *TINY_RNN, "--cv=2", "--save=model.skops"]) == 0
    capsys.readouterr()
    return "model.skops"


@pytest.mark.parametrize(
    ("folder", "file"), [("exported", "exported/model.onnx"), ("a.onnx", "a.onnx")]
)
def test_the_difference_is_printed(folder, file, network, capsys):
    assert main(["export", network, folder]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    said = re.fullmatch(
        rf"Exported to {re.escape(folder)}\. The probabilities differ by at most (\d(e-\d\d)?)\.\n",
        out,
    )
    assert said is not None, out
    assert float(said[1]) <= 1e-5
    assert Path(file).stat().st_size > 1000


def test_weights_are_quantized_if_asked(network):
    sizes = []
    for options in ([], ["--quantize"]):
        assert main(["export", network, "model.onnx", *options]) == 0
        sizes.append(Path("model.onnx").stat().st_size)
    assert sizes[0] != sizes[1]


def test_the_model_is_not_replaced(capsys):
    assert main(["export", "model.onnx", "model.onnx"]) == 2
    message = "FOLDER would replace model.onnx, which another argument names too."
    assert capsys.readouterr().err == f"{ERROR}{message}\n"


def test_a_pickle_needs_trust(csv, capsys):
    options = ["--cv=2", "--save=model.joblib"]
    assert main(["compare", csv, *COLUMNS, *TINY_RNN, *options]) == 0
    capsys.readouterr()
    assert main(["export", "model.joblib", "a.onnx"]) == 2
    assert capsys.readouterr().err.startswith(f"{ERROR}model.joblib is not a .skops file. ")
    assert main(["export", "model.joblib", "a.onnx", "--trust"]) == 0
