import argparse
import csv as csv_module
import errno
import io
import json
import os
import re
import sys
from pathlib import Path

import joblib
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_rnn.__main__ import main
from sklearn_rnn._cli import compare as command
from sklearn_rnn._cli.help_texts import MODELS
from sklearn_rnn.export import load_model
from tests.cli.options import COLUMNS, TINY_RNN
from tests.cli.stdin import Stdin
from tests.report.pages import parse

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
        ["compare", csv, *COLUMNS, "--cv=2", "--model=tfidf-logistic", "--save=model.skops"]
    )
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    assert out.endswith(
        "\nSaved tfidf-logistic, fitted on 24 texts, to model.skops. Loading it runs no\n"
        "code: predict and sklearn_rnn.export.load_model load it.\n"
    )
    model = load_model("model.skops")
    assert_array_equal(model.predict(reviews["review"]), reviews["stars"])


@pytest.mark.parametrize("name", ["model.joblib", "model.pkl", "model.PICKLE", "model.joblib.gz"])
def test_a_pickle_is_saved_if_the_name_is_one(name, csv, reviews, capsys):
    assert main(["compare", csv, *COLUMNS, *FAST, f"--save={name}"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert said.endswith(
        f" to {name}. It is a pickle, which predict loads with --trust. Loading a pickle runs the "
        "code in it: load only files that you trust."
    )
    assert_array_equal(joblib.load(name).predict(reviews["review"]), reviews["stars"])


@pytest.mark.parametrize("name", ["model.skops", "model", "model.joblibs"])
def test_saving_without_skops_is_known_before_the_first_fit(name, csv, monkeypatch, capsys):
    def fit_nothing(*args, **kwargs):
        pytest.fail("fitted in vain")

    monkeypatch.setattr(command.evaluation, "compare", fit_nothing)
    monkeypatch.setitem(sys.modules, "skops", None)
    monkeypatch.setitem(sys.modules, "skops.io", None)
    assert main(["compare", csv, *COLUMNS, f"--save={name}"]) == 2
    assert capsys.readouterr().err == (
        f"{ERROR}--save {name} needs skops, which is not installed. Install it: pip install "
        '"sklearn_rnn[export]".\n'
    )
    assert os.listdir() == [csv]


def test_json_has_what_the_tables_have(csv, reviews, capsys):
    options = ["--cv=2", "--model=tfidf-svm", "--model=tfidf-logistic", "--save=model.skops"]
    code = main(["compare", csv, *COLUMNS, *options, "--json"])
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    assert out.count("\n") == 1
    summary = json.loads(out)
    for model in summary["models"]:
        assert model.pop("fit_seconds") > 0
        assert model.pop("texts_per_second") > 0
    scores = {"accuracy": 1.0, "accuracy_std": 0.0, "f1_macro": 1.0, "f1_macro_std": 0.0}
    of_class = {"precision": 1.0, "recall": 1.0, "f1-score": 1.0, "support": 12}
    assert summary == {
        "n_texts": 24,
        "n_tested": 24,
        "best": "tfidf-svm",
        "models": [
            {"model": "tfidf-svm", **scores, "p_value": None},
            {"model": "tfidf-logistic", **scores, "p_value": 1.0},
        ],
        "classes": [{"label": label, **of_class} for label in ("neg", "pos")],
        "confusion_matrix": [[12, 0], [0, 12]],
    }
    assert_array_equal(load_model("model.skops").predict(reviews["review"]), reviews["stars"])


def test_progress_is_no_json(csv, capsys):
    assert main(["compare", csv, *COLUMNS, *FAST, "--json", "--verbose"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["best"] == "nb-svm"
    assert "nb-svm, fold 2 of 2: accuracy " in err


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-16"])
def test_json_is_ascii_in_any_terminal(encoding, csv, reviews, monkeypatch):
    reviews["stars"] = reviews["stars"].map({"pos": "schön 好评", "neg": "плюш\nцинк"})
    reviews.to_csv(csv, index=False)
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    assert main(["compare", csv, *COLUMNS, *FAST, "--json"]) == 0
    summary = json.loads(sys.stdout.buffer.getvalue().decode(encoding))
    assert [row["label"] for row in summary["classes"]] == ["schön 好评", "плюш\nцинк"]


@pytest.mark.parametrize(("name", "labels"), [("i.csv", [3, 12]), ("b.jsonl", [1.5, 2.5])])
def test_labels_in_json_are_those_of_the_predictions(name, labels, reviews, tmp_path, capsys):
    reviews["stars"] = reviews["stars"].map(dict(zip(["neg", "pos"], labels, strict=True)))
    path = tmp_path / name
    if name.endswith("csv"):
        reviews.to_csv(path, index=False)
    else:
        reviews.to_json(path, orient="records", lines=True)
    assert main(["compare", str(path), *COLUMNS, *FAST, "--json"]) == 0
    written = [row["label"] for row in json.loads(capsys.readouterr().out)["classes"]]
    assert written == (labels if name == "i.csv" else ["1.5", "2.5"])


def test_with_a_test_file_the_winner_has_not_seen_it(csv, reviews):
    pd.DataFrame({"review": ["good unseen"], "stars": ["pos"]}).to_csv("test.csv", index=False)
    options = ["--test=test.csv", "--model=tfidf-logistic", "--save=model.skops"]
    assert main(["compare", csv, *COLUMNS, *options]) == 0
    model = load_model("model.skops")
    expected = command.tfidf_logistic_regression().set_params(clf__random_state=0)
    expected.fit(reviews["review"], reviews["stars"])
    assert_allclose(model.predict_proba(["good unseen"]), expected.predict_proba(["good unseen"]))


def test_settings_reach_the_network(csv):
    settings = ["--set=clf__cell_type=gru", "--set=clf__pooling=('max', 'mean')", "--seed=7"]
    settings += ["--set=tok__max_length=3", "--save=model.skops", "--cv=2"]
    assert main(["compare", csv, *COLUMNS, *TINY_RNN, *settings]) == 0
    model = load_model("model.skops")
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
    command = ["compare", csv, *COLUMNS, "--cv=2", f"--model={model}", "--save=model.skops"]
    assert main([*command, *options]) == 0
    line = (
        "Tokens of all models: analyzer='char', lowercase=False, strip_accents='unicode', "
        r"token_pattern='\\w'. "
    )
    out, err = capsys.readouterr()
    assert err == ""
    assert line in out.replace("\n", " ")
    step = load_model("model.skops")[0]
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
    save = ["--model=tfidf-logistic", "--save=model.skops"]
    assert main(["compare", "headless.csv", *options, *save]) == 0
    model = load_model("model.skops")
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


@pytest.mark.parametrize(
    "command",
    [
        ["predict", "model.skops", "-", "--text=review"],
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


@pytest.mark.parametrize(("option", "name"), [("save", "a.joblib"), ("confusion-matrix", "a.csv")])
def test_a_failed_write_leaves_the_old_file(option, name, csv, monkeypatch, capsys):
    def write_half(_, path, **options):
        Path(path).write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(joblib, "dump", write_half)
    monkeypatch.setattr(pd.DataFrame, "to_csv", write_half)
    for old in (None, b"old"):
        if old is not None:
            Path(name).write_bytes(old)
        before = sorted(os.listdir())
        assert main(["compare", csv, *COLUMNS, *FAST, f"--{option}={name}"]) == 2
        assert capsys.readouterr().err == f"{ERROR}{name}: No space left on device\n"
        assert sorted(os.listdir()) == before
        assert old is None or Path(name).read_bytes() == old


@pytest.mark.parametrize("options", [["--cv=2"], ["--cv=2", "--json"], ["--test=reviews.csv"]])
def test_a_report_is_written(options, csv, capsys):
    models = ["--model=nb-svm", "--model=tfidf-logistic"]
    if "--test=reviews.csv" in options:
        Path("train.csv").write_text(Path(csv).read_text())
        csv = "train.csv"
    arguments = [*COLUMNS, *models, *options, "--report=report.html", "--save=model.skops"]
    assert main(["compare", csv, *arguments]) == 0
    out = capsys.readouterr().out
    if "--json" in options:
        assert json.loads(out)["best"] == "nb-svm"
    else:
        assert out.endswith("\nWrote the report to report.html.\n")
    page = parse(Path("report.html").read_text(encoding="utf-8"))
    assert page.one("title").text == f"Text classifiers on {csv}"
    assert "load_model('model.skops')" in page.one("pre").text
    assert page.one("div", class_="words").all("li")


@pytest.mark.parametrize("module", ["jinja2", "matplotlib.pyplot"])
def test_a_report_without_its_packages_is_known_before_the_first_fit(
    module, csv, monkeypatch, capsys
):
    def fit_nothing(*args, **kwargs):
        pytest.fail("fitted in vain")

    monkeypatch.setattr(command.evaluation, "compare", fit_nothing)
    monkeypatch.setitem(sys.modules, module, None)
    assert main(["compare", csv, *COLUMNS, "--report=report.html"]) == 2
    says, extra = {"jinja2": ("needs jinja2", "report")}.get(
        module, ("draws with matplotlib", "plot")
    )
    assert capsys.readouterr().err == (
        f"{ERROR}--report {says}, which is not installed. Install it: pip install "
        f'"sklearn_rnn[{extra}]".\n'
    )
    assert os.listdir() == [csv]


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
    options = ["--save=☃.skops", "--verbose"]
    assert main(["compare", name, *COLUMNS, *FAST, *options]) == 0
    out = sys.stdout.buffer.getvalue().decode(encoding)
    for text in ("schön", "好评", "плюш\\nцинк", "☃.skops", name.replace("\udce9", "\\udce9")):
        assert text.encode(encoding, "backslashreplace").decode(encoding) in out
    assert main(["compare", "☃☃.csv"]) == 2
    err = sys.stderr.buffer.getvalue().decode(encoding)
    name = "☃☃.csv".encode(encoding, "backslashreplace").decode(encoding)
    assert f"error: {name}: No such file or directory\n" in err


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_labels_that_utf_8_lacks_are_escaped(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("caf\udce9", "bar"):  # the name of the first folder is not UTF-8
        os.makedirs(f"places/{name}")
        for i in range(4):
            Path(f"places/{name}/{i}.txt").write_text(f"a place like {name[:3]} {i}")
    options = ["--save=model.skops", "--confusion-matrix=matrix.csv"]
    assert main(["compare", "places", "--model=tfidf-logistic", "--cv=2", *options]) == 0
    assert Path("matrix.csv").read_text() == "true class,bar,caf\\udce9\nbar,4,0\ncaf\\udce9,0,4\n"
    capsys.readouterr()
    Path("new.csv").write_text("text\na place like caf\n")
    assert main(["predict", "model.skops", "new.csv"]) == 0
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


@pytest.mark.parametrize("option", ["--save", "--confusion-matrix", "--report"])
def test_an_unwritable_file_is_known_before_the_first_fit(option, csv, monkeypatch, capsys):
    def fit_nothing(*args, **kwargs):
        pytest.fail("fitted in vain")

    monkeypatch.setattr(command.evaluation, "compare", fit_nothing)
    assert main(["compare", csv, *COLUMNS, f"{option}=missing/file"]) == 2
    assert capsys.readouterr().err == f"{ERROR}missing/file: No such file or directory\n"


def test_a_failed_comparison_leaves_no_empty_file(csv):
    assert main(["compare", csv, "--text=body", "--save=model.skops"]) == 2
    assert os.listdir() == [csv]


def test_every_model_of_the_help_can_be_made():
    args = argparse.Namespace(
        model=list(MODELS), set=[], seed=3, save=None, verbose=False, n_jobs=None
    )
    models = command._make_models(args)
    assert list(models) == list(MODELS)
    assert models["rnn"]["clf"].random_state == 3
