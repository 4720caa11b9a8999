"""Total weight of each class in the loss."""

import matplotlib.pyplot as plt
import numpy as np

counts = np.array([800, 150, 50])
weights = {"None": np.ones(3), '"balanced"': counts.sum() / (3 * counts)}

figure, axes = plt.subplots(figsize=(6, 2.5), layout="constrained")
for number, (name, weight) in enumerate(weights.items()):
    total = counts * weight
    bars = axes.bar(np.arange(3) + 0.4 * number - 0.2, total, 0.38, label=f"class_weight={name}")
    axes.bar_label(bars, fmt="%.0f", fontsize=8)
axes.set_xticks(range(3), [f"{n} texts" for n in counts])
axes.set(ylabel="weight in the loss", ylim=(0, 950))
axes.legend(fontsize=9)
