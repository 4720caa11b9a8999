"""Rows in which words are followed by their characters, and the rule of add_characters="auto"."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from sklearn_rnn import TextTokenizer, WordVectors
from sklearn_rnn._ids import FIRST_CHARACTER

TEXTS = st.lists(
    st.lists(st.text("ab.é語😀\ud800\U00010348", max_size=6), max_size=5).map(" ".join),
    min_size=1,
    max_size=12,
)


def spell(word):
    return [FIRST_CHARACTER + ord(letter) for letter in word]


def make(**parameters):
    return TextTokenizer(**{"min_count": 1, "add_characters": True} | parameters)


def rows_of(ids):
    return [[id_ for id_ in row if id_] for row in ids.tolist()]


def test_characters_follow_words_of_three_characters():
    tokenizer = make()
    ids = tokenizer.fit_transform(["so rainy!", "so"])
    words = tokenizer.vocabulary_
    assert rows_of(ids) == [
        [words["so"], words["rainy"], *spell("rainy"), words["!"]],
        [words["so"]],
    ]
    assert ids.dtype == np.int32
    assert tokenizer.add_characters_ is True


@pytest.mark.parametrize("word", ["naïve", "語語語", "😀😀x", "\U0010ffffab", "\ud800ab", "a\0b"])
@pytest.mark.parametrize("is_known", [True, False])
def test_any_code_point_is_spelled(word, is_known):
    tokenizer = make(analyzer=str.split, vocabulary=["other", *[word] * is_known])
    ids = tokenizer.fit(["other"]).transform([f"other {word}"])
    assert rows_of(ids)[0] == [2, *spell("other"), 3 if is_known else 1, *spell(word)]
    assert tokenizer.inverse_transform(ids) == [["other", word]]


def test_short_unknown_words_stay_unknown():
    tokenizer = make().fit(["good film"])
    assert tokenizer.inverse_transform(tokenizer.transform(["an odd film", ""])) == [
        ["<unk>", "odd", "film"],
        ["<unk>"],
    ]


@given(TEXTS, TEXTS, st.sampled_from([None, 0.5, 4, 9, 60]), st.booleans(), st.booleans())
def test_padding_is_on_the_right_and_texts_do_not_depend_on_each_other(
    texts, new_texts, max_length, add_markers, as_given
):
    tokenizer = make(
        max_length=max_length,
        add_markers=add_markers,
        analyzer=str.split,
        vocabulary=["aaa", "bb"] if as_given else None,
    )
    texts = ["aaa", *texts]  # a token to learn
    ids = tokenizer.fit_transform(texts)
    assert_array_equal(tokenizer.transform(texts), ids)
    new_ids = tokenizer.transform(new_texts)
    assert new_ids.shape == (len(new_texts), tokenizer.max_length_)
    plain = make(
        **tokenizer.get_params() | {"add_characters": False, "max_length": tokenizer.max_length_}
    )
    words = plain.fit(texts).transform(new_texts)
    for row, word_row, text in zip(new_ids, words, new_texts, strict=True):
        n_tokens = np.count_nonzero(row)
        assert n_tokens
        assert (row[:n_tokens] != 0).all()
        assert_array_equal(tokenizer.transform([text])[0], row)
        is_character = row >= FIRST_CHARACTER
        if is_character.any():  # all of its words fit, and the words are the same
            assert_array_equal(row[~is_character & (row > 0)], word_row[word_row > 0])
            letters = "".join(word for word in text.split() if len(word) >= 3)
            assert row[is_character].tolist() == spell(letters.lower())
        else:
            assert_array_equal(row, word_row)


def test_a_text_too_long_for_its_characters_stays_without():
    tokenizer = make(max_length=6)
    ids = tokenizer.fit_transform(["abc de", "abcd e", "abcde fg hi jk lm no pq"])
    lengths = [len(row) for row in rows_of(ids)]
    assert lengths == [5, 6, 6]
    assert [(row >= FIRST_CHARACTER).sum() for row in ids] == [3, 4, 0]


def test_markers_are_outside_and_are_not_spelled():
    tokenizer = make(add_markers=True, max_length=8)
    ids = tokenizer.fit_transform(["abcd e", "abcde f"])
    begin, end = tokenizer.vocabulary_["<s>"], tokenizer.vocabulary_["</s>"]
    words = tokenizer.vocabulary_
    assert rows_of(ids) == [
        [begin, words["abcd"], *spell("abcd"), words["e"], end],
        [begin, words["abcde"], words["f"], end],
    ]


@pytest.mark.parametrize(("max_length", "expected"), [(None, 10), (0.5, 7), (1.0, 10), (8, 8)])
def test_a_row_has_room_for_characters(max_length, expected):
    tokenizer = make(max_length=max_length)
    ids = tokenizer.fit_transform(["abcd", "abcde f", "abcdefghi"])
    assert tokenizer.max_length_ == ids.shape[1] == expected


def auto(n_texts=1000, text="short words", other="short words", n_other=0, **parameters):
    texts = [text] * (n_texts - n_other) + [other] * n_other
    return TextTokenizer(**parameters).fit(texts).add_characters_


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ({}, True),
        ({"n_texts": 999}, False),
        ({"analyzer": "char"}, False),
        ({"analyzer": str.split}, False),
        ({"text": "short " * 32}, True),  # of 32 tokens
        ({"text": "short " * 33}, False),
        ({"other": "word " * 33, "n_other": 499}, True),  # the median counts
        ({"text": "abc " * 3, "max_length": 12}, True),
        ({"text": "abc " * 3, "max_length": 11}, False),
        ({"other": "abcdefghijklmnop", "n_other": 50, "max_length": 12}, True),
        ({"other": "abcdefghijklmnop", "n_other": 51, "max_length": 12}, False),
        ({"other": "a" * 399, "n_other": 51, "max_length": None}, True),
        ({"other": "a" * 400, "n_other": 51, "max_length": None}, False),
        ({"other": "a" * 400, "n_other": 51, "max_length": 1000}, False),
        ({"other": "a" * 400, "n_other": 51, "max_length": 1.0}, False),
        ({"add_characters": False}, False),
        ({"add_characters": True, "n_texts": 1, "min_count": 1}, True),
        ({"add_characters": True, "analyzer": "char"}, True),
    ],
)
def test_the_rule_of_auto(setting, expected):
    assert auto(**setting) is expected


def test_partial_fit_keeps_the_choice():
    tokenizer = TextTokenizer(min_count=1).partial_fit(["a few texts"])
    assert tokenizer.partial_fit(["short words"] * 1000).add_characters_ is False
    tokenizer = TextTokenizer().partial_fit(["short words"] * 1000)
    ids = tokenizer.partial_fit(["new " * 99] * 5).transform(["new"])
    assert rows_of(ids) == [[tokenizer.vocabulary_["new"], *spell("new")]]


def test_add_characters_must_not_change_between_calls():
    tokenizer = TextTokenizer(min_count=1).partial_fit(["a few texts"])
    message = (
        "The tokenizer cannot go on with its vocabulary, because add_characters has changed since "
        "it was fitted. Set it to its earlier value, or call fit with warm_start=False to learn a "
        "new vocabulary."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        tokenizer.set_params(add_characters=True).partial_fit(["more"])


def test_word_vectors_and_mappings_have_characters():
    vectors = WordVectors(["good", "film"], np.eye(2))
    tokenizer = make(vocabulary=vectors)
    assert rows_of(tokenizer.fit_transform(["film new"])) == [[3, *spell("film"), 4, *spell("new")]]
    tokenizer = make(vocabulary={"film": 90})
    assert rows_of(tokenizer.fit_transform(["film new"])) == [
        [90, *spell("film"), 1, *spell("new")]
    ]


def test_processes_spell_alike():
    texts = [f"word{i} and an-other{i % 7}" for i in range(300)]
    expected = make().fit_transform(texts)
    tokenizer = make(n_jobs=2)
    assert_array_equal(tokenizer.fit_transform(texts), expected)
    assert_array_equal(tokenizer.transform(texts), expected)


def test_ids_that_are_no_characters_are_refused():
    tokenizer = make().fit(["good film"])
    for id_ in (FIRST_CHARACTER - 1, FIRST_CHARACTER + 0x110000):
        message = (
            f"The id {id_} is not in the vocabulary of 2 tokens that this tokenizer was fitted "
            "with. Pass ids that its own transform returned."
        )
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            tokenizer.inverse_transform(np.array([[id_]]))


def test_without_a_training_text_that_fits_no_text_gets_characters():
    tokenizer = TextTokenizer(add_characters=True, max_length=4, min_count=1)
    tokenizer.fit(["short texts", "which do not fit"])
    assert not tokenizer.add_characters_
    assert tokenizer.transform(["do"]).max() < FIRST_CHARACTER
    tokenizer.set_params(max_length=12).fit(["short texts", "which do not fit"])
    assert tokenizer.add_characters_
    for n_letters, expected in ((399, True), (400, False)):  # a row may have 400 columns
        tokenizer.set_params(max_length="auto").fit(["a" * n_letters])
        assert tokenizer.add_characters_ is expected
