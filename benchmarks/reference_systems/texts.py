"""Words, vocabularies and batches as the authors' notebooks make them."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain

import numpy as np
import torch
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, TensorDataset

from benchmarks.reference_systems.training import Data

PAD = 0  # in every recipe

Encode = Callable[[str], list[int]]


def split_words(text: str) -> list[str]:
    """Return the lower-cased words that a regular expression finds."""
    return re.findall(r"\w+", text.lower())


def make_vocabulary(
    texts: Iterable[Sequence[str]],
    n_special: int,
    *,
    min_count: int = 1,
    max_words: int | None = None,
) -> dict[str, int]:
    """Return an id for each word, the most frequent first, after the special tokens."""
    counted = Counter(chain.from_iterable(texts)).most_common(max_words)
    words = [word for word, count in counted if count >= min_count]
    return {word: word_id for word_id, word in enumerate(words, n_special)}


def encode_known(words: Iterable[str], vocabulary: Mapping[str, int], unknown: int) -> list[int]:
    """Return the ids of words; words without an id get `unknown`."""
    return [vocabulary.get(word, unknown) for word in words]


def pad(rows: Sequence[Sequence[int]], length: int, *, left: bool = False) -> torch.Tensor:
    """Pad rows of at most `length` ids to a tensor of shape (n_rows, length)."""
    ids = np.full((len(rows), length), PAD)
    for target, row in zip(ids, rows, strict=True):
        target[length - len(row) if left else 0 :][: len(row)] = row
    return torch.from_numpy(ids)


def make_fixed_batches(
    data: Data, encode: Encode, length: int, batch_size: int, *, left: bool = False
) -> list[DataLoader]:
    """Make random batches of texts padded to one length; `encode` returns the ids of a text."""
    loaders = []
    for texts, labels in data.splits:
        ids = pad([encode(text) for text in texts], length, left=left)
        dataset = TensorDataset(ids, torch.from_numpy(labels).long())
        rows = BatchSampler(RandomSampler(dataset), batch_size, drop_last=False)
        loaders.append(DataLoader(dataset, sampler=rows, batch_size=None))  # one look-up a batch
    return loaders


def make_sorted_batches(data: Data, encode: Encode, batch_size: int) -> list[DataLoader]:
    """Make batches of texts of similar length, the longest first; the batches in random order."""
    loaders = []
    for texts, labels in data.splits:
        rows = [encode(text) for text in texts]
        order = sorted(range(len(rows)), key=lambda row, rows=rows: -len(rows[row]))
        batches = []
        for first in range(0, len(order), batch_size):
            batch = order[first : first + batch_size]
            ids = pad([rows[row] for row in batch], len(rows[batch[0]]))
            batches.append((ids, torch.from_numpy(labels[batch]).long()))
        loaders.append(DataLoader(batches, batch_size=None, shuffle=True))
    return loaders
