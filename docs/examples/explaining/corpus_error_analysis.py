"""
Error analysis of 77 classes
============================

What does a classifier of bank customers' questions confuse, and why?
"""

import os
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline

from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn.datasets import read_texts

folder = Path(os.environ["SKLEARN_RNN_DATA"], "banking77")
train = read_texts(folder / "train.csv.gz", label="category")
test = read_texts(folder / "test.csv.gz", label="category")

# The twenty most frequent classes, so that the example takes seconds.
classes = pd.Series(train.target).value_counts().index[:20]
in_train, in_test = (np.isin(part.target.astype(str), list(classes)) for part in (train, test))
X_train, y_train = train.data[in_train], train.target[in_train]
X_test, y_test = test.data[in_test], test.target[in_test]

model = make_pipeline(TextTokenizer(), RNNTextClassifier(random_state=0)).fit(X_train, y_train)
model.score(X_test, y_test)

# %%
# The confusion matrix, normalised by true class:

import matplotlib.pyplot as plt
from sklearn.metrics import ConfusionMatrixDisplay

predicted = model.predict(X_test)
figure, axes = plt.subplots(figsize=(9, 8), layout="constrained")
ConfusionMatrixDisplay.from_predictions(
    y_test,
    predicted,
    normalize="true",
    include_values=False,
    xticks_rotation="vertical",
    cmap="Blues",
    ax=axes,
)
plt.show()

# %%
# The pairs that are confused most often:

errors = predicted != y_test
pairs = pd.DataFrame({"true": y_test[errors], "predicted": predicted[errors]})
pairs.value_counts().head(5)

# %%
# The most confident mistakes. Here one finds wrong labels, and classes that overlap:

probabilities = model.predict_proba(X_test)
confidence = probabilities.max(axis=1)
worst = np.flatnonzero(errors)[np.argsort(-confidence[errors])][:5]
for row in worst:
    print(f"{confidence[row]:.2f} {predicted[row]}, labelled {y_test[row]}: {X_test[row]}")

# %%
# The words that led to the worst one:

from sklearn_rnn.plotting import TokenAttributionDisplay

TokenAttributionDisplay.from_estimator(model, X_test[worst[0]])

# %%
# **Limits.** Twenty of 77 classes are easier than all of them. A mistake of the model may be one of
# the labels: read the texts before you change parameters.
