"""Training data of a data-parallel fit: all texts on each rank, or a shard of them.

If all ranks hold the same texts, labels and weights, these are the data of the fit. If all hold
different texts, the texts are shards: the fit is that of a single process to their concatenation,
in the order of the ranks, and each rank receives all of them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import joblib
import numpy as np
import numpy.typing as npt
import torch

from sklearn_rnn._ids import IdArray, IdMatrix, numbering_of, row_blocks
from sklearn_rnn._training.process_group import Ranks, active_ranks

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Summary:
    """What tells the data of two ranks apart.

    Parameters
    ----------
    n_texts, n_columns : int
        The shape of the ids.
    texts : str
        Hash of the ids.
    unordered : int
        Hash of the ids that does not depend on the order of the texts.
    labels : str
        Hash of the labels and weights.
    kind : str
        NumPy's kind of the labels, such as "U" for str.
    numbering : str
        Hash of the numbering of the ids.
    """

    n_texts: int
    n_columns: int
    texts: str
    unordered: int
    labels: str
    kind: str
    numbering: str


def join_shards(
    X: object, ids: IdMatrix, y: np.ndarray, weights: FloatArray
) -> tuple[IdMatrix, np.ndarray, FloatArray]:
    """Return the data of the fit; without a process group, the given data.

    Parameters
    ----------
    X : array-like
        Ids, in the container that the user passed.
    ids : ndarray or IdRows of int of shape (n, max_length)
        The ids of this rank.
    y : ndarray of shape (n,)
        The labels of this rank.
    weights : ndarray of float64 of shape (n,)
        The sample weights of this rank.

    Returns
    -------
    ids, y, weights
        As given, if they are the same on all ranks. Else those of all ranks.

    Raises
    ------
    ValueError
        If the data of the ranks are neither the same nor shards of the same kind.
    """
    ranks = active_ranks()
    if ranks is None:
        return ids, y, weights
    summaries = ranks.gather("texts", summarize_data(X, ids, y, weights))
    check_shards(summaries)
    if len(set(summaries)) == 1:
        return ids, y, weights
    labels_and_weights = ranks.gather("labels", (y, weights))
    return (
        _join_ids(ranks, ids, [summary.n_texts for summary in summaries]),
        np.concatenate([labels for labels, _ in labels_and_weights]),
        np.concatenate([weights for _, weights in labels_and_weights]),
    )


def summarize_data(X: object, ids: IdMatrix, y: np.ndarray, weights: FloatArray) -> Summary:
    """Return what tells the data of a rank, as in `join_shards`, from those of another."""
    factors = np.random.default_rng(0).integers(2**64, size=ids.shape[1], dtype=np.uint64)
    mix = np.uint64(0x9E3779B97F4A7C15)  # odd
    digest, unordered = hashlib.blake2b(digest_size=16), 0
    for block in row_blocks(ids):
        hashes = ids[block].astype(np.uint64) @ factors
        digest.update(hashes.tobytes())
        # Mixed, because a sum of products would not tell which words share a text.
        hashes ^= hashes >> np.uint64(31)
        hashes *= mix
        unordered += int((hashes ^ hashes >> np.uint64(29)).sum())
    return Summary(
        n_texts=len(ids),
        n_columns=ids.shape[1],
        texts=digest.hexdigest(),
        unordered=unordered % 2**64,
        labels=str(joblib.hash((y, weights))),
        kind=y.dtype.kind,
        numbering=str(joblib.hash(numbering_of(X))),
    )


def check_shards(summaries: list[Summary]) -> None:
    """Raise a ValueError if the data of the ranks are neither the same nor shards."""
    first = summaries[0]
    for rank, other in enumerate(summaries):
        if other.numbering != first.numbering:
            raise ValueError(
                f"Ids stand for other tokens on rank {rank} of the process group than on rank 0, "
                "as if each rank had fitted a TextTokenizer to its own texts. Fit the tokenizer to "
                "all texts, and transform the texts of each rank with it."
            )
        if other.n_columns != first.n_columns:
            raise ValueError(
                f"X has {first.n_columns} columns on rank 0 of the process group and "
                f"{other.n_columns} on rank {rank}. Pass the texts of all ranks through the same "
                "fitted TextTokenizer."
            )
        if other.kind != first.kind:
            raise ValueError(
                f"y has labels of kind {first.kind!r} on rank 0 of the process group and of kind "
                f"{other.kind!r} on rank {rank}. Pass labels of one kind."
            )
    if len(set(summaries)) == 1:
        return
    for rank, other in enumerate(summaries):
        for earlier, one in enumerate(summaries[:rank]):
            if (one.n_texts, one.unordered) == (other.n_texts, other.unordered):
                _refuse_repeated(earlier, one, rank, other)


def _refuse_repeated(rank: int, one: Summary, other_rank: int, other: Summary) -> None:
    if one == other:
        difference = "and another rank has others"
    elif one.texts == other.texts:
        difference = "with other labels or weights"
    else:
        difference = "in another order"
    raise ValueError(
        f"Ranks {rank} and {other_rank} of the process group hold the same texts, {difference}. "
        "Give each rank all texts, with the same labels and weights and in the same order (with "
        "the same seed, if they are shuffled); or give each rank different texts, its shard."
    )


def _join_ids(ranks: Ranks, ids: IdMatrix, n_texts: list[int]) -> IdArray:
    """Return the ids of all ranks. Besides them there is no copy."""
    joined = np.empty((sum(n_texts), ids.shape[1]), dtype=np.int32)
    shards = np.split(joined, np.cumsum(n_texts)[:-1])
    shards[ranks.rank][:] = ids
    ranks.broadcast("ids", [torch.from_numpy(shard) for shard in shards], range(ranks.size))
    return joined
