"""Norm of the weights of a logistic regression under AdamW, for three strengths of weight decay."""

import matplotlib.pyplot as plt
import torch

N_ROWS, N_FEATURES, N_STEPS = 200, 20, 600

figure, axes = plt.subplots(figsize=(6, 2.8), layout="constrained")
for weight_decay in (0.0, 1.0, 4.0):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(N_ROWS, N_FEATURES, generator=generator)
    y = (x[:, 0] > 0).float()  # separable: the loss alone never stops to enlarge the weights
    weights = torch.zeros(N_FEATURES, requires_grad=True)
    optimizer = torch.optim.AdamW([weights], lr=0.02, weight_decay=weight_decay)
    norms = []
    for _ in range(N_STEPS):
        optimizer.zero_grad()
        torch.nn.functional.binary_cross_entropy_with_logits(x @ weights, y).backward()
        optimizer.step()
        norms.append(weights.detach().norm().item())
    axes.plot(norms, label=f"weight_decay={weight_decay:g}")
axes.set(xlabel="step", ylabel="norm of the weights")
axes.set_title("A logistic regression on 200 texts that it can learn by heart", fontsize=10)
axes.legend(fontsize=9)
