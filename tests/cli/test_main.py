import io
import os
import re
import signal
import subprocess
import sys
import tomllib
import warnings
from contextlib import suppress
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sklearn_rnn.__main__ import main, run
from sklearn_rnn._cli import compare as command
from tests.cli.options import COLUMNS, TINY_RNN

PROGRAM = "python -m sklearn_rnn: "
ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}  # to run this tree


ERRORS = {
    "no command": (
        "",
        "the following arguments are required: COMMAND. See python -m sklearn_rnn --help.",
    ),
    "test and folds": (
        "compare reviews.csv --test test.csv --cv 3",
        "argument --cv: not allowed with argument --test. See python -m sklearn_rnn compare "
        "--help.",
    ),
    "one fold": (
        "compare reviews.csv --cv 1",
        "argument --cv: must be an integer of 2 or more, got '1'. See python -m sklearn_rnn "
        "compare --help.",
    ),
    "unknown option": (
        "predict model.skops reviews.csv --labels stars",
        "unrecognized arguments: --labels stars. See python -m sklearn_rnn --help.",
    ),
    "setting without a value": (
        "compare --set clf__dropout",
        "argument --set: must be NAME=VALUE, got 'clf__dropout'. See python -m sklearn_rnn "
        "compare --help.",
    ),
    "setting without the network": (
        "compare --set clf__dropout=0 --model nb-svm",
        "--set: clf__dropout is for the model rnn, which is not among the --model. The baselines "
        "have tok__analyzer, tok__lowercase, tok__strip_accents, tok__token_pattern.",
    ),
    "invalid setting of all models": (
        "compare --set tok__strip_accents=latin --model nb-svm",
        "The 'strip_accents' parameter of nb_svm must be a str among {CHOICES}, a callable or "
        "None. Got 'latin' instead.",
    ),
    "column without a file": (
        "compare --text review",
        "--text needs a FILE: without one the texts are generated.",
    ),
    "no such file": (
        "compare missing.csv --text review --label stars",
        "missing.csv: No such file or directory",
    ),
    "no such column": (
        "compare reviews.csv --text body --label stars",
        "reviews.csv has no column 'body'. Its columns are 'review', 'stars'.",
    ),
    "single class": (
        "compare single.csv --text review --label stars --model nb-svm",
        "y holds a single class, 'pos': a comparison of classifiers needs two or more.",
    ),
    "unknown score": (
        "compare reviews.csv --text review --label stars --scoring luck --model nb-svm",
        "'luck' is not a valid scoring value. Use sklearn.metrics.get_scorer_names() to get valid "
        "options.",
    ),
    "nowhere to save": (
        "compare reviews.csv --save missing/model.skops",
        "missing/model.skops: No such file or directory",
    ),
    "nowhere to write": (
        "predict model.skops reviews.csv --text review --output missing/labels.csv",
        "missing/labels.csv: No such file or directory",
    ),
    "a folder to write": (
        "predict model.skops reviews.csv --text review --output .",
        ".: Is a directory",
    ),
    "no model": (
        "predict missing.joblib reviews.csv --text review",
        "missing.joblib: No such file or directory",
    ),
    "a pickle that is not trusted": (
        "predict list.joblib reviews.csv --text review",
        "list.joblib is not a .skops file. If it is a pickle, such as a .joblib file, loading it "
        "runs any code that is in it: pass --trust if you know who made the file. A model that is "
        "saved as .skops needs no trust.",
    ),
    "an archive of something else": (
        "predict numbers.npz reviews.csv --text review",
        "numbers.npz cannot be loaded as a model: it has no member schema.json. It is damaged, cut "
        "off, or was not saved by save_model under these versions.",
    ),
    "export of another model": (
        "export model.skops exported",
        "model.skops holds a Pipeline of CountVectorizer, LogisticRegression, which has no "
        "network to export. To save one: compare FILE --model rnn --save MODEL.",
    ),
    "empty model": (
        "predict empty.joblib reviews.csv --text review --trust",
        "empty.joblib cannot be loaded as a model: EOFError: . It may be damaged, cut off, or no "
        "joblib file.",
    ),
    "pickle of something else": (
        "predict list.joblib reviews.csv --text review --trust",
        "list.joblib holds an object of <class 'list'>, which is not a classifier.",
    ),
    "no classifier": (
        "predict counts.joblib reviews.csv --text review --trust",
        "counts.joblib holds an object of <class "
        "'sklearn.feature_extraction.text.CountVectorizer'>, which is not a classifier.",
    ),
    "not fitted": (
        "predict unfitted.joblib reviews.csv --text review --trust",
        "unfitted.joblib holds a classifier that is not fitted.",
    ),
    "wrong column to predict": (
        "predict model.skops reviews.csv --text body",
        "reviews.csv has no column 'body'. Its columns are 'review', 'stars'.",
    ),
}


