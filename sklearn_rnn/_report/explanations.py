"""Explanations: the words of each class, and the words of the most confident mistakes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from sklearn_rnn._inspection.class_words import class_words
from sklearn_rnn._inspection.linear_contributions import linear_contributions
from sklearn_rnn._inspection.pipeline_steps import search_step
from sklearn_rnn._inspection.token_attributions import token_attributions
from sklearn_rnn._report.comparison import Comparison
from sklearn_rnn._tokenizer import TextTokenizer

N_MISTAKES = 20
_N_FEATURES = 8  # of a mistake of a linear classifier
_N_WORDS = 12  # of a class
# Texts that the words of classes are computed from: the network reads each of them dozens of times.
_MOST_TEXTS, _MOST_CHARACTERS = 300, 100_000
_HEAD, _TAIL = 1600, 800  # characters of a long text that are shown
_LEVELS = 5  # of colours


class Part(NamedTuple):
    """A part of a shown text.

    Parameters
    ----------
    text : str
        The characters.
    level : int
        From -5, strongly against the predicted class, to 5, strongly for it. 0 without colour.
    contribution : float or None
        The contribution of a token. None if the part is no token.
    """

    text: str
    level: int = 0
    contribution: float | None = None


class Explanation(NamedTuple):
    """The text of a mistake, as it is shown.

    Parameters
    ----------
    parts : list of Part
        They follow each other without a space.
    n_left_out : int
        The number of characters in the middle that are not shown.
    features : list of Part
        The features of a linear classifier with the largest contributions.
    """

    parts: list[Part]
    n_left_out: int
    features: list[Part]


def find_class_words(comparison: Comparison) -> pd.DataFrame | None:
    """Return the words of each class for the best model of the first fold.

    Returns
    -------
    words : DataFrame or None
        Of :func:`~sklearn_rnn.inspection.class_words`. None if the model is not known, or is of a
        kind whose scores are not sums over words.
    """
    estimators = comparison.estimators.get(comparison.best)
    if not estimators:
        return None
    rows = comparison.rows_by_fold()[0]
    predicted = comparison.predictions[comparison.best][rows]
    texts = [comparison.tested[rows[index]] for index in _choose_texts(comparison, rows, predicted)]
    try:
        return class_words(estimators[0], texts, n_words=_N_WORDS)
    except TypeError:  # a classifier of another kind
        return None


def _choose_texts(
    comparison: Comparison, rows: npt.NDArray[np.intp], predicted: npt.NDArray[Any]
) -> Iterator[int]:
    """Yield positions in `rows`: one of each predicted class, then another of each, and so on."""
    codes = pd.Series(np.unique(predicted, return_inverse=True)[1])
    rank = codes.groupby(codes).cumcount().to_numpy()
    n_characters = 0
    for index in np.argsort(rank, kind="stable")[:_MOST_TEXTS].tolist():
        n_characters += len(comparison.tested[rows[index]])
        if n_characters > _MOST_CHARACTERS and rank[index] > 0:
            return
        yield index


def explain_mistakes(
    comparison: Comparison, mistakes: npt.NDArray[np.intp]
) -> dict[int, Explanation]:
    """Return the explanation of each mistake of the best model, by the model of its fold.

    Parameters
    ----------
    comparison : Comparison
        The comparison.
    mistakes : ndarray of int
        Positions among the tested texts.
    """
    explanations = {
        row: Explanation(*_shorten([Part(comparison.tested[row])]), []) for row in mistakes.tolist()
    }
    estimators = comparison.estimators.get(comparison.best, [])
    for estimator, rows in zip(estimators, comparison.rows_by_fold(), strict=False):
        of_fold = np.intersect1d(rows, mistakes).tolist()
        if of_fold:
            texts = [comparison.tested[row] for row in of_fold]
            explain = (
                _explain_network
                if search_step(estimator, TextTokenizer) is not None
                else _explain_linear
            )
            explanations |= zip(of_fold, explain(estimator, texts), strict=False)
    return explanations


def _explain_network(estimator: Any, texts: list[str]) -> Iterator[Explanation]:
    try:
        table = token_attributions(estimator, texts)
    except TypeError:  # the classifier behind the tokenizer is of another kind
        return
    for row, text in enumerate(texts):
        tokens = table[table["text"] == row]
        yield Explanation(*_shorten(_color(text, tokens)), [])


def _color(text: str, tokens: pd.DataFrame) -> list[Part]:
    """Return the parts of a text: its tokens, and what is between them."""
    contributions = tokens["contribution"].to_numpy()
    levels = _levels(contributions)
    if tokens["start"].isna().all():  # the tokens as the network reads them, in place of the text
        named = zip(tokens["token"], levels, contributions, strict=True)
        return [part for token, *rest in named for part in (Part(token, *rest), Part(" "))]
    parts, end = [], 0
    located = zip(tokens["start"], tokens["end"], levels, contributions, strict=True)
    for start, stop, level, contribution in located:
        if start is pd.NA or start < end:  # a marker, or a letter that became two characters
            continue
        parts += [Part(text[end:start]), Part(text[start:stop], level, contribution)]
        end = stop
    return [*parts, Part(text[end:])]


def _levels(contributions: npt.NDArray[np.float64]) -> list[int]:
    largest = np.abs(contributions).max(initial=0) or 1
    levels: list[int] = np.rint(_LEVELS * contributions / largest).astype(int).tolist()
    return levels


def _shorten(parts: list[Part]) -> tuple[list[Part], int]:
    """Leave out the middle of a long text; return the other parts, and how much is left out."""
    n_characters = sum(len(part.text) for part in parts)
    n_left_out = max(n_characters - _HEAD - _TAIL, 0)
    if n_left_out == 0:
        return [part for part in parts if part.text], 0
    heads, tails, begin = [], [], 0
    for part in parts:
        heads.append(part._replace(text=part.text[: max(_HEAD - begin, 0)]))
        tails.append(part._replace(text=part.text[max(n_characters - _TAIL - begin, 0) :]))
        begin += len(part.text)
    shown = [*heads, Part(" \N{HORIZONTAL ELLIPSIS} "), *tails]
    return [part for part in shown if part.text], n_left_out


def _explain_linear(estimator: Any, texts: list[str]) -> Iterator[Explanation]:
    linear = linear_contributions(estimator, texts)
    if linear is None:
        return
    for row, text in enumerate(texts):
        weights = linear.weights[:, linear.predicted[row]]
        values = linear.values[[row]].toarray()[0] * weights
        chosen = np.argsort(-np.abs(values), kind="stable")[:_N_FEATURES]
        named = zip(linear.names[chosen], _levels(values[chosen]), values[chosen], strict=True)
        features = [Part(*feature) for feature in named]
        colored = [feature for feature in features if feature.level]
        yield Explanation(*_shorten([Part(text)]), colored)
