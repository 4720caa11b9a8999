import pickle
import re
import unicodedata

import pytest

from sklearn_rnn._text.analyzers import TOKEN_PATTERN, build_analyzer, drop_line_breaks
from sklearn_rnn._tokenizer import TextTokenizer
from tests.text.tokens import TEXTS, refuses, words

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
    """With backtracking the test would practically never end."""
    assert isinstance(re.findall(TOKEN_PATTERN, unit * 500_000), list)


def test_characters():
    assert words(" \u597d\u7535\u5f71\u3002 <br /> OK\n", analyzer="char") == list(
        "\u597d\u7535\u5f71\u3002 ok"
    )


def test_a_callable_takes_the_unchanged_text():
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


@pytest.mark.parametrize("analyzer", ["word", "char", str.split])
@pytest.mark.parametrize("strip_accents", [None, "ascii", "unicode", str.strip])
def test_an_analyzer_survives_pickling(analyzer, strip_accents):
    analyze = build_analyzer(
        analyzer, lowercase=True, strip_accents=strip_accents, token_pattern=TOKEN_PATTERN
    )
    text = "\xc9t\xe9 2024, <br> good"
    assert list(pickle.loads(pickle.dumps(analyze))(text)) == list(analyze(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a<br>b<BR/>c<br />", "a b c "), ("a <b>", "a <b>"), ("<br", "<br"), ("", "")],
)
def test_line_breaks_of_html_become_spaces(text, expected):
    assert drop_line_breaks(text) == expected


@pytest.mark.parametrize(
    "pattern", ["a{99999999999}", "(" * 9999 + ")" * 9999], ids=["repeat", "nested"]
)
def test_an_expression_that_is_too_large(pattern):
    with pytest.raises(ValueError, match=r"^token_pattern is too large for Python's re: .+\.$"):
        TextTokenizer(token_pattern=pattern).fit(TEXTS)


def test_strip_accents_must_return_a_str():
    with refuses(TypeError, "strip_accents returned int for a text. Let it return a str."):
        TextTokenizer(strip_accents=len).fit(TEXTS)
