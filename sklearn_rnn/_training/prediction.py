"""The logits of many texts, batch by batch."""

import numpy as np
import torch

from sklearn_rnn._ids import replace_unknown_ids, row_blocks, sequence_lengths
from sklearn_rnn._training.batches import bounded_batches
from sklearn_rnn._training.thread_pool import one_core_each


def compute_logits(module, ids, lookup, *, device):
    """Compute the logits of texts, sorted by length inside and in the caller's order outside.

    The last bits of a text's logits depend on its place in a batch. So each text is computed once,
    and its place does not depend on the order of the texts.

    Parameters
    ----------
    module : RecurrentModule
        In the mode for evaluation.
    ids : ndarray of int of shape (n, max_length)
        Right-padded ids.
    lookup : ndarray of int32 of shape (n_tokens + 1,)
        What to read for each id, as `known_ids_table` makes it.
    device : torch.device
        Where the module lies.

    Returns
    -------
    logits : ndarray of float32 of shape (n, n_classes)
    """
    lengths = sequence_lengths(ids)
    order, place = distinct_texts(ids, lengths, lookup)
    logits = np.empty((len(ids), module.output.out_features), dtype=np.float32)

    @torch.inference_mode()
    def compute(span):
        start, stop, width = span
        rows = order[start:stop]
        known = replace_unknown_ids(ids[rows, :width], lookup)
        batch = torch.from_numpy(known).to(device)
        batch_lengths = torch.from_numpy(lengths[rows]).to(device)
        logits[rows] = module(batch, batch_lengths).cpu().numpy()

    spans = bounded_batches(lengths[order])
    if device.type == "cpu":
        with one_core_each() as side_by_side:
            side_by_side.map(compute, spans)
    else:
        for span in spans:
            compute(span)
    return logits[order[place]]


def distinct_texts(ids, lengths, lookup):
    """Find the distinct texts, in an order that does not depend on that of all texts.

    Texts of a length are in the order of their hashes, which is quicker to find than that of their
    ids. Those whose hashes are the same by chance are told apart.

    Parameters
    ----------
    ids, lookup : ndarray
        As `compute_logits` takes them. Two texts are the same if the lookup makes them so.
    lengths : ndarray of int64 of shape (n,)
        In tokens.

    Returns
    -------
    rows : ndarray of int64 of shape (n_distinct,)
        One of each, the shortest first.
    place : ndarray of int64 of shape (n,)
        Which of them each text is.
    """
    factors = np.random.default_rng(0).integers(2**64, size=ids.shape[1], dtype=np.uint64)
    hashes = np.empty(len(ids), dtype=np.uint64)
    for block in row_blocks(ids):
        hashes[block] = replace_unknown_ids(ids[block], lookup).astype(np.uint64) @ factors
    order = np.lexsort((hashes, lengths))

    is_new = np.ones(len(ids), dtype=bool)
    for block in row_blocks(ids):
        texts, texts_before = ids[order[1:][block]], ids[order[:-1][block]]
        is_new[1:][block] = (
            replace_unknown_ids(texts, lookup) != replace_unknown_ids(texts_before, lookup)
        ).any(1)
    place = np.empty(len(ids), dtype=np.int64)
    place[order] = np.cumsum(is_new) - 1
    return order[is_new], place
