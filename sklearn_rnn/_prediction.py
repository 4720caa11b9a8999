"""The logits of many texts, batch by batch."""

import numpy as np
import torch

from ._batches import bounded_batches
from ._lookup import look_up
from ._sequences import sequence_lengths
from ._side_by_side import one_core_each


def compute_logits(module, ids, lookup, *, device):
    """Compute the logits of texts, sorted by length inside and in the caller's order outside.

    Parameters
    ----------
    module : RecurrentModule
        In the mode for evaluation.
    ids : ndarray of int of shape (n, max_length)
        Right-padded ids.
    lookup : ndarray of int32 of shape (n_tokens + 1,)
        What to read for each id, as `make_lookup` makes it.
    device : torch.device
        Where the module lies.

    Returns
    -------
    logits : ndarray of float32 of shape (n, n_classes)
    """
    lengths = sequence_lengths(ids)
    order = np.argsort(lengths, kind="stable")
    logits = np.empty((len(ids), module.output.out_features), dtype=np.float32)

    @torch.inference_mode()
    def compute(span):
        start, stop, width = span
        rows = order[start:stop]
        known = look_up(ids[rows, :width], lookup)
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
    return logits
