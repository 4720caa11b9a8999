"""Spelling of words: rows in which each word is followed by its characters."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, takewhile

import numpy as np
import numpy.typing as npt

from sklearn_rnn._ids import FIRST_CHARACTER, PAD, UNK, IdArray, LengthArray
from sklearn_rnn._text.padding import AUTO_LENGTH

# Shorter tokens are not spelled: their n-grams would say nothing that the token does not.
SHORTEST_SPELLED = 3

# add_characters="auto" adds them from this number of texts on, if the median text has at most this
# number of tokens, and this share of the texts fits into a row of at most this length. On held-out
# texts they raised the accuracy of questions of 11 tokens (banking77) from 0.876 to 0.911, of
# tweets of 25 (germeval2018) from 0.784 to 0.809, and not of news of 45 (AG News: 0.897 both).
AUTO_MIN_TEXTS = 1000
AUTO_TOKENS = 32
AUTO_SHARE = 0.95


class Spelling:
    """The characters of some distinct tokens.

    Parameters
    ----------
    tokens : sequence of str
        The tokens. Texts refer to a token by its index.
    """

    def __init__(self, tokens: Sequence[str]) -> None:
        spelled = [token if len(token) >= SHORTEST_SPELLED else "" for token in tokens]
        codes = np.frombuffer("".join(spelled).encode("utf-32-le", "surrogatepass"), "<u4")
        # In `_ids`, each token has one place for its id, before its characters.
        self._sizes = spelled_sizes(tokens)
        self._begins = np.cumsum(self._sizes) - self._sizes
        self._ids = np.zeros(self._sizes.sum(), dtype=np.int32)
        is_character = np.ones(len(self._ids), dtype=bool)
        is_character[self._begins] = False
        self._ids[is_character] = codes + np.uint32(FIRST_CHARACTER)

    def lengths(self, tokens: npt.NDArray[np.integer], lengths: LengthArray) -> LengthArray:
        """Return the lengths of texts with all their characters.

        Parameters
        ----------
        tokens : ndarray of int of shape (lengths.sum(),)
            The indices of the tokens of the first text, then those of the second, and so on.
        lengths : ndarray of int64 of shape (n_texts,)
            The number of tokens of each text, at least 1.
        """
        starts = np.cumsum(lengths) - lengths
        return np.add.reduceat(self._sizes[tokens], starts)

    def spell(
        self,
        tokens: npt.NDArray[np.integer],
        lengths: LengthArray,
        final_ids: IdArray,
        max_length: int,
    ) -> tuple[IdArray, LengthArray]:
        """Return the ids of texts in which each token is followed by its characters.

        A text that would then be longer than `max_length` stays without characters.

        Parameters
        ----------
        tokens, lengths : ndarray of int
            As in `lengths`.
        final_ids : ndarray of int32 of shape (n_tokens,)
            The id of each token.
        max_length : int
            The length of a row, without markers.

        Returns
        -------
        ids : ndarray of int32 of shape (lengths.sum(),)
            The ids of the first text, then those of the second, and so on.
        lengths : ndarray of int64 of shape (n_texts,)
            With characters.
        """
        fits = self.lengths(tokens, lengths) <= max_length
        sizes = np.where(np.repeat(fits, lengths), self._sizes[tokens], 1)
        ends = np.cumsum(sizes)
        begins = ends - sizes
        positions = np.repeat(self._begins[tokens] - begins, sizes) + np.arange(sizes.sum())
        ids = self._ids[positions]
        ids[begins] = final_ids[tokens]
        return ids, np.add.reduceat(sizes, np.cumsum(lengths) - lengths)


def spelled_sizes(tokens: Sequence[str]) -> LengthArray:
    """Return the number of ids of each token with its characters."""
    lengths = np.fromiter(map(len, tokens), np.int64, len(tokens))
    return np.where(lengths >= SHORTEST_SPELLED, lengths, 0) + 1


def are_short(n_tokens: LengthArray) -> bool:
    """Return whether texts, of these numbers of tokens, are enough and short enough for "auto"."""
    return len(n_tokens) >= AUTO_MIN_TEXTS and bool(np.median(n_tokens) <= AUTO_TOKENS)


def do_fit(lengths: LengthArray, max_length: int | None) -> bool:
    """Return whether enough texts fit into a row for "auto".

    `lengths` are those of the texts with their characters. `max_length` is the length of a row, or
    None if it is not known yet.
    """
    limit = min(AUTO_LENGTH if max_length is None else max_length, AUTO_LENGTH)
    return bool(np.mean(lengths <= limit) >= AUTO_SHARE)


def read_tokens(row: list[int], tokens: Mapping[int, str]) -> Iterator[str]:
    """Yield the tokens of a row of ids, in which characters follow the token that they spell.

    Parameters
    ----------
    row : list of int
        Ids, with or without padding.
    tokens : mapping of int to str
        The token of each id, including that of the unknown word.
    """
    ids = [id_ for id_ in row if id_ != PAD]
    for position, id_ in enumerate(ids):
        if id_ == UNK:
            letters = takewhile(FIRST_CHARACTER.__le__, islice(ids, position + 1, None))
            spelled = "".join(chr(letter - FIRST_CHARACTER) for letter in letters)
            yield spelled or tokens[UNK]
        elif id_ < FIRST_CHARACTER:
            yield tokens[id_]
