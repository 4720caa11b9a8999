"""Counts of the distinct tokens of training texts, and the lengths of the texts."""

from itertools import islice

import numpy as np
import numpy.typing as npt

from sklearn_rnn._ids import IdArray, LengthArray
from sklearn_rnn._text.encoding import number_in_order
from sklearn_rnn._text.spelling import spelled_sizes
from sklearn_rnn._text.vocabulary import check_tokens


class TokenCounts:
    """What a vocabulary is chosen from, counted block by block.

    The final ids depend on the counts in all texts. Until these are known, each new token gets the
    next number from 1 on as its provisional id; 0 stands for a text without tokens. The memory
    grows with the number of distinct tokens, and by 8 bytes at most for each text.

    Parameters
    ----------
    with_characters : bool
        Whether the lengths of texts with their characters may be asked for.

    Attributes
    ----------
    provisional_ids : dict
        The provisional id of each distinct token, and first of all of an object that equals none.
    empty_id : int
        The provisional id of a text without tokens, 0.
    """

    def __init__(self, *, with_characters: bool) -> None:
        self.provisional_ids = number_in_order()
        self.empty_id = self.provisional_ids[object()]
        self._n_known = 1  # provisional ids whose tokens are checked
        # Of each provisional id; the arrays have spare capacity, since they grow often.
        self._counts = np.zeros(2**10, dtype=np.int64)
        self._sizes = np.ones(2**10, dtype=np.int64) if with_characters else None
        self._lengths: list[npt.NDArray[np.int32]] = []
        self._spelled_lengths: list[npt.NDArray[np.int32]] = []

    def add(self, ids: IdArray, lengths: LengthArray) -> None:
        """Count the tokens of a block of texts, which are encoded by `provisional_ids`.

        Parameters
        ----------
        ids : ndarray of int32 of shape (lengths.sum(),)
            The provisional ids of the first text, then those of the second, and so on.
        lengths : ndarray of int64 of shape (n_texts_of_block,)
            In tokens, at least 1 each.

        Raises
        ------
        TypeError
            If a token is not a str.
        """
        n_ids = len(self.provisional_ids)
        n_new = n_ids - self._n_known
        new = list(islice(reversed(self.provisional_ids), n_new))[::-1]
        check_tokens(new)
        self._counts = _with_room(self._counts, n_ids)
        np.add.at(self._counts, ids, 1)
        self._lengths.append(lengths.astype(np.int32))
        if self._sizes is not None:
            self._sizes = _with_room(self._sizes, n_ids)
            self._sizes[self._n_known : n_ids] = spelled_sizes(new)
            starts = np.cumsum(lengths) - lengths
            spelled_lengths = np.add.reduceat(self._sizes[ids], starts)
            self._spelled_lengths.append(spelled_lengths.astype(np.int32))
        self._n_known = n_ids

    @property
    def tokens(self) -> list[str]:
        """The distinct tokens, in the order of their provisional ids."""
        return list(self.provisional_ids)[1:]

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """The number of occurrences of each of `tokens`."""
        return self._counts[1 : self._n_known]

    def lengths(self, *, with_characters: bool = False) -> LengthArray:
        """Return the lengths of all texts, in tokens or with their characters."""
        lengths = self._spelled_lengths if with_characters else self._lengths
        return np.concatenate(lengths, dtype=np.int64)


def _with_room(array: npt.NDArray[np.int64], size: int) -> npt.NDArray[np.int64]:
    """Return the array, or a copy of twice its size or more if it is smaller than `size`."""
    if size <= len(array):
        return array
    grown = np.zeros(max(size, 2 * len(array)), dtype=np.int64)
    grown[: len(array)] = array
    return grown
