"""Vocabularies: the ids of tokens, learned from their counts or given."""

from collections.abc import Iterable, Mapping
from itertools import repeat
from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt

from sklearn_rnn._ids import FIRST_CHARACTER, FIRST_ID, PAD, UNK

BEGIN = "<s>"
END = "</s>"
UNKNOWN = "<unk>"
_MAX_ID = FIRST_CHARACTER - 1  # the ids from there on are those of characters

# Tokens without an id whose counts are kept, which take 100 MB. Texts that have each a token of its
# own, such as a number or an address, would need more and more memory.
MOST_OTHER_TOKENS = 2**20


def choose_tokens(
    tokens: list[str],
    counts: npt.NDArray[np.integer[Any]],
    min_count: int,
    max_tokens: int | None,
    known: dict[str, int] | None = None,
) -> dict[str, int]:
    """Assign ids to the most frequent tokens, by falling count.

    Tokens of equal counts are in lexicographic order.

    Parameters
    ----------
    tokens : list of str
        The distinct tokens of the training texts.
    counts : ndarray of int of shape (len(tokens),)
        The number of occurrences of each token.
    min_count : int
        The minimum number of occurrences of a chosen token.
    max_tokens : int or None
        The maximum number of chosen tokens, not counting `known`. None sets no maximum.
    known : dict of str to int, default=None
        Tokens that already have an id.

    Returns
    -------
    vocabulary : dict of str to int
        The tokens of `known` with their ids, and the chosen tokens with the ids after the highest.

    Raises
    ------
    ValueError
        If `known` is None or empty, and no token has `min_count` occurrences.
    """
    if not tokens and not known:
        raise ValueError(
            "There is no token in the training texts, so there is no vocabulary to learn. Check "
            "that the texts are not empty, and that analyzer and token_pattern suit them."
        )
    known = {} if known is None else known
    # Two stable sorts, because sorting by (count, token) would create a tuple for each token, and
    # the garbage collector would traverse these tuples repeatedly.
    frequent = sorted(np.flatnonzero(counts >= min_count).tolist(), key=tokens.__getitem__)
    frequent = [index for index in frequent if tokens[index] not in known]
    if not frequent and not known:
        raise ValueError(
            f"No token occurs min_count={min_count} times in the training texts, so the "
            "vocabulary would be empty. Lower min_count, or pass more texts."
        )
    by_count = np.argsort(-counts[frequent], kind="stable")[:max_tokens].tolist()
    first_id = max(known.values(), default=UNK) + 1
    return known | {tokens[frequent[rank]]: id_ for id_, rank in enumerate(by_count, first_id)}


def add_counts(
    tokens: list[str], counts: npt.NDArray[np.integer[Any]], earlier: Mapping[str, int]
) -> npt.NDArray[np.integer[Any]]:
    """Return the counts of tokens, plus their counts in earlier texts."""
    return counts + np.fromiter(map(earlier.get, tokens, repeat(0)), np.int64, len(tokens))


def count_other_tokens(
    tokens: list[str],
    counts: npt.NDArray[np.integer[Any]],
    earlier: Mapping[str, int],
    vocabulary: Mapping[str, int],
) -> dict[str, int]:
    """Return the counts of all tokens that are not in the vocabulary.

    Parameters
    ----------
    tokens : list of str
        The distinct tokens of the latest texts.
    counts : ndarray of int of shape (len(tokens),)
        The number of occurrences of each of these tokens, in earlier texts too.
    earlier : mapping of str to int
        The counts of other tokens, before the latest texts.
    vocabulary : mapping of str to int
        The tokens that have an id.

    Returns
    -------
    counts : dict of str to int
        A new dict of at most `MOST_OTHER_TOKENS` tokens. Of more, the rarest are left out, and of
        these the earliest.
    """
    merged = dict(earlier)
    for token, count in zip(tokens, counts.tolist(), strict=True):
        if token in vocabulary:
            merged.pop(token, None)
        else:
            merged[token] = count
    n_forgotten = len(merged) - MOST_OTHER_TOKENS
    if n_forgotten > 0:
        for token in sorted(merged, key=merged.__getitem__)[:n_forgotten]:
            del merged[token]
    return merged


