"""Optimizer step over denormal moments (below 1e-38), with and without flushing them to 0.

Adam's first moments of a rare word become denormal: each step reduces them by a tenth, and because
of rounding they never reach zero. The package trains with `torch.set_flush_denormal(True)`.
"""

import time
from argparse import Namespace

import torch

from benchmarks.common.timing import Tables, measure_in_turn, tabulate

ROWS, COLUMNS = 20_000, 100
DENORMAL = 1e-40


def run(options: Namespace) -> Tables:
    """Return the table of the section."""
    weight = torch.nn.Parameter(torch.randn(ROWS, COLUMNS))
    optimizer = torch.optim.AdamW([weight], fused=True)
    weight.grad = torch.zeros_like(weight)
    optimizer.step()
    moments = optimizer.state[weight]["exp_avg"]

    def step(value: float, flush: bool) -> float:
        torch.set_flush_denormal(False)
        moments.fill_(value)
        torch.set_flush_denormal(flush)
        start = time.perf_counter()
        optimizer.step()
        return time.perf_counter() - start

    measures = {
        "moments of 1e-3": lambda: step(1e-3, flush=False),
        "denormal moments": lambda: step(DENORMAL, flush=False),
        "denormal moments flushed to 0": lambda: step(DENORMAL, flush=True),
    }
    try:
        table = tabulate(measure_in_turn(measures, options.runs), "denormal moments")
    finally:
        torch.set_flush_denormal(False)
    return {f"AdamW on an embedding of {ROWS:,} x {COLUMNS}": table}
