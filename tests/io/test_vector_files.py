import bz2
import gzip
import io
import lzma
import os
import pickle
import re
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_array_equal

from sklearn_rnn import WordVectors, load_word_vectors
from sklearn_rnn._io.vector_files import read_vectors
from tests.io.vector_formats import (
    FORMATS,
    MATRIX,
    WORDS,
    as_binary,
    as_gensim_binary,
    as_glove,
    as_word2vec,
    set_block_size,
)

PACKINGS = [bytes, gzip.compress]


def assert_fails_with(message, path):
    message = re.escape(message.format(path=path))
    with pytest.raises(ValueError, match=rf"^{message}\Z"):
        load_word_vectors(path)


def zipped(content):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("vectors.txt", content)
    return file.getvalue()


def zstandard(content):
    return pytest.importorskip("zstandard").compress(content)


COMPRESSIONS = [bytes, gzip.compress, bz2.compress, lzma.compress, zipped, zstandard]


class DribblingFile:
    """A file object that returns one byte at a time and cannot seek."""

    def __init__(self, content):
        self.content = content

    def read(self, size=-1):
        byte, self.content = self.content[:1], self.content[1:]
        return byte


@pytest.mark.parametrize("compress", COMPRESSIONS)
@pytest.mark.parametrize("format", FORMATS)
def test_each_format_from_a_path_and_a_file_object(write_vectors, format, compress, vectors):
    content = compress(format(WORDS, MATRIX))
    path = write_vectors(content, "odd.name")
    assert load_word_vectors(path) == load_word_vectors(str(path)) == vectors
    assert load_word_vectors(io.BytesIO(content)) == vectors
    assert load_word_vectors(DribblingFile(content)) == vectors
    with path.open("rb") as file:
        assert load_word_vectors(file) == vectors
        assert not file.closed


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pipes with a path")
@pytest.mark.parametrize("compress", COMPRESSIONS)
@pytest.mark.parametrize("format", FORMATS)
def test_each_format_from_a_pipe(tmp_path, format, compress, vectors):
    content = compress(format(WORDS, MATRIX))
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with ThreadPoolExecutor() as pool:
        pool.submit(fifo.write_bytes, content)
        assert load_word_vectors(fifo) == vectors
    reading, writing = os.pipe()
    with ThreadPoolExecutor() as pool, open(reading, "rb"), open(writing, "wb", 0) as file:
        pool.submit(lambda: (file.write(content), file.close()))
        assert load_word_vectors(f"/dev/fd/{reading}") == vectors


@pytest.mark.parametrize("format", [as_glove, as_word2vec])
def test_a_file_object_that_returns_text(write_vectors, format, vectors):
    content = format(WORDS, MATRIX).decode()
    assert load_word_vectors(io.StringIO(content)) == vectors
    path = write_vectors(content.encode("utf-16"))
    with path.open(encoding="utf-16") as file:
        assert load_word_vectors(file) == vectors


@pytest.mark.parametrize("source", [None, 5, b"vectors.txt", ["vectors.txt"]])
def test_other_sources_are_refused(source):
    message = f"path must be a path, or a file object that is open for reading; got {type(source)}."
    with pytest.raises(TypeError, match=rf"^{re.escape(message)}$"):
        load_word_vectors(source)


words_of_any_script = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zs", "Zl", "Zp"]), min_size=1, max_size=8
)

numbers = st.floats(allow_nan=False, allow_infinity=False, width=32)


@st.composite
def vectors_of_any_kind(draw):
    words = draw(st.lists(words_of_any_script, min_size=1, max_size=6, unique=True))
    width = draw(st.integers(1, 5))
    return words, draw(arrays(np.float32, (len(words), width), elements=numbers))


@pytest.mark.parametrize("format", FORMATS)
@given(content=vectors_of_any_kind())
@example(
    content=(["0\U00018cd60"], np.float32([[0.0]]))
)  # a character that Python 3.11 does not know
def test_any_words_and_numbers(tmp_path_factory, format, content):
    words, matrix = content
    # Ends of all words are taken for separators, alone and before a number.
    for end in (r"\w[,;:|=]", r".[!-*,:-@\[-^`{-~][-+.\dinfaty]+"):
        assume(len(words) == 1 or not all(re.search(f"{end}$", word) for word in words))
    path = tmp_path_factory.mktemp("vectors") / "a"
    path.write_bytes(format(words, matrix))
    read = load_word_vectors(path)
    assert read.words == tuple(words)
    assert_array_equal(read.matrix, matrix)


