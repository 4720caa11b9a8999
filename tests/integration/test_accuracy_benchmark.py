"""Benchmark of the accuracy: metrics, the record, and the protocol of the external rivals."""

import csv
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.metrics import log_loss

from benchmarks.accuracy import __main__ as accuracy
from benchmarks.accuracy import report
from benchmarks.accuracy.measuring import measure_estimator, measure_external
from benchmarks.accuracy.metrics import (
    Outcome,
    describe,
    expected_calibration_error,
    mcnemar_p_value,
    pack_bits,
)
from benchmarks.accuracy.models import EXTERNAL, GROUPS, MODELS
from benchmarks.accuracy.published import PUBLISHED
from benchmarks.accuracy.rivals import child
from benchmarks.accuracy.splits import CORPORA
from benchmarks.common import record
from benchmarks.common.corpora import read_split
from benchmarks.common.processes import OtherProcesses
from benchmarks.common.timing import SkippedError

TEXTS = ["a good film", "good", "a bad film", "bad"] * 4
LABELS = np.array([1, 1, 0, 0] * 4)


def test_calibration_error_is_the_weighted_gap_of_the_bins():
    # Two bins: 0.55 and 0.6 with one of two right; 0.9 with all of two right.
    proba = np.array([[0.55, 0.45], [0.4, 0.6], [0.9, 0.1], [0.9, 0.1]])
    error = expected_calibration_error(np.array([0, 0, 0, 0]), proba, n_bins=5)
    assert_allclose(error, (2 * abs(0.5 - 0.575) + 2 * abs(1 - 0.9)) / 4)


def test_bins_include_their_upper_ends():
    # 0.5 lies in the first of two bins; in one bin with 0.6 the two gaps would cancel out.
    proba = np.array([[0.5, 0.25, 0.25], [0.6, 0.4, 0.0]])
    assert_allclose(expected_calibration_error(np.array([0, 1]), proba, n_bins=2), 0.55)


def test_probabilities_of_one_and_frequencies_have_no_calibration_error():
    labels = np.array([0, 0, 0, 1])
    assert expected_calibration_error(labels, np.eye(2)[labels]) == 0
    assert_allclose(expected_calibration_error(labels, np.tile([0.75, 0.25], (4, 1))), 0)


@pytest.mark.parametrize("has_probabilities", [True, False])
def test_metrics_of_an_outcome(has_probabilities):
    labels = np.array([0, 1, 1, 1])
    proba = np.array([[0.8, 0.2], [0.4, 0.6], [0.7, 0.3], [0.1, 0.9]])
    outcome = Outcome(
        proba.argmax(axis=1), proba if has_probabilities else None, 3.0, 2.0, 5_000_000
    )
    figures = describe(outcome, labels)
    assert figures["accuracy"] == 0.75
    assert_allclose(figures["macro_f1"], (2 / 3 + 4 / 5) / 2)
    assert (figures["fit_seconds"], figures["texts_per_second"]) == (3, 2)
    assert figures["megabytes"] == 5
    if has_probabilities:
        assert_allclose(figures["log_loss"], log_loss(labels, proba))
        assert_allclose(figures["calibration_error"], expected_calibration_error(labels, proba))
    else:
        assert figures["log_loss"] is figures["calibration_error"] is None


def test_probabilities_may_be_float32():
    proba = np.float32([[0.1, 0.2, 0.7], [1e-8, 0.3, 0.7]])
    outcome = Outcome(proba.argmax(axis=1), proba, 1.0, 1.0, 1)
    assert_allclose(describe(outcome, np.array([2, 1]))["log_loss"], -np.log([0.7, 0.3]).mean())


def test_mcnemar_counts_the_texts_on_which_two_models_differ():
    ours, theirs = np.array([True] * 5 + [False]), np.array([False] * 4 + [True] * 2)
    assert_allclose(mcnemar_p_value(pack_bits(ours), pack_bits(theirs)), 2 * 6 / 2**5)
    assert mcnemar_p_value(pack_bits(ours), pack_bits(ours)) == 1


def test_models_are_named_one_by_one_or_by_group():
    assert accuracy.name_models(None) == [*MODELS, *EXTERNAL]
    assert accuracy.name_models(["nb_svm", "linear"]) == [*GROUPS["linear"]]
    assert accuracy.name_models(["external", "rnn"]) == [*EXTERNAL, "rnn"]


@pytest.mark.parametrize("model", GROUPS["linear"])
@pytest.mark.parametrize("analyzer", ["word", "char"])
def test_linear_rivals_take_the_analyzer(model, analyzer):
    outcome = measure_estimator(MODELS[model](0, analyzer), (TEXTS, LABELS), TEXTS)
    assert outcome.predicted.shape == (16,)
    assert outcome.n_bytes > 0
    if model != "majority":
        assert (outcome.predicted == LABELS).all()
    assert (outcome.proba is not None) == (model in ("tfidf_logistic_regression", "majority"))


