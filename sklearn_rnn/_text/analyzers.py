"""Analyzers, which split a text into words or characters, or call a user's function."""

import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import Literal, TypeAlias

from sklearn.feature_extraction.text import strip_accents_ascii, strip_accents_unicode

Analyze: TypeAlias = Callable[[str], Iterable[str]]
Strip: TypeAlias = Callable[[str], str]

LINE_BREAK = re.compile(r"<[bB][rR] ?/?>")


def _default_token_pattern() -> str:
    # \w of `re` does not match the combining marks of Hindi, Thai or vocalised Arabic, so a word is
    # a run of characters other than white space, punctuation, symbols and control characters.
    # Literal ranges in a single set are fast to match: \w+ takes 1.2 times as long.
    not_word = (
        r"\x00-&'(-/:-@\[-`{-\xa9\xab-\xb1\xb4\xb6-\xb8\xbb\xbf\xd7\xf7\u037e\u0387"
        r"\u055a-\u055f\u0589\u058a\u05be\u05c0\u05c3\u05c6\u05f3\u05f4\u0606-\u060f\u061b-\u061f"
        r"\u066a-\u066d\u06d4\u06dd\u06de\u0700-\u070d\u0964\u0965\u0970\u0e3f\u0e4f\u0e5a\u0e5b"
        r"\u0f01-\u0f17\u0f3a-\u0f3d\u104a-\u104f\u10fb\u1360-\u1368\u1680\u17d4-\u17d6"
        r"\u17d8-\u17db\u1800-\u180a\u180e\u2000-\u200b\u200e-\u206f\u20a0-\u20ff\u2120-\u2122"
        r"\u2190-\u245f\u249c-\u24e9\u2500-\u2bff\u2e00-\u2e2e\u2e30-\u2e7f\u3000-\u3004"
        r"\u3008-\u3020\u3030\u303d\u30a0\u30fb\ud800-\uf8ff\ufe00-\ufe19\ufe30-\ufe6f"
        r"\ufeff-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\uffe0-\uffff\U0001f000-\U0001faff"
    )
    emoji = r"\u231a\u231b\u23e9-\u23fa\u2600-\u27bf\u2b50\u2b55\U0001f000-\U0001faff"
    flag = r"[\U0001f1e6-\U0001f1ff]{2}"
    # Possessive repeats (++ and *+) never backtrack, so the time is linear in the text's length.
    run = f"[^{not_word}]++"
    inside = rf"(?:['\u2019.,/](?:(?<=['\u2019])|(?<=[0-9].)(?=[0-9])){run})*+"
    modifiers = rf"(?:[\ufe0f\U0001f3fb-\U0001f3ff]|\u200d[{emoji}])*+"
    invisible = (
        r"\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
        r"\ud800-\uf8ff\ufe00-\ufe0f\ufeff"
    )
    return rf"{run}{inside}|{flag}|[!?\u061f\uff01\uff1f{emoji}]{modifiers}|[^\s{invisible}]"


TOKEN_PATTERN = _default_token_pattern()


def build_analyzer(
    analyzer: Literal["word", "char"] | Analyze,
    *,
    lowercase: bool,
    strip_accents: Literal["ascii", "unicode"] | Strip | None,
    token_pattern: str,
) -> Analyze:
    """Return the function that splits a text into its tokens, in order.

    Parameters
    ----------
    analyzer, lowercase, strip_accents, token_pattern
        As in :class:`TextTokenizer`.

    Returns
    -------
    analyze : callable
        Takes a str, returns an iterable of str. It can be pickled if the parameters can.

    Raises
    ------
    ValueError
        If `analyzer` is "word" and `token_pattern` has more than one capturing group, or is too
        large for `re`.
    re.error
        If `analyzer` is "word" and `token_pattern` is not a regular expression.
    """
    if callable(analyzer):
        return partial(_call_analyzer, analyzer)
    split = _split_characters if analyzer == "char" else _word_splitter(token_pattern)
    named: dict[object, Strip] = {
        "ascii": strip_accents_ascii,
        "unicode": strip_accents_unicode,
    }
    strip = strip_accents if callable(strip_accents) else named.get(strip_accents)
    return partial(_analyze, split=split, lowercase=lowercase, strip=strip)


def drop_line_breaks(text: str) -> str:
    """Replace each HTML line break by a space."""
    return LINE_BREAK.sub(" ", text) if "<" in text else text


def _analyze(text: str, *, split: Analyze, lowercase: bool, strip: Strip | None) -> Iterable[str]:
    text = drop_line_breaks(text)
    if lowercase:
        text = text.lower()
    if strip is not None:
        text = strip(text)
        if not isinstance(text, str):
            raise TypeError(
                f"strip_accents returned {type(text).__name__} for a text. Let it return a str."
            )
    return split(text)


def _call_analyzer(analyzer: Analyze, text: str) -> Iterable[str]:
    tokens: object = analyzer(text)
    if isinstance(tokens, (str, bytes)) or not isinstance(tokens, Iterable):
        raise TypeError(
            f"analyzer returned {type(tokens).__name__} for a text. Let it return a list of str, "
            "one per token."
        )
    return tokens


def _split_characters(text: str) -> str:
    return " ".join(text.split())


def _word_splitter(token_pattern: str) -> Analyze:
    try:
        pattern = re.compile(token_pattern)
    except (OverflowError, RecursionError) as error:
        raise ValueError(f"token_pattern is too large for Python's re: {error}.") from error
    if pattern.groups > 1:
        raise ValueError(
            f"token_pattern has {pattern.groups} capturing groups, and at most one can be the "
            "token. Write (?:...) for the others."
        )
    if token_pattern == TOKEN_PATTERN:
        return pattern.findall
    return partial(_find_nonempty, pattern)


def _find_nonempty(pattern: re.Pattern[str], text: str) -> list[str]:
    return list(filter(None, pattern.findall(text)))
