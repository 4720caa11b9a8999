"""
Calibration before and after
============================

Of the reviews that get probability 0.9, are 90 % predicted correctly?

A network without the linear classifier, trained for too long, is too sure of itself. Temperature
scaling on validation texts, and scikit-learn's calibration, mend that.
"""

import os
from pathlib import Path

from sklearn.calibration import CalibratedClassifierCV
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline

from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn.datasets import read_texts

folder = Path(os.environ["SKLEARN_RNN_DATA"], "amazon_polarity")
train = read_texts(folder / "train.ft.txt.gz")
test = read_texts(folder / "test.ft.txt.gz")
X_train, y_train = train.data[:3000], train.target[:3000]


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
        model, test.data, test.target, pos_label="2", n_bins=8, name=name, ax=axes
    )
axes.set(xlabel="mean predicted probability of praise", ylabel="share of praise")
plt.show()

# %%
# The log-loss counts both how often and how surely a model errs; lower is better:

for name, model in models.items():
    loss = log_loss(test.target, model.predict_proba(test.data))
    print(f"{name}: log-loss {loss:.3f}, accuracy {model.score(test.data, test.target):.3f}")
