"""Targets of a text of the second of four classes."""

import matplotlib.pyplot as plt
import numpy as np

classes = np.arange(4)
figure, axes = plt.subplots(figsize=(6, 2.4), layout="constrained")
for number, smoothing in enumerate([0.0, 0.2]):
    target = np.full(4, smoothing / 4)
    target[1] += 1 - smoothing
    bars = axes.bar(
        classes + 0.4 * number - 0.2, target, 0.38, label=f"label_smoothing={smoothing}"
    )
    axes.bar_label(bars, fmt="%.2f", fontsize=8)
axes.set(xticks=classes, xticklabels=list("ABCD"), xlabel="class; the label is B", ylabel="target")
axes.set_ylim(0, 1.15)
axes.legend(fontsize=9)
