import pickle
import re
from collections import Counter
from copy import copy, deepcopy
from types import SimpleNamespace

import joblib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sklearn_rnn import WordVectors, load_word_vectors
from sklearn_rnn._ids import UNK
from tests.io.vector_formats import (
    MATRIX,
    WORDS,
    as_binary,
    as_glove,
)


@pytest.fixture
def vectors():
    return WordVectors(WORDS, MATRIX)


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
    [([[1, 2], [3]], "inhomogeneous shape"), ([["x"], [1]], "its elements are of type <U21")],
)
def test_a_matrix_that_is_no_array_of_numbers(matrix, reason):
    """The reason is a message of NumPy, which differs between versions."""
    message = (
        rf"^matrix is no array of numbers \(.*{reason}.*\)\. Pass one row of numbers per word\.$"
    )
    with pytest.raises(ValueError, match=message):
        WordVectors(["a", "b"], matrix)


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
def test_word_vectors_are_immutable(vectors, convert):
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


class Takes(BaseEstimator):
    """An estimator that takes word vectors and prefers long ones."""

    def __init__(self, vectors=None):
        self.vectors = vectors

    def fit(self, X, y=None):
        return self

    def score(self, X, y=None):
        return 0 if self.vectors is None else self.vectors.embedding_dim


def test_a_copy_is_the_same_object(vectors):
    assert copy(vectors) is vectors
    assert deepcopy(vectors) is vectors
    assert deepcopy([vectors])[0] is vectors
    assert clone(vectors, safe=False) is vectors
    pipeline = make_pipeline(Takes(vectors), Takes(vectors))
    cloned = clone(pipeline)
    assert cloned[0].vectors is cloned[1].vectors is vectors
    assert repr(Takes(vectors)) == "Takes(vectors=WordVectors(n_words=4, embedding_dim=3))"


def test_a_search_over_several_word_vectors(vectors):
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
    # If two steps of a pipeline share the vectors, a pickle contains the matrix once.
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


def test_joblib_hashes_contents(vectors, tmp_path):
    hash_ = joblib.hash(vectors)
    for format in (as_glove, as_binary):
        path = tmp_path / format.__name__
        path.write_bytes(format(WORDS, MATRIX))
        assert joblib.hash(load_word_vectors(path)) == hash_
    assert joblib.hash(pickle.loads(pickle.dumps(vectors))) == hash_
    assert joblib.hash(Takes(vectors)) == joblib.hash(clone(Takes(vectors)))
    assert joblib.hash(WordVectors(WORDS, MATRIX * 2)) != hash_
    assert joblib.hash(WordVectors(WORDS[::-1], MATRIX)) != hash_
    # The same letters, divided into other words.
    assert joblib.hash(WordVectors(["ab", "c"], np.eye(2))) != joblib.hash(
        WordVectors(["a", "bc"], np.eye(2))
    )


def test_words_are_pickled_and_hashed_as_one_object(vectors):
    """joblib takes over a second to hash 400,000 separate str."""
    joined, lengths, matrix = vectors.__getstate__()
    assert joined == "".join(WORDS).encode()
    assert lengths.tolist() == [4, 4, 5, 1]
    assert matrix is vectors.matrix


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


@pytest.mark.parametrize("wrap", [np.asarray, np.float64, np.float16])
def test_keyed_vectors_of_gensim(wrap):
    matrix = np.arange(6, dtype=np.float32).reshape(3, 2)
    keyed_vectors = SimpleNamespace(index_to_key=["a", "b", "c"], vectors=wrap(matrix))
    vectors = WordVectors.from_keyed_vectors(keyed_vectors)
    keyed_vectors.vectors[0, 0] = 99
    assert vectors == WordVectors(["a", "b", "c"], np.arange(6).reshape(3, 2))


def test_an_object_without_the_attributes_of_keyed_vectors_is_refused():
    with pytest.raises(TypeError) as raised:
        WordVectors.from_keyed_vectors({"a": [1.0]})
    assert str(raised.value) == (
        "keyed_vectors must have the attributes index_to_key and vectors, as gensim's KeyedVectors "
        "has; got dict. For a model, pass model.wv."
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (5, "words is of type int. Pass a list of str."),
        (None, "words is of type NoneType. Pass a list of str."),
        ({"a"}, "words is a set, which has no order. Pass a list, in the order of the vectors."),
    ],
    ids=repr,
)
def test_what_are_no_words(words, message):
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        WordVectors(words, [[1.0]])


@pytest.mark.parametrize(("method", "name"), [("restrict", "words"), ("coverage", "tokens")])
def test_what_are_no_tokens(method, name):
    message = f"{name} is of type int. Pass a list of str."
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        getattr(WordVectors(["a"], [[1.0]]), method)(5)


@pytest.mark.parametrize(
    ("matrix", "given"),
    [
        ([[1j]], "complex128"),
        (np.array([[1]], dtype=np.complex64), "complex64"),
        ([["1"]], "<U1"),
        (np.array([["1"]], dtype=object), "str"),
        (np.array([[b"1"]]), "|S1"),
        (np.array([["2020"]], dtype="M8[Y]"), "datetime64[Y]"),
        (np.array([[1]], dtype="m8[D]"), "timedelta64[D]"),
    ],
    ids=range(7),
)
def test_elements_that_are_no_real_numbers(matrix, given):
    message = (
        f"matrix is no array of numbers (its elements are of type {given}). Pass one row of "
        "numbers per word."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        WordVectors(["a"], matrix)
