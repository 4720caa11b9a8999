"""
Rare classes and thresholds
===========================

One message in seven is spam. A missed spam is a nuisance, a lost message is worse: how does one
choose the threshold?

The messages are those of the SMS Spam Collection, if the folder ``SKLEARN_RNN_DATA`` has it, or
generated ones.
"""

import csv
import os
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import TunedThresholdClassifierCV, train_test_split
from sklearn.pipeline import make_pipeline

from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn.datasets import read_texts

HAM = ["see you at eight", "sorry, I am late", "the bus is full", "how are you", "thanks for that"]
SPAM = ["you have won", "call this number now", "a free prize", "reply to claim", "a special offer"]


def generate(n_texts):
    """Generate messages of four phrases; each phrase may be of the other kind."""
    rng = np.random.default_rng(0)
    labels = np.where(rng.random(n_texts) < 1 / 7, "spam", "ham")
    share = np.where(labels == "spam", 0.7, 0.15)[:, None]
    is_spam = rng.random((n_texts, 4)) < share
    phrases = [[rng.choice(SPAM if spam else HAM) for spam in row] for row in is_spam]
    return [", ".join(row) for row in phrases], labels


path = Path(os.environ.get("SKLEARN_RNN_DATA", ""), "sms_spam", "SMSSpamCollection")
if path.exists():
    messages = read_texts(path, text="SMS", label="Label", format="tsv", quoting=csv.QUOTE_NONE)
    texts, labels = messages.data, messages.target
else:
    texts, labels = generate(5500)
X_train, X_test, y_train, y_test = train_test_split(
    texts, labels, train_size=1500, stratify=labels, random_state=0
)
pd.Series(y_train).value_counts()

# %%
# A cost for each kind of error decides, not the accuracy. Here a lost message costs ten times as
# much as a spam that comes through:

from sklearn.metrics import confusion_matrix, make_scorer


def cost(y_true, y_pred):
    """Return the cost of all errors: 10 for a lost message, 1 for a missed spam."""
    matrix = confusion_matrix(y_true, y_pred, labels=["ham", "spam"])
    return 10 * matrix[0, 1] + matrix[1, 0]


model = make_pipeline(TextTokenizer(), RNNTextClassifier(random_state=0))
tuned = TunedThresholdClassifierCV(
    model, scoring=make_scorer(cost, greater_is_better=False), cv=3, store_cv_results=True
)
tuned.fit(X_train, y_train)
model.fit(X_train, y_train)
tuned.best_threshold_

# %%
import matplotlib.pyplot as plt
from sklearn.metrics import ConfusionMatrixDisplay

figure, axes = plt.subplots(1, 3, figsize=(10, 3), layout="constrained")
results = tuned.cv_results_
axes[0].plot(results["thresholds"], -np.asarray(results["scores"]))
axes[0].axvline(tuned.best_threshold_, color="C3", linestyle="--", label="chosen")
axes[0].axvline(0.5, color="0.5", linestyle=":", label="0.5")
axes[0].set(xlabel="threshold of spam", ylabel="cost on the folds", yscale="log")
axes[0].legend()
for panel, (name, classifier) in zip(axes[1:], {"0.5": model, "tuned": tuned}.items(), strict=True):
    ConfusionMatrixDisplay.from_estimator(classifier, X_test, y_test, colorbar=False, ax=panel)
    panel.set_title(f"{name}: cost {cost(y_test, classifier.predict(X_test))}")
plt.show()

# %%
# On the folds the cost is lowest at a threshold far above 0.5. On the test messages it loses fewer
# of them, lets more spam through, and costs less in all.
#
# **Limits.** With two hundred spams, the curve of the cost is rough and its minimum uncertain.
# Other costs need another threshold, but no other network: the probabilities stay.
