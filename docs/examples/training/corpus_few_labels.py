"""
Few labels and many texts
=========================

What are unlabelled texts worth?

Of a few thousand Amazon reviews only some have a label. Self-training fits a network to these,
labels the others where it is confident, and fits again.
"""

import os
from pathlib import Path

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.semi_supervised import SelfTrainingClassifier

from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn.baselines import tfidf_logistic_regression
from sklearn_rnn.datasets import read_texts

folder = Path(os.environ["SKLEARN_RNN_DATA"], "amazon_polarity")
train = read_texts(folder / "train.ft.txt.gz")
test = read_texts(folder / "test.ft.txt.gz")
rows = np.random.default_rng(0).permutation(len(train.data))[:2000]
texts, labels = train.data[rows], train.target[rows]

# %%
# In each round more texts keep their label; all others get -1.

network = RNNTextClassifier(max_epochs=3, random_state=0)
scores = {"labelled texts alone": [], "self-training": [], "logistic regression": []}
n_labelled = [100, 300, 900]
for n in n_labelled:
    some_labels = labels.astype(object)
    some_labels[n:] = -1
    alone = Pipeline([("tok", TextTokenizer()), ("clf", network)])
    scores["labelled texts alone"].append(
        alone.fit(texts[:n], labels[:n]).score(test.data, test.target)
    )
    self_trained = Pipeline(
        [("tok", TextTokenizer()), ("clf", SelfTrainingClassifier(network, max_iter=1))]
    )
    scores["self-training"].append(
        self_trained.fit(texts, some_labels).score(test.data, test.target)
    )
    linear = tfidf_logistic_regression().fit(texts[:n], labels[:n])
    scores["logistic regression"].append(linear.score(test.data, test.target))

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
