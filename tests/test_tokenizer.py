import copy
import pickle
import subprocess
import sys
from collections import Counter

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

from sklearn_rnn._ids import number_tokens, numbering_of, sequence_lengths
from sklearn_rnn._tokenizer import TextTokenizer
from sklearn_rnn._word_vectors import WordVectors
from tests.text.tokens import TEXTS, refuses

# Each runs different branches of the tokenizer. The contracts hold for all.
CONFIGURATIONS = [
    {},
    {"min_count": 1, "max_length": 3, "truncation": "pre"},
    {"min_count": 1, "max_length": 3, "truncation": "middle", "add_markers": True},
    {"analyzer": "char", "max_length": None, "strip_accents": "unicode"},
    {"analyzer": str.split, "min_count": 1, "max_length": 0.5, "max_tokens": 2},
    {"token_pattern": r"(\w)\w*", "lowercase": False, "max_length": 0.9, "max_tokens": None},
    {"vocabulary": ["good", "film"], "max_length": None, "add_markers": True},
    {"vocabulary": {"good": 9, "</s>": 4}, "strip_accents": "ascii", "add_markers": True},
    {"n_jobs": 1, "min_count": 1, "lowercase": False, "max_length": 400},
]

all_configurations = pytest.mark.parametrize("parameters", CONFIGURATIONS, ids=str)


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


@pytest.mark.parametrize("empty", ["", " \t\n", "\u200b\xad", "<br />"])
def test_a_text_without_tokens_is_one_unknown_word(empty):
    tokenizer = TextTokenizer(min_count=1, max_length=3).fit(TEXTS)
    assert tokenizer.transform([empty]).tolist() == [[1, 0, 0]]
    tokenizer = TextTokenizer(min_count=1, max_length=4, add_markers=True).fit(TEXTS)
    assert tokenizer.inverse_transform(tokenizer.transform([empty])) == [["<s>", "<unk>", "</s>"]]


def test_max_length():
    texts = ["a " * n for n in (1, 2, 2, 3, 10)]
    lengths = {7: 7, None: 10, 1.0: 10, 0.8: 3, 0.79: 3, 0.6: 2, 0.01: 1, np.int64(3): 3}
    for max_length, expected in lengths.items():
        tokenizer = TextTokenizer(max_length=max_length).fit(texts)
        assert tokenizer.max_length_ == expected
        assert type(tokenizer.max_length_) is int
    assert TextTokenizer(max_length=0.8, add_markers=True).fit(texts).max_length_ == 5
    assert TextTokenizer(max_length=None, add_markers=True).fit(texts).max_length_ == 12


SHORT = ["a " * n for n in range(1, 101)] * 10


@pytest.mark.parametrize("add_markers", [False, True])
def test_auto_fits_the_row_to_the_training_texts(add_markers):
    tokenizer = TextTokenizer(add_markers=add_markers)
    width = 125 + 2 * add_markers
    assert tokenizer.fit_transform(SHORT).shape == (1000, width)
    assert tokenizer.max_length_ == width == len(tokenizer.get_feature_names_out())
    wide = tokenizer.transform(["a " * 500] * 2)
    assert np.count_nonzero(wide, axis=1).tolist() == [width] * 2
    assert tokenizer.fit(SHORT[1:]).max_length_ == 400  # of too few texts
    assert tokenizer.fit(SHORT[::-1]).max_length_ == width


def test_auto_is_400_where_longer_texts_may_follow():
    for tokenizer in (
        TextTokenizer().partial_fit(SHORT),
        TextTokenizer(warm_start=True).fit(SHORT),
    ):
        assert tokenizer.max_length_ == 400
        assert tokenizer.partial_fit(SHORT).max_length_ == 400
    tokenizer = TextTokenizer().fit(SHORT)
    assert tokenizer.partial_fit(["a " * 500] * 1000).max_length_ == 125
    tokenizer = TextTokenizer(warm_start=True).fit(SHORT)
    assert tokenizer.set_params(warm_start=False).fit(SHORT).max_length_ == 125