def test_a_random_fifth_is_the_test_set_of_a_file_without_split(tmp_path):
    path = tmp_path / "sms_spam" / "SMSSpamCollection"
    path.parent.mkdir()
    lines = [f'{"spam" if row % 3 else "ham"}\t"message {row}' for row in range(12)]
    path.write_text("\n".join(["Label\tSMS", *lines]), encoding="utf-8")
    (train, train_labels), (test, _) = (
        read_split(tmp_path, "sms_spam", split) for split in ("train", "test")
    )
    order = np.random.default_rng(0).permutation(12)
    assert test == [f'"message {row}' for row in order[:2]]
    assert train == [f'"message {row}' for row in order[2:]]
    assert train_labels.tolist() == ["spam" if row % 3 else "ham" for row in order[2:]]


def test_quotes_are_characters_in_germeval(tmp_path):
    path = tmp_path / "germeval2018" / "train.tsv.gz"
    path.parent.mkdir()
    rows = [['"Ja', "OTHER", "OTHER"], ["Nein", "OFFENSE", "ABUSE"]]
    pd.DataFrame(rows).to_csv(
        path, sep="\t", header=False, index=False, quoting=csv.QUOTE_NONE, quotechar="\0"
    )
    texts, labels = read_split(tmp_path, "germeval2018", "train")
    assert texts == ['"Ja', "Nein"]
    assert labels.tolist() == ["OTHER", "OFFENSE"]


@pytest.fixture
def results(monkeypatch, tmp_path):
    """The folder of the results, empty."""
    monkeypatch.setattr(record, "RESULTS", tmp_path / "results")
    return tmp_path / "results"


def make_fit(model, seed=0, is_right=(True, False), **figures):
    """Make a fit as the benchmark records it."""
    fit = dict.fromkeys(accuracy.FIGURES) | {"accuracy": float(np.mean(is_right))} | figures
    fit |= {"corpus": CORPORA["imdb"], "model": model, "seed": seed, "run": "now"}
    return fit | {"other_cores": 0.0, "right": pack_bits(np.array(is_right))}


def test_fits_of_several_runs_are_merged(results):
    accuracy.record_fits([make_fit("rnn", log_loss=0.5)])
    accuracy.record_fits([make_fit("rnn", seed=1, is_right=(True, True), log_loss=0.3)])
    accuracy.record_fits([make_fit("nb_svm", is_right=(False, False))])
    tables = accuracy.record_fits([make_fit("nb_svm", is_right=(False, True))])
    assert len(tables["fits"]) == 3
    summary = tables["summary"].set_index("model")
    assert summary.loc["rnn", ["fits", "accuracy", "log_loss"]].tolist() == [2, 0.75, 0.4]
    assert summary.loc["nb_svm", "accuracy"] == 0.5
    assert np.isnan(summary.loc["nb_svm", "log_loss"])
    (paired,) = tables["paired test"].to_dict("records")
    assert (paired["rnn"], paired["rival"], paired["McNemar's p"]) == (0.5, "nb_svm", 1)
    assert [path.name for path in results.iterdir()] == ["accuracy.json"]


def test_later_fits_of_another_record_are_merged(results, tmp_path):
    times = {"rnn": "2026-02", "network_alone": "2026-02", "nb_svm": "2026-02", "spacy": None}
    accuracy.record_fits(make_fit(model) | {"run": time} for model, time in times.items())
    (other,) = results.iterdir()
    other = other.rename(tmp_path / "other.json")
    times = {"rnn": "2026-01", "network_alone": "2026-03", "spacy": "2026-01"}
    accuracy.record_fits(make_fit(model) | {"run": time} for model, time in times.items())
    accuracy.main(["--merge", str(other), "--data", "."])
    times = {fit["model"]: fit["run"] for fit in accuracy.read_fits().values()}
    assert times == {
        "rnn": "2026-02",
        "network_alone": "2026-03",
        "spacy": "2026-01",
        "nb_svm": "2026-02",
    }


def test_the_report_has_figures_where_they_were_measured(results):
    costs = {"fit_seconds": 1.0, "texts_per_second": 100.0, "megabytes": 2.0}
    accuracy.record_fits([make_fit("rnn", log_loss=0.5, calibration_error=0.1, **costs)])
    slower = {"fit_seconds": 3.0, "texts_per_second": 50.0, "megabytes": 1.0}
    accuracy.record_fits([make_fit("nb_svm", is_right=(True, True), **slower)])
    accuracy.record_fits([make_fit("minilm", **costs) | {"other_cores": 1.5}])
    summary = report.read_summary()
    corpus = CORPORA["imdb"]
    accuracies = report.tabulate_accuracies(summary)
    assert f"| {corpus} | 0.500 | - | 1.000 | - | - | - | - | - | 0.500 |" in accuracies
    probabilities = report.tabulate_probabilities(summary)
    assert probabilities == f"| corpus | default |\n|---|---|\n| {corpus} | 0.500 / 0.100 |"
    assert report.tabulate_costs(summary).splitlines()[2:] == [
        "| default | 1 | 1 | 1 | 2 |",
        "| `nb_svm` | 1 | 3 | 0.5 | 1 |",
    ]
    published = report.tabulate_published(summary).splitlines()[2:]
    assert len(published) == len(PUBLISHED)
    assert "| imdb | NBSVM, bigrams | accuracy | 0.912 | 0.500 |" in published[0]


