import importlib.metadata
import inspect
import os
import re
import subprocess
import sys

import pytest

from sklearn_rnn._cli.arguments import UsageError, parse_arguments
from sklearn_rnn._cli.help_texts import MODELS
from sklearn_rnn._io.text_formats import FORMATS
from sklearn_rnn.evaluation import compare

PROGRAM = "sklearn-rnn"


def help_of(command, capsys):
    with pytest.raises(SystemExit) as stop:
        parse_arguments([command, "--help"], PROGRAM)
    assert stop.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("command", ["compare", "train", "predict", "export"])
def test_help_has_examples_and_warns_of_untrusted_files(command, capsys):
    out = help_of(command, capsys)
    assert f"\nexamples:\n  sklearn-rnn {command}" in out
    assert "Loading a pickle runs the code in it: load only files that you trust." in out


@pytest.mark.parametrize("command", ["compare", "train", "predict", "export"])
@pytest.mark.parametrize("program", [PROGRAM, "python -m sklearn_rnn"])
def test_help_fits_into_80_columns(command, program, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        parse_arguments([command, "--help"], program)
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


def test_help_lists_all_models(capsys):
    out = help_of("compare", capsys)
    for name, text in MODELS.items():
        assert f"\n  {name} " in out
        assert text in out


@pytest.mark.parametrize("command", ["compare", "train", "predict"])
def test_help_lists_all_formats(command, capsys):
    out = " ".join(help_of(command, capsys).split())
    assert f"format of the files, needed for stdin: {', '.join(FORMATS)} (default" in out
    for format in FORMATS.values():
        assert format.title in out
        assert format.is_folder or f"{format.title} ({format.suffixes[0]})" in out


def test_help_names_the_scores_that_compare_takes_by_default(capsys):
    scores = inspect.signature(compare).parameters["scoring"].default
    assert f"(default: {' and '.join(scores)})" in help_of("compare", capsys).replace(
        "\n" + " " * 24, " "
    )


def test_an_unknown_model_is_named_with_those_that_are_known():
    with pytest.raises(UsageError) as error:
        parse_arguments(["compare", "--model=transformer"], PROGRAM)
    assert str(error.value).replace("'", "") == (  # newer Pythons leave the quotes out
        "argument --model: invalid choice: transformer (choose from rnn, tfidf-logistic, "
        "tfidf-svm, tfidf-word-char-svm, nb-svm). See sklearn-rnn compare --help."
    )


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_is_a_choice(format):
    assert parse_arguments(["compare", "a", f"--format={format}"], PROGRAM).format == format


@pytest.mark.parametrize("options", [[], ["--header"]])
@pytest.mark.parametrize("value", ["text", "0", "12", "-1", "1.5", "", " "])
def test_a_column_is_a_name(value, options):
    arguments = ["compare", "a", f"--text={value}", f"--label={value}", *options]
    args = parse_arguments(arguments, PROGRAM)
    assert (args.text, args.label) == ([value], value)


def test_without_header_a_column_is_a_position():
    options = ["--no-header", "--text=12", "--text=0"]
    args = parse_arguments(["compare", "a", *options, "--label=1"], PROGRAM)
    assert (args.text, args.label, args.header) == ([12, 0], 1, False)
    assert parse_arguments(["predict", "model", "a", *options], PROGRAM).text == [12, 0]


@pytest.mark.parametrize(
    ("options", "missing"),
    [
        (["--label=1"], "text"),
        (["--text=0"], "label"),
        (["--text=review", "--label=1"], "text"),
        (["--text=0", "--text=review", "--label=1"], "text"),
        (["--text=0", "--label=stars"], "label"),
        (["--text=0", "--label=-1"], "label"),
        (["--text=0", "--label="], "label"),
    ],
)
def test_without_header_a_name_is_refused(options, missing):
    message = f"--no-header needs a position from 0 as --{missing}, because columns have no names."
    with pytest.raises(UsageError, match=f"^{re.escape(message)}$"):
        parse_arguments(["compare", "a", "--no-header", *options], PROGRAM)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["compare", "-", "--test=-", "--format=csv"], "- is stdin, and can be only one file."),
        (["predict", "-", "-", "--format=csv"], "- is stdin, and can be only one file."),
        (["predict", "model", "-", "-", "--format=csv"], "- is stdin, and can be only one file."),
        (["train", "-", "--save=m"], "- is stdin, whose format is not known: pass --format."),
        (["compare", "-"], "- is stdin, whose format is not known: pass --format."),
        (["compare", "a", "--test=-"], "- is stdin, whose format is not known: pass --format."),
        (["predict", "model", "-"], "- is stdin, whose format is not known: pass --format."),
    ],
)
def test_stdin_is_one_file_of_a_known_format(arguments, message):
    with pytest.raises(UsageError, match=f"^{re.escape(message)}$"):
        parse_arguments(arguments, PROGRAM)