def test_auto_has_room_for_characters():
    texts = ["abcdefghij " * 8] * 1000
    for add_characters, width in (("auto", 110), (True, 110), (False, 64)):
        tokenizer = TextTokenizer(add_characters=add_characters).fit(texts)
        assert tokenizer.max_length_ == width


def test_a_name_of_no_rule_for_the_length():
    with refuses(
        InvalidParameterError,
        "The 'max_length' parameter of TextTokenizer must be an int in the range [1, 16777216], a "
        "float in the range (0.0, 1.0], a str among {'auto'} or None. Got 'longest' instead.",
    ):
        TextTokenizer(max_length="longest").fit(TEXTS)


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
        ("warm_start", 1),
        ("n_jobs", 1.5),
    ],
)
@pytest.mark.parametrize("method", ["fit", "fit_transform", "partial_fit"])
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


@pytest.mark.parametrize("method", ["fit", "fit_transform", "partial_fit", "transform"])
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
    public = {name for name in vars(tokenizer) if not name.startswith("_")}
    assert public - set(tokenizer.get_params()) == {"add_characters_", "max_length_", "vocabulary_"}


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
def test_copies_give_the_same_ids(there_and_back):
    tokenizer = TextTokenizer(min_count=1, add_markers=True).fit(TEXTS)
    copied = there_and_back(tokenizer)
    np.testing.assert_array_equal(copied.transform(TEXTS), tokenizer.transform(TEXTS))
    assert copied.get_params() == tokenizer.get_params()


def test_joblib(tmp_path):
    tokenizer = TextTokenizer().fit(TEXTS)
    joblib.dump(tokenizer, tmp_path / "tokenizer.joblib")
    loaded = joblib.load(tmp_path / "tokenizer.joblib")
    np.testing.assert_array_equal(loaded.transform(TEXTS), tokenizer.transform(TEXTS))


def test_a_pickle_is_about_as_large_as_the_vocabulary():
    tokenizer = TextTokenizer(min_count=1).fit([f"word{i}" for i in range(20_000)])
    tokenizer.transform(TEXTS)
    vocabulary = tokenizer.vocabulary_
    numbering = 8 * len(vocabulary)
    assert len(pickle.dumps(tokenizer)) < len(pickle.dumps(vocabulary)) + numbering + 3000


def test_feature_names_name_the_columns():
    tokenizer = TextTokenizer(max_length=3).fit(TEXTS)
    names = tokenizer.get_feature_names_out()
    assert names.dtype == object
    assert names.tolist() == ["token0", "token1", "token2"]
    assert not hasattr(tokenizer, "n_features_in_")


def test_set_output():
    # A DataFrame, because scikit-learn 1.6 does not keep the index of a Series.
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


