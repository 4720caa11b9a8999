"""fastText's supervised classifier on words and bigrams, as its tutorial sets it.

References
----------
A. Joulin, E. Grave, P. Bojanowski and T. Mikolov, "Bag of Tricks for Efficient Text
Classification", EACL 2017, arXiv:1607.01759; https://fasttext.cc/docs/en/supervised-tutorial.html
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path

import fasttext
import numpy as np

PACKAGE = "fasttext-numpy2-wheel"
SIGN = re.compile(r"([^\w\s])")


class Rival:
    """Classifier with the learning rate, epochs and bigrams of fastText's tutorial."""

    def __init__(self, task: dict, folder: Path) -> None:
        self.folder = folder
        self.n_classes = task["n_classes"]
        self.is_by_character = task["analyzer"] == "char"

    def fit(self, texts: Sequence[str], labels: np.ndarray) -> None:
        """Train on the texts in random order, which fastText does not shuffle."""
        path = self.folder / "train.txt"
        order = np.random.default_rng(0).permutation(len(texts))
        lines = [f"__label__{labels[row]} {self._normalize(texts[row])}\n" for row in order]
        path.write_text("".join(lines), encoding="utf-8")
        self.model = fasttext.train_supervised(
            str(path), lr=0.5, epoch=25, wordNgrams=2, thread=os.cpu_count(), verbose=0
        )

    def _normalize(self, text: str) -> str:
        """Separate signs, or all characters, by spaces; lower the case, as the tutorial does."""
        text = text.lower()
        spaced = " ".join(text) if self.is_by_character else SIGN.sub(r" \1 ", text)
        return " ".join(spaced.split())

    def predict_proba(self, texts: Sequence[str]) -> np.ndarray:
        """Return the probabilities; fastText adds 1e-5 to each, so the rows are normalized."""
        predicted = self.model.predict([self._normalize(text) for text in texts], k=-1)
        proba = np.zeros((len(texts), self.n_classes))
        for row, names, values in zip(proba, *predicted, strict=True):
            row[[int(name.removeprefix("__label__")) for name in names]] = values
        return proba / proba.sum(axis=1, keepdims=True)

    def save(self, path: Path) -> None:
        """Write the model as a file of fastText's."""
        self.model.save_model(str(path))
