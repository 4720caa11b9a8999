import re

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline

from sklearn_rnn import RNNTextClassifier, TextTokenizer, WordVectors
from sklearn_rnn.datasets import make_word_order

TEXTS, LABELS = make_word_order(300, random_state=0)
TEXTS = list(TEXTS)


def from_texts(texts=TEXTS, **parameters):
    return WordVectors.from_texts(texts, **{"embedding_dim": 10} | parameters)


def test_the_words_are_those_of_the_tokenizer_with_the_same_ids():
    vectors = from_texts()
    assert vectors.vocabulary == TextTokenizer().fit(TEXTS).vocabulary_
    assert vectors.matrix.shape == (len(vectors), 10)
    assert vectors.matrix.dtype == np.float32


@pytest.mark.parametrize(
    "parameters",
    [
        {"analyzer": "char"},
        {"analyzer": str.split},
        {"lowercase": False},
        {"strip_accents": "unicode"},
        {"strip_accents": str.title},
        {"token_pattern": r"\w\w+"},
        {"min_count": 60},
        {"min_count": np.int64(1), "max_tokens": None},
        {"max_tokens": 12},
    ],
)
def test_parameters_of_the_tokenizer_mean_the_same(parameters):
    texts = [f"{text}, s'il vous plaît. Merci!" for text in TEXTS]
    tokenizer = TextTokenizer(**parameters).fit(texts)
    vectors = from_texts(texts, **parameters)
    assert vectors.vocabulary == tokenizer.vocabulary_


def test_defaults_are_those_of_the_tokenizer():
    defaults = WordVectors.from_texts.__kwdefaults__
    of_tokenizer = TextTokenizer().get_params()
    shared = defaults.keys() & of_tokenizer.keys()
    assert defaults.keys() - shared == {"embedding_dim", "window"}
    assert {name: defaults[name] for name in shared} == {
        name: of_tokenizer[name] for name in shared
    }
    assert defaults["embedding_dim"] == RNNTextClassifier().embedding_dim


@pytest.mark.parametrize("texts", [TEXTS * 40, [f"{text} 好" for text in TEXTS] * 40])
def test_the_order_of_the_texts_does_not_matter(texts):
    shuffled = [texts[i] for i in np.random.default_rng(0).permutation(len(texts))]
    assert from_texts(texts) == from_texts(shuffled)


@pytest.mark.parametrize(
    "convert",
    [tuple, np.array, pd.Series, pd.DataFrame, lambda texts: pd.Series(texts, dtype="category")],
)
def test_texts_in_any_container(convert):
    assert from_texts(convert(TEXTS)) == from_texts()


def test_texts_without_words_change_nothing():
    assert from_texts(["", *TEXTS, " ", "rare"]) == from_texts()


def test_vectors_have_length_1():
    lengths = np.linalg.norm(from_texts().matrix, axis=1)
    np.testing.assert_allclose(lengths, 1, rtol=1e-6)


def test_a_word_that_never_occurs_with_another_is_at_the_origin():
    vectors = from_texts([*TEXTS, "alone", "alone"])
    assert not vectors["alone"].any()
    assert vectors["lobby"].any()


def test_a_classifier_learns_from_them():
    vectors = from_texts(embedding_dim=20)
    classifier = RNNTextClassifier(
        word_vectors=vectors, linear_ngrams=0, word_dropout=0.0, max_epochs=1, random_state=0
    )
    model = make_pipeline(TextTokenizer(vocabulary=vectors), classifier).fit(TEXTS, LABELS)
    assert model[-1].net_.get_weights()["embedding.weight"].shape == (len(vectors) + 2, 20)


ACCEPTS = (
    "WordVectors.from_texts takes a list, tuple, NumPy array, Series or single-column DataFrame of "
    "str, but "
)


@pytest.mark.parametrize(
    ("texts", "parameters", "error", "message"),
    [
        (
            "good film",
            {},
            TypeError,
            f"{ACCEPTS}texts is one str. Wrap a single text in a list: [text].",
        ),
        ([], {}, ValueError, f"{ACCEPTS}texts is empty. Pass at least one text."),
        (
            iter(TEXTS),
            {},
            TypeError,
            f"{ACCEPTS}texts is of type list_iterator. Put the texts into a list, in the order of "
            "their labels.",
        ),
        (
            ["good", 1],
            {},
            TypeError,
            f"{ACCEPTS}the text at position 1 is of type int. Pass one str per text.",
        ),
        (
            ["", " "],
            {},
            ValueError,
            "There is no token in the training texts, so there is no vocabulary to learn. Check "
            "that the texts are not empty, and that analyzer and token_pattern suit them.",
        ),
        (
            ["a good film", "one bad plot"],
            {},
            ValueError,
            "No token occurs min_count=2 times in the training texts, so the vocabulary would be "
            "empty. Lower min_count, or pass more texts.",
        ),
        (
            ["a good film"] * 2,
            {},
            ValueError,
            "embedding_dim=10 needs at least as many words, and the texts have 3 with min_count=2 "
            "and max_tokens=20000. Lower embedding_dim, or pass more texts.",
        ),
        (
            ["good", "bad"] * 2,
            {"embedding_dim": 2},
            ValueError,
            "No two words occur within window=4 tokens of each other more often than by chance, so "
            "there is nothing to learn. Pass longer texts, or more of them.",
        ),
        (
            TEXTS,
            {"window": 0},
            ValueError,
            "The 'window' parameter of WordVectors.from_texts must be an int in the range "
            "[1, inf). Got 0 instead.",
        ),
        (
            TEXTS,
            {"embedding_dim": 2.5},
            ValueError,
            "The 'embedding_dim' parameter of WordVectors.from_texts must be an int in the range "
            "[1, inf). Got 2.5 instead.",
        ),
        (
            TEXTS,
            {"token_pattern": "(a)(b)"},
            ValueError,
            "token_pattern has 2 capturing groups, and at most one can be the token. Write "
            "(?:...) for the others.",
        ),
        (
            TEXTS,
            {"token_pattern": "("},
            re.error,
            "missing ), unterminated subpattern at position 0",
        ),
        (
            TEXTS,
            {"analyzer": lambda text: [text, 1]},
            TypeError,
            "analyzer returned the token 1 of type int. Let it return a list of str, one per "
            "token.",
        ),
    ],
)
def test_errors_say_what_to_do(texts, parameters, error, message):
    with pytest.raises(error) as raised:
        from_texts(texts, **parameters)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("analyzer", "words"),
        ("lowercase", None),
        ("strip_accents", "all"),
        ("token_pattern", None),
        ("min_count", 0),
        ("max_tokens", 0),
        ("window", True),
        ("embedding_dim", None),
    ],
)
def test_invalid_parameters_are_refused(name, value):
    message = (
        f"^The '{name}' parameter of WordVectors.from_texts must be .* Got {value!r} instead.$"
    )
    with pytest.raises(ValueError, match=message):
        from_texts(**{name: value})
