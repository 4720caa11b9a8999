"""
Pretrained word vectors
=======================

What are GloVe vectors worth if there are few labelled texts?
"""

import os
from pathlib import Path

import numpy as np
from sklearn.pipeline import make_pipeline

from sklearn_rnn import RNNTextClassifier, TextTokenizer, load_word_vectors
from sklearn_rnn.datasets import read_texts

folder = Path(os.environ["SKLEARN_RNN_DATA"])
train = read_texts(folder / "amazon_polarity" / "train.ft.txt.gz")
test = read_texts(folder / "amazon_polarity" / "test.ft.txt.gz")
vectors = load_word_vectors(folder / "vectors" / "glove.6B.50d.subset.txt.gz")
vectors

# %%
# How many of the words of the corpus have a vector:

tokenizer = TextTokenizer().fit(train.data[:3000])
print(vectors.coverage(tokenizer.vocabulary_))

# %%
# Words of similar use are near each other, before any label:


def nearest(word, n_words=5):
    """Return the words whose vectors have the largest cosine similarity with that of `word`."""
    matrix = vectors.matrix / np.linalg.norm(vectors.matrix, axis=1, keepdims=True)
    row = vectors.words.index(word)
    order = np.argsort(-matrix @ matrix[row])
    return [vectors.words[i] for i in order[1 : n_words + 1]]


for word in ("great", "terrible", "book"):
    print(word, nearest(word))

# %%
# The same network with random and with pretrained vectors, on growing numbers of labelled texts.
# Without the linear classifier, all that it knows of words is in the vectors.


def make_model(word_vectors=None):
    """Return a Pipeline with a network alone."""
    return make_pipeline(
        TextTokenizer(vocabulary=word_vectors, max_length=100),
        RNNTextClassifier(
            word_vectors=word_vectors,
            embedding_dim=50,
            embedding_dropout=0.2,
            linear_ngrams=0,
            random_state=0,
        ),
    )


sizes = [100, 300, 1000, 3000]
scores = {"random vectors": [], "GloVe": []}
for n in sizes:
    for name, word_vectors in {"random vectors": None, "GloVe": vectors}.items():
        model = make_model(word_vectors).fit(train.data[:n], train.target[:n])
        scores[name].append(model.score(test.data, test.target))

# %%
import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(6, 3.2), layout="constrained")
for name, accuracies in scores.items():
    axes.semilogx(sizes, accuracies, marker="o", label=name)
axes.set_xticks(sizes, [str(size) for size in sizes])
axes.minorticks_off()
axes.set(xlabel="training texts", ylabel="test accuracy")
axes.legend()
plt.show()

# %%
# Here the vectors, a subset of GloVe without half of the words of the reviews, pay with 3,000
# labelled texts, and not with a few hundred: the network needs texts to learn what the directions
# of the vectors say about the label. A file with more of the words, and ``linear_ngrams=2``,
# change this: measure it on your texts.
