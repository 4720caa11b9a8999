"""Accuracies of benchmarks/results/reference_systems.json."""

import matplotlib.pyplot as plt

from benchmarks.common.record import read_rows

rows = read_rows("reference_systems", "systems")[::-1]
figure, axes = plt.subplots(figsize=(8, 0.24 * len(rows) + 1), layout="constrained")
positions = range(len(rows))
theirs, ours = ([row[name] for row in rows] for name in ("theirs", "ours"))
axes.hlines(positions, theirs, ours, color="0.7")
axes.scatter(theirs, positions, color="C1", label="author's recipe")
axes.scatter(ours, positions, color="C0", label="ours")
axes.set_yticks(positions, [row["system"] for row in rows], fontsize=8)
axes.set(xlabel="test accuracy, both trained on the same texts", ylim=(-0.8, len(rows) - 0.2))
axes.grid(axis="x", alpha=0.4)
axes.legend(loc="upper left")
