"""Times of an epoch of benchmarks/results/speed_training.json, relative to this package's."""

import matplotlib.pyplot as plt

from benchmarks.common.record import read_rows

rows = [
    row
    for row in read_rows("speed_training", "lstm: an epoch of 25,000 texts")
    if not row["what"].startswith("RNNTextClassifier")
]
rows.sort(key=lambda row: row["times as long as RNNTextClassifier"])
times = [row["times as long as RNNTextClassifier"] for row in rows]

figure, axes = plt.subplots(figsize=(7, 0.4 * len(rows) + 1), layout="constrained")
bars = axes.barh([row["what"] for row in rows], times, color="#9bd0f5")
axes.bar_label(bars, fmt="%.1f", padding=3, fontsize=8)
axes.axvline(1, color="C3", linestyle="--", linewidth=1)
axes.set_xscale("log")
axes.set_xlabel(
    "time of an epoch of a bidirectional LSTM of 128 units, 400 words; 1: RNNTextClassifier"
)
axes.set_xlim(right=2 * max(times))