def test_the_tokenizer_does_not_import_torch():
    code = (
        "import sys; from sklearn_rnn import TextTokenizer; TextTokenizer().fit(['a b a b']);"
        "assert not {'torch', 'skorch'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# partial_fit and warm_start


def test_partial_fit_keeps_ids_and_adds_new_tokens_after_the_highest():
    tokenizer = TextTokenizer(min_count=1, max_length=None)
    assert tokenizer.partial_fit(["b b a"]) is tokenizer
    assert tokenizer.vocabulary_ == {"b": 2, "a": 3}
    tokenizer.partial_fit(["c d d e a a a a"])
    assert list(tokenizer.vocabulary_.items()) == [("b", 2), ("a", 3), ("d", 4), ("c", 5), ("e", 6)]
    assert tokenizer.max_length_ == 3
    assert tokenizer.transform(["e d c b a", "b z"]).tolist() == [[6, 4, 3], [2, 1, 0]]
    assert tokenizer.get_feature_names_out().tolist() == ["token0", "token1", "token2"]


@all_configurations
def test_the_first_partial_fit_is_fit(parameters):
    fitted = TextTokenizer(**parameters).fit(TEXTS)
    for tokenizer in (
        TextTokenizer(**parameters).partial_fit(TEXTS, y=[0, 1, 0, 1]),
        TextTokenizer(**parameters, warm_start=True).fit(TEXTS),
    ):
        assert list(tokenizer.vocabulary_.items()) == list(fitted.vocabulary_.items())
        assert tokenizer.max_length_ == fitted.max_length_


def occurrences(texts):
    return Counter(token for text in texts for token in text.split())


@settings(max_examples=100)
@given(
    chunks=st.lists(
        st.lists(st.text("abcde ", max_size=9), min_size=1, max_size=4), min_size=1, max_size=5
    ),
    min_count=st.integers(1, 4),
    max_tokens=st.none() | st.integers(1, 6),
    add_markers=st.booleans(),
)
def test_a_stream_learns_what_has_occurred_often_enough(chunks, min_count, max_tokens, add_markers):
    chunks[0] = ["a " * min_count, *chunks[0]]
    tokenizer = TextTokenizer(
        min_count=min_count, max_tokens=max_tokens, max_length=4, add_markers=add_markers
    )
    learned, counts = [], Counter()
    for chunk in chunks:
        before = dict(vars(tokenizer).get("vocabulary_", {}))
        tokenizer.partial_fit(chunk)
        if max_tokens is None or len(learned) < max_tokens:
            counts += occurrences(chunk)
            new = occurrences(chunk).keys() - set(learned)
            frequent = [token for token in new if counts[token] >= min_count]
            frequent.sort(key=lambda token: (-counts[token], token))
            learned += frequent if max_tokens is None else frequent[: max_tokens - len(learned)]
        vocabulary = tokenizer.vocabulary_
        assert before.items() <= vocabulary.items()
        assert sorted(vocabulary.values()) == list(range(2, len(vocabulary) + 2))
        markers = ["<s>", "</s>"] if add_markers else []
        assert [token for token in vocabulary if token not in markers] == learned
        assert set(markers) <= vocabulary.keys()


@settings(max_examples=50)
@given(
    st.lists(
        st.lists(st.text("ab é!中", max_size=9), min_size=1, max_size=4), min_size=1, max_size=4
    )
)
def test_a_stream_without_limits_learns_the_tokens_of_all_texts(chunks):
    chunks[0] = ["a", *chunks[0]]
    tokenizer = TextTokenizer(min_count=1, max_tokens=None)
    for chunk in chunks:
        tokenizer.partial_fit(chunk)
    whole = TextTokenizer(min_count=1, max_tokens=None).fit(
        [text for chunk in chunks for text in chunk]
    )
    assert tokenizer.vocabulary_.keys() == whole.vocabulary_.keys()


def test_rare_tokens_are_counted_over_calls_of_partial_fit():
    tokenizer = TextTokenizer().partial_fit(["a a b c"]).partial_fit(["b d"]).partial_fit(["c d d"])
    assert tokenizer.vocabulary_ == {"a": 2, "b": 3, "d": 4, "c": 5}
    # fit keeps no counts of rare tokens, so b has occurred once.
    tokenizer = TextTokenizer().fit(["a a b c"]).partial_fit(["b d"])
    assert tokenizer.vocabulary_ == {"a": 2}
    assert tokenizer.partial_fit(["b"]).vocabulary_ == {"a": 2, "b": 3}
    tokenizer = TextTokenizer(warm_start=True).fit(["a a b c"]).fit(["b d"])
    assert tokenizer.vocabulary_ == {"a": 2, "b": 3}


def test_rare_tokens_are_kept_only_where_they_can_be_learned():
    rare = "seldom"
    for parameters, kept in (
        ({}, True),
        ({"max_tokens": 1}, False),
        ({"vocabulary": ["a"]}, False),
    ):
        tokenizer = TextTokenizer(**parameters)
        assert rare.encode() not in pickle.dumps(tokenizer.fit(["a a b b", rare]))
        tokenizer.partial_fit([rare, "a"])
        assert (rare.encode() in pickle.dumps(tokenizer)) == kept


def test_max_tokens_holds_for_all_calls_together():
    for add_markers in (False, True):
        tokenizer = TextTokenizer(min_count=1, max_tokens=3, add_markers=add_markers)
        tokenizer.partial_fit(["a b"]).partial_fit(["d d c"]).partial_fit(["e e e"])
        assert tokenizer.vocabulary_.keys() - {"<s>", "</s>"} == {"a", "b", "d"}
    tokenizer.set_params(max_tokens=4).partial_fit(["c e e"])
    assert tokenizer.vocabulary_.keys() == {"a", "b", "d", "e", "<s>", "</s>"}
    tokenizer.set_params(max_tokens=1).partial_fit(["c c"])
    assert "c" not in tokenizer.vocabulary_


def test_limits_may_be_integers_of_numpy():
    parameters = {"max_tokens": np.int8(100), "min_count": np.uint8(1)}
    tokenizer = TextTokenizer(vocabulary=WordVectors(list(map(str, range(200))), np.ones((200, 1))))
    tokenizer.set_params(**parameters).partial_fit(["a"]).partial_fit(["b"])
    assert len(tokenizer.vocabulary_) == 202


def test_min_count_may_change_between_calls():
    tokenizer = TextTokenizer(min_count=3).partial_fit(["a a a b b"])
    assert tokenizer.set_params(min_count=2).partial_fit(["b"]).vocabulary_ == {"a": 2, "b": 3}


def test_markers_keep_their_ids():
    tokenizer = TextTokenizer(min_count=1, add_markers=True, max_length=4).fit(["a"])
    assert tokenizer.vocabulary_ == {"a": 2, "<s>": 3, "</s>": 4}
    tokenizer.partial_fit(["b c c"])
    assert tokenizer.vocabulary_ == {"a": 2, "<s>": 3, "</s>": 4, "c": 5, "b": 6}
    assert tokenizer.transform(["c b", ""]).tolist() == [[3, 5, 6, 4], [3, 1, 4, 0]]


def test_markers_may_be_added_and_left_out_between_calls():
    tokenizer = TextTokenizer(min_count=1, max_length=4).fit(["a"])
    tokenizer.set_params(add_markers=True).partial_fit(["b"])
    assert tokenizer.vocabulary_ == {"a": 2, "b": 3, "<s>": 4, "</s>": 5}
    assert tokenizer.transform(["b"]).tolist() == [[4, 3, 5, 0]]
    tokenizer.set_params(add_markers=False).partial_fit(["c"])
    assert tokenizer.transform(["b c"]).tolist() == [[3, 6, 0, 0]]


def test_markers_must_leave_a_token_in_rows_of_fixed_length():
    tokenizer = TextTokenizer(min_count=1, max_length=2).fit(["a"]).set_params(add_markers=True)
    with refuses(
        ValueError,
        "max_length_=2, which was fixed when the tokenizer was fitted, leaves no token between the "
        "two markers. Set add_markers=False, or call fit with warm_start=False and max_length=3 or "
        "more.",
    ):
        tokenizer.partial_fit(["b"])


@pytest.mark.parametrize("max_length", [None, 0.5, 2])
def test_partial_fit_does_not_change_the_number_of_columns(max_length):
    tokenizer = TextTokenizer(min_count=1, max_length=max_length).fit(["a b"])
    for length in (max_length, 7):
        tokenizer.set_params(max_length=length).partial_fit(["a b c d e f"])
        assert tokenizer.max_length_ == 2
        assert tokenizer.transform(["f"]).shape == (1, 2)


@pytest.mark.parametrize(
    "vocabulary",
    [
        ["good", "film"],
        ("good", "film"),
        np.array(["good", "film"]),
        {"film": 9, "good": 4},
        {"film": 9, "good": 4, "</s>": 2},
    ],
)
@pytest.mark.parametrize("add_markers", [False, True])
def test_a_fixed_vocabulary_does_not_grow(vocabulary, add_markers):
    tokenizer = TextTokenizer(vocabulary=vocabulary, add_markers=add_markers, min_count=1)
    before = tokenizer.partial_fit(["a good film"]).vocabulary_
    pickled = pickle.loads(pickle.dumps(tokenizer))
    for copied in (tokenizer, pickled, copy.deepcopy(tokenizer)):
        assert copied.partial_fit(["new words", "new words"]).vocabulary_ == before


def test_tokens_without_a_vector_are_added_after_the_vectors():
    vectors = WordVectors(["good", "</s>", "bad"], np.ones((3, 2)))
    tokenizer = TextTokenizer(vocabulary=vectors, max_tokens=2, add_markers=True)
    tokenizer.partial_fit(["good film film"]).partial_fit(["new good new bad"])
    assert tokenizer.vocabulary_ == {"good": 2, "</s>": 3, "bad": 4, "film": 5, "<s>": 6, "new": 7}
    tokenizer.partial_fit(["other other"])
    assert "other" not in tokenizer.vocabulary_


@pytest.mark.parametrize("method", ["fit", "fit_transform"])
def test_warm_start_makes_fit_go_on(method):
    tokenizer = TextTokenizer(min_count=1, max_length=3)
    ids = getattr(tokenizer, method)(["b b a"])
    tokenizer.set_params(warm_start=True)
    result = getattr(tokenizer, method)(["c a"])
    assert tokenizer.vocabulary_ == {"b": 2, "a": 3, "c": 4}
    if method == "fit_transform":
        assert ids.tolist() == [[2, 2, 3]]
        assert result.tolist() == [[4, 3, 0]]
    tokenizer.set_params(warm_start=False)
    getattr(tokenizer, method)(["c a"])
    assert tokenizer.vocabulary_ == {"a": 2, "c": 3}
    assert not hasattr(clone(tokenizer.set_params(warm_start=True)), "vocabulary_")


def test_fit_starts_anew_after_partial_fit():
    tokenizer = TextTokenizer().partial_fit(["a a b"])
    tokenizer.fit(["c c"]).partial_fit(["b"])
    assert tokenizer.vocabulary_ == {"c": 2}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"analyzer": "char"}),
        ({}, {"analyzer": str.split}),
        ({"analyzer": str.split}, {"analyzer": str.splitlines}),
        ({}, {"lowercase": False}),
        ({}, {"strip_accents": "unicode"}),
        ({"strip_accents": "ascii"}, {"strip_accents": None}),
        ({}, {"token_pattern": r"\w+"}),
        ({}, {"vocabulary": ["good"]}),
        ({"vocabulary": ["good", "film"]}, {"vocabulary": ["film", "good"]}),
        ({"vocabulary": ["good", "film"]}, {"vocabulary": None}),
        ({"vocabulary": {"good": 4}}, {"vocabulary": {"good": 4, "film": 5}}),
        ({}, {"vocabulary": WordVectors(["good"], [[1.0]])}),
        (
            {"vocabulary": WordVectors(["good"], [[1.0]])},
            {"vocabulary": WordVectors(["film"], [[1.0]])},
        ),
    ],
)
@pytest.mark.parametrize("method", ["fit", "fit_transform", "partial_fit"])
def test_what_decides_on_tokens_must_not_change(before, after, method):
    tokenizer = TextTokenizer(**before, min_count=1).fit(TEXTS)
    tokenizer.set_params(**after, warm_start=True)
    fitted = copy.deepcopy(vars(tokenizer))
    (name,) = after
    with refuses(
        ValueError,
        f"The tokenizer cannot go on with its vocabulary, because {name} has changed since it was "
        "fitted. Set it to its earlier value, or call fit with warm_start=False to learn a new "
        "vocabulary.",
    ):
        getattr(tokenizer, method)(TEXTS)
    assert vars(tokenizer).keys() == fitted.keys()
    assert tokenizer.vocabulary_ == fitted["vocabulary_"]
    tokenizer.set_params(warm_start=False).fit(TEXTS).partial_fit(TEXTS)


