"""Spans of the tokens of a text: the character offsets of each token in the text as given."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, groupby
from typing import NamedTuple, TypeAlias
from unicodedata import combining

import numpy as np
from sklearn.feature_extraction.text import strip_accents_ascii, strip_accents_unicode

from sklearn_rnn._parameters import python_values
from sklearn_rnn._text.analyzers import LINE_BREAK, Strip
from sklearn_rnn._text.padding import fill_rows
from sklearn_rnn._tokenizer import TextTokenizer

Span: TypeAlias = tuple[int, int]


def find_spans(tokenizer: TextTokenizer, text: str) -> list[Span | None] | None:
    """Find the tokens of a row of ids in the text that the row was made from.

    Parameters
    ----------
    tokenizer : TextTokenizer
        The fitted tokenizer.
    text : str
        The text.

    Returns
    -------
    spans : list of (int, int) or None
        For each token of ``tokenizer.transform([text])``, without characters, the offset of its
        first character in `text` and the offset after its last. None for markers, and for the
        unknown word that stands for a text without tokens. If a callable analyzer or strip_accents
        does not say where its results come from, None instead of the list.
    """
    spans = _find_all(tokenizer, text)
    if spans is None:
        return None
    n_tokens = max(len(spans), 1)
    width = tokenizer.max_length_ - 2 * tokenizer.add_markers
    row = np.zeros((1, width), dtype=np.int32)
    numbers = np.arange(1, n_tokens + 1, dtype=np.int32)  # 0 would be padding
    fill_rows(row, numbers, np.array([n_tokens]), tokenizer.truncation)
    kept = [spans[number - 1] if spans else None for number in row[row > 0].tolist()]
    markers: list[Span | None] = [None] * bool(tokenizer.add_markers)
    return [*markers, *kept, *markers]


def _find_all(tokenizer: TextTokenizer, text: str) -> list[Span] | None:
    """Find all tokens of a text, also those that truncation removes."""
    parameters = python_values(tokenizer)
    analyzer = parameters.analyzer
    if callable(analyzer):
        return _align(list(analyzer(text)), text)
    located = _Located.of(text).without_line_breaks()
    if parameters.lowercase:
        located = located.lower()
    stripped = located.strip(parameters.strip_accents)
    if stripped is None:
        return None
    pattern = None if analyzer == "char" else parameters.token_pattern
    parts = _find_words(stripped.text, pattern) if pattern else _find_characters(stripped.text)
    return [stripped.span(begin, end) for begin, end in parts]


class _Located(NamedTuple):
    """A text, and the span in the original text that each of its characters comes from."""

    text: str
    begins: list[int]
    ends: list[int]

    @classmethod
    def of(cls, text: str) -> _Located:
        return cls(text, list(range(len(text))), list(range(1, len(text) + 1)))

    def span(self, begin: int, end: int) -> Span:
        return self.begins[begin], self.ends[end - 1]

    def replace_each(self, replacements: Iterable[str]) -> _Located:
        """Replace each character by a str, which may be empty."""
        strings = list(replacements)
        sizes = [len(string) for string in strings]
        begins, ends = (
            np.repeat(np.array(offsets, dtype=np.int64), sizes).tolist()
            for offsets in (self.begins, self.ends)
        )
        return _Located("".join(strings), begins, ends)

    def without_line_breaks(self) -> _Located:
        """Replace each HTML line break by a space."""
        kept, begins, ends, end = [], [], [], 0
        for match in chain(LINE_BREAK.finditer(self.text), [None]):
            stop = len(self.text) if match is None else match.start()
            kept.append(self.text[end:stop])
            begins += self.begins[end:stop]
            ends += self.ends[end:stop]
            if match is not None:
                begins.append(self.begins[stop])
                end = match.end()
                ends.append(self.ends[end - 1])
        return _Located(" ".join(kept), begins, ends)

    def lower(self) -> _Located:
        # The lower case of one letter depends on its neighbours, that of the Greek sigma, which is
        # one character in either case.
        return self.replace_each(map(str.lower, self.text))._replace(text=self.text.lower())

    def strip(self, strip_accents: str | Strip | None) -> _Located | None:
        """Remove accents. None if it is not known where a character of the result comes from."""
        strip = _strip_function(strip_accents)
        if strip is None:
            return self
        result = strip(self.text)
        if result == self.text:
            return self
        # Both functions of scikit-learn drop what depends on neighbours: the order of accents.
        replacements = list(map(strip, self.text))
        stripped = self._with_dropped_marks(replacements).replace_each(replacements)
        return stripped if stripped.text == result else None

    def _with_dropped_marks(self, replacements: list[str]) -> _Located:
        """Let each letter end after the combining marks that follow it and are dropped."""
        ends = list(self.ends)
        for position in range(len(ends) - 1, 0, -1):
            if not replacements[position] and combining(self.text[position]):
                ends[position - 1] = ends[position]
        return self._replace(ends=ends)


def _strip_function(strip_accents: str | Strip | None) -> Strip | None:
    if callable(strip_accents):
        return strip_accents
    named: dict[object, Callable[[str], str]] = {
        "ascii": strip_accents_ascii,
        "unicode": strip_accents_unicode,
    }
    return named.get(strip_accents)


def _find_words(text: str, token_pattern: str) -> list[Span]:
    pattern = re.compile(token_pattern)
    spans = (match.span(pattern.groups) for match in pattern.finditer(text))  # 0 or 1 group
    return [(begin, end) for begin, end in spans if begin < end]


def _find_characters(text: str) -> Iterator[Span]:
    """Find the characters of a text, of which a run of white space is one, if it is inside."""
    begin, end = len(text) - len(text.lstrip()), len(text.rstrip())
    for is_space, run in groupby(range(begin, end), lambda position: text[position].isspace()):
        positions = list(run)
        if is_space:
            yield positions[0], positions[-1] + 1
        else:
            yield from ((position, position + 1) for position in positions)


def _align(tokens: list[str], text: str) -> list[Span] | None:
    """Find the tokens of a callable analyzer, if together they are the whole text.

    A search for each token could find it at the wrong place: in "that hat", of which an analyzer
    has dropped the first word, "hat" is found in "that". Tokens that leave out white space alone
    have one possible place. They may be in lower case.
    """
    original = _Located.of(text)
    for located in (original, original.lower()):
        spans = _cover(tokens, located.text)
        if spans is not None:
            return [located.span(begin, end) for begin, end in spans]
    return None


def _cover(tokens: list[str], text: str) -> list[Span] | None:
    """Find tokens, one after the other, with nothing but white space between and around them."""
    spans, end = [], 0
    for token in tokens:
        while end < len(text) and text[end].isspace() and not text.startswith(token, end):
            end += 1
        if not token or not text.startswith(token, end):
            return None
        begin, end = end, end + len(token)
        spans.append((begin, end))
    return spans if not text[end:].strip() else None
