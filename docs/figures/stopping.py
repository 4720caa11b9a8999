"""When `early_stopping` ends a training, and which weights are kept."""

import matplotlib.pyplot as plt
import numpy as np

accuracy = np.array([0.71, 0.80, 0.84, 0.855, 0.851, 0.853, 0.850])
epochs = np.arange(1, len(accuracy) + 1)
best = int(accuracy.argmax())

figure, axes = plt.subplots(figsize=(6, 3), layout="constrained")
axes.plot(epochs, accuracy, marker="o", label="validation accuracy")
axes.plot(
    epochs[best], accuracy[best], "o", ms=14, mfc="none", mec="C1", mew=2, label="weights kept"
)
axes.axvspan(epochs[best] + 0.5, epochs[-1] + 0.5, color="0.92", label="without improvement")
axes.axvline(epochs[-1] + 0.5, color="C3", linestyle="--", label="end of the training")
axes.set(
    xlabel="epoch",
    ylabel="accuracy",
    title="n_iter_no_change=2: the third evaluation without improvement ends it",
)
axes.title.set_fontsize(10)
axes.set_xticks(epochs)
axes.legend(loc="lower right", fontsize=9)
