"""The learning rate over a training of 600 steps, by torch's schedulers."""

import matplotlib.pyplot as plt
import torch
from torch.optim.lr_scheduler import OneCycleLR

N_STEPS, RATE = 600, 2e-3
STALLS = (300, 450)  # steps after which the validation loss has stalled

optimizer = torch.optim.AdamW([torch.zeros(1, requires_grad=True)], lr=RATE)
scheduler = OneCycleLR(optimizer, max_lr=RATE, total_steps=N_STEPS + 1)
one_cycle = []
for _ in range(N_STEPS):
    one_cycle.append(optimizer.param_groups[0]["lr"])
    optimizer.step()
    scheduler.step()
plateau = [RATE / 2 ** sum(step >= stall for stall in STALLS) for step in range(N_STEPS)]

figure, axes = plt.subplots(figsize=(6, 3), layout="constrained")
axes.plot(one_cycle, label='"one_cycle"')
axes.plot(plateau, label='"plateau", if the loss stalls twice')
axes.axhline(RATE, color="C2", linestyle="--", label="None")
axes.set(xlabel="step", ylabel="learning rate", ylim=(0, 2.3e-3))
figure.legend(loc="outside upper center", ncols=3, fontsize=9)
