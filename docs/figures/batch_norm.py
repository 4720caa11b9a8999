"""A feature over the tokens of a batch, before and after batch normalisation."""

import matplotlib.pyplot as plt
import numpy as np

rng = np.random.default_rng(0)
feature = rng.gamma(4, 1.0, 4000) - 1

figure, axes = plt.subplots(1, 2, figsize=(6.5, 2.4), layout="constrained", sharey=True)
normalised = (feature - feature.mean()) / feature.std()
for panel, values, title in zip(axes, (feature, normalised), ("before", "after"), strict=True):
    panel.hist(values, bins=60, color="#9bd0f5")
    panel.axvline(values.mean(), color="C3", linestyle="--")
    panel.set(title=f"{title}: mean {abs(values.mean()):.1f}, variance {values.var():.1f}")
    panel.title.set_fontsize(10)
    panel.set_xlabel("value of a feature")
axes[0].set_ylabel("tokens")
