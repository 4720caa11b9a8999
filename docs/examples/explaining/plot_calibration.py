"""
Calibration before and after
============================

Of the texts that get probability 0.9, are 90 % predicted correctly?

A network without the linear classifier, trained for too long, is too sure of itself. Temperature
scaling on validation texts, and scikit-learn's calibration, mend that. The texts are reviews of
Amazon, if the folder ``SKLEARN_RNN_DATA`` has them, or paragraphs of SciPy's documentation, whose
label is the module that they come from. Of these labels some are made wrong.
"""

import os
from importlib import import_module
from inspect import getdoc
from pathlib import Path

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn.datasets import read_texts


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


folder = Path(os.environ.get("SKLEARN_RNN_DATA", ""), "amazon_polarity")
if folder.is_dir():
    train, test = (read_texts(folder / f"{part}.ft.txt.gz") for part in ("train", "test"))
    X_train, y_train = train.data[:3000], train.target[:3000]
    X_test, y_test = test.data, test.target
else:
    texts, labels = read_docstrings(["special", "stats"])
    wrong = np.random.default_rng(0).random(len(labels)) < 0.15
    labels[wrong] = np.where(labels[wrong] == "stats", "special", "stats")
    X_train, X_test, y_train, y_test = train_test_split(
        texts, labels, train_size=2000, test_size=2000, random_state=0
    )


def make_model(**parameters):
    """Return a Pipeline with a network alone, of 8 epochs."""
    classifier = RNNTextClassifier(
        hidden_size=32, linear_ngrams=0, max_epochs=8, random_state=0, **parameters
    )
    return make_pipeline(TextTokenizer(max_length=100), classifier)


models = {
    "network alone": make_model(),
    "with a temperature": make_model(early_stopping=True, lr_schedule="one_cycle"),
    "CalibratedClassifierCV": CalibratedClassifierCV(make_model(), cv=3),
}
for model in models.values():
    model.fit(X_train, y_train)

# %%
# A calibrated model lies on the diagonal:

import matplotlib.pyplot as plt
from sklearn.calibration import CalibrationDisplay

figure, axes = plt.subplots(figsize=(5, 4.5), layout="constrained")
for name, model in models.items():
    CalibrationDisplay.from_estimator(
        model, X_test, y_test, pos_label=model.classes_[1], n_bins=8, name=name, ax=axes
    )
axes.set(xlabel="mean predicted probability of a class", ylabel="share of the class")
plt.show()

# %%
# The log-loss counts both how often and how surely a model errs; lower is better:

for name, model in models.items():
    loss = log_loss(y_test, model.predict_proba(X_test))
    print(f"{name}: log-loss {loss:.3f}, accuracy {model.score(X_test, y_test):.3f}")
