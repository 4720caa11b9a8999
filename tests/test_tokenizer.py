import copy
import pickle
import re
import subprocess
import sys
import unicodedata

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import ParameterGrid
from sklearn.pipeline import make_pipeline
from sklearn.utils import get_tags
from sklearn.utils._param_validation import InvalidParameterError

from sklearn_rnn._ids import sequence_lengths
from sklearn_rnn._text.analyzers import TOKEN_PATTERN
from sklearn_rnn._tokenizer import TextTokenizer

TEXTS = ["Good, good film!", "I don't know...", "A good film?", ""]

# Each reaches other code: the contracts hold for all.
CONFIGURATIONS = [
    {},
    {"min_count": 1, "max_length": 3, "truncation": "pre"},
    {"min_count": 1, "max_length": 3, "truncation": "middle", "add_markers": True},
    {"analyzer": "char", "max_length": None, "strip_accents": "unicode"},
    {"analyzer": str.split, "min_count": 1, "max_length": 0.5, "max_tokens": 2},
    {"token_pattern": r"(\w)\w*", "lowercase": False, "max_length": 0.9, "max_tokens": None},
    {"vocabulary": ["good", "film"], "max_length": None, "add_markers": True},
    {"vocabulary": {"good": 9, "</s>": 4}, "strip_accents": "ascii", "add_markers": True},
    {"n_jobs": 1, "min_count": 1, "lowercase": False},
]
all_configurations = pytest.mark.parametrize("parameters", CONFIGURATIONS, ids=str)


def words(text, **parameters):
    """The tokens of a text under a tokenizer that knows all of them."""
    tokenizer = TextTokenizer(min_count=1, max_length=None, **parameters)
    ids = tokenizer.fit_transform([text, "known"])
    return tokenizer.inverse_transform(ids[:1])[0]


def refuses(error, message):
    return pytest.raises(error, match=f"^{re.escape(message)}$")


# Ids: contract 1


@all_configurations
def test_ids_are_right_padded_int32_rows(parameters):
    tokenizer = TextTokenizer(**parameters)
    fitted = tokenizer.fit_transform(TEXTS)
    for ids, n_samples in ((fitted, 4), (tokenizer.transform(["new words", " \n"]), 2)):
        assert ids.dtype == np.int32
        assert ids.flags.c_contiguous
        assert ids.shape == (n_samples, tokenizer.max_length_)
        lengths = sequence_lengths(ids)
        np.testing.assert_array_equal(ids != 0, np.arange(ids.shape[1]) < lengths[:, np.newaxis])


@all_configurations
@settings(max_examples=30)
@given(texts=st.lists(st.text(max_size=30), min_size=1, max_size=4))
def test_any_text_is_right_padded_and_never_empty(parameters, texts):
    tokenizer = TextTokenizer(**parameters).fit(TEXTS)
    ids = tokenizer.transform(texts)
    assert ids.shape == (len(texts), tokenizer.max_length_)
    assert (ids[:, 0] > 0).all()
    assert (np.diff((ids == 0).astype(int), axis=1) >= 0).all()
    assert set(ids.ravel().tolist()) <= {0, 1, *tokenizer.vocabulary_.values()}


@all_configurations
@settings(max_examples=20)
@given(texts=st.lists(st.text("ab é!\ud800\x00", max_size=12), min_size=1, max_size=6))
def test_fit_transform_is_fit_then_transform(parameters, texts):
    texts = texts + TEXTS
    tokenizer = TextTokenizer(**parameters)
    together = tokenizer.fit_transform(texts)
    np.testing.assert_array_equal(together, tokenizer.fit(texts).transform(texts))
    one_by_one = np.concatenate([tokenizer.transform([text]) for text in texts])
    np.testing.assert_array_equal(together, one_by_one)


