"""What is remembered of each evaluation of a training."""

import numpy as np
import pandas as pd

# The net's names, and those of the classifier's `history_`; the passes become its index.
HISTORY_COLUMNS = {
    "passes": "passes",
    "train_loss": "train_loss",
    "train_accuracy": "train_accuracy",
    "valid_loss": "valid_loss",
    "valid_accuracy": "valid_accuracy",
    "learning_rate": "learning_rate",
    "dur": "seconds",
}


def make_history(evaluations, epochs_before=0):
    """Make a row per evaluation, whose index is the epochs that were over."""
    history = pd.DataFrame(evaluations, columns=list(HISTORY_COLUMNS.values()), dtype=np.float64)
    epochs = epochs_before + history.pop("passes")
    is_whole = (epochs % 1 == 0).all()
    history.index = pd.Index(epochs.astype(np.int64) if is_whole else epochs, name="epoch")
    return history