def test_equal_parameters_are_no_change():
    vocabulary = np.array(["good", "film"])
    tokenizer = TextTokenizer(vocabulary=vocabulary).fit(TEXTS)
    tokenizer.set_params(
        vocabulary=["good", "film"], lowercase=np.True_, truncation="pre", n_jobs=1
    )
    assert tokenizer.partial_fit(TEXTS).vocabulary_ == {"good": 2, "film": 3}


def fail_at(bad_text):
    def analyze(text):
        if text == bad_text:
            raise RuntimeError("bad text")
        return text.split()

    return analyze


@pytest.mark.parametrize(
    ("texts", "error"),
    [
        ([], ValueError),
        (["new"] * 9 + [None], TypeError),
        (["new"] * 9 + ["bad"], RuntimeError),
        ("new", TypeError),
        (np.array([["new", "new"]]), ValueError),
    ],
)
def test_a_failed_partial_fit_changes_nothing(texts, error):
    tokenizer = TextTokenizer(analyzer=fail_at("bad"), warm_start=True)
    tokenizer.partial_fit(["a a b"])
    before = copy.deepcopy(vars(tokenizer))
    for method in (tokenizer.partial_fit, tokenizer.fit, tokenizer.fit_transform):
        with pytest.raises(error):
            method(texts)
        assert vars(tokenizer) == before
    assert tokenizer.partial_fit(["b"]).vocabulary_ == {"a": 2, "b": 3}


