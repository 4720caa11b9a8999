"""Encoding of texts as ids, in blocks of texts, in one process or several."""

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import count
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from joblib import effective_n_jobs
from joblib.parallel import get_active_backend
from sklearn.utils.parallel import Parallel, delayed

from sklearn_rnn._ids import IdArray, LengthArray
from sklearn_rnn._text.analyzers import (
    TOKEN_PATTERN,
    Analyze,
    Strip,
    build_analyzer,
    drop_line_breaks,
)
from sklearn_rnn._text.latin1 import ShortTokens, decode_short, find_tokens, to_bytes

# Characters in a block. _TEXT_COST is added for each text, so that a block has at most 1,024 texts.
_BLOCK = 2**20
_TEXT_COST = 2**10

# Characters of all texts up to which `re` is faster: the Latin-1 fast path has a fixed cost, three
# dozen calls of NumPy and pandas. For 2,000 characters of English it took 2.2 times as long as
# `re`, for 6,000 1.1 times, and for 10,000 0.7 times.
_MOST_BY_RE = 6000

_NO_TOKENS = np.empty(0, dtype=np.uint64)

ToIds: TypeAlias = Callable[[Iterable[str]], Iterable[int]]

# The ids of a block of texts, one text after the other, and the length of each text in tokens.
EncodedBlock: TypeAlias = tuple[IdArray, LengthArray]

# The distinct short tokens and the distinct other tokens of a block of texts; for each token of the
# block, its index in the short tokens followed by the other tokens; the length of each text.
_NumberedBlock: TypeAlias = tuple[ShortTokens, list[str], IdArray, LengthArray]


