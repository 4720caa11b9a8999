"""Layers between the pooled vector and the logits, for two heads."""

from itertools import pairwise

import matplotlib.pyplot as plt

# Of the default network: two poolings of two directions of 64 units; five classes.
POOLED, N_CLASSES = 256, 5
HEADS = {"head_sizes=(), the default": (), "head_sizes=(128, 32)": (128, 32)}

figure, axes = plt.subplots(1, 2, figsize=(8, 3), width_ratios=[1, 1.6], layout="constrained")
for panel, (title, head) in zip(axes, HEADS.items(), strict=True):
    sizes = [POOLED, *head, N_CLASSES]
    names = ["pooled\nvector", *["dense,\nReLU"] * len(head), "logits"]
    n_weights = sum((n_in + 1) * n_out for n_in, n_out in pairwise(sizes))
    for column, (size, name) in enumerate(zip(sizes, names, strict=True)):
        height = max(size, 10)
        panel.bar(column, height, 0.42, bottom=-height / 2, color="#9bd0f5", edgecolor="0.4")
        panel.text(column, height / 2 + 8, f"{size}", ha="center", fontsize=9)
        panel.text(column, -POOLED / 2 - 62, name, ha="center", fontsize=9)
        if column:
            arrow = {"arrowstyle": "->", "color": "0.5"}
            panel.annotate("", (column - 0.25, 0), (column - 0.75, 0), arrowprops=arrow)
    panel.set_title(f"{title}: {n_weights:,} weights", fontsize=9)
    panel.set(xlim=(-0.6, len(sizes) - 0.4), ylim=(-200, 165))
    panel.set_axis_off()
