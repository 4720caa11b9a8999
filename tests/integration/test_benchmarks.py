"""Benchmarks that depend most on the package, run on little data."""

import sys
from argparse import Namespace
from importlib import import_module

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from scipy.special import softmax

from benchmarks.reference_systems.comparison import SYSTEMS, compare
from benchmarks.speed import __main__ as speed
from benchmarks.speed import cells, overhead, width
from benchmarks.speed.onnx_rival import ExportedNet
from sklearn_rnn.datasets import make_word_order

TEXTS, LABELS = make_word_order(32, random_state=0)
LABELS = np.unique(LABELS, return_inverse=True)[1]
IDS = np.random.default_rng(0).integers(2, 20, (32, 6)).astype(np.int32)


@pytest.mark.parametrize("section", [cells, overhead])
def test_speed_section_that_uses_private_code(section, monkeypatch):
    monkeypatch.setattr(section, "load_ids", lambda *args, **kwargs: (IDS, LABELS))
    tables = section.run(Namespace(data=None, texts=32, runs=1))
    for title, table in tables.items():
        column = "reached" if title == "targets" else "seconds"
        assert np.isfinite(table[column].astype(float)).all()


@pytest.mark.skipif(sys.platform != "linux", reason="measures memory by Linux's /proc")
def test_speed_section_of_widths(monkeypatch):
    def run_here(module, task, *arguments):
        return width.TASKS[task](*map(str, arguments))

    monkeypatch.setattr(width, "run_module", run_here)
    monkeypatch.setattr(width, "load_texts", lambda *args: (list(TEXTS), LABELS))
    monkeypatch.setattr(width, "load_ids", lambda *args: (IDS, LABELS))
    tables = width.run(Namespace(data=".", texts=32, runs=2))
    assert tables["padding"]["columns"].tolist() == [6, 12, 24, 48]
    fits = tables["the default Pipeline"]
    assert (fits["columns"] == 400).all()
    assert (fits["texts with other ids"] == 0).all()
    for title in ("padding", "the default Pipeline"):
        assert np.isfinite(tables[title]).all(axis=None)


def test_ids_of_two_widths_are_compared():
    narrow = np.array([[2, 3], [2, 0], [4, 5]])
    wide = np.array([[2, 3, 0], [2, 0, 0], [4, 6, 5]])
    assert width.count_differences(narrow, wide) == 1
    assert width.count_differences(narrow[:2], wide[:2]) == 0
    assert width.count_differences(np.array([[2, 3]]), np.array([[2, 3, 4]])) == 1


@pytest.mark.parametrize("cell_type", ["lstm", "gru"])
def test_onnx_rival_is_the_same_network(make_classifier, cell_type):
    classifier = make_classifier(cell_type=cell_type, pooling=("max", "mean"), linear_ngrams=0)
    classifier.fit(IDS, LABELS)
    net = ExportedNet(classifier).eval()
    with torch.no_grad():
        logits = net(torch.from_numpy(IDS), torch.full((32,), 6))
    assert_allclose(softmax(logits.numpy(), 1), classifier.predict_proba(IDS), atol=1e-6)


@pytest.mark.parametrize("ours_alone", [False, True])
def test_a_reference_system_and_its_rival(ours_alone):
    corpus = TEXTS, LABELS
    row = compare(
        "R3 tiny",
        corpus,
        corpus,
        None,
        seeds=1,
        our_epochs=1,
        their_epochs=2,
        ours_alone=ours_alone,
    )
    assert row["training texts"] == 32
    assert row["our epochs"] == 1
    assert 0 <= row["ours"] <= 1
    if ours_alone:
        assert not any("their" in name for name in row)
    else:
        assert row["their epochs"] == 2
        assert row["times as fast"] == row["their seconds"] / row["our seconds"]


def test_every_reference_system_has_a_rival():
    assert len(SYSTEMS) == 28
    assert all(callable(system.recipe) for system in SYSTEMS.values())


def test_every_section_of_speed_is_a_module():
    for section in speed.SECTIONS:
        assert callable(import_module(f"benchmarks.speed.{section}").run)


def test_a_section_that_cannot_run_is_skipped(monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    speed.main(["gpu", "--data", "."])
    assert capsys.readouterr().out == "\ngpu: skipped. torch finds no GPU here.\n"