class TextEncoder:
    """Splits texts into tokens, and encodes them as ids.

    Parameters
    ----------
    analyzer, lowercase, strip_accents, token_pattern, n_jobs
        As in :class:`TextTokenizer`.
    """

    def __init__(
        self,
        analyzer: Literal["word", "char"] | Analyze,
        *,
        lowercase: bool,
        strip_accents: Literal["ascii", "unicode"] | Strip | None,
        token_pattern: str,
        n_jobs: int | None,
    ) -> None:
        self._analyze = build_analyzer(
            analyzer, lowercase=lowercase, strip_accents=strip_accents, token_pattern=token_pattern
        )
        self._has_default_tokens = (
            analyzer == "word" and strip_accents is None and token_pattern == TOKEN_PATTERN
        )
        self._lowercase = lowercase
        self._n_jobs = n_jobs

    def encode(self, texts: list[str], to_ids: ToIds, empty_id: int) -> Iterator[EncodedBlock]:
        """Encode texts, block by block.

        Parameters
        ----------
        texts : list of str
            The texts.
        to_ids : callable
            Takes an iterable of tokens, returns an iterable of their ids.
        empty_id : int
            The id that stands for a text without tokens.

        Yields
        ------
        ids : ndarray of int32 of shape (lengths.sum(),)
            The ids of the first text of the block, then those of the second, and so on.
        lengths : ndarray of int64 of shape (n_texts_of_block,)
            In tokens, at least 1 each.
        """
        for ids, lengths in self._encode(texts, to_ids):
            if lengths.all():
                yield ids, lengths
            else:
                positions = np.cumsum(lengths)[lengths == 0]
                yield np.insert(ids, positions, empty_id), np.maximum(lengths, 1)

    def _encode(self, texts: list[str], to_ids: ToIds) -> Iterator[EncodedBlock]:
        # For one text, effective_n_jobs would take a tenth of the time of encoding it.
        n_workers = 1 if len(texts) == 1 else min(self._count_workers(), len(texts))
        if n_workers == 1 and sum(map(len, texts)) <= _MOST_BY_RE:
            yield _encode_each(texts, self._analyze, to_ids)
            return
        short_to_ids = _ShortTokenIds(to_ids)
        for short, others, codes, lengths in self._number_blocks(texts, n_workers):
            ids = np.fromiter(to_ids(others), np.int32, len(others))
            yield np.concatenate([short_to_ids(short), ids])[codes], lengths

    def _count_workers(self) -> int:
        # Dask's backend takes None as the whole cluster, even in a job of a search on that cluster,
        # which would send its texts to the other workers and wait for their jobs.
        is_dask = type(get_active_backend()[0]).__name__ == "DaskDistributedBackend"
        return 1 if self._n_jobs is None and is_dask else effective_n_jobs(self._n_jobs)

    def _number_blocks(self, texts: list[str], n_workers: int) -> Iterable[_NumberedBlock]:
        if n_workers == 1:
            return map(self._number, _split(texts, _BLOCK))
        # Four blocks for each worker, so that no worker is idle for long at the end.
        size = min(_BLOCK, sum(map(_cost, texts)) // (4 * n_workers))
        blocks = (delayed(self._number)(block) for block in _split(texts, size))
        # Not return_as="generator", which joblib's multiprocessing backend does not support.
        numbered: list[_NumberedBlock] = Parallel(n_jobs=n_workers)(blocks)
        return numbered

    def _number(self, texts: list[str]) -> _NumberedBlock:
        """Assign a number to each distinct token of a block.

        The default tokens of texts in Latin-1 take the fast path, all others go one text at a time.
        """
        if not self._has_default_tokens:
            return _NO_TOKENS, *self._number_each(texts)
        encoded = [to_bytes(drop_line_breaks(text)) for text in texts]
        rows = [row for row, text in enumerate(encoded) if text is None]  # such as Chinese texts
        short, others, codes, lengths = find_tokens(
            [text or b"" for text in encoded], lowercase=self._lowercase
        )
        if not rows:
            return short, others, codes, lengths
        more, more_codes, lengths[rows] = self._number_each([texts[row] for row in rows])
        is_slow = np.zeros(len(texts), dtype=bool)
        is_slow[rows] = True
        is_slow = np.repeat(is_slow, lengths)
        all_codes = np.empty(len(is_slow), dtype=np.int32)
        all_codes[~is_slow] = codes
        all_codes[is_slow] = more_codes + (len(short) + len(others))
        return short, others + more, all_codes, lengths

    def _number_each(self, texts: list[str]) -> tuple[list[str], IdArray, LengthArray]:
        """Assign a number to each distinct token of a block, one text at a time."""
        numbers: defaultdict[str, int] = number_in_order()
        codes, lengths = _encode_each(texts, self._analyze, partial(map, numbers.__getitem__))
        return list(numbers), codes, lengths


class _ShortTokenIds:
    """The ids of the short tokens found so far.

    Most tokens of a block were in an earlier one. Without this cache, decoding them and looking
    them up took a fifth of the time of fit.
    """

    def __init__(self, to_ids: ToIds) -> None:
        self._to_ids = to_ids
        self._known = pd.Index(_NO_TOKENS)
        self._ids: IdArray = np.empty(0, dtype=np.int32)

    def __call__(self, tokens: ShortTokens) -> IdArray:
        indices: npt.NDArray[np.intp] = self._known.get_indexer(tokens)
        is_new = indices < 0
        new = tokens[is_new]
        indices[is_new] = np.arange(len(self._known), len(self._known) + len(new))
        new_ids = np.fromiter(self._to_ids(decode_short(new)), np.int32, len(new))
        self._known = self._known.append(pd.Index(new))
        self._ids = np.concatenate([self._ids, new_ids])
        return self._ids[indices]


def number_in_order() -> defaultdict[Any, int]:
    """Return a dict that gives each new key the next number, from 0 on."""
    return defaultdict(count().__next__)


def _encode_each(texts: list[str], analyze: Analyze, to_ids: ToIds) -> EncodedBlock:
    """Encode texts one by one."""
    ids = array("i")
    lengths = np.empty(len(texts), dtype=np.int64)
    end = 0
    for row, text in enumerate(texts):
        begin = end
        ids.extend(to_ids(analyze(text)))
        end = len(ids)
        lengths[row] = end - begin
    return np.asarray(ids, dtype=np.int32), lengths


def _split(texts: list[str], size: int) -> Iterator[list[str]]:
    """Yield consecutive blocks of texts, each closed as soon as its cost reaches `size`."""
    begin = cost = 0
    for end, text in enumerate(texts, 1):
        cost += _cost(text)
        if cost >= size or end == len(texts):
            yield texts[begin:end]
            begin, cost = end, 0


def _cost(text: str) -> int:
    return len(text) + _TEXT_COST
