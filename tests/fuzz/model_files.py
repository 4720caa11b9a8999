"""Target: the command `predict` with a damaged model file."""

import contextlib
import io
import warnings
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import joblib

from sklearn_rnn.__main__ import main
from sklearn_rnn.export import save_model
from tests.fuzz.inputs import pick, split
from tests.fuzz.models import fitted_pipeline

FORMATS = [0, ("zlib", 1), ("gzip", 1), ("xz", 1), "skops"]  # the others are joblib's


def check(data):
    options, edits = split(data, 2)
    model = bytearray(saved_model(options[0] % len(FORMATS)))
    for index in range(0, len(edits) - 3, 4):
        place = int.from_bytes(edits[index : index + 3], "big")
        model[place % len(model)] = edits[index + 3]
    if options[1]:
        del model[len(model) * options[1] // 256 :]
    folder = scratch_folder()
    (folder / "model").write_bytes(model)
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(["predict", str(folder / "model"), str(folder / "texts.csv"), "--trust"])
    if code == 0:  # a number or a name has changed
        assert out.getvalue().count("\n") == 3
        return
    assert code == 2, code
    last = err.getvalue().splitlines()[-1]
    assert "error: " in last, err.getvalue()
    assert "Traceback" not in err.getvalue(), err.getvalue()


@cache
def scratch_folder():
    folder = Path(mkdtemp())
    (folder / "texts.csv").write_text("text\na good film\na bad film\n")
    return folder


@cache
def saved_model(number):
    file, format = io.BytesIO(), pick(number, FORMATS)
    if format == "skops":
        save_model(fitted_pipeline(), scratch_folder() / "model.skops")
        return (scratch_folder() / "model.skops").read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        joblib.dump(fitted_pipeline(), file, compress=format)
    return file.getvalue()