def test_more_texts_than_a_block():
    texts = [f"text number {i} " + "long " * (i % 7) for i in range(3000)]
    tokenizer = TextTokenizer(max_length=4, truncation="middle", add_markers=True)
    ids = tokenizer.fit_transform(texts)
    np.testing.assert_array_equal(ids, tokenizer.transform(texts))
    np.testing.assert_array_equal(ids[1500:1510], tokenizer.transform(texts[1500:1510]))


@pytest.mark.parametrize("empty", ["", " \t\n", "\u200b\xad", "<br />"])
def test_a_text_without_tokens_is_one_unknown_word(empty):
    tokenizer = TextTokenizer(min_count=1, max_length=3).fit(TEXTS)
    assert tokenizer.transform([empty]).tolist() == [[1, 0, 0]]
    tokenizer = TextTokenizer(min_count=1, max_length=4, add_markers=True).fit(TEXTS)
    assert tokenizer.inverse_transform(tokenizer.transform([empty])) == [["<s>", "<unk>", "</s>"]]


# The vocabulary


def test_ids_fall_with_frequency_and_ties_are_in_the_order_of_the_tokens():
    tokenizer = TextTokenizer(min_count=1).fit(["b a c c", "d c a B"])
    assert tokenizer.vocabulary_ == {"c": 2, "a": 3, "b": 4, "d": 5}
    assert list(tokenizer.vocabulary_) == ["c", "a", "b", "d"]


def test_min_count_and_max_tokens():
    texts = ["a a a b b c c d"]
    assert list(TextTokenizer().fit(texts).vocabulary_) == ["a", "b", "c"]
    assert list(TextTokenizer(min_count=3).fit(texts).vocabulary_) == ["a"]
    assert list(TextTokenizer(max_tokens=2).fit(texts).vocabulary_) == ["a", "b"]
    assert list(TextTokenizer(max_tokens=None, min_count=1).fit(texts).vocabulary_) == list("abcd")


@settings(max_examples=50)
@given(st.lists(st.text("abc !", max_size=9), min_size=1, max_size=8), st.randoms())
def test_the_order_of_the_texts_changes_nothing(texts, random):
    texts = ["a", *texts]
    shuffled = random.sample(texts, len(texts))
    parameters = {"min_count": 1, "max_tokens": 2, "max_length": 0.7}
    one = TextTokenizer(**parameters).fit(texts)
    other = TextTokenizer(**parameters).fit(shuffled)
    assert list(one.vocabulary_.items()) == list(other.vocabulary_.items())
    assert one.max_length_ == other.max_length_


def test_markers_follow_the_vocabulary_and_are_not_counted_by_max_tokens():
    tokenizer = TextTokenizer(add_markers=True, max_tokens=1).fit(["a a b b"])
    assert tokenizer.vocabulary_ == {"a": 2, "<s>": 3, "</s>": 4}


def test_a_sequence_is_numbered_from_2_and_a_mapping_keeps_its_ids():
    given = ["film", "good"]
    for vocabulary in (given, tuple(given), np.array(given), pd.Series(given), pl.Series(given)):
        tokenizer = TextTokenizer(vocabulary=vocabulary).fit(["nothing of it"])
        assert tokenizer.vocabulary_ == {"film": 2, "good": 3}
    mapping = {"film": np.int64(7), "good": 2, "<s>": 5}
    tokenizer = TextTokenizer(vocabulary=mapping, add_markers=True, max_length=5).fit(TEXTS)
    assert tokenizer.vocabulary_ == {"film": 7, "good": 2, "<s>": 5, "</s>": 8}
    assert tokenizer.transform(["a good film"]).tolist() == [[5, 1, 2, 7, 8]]
    assert mapping == {"film": 7, "good": 2, "<s>": 5}


def test_the_vocabulary_of_one_tokenizer_serves_another():
    learned = TextTokenizer(min_count=1, max_length=5).fit(TEXTS)
    fixed = TextTokenizer(vocabulary=learned.vocabulary_, max_length=5).fit(["other text"])
    np.testing.assert_array_equal(fixed.transform(TEXTS), learned.transform(TEXTS))


