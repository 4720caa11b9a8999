"""Fit in several processes, each of which is a rank and prints what it measured as JSON.

    python -m benchmarks.distributed.rank RANK N_RANKS STORE N_THREADS DATA N_TEXTS BATCH DEVICE

STORE is a file that does not exist yet, through which the ranks meet. With one rank there is no
process group.
"""

import json
import pickle
import subprocess
import sys
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import torch
import torch.distributed as dist
from skorch.callbacks import Callback

from benchmarks.common.corpora import load_ids
from benchmarks.common.record import ROOT
from sklearn_rnn import RNNTextClassifier
from sklearn_rnn._training import process_group

N_EPOCHS = 2


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

        gather = dist.all_gather_object

        @wraps(gather)
        def counted_gather(values: list[Any], value: Any, *args: Any) -> None:
            self.n_bytes += len(pickle.dumps(value)) * (dist.get_world_size() - 1)
            gather(values, value, *args)

        dist.broadcast, dist.all_gather_object = counted, counted_gather
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


class Clock(Callback):
    """Notes seconds, processor seconds, seconds in exchanges and bytes after each epoch."""

    def __init__(self, exchanges: Exchanges) -> None:
        self.exchanges = exchanges
        self.times: list[list[float]] = []

    def on_epoch_end(self, net: object, **kwargs: object) -> None:
        """Note the time."""
        exchanges = self.exchanges
        self.times.append(
            [time.perf_counter(), time.process_time(), exchanges.seconds, exchanges.n_bytes]
        )

    def on_train_begin(self, net: object, **kwargs: object) -> None:
        """Note the time before the first epoch, when the linear term is fitted."""
        self.on_epoch_end(net)


def run_ranks(
    n_ranks: int, n_threads: int, data: Path, n_texts: int, batch_size: int, device: str
) -> dict[str, float]:
    """Fit once in processes of their own, and return the mean figures of the ranks."""
    arguments = n_threads, data, n_texts, batch_size, device
    return start_ranks("benchmarks.distributed.rank", n_ranks, *arguments)


def start_ranks(module: str, n_ranks: int, *arguments: object) -> dict[str, float]:
    """Run a module as each rank, and return the mean figures that they print as JSON.

    The module takes the rank, the number of ranks, the path of a file through which the ranks meet,
    and the given arguments.
    """
    with TemporaryDirectory() as folder:
        store = Path(folder) / "store"
        processes = [
            subprocess.Popen(
                [sys.executable, "-m", module, *map(str, [rank, n_ranks, store, *arguments])],
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
    store: str,
    n_threads: str,
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
    clock = Clock(exchanges)
    classifier = RNNTextClassifier(
        max_epochs=N_EPOCHS,
        batch_size=int(batch_size),
        device=device,
        random_state=0,
        callbacks=[clock],
    )
    clock.on_epoch_end(None)
    classifier.fit(ids, labels)
    start, begin, *_, end = np.array(clock.times)
    figures = (end - begin) / N_EPOCHS
    before = begin - start
    measured = {
        "seconds of an epoch": figures[0],
        "processor seconds of an epoch": figures[1],
        "seconds in exchanges of an epoch": figures[2],
        "MB sent by a rank in an epoch": figures[3] / 1e6,
        "seconds before the epochs": before[0],
        "processor seconds before the epochs": before[1],
        "MB sent by a rank before the epochs": before[3] / 1e6,
        "loss": classifier.history_["train_loss"].iloc[-1],
    }
    if int(n_ranks) > 1:
        dist.barrier()  # a process that ends early would fail the others
        dist.destroy_process_group()
    print(json.dumps(measured))


if __name__ == "__main__":
    main(*sys.argv[1:])
