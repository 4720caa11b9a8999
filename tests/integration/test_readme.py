"""README: all code blocks are run, in order, as one program."""

import json
import re
import shlex
import tomllib
from pathlib import Path

import pytest

from benchmarks.accuracy import report
from sklearn_rnn.__main__ import main

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
SET_UP = [
    "pip install -c constraints.txt . && python -m sklearn_rnn compare",
    'pip install -c constraints.txt ".[test]" && pytest',
]


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
    assert names["streamed"].score(names["X_test"], names["y_test"]) > 0.5
    assert names["self_trained"].score(names["X_test"], names["y_test"]) > 0.9


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
    assert n_run == 5
    rows = (folder / "labels.csv").read_text(encoding="utf-8").splitlines()
    assert rows[0].startswith("label,")
    assert len(rows) == 601


def test_constraints_pin_every_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {line.partition("==")[0].lower() for line in lines if not line.startswith("#")}
    needed = project["dependencies"] + extras["plot"] + extras["test"]
    assert {re.split("[<>=]", name)[0] for name in needed} <= pinned


@pytest.mark.parametrize(
    "tabulate",
    [
        report.tabulate_accuracies,
        report.tabulate_probabilities,
        report.tabulate_costs,
        report.tabulate_published,
    ],
)
def test_the_accuracies_are_those_of_the_benchmark(tabulate):
    table = tabulate(report.read_summary())
    has_rows = len(table.splitlines()) > 2
    assert table in README or not has_rows


def test_the_accuracies_without_labels_are_those_of_the_benchmark():
    path = ROOT / "benchmarks" / "results" / "unlabelled.json"
    rows = {}
    for row in json.loads(path.read_text())["tables"]["unlabelled"]:
        key = row["corpus"], f"{row['labelled texts']:,} of {row['all texts']:,}"
        rows.setdefault(key, {})[row["model"]] = row
    assert len(rows) == 4
    for key, row_of in rows.items():
        models = [row_of["rnn"], row_of["tfidf_logistic_regression"]]
        cells = [f"{row[name]:.3f}" for row in models for name in ("labelled", "self-trained")]
        assert f"| {' | '.join([*key, *cells])} |" in README


def test_the_reference_systems_are_those_of_the_benchmark():
    path = ROOT / "benchmarks" / "results" / "reference_systems.json"
    tables = json.loads(path.read_text())["tables"]
    alone = {row["system"]: f"{row['ours']:.3f}" for row in tables["ours alone"]}
    assert len(tables["systems"]) == 28
    for row in tables["systems"]:
        cells = [
            row["system"],
            f"{row['published']:.4f}",
            f"{row['training texts']:,}",
            str(row["seeds"]),
            f"{row['theirs']:.3f}",
            f"{row['ours']:.3f}",
            f"{row['times as fast']:.1f}",
            alone.get(row["system"], ""),
        ]
        assert f"| {' | '.join(cells)} |" in README


EPOCH = (
    "training",
    "lstm: an epoch of 25,000 texts",
    "times as long as RNNTextClassifier",
)


@pytest.mark.parametrize(
    ("section", "table", "column", "figure", "rival"),
    [
        (*EPOCH, "torch, packed", "plain torch, random batches, packed"),
        (*EPOCH, "torch, similar lengths", "plain torch, batches of similar length, padded"),
        (
            *EPOCH,
            "torch, similar lengths, no denormals",
            "the same after `torch.set_flush_denormal(True)`",
        ),
        ("keras", "targets", "reached", "epoch, times faster", "Keras on TensorFlow"),
        (
            "tokenizer",
            "targets",
            "reached",
            "times faster than CountVectorizer.fit_transform, one job",
            "`CountVectorizer().fit_transform`",
        ),
    ],
)
def test_the_speeds_are_those_of_the_benchmark(section, table, column, figure, rival):
    path = ROOT / "benchmarks" / "results" / f"speed_{section}.json"
    rows = json.loads(path.read_text())["tables"][table]
    reached = {row["what"]: row[column] for row in rows}
    assert f"| {rival} | {reached[figure]:.1f} |" in README
