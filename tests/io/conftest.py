"""Files of texts and of word vectors, written for a test."""

import pytest

from sklearn_rnn import WordVectors
from tests.io.vector_formats import MATRIX, WORDS


@pytest.fixture
def vectors():
    return WordVectors(WORDS, MATRIX)


@pytest.fixture
def write_vectors(tmp_path):
    """Return a function that writes a file of the given content and returns its path."""

    def write(content, name="vectors"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a file of the given name and content and returns its path."""

    def write(name, content):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write
