"""Ways in which two processes can exchange what they computed, by gloo on this machine.

    python -m benchmarks.distributed.exchange RANK 2 STORE

Each process sends what it computed of a batch of 64 reviews, 3.4 MB, and receives as much from the
other. It prints the milliseconds of each way as JSON: medians of many exchanges in turn.
"""

import json
import sys
import time
from collections.abc import Callable
from statistics import median

import torch
import torch.distributed as dist

from sklearn_rnn._training.process_group import Ranks

N_NUMBERS = 850_000  # of float32
N_RUNS = 50


def main(rank: str, n_ranks: str, store: str) -> None:
    """Measure, and print the medians."""
    dist.init_process_group(
        "gloo", init_method=f"file://{store}", rank=int(rank), world_size=int(n_ranks)
    )
    torch.set_num_threads(1)
    ranks = Ranks()
    tensors = list(torch.rand(2, N_NUMBERS))
    ways: dict[str, Callable[[], object]] = {
        "comparison of the step": lambda: ranks.agree("step"),
        "broadcast of each tensor": lambda: wait(
            [dist.broadcast(tensors[rank], rank, async_op=True) for rank in (0, 1)]
        ),
        "all_gather": lambda: dist.all_gather(tensors, tensors[int(rank)].clone()),
        "all_gather_object": lambda: dist.all_gather_object([None, None], tensors[int(rank)]),
        "all_reduce, whose sums have another order": lambda: dist.all_reduce(tensors[0]),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(N_RUNS):
        for name, exchange in ways.items():
            dist.barrier()
            start = time.perf_counter()
            exchange()
            seconds[name].append(time.perf_counter() - start)
    dist.barrier()
    dist.destroy_process_group()
    print(json.dumps({name: 1000 * median(runs) for name, runs in seconds.items()}))


def wait(works: list[dist.Work]) -> None:
    """Wait for the end of all exchanges."""
    for work in works:
        work.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
