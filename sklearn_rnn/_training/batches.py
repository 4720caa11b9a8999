"""Length-bucketed batches of labelled ids, on the device.

Texts of similar length share a batch, so that little of it is padding, and each batch is only as
wide as its longest text.
"""

from itertools import islice, pairwise

import numpy as np
import torch
from torch.utils.data import Dataset

from sklearn_rnn._ids import sequence_lengths

# Batches of a pool are sorted by length among themselves; which texts share a pool is drawn anew
# in every epoch. A larger pool saves padding, a smaller one leaves more to chance.
POOL_BATCHES = 50


class IdsDataset(Dataset):
    """Ids, labels and weights of n texts, as tensors on one device.

    Parameters
    ----------
    ids : ndarray of int of shape (n, max_length)
        Right-padded ids.
    labels : ndarray of int of shape (n,) or None, default=None
        Class indices. None: zeros, for prediction through skorch's own methods.
    weights : ndarray of float of shape (n,) or None, default=None
        What each text counts in the loss. None: 1 each.
    cross_fit : CrossFit, default=None
        What the linear term says of the texts, for training with one.
    device : str or torch.device, default="cpu"
        Where the tensors lie.
    """

    def __init__(self, ids, labels=None, weights=None, *, cross_fit=None, device="cpu"):
        ids = np.asarray(ids, dtype=np.int32)
        n = len(ids)
        self.lengths = sequence_lengths(ids)
        labels = np.zeros(n) if labels is None else labels
        # Only their ratios matter; float32 holds the smallest and largest around 1.
        weights = np.ones(n) if weights is None else weights / weights.mean()
        self.device = torch.device(device)
        self.columns = {
            "ids": self._tensor(ids, torch.int32),
            "lengths": self._tensor(self.lengths, torch.int64),
            "weights": self._tensor(weights, torch.float32),
            "labels": self._tensor(labels, torch.int64),
        }
        if cross_fit is not None:
            self.columns["folds"] = self._tensor(cross_fit.folds, torch.int64)
            self.columns["linear_logits"] = self._tensor(cross_fit.logits, torch.float32)

    def _tensor(self, array, dtype):
        # torch warns of read-only memory, which joblib's memory maps are.
        return torch.from_numpy(np.require(array, requirements="W")).to(self.device, dtype)

    def __len__(self):
        return len(self.lengths)

    def __getitem__(self, rows):
        return self.take(rows, self.columns["ids"].shape[1])

    def take(self, rows, n_steps):
        """Return some texts, cut to `n_steps` columns, as skorch's pair of inputs and labels."""
        batch = {name: column[rows] for name, column in self.columns.items() if name != "ids"}
        labels = batch.pop("labels")
        return {"ids": self.columns["ids"][:, :n_steps][rows], **batch}, labels


class TrainingBatches:
    """Batches for an epoch: each text once, the order drawn anew each time.

    Parameters
    ----------
    dataset : IdsDataset
        The texts.
    batch_size : int
        Texts in a batch; the last one drawn may be smaller.
    rng : numpy.random.Generator
        Where the order comes from.
    """

    def __init__(self, dataset, batch_size, rng):
        self.dataset = dataset
        self.batch_size = batch_size
        self.rng = rng

    def __len__(self):
        return -(-len(self.dataset) // self.batch_size)

    def __iter__(self):
        lengths = self.dataset.lengths
        order = self._draw_order()
        starts = np.arange(0, len(order), self.batch_size)
        widths = np.maximum.reduceat(lengths[order], starts)
        rows_of_batches = torch.from_numpy(order).to(self.dataset.device).split(self.batch_size)
        for batch in self.rng.permutation(len(starts)):
            yield self.dataset.take(rows_of_batches[batch], int(widths[batch]))

    def _draw_order(self):
        """Draw which texts share a pool, and sort each pool by length."""
        order = self.rng.permutation(len(self.dataset))
        pool_size = POOL_BATCHES * self.batch_size
        for start in range(0, len(order), pool_size):
            pool = order[start : start + pool_size]
            pool[:] = pool[np.argsort(self.dataset.lengths[pool], kind="stable")]
        return order


def cut_epochs(batches, *, n_epochs, n_stretches):
    """Cut epochs into what lies between two evaluations.

    Parameters
    ----------
    batches : TrainingBatches
        Those of an epoch; in each epoch they are drawn anew.
    n_epochs : int
        How many epochs.
    n_stretches : int
        Of an epoch, which has no more of them than batches.

    Yields
    ------
    passes : float
        Epochs that are over after the stretch.
    n_batches : int
        In it.
    stretch : iterator
        Its batches.
    """
    n_batches = len(batches)
    n_stretches = min(n_stretches, n_batches)
    ends = [n_batches * k // n_stretches for k in range(n_stretches + 1)]
    for epoch in range(n_epochs):
        iterator = iter(batches)
        for start, end in pairwise(ends):
            yield epoch + end / n_batches, end - start, islice(iterator, end - start)


class SequentialBatches:
    """Batches for evaluation: the texts as they stand, in batches of a bounded number of ids.

    Texts that are sorted by length waste the least.

    Parameters
    ----------
    dataset : IdsDataset
        The texts.
    """

    def __init__(self, dataset):
        self.dataset = dataset
        self.spans = list(bounded_batches(dataset.lengths))

    def __len__(self):
        return len(self.spans)

    def __iter__(self):
        for start, stop, width in self.spans:
            yield self.dataset.take(slice(start, stop), width)


# 64 texts of 256 tokens: larger batches get no faster, and fewer of them fill the cores less well.
BATCH_IDS = 16_384


def bounded_batches(lengths):
    """Cut a sequence of texts into batches of at most `BATCH_IDS` ids, padding included.

    Parameters
    ----------
    lengths : ndarray of int of shape (n,)
        In tokens, in the order of the texts. A longer text than the bound is a batch alone.

    Yields
    ------
    start, stop, width : int
        The texts from `start` to before `stop`, of which the longest has `width` tokens.
    """
    start, width = 0, 0
    for stop, length in enumerate(lengths.tolist()):
        wider = max(width, length)
        if stop > start and (stop - start + 1) * wider > BATCH_IDS:
            yield start, stop, width
            start, wider = stop, length
        width = wider
    if len(lengths):
        yield start, len(lengths), width
