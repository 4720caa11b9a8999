"""The states of the two directions at a token, and what each merge makes of them."""

import matplotlib.pyplot as plt
import numpy as np

forwards = np.array([0.8, -0.5, 0.1, 0.6])
backwards = np.array([0.3, 0.7, -0.2, 0.4])
PANELS = {
    "forwards": [("C0", forwards)],
    "backwards": [("C1", backwards)],
    'merge="concat"': [("C0", forwards), ("C1", backwards)],
    'merge="sum"': [("C2", forwards + backwards)],
}

figure, axes = plt.subplots(
    1, 4, figsize=(8, 2.6), width_ratios=[4, 4, 8, 4], sharey=True, layout="constrained"
)
for panel, (title, parts) in zip(axes, PANELS.items(), strict=True):
    start = 1
    for color, values in parts:
        features = np.arange(start, start + len(values))
        panel.bar(features, values, color=color, width=0.7)
        start += len(values)
    panel.axhline(0, color="0.3", linewidth=0.8)
    panel.set_title(title, fontsize=9)
    panel.set_xticks(range(1, start))
axes[0].set_ylabel("state at a token")
figure.supxlabel("feature; hidden_size=4", fontsize=9)
