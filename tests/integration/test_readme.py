"""README: its code is run, in order, as one program, and its figures are of benchmarks/results."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from benchmarks import readme
from sklearn_rnn.__main__ import main

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
SET_UP = [
    "pip install -c constraints.txt . && python -m sklearn_rnn compare",
    'pip install -c constraints.txt ".[test]" && pytest',
]
MAX_LINES = 150


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder in which the README's code runs, because it writes files."""
    folder = tmp_path_factory.mktemp("readme")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield folder


@pytest.fixture(scope="module")
def names(folder):
    """The variables that the README's Python blocks define."""
    names = {"__name__": "readme"}
    for number, (language, code) in enumerate(BLOCKS):
        if language == "python":
            exec(compile(code, f"README.md, block {number}", "exec"), names)
    return names


def test_it_is_short():
    assert len(README.splitlines()) <= MAX_LINES


def test_every_block_is_run():
    assert README.count("```") == 2 * len(BLOCKS)
    assert {language for language, _ in BLOCKS} == {"python", "bash"}


def test_the_set_up_is_what_ci_runs():
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    bash = [code.strip() for language, code in BLOCKS if language == "bash"]
    assert bash[:2] == SET_UP
    for command in SET_UP:
        assert f"\n{command} ||" in ci


def test_results_are_those_that_the_text_names(names):
    assert names["grid"].best_params_["tok__max_length"] == 400
    assert names["accuracy"] > 0.99
    assert names["model"].score(names["X_test"], names["y_test"]) > 0.9
    assert names["table"].index[0] == "rnn"
    assert names["table"]["accuracy"][1:].max() < 0.6


@pytest.mark.usefixtures("names")
def test_bash_blocks_run_on_the_files_of_the_python_blocks(folder, capsys):
    commands = " ".join(code for language, code in BLOCKS[2:] if language == "bash")
    words = shlex.split(commands.replace("\\\n", " ").replace("\n", " ; "))
    program = ["python", "-m", "sklearn_rnn"]
    n_run = 0
    while words:
        end = words.index(";")
        command, words = words[:end], words[end + 1 :]
        assert command[:3] == program
        assert main(command[3:]) == 0, capsys.readouterr().err
        n_run += 1
    assert n_run == 2
    assert "<h2" in (folder / "report.html").read_text(encoding="utf-8")
    rows = (folder / "labels.csv").read_text(encoding="utf-8").splitlines()
    assert rows[0].startswith("label,")
    assert len(rows) == 601


def test_links_and_pictures_are_files():
    targets = re.findall(r"\]\((?!https?://)([^)#]+)", README)
    assert "docs/_static/accuracy.svg" in targets
    assert [target for target in targets if not (ROOT / target).is_file()] == []


def test_the_tables_have_the_figures_of_the_benchmarks():
    assert f"\n\n{readme.tabulate_strengths()}\n\n" in README
    assert f"\n\n{readme.tabulate_weaknesses()}\n\n" in README


def test_the_picture_has_the_figures_of_the_benchmarks():
    texts = re.findall(r">([^<>]+)</text>", readme.PICTURE.read_text(encoding="utf-8"))
    rows = readme.collect_accuracies()
    assert [text for text in texts if text in rows] == list(rows)
    accuracies = [f"{row[model]:.3f}" for model in readme.MODELS for row in rows.values()]
    assert [text for text in texts if re.fullmatch(r"\d\.\d{3}", text)] == accuracies


def test_constraints_pin_every_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {line.partition("==")[0].lower() for line in lines if not line.startswith("#")}
    needed = project["dependencies"] + extras["plot"] + extras["test"]
    assert {re.split("[<>=]", name)[0] for name in needed} <= pinned
