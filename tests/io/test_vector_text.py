"""Word vectors in text: words with spaces, separators, words that look like numbers."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_rnn import load_word_vectors
from tests.io.vector_formats import (
    as_fasttext,
    as_word2vec,
    set_block_size,
)


@pytest.mark.parametrize("first", ["the", "of the"])
def test_words_with_spaces_as_in_glove_840b(write_vectors, first):
    content = f"{first} 1 2\n. . . 3 4\nat name@domain.com 5 6\nend 7 8\n"
    read = load_word_vectors(write_vectors(content))
    assert read.words == (first, ". . .", "at name@domain.com", "end")
    assert read.matrix.tolist() == [[1, 2], [3, 4], [5, 6], [7, 8]]


@pytest.mark.parametrize(
    "content",
    [
        "a 1 2\r\nb 3 4\r\n",
        "2 2\r\na 1 2 \r\nb 3 4 \r\n",
        "a 1 2\nb 3 4",
        "\ufeffa 1 2\nb 3 4\n",
        "\ufeff2 2\na 1 2\nb 3 4\n",
        "a 1.0e0 +2\nb 3. 4E+00\n",
        "a 1 2\nb 3 4 \n",
        "a 1 2 \nb 3 4\r\n",
    ],
)
def test_text_written_by_other_programs(write_vectors, content):
    read = load_word_vectors(write_vectors(content))
    assert read.words == ("a", "b")
    assert read.matrix.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    "words",
    [
        ("1", "2.50", "-0"),
        ("True", "False"),
        ("nan", "NA", "inf", ""),
        ("\0", "a\0b"),
        ("a", "\ufeffa", "\ufeff"),
        ("a\rb", "\r"),
        ("'", '"', '""', "#", "\\", ",", "\t"),
    ],
)
@pytest.mark.parametrize("block", [1, 2**22])
def test_words_that_a_reader_of_tables_might_change(write_vectors, monkeypatch, words, block):
    set_block_size(monkeypatch, block)
    matrix = np.arange(2 * len(words)).reshape(-1, 2)
    for format in (as_word2vec, as_fasttext):
        read = load_word_vectors(write_vectors(format(words, matrix)))
        assert read.words == words
        assert_array_equal(read.matrix, matrix)


def test_words_that_look_like_numbers_or_nothing(write_vectors):
    read = load_word_vectors(
        write_vectors('1 1 2\nnan 3 4\n\x85 5 6\n\u2028 7 8\n" 9 10\n# 11 12\n')
    )
    assert read.words == ("1", "nan", "\x85", "\u2028", '"', "#")
