"""
Error analysis of many classes
==============================

What does a classifier confuse, and why?

It classifies the questions of bank customers in BANKING77, if the folder ``SKLEARN_RNN_DATA`` has
them, or paragraphs of SciPy's documentation by the module that they come from.
"""

import os
from importlib import import_module
from inspect import getdoc
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn.datasets import read_texts

MODULES = ["fft", "integrate", "interpolate", "linalg", "ndimage", "optimize", "signal", "spatial"]
MODULES += ["sparse", "special", "stats"]


def read_docstrings(modules):
    """Return the paragraphs of the docstrings of some modules of SciPy, and their modules."""
    label_of = {}
    for name in modules:
        module = import_module(f"scipy.{name}")
        functions = filter(callable, (getattr(module, function) for function in module.__all__))
        for paragraph in "\n\n".join(getdoc(f) or "" for f in functions).split("\n\n"):
            if len(paragraph.split()) >= 8 and ">>>" not in paragraph:
                label_of[paragraph] = name
    return np.array(list(label_of), dtype=object), np.array(list(label_of.values()), dtype=object)


folder = Path(os.environ.get("SKLEARN_RNN_DATA", ""), "banking77")
if folder.is_dir():
    parts = (read_texts(folder / f"{part}.csv.gz", label="category") for part in ("train", "test"))
    # The twenty most frequent classes, so that the example takes seconds.
    (X_train, y_train), (X_test, y_test) = ((part.data, part.target) for part in parts)
    classes = list(pd.Series(y_train).value_counts().index[:20])
    in_train, in_test = np.isin(y_train.astype(str), classes), np.isin(y_test.astype(str), classes)
    X_train, y_train = X_train[in_train], y_train[in_train]
    X_test, y_test = X_test[in_test], y_test[in_test]
else:
    X_train, X_test, y_train, y_test = train_test_split(
        *read_docstrings(MODULES), train_size=3000, test_size=1000, random_state=0
    )

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
# **Limits.** A mistake of the model may be one of the labels, or a text that says nothing of its
# class: read the texts before you change parameters.
