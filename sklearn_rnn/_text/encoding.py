"""The tokens of many texts as streams of ids, block by block, on one core or several."""

from array import array
from collections import defaultdict
from functools import partial
from itertools import count

import numpy as np
import pandas as pd
from joblib import effective_n_jobs
from sklearn.utils.parallel import Parallel, delayed

from sklearn_rnn._text.analyzers import TOKEN_PATTERN, build_analyzer, drop_line_breaks
from sklearn_rnn._text.latin1 import find_words, to_bytes, unpack

# The characters of a block. Each text counts as so many more, which bounds the rows of a block.
_BLOCK = 2**20
_ROW = 2**10

# Up to so many characters of English, `re` is faster than three dozen calls of NumPy and pandas:
# for 2,000 it takes 0.3 ms and they 0.5, for 6,000 0.8 and 1.0, for 8,000 1.2 and 0.75.
_FEW = 6000

_NONE_PACKED = np.empty(0, dtype=np.uint64)
_NONE_MET = pd.Index(_NONE_PACKED)


class TokenStreams:
    """Turns texts into streams of ids.

    Parameters
    ----------
    analyzer, lowercase, strip_accents, token_pattern, n_jobs
        As in :class:`TextTokenizer`.
    """

    def __init__(self, analyzer, *, lowercase, strip_accents, token_pattern, n_jobs):
        self._analyze = build_analyzer(
            analyzer, lowercase=lowercase, strip_accents=strip_accents, token_pattern=token_pattern
        )
        self._words_by_default = (
            analyzer == "word" and strip_accents is None and token_pattern == TOKEN_PATTERN
        )
        self._lowercase = lowercase
        self._n_jobs = n_jobs

    def encode(self, texts, to_ids, unknown):
        """Yield blocks of texts: the ids in one flat int32 array, and the length of each text.

        Parameters
        ----------
        texts : list of str
            The texts.
        to_ids : callable
            Takes an iterable of tokens, returns one of their ids.
        unknown : int
            The id that is a text without tokens.
        """
        for stream, lengths in self._encode(texts, to_ids):
            if lengths.all():
                yield stream, lengths
            else:
                places = np.cumsum(lengths)[lengths == 0]
                yield np.insert(stream, places, unknown), np.maximum(lengths, 1)

    def _encode(self, texts, to_ids):
        # One text is not worth asking joblib, which would take a tenth of its time.
        n_workers = 1 if len(texts) == 1 else min(effective_n_jobs(self._n_jobs), len(texts))
        if n_workers == 1 and sum(map(len, texts)) <= _FEW:
            yield _encode_each(texts, self._analyze, to_ids)
            return
        packed_to_ids = _PackedIds(to_ids)
        for packed, tokens, codes, lengths in self._number_blocks(texts, n_workers):
            ids = np.fromiter(to_ids(tokens), np.int32, len(tokens))
            yield np.concatenate([packed_to_ids(packed), ids])[codes], lengths

    def _number_blocks(self, texts, n_workers):
        if n_workers == 1:
            return map(self._number, _split(texts, _BLOCK))
        # Four blocks for each worker, so that none waits long for another's last.
        size = min(_BLOCK, sum(map(_cost, texts)) // (4 * n_workers))
        # A list, since joblib has no generators for processes made by multiprocessing.
        blocks = (delayed(self._number)(block) for block in _split(texts, size))
        return Parallel(n_jobs=self._n_jobs)(blocks)

    def _number(self, texts):
        """Return what `find_words` does; but any token can be among the longer ones."""
        if not self._words_by_default:
            return _NONE_PACKED, *self._number_each(texts)
        encoded = [to_bytes(drop_line_breaks(text)) for text in texts]
        others = [row for row, text in enumerate(encoded) if text is None]
        packed, tokens, codes, lengths = find_words(
            [text or b"" for text in encoded], lowercase=self._lowercase
        )
        if not others:
            return packed, tokens, codes, lengths
        # Texts in Chinese, say, have no token yet: theirs go in between.
        more_tokens, more_codes, lengths[others] = self._number_each([texts[i] for i in others])
        is_other = np.zeros(len(texts), dtype=bool)
        is_other[others] = True
        is_other = np.repeat(is_other, lengths)
        all_codes = np.empty(len(is_other), dtype=np.int32)
        all_codes[~is_other] = codes
        all_codes[is_other] = more_codes + (len(packed) + len(tokens))
        return packed, tokens + more_tokens, all_codes, lengths

    def _number_each(self, texts):
        numbers = number_in_order()
        codes, lengths = _encode_each(texts, self._analyze, partial(map, numbers.__getitem__))
        return list(numbers), codes, lengths


class _PackedIds:
    """The ids of the packed tokens met so far.

    Most tokens of a block have been in another. To make str of all of them again and to look them
    up took a fifth of the time of fit.
    """

    def __init__(self, to_ids):
        self._to_ids = to_ids
        self._met = _NONE_MET
        self._ids = np.empty(0, dtype=np.int32)

    def __call__(self, packed):
        places = self._met.get_indexer(packed)
        is_new = places < 0
        new = packed[is_new]
        places[is_new] = np.arange(len(self._met), len(self._met) + len(new))
        new_ids = np.fromiter(self._to_ids(unpack(new)), np.int32, len(new))
        self._met = self._met.append(pd.Index(new))
        self._ids = np.concatenate([self._ids, new_ids])
        return self._ids[places]


def number_in_order():
    """Return a dict that gives each new key the next number, from 0 on."""
    return defaultdict(count().__next__)


def _encode_each(texts, analyze, to_ids):
    """Return the ids of all texts in one flat int32 array, and the length of each text."""
    stream = array("i")
    lengths = np.empty(len(texts), dtype=np.int64)
    end = 0
    for row, text in enumerate(texts):
        begin = end
        stream.extend(to_ids(analyze(text)))
        end = len(stream)
        lengths[row] = end - begin
    return np.asarray(stream, dtype=np.int32), lengths


def _split(texts, size):
    """Yield the texts in blocks that just reach the size."""
    begin = cost = 0
    for end, text in enumerate(texts, 1):
        cost += _cost(text)
        if cost >= size or end == len(texts):
            yield texts[begin:end]
            begin, cost = end, 0


def _cost(text):
    return len(text) + _ROW
