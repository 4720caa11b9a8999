import argparse
import csv as csv_module
import errno
import io
import os
import re
import sys
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_rnn.__main__ import main
from sklearn_rnn._cli import commands
from sklearn_rnn._cli.arguments import MODELS
from tests.cli.options import COLUMNS, TINY_RNN

ERROR = "python -m sklearn_rnn: error: "
FAST = ["--cv=2", "--model=nb-svm"]


def test_compare_prints_data_table_matrix_report_and_winner(csv, capsys):
    code = main(["compare", csv, *COLUMNS, "--cv=2", "--model=tfidf-svm", "--model=tfidf-logistic"])
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    assert re.sub(r"\d\.\d\d +[\d,]+(?= +[-1]\n)", "0.00 SPEED", out) == (
        "Data: reviews.csv, 24 texts, classes: neg 12, pos 12; tested on 2 folds of them.\n"
        "\n"
        "                       accuracy         f1_macro  fit (s)  texts/s  p_value\n"
        "tfidf-svm       1.0000 (0.0000)  1.0000 (0.0000)     0.00 SPEED        -\n"
        "tfidf-logistic  1.0000 (0.0000)  1.0000 (0.0000)     0.00 SPEED        1\n"
        "(in brackets: standard deviation over the folds; p_value: corrected t-test\n"
        "against the best)\n"
        "\n"
        "Confusion matrix of tfidf-svm (rows: true classes, columns: predicted):\n"
        "     neg  pos\n"
        "neg   12    0\n"
        "pos    0   12\n"
        "\n"
        "Classification report of tfidf-svm:\n"
        "              precision  recall  f1-score  support\n"
        "neg              1.0000  1.0000    1.0000       12\n"
        "pos              1.0000  1.0000    1.0000       12\n"
        "accuracy                           1.0000       24\n"
        "macro avg        1.0000  1.0000    1.0000       24\n"
        "weighted avg     1.0000  1.0000    1.0000       24\n"
        "\n"
        "Best: tfidf-svm, accuracy 1.0000 (standard deviation over the folds 0.0000).\n"
    )


def test_compare_on_a_test_file(csv, reviews, capsys):
    reviews[:10].to_csv("test.csv", index=False)
    code = main(["compare", csv, *COLUMNS, "--test=test.csv", "--model=nb-svm"])
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    assert out.startswith(
        "Data: reviews.csv, 24 texts, classes: neg 12, pos 12; tested on 10 texts in\ntest.csv.\n"
    )
    note = "(in brackets: standard error; p_value: McNemar's exact test against the best)\n"
    assert note in out


def test_five_folds_are_the_default(csv, capsys):
    assert main(["compare", csv, *COLUMNS, "--model=nb-svm"]) == 0
    assert "; tested on 5 folds of them.\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ([], "2,000 texts, classes: complaint 1,000, praise 1,000; tested on 1,000 others"),
        (
            ["--cv=2"],
            "3,000 texts, classes: complaint 1,500, praise 1,500; tested on 2 folds of them",
        ),
    ],
)
def test_texts_are_generated_without_a_file(options, where, capsys):
    code = main(["compare", "--model=tfidf-logistic", *options])
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    line = f"Data: generated texts (make_word_order), {where}."
    assert out.replace("\n", " ").startswith(f"{line}  ")


def test_all_models_are_compared_by_default(csv, capsys):
    code = main(["compare", csv, *COLUMNS, "--cv=2", *TINY_RNN[1:]])
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    for name in MODELS:
        assert f"\n{name} " in out


def test_the_winner_is_saved_fitted_on_all(csv, reviews, capsys):
    code = main(
        ["compare", csv, *COLUMNS, "--cv=2", "--model=tfidf-logistic", "--save=model.joblib"]
    )
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    assert out.endswith(
        "\nSaved tfidf-logistic, fitted on 24 texts, to model.joblib. Loading a pickle runs\n"
        "the code in it: load only files that you trust.\n"
    )
    model = joblib.load("model.joblib")
    assert_array_equal(model.predict(reviews["review"]), reviews["stars"])


