"""The words of many texts at once, if a character is a byte: ASCII and the rest of Latin-1.

These are the tokens of TOKEN_PATTERN. `re` and a str for each token take 150 ns for a character of
English; NumPy, which goes over the bytes of many texts at once, takes 30. A token of up to eight
bytes, as 93 % in English are, is exactly one uint64, *packed*, and becomes str only once.
"""

import re
from functools import cache

import numpy as np
import pandas as pd

from sklearn_rnn._text.analyzers import TOKEN_PATTERN

# The classes of characters. A link joins its neighbours into one word if both are of the kind that
# is in the bits two below its own; a letter or digit joins the word next to it; a sign is a token
# alone unless it is a link that joins.
_LETTER = 0b0001
_DIGIT = 0b0011
_LINK_OF_LETTERS = 0b0100
_LINK_OF_DIGITS = 0b1000
_SIGN = 0b1000_0000

# By length in bytes: what of the eight bytes at a token's beginning belongs to the token.
_MASKS = np.frombuffer(b"".join(b"\xff" * n + bytes(8 - n) for n in range(9)), dtype=np.uint64)


def to_bytes(text):
    """Return the text in Latin-1, or None if it has other characters."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return None


def find_words(texts, *, lowercase):
    """Find the tokens of TOKEN_PATTERN.

    Parameters
    ----------
    texts : list of bytes
        In Latin-1, without HTML line breaks.
    lowercase : bool
        Whether to convert to lower case first.

    Returns
    -------
    packed : ndarray of uint64
        Each token of up to eight bytes once; `unpack` makes str of it.
    longer : list of str
        Each longer token once.
    codes : ndarray of int32 of shape (lengths.sum(),)
        The tokens of the first text, then those of the second, and so on: places in `packed`,
        and from ``len(packed)`` on in `longer`.
    lengths : ndarray of int64 of shape (len(texts),)
        In tokens.
    """
    to_lower, classes_of = _translation_tables()
    # A line feed is in no token. Seven at the end let the last token be read as eight bytes.
    buffer = b"\n".join([b"", *texts, b"\n" * 7])
    if lowercase:
        buffer = buffer.translate(to_lower)
    starts, stops = _find_spans(np.frombuffer(buffer.translate(classes_of), dtype=np.uint8))
    ends_of_texts = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)) + 1)
    lengths = np.diff(np.searchsorted(starts, ends_of_texts), prepend=0)
    return *_number_tokens(buffer, starts, stops), lengths


def unpack(packed):
    """Return packed tokens as a list of str."""
    return [token.decode("latin-1") for token in packed.view("S8").tolist()]


@cache
def _translation_tables():
    """Return the tables for bytes.translate: to lower case, and to classes."""
    characters = [chr(byte) for byte in range(256)]
    lower = bytes(ord(character.lower()) for character in characters)
    return lower, bytes(map(_class_of, characters))


def _class_of(character):
    """Ask the pattern, so that there is one definition of a token."""
    is_token = re.compile(TOKEN_PATTERN).fullmatch
    if is_token(character * 2):
        return _DIGIT if is_token(f"{character}.{character}") else _LETTER
    sign = _SIGN if is_token(character) else 0
    if is_token(f"a{character}a"):
        return sign | _LINK_OF_LETTERS
    return sign | _LINK_OF_DIGITS if is_token(f"1{character}1") else sign


def _find_spans(classes):
    """Return where tokens start and where they stop, both ascending; the ends are no token."""
    in_word = classes & _LETTER
    in_word[1:-1] |= ((classes[1:-1] >> 2) & classes[:-2] & classes[2:]) != 0
    is_sign = (classes >= _SIGN) & (in_word == 0)
    is_start = (in_word[1:] > in_word[:-1]) | is_sign[1:]
    is_stop = (in_word[1:] < in_word[:-1]) | is_sign[:-1]
    return np.flatnonzero(is_start) + 1, np.flatnonzero(is_stop) + 1


def _number_tokens(buffer, starts, stops):
    """Return the distinct tokens, packed ones and longer ones, and each token's place in them."""
    lengths = stops - starts
    is_short = lengths <= 8
    # No token has a zero byte, so the masked bytes are the token's length as well. The hash table
    # of pandas compares all of them.
    eights = np.ndarray(len(buffer) - 7, dtype=np.uint64, buffer=buffer, strides=(1,))
    short_codes, packed = pd.factorize(eights[starts[is_short]] & _MASKS[lengths[is_short]])

    is_long = ~is_short
    spans = zip(starts[is_long].tolist(), stops[is_long].tolist(), strict=True)
    all_longer = [buffer[start:stop] for start, stop in spans]
    code_of = {token: code for code, token in enumerate(dict.fromkeys(all_longer), len(packed))}

    codes = np.empty(len(starts), dtype=np.int32)
    codes[is_short] = short_codes
    codes[is_long] = np.fromiter(map(code_of.__getitem__, all_longer), np.int32, len(all_longer))
    return packed, [token.decode("latin-1") for token in code_of], codes
