"""
Does a network pay?
===================

Is a recurrent network better than linear models on these texts, and is the difference more than
chance?

:func:`~sklearn_rnn.evaluation.compare` fits all models on the same folds and tests the differences
in pairs.
"""

from sklearn.pipeline import make_pipeline

from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn.baselines import nb_svm, tfidf_linear_svc, tfidf_logistic_regression
from sklearn_rnn.datasets import make_word_order
from sklearn_rnn.evaluation import compare

texts, labels = make_word_order(600, random_state=0)
models = {
    "rnn": make_pipeline(TextTokenizer(), RNNTextClassifier(random_state=0)),
    "rnn, no word dropout": make_pipeline(
        TextTokenizer(), RNNTextClassifier(word_dropout=0.0, random_state=0)
    ),
    "tfidf-logistic": tfidf_logistic_regression(),
    "tfidf-svm": tfidf_linear_svc(),
    "nb-svm": nb_svm(),
}
table = compare(models, texts, labels, cv=3, scoring="accuracy")
table.round(3)

# %%
# Mean and standard deviation over the folds:

import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(6.5, 2.6), layout="constrained")
axes.barh(table.index[::-1], table["accuracy"][::-1], xerr=table["accuracy_std"][::-1])
axes.axvline(0.5, color="C3", linestyle="--", label="chance")
axes.set(xlabel="accuracy on three folds", xlim=(0.4, 1))
axes.legend()
plt.show()

# %%
# The label depends on the order of the words alone. Linear models of words and pairs are at chance,
# the network is not. Without word dropout it learns faster, because each word counts. Three folds
# are few: look at the p-values before you believe in a difference.
# :func:`~sklearn_rnn.evaluation.report` writes a comparison as a page, with curves, words of each
# class and the most confident mistakes.
#
# **Limits.** These texts are made for a network. On texts where single words decide, the order of
# this table is another: run it on yours.
