"""
Gradient flow of a plain RNN and an LSTM
========================================

Why does a plain recurrent network not learn what an LSTM learns?

The label is in the first word of a long text of filler words, and only the last hidden state is
classified: the gradient must travel from the end to the beginning.
"""

import numpy as np
from sklearn.pipeline import make_pipeline

from sklearn_rnn import RNNTextClassifier, TextTokenizer

rng = np.random.default_rng(0)
FILLERS = [f"word{number}" for number in range(50)]


def make_texts(n_samples, length):
    """Return texts whose first word says the label, and the labels."""
    labels = rng.choice(["good", "bad"], n_samples)
    fillers = rng.choice(FILLERS, (n_samples, length))
    return [" ".join([label, *words]) for label, words in zip(labels, fillers, strict=True)], labels


texts, labels = make_texts(800, length=40)
new_texts, new_labels = make_texts(300, length=40)

models = {}
for cell in ("rnn", "lstm"):
    classifier = RNNTextClassifier(
        cell_type=cell,
        hidden_size=32,
        bidirectional=False,
        pooling="last",
        linear_ngrams=0,
        word_dropout=0.0,
        embedding_dropout=0.0,
        dropout=0.0,
        max_epochs=8,
        record_gradients=True,
        random_state=0,
    )
    models[cell] = make_pipeline(TextTokenizer(max_length=None), classifier).fit(texts, labels)
    print(cell, "accuracy on new texts:", round(models[cell].score(new_texts, new_labels), 2))

# %%
# The plain RNN does not learn the rule. The sizes of the gradients of each layer, over the steps of
# the training: those of the LSTM fall when it has found the rule, because nothing is left to learn.
# Those of the plain RNN go on, without an end.

import matplotlib.pyplot as plt

from sklearn_rnn.plotting import GradientFlowDisplay

for cell, model in models.items():
    display = GradientFlowDisplay.from_estimator(model)
    display.figure_.suptitle(cell)
    plt.show()

# %%
# How much each word of a text matters to the trained networks: the gradient of their output with
# respect to the vector of each word, by position.

import torch


def gradient_by_position(model, texts):
    """Return the mean size of the gradient with respect to the vector of each word."""
    module = model[-1].net_.module_
    vectors = []
    handle = module.embedding.register_forward_hook(lambda *call: vectors.append(call[-1]))
    logits = module(torch.from_numpy(np.asarray(model[:-1].transform(texts))))
    handle.remove()
    [gradient] = torch.autograd.grad(logits.diff(dim=1).sum(), vectors)
    return gradient.norm(dim=2).mean(0)


figure, axes = plt.subplots(figsize=(6, 3), layout="constrained")
for cell, model in models.items():
    sizes = gradient_by_position(model, new_texts[:100])
    axes.semilogy(np.arange(1, len(sizes) + 1), sizes, label=cell)
axes.set(xlabel="position of the word", ylabel="size of the gradient")
axes.legend()
plt.show()

# %%
# To the LSTM, the first word matters more than most others. In the plain RNN the gradient shrinks
# from word to word by a constant factor, and hardly anything of it reaches the first one.
#
# **Limits.** The task is made to be hard for a plain RNN. With max pooling every word is one step
# from the loss.
