"""
A recurrent cell of one's own
=============================

How does one try a cell that no library has?

The minimal gated unit of `Zhou et al. (2016) <https://arxiv.org/abs/1603.09420>`_ is a GRU with one
gate instead of two. A cell is a torch module with ``forward(x_t, h)``.
"""

import torch
from sklearn.pipeline import make_pipeline
from torch import nn

from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn.datasets import make_word_order


class MinimalGatedUnit(nn.Module):
    """A GRU with one gate, which both forgets and updates."""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.gate = nn.Linear(input_size + hidden_size, hidden_size)
        self.candidate = nn.Linear(input_size + hidden_size, hidden_size)

    def forward(self, x_t, h):
        """Compute the hidden state from x_t (n_texts, input_size) and h (n_texts, hidden_size)."""
        gate = self.gate(torch.cat([x_t, h], 1)).sigmoid()
        candidate = self.candidate(torch.cat([x_t, gate * h], 1)).tanh()
        return (1 - gate) * h + gate * candidate


# %%
# The class goes in the place of a name. Everything else stays as it is: both directions, pooling,
# early stopping, searches.

texts, labels = make_word_order(900, random_state=0)
X_train, y_train, X_test, y_test = texts[:600], labels[:600], texts[600:], labels[600:]

models = {}
for name, cell in {"lstm": "lstm", "gru": "gru", "minimal gated unit": MinimalGatedUnit}.items():
    classifier = RNNTextClassifier(
        cell_type=cell,
        hidden_size=32,
        pooling="last",
        linear_ngrams=0,
        word_dropout=0.0,
        max_epochs=8,
        random_state=0,
    )
    models[name] = make_pipeline(TextTokenizer(), classifier).fit(X_train, y_train)

# %%
# Weights and accuracy of each:

import pandas as pd

pd.DataFrame(
    {
        name: {"parameters": model[-1].n_parameters_, "accuracy": model.score(X_test, y_test)}
        for name, model in models.items()
    }
).T.astype({"parameters": int})

# %%
# All three find the rule, the minimal gated unit with the fewest parameters. How they learned:

import matplotlib.pyplot as plt

from sklearn_rnn.plotting import TrainingCurveDisplay

TrainingCurveDisplay.from_estimator(models)
plt.show()

# %%
# **Limits.** A cell of one's own is called token by token from Python, which is slower than the
# built-in cells. It cannot be exported to ONNX, and must be importable where a saved model is
# loaded.