@pytest.mark.parametrize(
    "arguments",
    [
        ["compare", ""],
        ["compare", "a", "--test="],
        ["compare", "a", "--save="],
        ["compare", "a", "--confusion-matrix="],
        ["train", "", "--save=m"],
        ["train", "a", "--save="],
        ["predict", "", "a"],
        ["predict", "model", ""],
        ["predict", "model", "a", "--output="],
    ],
)
def test_a_file_name_is_not_empty(arguments):
    with pytest.raises(UsageError, match=r"^argument [^ ]+: must not be empty\. See "):
        parse_arguments(arguments, PROGRAM)


@pytest.mark.parametrize("option", ["--save", "--confusion-matrix"])
def test_results_are_not_mixed_with_a_file(option):
    message = f"argument {option}: must be a file: stdout is for the results. See "
    with pytest.raises(UsageError, match=f"^{message}"):
        parse_arguments(["compare", "a", option, "-"], PROGRAM)


@pytest.mark.parametrize(
    ("option", "values", "accepted"),
    [
        ("--cv", ["1", "0", "-2", "2.0", "x", ""], "an integer of 2 or more"),
        ("--n-jobs", ["0", "-0", "--1", "1.0", "x", ""], "an integer other than 0"),
        ("--seed", ["-1", "4294967296", "1e3", "x", ""], "an integer from 0 to 4294967295"),
    ],
)
def test_numbers_are_checked(option, values, accepted):
    for value in values:
        message = f"argument {option}: must be {accepted}, got {value!r}. See "
        with pytest.raises(UsageError, match=f"^{re.escape(message)}"):
            parse_arguments(["compare", "a", f"{option}={value}"], PROGRAM)


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "x", ""])
def test_the_number_of_texts_in_a_chunk_is_checked(value):
    message = f"argument --chunk-size: must be an integer of 1 or more, got {value!r}. See "
    with pytest.raises(UsageError, match=f"^{re.escape(message)}"):
        parse_arguments(["train", "a", "--save=m", f"--chunk-size={value}"], PROGRAM)


@pytest.mark.parametrize(
    ("value", "setting"),
    [
        ("clf__dropout=0.5", ("clf__dropout", 0.5)),
        ("clf__pooling=('max', 'mean')", ("clf__pooling", ("max", "mean"))),
        ("clf__cell_type=gru", ("clf__cell_type", "gru")),
        ("tok__max_length=None", ("tok__max_length", None)),
        ("tok__max_length=auto", ("tok__max_length", "auto")),
        ("tok__token_pattern=a=b", ("tok__token_pattern", "a=b")),
        ("clf__device=", ("clf__device", "")),
    ],
)
def test_a_setting_is_a_literal_of_python_or_a_str(value, setting):
    assert parse_arguments(["compare", f"--set={value}"], PROGRAM).set == [setting]


def test_version_is_that_of_the_metadata(capsys):
    with pytest.raises(SystemExit) as stop:
        parse_arguments(["--version"], PROGRAM)
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"sklearn_rnn {importlib.metadata.version('sklearn_rnn')}\n"


@pytest.mark.parametrize("arguments", [["--help"], ["compare", "--help"], ["--version"]])
def test_help_waits_for_no_slow_import(arguments):
    code = (
        "import sys; from sklearn_rnn.__main__ import main; "
        f"code = main({arguments}); slow = {{'torch', 'sklearn', 'pandas'}} & set(sys.modules); "
        "sys.exit(f'imported {slow}' if slow else code)"
    )
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (process.returncode, process.stderr) == (0, "")


@pytest.mark.parametrize(
    ("options", "output", "path"),
    [
        (["compare", "a.csv", "--save=a.csv"], "save", "a.csv"),
        (["compare", "a.csv", "--test=b.csv", "--save=./b.csv"], "save", "./b.csv"),
        (["compare", "a.csv", "--confusion-matrix=a.csv"], "confusion-matrix", "a.csv"),
        (["compare", "--save=m", "--confusion-matrix=m"], "save", "m"),
        (["train", "a.csv", "b.csv", "--save=b.csv"], "save", "b.csv"),
        (["predict", "m", "a.csv", "--output=a.csv"], "output", "a.csv"),
        (["predict", "m", "a.csv", "b.csv", "--output=b.csv"], "output", "b.csv"),
        (["predict", "m", "a.csv", "--output=m"], "output", "m"),
        (["predict", "m", "link.csv", "--output=a.csv"], "output", "a.csv"),
    ],
)
def test_no_output_is_another_file(options, output, path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.symlink("a.csv", "link.csv")
    message = f"--{output} would replace {path}, which another argument names too."
    with pytest.raises(UsageError, match=rf"^{re.escape(message)}\Z"):
        parse_arguments(options, PROGRAM)


@pytest.mark.parametrize(
    "options",
    [
        ["compare", "a.csv", "--test=a.csv"],
        ["compare", "--save=m", "--confusion-matrix=n"],
        ["compare", f"--save={os.devnull}", f"--confusion-matrix={os.devnull}"],
        ["predict", "m", "-", "--format=csv", "--output=-"],
        ["predict", "m", "a.csv"],
    ],
)
def test_files_that_may_be_the_same(options):
    assert parse_arguments(options, PROGRAM).command == options[0]
