"""Offsets of tokens in the text as given: exact, or none at all."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_rnn import TextTokenizer
from sklearn_rnn._inspection.token_spans import find_spans
from sklearn_rnn._text.analyzers import build_analyzer

# Letters whose lower case or decomposition has other lengths, marks, white space, line breaks.
WORDS = "A b é e\u0301 İ ΑΣ Σ ß ﬁ ½ 가 日本 \u0323\u0301 🙂 🏽 <br> <b> ' don't 3.5 ! ǆ Å"
OTHERS = [" ", "\t\n", "\u3000", "\x1c", "<BR />", "\u200b", "\ud83d"]
PIECES = st.sampled_from([*WORDS.split(), *OTHERS])
TEXTS = st.lists(PIECES, max_size=12).map("".join)


def spans_of(text, *, train=None, **parameters):
    parameters = {"min_count": 1, "add_characters": False, "max_length": None} | parameters
    tokenizer = TextTokenizer(**parameters).fit([text if train is None else train])
    return find_spans(tokenizer, text)


def slices(text, **parameters):
    spans = spans_of(text, **parameters)
    return [None if span is None else text[slice(*span)] for span in spans]


def without_accents(text):
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


@given(
    text=TEXTS,
    analyzer=st.sampled_from(["word", "char"]),
    lowercase=st.booleans(),
    strip_accents=st.sampled_from([None, "ascii", "unicode", without_accents]),
    token_pattern=st.sampled_from([None, r"[^,]+", r"(\w)\w*", r"\w*"]),
)
def test_a_slice_becomes_its_token(text, analyzer, lowercase, strip_accents, token_pattern):
    parameters = {"analyzer": analyzer, "lowercase": lowercase, "strip_accents": strip_accents}
    if token_pattern is not None:
        parameters["token_pattern"] = token_pattern
    spans = spans_of(text, train="ab", **parameters, vocabulary=["a"], max_length=200)
    tokens = list(
        build_analyzer(**{"token_pattern": TextTokenizer().token_pattern} | parameters)(text)
    )
    if not tokens:
        assert spans == [None]
        return
    assert len(spans) == len(tokens)
    assert spans == sorted(spans)
    for (begin, end), token in zip(spans, tokens, strict=True):
        assert 0 <= begin < end <= len(text)
        part = text[begin:end].replace("<br>", " ").replace("<BR />", " ")
        part = part.lower() if lowercase else part
        strip = {"ascii": lambda s: without_accents(s).encode("ascii", "ignore").decode()}.get(
            strip_accents, without_accents if strip_accents else lambda s: s
        )
        part = strip(part)
        if analyzer == "char" and part.isspace():
            part = " "
        # A token may be a part of the characters that a single letter became; and the sigma at the
        # end of a word has a lower case of its own.
        assert token.upper() in part.upper()


@pytest.mark.parametrize(
    ("parameters", "text", "expected"),
    [
        ({}, "So GOOD!", ["So", "GOOD", "!"]),
        ({}, "one<br />TWO<br>three", ["one", "TWO", "three"]),
        ({}, "İstanbul'da İYİ", ["İstanbul'da", "İYİ"]),
        ({"strip_accents": "unicode"}, "ﬁne Caf\u0065\u0301 naïve", ["ﬁne", "Cafe\u0301", "naïve"]),
        ({"strip_accents": "ascii"}, "日本 né", ["né"]),
        ({"strip_accents": lambda text: text.replace("é", "e")}, "é né", ["é", "né"]),
        ({"token_pattern": r"#(\w+)"}, "a #Tag b", ["Tag"]),
        ({"token_pattern": r"[^,]+"}, "a<br>B,c", ["a<br>B", "c"]),
        ({"analyzer": "char"}, " 日 <br> 本\n", ["日", " <br> ", "本"]),
        ({"analyzer": str.split}, " So  GOOD ", ["So", "GOOD"]),
        ({"analyzer": lambda text: text.lower().split()}, "So GOOD", ["So", "GOOD"]),
        ({"analyzer": list}, "a  b", ["a", " ", " ", "b"]),
        ({"analyzer": lambda text: ["日本", "語"]}, "日本語", ["日本", "語"]),
        ({"add_markers": True}, "so good", [None, "so", "good", None]),
        ({}, " ", [None]),
        ({"add_markers": True, "max_length": 5}, " ", [None, None, None]),
        ({"add_characters": True}, "goods fine", ["goods", "fine"]),
    ],
)  # fmt: skip
def test_slices(parameters, text, expected):
    parameters = parameters | ({"vocabulary": ["a"]} if not text.strip() else {})
    assert slices(text, **parameters) == expected


@pytest.mark.parametrize(
    ("truncation", "expected"),
    [("post", ["a", "b", "c"]), ("pre", ["d", "e", "f"]), ("middle", ["a", "b", "f"])],
)
def test_tokens_that_truncation_leaves(truncation, expected):
    assert slices("a b c d e f", max_length=3, truncation=truncation) == expected
    with_markers = slices("a b c d e f", max_length=5, truncation=truncation, add_markers=True)
    assert with_markers == [None, *expected, None]
    # With their characters, these words do not fit, and stay without.
    spelled = slices("aaa bbb ccc ddd", max_length=3, truncation=truncation, add_characters=True)
    assert len(spelled) == 3


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"strip_accents": lambda text: text[::-1]}, "ab cd"),
        ({"strip_accents": lambda text: text.replace("ae", "e")}, "Caesar"),
        ({"analyzer": lambda text: text.split()[1:]}, "that hat"),
        ({"analyzer": lambda text: [word[:3] for word in text.split()]}, "words words"),
        ({"analyzer": lambda text: ["", *text.split()]}, "so good"),
        ({"analyzer": lambda text: [*text.split(), "end"]}, "so good"),
    ],
)
def test_no_offsets_where_they_are_not_certain(parameters, text):
    assert spans_of(text, **parameters) is None


def test_a_row_has_as_many_tokens():
    text = "one two three four five six seven"
    for max_length in range(1, 30):
        for add_characters in (False, True):
            tokenizer = TextTokenizer(
                min_count=1, max_length=max_length, add_characters=add_characters
            ).fit([text, "a b"])
            tokens = tokenizer.inverse_transform(tokenizer.transform([text]))[0]
            spans = find_spans(tokenizer, text)
            assert [text[begin:end] for begin, end in spans] == tokens
