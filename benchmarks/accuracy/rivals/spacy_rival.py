"""spaCy's text categorizer: the default ensemble of a convolutional network and a linear model.

The pipeline has the default component "textcat" without pretrained vectors. Optimizer, batches,
dropout and early stopping are those of `spacy init config --pipeline textcat`. A random tenth of
the training texts is the development set.

References
----------
https://spacy.io/api/textcategorizer and https://spacy.io/usage/training#quickstart
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import spacy
from spacy.cli.init_config import init_config
from spacy.tokens import DocBin
from spacy.training.initialize import init_nlp
from spacy.training.loop import train

PACKAGE = "spacy"


class Rival:
    """Pipeline of the component "textcat"; Chinese is segmented into characters."""

    def __init__(self, task: dict, folder: Path) -> None:
        self.folder = folder
        self.language = task["language"]
        self.n_classes = task["n_classes"]

    def fit(self, texts: Sequence[str], labels: np.ndarray) -> None:
        """Train until the development score has not improved for 1,600 steps; keep the best."""
        order = np.random.default_rng(0).permutation(len(texts))
        n_held_out = len(texts) // 10
        paths = {}
        for name, rows in {"dev": order[:n_held_out], "train": order[n_held_out:]}.items():
            paths[name] = self.folder / f"{name}.spacy"
            self._write_docs([texts[row] for row in rows], labels[rows], paths[name])
        config = init_config(lang=self.language, pipeline=["textcat"], optimize="efficiency")
        config["components"]["textcat"] = {"factory": "textcat"}  # the default model: the ensemble
        config["paths"] |= {name: str(path) for name, path in paths.items()}
        nlp = init_nlp(config.interpolate())
        trained = self.folder / "trained"
        trained.mkdir()
        train(nlp, trained)
        self.nlp = spacy.load(trained / "model-best")

    def _write_docs(self, texts: Sequence[str], labels: np.ndarray, path: Path) -> None:
        tokenize = spacy.blank(self.language).make_doc
        docs = DocBin()
        for text, label in zip(texts, labels, strict=True):
            doc = tokenize(text)
            doc.cats = {str(name): float(name == label) for name in range(self.n_classes)}
            docs.add(doc)
        docs.to_disk(path)

    def predict_proba(self, texts: Sequence[str]) -> np.ndarray:
        """Return the probabilities, in the order of the classes."""
        names = [str(name) for name in range(self.n_classes)]
        docs = self.nlp.pipe(texts)
        return np.array([[doc.cats[name] for name in names] for doc in docs])

    def save(self, path: Path) -> None:
        """Write the pipeline as a folder."""
        self.nlp.to_disk(path)
