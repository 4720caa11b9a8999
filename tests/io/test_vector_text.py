"""Word vectors in text: words with spaces, separators, words that look like numbers."""

import re

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


ONE_TO_SIX = [[1, 2, 3], [4, 5, 6]]

SEPARATED = {
    "single spaces": "good 1 2 3\nbad 4 5 6\n",
    "tabs": "good\t1\t2\t3\nbad\t4\t5\t6\n",
    "a tab after the word": "good\t1 2 3\nbad\t4 5 6\n",
    "a tab and a space": "good\t 1\t 2\t 3\nbad \t4 \t5 \t6\n",
    "several spaces": "good  1   2  3\nbad 4  5 6\n",
    "columns aligned to the right": "good 1.0 2.0 3.0\n bad 4.0 5.0 6.0\n",
    "columns aligned to the left": "good 1.0 2.0  3.0  \nbad  4.0 5.0  6.0  \n",
    "another separator in each line": "good 1 2 3\nbad\t4\t5\t6\n",
    "another separator in each line, tabs first": "good\t1\t2\t3\nbad 4 5 6\n",
    "spaces at the end": "good 1 2 3  \nbad 4 5 6 \n",
    "a tab at the end": "good\t1\t2\t3\t\nbad\t4\t5\t6\t\n",
    "a tab at the end of one line": "good 1 2 3\nbad 4 5 6\t\n",
    "carriage returns and line feeds": "good\t1 2 3\r\nbad\t4 5 6\r\n",
    "carriage returns alone": "good\t1 2 3\rbad\t4 5 6\r",
    "two carriage returns": "good 1 2 3\r\r\nbad 4 5 6\r\r\n",
    "no end of the last line": "good\t1 2 3\nbad\t4 5 6",
    "no end of the last line, carriage returns": "good 1 2 3\rbad 4 5 6",
    "a byte order mark": "\ufeffgood\t1 2 3\nbad\t4 5 6\n",
    "scientific notation": "good\t1e0 2.E+0 .3e1\nbad\t+4e-0 50e-1 0.6E1\n",
}

HEADERS = ["", "2 3", "2\t3", "2  3 ", "2 3\t"]


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("block", [1, 2**22])
@pytest.mark.parametrize("content", SEPARATED.values(), ids=SEPARATED)
def test_separators(write_vectors, monkeypatch, content, header, block):
    set_block_size(monkeypatch, block)
    mark, body = ("\ufeff", content[1:]) if content[0] == "\ufeff" else ("", content)
    end = re.search(r"\r*\n|\r", content)[0]
    read = load_word_vectors(write_vectors(mark + (header + end if header else "") + body))
    assert read.words == ("good", "bad")
    assert_array_equal(read.matrix, ONE_TO_SIX)


@pytest.mark.parametrize(
    "word",
    [
        "New York",
        ". . .",
        "a  b",
        "no\u00a0break",
        "10\u00a0000",
        "\u3000",
        "a\u3000b",
        "x\x0by",
        "\x85",
        "\u2028",
        "1,000",
        "10:30",
        "5",
        "-1e5",
        "nan",
        "1/2",
        "at 5pm",
        "a=1",
        "#",
        '"',
        "[1,",
        "\u2212",
    ],
)
@pytest.mark.parametrize("separator", [" ", "\t", "  "])
@pytest.mark.parametrize("header", ["", "3 2\n"])
def test_words_that_hold_other_separators_or_numbers(write_vectors, word, separator, header):
    rows = [("good", 1, 2), (word, 3, 4), ("bad", 5, 6)]
    lines = [separator.join(map(str, row)) + "\n" for row in rows]
    read = load_word_vectors(write_vectors(header + "".join(lines)))
    assert read.words == ("good", word, "bad")
    assert_array_equal(read.matrix, [[1, 2], [3, 4], [5, 6]])


@pytest.mark.parametrize("separator", ["\t", " \t"])
def test_a_word_that_ends_in_a_number_before_a_tab(write_vectors, separator):
    content = f"good{separator}1 2\nArea 51{separator}3 4\n"
    read = load_word_vectors(write_vectors(content))
    assert read.words == ("good", "Area 51")
    read = load_word_vectors(write_vectors("2 2\n" + content))
    assert read.words == ("good", "Area 51")


def test_a_header_says_where_the_first_word_ends(write_vectors):
    assert load_word_vectors(write_vectors("1 2\nArea 51\t3\t4\n")).words == ("Area 51",)
    assert load_word_vectors(write_vectors("1 3\nArea 51\t3\t4\n")).words == ("Area",)
    assert load_word_vectors(write_vectors("1 2\nNew York 3 4\n")).words == ("New York",)


@pytest.mark.parametrize("header", ["", "2 2\n"])
def test_an_empty_word(write_vectors, header):
    for content in ("a 1 2\n 3 4\n", " 1 2\nb 3 4\n", "a\t1\t2\n\t3\t4\n", "\t1\t2\nb\t3\t4\n"):
        read = load_word_vectors(write_vectors(header + content))
        assert "" in read.words
        assert_array_equal(read.matrix, [[1, 2], [3, 4]])


