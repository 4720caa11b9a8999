"""What the three dropouts set to zero or replace, in one step of the training."""

import matplotlib.pyplot as plt
import numpy as np

rng = np.random.default_rng(4)
N_CHANNELS, N_TOKENS = 8, 12
words = np.tile(rng.random(N_TOKENS) < 0.3, (N_CHANNELS, 1))
channels = np.tile(rng.random((N_CHANNELS, 1)) < 0.4, (1, N_TOKENS))
features = rng.random((N_CHANNELS, 1)) < 0.5
MASKS = {
    "word_dropout\nembedding of a text": words,
    "embedding_dropout\nembedding of a text": channels,
    "dropout\npooled vector": features,
}

figure, axes = plt.subplots(1, 3, figsize=(8, 2.6), width_ratios=[4, 4, 1.2], layout="constrained")
for panel, (title, mask) in zip(axes, MASKS.items(), strict=True):
    panel.pcolormesh(mask, cmap="Blues_r", vmin=-1.2, vmax=1, edgecolors="white", linewidth=1)
    panel.set_title(title, fontsize=9)
    panel.set(xticks=[], yticks=[])
axes[0].set(xlabel="token", ylabel="channel")
axes[1].set(xlabel="token")
axes[2].set(ylabel="feature")
figure.supxlabel("light: dropped in this step", fontsize=9)
