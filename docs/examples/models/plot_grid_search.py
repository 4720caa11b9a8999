"""
Grid search over cells and poolings
===================================

Which recurrent cell, and which pooling, where the label depends on the order of the words?

The reviews are generated: each has one praise and one criticism, and the label says which of the
two comes last. A bag of words cannot solve this task.
"""

from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn.datasets import make_word_order

texts, labels = make_word_order(800, random_state=0)
texts[0], labels[0]

# %%
# A Pipeline's parameters are named by step. `linear_ngrams=0` leaves out the linear classifier, so
# that the cells do all the work; `word_dropout=0` because each word counts here.

pipe = Pipeline(
    [
        ("tok", TextTokenizer()),
        (
            "clf",
            RNNTextClassifier(
                hidden_size=24, linear_ngrams=0, word_dropout=0.0, max_epochs=6, random_state=0
            ),
        ),
    ]
)
cells = ["lstm", "gru", "rnn"]
poolings = ["last", "max", "mean", "attention"]
grid = GridSearchCV(pipe, {"clf__cell_type": cells, "clf__pooling": poolings}, cv=2)
grid.fit(texts, labels)
grid.best_params_

# %%
# The mean accuracy on two folds, for each combination:

import matplotlib.pyplot as plt
import pandas as pd

results = pd.DataFrame(grid.cv_results_)
table = results.pivot_table(
    index="param_clf__cell_type", columns="param_clf__pooling", values="mean_test_score"
).loc[cells, poolings]

figure, axes = plt.subplots(figsize=(5.5, 3), layout="constrained")
image = axes.imshow(table, cmap="viridis", vmin=0.5, vmax=1)
for row, cell in enumerate(cells):
    for column, pooling in enumerate(poolings):
        score = table.loc[cell, pooling]
        color = "white" if score < 0.8 else "black"
        axes.text(column, row, f"{score:.2f}", ha="center", va="center", color=color)
axes.set_xticks(range(len(poolings)), poolings)
axes.set_yticks(range(len(cells)), cells)
axes.set(xlabel="pooling", ylabel="cell_type", title="accuracy on two folds")
figure.colorbar(image)
plt.show()

# %%
# The time of a fit, in seconds, relative to the fastest:

seconds = results.pivot_table(
    index="param_clf__cell_type", columns="param_clf__pooling", values="mean_fit_time"
)
(seconds / seconds.min().min()).loc[cells, poolings].round(1)
