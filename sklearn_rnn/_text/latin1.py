"""Latin-1 fast path: the tokens of TOKEN_PATTERN in many texts of one byte per character.

`re` and a str for each token take 150 ns for a character of English; NumPy, which processes the
bytes of many texts at once, takes 30. A token of up to eight bytes, as 93 % of those in English
are, is one uint64, and becomes a str only once.
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

# The classes of characters, as bits. Adjacent letters and digits are one word. A link between two
# letters, or between two digits, is a part of their word: its bit is two above theirs. A sign that
# is not a part of a word is a token of its own.
_LETTER = 0b0001
_DIGIT = 0b0011
_LINK_OF_LETTERS = 0b0100
_LINK_OF_DIGITS = 0b1000
_SIGN = 0b1000_0000

# By length in bytes: the mask of a token among the eight bytes that begin with it.
_MASKS = np.frombuffer(b"".join(b"\xff" * n + bytes(8 - n) for n in range(9)), dtype=np.uint64)


def to_bytes(text: str) -> bytes | None:
    """Return the text in Latin-1, or None if it has other characters."""
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
        In Latin-1, without HTML line breaks.
    lowercase : bool
        Whether to convert to lower case first.

    Returns
    -------
    short : ndarray of uint64
        Each token of up to eight bytes once; `decode_short` makes str of them.
    long : list of str
        Each longer token once.
    codes : ndarray of int32 of shape (lengths.sum(),)
        The tokens of the first text, then those of the second, and so on: indices of `short`,
        and from ``len(short)`` on of `long`.
    lengths : ndarray of int64 of shape (len(texts),)
        In tokens.
    """
    to_lower, classes_of = _translation_tables()
    # A line feed is in no token. With seven at the end the last token can be read as eight bytes.
    buffer = b"\n".join([b"", *texts, b"\n" * 7])
    if lowercase:
        buffer = buffer.translate(to_lower)
    starts, stops = _find_spans(np.frombuffer(buffer.translate(classes_of), dtype=np.uint8))
    ends_of_texts = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)) + 1)
    lengths = np.diff(np.searchsorted(starts, ends_of_texts), prepend=0)
    return *_number_tokens(buffer, starts, stops), lengths


def decode_short(tokens: ShortTokens) -> list[str]:
    """Return tokens of up to eight bytes as a list of str."""
    return [token.decode("latin-1") for token in tokens.view("S8").tolist()]


@cache
def _translation_tables() -> tuple[bytes, bytes]:
    """Return the tables for bytes.translate: to lower case, and to classes."""
    characters = [chr(byte) for byte in range(256)]
    lower = bytes(ord(character.lower()) for character in characters)
    return lower, bytes(map(_class_of, characters))


def _class_of(character: str) -> int:
    """Return the class of a character, as TOKEN_PATTERN matches it."""
    is_token = re.compile(TOKEN_PATTERN).fullmatch
    if is_token(character * 2):
        return _DIGIT if is_token(f"{character}.{character}") else _LETTER
    sign = _SIGN if is_token(character) else 0
    if is_token(f"a{character}a"):
        return sign | _LINK_OF_LETTERS
    return sign | _LINK_OF_DIGITS if is_token(f"1{character}1") else sign


def _find_spans(classes: npt.NDArray[np.uint8]) -> tuple[Indices, Indices]:
    """Return where tokens start and stop, both ascending; the first and last class are of none."""
    in_word = classes & _LETTER
    in_word[1:-1] |= ((classes[1:-1] >> 2) & classes[:-2] & classes[2:]) != 0
    is_sign = (classes >= _SIGN) & (in_word == 0)
    is_start = (in_word[1:] > in_word[:-1]) | is_sign[1:]
    is_stop = (in_word[1:] < in_word[:-1]) | is_sign[:-1]
    return np.flatnonzero(is_start) + 1, np.flatnonzero(is_stop) + 1


def _number_tokens(
    buffer: bytes, starts: Indices, stops: Indices
) -> tuple[ShortTokens, list[str], IdArray]:
    """Return the distinct tokens, short ones and long ones, and the index of each token in both."""
    lengths = stops - starts
    is_short = lengths <= 8
    # No token has a zero byte, so that masked bytes of different tokens differ.
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
