"""Mini-batches of labelled ids, bucketed by length, on the device.

Texts of similar length share a mini-batch, so that it contains little padding. The ids of a
mini-batch are cut to the length of its longest text.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import Dataset

from sklearn_rnn._ids import IdMatrix, count_words
from sklearn_rnn._linear.characters import CharacterNgrams, split_characters
from sklearn_rnn._linear.cross_fit import CrossFit
from sklearn_rnn._linear.heap import trim_heaps
from sklearn_rnn._training.data import TrainingData

Batch = tuple[dict[str, torch.Tensor], torch.Tensor]

# Each epoch assigns the texts at random to pools of this many mini-batches, and sorts each pool by
# length. Larger pools mean less padding, smaller pools mean more randomness.
POOL_BATCHES = 50

# Tensors of many sizes leave gaps in the heaps. Over 250 mini-batches of up to 400 tokens a process
# with two threads grew by 0.44 GB, and by 0.12 GB if the heaps were trimmed every 20, which took
# 6 % more processor time. Small fits have a lower peak and are not trimmed.
IDS_BETWEEN_TRIMS = 2**18
MANY_TEXTS = 2**15


class IdsDataset(Dataset[Batch]):
    """Inputs and labels of texts, as tensors on one device.

    The inputs are the ids, lengths and weights of the texts. With `reads_characters` the ids and
    lengths are those of words, and the inputs include the character n-grams. With `cross_fit` they
    include the folds and the out-of-fold logits of the texts.

    Parameters
    ----------
    data : TrainingData
        The texts.
    reads_characters : bool, default=False
        Whether the network reads characters.
    cross_fit : CrossFit, default=None
        The cross-fit of the linear term to the texts. None if the linear term was not fitted to
        these texts, or if there is no linear term.
    device : str or torch.device, default="cpu"
        Device of the tensors.
    """

    def __init__(
        self,
        data: TrainingData,
        *,
        reads_characters: bool = False,
        cross_fit: CrossFit | None = None,
        device: str | torch.device = "cpu",
    ) -> None:
        self.n_columns = data.lengths  # of ids, including characters
        self.reads_characters = reads_characters
        self.lengths = count_words(data.ids, data.lengths) if reads_characters else data.lengths
        self.device = torch.device(device)
        # On the CPU a batch is read from the matrix, which may be a file larger than memory.
        self.ids: IdMatrix | torch.Tensor = data.ids
        if self.device.type != "cpu":
            self.ids = self._tensor(np.asarray(data.ids), torch.int32)
        self.columns = {
            "lengths": self._tensor(self.lengths, torch.int64),
            # Only ratios of weights matter. With a mean of 1, weights fit the range of float32.
            "weights": self._tensor(data.weights / data.weights.mean(), torch.float32),
            "labels": self._tensor(data.labels, torch.int64),
        }
        if cross_fit is not None:
            self.columns["folds"] = self._tensor(cross_fit.folds, torch.int64)
            self.columns["linear_logits"] = self._tensor(cross_fit.logits, torch.float32)

    def _tensor(self, array: np.ndarray, dtype: torch.dtype) -> torch.Tensor:
        # torch warns about a read-only array, so it is copied. joblib passes read-only memory maps.
        return torch.from_numpy(np.require(array, requirements="W")).to(self.device, dtype)

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, rows: Any) -> Batch:
        return self.take(rows, int(self.lengths.max()), self.ids.shape[1])

    def take(self, rows: slice | torch.Tensor, width: int, n_columns: int) -> Batch:
        """Return the inputs and labels of the given rows.

        `width` is the number of words of the longest of these texts, and `n_columns` that of words
        and characters.
        """
        batch = {name: column[rows] for name, column in self.columns.items()}
        labels = batch.pop("labels")
        ids = self._take_ids(rows, n_columns)
        if self.reads_characters:
            ids, characters = split_characters(ids, width)
            batch |= {f"character_{name}": part for name, part in characters._asdict().items()}
        return {"ids": ids, **batch}, labels

    def _take_ids(self, rows: slice | torch.Tensor, n_columns: int) -> torch.Tensor:
        """Return the first columns of the ids of the given rows, as int32."""
        if isinstance(self.ids, torch.Tensor):
            return self.ids[:, :n_columns][rows]
        indices = rows.numpy() if isinstance(rows, torch.Tensor) else rows
        # A copy, also of a slice: torch warns about a read-only array, as of a memory-mapped file.
        return torch.from_numpy(np.array(self.ids[indices, :n_columns], np.int32, order="C"))


def characters_of(inputs: dict[str, torch.Tensor]) -> CharacterNgrams | None:
    """Return the character n-grams among the inputs of a batch, or None if they are not read."""
    if "character_keys" not in inputs:
        return None
    return CharacterNgrams(inputs["character_keys"], inputs["character_words"])


class TrainingBatches:
    """The mini-batches of an epoch: each text once, in a new random order at each iteration.

    Parameters
    ----------
    dataset : IdsDataset
        The texts.
    batch_size : int
        Texts in a mini-batch. One mini-batch of an epoch may have fewer.
    rng : numpy.random.Generator
        Shuffles the texts and the mini-batches.
    """

    def __init__(self, dataset: IdsDataset, batch_size: int, rng: np.random.Generator) -> None:
        self.dataset = dataset
        self.batch_size = batch_size
        self.rng = rng

    def __len__(self) -> int:
        return -(-len(self.dataset) // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        lengths = self.dataset.lengths
        order = self._shuffle()
        starts = np.arange(0, len(order), self.batch_size)
        widths = np.maximum.reduceat(lengths[order], starts)
        n_columns = np.maximum.reduceat(self.dataset.n_columns[order], starts)
        rows_of_batches = torch.from_numpy(order).to(self.dataset.device).split(self.batch_size)
        is_large, n_ids = len(self.dataset) >= MANY_TEXTS, 0
        for batch in self.rng.permutation(len(starts)):
            rows = rows_of_batches[batch]
            n_ids += len(rows) * int(n_columns[batch])
            if is_large and n_ids > IDS_BETWEEN_TRIMS:
                trim_heaps()
                n_ids = 0
            yield self.dataset.take(rows, int(widths[batch]), int(n_columns[batch]))

    def _shuffle(self) -> npt.NDArray[np.int64]:
        """Return the rows of the texts, assigned to pools at random; each pool sorted by length."""
        order = self.rng.permutation(len(self.dataset))
        pool_size = POOL_BATCHES * self.batch_size
        for start in range(0, len(order), pool_size):
            pool = order[start : start + pool_size]
            pool[:] = pool[np.argsort(self.dataset.lengths[pool], kind="stable")]
        return order


def split_epochs(
    batches: TrainingBatches, *, n_epochs: int, evaluations_per_epoch: int, first_epoch: int = 0
) -> Iterator[tuple[float, int, Iterator[Batch]]]:
    """Split the mini-batches of each epoch into intervals; an evaluation follows each interval.

    Parameters
    ----------
    batches : TrainingBatches
        The mini-batches of an epoch.
    n_epochs : int
        Number of epochs.
    evaluations_per_epoch : int
        Intervals in an epoch. An epoch of fewer mini-batches has one interval per mini-batch.
    first_epoch : int, default=0
        Epochs before the first that is yielded.

    Yields
    ------
    epochs_completed : float
        Epochs completed at the end of the interval, for example 0.5.
    n_batches : int
        Mini-batches in the interval.
    interval : iterator
        The mini-batches of the interval. Exhaust it before the next interval is requested.
    """
    n_batches = len(batches)
    n_intervals = min(evaluations_per_epoch, n_batches)
    ends = [n_batches * number // n_intervals for number in range(n_intervals + 1)]
    for epoch in range(first_epoch, n_epochs):
        iterator = iter(batches)
        for start, end in pairwise(ends):
            yield epoch + end / n_batches, end - start, islice(iterator, end - start)


class SequentialBatches:
    """Batches for validation and prediction: `bounded_batches` splits the texts in their order.

    Batches contain little padding if the texts are sorted by length.

    Parameters
    ----------
    dataset : IdsDataset
        The texts.
    """

    def __init__(self, dataset: IdsDataset) -> None:
        self.dataset = dataset
        self.spans = list(bounded_batches(dataset.n_columns, BATCH_IDS))

    def __len__(self) -> int:
        return len(self.spans)

    def __iter__(self) -> Iterator[Batch]:
        for start, stop, n_columns in self.spans:
            width = int(self.dataset.lengths[start:stop].max())
            yield self.dataset.take(slice(start, stop), width, n_columns)


# Largest number of ids in a batch for validation or prediction: 32 texts of 256 tokens. Larger
# batches are no faster, and too few batches leave cores idle.
BATCH_IDS = 8_192


def bounded_batches(lengths: npt.NDArray[np.int64], max_ids: int) -> Iterator[tuple[int, int, int]]:
    """Split a sequence of texts into batches of at most `max_ids` ids, padding included.

    Parameters
    ----------
    lengths : ndarray of int of shape (n,)
        Lengths of the texts, in tokens. A text of more than `max_ids` tokens is a batch of its own.
    max_ids : int
        Largest number of ids in a batch of several texts.

    Yields
    ------
    start, stop, width : int
        A batch is ``texts[start:stop]``; its longest text has `width` tokens.
    """
    start, width = 0, 0
    for stop, length in enumerate(lengths.tolist()):
        wider = max(width, length)
        if stop > start and (stop - start + 1) * wider > max_ids:
            yield start, stop, width
            start, wider = stop, length
        width = wider
    if len(lengths):
        yield start, len(lengths), width