def test_a_first_partial_fit_that_fails_leaves_nothing_behind():
    tokenizer = TextTokenizer()
    with pytest.raises(ValueError, match="No token occurs min_count=2 times"):
        tokenizer.partial_fit(["a b"])
    assert vars(tokenizer) == vars(TextTokenizer())


@pytest.mark.parametrize("texts", [[""], ["b"], [" ", "a"]])
def test_texts_without_new_tokens_are_no_error(texts):
    tokenizer = TextTokenizer().fit(["a a"])
    assert tokenizer.partial_fit(texts).vocabulary_ == {"a": 2}


@pytest.mark.parametrize(
    "there_and_back", [lambda x: pickle.loads(pickle.dumps(x)), copy.copy, copy.deepcopy]
)
@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"analyzer": str.split},
        {"vocabulary": WordVectors(["good"], [[1.0]])},
    ],
)
def test_a_copy_goes_on_and_leaves_the_original_as_it_is(there_and_back, parameters):
    tokenizer = TextTokenizer(**parameters).partial_fit(["a a b"])
    before = copy.deepcopy(vars(tokenizer))
    copied = there_and_back(tokenizer).partial_fit(["b c c"])
    assert copied.vocabulary_.keys() >= {"a", "b", "c"}
    assert vars(tokenizer) == before


