"""Gradient of the last hidden state with respect to earlier inputs, at initialisation."""

import matplotlib.pyplot as plt
import torch
from torch import nn

N_TOKENS, N_UNITS, N_TEXTS = 60, 64, 16
CELLS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}

figure, axes = plt.subplots(figsize=(6, 3), layout="constrained")
for name, cell in CELLS.items():
    torch.manual_seed(0)
    layer = cell(N_UNITS, N_UNITS)
    for names, weight in layer.named_parameters():
        if "weight" in names:
            nn.init.orthogonal_(weight)
        else:
            nn.init.zeros_(weight)
    if name == "lstm":
        layer.bias_hh_l0.data[N_UNITS : 2 * N_UNITS] = 1  # of the forget gate
    x = torch.randn(N_TOKENS, N_TEXTS, N_UNITS, requires_grad=True)
    layer(x)[0][-1].sum().backward()
    sizes = x.grad.norm(dim=2).mean(1).flip(0)
    axes.semilogy(sizes / sizes[0], label=f'"{name}"')
axes.set(
    xlabel="tokens before the last one",
    ylabel="relative size of the gradient",
    title="How far back a state sees: 64 units, weights at initialisation",
)
axes.title.set_fontsize(10)
axes.legend()