ROW = "A row is a word and its numbers, separated by spaces or tabs."

NO_ROW = "is not a word and its numbers, separated by spaces or tabs. Word vectors are read from"

MISSING = "a space or tab is missing before the number at the end of"

REFUSED = [
    ("good,1,2,3\nbad,4,5,6\n", f"line 1: 'good,1,2,3' {NO_ROW}"),
    ("good;1;2;3\nbad;4;5;6\n", f"line 1: 'good;1;2;3' {NO_ROW}"),
    ("good|1|2|3\n", rf"line 1: 'good|1|2|3' {NO_ROW}"),
    ("good:0.1,0.2\n", f"line 1: 'good:0.1,0.2' {NO_ROW}"),
    ("good:1 2 3\nbad:4 5 6\n", f"line 1: {MISSING} 'good:1'. {ROW}"),
    ("good,1 2 3\nbad,4 5 6\n", f"line 1: {MISSING} 'good,1'. {ROW}"),
    ("good;-1 2 3\nbad;4 5 6\n", f"line 1: {MISSING} 'good;-1'. {ROW}"),
    ("good|1 2 3\nbad|4 5 6\n", f"line 1: {MISSING} 'good|1'. {ROW}"),
    ("good=1 2 3\nbad=4 5 6\n", f"line 1: {MISSING} 'good=1'. {ROW}"),
    ("good\u00a01 2 3\nbad\u00a04 5 6\n", rf"line 1: {MISSING} 'good\xa01'. {ROW}"),
    ("good\u30001 2 3\nbad\u30004 5 6\n", rf"line 1: {MISSING} 'good\u30001'. {ROW}"),
    ("good\x0b1\t2\t3\nbad\x0b4\t5\t6\n", rf"line 1: {MISSING} 'good\x0b1'. {ROW}"),
    ("good\x011 2 3\nbad\x014 5 6\n", rf"line 1: {MISSING} 'good\x011'. {ROW}"),
    ("good\u200b1 2 3\nbad\u200b4 5 6\n", rf"line 1: {MISSING} 'good\u200b1'. {ROW}"),
    ("good->1 2 3\nbad->4 5 6\n", f"line 1: {MISSING} 'good->1'. {ROW}"),
    ("good~1 2 3\nbad~4 5 6\n", f"line 1: {MISSING} 'good~1'. {ROW}"),
    *(
        (
            f"{header}good{end}{blank}1 2 3\nbad{end}{blank}4 5 6{last}",
            f"line {1 + bool(header)}: 'good{end}' ends in {end!r}, as the words of the next lines "
            f"do. {ROW}",
        )
        for header in ("", "2 3\n")
        for end in ",;:|="
        for blank, last in ((" ", "\n"), ("\t", "\n"), (" ", ""))
    ),
    ("good\u00a01 2 3", rf"line 1: {MISSING} 'good\xa01'. {ROW}"),
    ("2 3\ngood,1 2 3\n", "line 2: the row has 2 number(s), and the header has 3. "),
    ("2 3\ngood\u00a01 2 3\n", "line 2: the row has 2 number(s), and the header has 3. "),
    ("good 1 2 3\nbad,4 5 6\n", "line 2: the row has 2 number(s), and line 1 has 3. "),
    ("good 1 2 3\nbad\u00a04 5 6\n", "line 2: the row has 2 number(s), and line 1 has 3. "),
    ("good\t1 2 3\nbad 4 5\n", "line 2: the row has 2 number(s), and line 1 has 3. "),
    ("good\t1 2 3\nbad 4 5 6 7\n", "line 2: the row has 4 number(s), and line 1 has 3. "),
    ("good 1\u00a02 3\n", rf"line 1: '1\xa02' is not a number. {ROW}"),
    ("good 1 2\u00a03 4\n", rf"line 1: '2\xa03' is not a number. {ROW}"),
    ("good, 1, 2, 3\n", f"line 1: '1,' is not a number. {ROW}"),
    ("good 1 2 3,\nbad 4 5 6,\n", f"line 1: '3,' is not a number. {ROW}"),
    ("good [1, 2, 3]\n", f"line 1: 'good [1, 2, 3]' {NO_ROW}"),
    ("good [ 1 2 3 ]\n", f"line 1: ']' is not a number. {ROW}"),
    ("good 0,5 1,5 2,5\n", f"line 1: 'good 0,5 1,5 2,5' {NO_ROW}"),
    ("good\t0,5\t1,5\t2,5\n", rf"line 1: 'good\t0,5\t1,5\t2,5' {NO_ROW}"),
    ("good 0,5 1,5 2\n", f"line 1: '0,5' is not a number. {ROW}"),
    ("good -0,5 2\n", f"line 1: '-0,5' is not a number. {ROW}"),
    ("good 1 0,5 2\n", f"line 1: '0,5' is not a number. {ROW}"),
    ("good 1.000,5 2\n", f"line 1: '1.000,5' is not a number. {ROW}"),
    ("good 1_000 2\n", f"line 1: '1_000' is not a number. {ROW}"),
    ("good 2 1_000\n", f"line 1: '1_000' is not a number. {ROW}"),
    ("good \u22121 2\n", f"line 1: '\u22121' is not a number. {ROW}"),
    ("good \uff11 2\n", f"line 1: '\uff11' is not a number. {ROW}"),
    ("good 1 0x10\n", f"line 1: '0x10' is not a number. {ROW}"),
    ("good 1 None 2\n", f"line 1: 'None' is not a number. {ROW}"),
    ("good nan 1 2\n", "line 1: the vector of 'good' has a number that is not finite"),
    ("good\t1\tinf\n", "line 1: the vector of 'good' has a number that is not finite"),
    ("good\t-Infinity\n", "line 1: the vector of 'good' has a number that is not finite"),
    ("good 1\nbad " + "y" * 999, f"line 2: '{'y' * 40}...' is not a number. {ROW}"),
    ("1\tgood\t0.5 0.5\n", rf"line 1: the word '1\tgood' contains a tab. {ROW}"),
    ("1 2\nNew\tYork\t3\t4\n", rf"line 2: the word 'New\tYork' contains a tab. {ROW}"),
    (
        "Area 51\t1\t2\nB 52\t3\t4\n",
        "line 1: it is not clear where the word ends, before or after '51'. Write the number of "
        "vectors and their length, separated by a space, into a line before it.",
    ),
    ("word\td1\td2\ngood\t1\t2\n", rf"line 1: 'word\td1\td2' {NO_ROW}"),
    (" 2 3\ngood 1 2 3\nbad 4 5 6\n", "line 2: the row has 3 number(s), and line 1 has 2. "),
    ("2,3\ngood 1 2 3\n", f"line 1: '2,3' {NO_ROW}"),
    ("good 1 2\u2028bad 3 4\n", rf"line 1: '2\u2028bad' is not a number. {ROW}"),
    ("good 1 2\nbad 3 4\rugly 5 6\n", "line 2: the row has 3 number(s), and line 1 has 2. "),
    ("good 1 2\r\rbad 3 4\r", "line 2: the row has 0 number(s), and line 1 has 2. "),
    (
        "2 3\ngood,1,2,3\nbad,4,5,6\n",
        "vector 1: the file ends before the end of this vector, and the header says 2 vectors of "
        f"3 numbers. It is text: {ROW}",
    ),
    # Four bytes a number, as in a binary file.
    ("2 2\ngood 0,5 1,0\nbad 1,5 2,0\n", f"line 2: '0,5' is not a number. {ROW}"),
    ("2 2\ngood 0.5,1.0\nbad 1.5,2.0\n", f"line 2: '0.5,1.0' is not a number. {ROW}"),
    ("2 2\ngood\t0.5;1.0\nbad\t1.5;2.0\n", f"line 2: '0.5;1.0' is not a number. {ROW}"),
    ("2 2\ngood -.5|1.0\nbad 1.5|2.0\n", f"line 2: '-.5|1.0' is not a number. {ROW}"),
    *(
        (
            f"2 2\ngood -1.5{separator}1.0\nbad -1.5{separator}2.0\n",
            "vector 1: the numbers are text with other separators, as long as binary numbers. "
            f"{ROW}",
        )
        for separator in ":/_"
    ),
    ("2 3", "vector 1: the file ends before the end of this vector"),
    ("2 3\r", "vector 1: the file ends before the end of this vector"),
    (
        "good" + " 1" * 2**16,
        "line 1: the line has no end within 131,072 bytes, which is too long for a word and its "
        "numbers. Word vectors are read from",
    ),
]


@pytest.mark.parametrize("block", [1, 2**22])
@pytest.mark.parametrize(("content", "message"), REFUSED)
def test_other_separators_and_numbers_are_refused(
    write_vectors, monkeypatch, content, message, block
):
    set_block_size(monkeypatch, block)
    path = write_vectors(content)
    with pytest.raises(ValueError, match=rf"^{re.escape(f'{path}, {message}')}"):
        load_word_vectors(path)


@pytest.mark.parametrize("width", [2**13, 2**13 + 1])
def test_vectors_too_wide_for_a_table_of_pandas(write_vectors, width):
    numbers = np.arange(width, dtype=np.float32)
    read = load_word_vectors(write_vectors(as_word2vec(["a"], [numbers])))
    assert_array_equal(read.matrix, [numbers])


@pytest.mark.parametrize("word", ["10:30", "a#1", "a,1", "yes:", "10=ten:"])
def test_the_word_of_a_single_line_may_hold_other_separators(write_vectors, word):
    read = load_word_vectors(write_vectors(f"{word} 1 2\n"))
    assert read.words == (word,)
    assert_array_equal(read.matrix, [[1, 2]])