def test_with_a_test_file_the_winner_has_not_seen_it(csv, reviews):
    pd.DataFrame({"review": ["good unseen"], "stars": ["pos"]}).to_csv("test.csv", index=False)
    options = ["--test=test.csv", "--model=tfidf-logistic", "--save=model.joblib"]
    assert main(["compare", csv, *COLUMNS, *options]) == 0
    model = joblib.load("model.joblib")
    expected = commands.tfidf_logistic_regression().set_params(clf__random_state=0)
    expected.fit(reviews["review"], reviews["stars"])
    assert_allclose(model.predict_proba(["good unseen"]), expected.predict_proba(["good unseen"]))


def test_settings_reach_the_network(csv):
    settings = ["--set=clf__cell_type=gru", "--set=clf__pooling=('max', 'mean')", "--seed=7"]
    settings += ["--set=tok__max_length=3", "--save=model.joblib", "--cv=2"]
    assert main(["compare", csv, *COLUMNS, *TINY_RNN, *settings]) == 0
    model = joblib.load("model.joblib")
    assert list(model.named_steps) == ["tok", "clf"]
    assert model["clf"].cell_type == "gru"
    assert model["clf"].pooling == ("max", "mean")
    assert model["clf"].random_state == 7
    assert model["tok"].max_length == 3


@pytest.mark.parametrize("model", MODELS)
def test_all_models_read_the_tokens_that_are_set(model, csv, capsys):
    settings = {
        "analyzer": "char",
        "lowercase": False,
        "strip_accents": "unicode",
        "token_pattern": r"\w",
    }
    options = [f"--set=tok__{name}={value}" for name, value in settings.items()]
    options += TINY_RNN[1:] if model == "rnn" else []
    command = ["compare", csv, *COLUMNS, "--cv=2", f"--model={model}", "--save=model.joblib"]
    assert main([*command, *options]) == 0
    line = (
        "Tokens of all models: analyzer='char', lowercase=False, strip_accents='unicode', "
        r"token_pattern='\\w'. "
    )
    out, err = capsys.readouterr()
    assert err == ""
    assert line in out.replace("\n", " ")
    step = joblib.load("model.joblib")[0]
    for vectorizer in getattr(step, "transformer_list", [("", step)]):
        parameters = vectorizer[1].get_params()
        assert parameters["analyzer"] == ("char_wb" if vectorizer[0] == "char" else "char")
        assert parameters["lowercase"] is False
        assert parameters["strip_accents"] == "unicode"


def test_nothing_is_said_of_tokens_that_are_not_set(csv, capsys):
    assert main(["compare", csv, *COLUMNS, *FAST]) == 0
    assert "Tokens" not in capsys.readouterr().out


def test_chinese_is_compared_by_characters(tmp_path, capsys):
    things, verdicts = "菜饭汤面饼", {"好": "praise", "差": "complaint"}
    rows = [
        f"{label},这{thing}真{verdict}{end}"
        for verdict, label in verdicts.items()
        for thing in things
        for end in "啊吧呢"
    ]
    (tmp_path / "reviews.csv").write_text("\n".join(["label,text", *rows]), encoding="utf-8")
    command = ["compare", str(tmp_path / "reviews.csv"), "--cv=5"]
    command += ["--model=tfidf-svm", "--model=tfidf-logistic", "--model=nb-svm"]
    best = []
    for setting in ([], ["--set=tok__analyzer=char"]):
        assert main([*command, *setting]) == 0
        best.append(re.search(r"\nBest: .*, accuracy (\S+)", capsys.readouterr().out)[1])
    assert float(best[0]) < 0.9
    assert best[1] == "1.0000"