@pytest.mark.parametrize("pack", PACKINGS)
@pytest.mark.parametrize("format", FORMATS)
def test_a_file_of_many_blocks(write_vectors, monkeypatch, format, pack):
    set_block_size(monkeypatch, 10_000)
    rng = np.random.default_rng(0)
    words = [f"word{n}" for n in range(5000)]
    matrix = rng.normal(size=(5000, 20)).astype(np.float32)
    read = load_word_vectors(write_vectors(pack(format(words, matrix))))
    assert read.words == tuple(words)
    assert_array_equal(read.matrix, matrix)


def test_a_vector_wider_than_a_block(write_vectors, monkeypatch, vectors):
    set_block_size(monkeypatch, 2)
    for format in FORMATS:
        assert load_word_vectors(write_vectors(format(WORDS, MATRIX))) == vectors


@pytest.mark.parametrize("format", FORMATS)
def test_the_first_vector_of_a_repeated_word_is_kept(write_vectors, format):
    path = write_vectors(format(["a", "b", "a", "c", "a"], np.arange(10).reshape(5, 2)))
    message = f"{path}: 2 of 5 words came before. The first vector is kept."
    with pytest.warns(UserWarning, match=rf"^{re.escape(message)}\Z") as warned:
        read = load_word_vectors(path)
    (warning,) = warned
    assert warning.filename == __file__
    assert read.words == ("a", "b", "c")
    assert read.matrix.tolist() == [[0, 1], [2, 3], [6, 7]]


def test_the_matrix_is_read_only_and_not_copied(write_vectors):
    words, matrix = read_vectors(write_vectors(as_glove(WORDS, MATRIX)))
    assert not matrix.flags.writeable
    assert np.shares_memory(WordVectors(words, matrix).matrix, matrix)


ACCEPTED = (
    "Word vectors are read from GloVe text, word2vec text or binary, and fastText .vec files, "
    "compressed with gzip, bzip2, xz, zstd or zip, or not."
)

CUT = "The file is cut off or damaged here: get it again."

ROW = "A row is a word and its numbers, separated by spaces or tabs."

FINITE = "Take the vector out, or get the file again."

BROKEN = [
    ("", "{path} is empty."),
    *(
        (
            content,
            "{path}, line 1: '' is not a word and its numbers, separated by spaces or tabs. "
            + ACCEPTED,
        )
        for content in ("\n", " \t\r\n", "  \n\n", "\ngood 1 2\n")
    ),
    (
        b"\xba\x16\x4f\x2f\x0c",
        "{path} is a fastText model. Pass the .vec file that fastText writes beside it.",
    ),
    (
        pickle.dumps([]),
        "{path} is a pickle. Read it with joblib.load if you wrote it with joblib.dump.",
    ),
    (
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        "{path} is no file of word vectors: it is not text. " + ACCEPTED,
    ),
    (
        "word,x,y\ngood,1,2\n",
        "{path}, line 1: 'word,x,y' is not a word and its numbers, separated by spaces or tabs. "
        + ACCEPTED,
    ),
    (
        "<!DOCTYPE html>\n<html>404</html>\n",
        "{path}, line 1: '<!DOCTYPE html>' is not a word and its numbers, separated by "
        "spaces or tabs. " + ACCEPTED,
    ),
    (
        "0 300\n",
        "{path}, line 1: the header says 0 vectors of 300 numbers. Both must be at least 1.",
    ),
    (
        "a 1 2 3\nb 1 2\nc 1 2 3\n",
        "{path}, line 2: the row has 2 number(s), and line 1 has 3. " + CUT,
    ),
    ("a 1 2\nb 1 2\nc", "{path}, line 3: the row has 0 number(s), and line 1 has 2. " + CUT),
    ("a 1 2\n\nc 1 2\n", "{path}, line 2: the row has 0 number(s), and line 1 has 2. " + CUT),
    ("a 1 2\nb 1 2 3 4\n", "{path}, line 2: the row has 4 number(s), and line 1 has 2. " + CUT),
    (
        "2 3\na 1 2\nb 1 2\n",
        "{path}, line 2: the row has 2 number(s), and the header has 3. " + CUT,
    ),
    ("a 1 2\nb 1 2,5\n", "{path}, line 2: '2,5' is not a number. " + ROW),
    ("a 1 2\nb 1 NA\n", "{path}, line 2: 'NA' is not a number. " + ROW),
    ("2 2\na 1 True\nb 1 False\n", "{path}, line 2: 'True' is not a number. " + ROW),
    ("a 1 x\nb 1 2\n", "{path}, line 1: 'x' is not a number. " + ROW),
    ("a 1 2\nb 1 2\rc 1 2\n", "{path}, line 2: the row has 3 number(s), and line 1 has 2. " + CUT),
    (
        "a 1 2\nb 1 nan\n",
        "{path}, line 2: the vector of 'b' has a number that is not finite in float32. " + FINITE,
    ),
    (
        "a 1 2\nb 1 -inf\n",
        "{path}, line 2: the vector of 'b' has a number that is not finite in float32. " + FINITE,
    ),
    (
        "2 2\na 1 2\nb 1 1e39\n",
        "{path}, line 3: the vector of 'b' has a number that is not finite in float32. " + FINITE,
    ),
    (
        b"a 1 2\nna\xefve 1 2\n",
        "{path}, line 2: byte 3 of the line, 0xef, is not UTF-8. Save the file as UTF-8.",
    ),
    (
        "3 2\na 1 2\nb 1 2\n",
        "{path}: the header says 3 vectors, and the file has 2. It is cut off: get it again.",
    ),
    (
        "5 2\n",
        "{path}, vector 1: the file ends before the end of this vector, and the header says "
        "5 vectors of 2 numbers. It is cut off: get it again.",
    ),
    (
        "1 2\na 1 2\nb 1 2\n",
        "{path}: the header says 1 vectors, and the file has 2. Correct line 1.",
    ),
    (
        as_binary(WORDS, MATRIX)[:-5],
        "{path}, vector 4: the file ends before the end of this vector, and the header says 4 "
        "vectors of 3 numbers. It is cut off: get it again.",
    ),
    (
        as_gensim_binary(WORDS, MATRIX)[:-15],
        "{path}, vector 4: the file ends before the end of this vector, and the header says 4 "
        "vectors of 3 numbers. It is cut off: get it again.",
    ),
    (
        as_binary(WORDS, MATRIX) + b"more",
        "{path}: the header says 4 vectors of 3 numbers, and the file has more data. The header "
        "is wrong, or the file is damaged: get it again.",
    ),
    (
        as_binary(["a", "b", "c"], [[1, 2], [3, 4], [np.nan, 6]]),
        "{path}, vector 3: the vector of 'c' has a number that is not finite in float32. " + FINITE,
    ),
]


