"""
Attention and attributions as coloured text
===========================================

Which words decide, and is that what attention shows?
"""

from sklearn.pipeline import make_pipeline

from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn.datasets import make_word_order
from sklearn_rnn.plotting import TokenAttributionDisplay

texts, labels = make_word_order(1200, random_state=0)
classifier = RNNTextClassifier(
    pooling="attention", linear_ngrams=0, word_dropout=0.0, max_epochs=10, random_state=0
)
model = make_pipeline(TextTokenizer(), classifier).fit(texts[:900], labels[:900])
model.score(texts[900:], labels[900:])

# %%
# The contribution of each word to the log-odds of the predicted class, by integrated gradients. A
# notebook shows the display as HTML, as here:

text = (
    "the staff was lovely today, the room was plain, the meal was awful though, the view was small"
)
display = TokenAttributionDisplay.from_estimator(model, text)
display

# %%
# The prediction is "complaint", because the criticism comes last. The two verdicts decide, and the
# filler words hardly count. "lovely" speaks for a complaint here: at the place of the earlier
# verdict, praise means that criticism will follow.
#
# The attention weights of the same text are computed by the pooling layer of the torch module: a
# score for each hidden state, and a softmax over the tokens. A hook keeps the hidden states.

import matplotlib.pyplot as plt
import numpy as np
import torch

module = model[-1].net_.module_
[pooling] = module.poolings
ids = torch.from_numpy(np.asarray(model[:-1].transform([text])))
kept = []
handle = pooling.register_forward_hook(lambda _layer, inputs, _output: kept.append(inputs))
with torch.no_grad():
    module(ids)
    states, mask = kept[0]  # of shapes (n_tokens, 1, n_features) and (n_tokens, 1)
    scores = pooling.score(torch.tanh(pooling.hidden(states))).squeeze(2)
    weights = scores.masked_fill(~mask, -torch.inf).softmax(0)[mask[:, 0], 0].numpy()
handle.remove()

figure, axes = plt.subplots(2, 1, figsize=(8, 4), sharex=True, layout="constrained")
positions = np.arange(len(display.tokens))
colors = ["C0" if value > 0 else "C1" for value in display.attributions]
axes[0].bar(positions, display.attributions, color=colors)
axes[0].set_ylabel(f"attribution to\n{display.target}")
axes[1].bar(positions, weights[: len(positions)], color="0.6")
axes[1].set_ylabel("attention weight")
axes[1].set_xticks(positions, display.tokens, rotation=90)
plt.show()

# %%
# The attention is on the words after the second verdict, which say nothing themselves: there the
# hidden states know both verdicts. The weight of a word does not tell what the word contributes,
# nor for which class. Attributions have a sign, and sum to the score.
#
# **Limits.** The contribution of a word depends on the others: it is of this text, and not a weight
# of the word in the language.