class ConstantRival:
    """Rival that gives all texts the same probabilities."""

    def __init__(self, task, folder):
        self.n_classes = task["n_classes"]

    def fit(self, texts, labels):
        self.proba = np.bincount(labels, minlength=self.n_classes) / len(labels)

    def predict_proba(self, texts):
        return np.tile(self.proba, (len(texts), 1))

    def save(self, path):
        path.mkdir()
        (path / "weights").write_bytes(bytes(8))


def test_an_external_rival_reads_a_task_and_writes_an_outcome(monkeypatch, tmp_path):
    module = SimpleNamespace(Rival=ConstantRival, PACKAGE="numpy")
    monkeypatch.setitem(sys.modules, "benchmarks.accuracy.rivals.constant_rival", module)
    task = {"texts": TEXTS[:3], "labels": [1, 1, 0], "test": TEXTS[:2], "n_classes": 2}
    (tmp_path / "task.json").write_text(json.dumps(task))
    child.main("constant", tmp_path)
    assert_allclose(np.load(tmp_path / "proba.npy"), [[1 / 3, 2 / 3]] * 2)
    outcome = json.loads((tmp_path / "outcome.json").read_text())
    assert (outcome["bytes"], outcome["is_timed"]) == (8, True)
    assert outcome["version"] == f"numpy {np.__version__}"
    assert 0 <= outcome["fit_seconds"] < 60


RIVAL = """#!{python}
import json, pathlib, sys, time
import numpy as np
folder = pathlib.Path(sys.argv[-1])
task = json.loads((folder / "task.json").read_text())
assert task["language"] == "de"
{action}
np.save(folder / "proba.npy", np.eye(task["n_classes"])[[1, 0]])
outcome = dict(fit_seconds=2, predict_seconds=1, bytes=3, version="a 1", is_timed=True)
(folder / "outcome.json").write_text(json.dumps(outcome))
"""


def run_rival(environments, action="", minutes=1.0):
    """Run a rival whose interpreter is a script."""
    python = environments / "fasttext" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(RIVAL.format(python=sys.executable, action=action))
    python.chmod(0o755)
    return measure(environments, minutes)


def measure(environments, minutes=1.0):
    return measure_external(
        "fasttext",
        (TEXTS, LABELS),
        TEXTS[:2],
        analyzer="word",
        language="de",
        environments=environments,
        minutes=minutes,
        embeddings=None,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="The rival is a script with a first line #!.")
def test_an_external_rival_runs_in_its_environment(tmp_path):
    outcome = run_rival(tmp_path)
    assert outcome.predicted.tolist() == [1, 0]
    assert (outcome.fit_seconds, outcome.n_bytes, outcome.version) == (2, 3, "a 1")


@pytest.mark.skipif(sys.platform == "win32", reason="The rival is a script with a first line #!.")
def test_an_external_rival_that_takes_too_long_is_skipped(tmp_path):
    with pytest.raises(SkippedError, match=r"^It has not ended after 0\.001 minutes\.$"):
        run_rival(tmp_path, action="time.sleep(60)", minutes=0.001)


@pytest.mark.skipif(sys.platform == "win32", reason="The rival is a script with a first line #!.")
def test_the_error_of_an_external_rival_is_shown(tmp_path):
    with pytest.raises(RuntimeError, match=r"(?s)^The rival fasttext failed:\n.*no such model"):
        run_rival(tmp_path, action="raise ValueError('no such model')")


def test_an_external_rival_without_environment_is_skipped(tmp_path):
    with pytest.raises(SkippedError) as caught:
        measure(tmp_path)
    assert str(caught.value) == (
        f"There is no {tmp_path / 'fasttext' / 'bin' / 'python'}. To make it: python -m "
        f"benchmarks.accuracy.environments --rival fasttext --environments {tmp_path}"
    )


@pytest.mark.parametrize("name", EXTERNAL)
def test_an_external_rival_has_pinned_requirements_and_no_code_of_the_package(name):
    folder = Path(child.__file__).parent
    lines = (folder / f"requirements-{name}.txt").read_text().splitlines()
    assert all(line.startswith("#") or "==" in line for line in lines)
    assert "sklearn_rnn" not in (folder / f"{name}_rival.py").read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="It reads Linux's /proc.")
def test_processor_time_of_other_processes_is_not_negative():
    with OtherProcesses() as others:
        sum(range(10**6))
    assert others.n_cores >= 0