@pytest.mark.parametrize(("command", "message"), ERRORS.values(), ids=ERRORS)
def test_an_error_is_one_line_and_code_2(saved, reviews, command, message, capsys):
    reviews[reviews["stars"] == "pos"].to_csv("single.csv", index=False)
    open("empty.joblib", "w").close()
    np.savez("numbers.npz", numbers=[1, 2])
    joblib.dump(["a", "list"], "list.joblib")
    joblib.dump(CountVectorizer().fit(["text"]), "counts.joblib")
    joblib.dump(make_pipeline(CountVectorizer(), LogisticRegression()), "unfitted.joblib")

    code = main(command.split())
    err = re.sub(r"\{'\w+', '\w+'\}", "{CHOICES}", capsys.readouterr().err)  # a set has no order
    assert err == f"{PROGRAM}error: {message}\n"
    assert code == 2


def test_a_broken_file_is_one_line_with_file_and_line(csv, capsys):
    with open(csv, "a") as stream:
        stream.write("a text without a label\n")
    assert main(["compare", csv, *COLUMNS]) == 2
    err = capsys.readouterr().err
    assert re.fullmatch(f"{PROGRAM}error: reviews.csv, line 26: .*\\n", err)


def raising(error):
    def fail(*args, **kwargs):
        raise error

    return fail


def test_an_interrupt_is_one_line_and_code_130(csv, monkeypatch, capsys):
    monkeypatch.setattr(command.evaluation, "compare", raising(KeyboardInterrupt()))
    assert main(["compare", csv, *COLUMNS]) == 130
    assert capsys.readouterr().err == f"{PROGRAM}interrupted\n"


def test_an_unforeseen_error_is_one_line_with_its_kind(csv, monkeypatch, capsys):
    monkeypatch.setattr(command.evaluation, "compare", raising(KeyError("a\nb")))
    assert main(["compare", csv, *COLUMNS]) == 2
    assert capsys.readouterr().err == f"{PROGRAM}error: KeyError: 'a\\nb'\n"


def test_a_warning_is_one_line_without_source(csv, monkeypatch, capsys):
    def warn(*args, **kwargs):
        warnings.warn("not there\nyet", ConvergenceWarning, stacklevel=1)
        raise KeyboardInterrupt

    monkeypatch.setattr(command.evaluation, "compare", warn)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        main(["compare", csv, *COLUMNS])
    err = capsys.readouterr().err
    assert err == f"ConvergenceWarning: not there yet\n{PROGRAM}interrupted\n"


def run_module(*arguments):
    command = [sys.executable, "-W", "error", "-m", "sklearn_rnn", *arguments]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT
    )


def test_as_a_module(saved, csv, reviews):
    process = run_module("predict", "model.skops", csv, "--text=review")
    out, err = process.communicate()
    assert (process.returncode, err) == (0, "")
    assert_array_equal(pd.read_csv(io.StringIO(out))["label"], reviews["stars"])


def test_one_ctrl_c_ends_a_comparison_in_the_midst_of_a_fit(csv):
    options = ["--set=clf__max_epochs=1000000", "--verbose"]
    process = run_module("compare", csv, *COLUMNS, *TINY_RNN, *options)
    process.stderr.read(1)  # the network reports its first epoch
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert err.endswith(f"{PROGRAM}interrupted\n")
    assert "Traceback" not in err
    assert process.returncode == 130


@pytest.mark.slow
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_closed_pipe_prints_no_error(unbuffered, saved, reviews, monkeypatch):
    monkeypatch.setitem(ENVIRONMENT, "PYTHONUNBUFFERED", unbuffered)
    pd.concat([reviews] * 200).to_csv("many.csv", index=False)
    process = run_module("predict", "model.skops", "many.csv", "--text=review")
    assert process.stdout.readline() == "label,proba_neg,proba_pos\n"
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait() == 141


