"""
Text and numbers in one model
=============================

A table has a column of texts and columns of numbers: how does one model use both?

The label depends on the order of the words in the review, and on whether the price is high.
"""

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn.datasets import make_word_order

rng = np.random.default_rng(0)
texts, verdicts = make_word_order(1200, random_state=0)
table = pd.DataFrame(
    {"review": texts, "price": rng.normal(100, 20, 1200), "nights": rng.integers(1, 8, 1200)}
)
score = np.where(verdicts == "praise", 1, -1) - (table["price"] - 100) / 20
labels = np.where(score + rng.logistic(0, 0.3, 1200) > 0, "returns", "leaves")
train, test = slice(0, 900), slice(900, None)
table.head(3)

# %%
# A `ColumnTransformer` gives each model its columns. The network reads the texts, a logistic
# regression the numbers, and a second logistic regression combines their out-of-fold
# probabilities.

text_model = make_pipeline(
    ColumnTransformer([("tok", TextTokenizer(), "review")]),
    RNNTextClassifier(word_dropout=0.0, random_state=0),
)
number_model = make_pipeline(
    ColumnTransformer([("scale", StandardScaler(), ["price", "nights"])]), LogisticRegression()
)
both = StackingClassifier([("text", text_model), ("numbers", number_model)], cv=3)
both

# %%
models = {"text": text_model, "numbers": number_model, "both": both}
accuracies = {
    name: model.fit(table[train], labels[train]).score(table[test], labels[test])
    for name, model in models.items()
}

import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(5, 2.4), layout="constrained")
bars = axes.barh(list(accuracies), list(accuracies.values()), color=["0.75", "0.75", "C0"])
axes.bar_label(bars, fmt="%.2f", padding=3)
axes.set(xlim=(0.4, 1), xlabel="test accuracy")
plt.show()

# %%
# **Limits.** Stacking adds up what text and numbers say. If a number changes what a word means, for
# example a price next to the word "cheap", the final estimator must be able to learn interactions:
# pass a tree ensemble and ``passthrough``.
