"""How the benchmarks measure: rivals take turns, medians are compared, targets are judged."""

import time
from contextlib import contextmanager
from statistics import median

import pandas as pd
import torch


class SkippedError(Exception):
    """Raised by a section that cannot run here; the message says what it would need."""


def timed(function):
    """Make a function that calls `function` and returns the seconds it took."""

    def measure():
        start = time.perf_counter()
        function()
        return time.perf_counter() - start

    return measure


def in_turn(measures, n_runs):
    """Call each measure n_runs times, taking turns; return the seconds of each run by name.

    A measure is a function that returns seconds. A machine that slows down for a while slows all
    of them.
    """
    seconds = {name: [] for name in measures}
    for _ in range(n_runs):
        for name, measure in measures.items():
            seconds[name].append(measure())
    return seconds


def tabulate(seconds, *rivals):
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


def judge(targets):
    """Make the table of targets.

    Parameters
    ----------
    targets : dict of str to (float, str, float)
        What was asked for: the figure reached, "at least" or "at most", and the figure asked for.
    """
    rows = {
        what: {
            "reached": reached,
            "target": f"{bound} {asked:g}",
            "met": "yes"
            if (reached >= asked if bound == "at least" else reached <= asked)
            else "NO",
        }
        for what, (reached, bound, asked) in targets.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


@contextmanager
def torch_threads(n_threads):
    """Let torch use so many threads for a while."""
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
