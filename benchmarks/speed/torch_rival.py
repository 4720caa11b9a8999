"""Networks trained by a loop in plain torch, without skorch and DataLoader.

The network is that of `benchmarks.speed.skorch_rival`, trained by Adam. The rivals differ in how a
batch is formed: of random texts, packed; of random texts, padded to the longest; of texts of
similar length, padded. The last one computes in float32, or in bfloat16 by autocast.

Gradients that vanish over hundreds of words become denormal numbers (below 1e-38), with which a
processor computes many times slower. `torch.set_flush_denormal(True)` replaces them by zero; the
best rivals call it, which few programs do.
"""

import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np
import torch
from torch import nn

from benchmarks.speed.skorch_rival import PackedNet, PaddedNet

BATCH_SIZE = 64
POOL_TEXTS = 50 * BATCH_SIZE  # texts of similar length are found by sorting random pools
WARM_UP_BATCHES = 2  # not timed: in the first batches torch generates kernels


@dataclass(frozen=True)
class TorchRival:
    """A way to train a network for an epoch.

    Parameters
    ----------
    module : type of nn.Module
        A network of `benchmarks.speed.skorch_rival`.
    n_threads : int
        Number of torch's threads.
    similar_lengths : bool, default=False
        Whether the texts of a batch have similar lengths; if not, they are random.
    dtype : torch.dtype, default=torch.float32
        torch.float32, or torch.bfloat16 for autocast.
    flush_denormal : bool, default=False
        Whether denormal numbers are replaced by zero.
    """

    module: type[PackedNet]
    n_threads: int
    similar_lengths: bool = False
    dtype: torch.dtype = torch.float32
    flush_denormal: bool = False

    def time_epoch(
        self, cell_type: str, ids: np.ndarray, labels: np.ndarray, n_batches: int, seed: int
    ) -> float:
        """Train a new network on some batches, and return the seconds of an epoch.

        Parameters
        ----------
        cell_type : str
            "lstm" or "gru", of 128 units in each direction, with an embedding of 128.
        ids : ndarray of shape (n_texts, n_tokens)
            All texts.
        labels : ndarray of shape (n_texts,)
            Classes.
        n_batches : int
            The number of batches that are timed, at most; they are a random sample of the epoch's.
        seed : int
            Seed of the order of the texts.

        Returns
        -------
        seconds : float
            Seconds of an epoch, estimated from the batches; a warm-up is not timed.
        """
        # In a new process: OpenMP's threads inherit the flag from the thread that starts them.
        with ProcessPoolExecutor(1, get_context("spawn")) as executor:
            return executor.submit(
                self._time_epoch, cell_type, ids, labels, n_batches, seed
            ).result()

    def _time_epoch(
        self, cell_type: str, ids: np.ndarray, labels: np.ndarray, n_batches: int, seed: int
    ) -> float:
        torch.set_num_threads(self.n_threads)
        torch.set_flush_denormal(self.flush_denormal)
        module = self.module(cell_type, int(ids.max()) + 1, 128, 128)
        optimizer = torch.optim.Adam(module.parameters())
        lengths = (ids != 0).sum(axis=1)
        tensors = torch.from_numpy(ids).long(), torch.from_numpy(labels), torch.from_numpy(lengths)
        batches = self._draw_batches(lengths, np.random.default_rng(seed))
        for rows in batches[:WARM_UP_BATCHES]:
            self._take_step(module, optimizer, *(tensor[rows] for tensor in tensors))
        timed = batches[:n_batches]
        start = time.perf_counter()
        for rows in timed:
            self._take_step(module, optimizer, *(tensor[rows] for tensor in tensors))
        return (time.perf_counter() - start) * len(batches) / len(timed)

    def _draw_batches(self, lengths: np.ndarray, rng: np.random.Generator) -> list[torch.Tensor]:
        """Return the rows of each batch of an epoch, in random order."""
        order = rng.permutation(len(lengths))
        if self.similar_lengths:
            for start in range(0, len(order), POOL_TEXTS):
                pool = order[start : start + POOL_TEXTS]
                pool[:] = pool[np.argsort(lengths[pool])]
        batches = torch.from_numpy(order).split(BATCH_SIZE)
        return [batches[number] for number in rng.permutation(len(batches))]

    def _take_step(
        self,
        module: nn.Module,
        optimizer: torch.optim.Optimizer,
        ids: torch.Tensor,
        labels: torch.Tensor,
        lengths: torch.Tensor,
    ) -> None:
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=self.dtype == torch.bfloat16):
            logits = module(ids[:, : int(lengths.max())], lengths)
            loss = nn.functional.cross_entropy(logits, labels)
        loss.backward()
        optimizer.step()


def make_torch_rivals() -> dict[str, TorchRival]:
    """Return the rivals by name, from the usual to the best."""
    threads, similar = torch.get_num_threads(), {"similar_lengths": True}
    return {
        "torch, packed": TorchRival(PackedNet, threads),
        "torch, padded to the longest": TorchRival(PaddedNet, threads),
        "torch, similar lengths": TorchRival(PaddedNet, threads, **similar),
        "torch, similar lengths, no denormals": TorchRival(
            PaddedNet, threads, **similar, flush_denormal=True
        ),
        "torch, similar lengths, no denormals, bfloat16": TorchRival(
            PaddedNet, threads, **similar, flush_denormal=True, dtype=torch.bfloat16
        ),
    }
