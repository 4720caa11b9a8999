"""Corpora: their classes, the lengths of their texts, and texts that occur more than once."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from sklearn_rnn._inspection.pipeline_steps import search_step
from sklearn_rnn._report.comparison import Comparison
from sklearn_rnn._tokenizer import TextTokenizer, count_tokens

_QUANTILES = {"median": 0.5, "90 %": 0.9, "99 %": 0.99, "longest": 1.0}


class Copies(NamedTuple):
    """Tested texts that are also among the training texts, but for case and white space.

    Parameters
    ----------
    is_copy : ndarray of bool of shape (n_tested,)
        Whether a text of X outside of the fold, or of X if there is a test set, is the same.
    is_contradicted : ndarray of bool of shape (n_tested,)
        Whether the same text has another label elsewhere in the corpus.
    n_repeated : int
        The number of texts of X that are the same as an earlier one.
    """

    is_copy: npt.NDArray[np.bool_]
    is_contradicted: npt.NDArray[np.bool_]
    n_repeated: int


def find_copies(comparison: Comparison) -> Copies:
    """Find the tested texts that models may have seen in training."""
    n_texts = len(comparison.texts)
    texts = comparison.texts + (comparison.tested if comparison.has_test_set else [])
    codes, distinct = pd.factorize(np.array(list(map(_normalize, texts)), dtype=object))
    of_corpus = codes[:n_texts]
    tested = codes[n_texts:] if comparison.has_test_set else codes[comparison.test_rows]
    n_in_corpus = np.bincount(of_corpus, minlength=len(distinct))
    n_in_fold = np.zeros(len(tested), dtype=np.int64)
    if not comparison.has_test_set:
        of_fold = comparison.folds * len(distinct) + tested
        _, inverse, counts = np.unique(of_fold, return_inverse=True, return_counts=True)
        n_in_fold = counts[inverse]
    labels = [*comparison.labels.tolist()]
    if comparison.has_test_set:
        labels += comparison.y_true.tolist()
    pairs = pd.DataFrame({"code": codes, "label": pd.Series(labels, dtype=object)})
    n_labels = pairs.drop_duplicates()["code"].value_counts()
    return Copies(
        is_copy=n_in_corpus[tested] > n_in_fold,
        is_contradicted=n_labels.reindex(tested).to_numpy() > 1,
        n_repeated=n_texts - len(np.unique(of_corpus)),
    )


def _normalize(text: str) -> str:
    return " ".join(text.casefold().split())


def describe_copies(comparison: Comparison, copies: Copies) -> dict[str, Any]:
    """Return the numbers of copies, and the accuracy of the best model with and without them."""
    is_correct = comparison.predictions[comparison.best] == comparison.y_true
    is_copy = copies.is_copy
    return {
        "n": int(is_copy.sum()),
        "share": float(is_copy.mean()),
        "n_repeated": copies.n_repeated,
        "n_contradicted": int(copies.is_contradicted.sum()),
        "accuracy_of_copies": float(is_correct[is_copy].mean()) if is_copy.any() else None,
        "accuracy_of_others": float(is_correct[~is_copy].mean()) if not is_copy.all() else None,
    }


def count_classes(comparison: Comparison) -> list[dict[str, Any]]:
    """Return the number of texts of each class, in X and among the tested texts."""
    counts, tested = (
        dict(
            zip(*(column.tolist() for column in np.unique(labels, return_counts=True)), strict=True)
        )
        for labels in (comparison.labels, comparison.y_true)
    )
    return [
        {
            "label": label,
            "n": counts.get(label, 0),
            "share": counts.get(label, 0) / len(comparison.labels),
            "n_tested": tested.get(label, 0),
        }
        for label in comparison.classes.tolist()
    ]


class Lengths(NamedTuple):
    """The lengths of texts in tokens.

    Parameters
    ----------
    lengths : ndarray of int of shape (n_samples,)
        Before truncation.
    max_length : int or None
        The number of tokens to which the network truncates texts, including characters and
        markers. None without a network.
    """

    lengths: npt.NDArray[np.int64]
    max_length: int | None

    def summarize(self) -> dict[str, int]:
        """Return quantiles of the lengths, by name."""
        values = np.quantile(self.lengths, list(_QUANTILES.values()), method="inverted_cdf")
        return dict(zip(_QUANTILES, values.tolist(), strict=True))


def measure_lengths(comparison: Comparison) -> Lengths:
    """Return the lengths of the texts in tokens of the first tokenizer among the best models."""
    for name in comparison.table.index:
        for estimator in comparison.estimators.get(name, [])[:1]:
            tokenizer = search_step(estimator, TextTokenizer)
            if tokenizer is not None:
                # With characters, a text that is too long for a row loses them, and not its end.
                max_length = None if tokenizer.add_characters_ else tokenizer.max_length_
                return Lengths(count_tokens(tokenizer, comparison.texts), max_length)
    return Lengths(count_tokens(TextTokenizer(), comparison.texts), None)
