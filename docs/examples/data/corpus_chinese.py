"""
Chinese, by characters
======================

How does one classify text that is written without spaces?

With ``analyzer="char"`` each character is a token. The corpus has reviews of takeaway meals.
"""

import os
from pathlib import Path

from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn.baselines import nb_svm, tfidf_linear_svc
from sklearn_rnn.datasets import read_texts
from sklearn_rnn.evaluation import compare

path = Path(os.environ["SKLEARN_RNN_DATA"], "waimai", "reviews.csv.gz")
reviews = read_texts(path, text="review", label="label")
X_train, X_test, y_train, y_test = train_test_split(
    reviews.data, reviews.target, train_size=3000, test_size=2000, random_state=0
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
# **Limits.** The test reviews come from the same service as the training reviews. On longer texts,
# or where the order matters, the comparison may end differently: run it on yours.