def test_a_comparison_repeats(csv, capsys):
    def run():
        options = ["--cv=2", "--set=clf__hidden_size=5", "--scoring=neg_log_loss"]
        assert main(["compare", csv, *COLUMNS, *TINY_RNN, *options]) == 0
        return re.search(r"\nBest: .*", capsys.readouterr().out, re.DOTALL)[0]

    assert run() == run()


def test_scores_are_chosen(csv, capsys):
    options = ["--cv=2", "--model=tfidf-logistic", "--scoring=roc_auc", "--scoring=accuracy"]
    assert main(["compare", csv, *COLUMNS, *options]) == 0
    out = capsys.readouterr().out
    assert re.search(r"\n +roc_auc +accuracy +fit \(s\) ", out)
    assert out.replace("\n", " ").endswith(
        " Best: tfidf-logistic, roc_auc 1.0000 (standard deviation over the folds 0.0000). "
    )


def test_columns_by_position_and_joined(tmp_path, reviews, monkeypatch):
    monkeypatch.chdir(tmp_path)
    split = reviews["review"].str.split(" ", n=1, expand=True)
    split.insert(0, "stars", reviews["stars"])
    split.to_csv("headless.csv", index=False, header=False)
    options = ["--no-header", "--text=1", "--text=2", "--label=0", "--cv=2"]
    save = ["--model=tfidf-logistic", "--save=model.joblib"]
    assert main(["compare", "headless.csv", *options, *save]) == 0
    model = joblib.load("model.joblib")
    assert_array_equal(model.predict(reviews["review"]), reviews["stars"])


HEADERS = {None: [], "names": ["review", "stars"], "0, 1": ["0", "1"], "1, 0": ["1", "0"]}


@pytest.mark.parametrize("suffix", ["csv", "tsv"])
@pytest.mark.parametrize(
    ("header", "options", "start"),
    [
        ("names", ["--text=review", "--label=stars"], "24 texts, classes: neg 12, pos 12;"),
        ("names", ["--text=0", "--label=1"], "has no column '0'. Its columns are 'review',"),
        ("names", ["--text=0", "--label=1", "--header"], "has no column '0'. Its columns are"),
        (None, ["--text=0", "--label=1", "--no-header"], "24 texts, classes: neg 12, pos 12;"),
        (None, ["--text=0", "--label=1"], "has no column '0'. Its columns are 'a good film',"),
        (None, ["--text=0", "--label=1", "--header"], "has no column '0'. Its columns are"),
        (
            None,
            ["--text=0", "--label=2", "--no-header"],
            "has no column 2. Its columns are 0 to 1.",
        ),
        ("0, 1", ["--text=0", "--label=1"], "24 texts, classes: neg 12, pos 12;"),
        ("0, 1", ["--text=0", "--label=1", "--header"], "24 texts, classes: neg 12, pos 12;"),
        ("1, 0", ["--text=1", "--label=0", "--header"], "24 texts, classes: neg 12, pos 12;"),
        ("1, 0", ["--text=1", "--label=0"], "'1' is in the first row the name of column 0, and"),
    ],
)
def test_no_row_is_added_or_lost(header, options, start, suffix, tmp_path, reviews, capsys):
    path = tmp_path / f"reviews.{suffix}"
    reviews.columns = HEADERS[header] or reviews.columns
    separator = "," if suffix == "csv" else "\t"
    reviews.to_csv(path, index=False, header=header is not None, sep=separator)
    code = main(["compare", str(path), *options, *FAST])
    out, err = capsys.readouterr()
    said = " ".join((err if code else out).split())
    assert re.match(rf"{ERROR if code else 'Data: '}{re.escape(str(path))}[,:]? {start}", said)
    assert (code == 0) == start.startswith("24 texts")