def add_marker_tokens(vocabulary: Mapping[str, int]) -> dict[str, int]:
    """Return a copy of the vocabulary; each missing marker gets the id after the highest.

    Raises
    ------
    ValueError
        If the id of a marker would be above the highest possible id, 2**30 - 1.
    """
    vocabulary = dict(vocabulary)
    highest = max(vocabulary.values())
    for marker in (BEGIN, END):
        vocabulary.setdefault(marker, max(vocabulary.values()) + 1)
    if max(vocabulary.values()) > _MAX_ID:
        raise ValueError(
            f"vocabulary has the id {highest}, and add_markers=True needs the ids after it for "
            f"{BEGIN!r} and {END!r}. The highest possible id is {_MAX_ID}. Number the tokens from "
            f"{FIRST_ID} on, or give ids to the markers too."
        )
    return vocabulary


def check_tokens(tokens: Iterable[object]) -> None:
    """Raise a TypeError if an analyzer returned a token that is not a str."""
    for token in tokens:
        if not isinstance(token, str):
            raise TypeError(
                f"analyzer returned the token {token!r} of type {type(token).__name__}. Let it "
                "return a list of str, one per token."
            )


def check_vocabulary(vocabulary: Any) -> dict[str, int]:
    """Return a given vocabulary as a new dict of str to int.

    Parameters
    ----------
    vocabulary : mapping of str to int, or sequence of str
        As given to :class:`TextTokenizer`.

    Returns
    -------
    vocabulary : dict of str to int
        The tokens and ids of a mapping; the tokens of a sequence, with the ids from 2 on.

    Raises
    ------
    TypeError
        If `vocabulary` is a str, bytes, a set, a DataFrame or no collection; if a token is not a
        str; or if an id is not an int.
    ValueError
        If `vocabulary` is empty, contains a token or an id twice, or contains an id below 2 or
        above the range of int32.
    """
    if isinstance(vocabulary, Mapping):
        return _check_mapping(vocabulary)
    has_no_order = isinstance(vocabulary, (str, bytes, bytearray, set, frozenset))
    has_columns, is_scalar = hasattr(vocabulary, "columns"), getattr(vocabulary, "ndim", 1) == 0
    if has_no_order or has_columns or is_scalar or not isinstance(vocabulary, Iterable):
        raise TypeError(
            f"vocabulary is of type {type(vocabulary).__name__}. Pass a mapping of token to id, "
            "or a list of tokens, whose order gives the ids; for a set, sorted(vocabulary)."
        )
    checked: dict[str, int] = {}
    for id_, token in enumerate(vocabulary, FIRST_ID):
        _check_token(token)
        if token in checked:
            raise ValueError(
                f"vocabulary has the token {token!r} more than once. Pass each token once."
            )
        checked[token] = id_
    return _check_mapping(checked)


def _check_token(token: object) -> None:
    if not isinstance(token, str):
        raise TypeError(
            f"vocabulary has the token {token!r} of type {type(token).__name__}. Tokens are str."
        )


def _check_mapping(vocabulary: Mapping[str, int]) -> dict[str, int]:
    if not vocabulary:
        raise ValueError("vocabulary is empty. Pass at least one token, or None to learn it.")
    token_of: dict[int, str] = {}
    for token, id_ in vocabulary.items():
        _check_token(token)
        if isinstance(id_, (bool, np.bool_, np.timedelta64)) or not isinstance(id_, Integral):
            raise TypeError(f"vocabulary has the id {id_!r} for {token!r}. Ids are int.")
        if not FIRST_ID <= id_ <= _MAX_ID:
            raise ValueError(
                f"vocabulary has the id {id_} for {token!r}. Ids are between {FIRST_ID} and "
                f"{_MAX_ID}: {PAD} is padding, {UNK} is the unknown word, and higher ids are those "
                "of characters."
            )
        if id_ in token_of:
            raise ValueError(
                f"vocabulary has the id {id_} for both {token_of[id_]!r} and {token!r}. Give each "
                "token its own id."
            )
        token_of[id_] = token
    return {str.__str__(token): int(id_) for id_, token in token_of.items()}
