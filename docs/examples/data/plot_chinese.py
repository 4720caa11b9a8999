"""
Chinese, by characters
======================

How does one classify text that is written without spaces?

With ``analyzer="char"`` each character is a token. The texts are reviews of takeaway meals: those
of the corpus waimai, if the folder ``SKLEARN_RNN_DATA`` has it, or generated ones.
"""

import os
from pathlib import Path

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn.baselines import nb_svm, tfidf_linear_svc
from sklearn_rnn.datasets import read_texts
from sklearn_rnn.evaluation import compare

GOOD = ["很好", "不错", "很满意", "没有问题", "比上次好多了"]
BAD = ["很差", "不好", "不满意", "有问题", "没有上次好"]


def generate(n_texts):
    """Generate reviews of up to five remarks, of which one in four contradicts the label."""
    rng = np.random.default_rng(0)
    labels = rng.choice(["0", "1"], n_texts)
    texts = []
    for label in labels:
        parts = rng.permutation(["味道", "送餐", "服务", "包装", "分量"])[: rng.integers(2, 6)]
        remarks = [GOOD if (label == "1") == (rng.random() < 0.75) else BAD for _ in parts]
        texts.append("、".join(p + rng.choice(r) for p, r in zip(parts, remarks, strict=True)))
    return texts, labels


path = Path(os.environ.get("SKLEARN_RNN_DATA", ""), "waimai", "reviews.csv.gz")
if path.exists():
    reviews = read_texts(path, text="review", label="label")
    texts, labels = reviews.data, reviews.target
else:
    texts, labels = generate(5000)
X_train, X_test, y_train, y_test = train_test_split(
    texts, labels, train_size=3000, test_size=2000, random_state=0
)
X_train[:3]

# %%
# If one forgets it, the tokenizer says so:

import warnings

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    TextTokenizer().fit(X_train)
print(caught[0].message)

# %%
# All models read characters; the linear ones read n-grams of one to three.

models = {
    "rnn": make_pipeline(TextTokenizer(analyzer="char"), RNNTextClassifier(random_state=0)),
    "nb-svm": nb_svm(analyzer="char"),
    "tfidf-svm": tfidf_linear_svc(analyzer="char"),
}
table = compare(models, X_train, y_train, X_test=X_test, y_test=y_test)
table.round(3)

# %%
# The lengths of the reviews, in characters:

import matplotlib.pyplot as plt

from sklearn_rnn.plotting import TextLengthDisplay

tokenizer = TextTokenizer(analyzer="char").fit(X_train)
TextLengthDisplay.from_estimator(tokenizer, X_train)
plt.show()

# %%
# The differences are smaller than a standard error, and the p-values are far from 0.05: on these
# reviews the linear models do as well, and are faster.
#
# **Limits.** The test reviews are of the same kind as the training reviews. On longer texts, or
# where the order matters, the comparison may end differently: run it on yours.