@pytest.mark.parametrize(
    ("vocabulary", "error", "message"),
    [
        ([], ValueError, "vocabulary is empty. Pass at least one token, or None to learn it."),
        ({}, ValueError, "vocabulary is empty. Pass at least one token, or None to learn it."),
        (
            ["a", "b", "a"],
            ValueError,
            "vocabulary has the token 'a' more than once. Pass each token once.",
        ),
        (["a", 3], TypeError, "vocabulary has the token 3 of type int. Tokens are str."),
        ({3: 3}, TypeError, "vocabulary has the token 3 of type int. Tokens are str."),
        ({"a": 2.0}, TypeError, "vocabulary has the id 2.0 for 'a'. Ids are int."),
        ({"a": True}, TypeError, "vocabulary has the id True for 'a'. Ids are int."),
        (
            {"a": 1},
            ValueError,
            "vocabulary has the id 1 for 'a'. Ids are between 2 and 2147483647: 0 is padding and "
            "1 is the unknown word.",
        ),
        (
            {"a": 2**31},
            ValueError,
            "vocabulary has the id 2147483648 for 'a'. Ids are between 2 and 2147483647: 0 is "
            "padding and 1 is the unknown word.",
        ),
        (
            {"a": 2, "b": 2},
            ValueError,
            "vocabulary has the id 2 for both 'a' and 'b'. Give each token its own id.",
        ),
        (
            {"a"},
            TypeError,
            "vocabulary is of type set. Pass a mapping of token to id, or a list of tokens, whose "
            "order gives the ids; for a set, sorted(vocabulary).",
        ),
    ],
)
def test_a_broken_vocabulary_is_refused(vocabulary, error, message):
    with refuses(error, message):
        TextTokenizer(vocabulary=vocabulary).fit(TEXTS)


def test_texts_without_tokens_cannot_teach_a_vocabulary():
    with refuses(
        ValueError,
        "There is no token in the training texts, so there is no vocabulary to learn. Check that "
        "the texts are not empty, and that analyzer and token_pattern suit them.",
    ):
        TextTokenizer().fit(["", " ", "\u200b"])
    with refuses(
        ValueError,
        "No token occurs min_count=2 times in the training texts, so the vocabulary would be "
        "empty. Lower min_count, or pass more texts.",
    ):
        TextTokenizer().fit(["a b", "c"])
    fixed = TextTokenizer(vocabulary=["a"], max_length=2)
    assert fixed.fit_transform(["", " "]).tolist() == [[1, 0], [1, 0]]


# The length of a row


def test_max_length():
    texts = ["a " * n for n in (1, 2, 2, 3, 10)]
    lengths = {7: 7, None: 10, 1.0: 10, 0.8: 3, 0.79: 3, 0.6: 2, 0.01: 1, np.int64(3): 3}
    for max_length, expected in lengths.items():
        tokenizer = TextTokenizer(max_length=max_length).fit(texts)
        assert tokenizer.max_length_ == expected
        assert type(tokenizer.max_length_) is int
    assert TextTokenizer(max_length=0.8, add_markers=True).fit(texts).max_length_ == 5
    assert TextTokenizer(max_length=None, add_markers=True).fit(texts).max_length_ == 12


@pytest.mark.parametrize(
    ("truncation", "tokens", "marked"),
    [("post", "abc", "<s>abc</s>"), ("pre", "def", "<s>def</s>"), ("middle", "abf", "<s>abf</s>")],
)
def test_truncation_spares_the_markers(truncation, tokens, marked):
    for add_markers, expected in ((False, tokens), (True, marked)):
        tokenizer = TextTokenizer(
            min_count=1,
            max_length=3 + 2 * add_markers,
            truncation=truncation,
            add_markers=add_markers,
        )
        ids = tokenizer.fit_transform(["a b c d e f"])
        assert "".join(tokenizer.inverse_transform(ids)[0]) == expected


