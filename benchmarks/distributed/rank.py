"""Fit in several processes, each of which is a rank and prints what it measured as JSON.

    python -m benchmarks.distributed.rank RANK N_RANKS N_THREADS STORE DATA N_TEXTS BATCH DEVICE

STORE is a file that does not exist yet, through which the ranks meet. With one rank there is no
process group.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import torch
import torch.distributed as dist

from benchmarks.common.corpora import load_ids
from benchmarks.common.record import ROOT
from sklearn_rnn import RNNTextClassifier
from sklearn_rnn._training import process_group

N_EPOCHS = 3  # of which the first is not timed: memory is reserved in it


class Exchanges:
    """Counts the bytes that this rank sends to others, and the seconds in which it exchanges."""

    def __init__(self) -> None:
        self.n_bytes = 0
        self.seconds = 0.0

    def count(self) -> None:
        """Count from now on what the ranks of a fit exchange."""
        broadcast = dist.broadcast

        @wraps(broadcast)
        def counted(tensor: torch.Tensor, src: int, *args: Any, **keywords: Any) -> Any:
            if src == dist.get_rank():
                n_others = dist.get_world_size() - 1
                self.n_bytes += tensor.numel() * tensor.element_size() * n_others
            return broadcast(tensor, src, *args, **keywords)

        dist.broadcast = counted
        ranks: Any = process_group.Ranks
        ranks.broadcast = self.timed(ranks.broadcast)

    def timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Make a function that adds its seconds to those of the exchanges."""

        @wraps(function)
        def run(*args: Any) -> Any:
            start = time.perf_counter()
            try:
                return function(*args)
            finally:
                self.seconds += time.perf_counter() - start

        return run


def run_ranks(
    n_ranks: int, n_threads: int, data: Path, n_texts: int, batch_size: int, device: str
) -> dict[str, float]:
    """Fit once in processes of their own, and return the mean figures of the ranks."""
    with TemporaryDirectory() as folder:
        arguments = [n_threads, Path(folder) / "store", data, n_texts, batch_size, device]
        processes = [
            subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "benchmarks.distributed.rank",
                    *map(str, [rank, n_ranks, *arguments]),
                ],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                text=True,
            )
            for rank in range(n_ranks)
        ]
        outputs = [process.communicate()[0] for process in processes]
    if any(process.returncode for process in processes):
        raise RuntimeError("A rank has failed; its error is above.")
    figures = pd.DataFrame([json.loads(output.splitlines()[-1]) for output in outputs])
    return figures.mean().to_dict()


def main(
    rank: str,
    n_ranks: str,
    n_threads: str,
    store: str,
    data: str,
    n_texts: str,
    batch_size: str,
    device: str,
) -> None:
    """Fit for some epochs, and print seconds and bytes."""
    torch.set_num_threads(int(n_threads))
    exchanges = Exchanges()
    ids, labels = (array[: int(n_texts)] for array in load_ids(Path(data), "imdb", "train"))
    if int(n_ranks) > 1:
        dist.init_process_group(
            "gloo", init_method=f"file://{store}", rank=int(rank), world_size=int(n_ranks)
        )
        exchanges.count()
    classifier = RNNTextClassifier(
        max_epochs=N_EPOCHS, batch_size=int(batch_size), device=device, random_state=0
    )
    start = time.perf_counter()
    classifier.fit(ids, labels)
    seconds = time.perf_counter() - start
    epochs = classifier.history_["seconds"]
    measured = {
        "seconds of an epoch": epochs.iloc[1:].mean(),
        "seconds before the epochs": seconds - epochs.sum(),
        "MB sent by a rank in an epoch": exchanges.n_bytes / N_EPOCHS / 1e6,
        "share of exchanges": exchanges.seconds / seconds,
        "loss": classifier.history_["train_loss"].iloc[-1],
    }
    print(json.dumps(measured))


if __name__ == "__main__":
    main(*sys.argv[1:])
