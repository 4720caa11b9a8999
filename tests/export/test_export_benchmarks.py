"""Benchmarks of exported models, run on little data."""

from argparse import Namespace
from importlib import import_module

import numpy as np
import pytest

from benchmarks.export import __main__ as export_benchmarks
from benchmarks.export import quantization
from sklearn_rnn.datasets import make_word_order


@pytest.mark.parametrize("section", export_benchmarks.SECTIONS)
def test_every_section_has_a_function(section):
    assert callable(import_module(f"benchmarks.export.{section}").run)


def test_quantization(monkeypatch):
    texts, labels = make_word_order(200, random_state=0)
    corpus = texts, np.unique(labels, return_inverse=True)[1]
    monkeypatch.setattr(quantization, "load_texts", lambda *_: corpus)
    monkeypatch.setattr(quantization, "CORPORA", ("generated",))
    tables = quantization.run(Namespace(data=None, texts=150, runs=1))
    table = tables["generated"]
    assert list(table.index) == ["float32", "int8", "int8 by onnxruntime"]
    assert table.loc["int8", "MB"] < table.loc["float32", "MB"]
    assert table.loc["float32", "largest difference of probabilities"] <= 1e-5
    assert np.isfinite(table["texts per second"]).all()