def test_markers_leave_a_token():
    with refuses(
        ValueError,
        "max_length=2 leaves no token between the two markers. Pass max_length=3 or "
        "more, or add_markers=False.",
    ):
        TextTokenizer(max_length=2, add_markers=True).fit(TEXTS)


# Tokens

WORDS = {
    "Don't the dogs' l\u2019amour 'tis": (
        ["don't", "the", "dogs", "'", "l\u2019amour", "'", "tis"]
    ),
    "3.5 stars, 7/10, 1,000 in 1999. v2.0": (
        ["3.5", "stars", ",", "7/10", ",", "1,000", "in", "1999", ".", "v2.0"]
    ),
    "and/or well-made snake_case a.b good.But": (
        [
            "and",
            "/",
            "or",
            "well",
            "-",
            "made",
            "snake",
            "_",
            "case",
            "a",
            ".",
            "b",
            "good",
            ".",
            "but",
        ]
    ),
    "$5 (a+b)* 1.,2 #top@home": [
        "$",
        "5",
        "(",
        "a",
        "+",
        "b",
        ")",
        "*",
        "1",
        ".",
        ",",
        "2",
        "#",
        "top",
        "@",
        "home",
    ],
    "Wow!! Really?": ["wow", "!", "!", "really", "?"],
    "one<br /><br />two<br>three<BR/>four <3": ["one", "two", "three", "four", "<", "3"],
    "Na\xefve cafe\u0301 \xc4rger stra\xdfe": ["na\xefve", "cafe\u0301", "\xe4rger", "stra\xdfe"],
    "\u041f\u0440\u0438\u0432\u0435\u0442, \u0401\u043b\u043a\u0430": (
        ["\u043f\u0440\u0438\u0432\u0435\u0442", ",", "\u0451\u043b\u043a\u0430"]
    ),
    # Arabic with diacritics, its comma and its question mark
    "\u0645\u064f\u062d\u064e\u0645\u0651\u064e\u062f\u060c \u0643\u064a\u0641\u061f": (
        [
            "\u0645\u064f\u062d\u064e\u0645\u0651\u064e\u062f",
            "\u060c",
            "\u0643\u064a\u0641",
            "\u061f",
        ]
    ),
    # Hindi with vowel signs and a danda
    "\u0939\u093f\u0928\u094d\u0926\u0940 \u092e\u0947\u0902\u0964": (
        ["\u0939\u093f\u0928\u094d\u0926\u0940", "\u092e\u0947\u0902", "\u0964"]
    ),
    # Persian with a zero-width non-joiner
    "\u0645\u06cc\u200c\u0631\u0648\u0645": ["\u0645\u06cc\u200c\u0631\u0648\u0645"],
    # a thumb with a skin tone, a heart with a variation selector, a family, two flags
    "ok\U0001f44d\U0001f3fd\u2764\ufe0f \U0001f468\u200d\U0001f469\u200d\U0001f467": (
        ["ok", "\U0001f44d\U0001f3fd", "\u2764\ufe0f", "\U0001f468\u200d\U0001f469\u200d\U0001f467"]
    ),
    "\U0001f1eb\U0001f1f7\U0001f1e9\U0001f1ea": (["\U0001f1eb\U0001f1f7", "\U0001f1e9\U0001f1ea"]),
    "a\x00b \ud800 c": ["a", "b", "c"],
}


@pytest.mark.parametrize("text", WORDS, ids=ascii)
def test_the_default_pattern(text):
    assert words(text) == WORDS[text]


def test_every_letter_mark_and_digit_of_every_script_is_in_a_word():
    lost = {
        ord(char)
        for char in map(chr, range(0x110000))
        if unicodedata.category(char)[0] in "LMN" and not re.fullmatch(TOKEN_PATTERN, char)
    }
    marks_of_symbols, variation_selectors = range(0x20D0, 0x2100), range(0xFE00, 0xFE10)
    assert lost <= {*marks_of_symbols, *variation_selectors}


