"""Prediction: the logits of many texts, in batches of texts of similar length."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

from sklearn_rnn._ids import count_words, replace_unknown_ids, row_blocks, sequence_lengths
from sklearn_rnn._training.batches import BATCH_IDS, bounded_batches
from sklearn_rnn._training.thread_pool import thread_pool

if TYPE_CHECKING:
    from sklearn_rnn._nn.module import RecurrentModule

# Texts of a prediction that ends with returning free memory to the system, which takes
# milliseconds. Without it, the memory of a process grows while it predicts chunk by chunk.
_MANY_TEXTS = 1024

# Largest number of ids in a batch on the CPU, where each thread takes 8 KB for an id. The command
# `predict` has a peak of 510 MB; with twice as many ids 550 MB, and 4 % less processor time.
_CPU_BATCH_IDS = 4096

Ids = npt.NDArray[np.integer[Any]]
IdsTable = npt.NDArray[np.int32]


def compute_logits(
    module: RecurrentModule, ids: Ids, known_ids: IdsTable, *, device: torch.device
) -> npt.NDArray[np.float32]:
    """Compute the logits of texts: the same to the last bit in any order of the texts.

    The last bits of a text's logits depend on the other texts of its batch, and on its position in
    the batch. Therefore the logits of each distinct text are computed once, and the distinct texts
    are batched in an order that does not depend on the order of `ids`.

    Parameters
    ----------
    module : RecurrentModule
        The network, in evaluation mode.
    ids : ndarray of int of shape (n, max_length)
        Right-padded ids, which may be unknown.
    known_ids : ndarray of int32 of shape (n_tokens + 1,)
        Table of the ids known at fit, as `known_ids_table` returns it.
    device : torch.device
        The device of the module.

    Returns
    -------
    logits : ndarray of float32 of shape (n, n_classes)
        Logits of the texts, in the order of `ids`.
    """
    reads_characters = module.reads_characters
    replace_unknown = partial(
        replace_unknown_ids, table=known_ids, keep_characters=reads_characters
    )
    lengths = sequence_lengths(ids)
    order, inverse = distinct_texts(ids, lengths, replace_unknown)
    n_words = count_words(ids, lengths) if reads_characters else lengths
    logits = np.empty((len(ids), module.output.out_features), dtype=np.float32)

    @torch.inference_mode()
    def compute(span: tuple[int, int, int]) -> None:
        start, stop, width = span
        rows = order[start:stop]
        batch = torch.from_numpy(replace_unknown(ids[rows, :width])).to(device)
        batch_lengths = torch.from_numpy(n_words[rows]).to(device)
        logits[rows] = module(batch, batch_lengths).cpu().numpy()

    if device.type == "cpu":
        with thread_pool(trims_memory=len(ids) >= _MANY_TEXTS) as pool:
            pool.map(compute, bounded_batches(lengths[order], _CPU_BATCH_IDS))
    else:
        for span in bounded_batches(lengths[order], BATCH_IDS):
            compute(span)
    return logits[order[inverse]]


def distinct_texts(
    ids: Ids,
    lengths: npt.NDArray[np.int64],
    replace_unknown: Callable[[Ids], npt.NDArray[np.int32]],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Find the distinct texts, in an order that does not depend on the order of `ids`.

    The distinct texts are sorted by length, then by a hash of their ids, because sorting by the ids
    themselves is slower. Different texts with the same length and hash stay distinct, in the order
    of `ids`.

    Parameters
    ----------
    ids : ndarray of int of shape (n, max_length)
        As in `compute_logits`.
    lengths : ndarray of int64 of shape (n,)
        Lengths of the texts, in tokens.
    replace_unknown : callable
        Returns ids with the unknown word in place of unknown ids, before texts are compared.

    Returns
    -------
    rows : ndarray of int64 of shape (n_distinct,)
        For each distinct text, the index of its first row in `ids`. The shortest text comes first.
    inverse : ndarray of int64 of shape (n,)
        For each row of `ids`, the index of its text in `rows`.
    """
    rng = np.random.default_rng(0)
    factors = rng.integers(2**64, size=(ids.shape[1],), dtype=np.uint64)
    hashes = np.empty(len(ids), dtype=np.uint64)
    for block in row_blocks(ids):
        width = int(lengths[block].max())  # without the columns of padding, whose products are 0
        hashes[block] = replace_unknown(ids[block, :width]).astype(np.uint64) @ factors[:width]
    order = np.lexsort((hashes, lengths))

    is_new = np.ones(len(ids), dtype=bool)
    sorted_hashes, sorted_lengths = hashes[order], lengths[order]
    may_repeat = (sorted_hashes[1:] == sorted_hashes[:-1]) & (
        sorted_lengths[1:] == sorted_lengths[:-1]
    )
    candidates = 1 + np.flatnonzero(may_repeat)
    for block in row_blocks(ids):  # covers all candidates: they are fewer than the rows
        current = candidates[block]
        texts, previous_texts = (
            replace_unknown(ids[order[indices]]) for indices in (current, current - 1)
        )
        is_new[current] = (texts != previous_texts).any(1)
    inverse = np.empty(len(ids), dtype=np.int64)
    inverse[order] = np.cumsum(is_new) - 1
    return order[is_new], inverse