# Commands of the shell, with the program in place of RUN; the code, stdout and stderr.
STREAMS = {
    "stdout closed": (
        "RUN predict model.skops reviews.csv --text=review >&-",
        (
            2,
            "",
            f"{PROGRAM}error: stdout is closed. To run without output, redirect it to /dev/null.",
        ),
    ),
    "stdout closed, for results": (
        "RUN compare reviews.csv >&-",
        (
            2,
            "",
            f"{PROGRAM}error: stdout is closed. To run without output, redirect it to /dev/null.",
        ),
    ),
    "stdout closed, but not needed": (
        "RUN predict model.skops reviews.csv --text=review --output=out.csv >&-; wc -l < out.csv",
        (0, "25", ""),
    ),
    "stderr closed": ("RUN predict model.skops missing.csv 2>&-", (2, "", "")),
    "all closed": ("RUN predict model.skops missing.csv 2>&- >&- <&-", (2, "", "")),
    "stdin closed": (
        "RUN predict model.skops - --format=csv <&-",
        (2, "", f"{PROGRAM}error: stdin is closed, and - is stdin. Pass a path instead."),
    ),
    "stdout full": (
        "RUN predict model.skops reviews.csv --text=review >/dev/full",
        (2, "", f"{PROGRAM}error: [Errno 28] No space left on device"),
    ),
    "output full": (
        "RUN predict model.skops reviews.csv --text=review --output=/dev/full",
        (2, "", f"{PROGRAM}error: /dev/full: No space left on device"),
    ),
    "stderr full": ("RUN predict model.skops missing.csv 2>/dev/full", (2, "", "")),
    "nobody reads stderr": ("RUN predict model.skops missing.csv 2> >(true)", (2, "", "")),
    "a pipe in place of a file": (
        "RUN predict model.skops <(cat reviews.csv) --format=csv --text=review | wc -l",
        (0, "25", ""),
    ),
    "a pipe in place of the model": (
        "RUN predict <(cat model.skops) reviews.csv --text=review | wc -l",
        (0, "25", ""),
    ),
    "a pipe in place of the output": (
        "RUN predict model.skops reviews.csv --text=review --output=/dev/fd/3 3>&1 | wc -l",
        (0, "25", ""),
    ),
    "stdin": (
        "cat reviews.csv | RUN predict model.skops - --format=csv --text=review | wc -l",
        (0, "25", ""),
    ),
    "stdin by its name": (
        "RUN predict model.skops /dev/stdin --format=csv --text=review <reviews.csv | wc -l",
        (0, "25", ""),
    ),
    "a file that is called -": (
        "cp reviews.csv ./-; RUN predict model.skops ./- --format=csv --text=review | wc -l",
        (0, "25", ""),
    ),
}


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the device full is one of Linux")
@pytest.mark.slow
@pytest.mark.parametrize(("command", "expected"), STREAMS.values(), ids=STREAMS)
def test_streams_of_a_shell(command, expected, saved):
    program = f"{sys.executable} -W error -m sklearn_rnn"
    process = subprocess.run(
        ["bash", "-c", command.replace("RUN", program)],
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        timeout=300,
    )
    code = process.returncode
    assert (code, process.stdout.strip(), process.stderr.strip()) == expected


def test_a_terminal_of_80_columns(csv):
    termios = pytest.importorskip("termios")  # not on Windows
    master, slave = os.openpty()
    termios.tcsetwinsize(slave, (24, 80))
    environment = {name: value for name, value in ENVIRONMENT.items() if name != "COLUMNS"}
    command = [sys.executable, "-m", "sklearn_rnn", "compare", csv, *COLUMNS, "--cv=2"]
    with subprocess.Popen(
        [*command, *TINY_RNN[1:]], stdin=slave, stdout=slave, stderr=slave, env=environment
    ) as process:
        os.close(slave)
        written = b""
        with suppress(OSError):  # of a pseudo-terminal that its program has closed
            while piece := os.read(master, 65536):
                written += piece
    os.close(master)
    assert process.returncode == 0
    text = re.sub(r"\x1b\[\d+m", "", written.decode())  # without colours
    assert "Confusion matrix" in text
    assert max(map(len, re.split(r"[\r\n]+", text))) <= 80


def test_main_leaves_the_streams_as_they_were(csv, capsys):
    before = [(stream, stream.errors) for stream in (sys.stdout, sys.stderr)]
    for arguments in (["--version"], ["compare", "missing.csv"], ["compare", csv]):
        main(arguments)
        assert [(stream, stream.errors) for stream in (sys.stdout, sys.stderr)] == before


@pytest.mark.skipif(os.name != "posix", reason="Windows has another error for such names")
@pytest.mark.parametrize("character", ["\x1b", "\u202e", "\udcff"])
def test_an_error_shows_no_control_characters(character, capsys):
    assert main(["compare", f"{character}.csv"]) == 2
    escaped = character.encode("unicode_escape").decode()
    message = f"error: {escaped}.csv: No such file or directory"
    assert capsys.readouterr().err == f"{PROGRAM}{message}\n"


def test_a_bad_value_is_one_line_that_names_the_model(csv, capsys):
    assert main(["compare", csv, *COLUMNS, *TINY_RNN, "--set=clf__hidden_size=-1"]) == 2
    err = capsys.readouterr().err
    assert re.fullmatch(
        f"{PROGRAM}error: The 'hidden_size' parameter of RNNTextClassifier must be .*"
        r" Got -1 instead\. This came from the estimator 'rnn' in compare\.\n",
        err,
    )


@pytest.mark.parametrize(
    ("path", "program"),
    [
        ("/usr/bin/sklearn-rnn", "sklearn-rnn"),
        ("sklearn-rnn.exe", "sklearn-rnn"),
        ("/site-packages/sklearn_rnn/__main__.py", "python -m sklearn_rnn"),
    ],
)
def test_messages_name_the_program_as_it_was_called(path, program, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [path])
    assert main([]) == 2
    assert capsys.readouterr().err == (
        f"{program}: error: the following arguments are required: COMMAND. See {program} --help.\n"
    )
    assert main(["predict", "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"usage: {program} predict ")


def test_the_console_script_exits_with_the_code(monkeypatch):
    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(sys, "argv", ["sklearn-rnn"])
    with pytest.raises(SystemExit) as stop:
        run()
    assert stop.value.code == 2
    assert signal.getsignal(signal.SIGINT) is before


def test_the_console_script_is_registered():
    pyproject = Path(__file__).parents[2] / "pyproject.toml"
    scripts = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]["scripts"]
    assert scripts == {"sklearn-rnn": f"{run.__module__}:{run.__name__}"}