def test_no_space_or_control_character_is_in_a_word():
    spaces = [c for c in map(chr, range(0x110000)) if unicodedata.category(c) in ("Zs", "Zl", "Cc")]
    assert re.findall(TOKEN_PATTERN, "".join(spaces)) == []


@pytest.mark.parametrize("unit", ["a", " ", "'", "a'", "1.", ".", "<", "\u2764\u200d", "a>"])
def test_the_default_pattern_takes_linear_time(unit):
    """It would not end in the lifetime of this machine if it backtracked."""
    assert isinstance(re.findall(TOKEN_PATTERN, unit * 500_000), list)


def test_characters():
    assert words(" \u597d\u7535\u5f71\u3002 <br /> OK\n", analyzer="char") == list(
        "\u597d\u7535\u5f71\u3002 ok"
    )


def test_a_callable_takes_the_text_as_it_is():
    assert words("A-b <br />", analyzer=lambda text: text.split("-")) == ["A", "b <br />"]
    assert words("A b", analyzer=lambda text: iter(text.split())) == ["A", "b"]


@pytest.mark.parametrize("returned", ["a string", b"bytes", None, 3])
def test_a_callable_that_returns_no_list_is_refused(returned):
    with refuses(
        TypeError,
        f"analyzer returned {type(returned).__name__} for a text. Let it return a list of str, "
        "one per token.",
    ):
        TextTokenizer(analyzer=lambda text: returned).fit(TEXTS)


@pytest.mark.parametrize("vocabulary", [None, ["a"]])
def test_a_callable_that_returns_other_tokens_is_refused(vocabulary):
    with refuses(
        TypeError,
        "analyzer returned the token 3 of type int. Let it return a list of str, one per token.",
    ):
        TextTokenizer(analyzer=lambda text: ["a", 3], vocabulary=vocabulary).fit(TEXTS)


def test_lowercase_and_strip_accents():
    text = "\xc9t\xe9 \u0410"
    assert words(text) == ["\xe9t\xe9", "\u0430"]
    assert words(text, lowercase=False) == ["\xc9t\xe9", "\u0410"]
    assert words(text, strip_accents="unicode") == ["ete", "\u0430"]
    assert words(text, strip_accents="ascii") == ["ete"]
    assert words(text, strip_accents=lambda text: text.replace("t", "x")) == ["\xe9x\xe9", "\u0430"]


def test_a_pattern_with_a_group_gives_its_content_and_no_empty_token():
    assert words("#one two #three", token_pattern=r"#(\w+)|\w+") == ["one", "three"]
    assert words("a b", token_pattern=r"\w*") == ["a", "b"]
    with refuses(
        ValueError,
        "token_pattern has 2 capturing groups, and at most one can be the token. Write (?:...) "
        "for the others.",
    ):
        words("a", token_pattern="(a)(b)")


# Several cores


def hyphenated(text):
    return text.split("-")


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"lowercase": False, "strip_accents": str.swapcase},
        {"token_pattern": r"\w*"},
        {"analyzer": "char", "max_length": 0.5},
        {"analyzer": hyphenated, "add_markers": True},
        {"analyzer": lambda text: text.split("-")},
    ],
    ids=["default", "strip_accents", "empty tokens", "char", "function", "lambda"],
)
def test_n_jobs_changes_nothing(parameters):
    texts = ["", *[f"Text-{i % 7} of-{i} \u597d!" for i in range(300)], "caf\xe9 " * 2000, ""]
    one = TextTokenizer(min_count=1, n_jobs=1, **parameters)
    two = TextTokenizer(min_count=1, n_jobs=2, **parameters)
    np.testing.assert_array_equal(one.fit_transform(texts), two.fit_transform(texts))
    assert list(one.vocabulary_.items()) == list(two.vocabulary_.items())
    np.testing.assert_array_equal(one.transform(texts), two.transform(texts))
    np.testing.assert_array_equal(one.transform(texts[5:6]), two.transform(texts[5:6]))


