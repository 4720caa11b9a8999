"""Gradient of the last hidden state with respect to earlier inputs, at initialisation."""

import matplotlib.pyplot as plt
import torch
from torch import nn

from sklearn_rnn._nn.recurrent import init_recurrent

N_TOKENS, N_CHANNELS, N_UNITS, N_TEXTS = 60, 100, 64, 16
CELLS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}

figure, axes = plt.subplots(figsize=(6, 3), layout="constrained")
for name, cell in CELLS.items():
    generator = torch.Generator().manual_seed(0)
    layer = cell(N_CHANNELS, N_UNITS)
    init_recurrent(layer, generator)
    x = torch.randn(N_TOKENS, N_TEXTS, N_CHANNELS, generator=generator).requires_grad_()
    layer(x)[0][-1].sum().backward()
    sizes = x.grad.norm(dim=2).mean(1).flip(0)
    axes.semilogy(sizes / sizes[0], label=f'"{name}"')
axes.set(
    xlabel="tokens before the last one",
    ylabel="relative size of the gradient",
    title="How far back the last state sees, before any training",
)
axes.title.set_fontsize(10)
axes.legend()