@pytest.mark.parametrize("block", [1, 2**22])
@pytest.mark.parametrize("pack", PACKINGS)
@pytest.mark.parametrize(("content", "message"), BROKEN)
def test_a_broken_file_is_named_with_the_position(
    write_vectors, monkeypatch, content, message, pack, block
):
    set_block_size(monkeypatch, block)
    content = content.encode() if isinstance(content, str) else content
    assert_fails_with(message, write_vectors(pack(content)))


@pytest.mark.parametrize(
    ("format", "place"),
    [(as_glove, "line"), (as_word2vec, "line"), (as_binary, "vector")],
)
def test_a_gzip_file_cut_in_half(write_vectors, format, place):
    matrix = np.random.default_rng(0).normal(size=(20_000, 20))
    packed = gzip.compress(format([f"word{n}" for n in range(20_000)], matrix), compresslevel=1)
    path = write_vectors(packed[: len(packed) // 2])
    message = (
        rf"^{re.escape(str(path))}, {place} (\d+): the gzip data are cut off or damaged from about "
        r"here \(Compressed file ended before the end-of-stream marker was reached\)\. "
        r"Get the file again\.$"
    )
    with pytest.raises(ValueError, match=message) as error:
        load_word_vectors(path)
    assert 8_000 < int(re.search(message, str(error.value))[1]) < 10_100


def test_a_gzip_file_that_is_damaged(write_vectors):
    packed = bytearray(gzip.compress(as_glove(WORDS, MATRIX)))
    packed[-8] ^= 1
    path = write_vectors(packed)
    message = rf"^{re.escape(str(path))}, line 5: the gzip data are cut off or damaged from about "
    with pytest.raises(ValueError, match=message):
        load_word_vectors(path)


def test_a_missing_file_and_a_folder(tmp_path):
    path = str(tmp_path / "none")
    with pytest.raises(FileNotFoundError, match=re.escape(f"No such file or directory: {path!r}")):
        load_word_vectors(path)
    assert_fails_with("{path} is a folder. Pass the file of word vectors.", tmp_path)


def test_no_word_of_a_binary_file_is_utf8(write_vectors):
    path = write_vectors(as_binary([b"\xff"], [[1.0, 2.0]]))
    with pytest.warns(UserWarning, match="1 of 1 words are not UTF-8"):
        assert_fails_with("{path} holds no words. " + ACCEPTED, path)
