"""Word vectors from the co-occurrences of words: counts, mutual information and its factors.

Everything is computed in the order of the vocabulary, from exact counts, and with one BLAS thread.
So the vectors depend neither on the order of the texts nor on the number of cores.
"""

import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import repeat
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.preprocessing import normalize
from sklearn.utils.extmath import randomized_svd
from threadpoolctl import threadpool_limits

from sklearn_rnn._ids import IdArray
from sklearn_rnn._parameters import invalid_parameters
from sklearn_rnn._text.analyzers import Analyze, Strip
from sklearn_rnn._text.encoding import EncodedBlock, TextEncoder, number_in_order
from sklearn_rnn._text.vocabulary import check_tokens, choose_tokens

_NO_WORD = -1

# The number of pairs that are summed at once.
_BLOCK = 2**22

# The number of BLAS threads is a setting of the process. Only one thread at a time may lower it,
# because two that overlap would restore each other's. A fork waits until it is restored.
_blas_lock = threading.RLock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_blas_lock.acquire,
        after_in_parent=_blas_lock.release,
        after_in_child=_blas_lock.release,
    )


def learn_vectors(
    texts: list[str],
    *,
    embedding_dim: int,
    window: int,
    analyzer: Literal["word", "char"] | Analyze,
    lowercase: bool,
    strip_accents: Literal["ascii", "unicode"] | Strip | None,
    token_pattern: str,
    min_count: int,
    max_tokens: int | None,
) -> tuple[list[str], npt.NDArray[np.float32]]:
    """Learn word vectors from texts.

    Parameters
    ----------
    texts : list of str
        At least one text.
    embedding_dim, window, analyzer, lowercase, strip_accents, token_pattern, min_count, max_tokens
        As in :meth:`WordVectors.from_texts`.

    Returns
    -------
    words : list of str
        The words, by falling frequency.
    matrix : ndarray of float32 of shape (n_words, embedding_dim)
        Their vectors, of length 1, or 0 for a word that never occurs with another.

    Raises
    ------
    ValueError
        If `analyzer` or `token_pattern` is invalid, if there are too few words, or if no two of
        them occur together more often than by chance.
    """
    with invalid_parameters():
        encoder = TextEncoder(
            analyzer,
            lowercase=lowercase,
            strip_accents=strip_accents,
            token_pattern=token_pattern,
            n_jobs=1,
        )
    words, blocks = _number_words(texts, encoder, min_count, max_tokens)
    if len(words) < embedding_dim:
        raise ValueError(
            f"embedding_dim={embedding_dim} needs at least as many words, and the texts have "
            f"{len(words)} with min_count={min_count} and max_tokens={max_tokens}. Lower "
            "embedding_dim, or pass more texts."
        )
    information = mutual_information(count_cooccurrences(blocks, len(words), window))
    if not information.nnz:
        raise ValueError(
            f"No two words occur within window={window} tokens of each other more often than by "
            "chance, so there is nothing to learn. Pass longer texts, or more of them."
        )
    # The lengths of the vectors mostly depend on how often the words occur, and normalised vectors
    # are better in most tasks (Levy et al. 2015, doi:10.1162/tacl_a_00134).
    return words, normalize(factorize(information, embedding_dim))


def _number_words(
    texts: list[str], encoder: TextEncoder, min_count: int, max_tokens: int | None
) -> tuple[list[str], list[EncodedBlock]]:
    """Return the words that get a vector, and the texts with their numbers in place of tokens.

    The words are in the order of the vocabulary that :class:`TextTokenizer` learns. Their numbers
    begin at 0. The number of all other tokens is `_NO_WORD`.
    """
    numbers = number_in_order()
    empty_id = numbers[object()]  # this key equals no token
    blocks = list(encoder.encode(texts, partial(map, numbers.__getitem__), empty_id))
    tokens = list(numbers)[1:]
    check_tokens(tokens)
    counts = np.zeros(len(numbers), dtype=np.int64)
    for ids, _ in blocks:
        counts += np.bincount(ids, minlength=len(numbers))
    words = list(choose_tokens(tokens, counts[1:], min_count, max_tokens))
    number_of = {word: number for number, word in enumerate(words)}
    final = np.fromiter(map(number_of.get, numbers, repeat(_NO_WORD)), np.int32, len(numbers))
    return words, [(final[ids], lengths) for ids, lengths in blocks]


