"""Timing of rivals in turn, tables of medians, and comparison with targets."""

import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from statistics import median
from typing import TypeVar

import pandas as pd
import torch

Name = TypeVar("Name", bound=Hashable)
Figure = TypeVar("Figure")
Tables = dict[str, pd.DataFrame]  # by title


class SkippedError(Exception):
    """Raised by a section that cannot run here; the message says what it would need."""


def timed(function: Callable[[], object]) -> Callable[[], float]:
    """Make a function that calls `function` and returns the seconds it took."""

    def measure() -> float:
        start = time.perf_counter()
        function()
        return time.perf_counter() - start

    return measure


def measure_in_turn(
    measures: Mapping[Name, Callable[[], Figure]], n_runs: int
) -> dict[Name, list[Figure]]:
    """Call all measures in turn, n_runs times; return the figures of each by name.

    A measure is a function that returns a figure, mostly seconds. If the machine slows down for a
    while, it slows all measures.
    """
    figures: dict[Name, list[Figure]] = {name: [] for name in measures}
    for _ in range(n_runs):
        for name, measure in measures.items():
            figures[name].append(measure())
    return figures


def tabulate(seconds: Mapping[Name, list[float]], *rivals: Name) -> pd.DataFrame:
    """Make a row for each name: median, extremes, and how many times faster than each rival."""
    table = pd.DataFrame(
        {
            "seconds": {name: median(runs) for name, runs in seconds.items()},
            "fastest": {name: min(runs) for name, runs in seconds.items()},
            "slowest": {name: max(runs) for name, runs in seconds.items()},
        }
    )
    for rival in rivals:
        table[f"times faster than {rival}"] = table.loc[rival, "seconds"] / table["seconds"]
    return table


def check_targets(targets: Mapping[str, tuple[float, str, float]]) -> pd.DataFrame:
    """Make the table of targets.

    Parameters
    ----------
    targets : dict of str to (float, str, float)
        For each target: the measured figure, "at least" or "at most", and the bound.
    """
    rows = {
        name: {
            "reached": reached,
            "target": f"{sense} {bound:g}",
            "met": "yes"
            if (reached >= bound if sense == "at least" else reached <= bound)
            else "NO",
        }
        for name, (reached, sense, bound) in targets.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


@contextmanager
def torch_threads(n_threads: int) -> Iterator[None]:
    """Set the number of torch's threads within a context."""
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