@pytest.mark.parametrize("backend", ["loky", "multiprocessing", "threading"])
def test_n_jobs_of_a_context(backend):
    tokenizer = TextTokenizer(min_count=1)
    expected = tokenizer.fit_transform(TEXTS)
    with joblib.parallel_config(backend, n_jobs=2):
        np.testing.assert_array_equal(tokenizer.fit_transform(TEXTS), expected)


def test_errors_cross_processes():
    with refuses(
        TypeError,
        "analyzer returned int for a text. Let it return a list of str, one per token.",
    ):
        TextTokenizer(analyzer=len, n_jobs=2).fit(TEXTS)
    with pytest.raises(ValueError, match="n_jobs == 0 in Parallel has no meaning"):
        TextTokenizer(n_jobs=0).fit(TEXTS)


# There and back


def test_inverse_transform():
    tokenizer = TextTokenizer(min_count=1, max_length=3).fit(TEXTS)
    ids = tokenizer.transform(["A bad film", ""])
    assert tokenizer.inverse_transform(ids) == [["a", "<unk>", "film"], ["<unk>"]]
    assert tokenizer.inverse_transform(ids.tolist()) == [["a", "<unk>", "film"], ["<unk>"]]
    assert tokenizer.inverse_transform(np.zeros((2, 9), dtype=int)) == [[], []]


def test_inverse_transform_refuses_what_is_no_matrix_of_ids():
    tokenizer = TextTokenizer(min_count=1).fit(["a b"])
    for id_ in (4, -1):
        with refuses(
            ValueError,
            f"The id {id_} is not in the vocabulary of 2 tokens that this tokenizer was fitted "
            "with. Pass ids that its own transform returned.",
        ):
            tokenizer.inverse_transform([[2, id_]])
    for ids, what in (([2, 3], "1 dimension(s) of int64"), ([[2.0]], "2 dimension(s) of float64")):
        with refuses(
            ValueError,
            "inverse_transform takes a matrix of int ids, one row per text, as transform returns "
            f"it, but got {what}.",
        ):
            tokenizer.inverse_transform(ids)


# scikit-learn's rules


@all_configurations
def test_parameters_are_kept_as_given(parameters):
    tokenizer = TextTokenizer(**parameters)
    before = tokenizer.get_params()
    assert {name: before[name] for name in parameters} == parameters
    tokenizer.fit(TEXTS)
    after = tokenizer.get_params()
    assert all(after[name] is value for name, value in before.items())
    assert clone(tokenizer).get_params() == before
    assert not hasattr(clone(tokenizer), "vocabulary_")
    assert TextTokenizer().set_params(**parameters).get_params() == before


def test_the_constraints_are_in_the_order_of_the_constructor():
    assert list(TextTokenizer._parameter_constraints) == list(TextTokenizer.__init__.__kwdefaults__)
    assert list(TextTokenizer().get_params()) == sorted(TextTokenizer._parameter_constraints)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("analyzer", "words"),
        ("lowercase", "yes"),
        ("strip_accents", "utf"),
        ("token_pattern", None),
        ("min_count", 0),
        ("min_count", 1.5),
        ("max_tokens", 0),
        ("max_length", 0),
        ("max_length", 0.0),
        ("max_length", 1.5),
        ("truncation", "both"),
        ("add_markers", None),
        ("vocabulary", "a b"),
        ("n_jobs", 1.5),
    ],
)
@pytest.mark.parametrize("method", ["fit", "fit_transform"])
def test_invalid_parameters_are_refused_by_fit(name, value, method):
    tokenizer = TextTokenizer(**{name: value})
    error = TypeError if name == "vocabulary" else InvalidParameterError
    with pytest.raises(error, match=name):
        getattr(tokenizer, method)(TEXTS)
    assert vars(tokenizer) == vars(TextTokenizer(**{name: value}))


