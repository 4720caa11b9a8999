"""Command `export`: a folder or file that predicts as the model does."""

import csv
import io
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
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


def test_a_linear_model_is_refused(saved, capsys):
    assert main(["export", "model.skops", "exported"]) == 2
    message = (
        "model.skops holds a Pipeline of CountVectorizer, LogisticRegression, which has no network "
        "to export. To save one: compare FILE --model rnn --save MODEL."
    )
    assert capsys.readouterr().err == f"{ERROR}{message}\n"
    assert not Path("exported").exists()


def test_the_exported_program_writes_what_predict_writes(network):
    assert main(["export", network, "exported"]) == 0
    table = pd.DataFrame({"title": ["good", "", "a\nbad"], "review": ["film", "", "room"]})
    columns = ["--text=title", "--text=review"]
    for end in ("\n", "\r\n", "\r"):
        table.to_csv("new.csv", index=False, lineterminator=end, quoting=csv.QUOTE_ALL)
        assert main(["predict", network, "new.csv", *columns, "--output=labels.csv"]) == 0
        program = [sys.executable, "exported/onnx_text_classifier.py", "--format=csv", *columns]
        with open("new.csv", "rb") as stdin:
            done = subprocess.run(program, stdin=stdin, capture_output=True, check=True)
        written = pd.read_csv(io.BytesIO(done.stdout))
        assert len(written) == 3
        pd.testing.assert_frame_equal(written, pd.read_csv("labels.csv"), rtol=0, atol=1e-5)


def test_a_pickle_needs_trust(csv, capsys):
    options = ["--cv=2", "--save=model.joblib"]
    assert main(["compare", csv, *COLUMNS, *TINY_RNN, *options]) == 0
    capsys.readouterr()
    assert main(["export", "model.joblib", "a.onnx"]) == 2
    assert capsys.readouterr().err.startswith(f"{ERROR}model.joblib is not a .skops file. ")
    assert main(["export", "model.joblib", "a.onnx", "--trust"]) == 0
