"""Weights of one recurrent layer, one direction, on an embedding of 100 channels."""

import matplotlib.pyplot as plt
import numpy as np

EMBEDDING_DIM = 100
GATES = {"lstm": 4, "gru": 3, "rnn": 1}

sizes = np.arange(8, 257)
figure, axes = plt.subplots(figsize=(6, 3), layout="constrained")
for name, n_gates in GATES.items():
    weights = n_gates * sizes * (EMBEDDING_DIM + sizes + 2)
    axes.plot(sizes, weights / 1e3, label=f'"{name}"')
axes.axvline(64, color="0.6", linestyle=":", label="default")
axes.set(xlabel="hidden_size", ylabel="thousand weights")
axes.legend()
