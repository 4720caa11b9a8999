"""Benchmarks of fits to files, run on little data."""

from argparse import Namespace
from importlib import import_module

import numpy as np
import pytest

from benchmarks.large import __main__ as large
from benchmarks.large import accuracy
from benchmarks.large.shards import CHARACTERS, resample, write_shards
from sklearn_rnn.datasets import make_word_order, read_texts

TEXTS, LABELS = make_word_order(60, random_state=0)
LABELS = np.unique(LABELS, return_inverse=True)[1]


def test_every_section_is_a_module():
    for section in large.SECTIONS:
        pytest.importorskip("resource", reason="Windows has no limits of resources")
        assert callable(import_module(f"benchmarks.large.{section}").run)


def test_resampled_texts_have_sentences_of_their_class(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.large.shards.SHARD_SIZE", 3)
    texts = [f"It was {word}. So {word}! Very" for word in ("good", "bad") * 2]
    rows = list(resample(texts, np.array([1, 0, 1, 0]), 7))
    for text, label in rows:
        assert ("good" in text, "bad" in text) == ((True, False) if label else (False, True))
        assert CHARACTERS - 1 <= len(text) < CHARACTERS + 20
    write_shards(tmp_path, rows)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"part-0000{number}.csv" for number in range(3)
    ]
    bunch = read_texts(tmp_path)
    assert list(zip(bunch.data, bunch.target, strict=True)) == rows


def test_fits_to_files_are_compared_with_fits_in_memory(monkeypatch):
    monkeypatch.setattr(accuracy, "CORPORA", ["word order"])
    monkeypatch.setattr(accuracy, "load_texts", lambda *_: (TEXTS.tolist(), LABELS))
    options = Namespace(data=None, texts=None, chunk_size=30, seeds=1)
    tables = accuracy.run(options)
    assert tables["accuracy"]["way"].tolist() == list(accuracy.WAYS)
    assert tables["targets"]["met"].tolist() == ["yes"]
