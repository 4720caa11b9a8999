"""The corpus of each target, replayed without atheris, and within a multiple of memory."""

import tracemalloc
from importlib import import_module
from pathlib import Path

import pytest

from tests.fuzz import TARGETS

CORPUS = Path(__file__).parent / "corpus"

INPUTS = sorted(path for target in TARGETS for path in (CORPUS / target).iterdir())


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_an_input_of_the_corpus(path):
    check = import_module(f"tests.fuzz.{path.parent.name}").check
    data = path.read_bytes()
    check(data)  # the first call fits and imports what the others use too
    tracemalloc.start()
    try:
        check(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2**24 + 1000 * len(data)


def test_every_folder_of_the_corpus_is_a_target():
    assert {folder.name for folder in CORPUS.iterdir()} == set(TARGETS)
