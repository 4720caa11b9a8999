"""
Few labels and many texts
=========================

What are unlabelled texts worth?

Of two thousand texts only some have a label. Self-training fits a network to these, labels the
others where it is confident, and fits again. The texts are reviews of Amazon, if the folder
``SKLEARN_RNN_DATA`` has them, or paragraphs of SciPy's documentation, whose label is the module
that they come from.
"""

import os
from importlib import import_module
from inspect import getdoc
from pathlib import Path

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.semi_supervised import SelfTrainingClassifier

from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn.baselines import tfidf_logistic_regression
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
    rows = np.random.default_rng(0).permutation(len(train.data))[:2000]
    texts, labels = train.data[rows], train.target[rows]
    X_test, y_test = test.data, test.target
else:
    paragraphs, modules = read_docstrings(["linalg", "signal", "special", "stats"])
    rows = np.random.default_rng(0).permutation(len(paragraphs))
    texts, labels = paragraphs[rows[:2000]], modules[rows[:2000]]
    X_test, y_test = paragraphs[rows[2000:3000]], modules[rows[2000:3000]]

# %%
# In each round more texts keep their label; all others get -1.

network = RNNTextClassifier(max_epochs=3, random_state=0)
scores = {"labelled texts alone": [], "self-training": [], "logistic regression": []}
n_labelled = [100, 300, 900]
for n in n_labelled:
    some_labels = labels.astype(object)
    some_labels[n:] = -1
    alone = Pipeline([("tok", TextTokenizer()), ("clf", network)])
    scores["labelled texts alone"].append(alone.fit(texts[:n], labels[:n]).score(X_test, y_test))
    self_trained = Pipeline(
        [("tok", TextTokenizer()), ("clf", SelfTrainingClassifier(network, max_iter=1))]
    )
    scores["self-training"].append(self_trained.fit(texts, some_labels).score(X_test, y_test))
    linear = tfidf_logistic_regression().fit(texts[:n], labels[:n])
    scores["logistic regression"].append(linear.score(X_test, y_test))

# %%
import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(6, 3.2), layout="constrained")
for name, accuracies in scores.items():
    axes.semilogx(n_labelled, accuracies, marker="o", label=name)
axes.set_xticks(n_labelled, [str(n) for n in n_labelled])
axes.minorticks_off()
axes.set(xlabel="texts with a label, of 2,000", ylabel="test accuracy")
axes.legend()
plt.show()

# %%
# **Limits.** One seed: differences of a point or two are noise, and the guide has medians of three
# seeds on more texts. The second fit takes longer than the first, since it uses all texts.
