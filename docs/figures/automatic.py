"""The automatic batch size and number of epochs, by the rules that the classifier uses."""

import matplotlib.pyplot as plt
import numpy as np

from sklearn_rnn._training.data import choose_batch_size, choose_max_epochs

sizes = np.unique(np.geomspace(100, 100_000, 400).astype(int)).tolist()
batch_sizes = [choose_batch_size("auto", n) for n in sizes]

figure, axes = plt.subplots(1, 2, figsize=(8, 2.8), layout="constrained")
axes[0].semilogx(sizes, batch_sizes)
axes[0].set(xlabel="training texts", ylabel="batch_size")
for n_classes in (2, 20):
    epochs = [
        choose_max_epochs(
            "auto", n_samples=n, batch_size=batch, n_classes=n_classes, has_linear_term=True
        )
        for n, batch in zip(sizes, batch_sizes, strict=True)
    ]
    axes[1].semilogx(sizes, epochs, label=f"{n_classes} classes")
axes[1].set(xlabel="training texts", ylabel="max_epochs", ylim=(0, 9))
axes[1].legend()
