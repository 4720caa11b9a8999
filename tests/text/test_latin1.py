import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_rnn._text.analyzers import TOKEN_PATTERN, build_analyzer
from sklearn_rnn._text.latin1 import decode_short, find_tokens, to_bytes

LATIN = [chr(i) for i in range(256)]

# At least one character of each class.
REPRESENTATIVES = "aZ19_'.,/!? \n\x00-\xe9\xc9\xb2\xad\x85"


def expected_words(text, lowercase=True):
    analyze = build_analyzer(
        "word", lowercase=lowercase, strip_accents=None, token_pattern=TOKEN_PATTERN
    )
    return list(analyze(text))


def found_words(texts, lowercase=True):
    """Return the tokens that `find_tokens` finds in each text."""
    encoded = [to_bytes(text) for text in texts]
    short, long, codes, lengths = find_tokens(encoded, lowercase=lowercase)
    tokens = [*decode_short(short), *long]
    assert len(set(tokens)) == len(tokens)
    assert set(codes.tolist()) == set(range(len(tokens)))
    assert codes.dtype == np.int32
    words = iter([tokens[code] for code in codes])
    return [list(itertools.islice(words, length)) for length in lengths]


def assert_equal_words(texts):
    for lowercase in (True, False):
        expected = [expected_words(text, lowercase) for text in texts]
        assert found_words(texts, lowercase) == expected


def test_every_character_and_every_pair():
    assert_equal_words(LATIN)
    assert_equal_words(["".join(pair) for pair in itertools.product(LATIN, repeat=2)])


def test_every_character_between_any_two():
    around = itertools.product("a1'.!", LATIN, "a1'.! ")
    assert_equal_words(["".join(three) for three in around])


def test_all_short_texts_of_one_character_of_each_class():
    for length in (3, 4):
        assert_equal_words(["".join(t) for t in itertools.product("aZ1'.,!\xe9 ", repeat=length)])


@settings(max_examples=300)
@given(st.lists(st.text(REPRESENTATIVES, max_size=40), min_size=1, max_size=5))
def test_any_text(texts):
    assert_equal_words(texts)


@pytest.mark.parametrize("length", [7, 8, 9, 15, 16, 17, 10_000])
def test_words_of_any_length_are_told_apart(length):
    ends = ["", "b", "\xff", "'s", ".5", "\xff\xff"]
    words = ["\xff" * length + end for end in ends] + ["a" * length + end for end in ends]
    assert_equal_words([" ".join(words + words), *words, ""])


def test_no_texts_and_no_words():
    assert found_words([""]) == [[]]
    assert found_words(["", "\xad \n", ""]) == [[], [], []]
    assert found_words(["", "a", ""]) == [[], ["a"], []]


def test_only_latin_1_is_bytes():
    assert to_bytes("\xe9") == b"\xe9"
    assert to_bytes("\u2019") is None
    assert to_bytes("\ud800") is None
    for capital in LATIN:
        assert to_bytes(capital.lower()) is not None


def test_short_tokens_are_decoded():
    short = find_tokens([b"a bb eightlet \xff"], lowercase=False)[0]
    assert short.dtype == np.uint64
    assert decode_short(short) == ["a", "bb", "eightlet", "\xff"]
    assert decode_short(short[:0]) == []
