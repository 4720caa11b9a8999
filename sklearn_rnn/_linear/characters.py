"""Character n-grams of words: parts of words that unseen and inflected words share.

In a row of ids, a word may be followed by its characters (see `_ids`). The n-grams of a word are
its substrings of `SHORTEST` to `LONGEST` characters, between two boundary marks: the word "rain"
has the 3-grams "<ra", "rai", "ain" and "in>" (Bojanowski et al. 2017, arXiv:1607.04606).

Shapes: B texts, M columns of ids, T words, K n-grams.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from sklearn_rnn._ids import END_OF_CHARACTERS, FIRST_CHARACTER, PAD

SHORTEST, LONGEST = 3, 5

# The keys of character n-grams are above those of words and pairs: a hash below this bit. Two of a
# million n-grams have the same key with a probability of 1e-7.
KEY_BIT = 2**62
FACTOR = 6364136223846793005  # odd, of Knuth's linear congruential generator (MMIX)
BOUNDARY = END_OF_CHARACTERS - FIRST_CHARACTER  # a code that is no code point


class CharacterNgrams(NamedTuple):
    """The character n-grams of the words of a batch of texts.

    Parameters
    ----------
    keys : Tensor of int64 of shape (B, K)
        Keys of n-grams, at least 2**62. 0 where there is none.
    words : Tensor of int64 of shape (B, K)
        The position of the word of each n-gram among the words of its text, in ascending order.
        Where there is no n-gram it may be beyond the last word.
    """

    keys: Tensor
    words: Tensor

    def take(self, texts: slice) -> "CharacterNgrams":
        """Return the n-grams of some of the texts."""
        return CharacterNgrams(self.keys[texts], self.words[texts])


def split_characters(ids: Tensor, seq_len: int | None = None) -> tuple[Tensor, CharacterNgrams]:
    """Split rows of words and characters into words, and character n-grams.

    Parameters
    ----------
    ids : Tensor of int of shape (B, M)
        Right-padded ids; each word may be followed by its characters.
    seq_len : int, default=None
        T, at least the largest number of words of a text. None: this number.

    Returns
    -------
    words : Tensor of int of shape (B, T)
        Right-padded ids without characters.
    ngrams : CharacterNgrams
    """
    is_character = (ids >= FIRST_CHARACTER) & (ids < END_OF_CHARACTERS)
    positions = (~is_character).cumsum(1) - 1  # (B, M), of the word at or before a column
    positions.clamp_(min=0)
    if seq_len is None:
        # As `count_words` counts: also padding before the last word or character of a text.
        seq_len = max(int(((positions + 1) * (ids != PAD)).max()), 1)
    # What is beyond the words of a text is padding, and is written into a column that is cut off.
    columns = positions.clamp(max=seq_len).masked_fill(is_character, seq_len)
    words = ids.new_zeros(len(ids), seq_len + 1).scatter_(1, columns, ids)
    return words[:, :seq_len], _hash_ngrams(ids, is_character, positions)


def _hash_ngrams(ids: Tensor, is_character: Tensor, positions: Tensor) -> CharacterNgrams:
    n_columns = ids.shape[1]
    codes = (ids.long() - FIRST_CHARACTER).masked_fill(~is_character, BOUNDARY)
    codes = nn.functional.pad(codes, (0, LONGEST), value=BOUNDARY)
    inside = nn.functional.pad(is_character, (0, LONGEST))
    hashes = torch.zeros_like(ids, dtype=torch.int64)
    is_ngram = torch.ones_like(is_character)
    keys = []
    for size in range(1, LONGEST + 1):
        hashes = hashes * FACTOR + codes[:, size - 1 : n_columns + size - 1] + 1
        if size > 2:  # only the first and the last character may be a boundary
            is_ngram = is_ngram & inside[:, size - 2 : n_columns + size - 2]
        if size >= SHORTEST:
            mixed = (hashes ^ (hashes >> 31)) & (KEY_BIT - 1) | KEY_BIT
            keys.append(mixed * is_ngram)
    words = positions[:, :, None].expand(-1, -1, len(keys))
    return CharacterNgrams(torch.stack(keys, 2).flatten(1), words.flatten(1))


def sum_over_words(values: Tensor, words: Tensor, seq_len: int) -> Tensor:
    """Sum values of character n-grams over each word.

    Parameters
    ----------
    values : Tensor of float of shape (B, K, D)
        D values of each n-gram. Zero where there is no n-gram.
    words : Tensor of int64 of shape (B, K)
        As in `CharacterNgrams`.
    seq_len : int
        T.

    Returns
    -------
    sums : Tensor of float of shape (B, T, D)
    """
    sums = values.new_zeros(len(values), seq_len, values.shape[2])
    words = words.clamp(max=seq_len - 1)
    return sums.scatter_add_(1, words[:, :, None].expand_as(values), values)
