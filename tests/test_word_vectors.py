import gzip
import pickle
import re
import struct
from collections import Counter
from copy import copy, deepcopy
from types import SimpleNamespace

import joblib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sklearn_rnn import WordVectors, load_word_vectors
from sklearn_rnn._ids import UNK
from sklearn_rnn._io import binary_vectors, text_vectors
from sklearn_rnn._io.vector_files import read_vectors

WORDS = ("film", "good", "naïve", "\u3000")
MATRIX = np.array([[0.5, -1.0, 2.0], [1.5, 0.0, 1e-3], [-7.0, 3.25, 1e20], [0.0, 1.0, -0.125]])


@pytest.fixture
def vectors():
    return WordVectors(WORDS, MATRIX)


@pytest.fixture
def write(tmp_path):
    """Write a file of this content, and return its path."""

    def write(content, name="vectors"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def set_block_size(monkeypatch, n_bytes):
    for module in (text_vectors, binary_vectors):
        monkeypatch.setattr(module, "_BLOCK", n_bytes)


def as_glove(words, matrix, end="\n"):
    rows = np.asarray(matrix, dtype=np.float32).tolist()
    return "".join(
        f"{word} {' '.join(map(repr, row))}{end}" for word, row in zip(words, rows, strict=True)
    ).encode()


def as_word2vec(words, matrix):
    return f"{len(words)} {np.shape(matrix)[1]}\n".encode() + as_glove(words, matrix)


def as_fasttext(words, matrix):
    return f"{len(words)} {np.shape(matrix)[1]}\n".encode() + as_glove(words, matrix, end=" \n")


def as_binary(words, matrix, end=b"\n"):
    parts = [f"{len(words)} {np.shape(matrix)[1]}\n".encode()]
    for word, row in zip(words, matrix, strict=True):
        word = word if isinstance(word, bytes) else word.encode()
        parts += [word, b" ", np.asarray(row, dtype="<f4").tobytes(), end]
    return b"".join(parts)


def as_gensim_binary(words, matrix):
    return as_binary(words, matrix, end=b"")


FORMATS = [as_glove, as_word2vec, as_fasttext, as_binary, as_gensim_binary]
PACKINGS = [bytes, gzip.compress]


def assert_fails_with(message, path):
    message = re.escape(message.format(path=path))
    with pytest.raises(ValueError, match=rf"^{message}\Z"):
        load_word_vectors(path)


# What is read


@pytest.mark.parametrize("pack", PACKINGS)
@pytest.mark.parametrize("format", FORMATS)
def test_each_format_gzipped_or_not(write, format, pack, vectors):
    assert load_word_vectors(write(pack(format(WORDS, MATRIX)))) == vectors
    assert load_word_vectors(str(write(pack(format(WORDS, MATRIX)), "odd.name"))) == vectors


words_of_any_script = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zs"]), min_size=1, max_size=8
)
numbers = st.floats(allow_nan=False, allow_infinity=False, width=32)


@st.composite
def vectors_of_any_kind(draw):
    words = draw(st.lists(words_of_any_script, min_size=1, max_size=6, unique=True))
    width = draw(st.integers(1, 5))
    return words, draw(arrays(np.float32, (len(words), width), elements=numbers))


@pytest.mark.parametrize("format", FORMATS)
@given(content=vectors_of_any_kind())
def test_any_words_and_numbers(tmp_path_factory, format, content):
    words, matrix = content
    path = tmp_path_factory.mktemp("vectors") / "a"
    path.write_bytes(format(words, matrix))
    read = load_word_vectors(path)
    assert read.words == tuple(words)
    assert_array_equal(read.matrix, matrix)


@pytest.mark.parametrize("pack", PACKINGS)
@pytest.mark.parametrize("format", FORMATS)
def test_a_file_of_many_blocks(write, monkeypatch, format, pack):
    set_block_size(monkeypatch, 10_000)
    rng = np.random.default_rng(0)
    words = [f"word{n}" for n in range(5000)]
    matrix = rng.normal(size=(5000, 20)).astype(np.float32)
    read = load_word_vectors(write(pack(format(words, matrix))))
    assert read.words == tuple(words)
    assert_array_equal(read.matrix, matrix)


