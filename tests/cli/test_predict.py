import errno
import io
import json
import os
import re
import sys
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import Pipeline, make_pipeline

from sklearn_rnn import RNNTextClassifier
from sklearn_rnn.__main__ import main
from sklearn_rnn._cli import predict as command
from sklearn_rnn._io.byte_streams import open_bytes
from sklearn_rnn.export import load_model
from tests.cli.options import COLUMNS, TINY_RNN
from tests.cli.stdin import Stdin

ERROR = "python -m sklearn_rnn: error: "
FAST = ["--cv=2", "--model=nb-svm"]


def test_predict_takes_no_label_for_the_name_of_a_column(saved, tmp_path, reviews, capsys):
    reviews["stars"] = 1
    reviews[["stars", "review"]].to_csv("labelled.csv", index=False, header=False)
    assert main(["predict", "model.skops", "labelled.csv", "--text=1"]) == 2
    assert capsys.readouterr().err == (
        f"{ERROR}labelled.csv: '1' is in the first row the name of column 0, and it may be the "
        "position of another. If it is a name, pass --header. If the first row is data, pass "
        "--no-header.\n"
    )
    assert main(["predict", "model.skops", "labelled.csv", "--text=1", "--no-header"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 25


def test_the_model_may_be_stdin(saved, csv, monkeypatch, capsys):
    assert main(["predict", "model.skops", csv, "--text=review"]) == 0
    expected = capsys.readouterr().out
    monkeypatch.setattr(sys, "stdin", Stdin("model.skops"))
    assert main(["predict", "-", csv, "--text=review"]) == 0
    assert capsys.readouterr().out == expected


def test_an_error_in_stdin_names_it(saved, csv, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", Stdin(csv))
    assert main(["predict", "model.skops", "-", "--format=csv"]) == 2
    message = "<stdin> has no column 'text'. Its columns are 'review', 'stars'."
    assert capsys.readouterr().err == f"{ERROR}{message}\n"
    monkeypatch.setattr(sys, "stdin", Stdin(csv))
    assert main(["predict", "-", csv]) == 2
    assert capsys.readouterr().err.startswith(f"{ERROR}stdin is not a .skops file. ")
    monkeypatch.setattr(sys, "stdin", Stdin(csv))
    assert main(["predict", "-", csv, "--trust"]) == 2
    assert capsys.readouterr().err.startswith(f"{ERROR}stdin cannot be loaded as a model: ")
    monkeypatch.setattr(sys, "stdin", None)
    assert main(["predict", "model.skops", "-", "--format=csv"]) == 2
    message = "stdin is closed, and - is stdin. Pass a path instead."
    assert capsys.readouterr().err == f"{ERROR}{message}\n"


def test_predict_writes_labels_and_probabilities(saved, csv, reviews, capsys):
    code = main(["predict", "model.skops", csv, "--text=review"])
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    written = pd.read_csv(io.StringIO(out))
    assert list(written) == ["label", "proba_neg", "proba_pos"]
    assert_array_equal(written["label"], saved.predict(reviews["review"]))
    assert_allclose(written.drop(columns="label"), saved.predict_proba(reviews["review"]))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("new.csv", "id,review\n1,a bad meal\n2,\n3, \n4,a good meal\n"),
        (
            "new.jsonl",
            '{"review": "a bad meal"}\n{"review": ""}\n{"review": null}\n'
            '{"review": "a good meal"}\n',
        ),
    ],
)
def test_empty_texts_are_labelled_as_any_other(name, content, saved, capsys):
    Path(name).write_text(content)
    assert main(["predict", "model.skops", name, "--text=review"]) == 0
    written = pd.read_csv(io.StringIO(capsys.readouterr().out))
    texts = ["a bad meal", "", "", "a good meal"]
    assert_array_equal(written["label"], saved.predict(texts))
    assert_allclose(written.drop(columns="label"), saved.predict_proba(texts))


def test_predict_writes_to_a_file(saved, csv, capsys):
    assert main(["predict", "model.skops", csv, "--text=review", "--output=labels.csv"]) == 0
    assert capsys.readouterr() == ("", "")
    assert main(["predict", "model.skops", csv, "--text=review"]) == 0
    with open("labels.csv", newline="") as stream:
        assert stream.read() == capsys.readouterr().out


def test_a_dash_as_output_is_stdout(saved, csv, capsys):
    assert main(["predict", "model.skops", csv, "--text=review"]) == 0
    expected = capsys.readouterr()
    assert main(["predict", "model.skops", csv, "--text=review", "--output=-"]) == 0
    assert capsys.readouterr() == expected


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8", "utf-16"])
def test_predict_writes_utf_8_to_a_pipe(encoding, csv, reviews, monkeypatch):
    reviews["stars"] = reviews["stars"].map({"pos": "schön 好评", "neg": "плюш\nцинк"})
    reviews.to_csv("labels.csv", index=False)
    options = ["--model=tfidf-logistic", "--cv=2", "--save=model.skops"]
    assert main(["compare", "labels.csv", *COLUMNS, *options]) == 0
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    assert main(["predict", "model.skops", csv, "--text=review"]) == 0
    out = sys.stdout.buffer.getvalue()
    assert main(["predict", "model.skops", csv, "--text=review", "--output=out.csv"]) == 0
    assert out == Path("out.csv").read_bytes()
    assert set(pd.read_csv("out.csv")["label"]) == {"schön 好评", "плюш\nцинк"}


def test_predict_writes_labels_alone_without_probabilities(csv, capsys):
    save = ["--model=tfidf-svm", "--save=svm.skops"]
    assert main(["compare", csv, *COLUMNS, "--cv=2", *save]) == 0
    capsys.readouterr()
    assert main(["predict", "svm.skops", csv, "--text=review"]) == 0
    assert capsys.readouterr().out.startswith("label\npos\nneg\n")


def test_predict_with_the_network(csv, capsys):
    save = ["--save=model.skops", "--cv=2"]
    assert main(["compare", csv, *COLUMNS, *TINY_RNN, *save]) == 0
    capsys.readouterr()
    assert main(["predict", "model.skops", csv, "--text=review"]) == 0
    written = pd.read_csv(io.StringIO(capsys.readouterr().out))
    assert list(written) == ["label", "proba_neg", "proba_pos"]
    assert_allclose(written["proba_neg"] + written["proba_pos"], np.ones(24), rtol=1e-6)


@pytest.mark.parametrize("name", ["model.skops", "model.joblib"])
def test_a_truncated_model_is_one_line(name, saved, csv, capsys):
    joblib.dump(saved, "model.joblib")
    with open(name, "rb+") as stream:
        stream.truncate(os.path.getsize(name) // 2)
    assert main(["predict", name, csv, "--text=review", "--trust"]) == 2
    err = capsys.readouterr().err
    advice = "It is damaged, cut off, or was not saved by save_model under these versions."
    if name == "model.joblib":
        advice = "It may be damaged, cut off, or no joblib file."
    assert re.fullmatch(
        rf"{ERROR}{name} cannot be loaded as a model: .* {re.escape(advice)}\n", err
    )


@pytest.mark.parametrize("name", ["model.joblib", "model.joblib.gz", "model"])
def test_a_pickle_is_loaded_if_it_is_trusted(name, saved, csv, capsys):
    assert main(["predict", "model.skops", csv, "--text=review"]) == 0
    expected = capsys.readouterr().out
    joblib.dump(saved, name)
    assert main(["predict", name, csv, "--text=review"]) == 2
    assert capsys.readouterr().err == (
        f"{ERROR}{name} is not a .skops file. If it is a pickle, such as a .joblib file, loading "
        "it runs any code that is in it: pass --trust if you know who made the file. A model that "
        "is saved as .skops needs no trust.\n"
    )
    assert main(["predict", name, csv, "--text=review", "--trust"]) == 0
    assert capsys.readouterr().out == expected


class Exploit:
    def __reduce__(self):
        return os.mkdir, ("exploited",)


def test_no_code_of_a_pickle_runs_without_trust(csv, capsys):
    joblib.dump(Exploit(), "model.skops")
    assert main(["predict", "model.skops", csv]) == 2
    assert not os.path.exists("exploited")
    assert capsys.readouterr().err.startswith(f"{ERROR}model.skops is not a .skops file. ")


@pytest.mark.parametrize("name", ["exported", "exported/model.onnx"])
def test_an_exported_model_has_a_program_of_its_own(name, csv, capsys):
    Path("exported").mkdir()
    Path("exported/model.onnx").write_bytes(b"\x08\x0b")
    assert main(["predict", name, csv]) == 2
    assert capsys.readouterr().err == (
        f"{ERROR}{name} is no file of a model that predict loads. An exported model has a program "
        "of its own in its folder: python onnx_text_classifier.py model.onnx.\n"
    )


def test_a_file_of_skops_needs_no_trust_but_may_have_it(saved, csv, capsys):
    os.rename("model.skops", "model.joblib")  # the content counts, not the name
    outputs = []
    for options in ([], ["--trust"]):
        assert main(["predict", "model.joblib", csv, "--text=review", *options]) == 0
        outputs.append(capsys.readouterr().out)
    assert outputs[0] == outputs[1]


def test_foreign_types_are_refused_by_name(saved, csv, monkeypatch, capsys):
    skops_io = pytest.importorskip("skops.io")
    saved.set_params(countvectorizer__tokenizer=os.path.split)
    skops_io.dump(saved, "foreign.skops")
    assert main(["predict", "foreign.skops", csv, "--text=review"]) == 2
    expected = (
        f"{ERROR}foreign.skops holds posixpath.split, which is not trusted, because loading it can "
        "run code. "
    )
    assert capsys.readouterr().err.startswith(expected)
    monkeypatch.setattr(sys, "stdin", Stdin("foreign.skops"))
    assert main(["predict", "-", csv, "--text=review"]) == 2
    expected = expected.replace("foreign.skops", "stdin")
    assert capsys.readouterr().err.startswith(expected)


@pytest.fixture
def small_chunks(monkeypatch):
    """Predict five texts at a time."""
    monkeypatch.setattr(command, "_CHUNK_SIZE", 5)


OUTPUT_FORMATS = ["csv", "jsonl"]


@pytest.mark.parametrize("format", OUTPUT_FORMATS)
@pytest.mark.parametrize("has_probabilities", [True, False])
def test_chunks_make_one_file(format, has_probabilities, saved, csv, monkeypatch, capsys):
    if not has_probabilities:
        monkeypatch.delattr(LogisticRegression, "predict_proba")
    options = ["predict", "model.skops", csv, "--text=review", f"--output-format={format}"]
    assert main(options) == 0
    expected = capsys.readouterr().out
    monkeypatch.setattr(command, "_CHUNK_SIZE", 5)
    assert main(options) == 0
    assert capsys.readouterr().out == expected
    assert expected.count("\n") == 24 + (format == "csv")


def test_the_first_chunk_is_small(saved, csv, monkeypatch, capsys):
    sizes = []
    predict = Pipeline.predict
    monkeypatch.setattr(command, "_FIRST_CHUNK_SIZE", 4)
    monkeypatch.setattr(command, "_CHUNK_SIZE", 15)
    monkeypatch.setattr(
        Pipeline, "predict", lambda self, texts: sizes.append(len(texts)) or predict(self, texts)
    )
    assert main(["predict", "model.skops", csv, "--text=review"]) == 0
    assert sizes == [4, 15, 5]
    labels = pd.read_csv(io.StringIO(capsys.readouterr().out))["label"]
    assert_array_equal(labels, saved.predict(pd.read_csv(csv)["review"]))


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("format", OUTPUT_FORMATS)
def test_after_an_error_stdout_has_the_rows_before_it(format, saved, csv, capsys):
    options = ["predict", "model.skops", csv, "--text=review", f"--output-format={format}"]
    assert main(options) == 0
    lines = capsys.readouterr().out.splitlines()
    with open(csv, "a") as stream:
        stream.write("no label\n")
    assert main(options) == 2
    out, err = capsys.readouterr()
    assert out.splitlines() == lines[: 20 + (format == "csv")]  # four chunks of five
    assert err.startswith(f"{ERROR}{csv}, line 26: the row has 1 field(s), and the first row has ")


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("old", [None, b"old"])
@pytest.mark.parametrize("name", ["labels.csv", "labels.jsonl.gz"])
def test_an_error_leaves_no_half_file(name, old, saved, csv, capsys):
    with open(csv, "a") as stream:
        stream.write("no label\n")
    if old is not None:
        Path(name).write_bytes(old)
    before = sorted(os.listdir())
    assert main(["predict", "model.skops", csv, "--text=review", f"--output={name}"]) == 2
    assert capsys.readouterr().err.startswith(f"{ERROR}{csv}, line 26: ")
    assert sorted(os.listdir()) == before
    assert old is None or Path(name).read_bytes() == old


@pytest.mark.usefixtures("small_chunks")
def test_a_full_disk_leaves_the_old_file(saved, csv, monkeypatch, capsys):
    class Full(io.BytesIO):
        def write(self, data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(command, "create_bytes", lambda path: Full())
    Path("labels.csv").write_bytes(b"old")
    assert main(["predict", "model.skops", csv, "--text=review", "--output=labels.csv"]) == 2
    assert capsys.readouterr().err == f"{ERROR}labels.csv: No space left on device\n"
    assert Path("labels.csv").read_bytes() == b"old"


LABELS = {
    "str": ("csv", ["neg", "pos"], ["neg", "pos"]),
    "int": ("csv", [3, 12], [3, 12]),
    "float": ("jsonl", [1.5, 2.5], ["1.5", "2.5"]),
    "other scripts": ("csv", ["плюш\nцинк", "schön 好评"], ["schön 好评", "плюш\nцинк"]),
}


@pytest.mark.parametrize(("suffix", "labels", "expected"), LABELS.values(), ids=LABELS)
def test_json_lines_have_labels_and_probabilities(
    suffix, labels, expected, csv, reviews, capsysbinary
):
    texts = reviews["review"]
    reviews["stars"] = reviews["stars"].map(dict(zip(["neg", "pos"], labels, strict=True)))
    if suffix == "csv":
        reviews.to_csv("train.csv", index=False)
    else:
        reviews.to_json("train.jsonl", orient="records", lines=True)
    train = ["compare", f"train.{suffix}", *COLUMNS, "--cv=2", "--model=tfidf-logistic"]
    assert main([*train, "--save=model.skops"]) == 0
    capsysbinary.readouterr()
    assert main(["predict", "model.skops", csv, "--text=review", "--output-format=jsonl"]) == 0
    rows = [json.loads(line) for line in capsysbinary.readouterr().out.decode().splitlines()]
    model = load_model("model.skops")
    assert [row["label"] for row in rows] == model.predict(texts).tolist()
    assert {row["label"] for row in rows} == set(expected)
    probabilities = [list(row["probabilities"].values()) for row in rows]
    assert_array_equal(probabilities, model.predict_proba(texts))
    assert list(rows[0]["probabilities"]) == [str(label) for label in expected]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_json_lines_escape_what_utf_8_lacks(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("caf\udce9", "bar"):
        os.makedirs(f"places/{name}")
        for i in range(4):
            Path(f"places/{name}/{i}.txt").write_text(f"a place like {name[:3]} {i}")
    options = ["--model=tfidf-svm", "--cv=2", "--save=model.skops"]
    assert main(["compare", "places", *options]) == 0
    Path("new.csv").write_text("text\na place like caf\n")
    assert main(["predict", "model.skops", "new.csv", "--output=new.jsonl"]) == 0
    assert Path("new.jsonl").read_text() == '{"label": "caf\\udce9"}\n'


@pytest.mark.parametrize(
    ("output", "option", "format"),
    [
        ("a.csv", None, "csv"),
        ("a", None, "csv"),
        ("a.jsonl", None, "jsonl"),
        ("a.NDJSON", None, "jsonl"),
        ("a.jsonl.zst", None, "jsonl"),
        ("a.jsonl", "csv", "csv"),
        ("a.csv.gz", "jsonl", "jsonl"),
    ],
)
def test_the_format_is_chosen_or_in_the_name(output, option, format, saved, csv, capsys):
    options = ["predict", "model.skops", csv, "--text=review"]
    assert main([*options, f"--output-format={format}"]) == 0
    expected = capsys.readouterr().out
    chosen = [] if option is None else [f"--output-format={option}"]
    assert main([*options, f"--output={output}", *chosen]) == 0
    with open_bytes(output) as stream:
        assert stream.read().decode() == expected


def test_the_network_is_computed_once(csv, monkeypatch):
    save = ["--save=model.skops", "--cv=2"]
    assert main(["compare", csv, *COLUMNS, *TINY_RNN, *save]) == 0
    model = load_model("model.skops")
    with monkeypatch.context() as patch:
        patch.setattr(RNNTextClassifier, "predict", None)
        assert main(["predict", "model.skops", csv, "--text=review", "--output=labels.csv"]) == 0
    expected = model.predict(pd.read_csv(csv)["review"])
    assert_array_equal(pd.read_csv("labels.csv")["label"], expected)


def test_a_classifier_with_another_threshold_keeps_it(csv, reviews, capsys):
    model = make_pipeline(CountVectorizer(), LogisticRegression()).fit(*reviews.to_numpy().T)
    model = FixedThresholdClassifier(model, threshold=0.0, pos_label="pos").fit(
        *reviews.to_numpy().T
    )
    joblib.dump(model, "model.joblib")
    assert main(["predict", "model.joblib", csv, "--text=review", "--trust"]) == 0
    assert set(pd.read_csv(io.StringIO(capsys.readouterr().out))["label"]) == {"pos"}
