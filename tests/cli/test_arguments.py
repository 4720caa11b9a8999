import importlib.metadata
import inspect
import subprocess
import sys

import pytest

from sklearn_rnn._cli.arguments import MODELS, UsageError, parse_arguments
from sklearn_rnn._io.text_formats import FORMATS
from sklearn_rnn.evaluation import compare

PROGRAM = "sklearn-rnn"


def help_of(command, capsys):
    with pytest.raises(SystemExit) as stop:
        parse_arguments([command, "--help"], PROGRAM)
    assert stop.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("command", ["compare", "predict"])
def test_help_has_examples_and_warns_of_untrusted_files(command, capsys):
    out = help_of(command, capsys)
    assert f"\nexamples:\n  sklearn-rnn {command}" in out
    assert "Loading a pickle runs the code in it: load only files that you trust." in out
    assert max(map(len, out.splitlines())) <= 100


def test_help_lists_all_models(capsys):
    out = help_of("compare", capsys)
    for name, text in MODELS.items():
        assert f"\n  {name} " in out
        assert text in out


@pytest.mark.parametrize("command", ["compare", "predict"])
def test_help_lists_all_formats(command, capsys):
    out = " ".join(help_of(command, capsys).split())
    assert f"--format {{{','.join(FORMATS)}}}" in out
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
        "tfidf-svm, nb-svm). See sklearn-rnn compare --help."
    )


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_is_a_choice(format):
    assert parse_arguments(["compare", "a", f"--format={format}"], PROGRAM).format == format


@pytest.mark.parametrize(
    ("value", "column"), [("0", 0), ("12", 12), ("text", "text"), ("-1", "-1"), ("1.5", "1.5")]
)
def test_a_column_is_a_position_or_a_name(value, column):
    args = parse_arguments(["compare", "a", f"--text={value}", f"--label={value}"], PROGRAM)
    assert (args.text, args.label) == ([column], column)


@pytest.mark.parametrize(
    ("value", "setting"),
    [
        ("clf__dropout=0.5", ("clf__dropout", 0.5)),
        ("clf__pooling=('max', 'mean')", ("clf__pooling", ("max", "mean"))),
        ("clf__cell_type=gru", ("clf__cell_type", "gru")),
        ("tok__max_length=None", ("tok__max_length", None)),
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