def count_cooccurrences(
    blocks: Iterable[EncodedBlock], n_words: int, window: int
) -> sparse.csr_array:
    """Count how often two words occur within a window of each other.

    Parameters
    ----------
    blocks : iterable of (ids, lengths)
        The texts: the numbers of their tokens, from 0 on, or -1 for a token that is not counted;
        and the length of each text, in tokens.
    n_words : int
        The number of words.
    window : int
        The maximum distance of the two words within a text, in tokens. Tokens between them count.

    Returns
    -------
    counts : csr_array of float64 of shape (n_words, n_words)
        Whole numbers. Symmetric; its indices are sorted.
    """
    shape = n_words, n_words
    # A pair counts at its lower word, so that there are half as many to sum.
    counts = sparse.csr_array(shape)
    for lower, higher in _collect(_pairs(blocks, window)):
        counts += sparse.csr_array((np.ones(len(lower)), (lower, higher)), shape)
    counts = (counts + counts.T).tocsr()
    counts.sort_indices()
    return counts


def _pairs(blocks: Iterable[EncodedBlock], window: int) -> Iterator[tuple[IdArray, IdArray]]:
    """Yield the words at each distance up to `window`, the lower and the higher of each pair."""
    for ids, lengths in blocks:
        n_distances = min(window, int(lengths.max()))
        # No pair reaches over the end of a text.
        ends = np.repeat(np.cumsum(lengths), n_distances)
        ids = np.insert(ids, ends, _NO_WORD)
        for distance in range(1, n_distances + 1):
            one, other = ids[:-distance], ids[distance:]
            is_pair = (one != _NO_WORD) & (other != _NO_WORD)
            one, other = one[is_pair], other[is_pair]
            yield np.minimum(one, other), np.maximum(one, other)


def _collect(pairs: Iterable[tuple[IdArray, IdArray]]) -> Iterator[tuple[IdArray, IdArray]]:
    """Concatenate arrays of pairs until they have `_BLOCK` pairs."""
    collected: list[tuple[IdArray, IdArray]] = []
    n_pairs = 0
    for pair in pairs:
        collected.append(pair)
        n_pairs += len(pair[0])
        if n_pairs >= _BLOCK:
            yield _concatenate(collected)
            collected, n_pairs = [], 0
    if collected:
        yield _concatenate(collected)


def _concatenate(pairs: list[tuple[IdArray, IdArray]]) -> tuple[IdArray, IdArray]:
    lower, higher = zip(*pairs, strict=True)
    return np.concatenate(lower), np.concatenate(higher)


def mutual_information(counts: sparse.csr_array) -> sparse.csr_array:
    """Compute the positive pointwise mutual information of words.

    Parameters
    ----------
    counts : csr_array of float64 of shape (n_words, n_words)
        The co-occurrences of words, as `count_cooccurrences` returns them. They are used up.

    Returns
    -------
    information : csr_array of float32 of shape (n_words, n_words)
        ``max(log(p(a, b) / (p(a) * p(b))), 0)``.
    """
    of_word = counts.sum(axis=1)
    n_others = np.diff(counts.indptr)
    ratios = counts.data / np.repeat(of_word, n_others) / of_word[counts.indices]
    data = np.log(ratios * of_word.sum()).astype(np.float32)
    information = sparse.csr_array((data, counts.indices, counts.indptr), counts.shape)
    np.maximum(data, 0, out=data)
    information.eliminate_zeros()
    return information


def factorize(information: sparse.csr_array, n_factors: int) -> npt.NDArray[np.float32]:
    """Return the left singular vectors, times the square roots of their singular values.

    Parameters
    ----------
    information : csr_array of float32 of shape (n_words, n_words)
        The matrix.
    n_factors : int
        The number of singular values, the largest ones. At most n_words.

    Returns
    -------
    vectors : ndarray of float32 of shape (n_words, n_factors)
        The sign of a column is that which makes its largest entry positive.
    """
    with _one_blas_thread():
        vectors, values, _ = randomized_svd(information, n_factors, n_iter=4, random_state=0)
        return vectors * np.sqrt(values)


@contextmanager
def _one_blas_thread() -> Iterator[None]:
    """Limit BLAS to one thread, as its sums depend on the number of threads."""
    with _blas_lock, threadpool_limits(1, user_api="blas"):
        yield
