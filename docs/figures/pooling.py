"""What each pooling makes of the hidden states of a text."""

import matplotlib.pyplot as plt
import numpy as np

N_FEATURES, N_TOKENS, N_PADDING = 6, 8, 3
rng = np.random.default_rng(3)
states = np.tanh(np.cumsum(rng.normal(0, 0.6, (N_FEATURES, N_TOKENS)), axis=1))
weights = np.exp(2 * states[0]) / np.exp(2 * states[0]).sum()
padded = np.full((N_FEATURES, N_TOKENS + N_PADDING), np.nan)
padded[:, :N_TOKENS] = states
pooled = {
    "last": states[:, -1],
    "max": states.max(1),
    "mean": states.mean(1),
    "attention": states @ weights,
}

figure, axes = plt.subplots(
    1, 5, figsize=(8.5, 2.6), width_ratios=[7, 1.4, 1.4, 1.4, 1.4], layout="constrained"
)
style = {"cmap": "PuOr_r", "vmin": -1, "vmax": 1, "aspect": "auto"}
axes[0].imshow(padded, **style)
axes[0].set_title("hidden states; the white columns are padding", fontsize=9)
axes[0].set(xlabel="token", ylabel="feature", xticks=range(N_TOKENS + N_PADDING))
axes[0].set_xticklabels([*range(1, N_TOKENS + 1), *[""] * N_PADDING])
for panel, (name, vector) in zip(axes[1:], pooled.items(), strict=True):
    image = panel.imshow(vector[:, None], **style)
    panel.set_title(f'"{name}"', fontsize=9)
    panel.set(xticks=[])
for panel in axes:
    panel.set_yticks([])
figure.colorbar(image, ax=axes, shrink=0.8)
