"""Word vectors in binary: the layout, and words that are not UTF-8."""

import re
import struct

import numpy as np
import pytest

from sklearn_rnn import load_word_vectors
from tests.io.vector_formats import (
    as_binary,
)


def test_words_of_a_binary_file_that_are_cut_within_a_character(write_vectors):
    path = write_vectors(
        as_binary(["a", "é".encode()[:1], b"x\xff", "b"], np.arange(8).reshape(4, 2))
    )
    message = f"{path}: 2 of 4 words are not UTF-8. They are left out."
    with pytest.warns(UserWarning, match=rf"^{re.escape(message)}\Z") as warned:
        read = load_word_vectors(path)
    assert len(warned) == 1
    assert read.words == ("a", "b")
    assert read.matrix.tolist() == [[0, 1], [6, 7]]


def test_the_layout_of_the_binary_format():
    """`as_binary` writes the same bytes as word2vec's C program."""
    content = as_binary(["ab"], [[1.5, -2.0]])
    assert content == b"1 2\nab " + struct.pack("<2f", 1.5, -2.0) + b"\n"
