"""
Learning curves
===============

How many labelled texts does a network need, and would more help?

scikit-learn's learning curve fits a model on growing parts of the training texts.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import LearningCurveDisplay, StratifiedKFold
from sklearn.pipeline import make_pipeline

from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn.baselines import nb_svm
from sklearn_rnn.datasets import make_word_order

texts, labels = make_word_order(1200, random_state=0)
models = {
    "RNNTextClassifier": make_pipeline(
        TextTokenizer(), RNNTextClassifier(word_dropout=0.0, random_state=0)
    ),
    "nb_svm": nb_svm(),
}

figure, axes = plt.subplots(1, 2, figsize=(8, 3.2), sharey=True, layout="constrained")
folds = StratifiedKFold(3, shuffle=True, random_state=0)
for panel, (name, model) in zip(axes, models.items(), strict=True):
    LearningCurveDisplay.from_estimator(
        model,
        texts,
        labels,
        train_sizes=np.geomspace(0.1, 1, 5),
        cv=folds,
        score_type="both",
        ax=panel,
    )
    panel.set(title=name, ylabel="accuracy", ylim=(0.4, 1.02))
plt.show()

# %%
# The linear model learns its training texts by heart and stays at chance on others: more texts
# would not help. The network needs some hundred texts to find the rule; then its curve of unseen
# texts meets that of the training texts, and more texts are not needed.
#
# The course of single trainings, with validation texts set aside:

from sklearn_rnn.plotting import TrainingCurveDisplay

trained = {}
for n_texts in (200, 1200):
    classifier = RNNTextClassifier(
        word_dropout=0.0, early_stopping=True, max_epochs=8, random_state=0
    )
    pipeline = make_pipeline(TextTokenizer(), classifier)
    trained[f"{n_texts} texts"] = pipeline.fit(texts[:n_texts], labels[:n_texts])
TrainingCurveDisplay.from_estimator(trained)
plt.show()

# %%
# **Limits.** The curves are of generated texts with one rule. On real texts the curve rises more
# slowly and does not reach 1.