@pytest.mark.parametrize(
    ("method", "argument"),
    [("transform", TEXTS), ("inverse_transform", [[2]]), ("get_feature_names_out", None)],
)
def test_an_unfitted_tokenizer_says_so(method, argument):
    for tokenizer in (TextTokenizer(), TextTokenizer(vocabulary=["a"], max_length=3)):
        with pytest.raises(NotFittedError, match="This TextTokenizer instance is not fitted yet"):
            getattr(tokenizer, method)(argument)


@pytest.mark.parametrize("method", ["fit", "fit_transform", "transform"])
def test_one_bare_string_is_refused(method):
    tokenizer = TextTokenizer(min_count=1).fit(TEXTS)
    with refuses(
        TypeError,
        "TextTokenizer takes a list, tuple, NumPy array, Series or single-column DataFrame of str, "
        "but X is one str. Wrap a single text in a list: [text].",
    ):
        getattr(tokenizer, method)("one bare string")


@all_configurations
def test_fit_is_idempotent_and_returns_self(parameters):
    tokenizer = TextTokenizer(**parameters)
    assert tokenizer.fit(TEXTS) is tokenizer
    first = copy.deepcopy(vars(tokenizer))
    tokenizer.fit(["other texts", "other words"] * 2).fit(TEXTS, y=[0, 1, 0, 1])
    assert vars(tokenizer) == first
    assert set(vars(tokenizer)) - set(tokenizer.get_params()) == {"vocabulary_", "max_length_"}


@pytest.mark.parametrize(
    ("parameters", "texts"),
    [
        ({}, ["", ""]),
        ({}, ["a", None]),
        ({"token_pattern": "(a)(b)"}, TEXTS),
        ({"max_length": 2, "add_markers": True}, TEXTS),
        ({"vocabulary": {"a": 0}}, TEXTS),
        ({"analyzer": lambda text: [[text]]}, TEXTS),
    ],
)
def test_a_failed_fit_leaves_nothing_behind(parameters, texts):
    tokenizer = TextTokenizer(**parameters)
    with pytest.raises((TypeError, ValueError)):
        tokenizer.fit(texts)
    assert set(vars(tokenizer)) == set(tokenizer.get_params())


@pytest.mark.parametrize("container", [list, np.array, pd.Series, pl.Series])
def test_input_is_left_untouched(container):
    X = container(TEXTS)
    before = copy.deepcopy(X)
    TextTokenizer(min_count=1).fit(X).transform(X)
    TextTokenizer(min_count=1).fit_transform(X)
    assert list(X) == list(before)


@pytest.mark.parametrize(
    "there_and_back", [lambda x: pickle.loads(pickle.dumps(x)), copy.copy, copy.deepcopy]
)
def test_copies_work_alike(there_and_back):
    tokenizer = TextTokenizer(min_count=1, add_markers=True).fit(TEXTS)
    copied = there_and_back(tokenizer)
    np.testing.assert_array_equal(copied.transform(TEXTS), tokenizer.transform(TEXTS))
    assert copied.get_params() == tokenizer.get_params()


def test_joblib(tmp_path):
    tokenizer = TextTokenizer().fit(TEXTS)
    joblib.dump(tokenizer, tmp_path / "tokenizer.joblib")
    loaded = joblib.load(tmp_path / "tokenizer.joblib")
    np.testing.assert_array_equal(loaded.transform(TEXTS), tokenizer.transform(TEXTS))


def test_a_pickle_is_about_the_vocabulary():
    tokenizer = TextTokenizer(min_count=1).fit([f"word{i}" for i in range(20_000)])
    tokenizer.transform(TEXTS)
    assert len(pickle.dumps(tokenizer)) < len(pickle.dumps(tokenizer.vocabulary_)) + 3000