def test_ids_know_their_vocabulary():
    tokenizer = TextTokenizer(min_count=1)
    first = numbering_of(tokenizer.fit_transform(["a b"]))
    assert first == number_tokens({"a": 2, "b": 3}) == numbering_of(tokenizer.transform(["b"]))
    assert numbering_of(pickle.loads(pickle.dumps(tokenizer)).transform(["b"])) == first
    assert numbering_of(clone(tokenizer).fit_transform(["b a"])) == first
    grown = numbering_of(tokenizer.partial_fit(["c"]).transform(["b"]))
    assert grown == number_tokens({"a": 2, "b": 3, "c": 4})
    assert numbering_of(tokenizer.fit(["c"]).transform(["b"])) == number_tokens({"c": 2})


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


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_real_reviews_in_chunks(reviews, n_jobs):
    tokenizer = TextTokenizer(min_count=1, max_tokens=None, n_jobs=n_jobs)
    for begin in range(0, 1000, 250):
        tokenizer.partial_fit(reviews[begin : begin + 250])
    whole = TextTokenizer(min_count=1, max_tokens=None).fit(reviews[:1000])
    assert tokenizer.vocabulary_.keys() == whole.vocabulary_.keys()
    texts = tokenizer.inverse_transform(tokenizer.transform(reviews[:50]))
    assert texts == whole.inverse_transform(whole.transform(reviews[:50]))
