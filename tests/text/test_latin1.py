import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_rnn import TextTokenizer
from sklearn_rnn._text import encoding
from sklearn_rnn._text.analyzers import TOKEN_PATTERN, build_analyzer
from sklearn_rnn._text.latin1 import decode_short, find_tokens, to_bytes

LATIN = [chr(i) for i in range(256)]

# At least one character of each class, what a line break is made of, and what is no Latin-1: a
# dash, an apostrophe, an emoji, a capital whose lower case is Latin-1 (the Kelvin sign) or two
# characters long, a surrogate.
REPRESENTATIVES = "aZ19_'.,/!? \n\x00-\xe9\xc9\xb2\xad\x85"
RICH = REPRESENTATIVES + "<br/>BR\u2014\u2019\u2764\u212a\u0130\ud800"


def expected_words(text, lowercase=True):
    analyze = build_analyzer(
        "word", lowercase=lowercase, strip_accents=None, token_pattern=TOKEN_PATTERN
    )
    return list(analyze(text))


def found_words(texts, lowercase=True):
    """The tokens of each text in Latin-1, without line breaks."""
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


# The tokenizer with and without


@pytest.fixture
def both_ways(monkeypatch):
    """Check that the ids are the same with as many bytes as possible and with `re` alone."""

    def check(texts, **parameters):
        by_bytes, by_re = (
            TextTokenizer(min_count=1, max_tokens=None, **parameters) for _ in range(2)
        )
        monkeypatch.setattr(encoding, "_MOST_BY_RE", -1)
        ids = by_bytes.fit_transform(texts)
        np.testing.assert_array_equal(by_bytes.transform(texts), ids)
        monkeypatch.setattr(encoding, "_MOST_BY_RE", float("inf"))
        np.testing.assert_array_equal(by_re.fit_transform(texts), ids)
        assert list(by_bytes.vocabulary_.items()) == list(by_re.vocabulary_.items())

    return check


@pytest.mark.parametrize("lowercase", [True, False])
@pytest.mark.parametrize("block", [1, 3000, 2**20])
def test_the_tokenizer_gives_the_same_ids_both_ways(both_ways, monkeypatch, lowercase, block):
    monkeypatch.setattr(encoding, "_BLOCK", block)

    @settings(max_examples=50)
    @given(st.lists(st.text(RICH, max_size=25), min_size=1, max_size=6))
    def check(texts):
        both_ways(["a", *texts], lowercase=lowercase, max_length=None)

    check()


def test_line_breaks(both_ways):
    both_ways(
        ["a<br />b<BR>c<bR/>d<br  />e<br/ >f<", "<br", " />", "it's<br />10/10<br />'n' 1.<br>5"]
    )


def test_texts_of_many_kinds_in_a_block(both_ways):
    texts = [
        "plain words",
        "",
        "caf\xe9",
        "\u597d\u7535\u5f71",
        "",
        "don\u2019t",
        "...",
        "\U0001f600",
    ]
    both_ways(texts * 50)
    both_ways(["", *texts[3:6]])


def test_one_huge_text(both_ways):
    words = [f"word{i}" for i in range(50_000)]
    both_ways([" ".join(words * 20), "word7 " + "x" * 10_000], max_length=100)


def test_real_reviews(both_ways, data_dir):
    both_ways(pd.read_csv(data_dir / "imdb" / "train.csv.gz", nrows=5_000)["review"])
