"""Target: `load_word_vectors` of text and binary files."""

import io
import warnings
from unittest import mock

import numpy as np
from numpy.testing import assert_allclose

from sklearn_rnn import load_word_vectors
from tests.fuzz.inputs import check_error, make_source, split
from tests.io.vector_formats import as_binary, as_word2vec

BY_PANDAS = "sklearn_rnn._io.vector_text._parse_by_pandas"


def check(data):
    options, content = split(data, 3)
    read = load(content, options)
    with mock.patch(BY_PANDAS, return_value=None):
        read_by_line = load(content, options)
    if isinstance(read, ValueError):
        check_error(read, "<stream>")
        assert str(read) == str(read_by_line)
        return
    assert read.words == read_by_line.words
    assert_allclose(read.matrix, read_by_line.matrix, rtol=1e-6)
    assert np.isfinite(read.matrix).all()
    check_written(read)


def load(content, options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return load_word_vectors(make_source(content, options))
        except ValueError as error:
            return error


def check_written(read):
    """Assert that words and vectors are read as they were written."""
    files = []
    # Numbers whose bytes are text, for example "1 2\n", cannot be told from text.
    is_text = read.matrix[0].tobytes().partition(b"\n")[0].isascii()
    if not is_text and not any(" " in word or word.startswith("\n") for word in read.words):
        files.append(as_binary(read.words, read.matrix))
    if all(word.isprintable() and " " not in word for word in read.words):
        files.append(as_word2vec(read.words, read.matrix))
    for file in files:
        assert load_word_vectors(io.BytesIO(file)) == read