def test_a_vector_wider_than_a_block(write, monkeypatch, vectors):
    set_block_size(monkeypatch, 2)
    for format in FORMATS:
        assert load_word_vectors(write(format(WORDS, MATRIX))) == vectors


@pytest.mark.parametrize("first", ["the", "of the"])
def test_words_with_spaces_as_in_glove_840b(write, first):
    content = f"{first} 1 2\n. . . 3 4\nat name@domain.com 5 6\nend 7 8\n"
    read = load_word_vectors(write(content))
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
def test_text_of_other_hands(write, content):
    read = load_word_vectors(write(content))
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
def test_words_that_a_reader_of_tables_might_change(write, monkeypatch, words, block):
    set_block_size(monkeypatch, block)
    matrix = np.arange(2 * len(words)).reshape(-1, 2)
    for format in (as_word2vec, as_fasttext):
        read = load_word_vectors(write(format(words, matrix)))
        assert read.words == words
        assert_array_equal(read.matrix, matrix)


def test_words_that_look_like_numbers_or_nothing(write):
    read = load_word_vectors(write('1 1 2\nnan 3 4\n\x85 5 6\n\u2028 7 8\n" 9 10\n# 11 12\n'))
    assert read.words == ("1", "nan", "\x85", "\u2028", '"', "#")


@pytest.mark.parametrize("format", FORMATS)
def test_of_a_word_that_is_repeated_the_first_vector_is_kept(write, format):
    path = write(format(["a", "b", "a", "c", "a"], np.arange(10).reshape(5, 2)))
    message = f"{path}: 2 of 5 words came before. The first vector is kept."
    with pytest.warns(UserWarning, match=rf"^{re.escape(message)}\Z") as warned:
        read = load_word_vectors(path)
    (warning,) = warned
    assert warning.filename == __file__
    assert read.words == ("a", "b", "c")
    assert read.matrix.tolist() == [[0, 1], [2, 3], [6, 7]]


def test_words_of_a_binary_file_that_are_cut_within_a_character(write):
    path = write(as_binary(["a", "é".encode()[:1], b"x\xff", "b"], np.arange(8).reshape(4, 2)))
    message = f"{path}: 2 of 4 words are not UTF-8. They are left out."
    with pytest.warns(UserWarning, match=rf"^{re.escape(message)}\Z") as warned:
        read = load_word_vectors(path)
    assert len(warned) == 1
    assert read.words == ("a", "b")
    assert read.matrix.tolist() == [[0, 1], [6, 7]]


def test_no_word_of_a_binary_file_is_utf8(write):
    path = write(as_binary([b"\xff"], [[1.0, 2.0]]))
    with pytest.warns(UserWarning, match="1 of 1 words are not UTF-8"):
        assert_fails_with("{path} holds no words. " + ACCEPTED, path)


def test_what_is_read_cannot_be_written_to_and_is_not_copied(write):
    words, matrix = read_vectors(write(as_glove(WORDS, MATRIX)))
    assert not matrix.flags.writeable
    assert np.shares_memory(WordVectors(words, matrix).matrix, matrix)


# What is refused