def test_feature_names_name_the_columns():
    tokenizer = TextTokenizer(max_length=3).fit(TEXTS)
    names = tokenizer.get_feature_names_out()
    assert names.dtype == object
    assert names.tolist() == ["token0", "token1", "token2"]
    assert not hasattr(tokenizer, "n_features_in_")


def test_set_output():
    # A DataFrame, since scikit-learn 1.6 takes over the index of no Series.
    column = pd.DataFrame({"text": TEXTS}, index=list("wxyz"))
    plain = TextTokenizer(max_length=2).fit_transform(column)
    tokenizer = TextTokenizer(max_length=2).set_output(transform="pandas")
    for frame in (tokenizer.fit_transform(column), tokenizer.transform(column)):
        expected = pd.DataFrame(plain, index=column.index, columns=["token0", "token1"])
        pd.testing.assert_frame_equal(frame, expected)
    assert tokenizer.inverse_transform(frame) == tokenizer.inverse_transform(plain)
    tokenizer.set_output(transform="polars")
    for frame in (tokenizer.fit_transform(column), tokenizer.transform(column)):
        assert frame.equals(pl.DataFrame(plain, schema=["token0", "token1"], orient="row"))


def test_tags_ask_for_texts():
    tags = get_tags(TextTokenizer())
    assert tags.input_tags.string
    assert not tags.input_tags.two_d_array
    assert tags.requires_fit


def test_in_a_pipeline_and_a_column_transformer():
    plain = TextTokenizer(max_length=3).fit_transform(TEXTS)
    np.testing.assert_array_equal(
        make_pipeline(TextTokenizer(max_length=3)).fit_transform(TEXTS), plain
    )
    frame = pd.DataFrame({"text": TEXTS, "stars": [1, 2, 3, 4]})
    for column in ("text", ["text"]):
        columns = ColumnTransformer([("tok", TextTokenizer(max_length=3), column)])
        np.testing.assert_array_equal(columns.fit_transform(frame), plain)
    assert columns.get_feature_names_out().tolist() == ["tok__token0", "tok__token1", "tok__token2"]


def test_all_combinations_of_the_small_choices():
    grid = ParameterGrid(
        {
            "analyzer": ["word", "char"],
            "truncation": ["post", "pre", "middle"],
            "add_markers": [False, True],
            "max_length": [3, 0.5, None],
        }
    )
    for parameters in grid:
        ids = TextTokenizer(**parameters).fit_transform(TEXTS)
        assert (ids[:, 0] > 0).all()


# The package


def test_the_tokenizer_does_not_import_torch():
    code = (
        "import sys; from sklearn_rnn import TextTokenizer; TextTokenizer().fit(['a b a b']);"
        "assert not {'torch', 'skorch'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# Real corpora


@pytest.fixture(scope="module")
def reviews(data_dir):
    return pd.read_csv(data_dir / "imdb" / "train.csv.gz", nrows=3000)["review"]


def test_real_reviews(reviews):
    tokenizer = TextTokenizer()
    ids = tokenizer.fit_transform(reviews)
    np.testing.assert_array_equal(ids[::50], tokenizer.transform(reviews[::50]))
    assert set(list(tokenizer.vocabulary_)[:5]) == {"the", ".", ",", "a", "and"}
    assert tokenizer.vocabulary_.keys() >= {"don't", "!", "?", "10/10"}
    assert "br" not in tokenizer.vocabulary_
    assert (ids[ids != 0] == 1).mean() < 0.04


def test_real_reviews_do_not_depend_on_their_order(reviews):
    parameters = {"max_length": 0.9, "max_tokens": 5000}
    one = TextTokenizer(**parameters).fit(reviews)
    other = TextTokenizer(**parameters).fit(reviews.sample(frac=1, random_state=0))
    assert list(one.vocabulary_.items()) == list(other.vocabulary_.items())
    assert one.max_length_ == other.max_length_
