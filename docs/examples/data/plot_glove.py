"""
Pretrained word vectors
=======================

What are vectors that know more texts than the labelled ones worth?

Reviews of Amazon are classified with a part of GloVe, if the folder ``SKLEARN_RNN_DATA`` has both.
Otherwise the texts are paragraphs of SciPy's documentation, whose label is the module that they
come from, and the vectors are learned from paragraphs without a label.
"""

import os
from importlib import import_module
from inspect import getdoc
from pathlib import Path

import numpy as np
from sklearn.pipeline import make_pipeline

from sklearn_rnn import RNNTextClassifier, TextTokenizer, WordVectors, load_word_vectors
from sklearn_rnn.datasets import read_texts


def read_docstrings(modules):
    """Return the paragraphs of the docstrings of some modules of SciPy, and their modules."""
    label_of = {}
    for name in modules:
        module = import_module(f"scipy.{name}")
        functions = filter(callable, (getattr(module, function) for function in module.__all__))
        for paragraph in "\n\n".join(getdoc(f) or "" for f in functions).split("\n\n"):
            if len(paragraph.split()) >= 8 and ">>>" not in paragraph:
                label_of[paragraph] = name
    return np.array(list(label_of), dtype=object), np.array(list(label_of.values()), dtype=object)


folder = Path(os.environ.get("SKLEARN_RNN_DATA", ""))
if (folder / "amazon_polarity").is_dir():
    train, test = (
        read_texts(folder / "amazon_polarity" / f"{part}.ft.txt.gz") for part in ("train", "test")
    )
    texts, labels, X_test, y_test = train.data, train.target, test.data, test.target
    vectors = load_word_vectors(folder / "vectors" / "glove.6B.50d.subset.txt.gz")
    words = ["great", "terrible", "book"]
else:
    texts, labels = read_docstrings(["linalg", "optimize", "signal", "special", "stats"])
    rows = np.random.default_rng(0).permutation(len(texts))
    X_test, y_test = texts[rows[:800]], labels[rows[:800]]
    texts, labels = texts[rows[800:]], labels[rows[800:]]
    vectors = WordVectors.from_texts(texts, embedding_dim=50)
    words = ["matrix", "filter", "probability"]
vectors

# %%
# How many of the words of the texts have a vector:

tokenizer = TextTokenizer().fit(texts[:3000])
print(vectors.coverage(tokenizer.vocabulary_))

# %%
# Words of similar use are near each other, before any label:


def nearest(word, n_words=5):
    """Return the words whose vectors have the largest cosine similarity with that of `word`."""
    matrix = vectors.matrix / np.linalg.norm(vectors.matrix, axis=1, keepdims=True)
    row = vectors.words.index(word)
    order = np.argsort(-matrix @ matrix[row])
    return [vectors.words[i] for i in order[1 : n_words + 1]]


for word in words:
    print(word, nearest(word))

# %%
# The same network with random and with these vectors, on growing numbers of labelled texts. Without
# the linear classifier, all that it knows of words is in the vectors.


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
scores = {"random vectors": [], "pretrained vectors": []}
for n in sizes:
    for name, word_vectors in zip(scores, (None, vectors), strict=True):
        model = make_model(word_vectors).fit(texts[:n], labels[:n])
        scores[name].append(model.score(X_test, y_test))

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
# Pretrained vectors pay where their curve is the upper one. With a hundred labelled texts it is
# not: the network needs some texts to learn what the directions of the vectors say about the label.
#
# **Limits.** The part of GloVe lacks half of the words of the reviews, and vectors of a few
# thousand paragraphs are rough. Other vectors, and ``linear_ngrams=2``, change the picture: measure
# it on your texts.
