"""Norms of gradients before and after clipping."""

import matplotlib.pyplot as plt
import numpy as np

rng = np.random.default_rng(1)
norms = rng.lognormal(-0.8, 0.8, 120)

figure, axes = plt.subplots(figsize=(6, 2.6), layout="constrained")
axes.plot(norms, color="0.7", label="before")
axes.plot(np.minimum(norms, 1), color="C0", label="after gradient_clip=1.0")
axes.axhline(1, color="C3", linestyle="--", linewidth=1)
axes.set(xlabel="step", ylabel="norm of the gradient")
axes.set_title("An illustration: rare large gradients are scaled down", fontsize=10)
axes.legend(fontsize=9)
