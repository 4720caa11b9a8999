"""Networks trained by a loop in plain torch, without skorch and DataLoader.

The network is that of `benchmarks.speed.skorch_rival`, trained by Adam. The rivals differ in how a
batch is formed: of random texts, packed; of random texts, padded to the longest; of texts of
similar length, padded. The last one computes in float32, or in bfloat16 by autocast.
"""

import time
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

from benchmarks.common.timing import torch_threads
from benchmarks.speed.skorch_rival import PackedNet, PaddedNet

BATCH_SIZE = 64
POOL_TEXTS = 50 * BATCH_SIZE  # texts of similar length are found by sorting random pools
WARM_UP_BATCHES = 2  # not timed: in the first batches torch generates kernels


@dataclass
class TorchRival:
    """A network and its optimizer.

    Parameters
    ----------
    module : nn.Module
        A network of `benchmarks.speed.skorch_rival`.
    similar_lengths : bool
        Whether the texts of a batch have similar lengths; if not, they are random.
    dtype : torch.dtype
        torch.float32, or torch.bfloat16 for autocast.
    n_threads : int
        Number of torch's threads.
    """

    module: nn.Module
    similar_lengths: bool
    dtype: torch.dtype
    n_threads: int
    optimizer: torch.optim.Optimizer = field(init=False)

    def __post_init__(self) -> None:
        self.optimizer = torch.optim.Adam(self.module.parameters())

    def train_epoch(self, ids: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> float:
        """Train on each text once, and return the seconds; a warm-up is not timed."""
        lengths = (ids != 0).sum(axis=1)
        tensors = torch.from_numpy(ids).long(), torch.from_numpy(labels), torch.from_numpy(lengths)
        with torch_threads(self.n_threads):
            for rows in self._draw_batches(lengths, rng)[:WARM_UP_BATCHES]:
                self._take_step(*(tensor[rows] for tensor in tensors))
            start = time.perf_counter()
            for rows in self._draw_batches(lengths, rng):
                self._take_step(*(tensor[rows] for tensor in tensors))
            return time.perf_counter() - start

    def _draw_batches(self, lengths: np.ndarray, rng: np.random.Generator) -> list[torch.Tensor]:
        """Return the rows of each batch, in random order."""
        order = rng.permutation(len(lengths))
        if self.similar_lengths:
            for start in range(0, len(order), POOL_TEXTS):
                pool = order[start : start + POOL_TEXTS]
                pool[:] = pool[np.argsort(lengths[pool])]
        batches = torch.from_numpy(order).split(BATCH_SIZE)
        return [batches[number] for number in rng.permutation(len(batches))]

    def _take_step(self, ids: torch.Tensor, labels: torch.Tensor, lengths: torch.Tensor) -> None:
        self.optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=self.dtype == torch.bfloat16):
            logits = self.module(ids[:, : int(lengths.max())], lengths)
            loss = nn.functional.cross_entropy(logits, labels)
        loss.backward()
        self.optimizer.step()


def make_torch_rivals(cell_type: str, n_tokens: int) -> dict[str, TorchRival]:
    """Return the rivals by name, with an embedding of 128 and 128 units in each direction."""
    n_threads = torch.get_num_threads()
    settings = {
        "torch, packed": (PackedNet, False, torch.float32, n_threads),
        "torch, packed, one thread": (PackedNet, False, torch.float32, 1),
        "torch, padded to the longest": (PaddedNet, False, torch.float32, n_threads),
        "torch, similar lengths, float32": (PaddedNet, True, torch.float32, n_threads),
        "torch, similar lengths, bfloat16": (PaddedNet, True, torch.bfloat16, n_threads),
    }
    return {
        name: TorchRival(module(cell_type, n_tokens, 128, 128), *others)
        for name, (module, *others) in settings.items()
    }
