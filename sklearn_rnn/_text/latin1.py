"""Latin-1 fast path, which finds the tokens of TOKEN_PATTERN in many texts at once with NumPy.

Latin-1 has one byte per character. For English reviews, encoding on this path takes half as long as
with `re`, which makes a str of each token. A token of at most eight bytes (93 % of the tokens of
English) is processed as one uint64, and only the distinct tokens are decoded to str.
"""

import re
from functools import cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from sklearn_rnn._ids import IdArray, LengthArray
from sklearn_rnn._text.analyzers import TOKEN_PATTERN

Indices: TypeAlias = npt.NDArray[np.intp]
ShortTokens: TypeAlias = npt.NDArray[np.uint64]

# The classes of characters, as bits. Bit 0: letters and digits; a run of them is a word. Bit 1: the
# digits 0 to 9. Bit 2: joins its two neighbours to one word if both have bit 0. Bit 3: joins them
# if both have bit 1. Bit 7: a sign, which is a token of its own unless it joins its neighbours.
_LETTER = 0b0001
_DIGIT = 0b0011
_LINK_OF_LETTERS = 0b0100
_LINK_OF_DIGITS = 0b1000
_SIGN = 0b1000_0000

# Eight bytes are read from the start of each short token. The mask at index n keeps the first n of
# them, for a token of n bytes.
_MASKS = np.frombuffer(b"".join(b"\xff" * n + bytes(8 - n) for n in range(9)), dtype=np.uint64)


def to_bytes(text: str) -> bytes | None:
    """Return the text encoded as Latin-1, or None if it has a character outside of Latin-1."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return None


def find_tokens(
    texts: list[bytes], *, lowercase: bool
) -> tuple[ShortTokens, list[str], IdArray, LengthArray]:
    """Find the tokens of TOKEN_PATTERN.

    Parameters
    ----------
    texts : list of bytes
        The texts, encoded as Latin-1, without HTML line breaks.
    lowercase : bool
        If True, convert the texts to lower case first.

    Returns
    -------
    short : ndarray of uint64
        The distinct tokens of at most eight bytes. `decode_short` converts them to str.
    long : list of str
        The distinct longer tokens.
    codes : ndarray of int32 of shape (lengths.sum(),)
        The tokens of the first text, then the tokens of the second text, and so on. A code is the
        index of a token in `short` followed by `long`.
    lengths : ndarray of int64 of shape (len(texts),)
        The number of tokens of each text.
    """
    to_lower, classes_of = _translation_tables()
    # Line feeds separate the texts, because no token contains one. Seven more at the end make it
    # possible to read eight bytes from the start of the last token.
    buffer = b"\n".join([b"", *texts, b"\n" * 7])
    if lowercase:
        buffer = buffer.translate(to_lower)
    starts, stops = _find_spans(np.frombuffer(buffer.translate(classes_of), dtype=np.uint8))
    ends_of_texts = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)) + 1)
    lengths = np.diff(np.searchsorted(starts, ends_of_texts), prepend=0)
    return *_number_tokens(buffer, starts, stops), lengths


def decode_short(tokens: ShortTokens) -> list[str]:
    """Return tokens of at most eight bytes as a list of str."""
    return [token.decode("latin-1") for token in tokens.view("S8").tolist()]


@cache
def _translation_tables() -> tuple[bytes, bytes]:
    """Return tables for bytes.translate: one to lower case, one to classes of characters."""
    characters = [chr(byte) for byte in range(256)]
    lower = bytes(ord(character.lower()) for character in characters)
    return lower, bytes(map(_class_of, characters))


def _class_of(character: str) -> int:
    """Return the class of a character, found by matching TOKEN_PATTERN."""
    is_token = re.compile(TOKEN_PATTERN).fullmatch
    if is_token(character * 2):
        return _DIGIT if is_token(f"{character}.{character}") else _LETTER
    sign = _SIGN if is_token(character) else 0
    if is_token(f"a{character}a"):
        return sign | _LINK_OF_LETTERS
    return sign | _LINK_OF_DIGITS if is_token(f"1{character}1") else sign


def _find_spans(classes: npt.NDArray[np.uint8]) -> tuple[Indices, Indices]:
    """Return the start and the stop of each token, in order, from the classes of the characters.

    The first and the last character must not be part of a token.
    """
    in_word = classes & _LETTER
    in_word[1:-1] |= ((classes[1:-1] >> 2) & classes[:-2] & classes[2:]) != 0
    is_sign = (classes >= _SIGN) & (in_word == 0)
    is_start = (in_word[1:] > in_word[:-1]) | is_sign[1:]
    is_stop = (in_word[1:] < in_word[:-1]) | is_sign[:-1]
    return np.flatnonzero(is_start) + 1, np.flatnonzero(is_stop) + 1


def _number_tokens(
    buffer: bytes, starts: Indices, stops: Indices
) -> tuple[ShortTokens, list[str], IdArray]:
    """Return the distinct short tokens, the distinct long tokens, and the code of each token."""
    lengths = stops - starts
    is_short = lengths <= 8
    # No token contains a zero byte, so different tokens differ after masking too.
    eights = np.ndarray(len(buffer) - 7, dtype=np.uint64, buffer=buffer, strides=(1,))
    short_codes, short = pd.factorize(eights[starts[is_short]] & _MASKS[lengths[is_short]])

    is_long = ~is_short
    spans = zip(starts[is_long].tolist(), stops[is_long].tolist(), strict=True)
    all_long = [buffer[start:stop] for start, stop in spans]
    code_of = {token: code for code, token in enumerate(dict.fromkeys(all_long), len(short))}

    codes = np.empty(len(starts), dtype=np.int32)
    codes[is_short] = short_codes
    codes[is_long] = np.fromiter(map(code_of.__getitem__, all_long), np.int32, len(all_long))
    return short, [token.decode("latin-1") for token in code_of], codes