ACCEPTED = (
    "Word vectors are read from GloVe text, word2vec text or binary, and fastText .vec files, "
    "compressed with gzip or not."
)
CUT = "The file is cut off or damaged here: get it again."
SPACES = "A row is a word and its numbers, separated by single spaces."
FINITE = "Take the vector out, or get the file again."
BROKEN = [
    ("", "{path} is empty."),
    (
        "PK\x03\x04",
        "{path} is a zip archive. Unpack it, and pass the file of vectors that is in it.",
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
        "{path}, line 1: there is no word with its numbers, separated by spaces, but "
        "'word,x,y'. " + ACCEPTED,
    ),
    (
        "<!DOCTYPE html>\n<html>404</html>\n",
        "{path}, line 1: there is no word with its numbers, separated by spaces, but "
        "'<!DOCTYPE html>'. " + ACCEPTED,
    ),
    (
        "good\t1\t2\n",
        "{path}, line 1: there is no word with its numbers, separated by spaces, but "
        r"'good\t1\t2'. " + ACCEPTED,
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
    ("a 1 2\nb 1 2,5\n", "{path}, line 2: '2,5' is not a number. " + SPACES),
    ("a 1 2\nb 1  2\n", "{path}, line 2: '' is not a number. " + SPACES),
    ("a 1 2\nb 1 NA\n", "{path}, line 2: 'NA' is not a number. " + SPACES),
    ("2 2\na 1 True\nb 1 False\n", "{path}, line 2: 'True' is not a number. " + SPACES),
    ("a 1 x\nb 1 2\n", "{path}, line 1: 'x' is not a number. " + SPACES),
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
        "{path}: the header says 4 vectors of 3 numbers, and there is more after them. The header "
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
def test_a_broken_file_is_named_with_the_place(write, monkeypatch, content, message, pack, block):
    set_block_size(monkeypatch, block)
    content = content.encode() if isinstance(content, str) else content
    assert_fails_with(message, write(pack(content)))


@pytest.mark.parametrize(
    ("format", "place"),
    [(as_glove, "line"), (as_word2vec, "line"), (as_binary, "vector")],
)
def test_a_gzip_file_cut_in_half(write, format, place):
    matrix = np.random.default_rng(0).normal(size=(20_000, 20))
    packed = gzip.compress(format([f"word{n}" for n in range(20_000)], matrix), compresslevel=1)
    path = write(packed[: len(packed) // 2])
    message = (
        rf"^{re.escape(str(path))}, {place} (\d+): the gzip data are cut off or damaged from about "
        r"here \(Compressed file ended before the end-of-stream marker was reached\)\. "
        r"Get the file again\.$"
    )
    with pytest.raises(ValueError, match=message) as error:
        load_word_vectors(path)
    assert 8_000 < int(re.search(message, str(error.value))[1]) < 10_100


def test_a_gzip_file_that_is_damaged(write):
    packed = bytearray(gzip.compress(as_glove(WORDS, MATRIX)))
    packed[-8] ^= 1
    path = write(packed)
    message = rf"^{re.escape(str(path))}, line 5: the gzip data are cut off or damaged from about "
    with pytest.raises(ValueError, match=message):
        load_word_vectors(path)


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match=re.escape(str(tmp_path / "none"))):
        load_word_vectors(tmp_path / "none")
    assert_fails_with("{path} is a folder. Pass the file of word vectors.", tmp_path)


@pytest.mark.parametrize(
    ("words", "matrix", "error", "message"),
    [
        ("ab", [[1], [2]], TypeError, "words is one str. Pass a list, or wrap it in one."),
        (
            ["a", b"b"],
            [[1], [2]],
            TypeError,
            "words has b'b' of type bytes. Words are str; decode bytes.",
        ),
        (
            [],
            np.empty((0, 3)),
            ValueError,
            "words is empty. Pass at least one word with its vector.",
        ),
        (
            ["a", "b", "c", "b"],
            np.ones((4, 2)),
            ValueError,
            "words has 'b' more than once. Pass each word once.",
        ),
        (
            ["a", "b"],
            np.ones((3, 2)),
            ValueError,
            "matrix has the shape (3, 2), and there are 2 words. Pass one row per word, of at "
            "least one number.",
        ),
        (
            ["a", "b"],
            [1, 2],
            ValueError,
            "matrix has the shape (2,), and there are 2 words. Pass one row per word, of at "
            "least one number.",
        ),
        (
            ["a", "b"],
            np.ones((2, 0)),
            ValueError,
            "matrix has the shape (2, 0), and there are 2 words. Pass one row per word, of at "
            "least one number.",
        ),
        *(
            (
                ["a", "b", "c"],
                [[1.0], [number], [0.0]],
                ValueError,
                "matrix has a number that is not finite in float32, in the vector of 'b'. Take "
                "the word and its vector out.",
            )
            for number in [np.nan, -np.inf, 1e39]
        ),
    ],
)
def test_words_and_matrix_are_checked(words, matrix, error, message):
    with pytest.raises(error) as raised:
        WordVectors(words, matrix)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("matrix", "reason"),
    [([[1, 2], [3]], "inhomogeneous shape"), ([["x"], [1]], "could not convert string to float")],
)
def test_a_matrix_that_is_none(matrix, reason):
    """The reason is NumPy's, whose words change."""
    message = (
        rf"^matrix is no array of numbers \(.*{reason}.*\)\. Pass one row of numbers per word\.$"
    )
    with pytest.raises(ValueError, match=message):
        WordVectors(["a", "b"], matrix)


# What it is


def test_words_ids_and_vectors_go_together(vectors):
    assert len(vectors) == 4
    assert vectors.words == WORDS
    assert vectors.embedding_dim == 3
    assert vectors.matrix.dtype == np.float32
    assert repr(vectors) == "WordVectors(n_words=4, embedding_dim=3)"
    for word, id_ in vectors.vocabulary.items():
        assert word in vectors
        assert_array_equal(vectors[word], MATRIX[id_ - UNK - 1].astype(np.float32))
    assert sorted(vectors.vocabulary.values()) == [2, 3, 4, 5]


def test_a_word_without_a_vector(vectors):
    assert "bad" not in vectors
    with pytest.raises(KeyError) as raised:
        vectors["bad"]
    assert raised.value.args == ("'bad' has no vector; test it by 'word in vectors'",)


@pytest.mark.parametrize("convert", [np.copy, np.float32, np.ndarray.tolist])
def test_it_never_changes(vectors, convert):
    words, matrix = list(WORDS), convert(MATRIX)
    built = WordVectors(words, matrix)
    words[0] = "other"
    matrix[0][0] = 99
    built.vocabulary["film"] = 99
    assert built == vectors
    assert built.vocabulary["film"] == 2
    for array in (vectors.matrix, vectors["film"], vectors.restrict(WORDS).matrix):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
    for name in ("words", "matrix", "embedding_dim", "vocabulary"):
        with pytest.raises(AttributeError):
            setattr(vectors, name, None)


def test_numpy_words_become_str():
    vectors = WordVectors(np.array(["a", "b"]), np.eye(2))
    assert {type(word) for word in vectors.words} == {str}


def test_a_read_only_matrix_is_shared_a_writeable_one_copied():
    matrix = np.ones((4, 3), dtype=np.float32)
    assert not np.shares_memory(WordVectors(WORDS, matrix).matrix, matrix)
    matrix.flags.writeable = False
    assert np.shares_memory(WordVectors(WORDS, matrix).matrix, matrix)


def test_equality_is_that_of_contents(vectors):
    other = MATRIX.copy()
    other[3, 2] += 1
    same = WordVectors(list(WORDS), MATRIX)
    assert vectors == same
    assert hash(vectors) == hash(same)
    assert vectors != WordVectors(WORDS, other)
    assert vectors != WordVectors(WORDS[::-1], MATRIX)
    assert vectors != WordVectors(WORDS, MATRIX[:, :2])
    assert vectors != list(WORDS)


# Copies, pickles, searches


class Takes(BaseEstimator):
    """An estimator that takes word vectors and prefers long ones."""

    def __init__(self, vectors=None):
        self.vectors = vectors

    def fit(self, X, y=None):
        return self

    def score(self, X, y=None):
        return 0 if self.vectors is None else self.vectors.embedding_dim


def test_copies_are_itself(vectors):
    assert copy(vectors) is vectors
    assert deepcopy(vectors) is vectors
    assert deepcopy([vectors])[0] is vectors
    assert clone(vectors, safe=False) is vectors
    pipeline = make_pipeline(Takes(vectors), Takes(vectors))
    cloned = clone(pipeline)
    assert cloned[0].vectors is cloned[1].vectors is vectors
    assert repr(Takes(vectors)) == "Takes(vectors=WordVectors(n_words=4, embedding_dim=3))"


def test_a_search_over_several(vectors):
    short = WordVectors(WORDS, MATRIX[:, :2])
    search = GridSearchCV(Takes(), {"vectors": [None, short, vectors]}, cv=2)
    search.fit(np.zeros((4, 1)))
    assert search.best_params_["vectors"] is vectors
    assert list(search.cv_results_["param_vectors"]) == [None, short, vectors]
    search = GridSearchCV(Takes(), {"vectors": [short, vectors]}, cv=2).fit(np.zeros((4, 1)))
    assert list(search.cv_results_["param_vectors"]) == [short, vectors]
    assert list(search.cv_results_["mean_test_score"]) == [2, 3]


def test_a_pickle_is_as_large_as_words_and_numbers():
    words = [f"wörd{n}" for n in range(1000)]
    vectors = WordVectors(words, np.random.default_rng(0).normal(size=(1000, 50)))
    content = pickle.dumps(vectors)
    assert len(content) < vectors.matrix.nbytes + len("".join(words).encode()) + 4 * 1000 + 1000
    # One matrix in the pickle of a pipeline whose steps share it.
    assert len(pickle.dumps([Takes(vectors), Takes(vectors)])) < len(content) + 1000
    read = pickle.loads(content)
    assert read == vectors
    assert read["wörd7"].tolist() == vectors["wörd7"].tolist()
    assert not read.matrix.flags.writeable


@given(
    words=st.lists(st.text(max_size=4), min_size=1, max_size=5, unique=True),
    protocol=st.integers(2, pickle.HIGHEST_PROTOCOL),
)
def test_a_pickle_keeps_any_words(words, protocol):
    vectors = WordVectors(words, np.arange(2 * len(words)).reshape(-1, 2))
    read = pickle.loads(pickle.dumps(vectors, protocol=protocol))
    assert read == vectors
    assert read.words == tuple(words)


def test_joblib_maps_the_matrix_into_memory(vectors, tmp_path):
    joblib.dump(vectors, tmp_path / "vectors.joblib")
    read = joblib.load(tmp_path / "vectors.joblib", mmap_mode="r")
    assert isinstance(read.matrix.base, np.memmap)
    assert type(read.matrix) is np.ndarray
    assert read == vectors
    assert joblib.hash(read) == joblib.hash(vectors)
    assert pickle.loads(pickle.dumps(read)) == vectors
    assert_array_equal(read.restrict({"good"}).matrix, [vectors["good"]])


def test_a_memory_mapped_matrix_is_not_copied(tmp_path):
    np.save(tmp_path / "matrix.npy", MATRIX.astype(np.float32))
    mapped = np.load(tmp_path / "matrix.npy", mmap_mode="r")
    assert np.shares_memory(WordVectors(WORDS, mapped).matrix, mapped)


def test_joblib_hashes_contents(vectors, write):
    hash_ = joblib.hash(vectors)
    assert joblib.hash(load_word_vectors(write(as_glove(WORDS, MATRIX)))) == hash_
    assert joblib.hash(load_word_vectors(write(as_binary(WORDS, MATRIX)))) == hash_
    assert joblib.hash(pickle.loads(pickle.dumps(vectors))) == hash_
    assert joblib.hash(Takes(vectors)) == joblib.hash(clone(Takes(vectors)))
    assert joblib.hash(WordVectors(WORDS, MATRIX * 2)) != hash_
    assert joblib.hash(WordVectors(WORDS[::-1], MATRIX)) != hash_
    # The same letters, divided otherwise.
    assert joblib.hash(WordVectors(["ab", "c"], np.eye(2))) != joblib.hash(
        WordVectors(["a", "bc"], np.eye(2))
    )


def test_what_is_pickled_and_hashed_is_no_list_of_words(vectors):
    """To hash 400,000 str takes joblib over a second."""
    _, (joined, lengths, matrix) = vectors.__reduce__()
    assert joined == "".join(WORDS)
    assert lengths.tolist() == [4, 4, 5, 1]
    assert matrix is vectors.matrix


# Some of the words


@pytest.mark.parametrize(
    "words",
    [
        ["good", "bad", "film", "good"],
        {"film", "good"},
        Counter(good=2, film=1),
        {"good": 2, "film": 3, "bad": 4},
        iter(("good", "film")),
    ],
)
def test_restrict_keeps_the_order_of_the_file(vectors, words):
    restricted = vectors.restrict(words)
    assert restricted.words == ("film", "good")
    assert restricted.vocabulary == {"film": 2, "good": 3}
    assert_array_equal(restricted.matrix, vectors.matrix[:2])
    assert not np.shares_memory(restricted.matrix, vectors.matrix)


def test_restrict_to_nothing(vectors):
    message = (
        "None of the 2 words has a vector. Check that they are written as in these vectors, whose "
        "first words are 'film', 'good', 'naïve', '\\u3000'."
    )
    with pytest.raises(ValueError, match=rf"^{re.escape(message)}\Z"):
        vectors.restrict(["Film", "Good"])


def test_one_str_is_no_list_of_words(vectors):
    with pytest.raises(TypeError) as raised:
        vectors.restrict("film")
    assert str(raised.value) == "words is one str. Pass a list, or wrap it in one."
    with pytest.raises(TypeError) as raised:
        vectors.coverage("film")
    assert str(raised.value) == "tokens is one str. Pass a list, or wrap it in one."


TOKENS = ["good", "film", "but", "no", "good", "actor", "but", "good"]


@pytest.mark.parametrize("convert", [list, iter, Counter, np.array])
def test_coverage_by_words_and_by_occurrences(vectors, convert):
    coverage = vectors.coverage(convert(TOKENS))
    assert (coverage.n_words, coverage.n_found) == (5, 2)
    assert (coverage.n_occurrences, coverage.n_occurrences_found) == (8, 4)
    assert coverage.missing == ("but", "no", "actor")
    assert str(coverage) == (
        "2 of 5 words have a vector (40.0 %), 3 have none; 50.0 % of the occurrences have one"
    )
    assert repr(coverage) == (
        "Coverage(n_words=5, n_found=2, n_occurrences=8, n_occurrences_found=4)"
    )


def test_ids_of_a_vocabulary_are_no_counts(vectors):
    coverage = vectors.coverage({"good": 2, "bad": 3, "worse": 4})
    assert (coverage.n_occurrences, coverage.n_occurrences_found) == (3, 1)


@pytest.mark.parametrize("tokens", [[], Counter(good=0)])
def test_coverage_of_nothing(vectors, tokens):
    with pytest.raises(ValueError, match=r"^tokens is empty\. Pass at least one token\.$"):
        vectors.coverage(tokens)


# gensim


@pytest.mark.parametrize("wrap", [np.asarray, np.float64, np.float16])
def test_keyed_vectors_of_gensim(wrap):
    matrix = np.arange(6, dtype=np.float32).reshape(3, 2)
    keyed_vectors = SimpleNamespace(index_to_key=["a", "b", "c"], vectors=wrap(matrix))
    vectors = WordVectors.from_keyed_vectors(keyed_vectors)
    keyed_vectors.vectors[0, 0] = 99
    assert vectors == WordVectors(["a", "b", "c"], np.arange(6).reshape(3, 2))


def test_what_is_no_keyed_vectors():
    with pytest.raises(TypeError) as raised:
        WordVectors.from_keyed_vectors({"a": [1.0]})
    assert str(raised.value) == (
        "keyed_vectors must have the attributes index_to_key and vectors, as gensim's KeyedVectors "
        "has; got dict. Of a model pass model.wv."
    )


def test_the_layout_of_the_binary_format():
    """The helper of these tests writes what word2vec's own C program writes."""
    content = as_binary(["ab"], [[1.5, -2.0]])
    assert content == b"1 2\nab " + struct.pack("<2f", 1.5, -2.0) + b"\n"