def test_predict_takes_no_label_for_the_name_of_a_column(saved, tmp_path, reviews, capsys):
    reviews["stars"] = 1
    reviews[["stars", "review"]].to_csv("labelled.csv", index=False, header=False)
    assert main(["predict", "model.joblib", "labelled.csv", "--text=1"]) == 2
    assert capsys.readouterr().err == (
        f"{ERROR}labelled.csv: '1' is in the first row the name of column 0, and it may be the "
        "position of another. If it is a name, pass --header. If the first row is data, pass "
        "--no-header.\n"
    )
    assert main(["predict", "model.joblib", "labelled.csv", "--text=1", "--no-header"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 25


def test_keys_of_json_are_names(tmp_path, reviews, capsys):
    path = tmp_path / "reviews.jsonl"
    reviews.columns = ["0", "1"]
    reviews.to_json(path, orient="records", lines=True)
    assert main(["compare", str(path), "--text=0", "--label=1", *FAST]) == 0
    assert main(["compare", str(path), "--text=0", "--label=1", "--no-header", *FAST]) == 2
    assert "is read as jsonl, which has neither header nor quoting" in capsys.readouterr().err


def test_quotes_may_be_part_of_the_texts(tmp_path, reviews, capsys):
    path = tmp_path / "reviews.tsv"
    reviews["review"] = '"' + reviews["review"]
    reviews.to_csv(path, index=False, sep="\t", quoting=csv_module.QUOTE_NONE)
    assert main(["compare", str(path), *COLUMNS, *FAST, "--quoting=none"]) == 0
    assert ", 24 texts, " in capsys.readouterr().out.replace("\n", " ")
    assert main(["compare", str(path), *COLUMNS, *FAST]) == 2
    assert "(on the command line: --quoting none)" in capsys.readouterr().err


class Stdin:
    """A stand-in for sys.stdin."""

    def __init__(self, path):
        with open(path, "rb") as stream:
            self.buffer = io.BytesIO(stream.read())
        self.buffer.name = "<stdin>"


@pytest.mark.parametrize(
    "command",
    [
        ["predict", "model.joblib", "-", "--text=review"],
        ["compare", "-", *COLUMNS, *FAST],
        ["compare", "reviews.csv", "--test=-", *COLUMNS, "--model=nb-svm"],
    ],
)
def test_a_dash_is_stdin(command, saved, csv, monkeypatch, capsys):
    outputs = []
    for path in (csv, "-"):
        monkeypatch.setattr(sys, "stdin", Stdin(csv))
        arguments = [f"--test={path}" if word == "--test=-" else word for word in command]
        arguments = [path if word == "-" else word for word in arguments]
        assert main([*arguments, "--format=csv"]) == 0
        out = capsys.readouterr().out
        outputs.append(re.sub(r" +\d\.\d\d +[\d,]+ +-\n", "", out).replace("stdin", csv))
    assert outputs[0] == outputs[1]


def test_the_model_may_be_stdin(saved, csv, monkeypatch, capsys):
    assert main(["predict", "model.joblib", csv, "--text=review"]) == 0
    expected = capsys.readouterr().out
    monkeypatch.setattr(sys, "stdin", Stdin("model.joblib"))
    assert main(["predict", "-", csv, "--text=review"]) == 0
    assert capsys.readouterr().out == expected


def test_an_error_in_stdin_names_it(saved, csv, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", Stdin(csv))
    assert main(["predict", "model.joblib", "-", "--format=csv"]) == 2
    message = "<stdin> has no column 'text'. Its columns are 'review', 'stars'."
    assert capsys.readouterr().err == f"{ERROR}{message}\n"
    monkeypatch.setattr(sys, "stdin", Stdin(csv))
    assert main(["predict", "-", csv]) == 2
    assert capsys.readouterr().err.startswith(f"{ERROR}stdin cannot be loaded as a model: ")
    monkeypatch.setattr(sys, "stdin", None)
    assert main(["predict", "model.joblib", "-", "--format=csv"]) == 2
    message = "stdin is closed, and - is stdin. Pass a path instead."
    assert capsys.readouterr().err == f"{ERROR}{message}\n"


def test_a_format_without_columns(tmp_path, reviews, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    lines = [f"__label__{label} {text}" for text, label in reviews.itertuples(index=False)]
    (tmp_path / "reviews").write_text("\n".join(lines) + "\n")
    assert main(["compare", "reviews", "--format=fasttext", "--cv=2", "--model=nb-svm"]) == 0
    assert capsys.readouterr().out.startswith("Data: reviews, 24 texts, ")


def test_progress_is_told_on_stderr_when_asked(csv, capsys):
    options = ["--cv=2", "--model=tfidf-logistic", "--verbose"]
    assert main(["compare", csv, *COLUMNS, *options]) == 0
    out, err = capsys.readouterr()
    assert re.sub(r"\d+\.\d s", "0.0 s", err) == (
        "tfidf-logistic, fold 1 of 2: accuracy 1.0000, fitted in 0.0 s\n"
        "tfidf-logistic, fold 2 of 2: accuracy 1.0000, fitted in 0.0 s\n"
    )
    assert "fold 1 of 2" not in out


def test_the_progress_of_the_network_stays_off_stdout(csv, capsys):
    assert main(["compare", csv, *COLUMNS, *TINY_RNN, "--cv=2"]) == 0
    quiet = capsys.readouterr()
    assert main(["compare", csv, *COLUMNS, *TINY_RNN, "--cv=2", "--verbose"]) == 0
    loud = capsys.readouterr()
    assert quiet.err == ""
    assert "rnn, fold 2 of 2: accuracy " in loud.err
    assert len(loud.out.splitlines()) == len(quiet.out.splitlines())


def test_predict_writes_labels_and_probabilities(saved, csv, reviews, capsys):
    code = main(["predict", "model.joblib", csv, "--text=review"])
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    written = pd.read_csv(io.StringIO(out))
    assert list(written) == ["label", "proba_neg", "proba_pos"]
    assert_array_equal(written["label"], saved.predict(reviews["review"]))
    assert_allclose(written.drop(columns="label"), saved.predict_proba(reviews["review"]))


def test_predict_writes_to_a_file(saved, csv, capsys):
    assert main(["predict", "model.joblib", csv, "--text=review", "--output=labels.csv"]) == 0
    assert capsys.readouterr() == ("", "")
    assert main(["predict", "model.joblib", csv, "--text=review"]) == 0
    with open("labels.csv", newline="") as stream:
        assert stream.read() == capsys.readouterr().out


def test_a_dash_as_output_is_stdout(saved, csv, capsys):
    assert main(["predict", "model.joblib", csv, "--text=review"]) == 0
    expected = capsys.readouterr()
    assert main(["predict", "model.joblib", csv, "--text=review", "--output=-"]) == 0
    assert capsys.readouterr() == expected


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (["compare", "reviews.csv", *COLUMNS, *FAST, "--save"], "model.joblib"),
        (["compare", "reviews.csv", *COLUMNS, *FAST, "--confusion-matrix"], "matrix.csv"),
        (["predict", "model.joblib", "reviews.csv", "--text=review", "--output"], "labels.csv"),
    ],
)
def test_a_failed_write_leaves_the_old_file(command, name, saved, csv, monkeypatch, capsys):
    def write_half(_, path, **options):
        Path(path).write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(joblib, "dump", write_half)
    monkeypatch.setattr(pd.DataFrame, "to_csv", write_half)
    for old in (None, b"old"):
        if old is None:
            Path("file").unlink(missing_ok=True)
        else:
            Path("file").write_bytes(old)
        before = sorted(os.listdir())
        assert main([*command, "file"]) == 2
        assert capsys.readouterr().err == f"{ERROR}file: No space left on device\n"
        assert sorted(os.listdir()) == before
        assert old is None or Path("file").read_bytes() == old


@pytest.mark.parametrize("name", ["matrix.csv", "matrix.csv.gz"])
def test_the_matrix_is_written_to_a_file(name, csv, capsys):
    assert main(["compare", csv, *COLUMNS, *FAST, f"--confusion-matrix={name}"]) == 0
    assert pd.read_csv(name).to_dict("list") == {
        "true class": ["neg", "pos"],
        "neg": [12, 0],
        "pos": [0, 12],
    }


def test_many_classes_fit_into_80_columns(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    rows = [(f"text of class{i} {word}", f"class {i}") for i in range(77) for word in "ab"]
    pd.DataFrame(rows, columns=["review", "stars"]).to_csv("many.csv", index=False)
    options = ["--confusion-matrix=matrix.csv", "--verbose"]
    assert main(["compare", "many.csv", *COLUMNS, *FAST, *options]) == 0
    out, err = capsys.readouterr()
    assert max(map(len, (out + err).splitlines())) <= 80
    assert "(the whole matrix: matrix.csv)\n" in out
    assert pd.read_csv("matrix.csv", index_col="true class").to_numpy().sum() == 154


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_a_label_that_the_terminal_cannot_show_is_escaped(encoding, csv, reviews, monkeypatch):
    reviews["stars"] = reviews["stars"].map({"pos": "schön 好评", "neg": "плюш\nцинк"})
    name = "\udce9tudes ☃.csv" if sys.platform == "linux" else "☃.csv"
    reviews.to_csv(name, index=False)
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    options = ["--save=☃.joblib", "--verbose"]
    assert main(["compare", name, *COLUMNS, *FAST, *options]) == 0
    out = sys.stdout.buffer.getvalue().decode(encoding)
    for text in ("schön", "好评", "плюш\\nцинк", "☃.joblib", name.replace("\udce9", "\\udce9")):
        assert text.encode(encoding, "backslashreplace").decode(encoding) in out
    assert main(["compare", "☃☃.csv"]) == 2
    err = sys.stderr.buffer.getvalue().decode(encoding)
    name = "☃☃.csv".encode(encoding, "backslashreplace").decode(encoding)
    assert f"error: {name}: No such file or directory\n" in err


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8", "utf-16"])
def test_predict_writes_utf_8_to_a_pipe(encoding, csv, reviews, monkeypatch):
    reviews["stars"] = reviews["stars"].map({"pos": "schön 好评", "neg": "плюш\nцинк"})
    reviews.to_csv("labels.csv", index=False)
    options = ["--model=tfidf-logistic", "--cv=2", "--save=model.joblib"]
    assert main(["compare", "labels.csv", *COLUMNS, *options]) == 0
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    assert main(["predict", "model.joblib", csv, "--text=review"]) == 0
    out = sys.stdout.buffer.getvalue()
    assert main(["predict", "model.joblib", csv, "--text=review", "--output=out.csv"]) == 0
    assert out == Path("out.csv").read_bytes()
    assert set(pd.read_csv("out.csv")["label"]) == {"schön 好评", "плюш\nцинк"}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_labels_that_utf_8_lacks_are_escaped(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("caf\udce9", "bar"):  # the name of the first folder is not UTF-8
        os.makedirs(f"places/{name}")
        for i in range(4):
            Path(f"places/{name}/{i}.txt").write_text(f"a place like {name[:3]} {i}")
    options = ["--save=model.joblib", "--confusion-matrix=matrix.csv"]
    assert main(["compare", "places", "--model=tfidf-logistic", "--cv=2", *options]) == 0
    assert Path("matrix.csv").read_text() == "true class,bar,caf\\udce9\nbar,4,0\ncaf\\udce9,0,4\n"
    capsys.readouterr()
    Path("new.csv").write_text("text\na place like caf\n")
    assert main(["predict", "model.joblib", "new.csv"]) == 0
    assert capsys.readouterr().out.startswith("label,proba_bar,proba_caf\\udce9\ncaf\\udce9,")


@pytest.mark.parametrize("train", [[1, 2], [1, "b"]])
@pytest.mark.parametrize("test", [[1, 2], [2, "b"]])
def test_labels_of_both_files_have_one_type(train, test, tmp_path, capsys):
    paths = []
    for name, labels in (("train", train), ("test", test)):
        rows = [(f"text {label}", label) for label in labels * 4]
        paths.append(str(tmp_path / f"{name}.csv"))
        pd.DataFrame(rows, columns=["text", "label"]).to_csv(paths[-1], index=False)
    assert main(["compare", paths[0], f"--test={paths[1]}", "--model=nb-svm"]) == 0
    assert "Best: nb-svm" in capsys.readouterr().out


def test_more_folds_than_texts_of_a_class(csv, capsys):
    assert main(["compare", csv, *COLUMNS, "--cv=13"]) == 2
    assert capsys.readouterr().err == (
        f"{ERROR}13 folds need a class of 13 texts or more, and the largest has 12: pass a smaller "
        "--cv, or a --test file.\n"
    )


def test_predict_writes_labels_alone_without_probabilities(csv, capsys):
    save = ["--model=tfidf-svm", "--save=svm.joblib"]
    assert main(["compare", csv, *COLUMNS, "--cv=2", *save]) == 0
    capsys.readouterr()
    assert main(["predict", "svm.joblib", csv, "--text=review"]) == 0
    assert capsys.readouterr().out.startswith("label\npos\nneg\n")


def test_predict_with_the_network(csv, capsys):
    save = ["--save=model.joblib", "--cv=2"]
    assert main(["compare", csv, *COLUMNS, *TINY_RNN, *save]) == 0
    capsys.readouterr()
    assert main(["predict", "model.joblib", csv, "--text=review"]) == 0
    written = pd.read_csv(io.StringIO(capsys.readouterr().out))
    assert list(written) == ["label", "proba_neg", "proba_pos"]
    assert_allclose(written["proba_neg"] + written["proba_pos"], np.ones(24), rtol=1e-6)


def test_an_unknown_setting_is_told_what_is_near(csv, capsys):
    assert main(["compare", csv, *COLUMNS, "--set=clf__cell=gru"]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"{ERROR}--set: rnn has no parameter 'clf__cell'; similar: ")
    assert "clf__cell_type" in err
    assert err.count("\n") == 1


def test_an_unknown_setting_with_nothing_near_is_told_all(csv, capsys):
    assert main(["compare", csv, *COLUMNS, "--set=zzz=1"]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"{ERROR}--set: rnn has no parameter 'zzz'; it has: ")
    assert "clf__cell_type" in err
    assert "tok__max_length" in err
    assert err.count("\n") == 1


def test_a_truncated_model_is_one_line(saved, csv, capsys):
    with open("model.joblib", "rb+") as stream:
        stream.truncate(os.path.getsize("model.joblib") // 2)
    assert main(["predict", "model.joblib", csv, "--text=review"]) == 2
    err = capsys.readouterr().err
    assert re.fullmatch(
        "python -m sklearn_rnn: error: model.joblib cannot be loaded as a model: .*"
        r" It may be damaged, cut off, or no joblib file\.\n",
        err,
    )


@pytest.mark.parametrize("option", ["--save", "--confusion-matrix"])
def test_an_unwritable_file_is_known_before_the_first_fit(option, csv, monkeypatch, capsys):
    def fit_nothing(*args, **kwargs):
        pytest.fail("fitted in vain")

    monkeypatch.setattr(commands.evaluation, "compare", fit_nothing)
    assert main(["compare", csv, *COLUMNS, f"{option}=missing/file"]) == 2
    assert capsys.readouterr().err == f"{ERROR}missing/file: No such file or directory\n"


def test_a_failed_comparison_leaves_no_empty_file(csv):
    assert main(["compare", csv, "--text=body", "--save=model.joblib"]) == 2
    assert os.listdir() == [csv]


def test_every_model_of_the_help_can_be_made():
    args = argparse.Namespace(
        model=list(MODELS), set=[], seed=3, save=None, verbose=False, n_jobs=None
    )
    models = commands._make_models(args)
    assert list(models) == list(MODELS)
    assert models["rnn"]["clf"].random_state == 3
