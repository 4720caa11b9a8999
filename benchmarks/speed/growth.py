"""Growth of the seconds of an epoch with rows, length, hidden size and classes.

A bidirectional LSTM of 64 units on ids of IMDB, in batches of 64. One size is varied at a time, and
a power law is fitted: seconds = c * size ** slope. Texts of each length are truncated reviews of at
least 400 words; classes are assigned in rotation. The figure is benchmarks/results/growth.png.

Target: at most linear growth in rows and length: slopes of at most 1, plus 0.05 for noise.
"""

from argparse import Namespace
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from benchmarks.common.corpora import load_ids
from benchmarks.common.record import RESULTS
from benchmarks.common.timing import Tables, check_targets, measure_in_turn, tabulate
from sklearn_rnn import RNNTextClassifier

AXES = {
    "rows": (1_000, 2_000, 4_000, 8_000, 16_000),
    "words of a text": (25, 50, 100, 200, 400),
    "hidden units": (32, 64, 128, 256, 512),
    "classes": (2, 8, 32, 128, 512),
}
LINEAR = ("rows", "words of a text")


def run(options: Namespace) -> Tables:
    """Return the tables of the section."""
    ids, labels = load_ids(options.data, "imdb", "train")
    n_rows = min(options.texts or 2_000, 2_000)
    scale = n_rows / 2_000  # reduces the numbers of rows in a trial run
    tables, slopes = {}, {}
    for axis, sizes in AXES.items():
        if axis == "rows":
            sizes = [int(scale * size) for size in sizes]
        measures = {
            size: partial(epoch_seconds, *make_task(axis, size, ids, labels, n_rows))
            for size in sizes
        }
        next(iter(measures.values()))()
        tables[axis] = tabulate(measure_in_turn(measures, options.runs))
        slopes[axis] = fit_slope(tables[axis])
    plot(tables, slopes).savefig(RESULTS / "growth.png", dpi=200)
    named = {f"seconds of an epoch by {axis}": table for axis, table in tables.items()}
    limits = {f"slope by {axis}": (slopes[axis], "at most", 1.05) for axis in LINEAR}
    return named | {
        "slopes": pd.DataFrame({"slope": slopes, "of the last two points": last_slopes(tables)}),
        "targets": check_targets(limits),
    }


def make_task(
    axis: str, size: int, ids: np.ndarray, labels: np.ndarray, n_rows: int
) -> tuple[RNNTextClassifier, np.ndarray, np.ndarray]:
    """Return a classifier, ids and labels with a given size along an axis."""
    classifier = RNNTextClassifier(
        hidden_size=size if axis == "hidden units" else 64,
        batch_size=64,
        max_epochs=1,
        device="cpu",
        random_state=0,
    )
    if axis == "rows":
        return classifier, ids[:size, :100], labels[:size]
    if axis == "words of a text":
        long = np.flatnonzero(ids[:, -1])[:n_rows]
        return classifier, ids[long, :size], labels[long]
    if axis == "classes":
        labels = np.arange(len(ids)) % size
    return classifier, ids[:n_rows, :100], labels[:n_rows]


def epoch_seconds(classifier: RNNTextClassifier, ids: np.ndarray, labels: np.ndarray) -> float:
    """Return the seconds of an epoch as the classifier recorded them."""
    return classifier.fit(ids, labels).history_["seconds"].sum()


def fit_slope(table: pd.DataFrame) -> float:
    """Return the slope of the logarithm of the seconds on that of the size."""
    return np.polyfit(np.log(list(table.index)), np.log(table["seconds"]), 1)[0]


def last_slopes(tables: Tables) -> dict[str, float]:
    """Return the slopes between the two largest sizes, where constant costs matter least."""
    return {axis: fit_slope(table.iloc[-2:]) for axis, table in tables.items()}


def plot(tables: Tables, slopes: dict[str, float]) -> Figure:
    """Plot a panel for each axis, in logarithms, with the fitted line."""
    figure = Figure(figsize=(7, 5.2), layout="constrained")
    panels = figure.subplots(2, 2, sharey=True)
    for panel, (axis, table) in zip(panels.flat, tables.items(), strict=True):
        sizes = np.array(table.index, dtype=float)
        seconds = table["seconds"].to_numpy()
        spread = [seconds - table["fastest"], table["slowest"] - seconds]
        slope = slopes[axis]
        constant = np.exp(np.log(seconds).mean() - slope * np.log(sizes).mean())
        panel.plot(sizes, constant * sizes**slope, color="0.6", linewidth=1)
        panel.errorbar(
            sizes, seconds, spread, fmt="o", color="#1f4e79", markersize=4, linewidth=1, capsize=2
        )
        panel.set(xscale="log", yscale="log", xlabel=axis)
        panel.set_xticks(sizes, [f"{size:,.0f}" for size in sizes])
        panel.minorticks_off()
        panel.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        panel.yaxis.set_major_formatter("{x:g}")
        panel.spines[["top", "right"]].set_visible(False)
        panel.text(0.05, 0.95, f"slope {slope:.2f}", transform=panel.transAxes, va="top")
    for panel in panels[:, 0]:
        panel.set_ylabel("seconds of an epoch")
    return figure
