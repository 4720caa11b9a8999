"""
Optuna
======

How does one search many parameters at once, with few fits?

`Optuna <https://optuna.org>`_ suggests candidates near those that did well. Its search space is
Python code, and a Pipeline is set by its parameters' names.
"""

import optuna
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import Pipeline

from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn.datasets import make_word_order

texts, labels = make_word_order(400, random_state=0)
pipe = Pipeline([("tok", TextTokenizer()), ("clf", RNNTextClassifier(random_state=0))])


def objective(trial):
    """Return the mean accuracy of a candidate on two folds."""
    candidate = pipe.set_params(
        clf__cell_type=trial.suggest_categorical("cell_type", ["lstm", "gru"]),
        clf__hidden_size=trial.suggest_int("hidden_size", 8, 64, log=True),
        clf__learning_rate=trial.suggest_float("learning_rate", 3e-4, 2e-2, log=True),
        clf__word_dropout=trial.suggest_float("word_dropout", 0.0, 0.5),
        clf__max_epochs=trial.suggest_int("max_epochs", 1, 8),
    )
    return cross_val_score(candidate, texts, labels, cv=2).mean()


optuna.logging.set_verbosity(optuna.logging.WARNING)
study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
study.optimize(objective, n_trials=20)
study.best_params

# %%
# The accuracy of each trial, and the best so far:

import matplotlib.pyplot as plt
import numpy as np

scores = np.array([trial.value for trial in study.trials])
figure, axes = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
axes[0].plot(scores, "o", label="trial")
axes[0].plot(np.maximum.accumulate(scores), label="best so far")
axes[0].set(xlabel="trial", ylabel="accuracy on two folds")
axes[0].legend()
rates = [trial.params["learning_rate"] for trial in study.trials]
image = axes[1].scatter(
    rates, scores, c=[trial.params["max_epochs"] for trial in study.trials], cmap="viridis"
)
axes[1].set(xscale="log", xlabel="learning_rate")
figure.colorbar(image, label="max_epochs")
plt.show()

# %%
# The winner is fitted to all texts and scored on texts that no trial has seen:

pipe.set_params(**{f"clf__{name}": value for name, value in study.best_params.items()})
new_texts, new_labels = make_word_order(300, random_state=1)
pipe.fit(texts, labels).score(new_texts, new_labels)

# %%
# **Limits.** Twenty trials of five parameters are few. The best of noisy scores is too high: the
# last number is the one to report.
