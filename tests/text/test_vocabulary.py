import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_rnn._text.vocabulary import add_marker_tokens, check_vocabulary, choose_tokens
from sklearn_rnn._tokenizer import TextTokenizer
from tests.text.tokens import TEXTS, refuses


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
            "vocabulary has the id 1 for 'a'. Ids are between 2 and 1073741823: 0 is padding, 1 is "
            "the unknown word, and higher ids are those of characters.",
        ),
        (
            {"a": 2**30},
            ValueError,
            "vocabulary has the id 1073741824 for 'a'. Ids are between 2 and 1073741823: 0 is "
            "padding, 1 is the unknown word, and higher ids are those of characters.",
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


def test_chosen_tokens_follow_the_known_ones():
    tokens, counts = ["good", "bad", "film", "so"], np.array([3, 1, 5, 3])
    chosen = choose_tokens(tokens, counts, 2, 1, known={"film": 2, "never": 3})
    assert chosen == {"film": 2, "never": 3, "good": 4}
    assert choose_tokens([], np.array([], dtype=int), 2, None, known={"film": 2}) == {"film": 2}


def test_markers_get_the_next_ids_unless_they_have_some():
    vocabulary = {"a": 7, "</s>": 3}
    assert add_marker_tokens(vocabulary) == {"a": 7, "</s>": 3, "<s>": 8}
    assert vocabulary == {"a": 7, "</s>": 3}


def test_a_checked_vocabulary_is_a_new_dict_of_str_and_int():
    given = {np.str_("a"): np.int64(5)}
    checked = check_vocabulary(given)
    assert checked == {"a": 5}
    assert [(type(token), type(id_)) for token, id_ in checked.items()] == [(str, int)]


@pytest.mark.parametrize(
    "vocabulary", [{"a": 2**30 - 1}, {"a": 2**30 - 2}, {"<s>": 3, "a": 2**30 - 1}], ids=repr
)
def test_no_id_is_left_for_the_markers(vocabulary):
    message = (
        f"vocabulary has the id {vocabulary['a']}, and add_markers=True needs the ids after it for "
        "'<s>' and '</s>'. The highest possible id is 1073741823. Number the tokens from 2 on, or "
        "give ids to the markers too."
    )
    with refuses(ValueError, message):
        add_marker_tokens(vocabulary)
    with refuses(ValueError, message):
        TextTokenizer(vocabulary=vocabulary, add_markers=True).fit(["a"])


@pytest.mark.parametrize(
    "vocabulary", [5, list, np.array(5), bytearray(b"a"), pd.DataFrame({"a": ["b"]})], ids=range(5)
)
def test_what_is_no_vocabulary(vocabulary):
    message = (
        f"vocabulary is of type {type(vocabulary).__name__}. Pass a mapping of token to id, or a "
        "list of tokens, whose order gives the ids; for a set, sorted(vocabulary)."
    )
    with refuses(TypeError, message):
        check_vocabulary(vocabulary)
