"""An optimizer step over moments that have faded below 1e-38, with and without taking them for 0.

That is where Adam's first moments of a rare word go: each step takes a tenth off them, and by
rounding they never reach zero. The package trains with `torch.set_flush_denormal(True)`.
"""

import time

import torch

from benchmarks.common.timing import in_turn, tabulate

ROWS, COLUMNS = 20_000, 100
FADED = 1e-40


def run(options):
    """Return the table of the section."""
    weight = torch.nn.Parameter(torch.randn(ROWS, COLUMNS))
    optimizer = torch.optim.AdamW([weight], fused=True)
    weight.grad = torch.zeros_like(weight)
    optimizer.step()
    moments = optimizer.state[weight]["exp_avg"]

    def step(value, flush):
        torch.set_flush_denormal(False)
        moments.fill_(value)
        torch.set_flush_denormal(flush)
        start = time.perf_counter()
        optimizer.step()
        return time.perf_counter() - start

    measures = {
        "moments of 1e-3": lambda: step(1e-3, flush=False),
        "faded moments": lambda: step(FADED, flush=False),
        "faded moments taken for 0": lambda: step(FADED, flush=True),
    }
    try:
        table = tabulate(in_turn(measures, options.runs), "faded moments")
    finally:
        torch.set_flush_denormal(False)
    return {f"AdamW on an embedding of {ROWS:,} x {COLUMNS}": table}
