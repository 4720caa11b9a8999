"""Words that speak for each class, over many texts."""

from __future__ import annotations

from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.utils import check_random_state

from sklearn_rnn._inspection.linear_contributions import LinearContributions, linear_contributions
from sklearn_rnn._inspection.pipeline_steps import describe, search_step, unwrap_search
from sklearn_rnn._inspection.text_attribution import attribute_texts
from sklearn_rnn._inspection.token_attributions import as_column
from sklearn_rnn._parameters import RANDOM_STATE, Interval, check_parameters
from sklearn_rnn._text.vocabulary import BEGIN, END, UNKNOWN
from sklearn_rnn._tokenizer import TextTokenizer
from sklearn_rnn._validation import check_texts

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

    from sklearn_rnn._validation import Texts

_CONSTRAINTS: dict[str, list[Any]] = {
    "n_words": [Interval(Integral, 1, None, closed="left"), None],
    "max_samples": [
        Interval(Integral, 1, None, closed="left"),
        Interval(Real, 0, 1, closed="right"),
    ],
    "random_state": RANDOM_STATE,
}


def class_words(
    pipeline: BaseEstimator,
    texts: Texts,
    *,
    n_words: int | None = 10,
    max_samples: int | float = 1.0,
    n_steps: int = 32,
    random_state: int | np.random.RandomState | None = None,
) -> pd.DataFrame:
    """Find the words that speak for each class, over many texts.

    The contribution of a word to a class is the mean, over the texts that the model assigns to the
    class, of the word's contribution to the score of the class. The score and the contributions are
    those of :func:`token_attributions`. Frequent words with small contributions and rare words with
    large ones thus come on one scale.

    Linear classifiers are taken too, for comparison: there a word is a feature, for example a pair
    of words, and its contribution is the product of its value and its coefficient.

    Parameters
    ----------
    pipeline : Pipeline or search
        A fitted :class:`~sklearn.pipeline.Pipeline` with a :class:`TextTokenizer` and, at its end,
        a :class:`RNNTextClassifier`; a Pipeline of a vectorizer and a linear classifier, as those
        of :mod:`sklearn_rnn.baselines`; or a search over one of these, for example
        :class:`~sklearn.model_selection.GridSearchCV`, whose best estimator is used.
    texts : list, tuple, ndarray, Series or single-column DataFrame of str, of n_samples texts
        The texts, without labels. For a recurrent network, a text of 200 words takes some tenths of
        a second.
    n_words : int or None, default=10
        The number of words of each class, at most: those with the largest contributions, if these
        are positive. None: all words, also those that speak against the class.
    max_samples : int or float, default=1.0
        The number of texts to draw without replacement, as an int; or their fraction, as a float in
        (0, 1].
    n_steps : int, default=32
        The number of integration steps to start with, as in :func:`token_attributions`.
    random_state : int, RandomState instance or None, default=None
        Determines which texts are drawn. Pass an int for the same texts in each call.

    Returns
    -------
    words : DataFrame of shape (n_rows, 4)
        For each class in the order of `classes_`, its words by falling contribution. A class that
        is predicted for no text has no rows. The columns:

        `class` : label
            the class;
        `word` : str
            the token, or the name of the feature of a linear classifier. The unknown word and
            markers are left out;
        `contribution` : float
            the mean contribution, over all texts that are assigned to the class. Texts without the
            word count as 0;
        `count` : int
            the number of these texts that have the word.

    Raises
    ------
    NotFittedError
        If the classifier or the search is not fitted.
    TypeError
        If the estimator is none of those above, or `texts` is not a collection of str.
    ValueError
        If `texts` is empty or has several columns, or if a parameter is invalid.

    Warns
    -----
    ConvergenceWarning
        As for :func:`token_attributions`.

    See Also
    --------
    token_attributions : Contributions of the tokens of each text; compares LIME, SHAP and captum.
    sklearn.inspection.permutation_importance : Importance of columns for a score.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_rnn import RNNTextClassifier, TextTokenizer
    >>> from sklearn_rnn.inspection import class_words
    >>> texts = ["a good film", "a bad film", "so good", "so bad"] * 10
    >>> labels = ["praise", "blame", "praise", "blame"] * 10
    >>> classifier = RNNTextClassifier(hidden_size=8, max_epochs=20, random_state=0)
    >>> model = make_pipeline(TextTokenizer(), classifier).fit(texts, labels)
    >>> class_words(model, texts[:4], n_words=1)[["class", "word", "count"]]
        class  word  count
    0   blame   bad      2
    1  praise  good      2
    """
    caller = "class_words"
    check_parameters(locals(), _CONSTRAINTS, caller=caller)
    strings = _draw(check_texts(texts, caller=caller, name="texts"), max_samples, random_state)
    # Not by their class, whose import loads torch.
    if search_step(pipeline, TextTokenizer) is not None:
        found = _of_network(pipeline, strings, n_steps, caller)
    else:
        contributions = linear_contributions(pipeline, strings)
        if contributions is None:
            raise TypeError(
                f"{caller} takes a fitted Pipeline of a TextTokenizer and an RNNTextClassifier, or "
                "of a vectorizer and a linear classifier with decision_function, but got "
                f"{describe(unwrap_search(pipeline))}."
            )
        found = _of_linear(contributions)
    chosen = [words.choose(n_words) for words in found]
    return pd.DataFrame(
        {
            "class": as_column([words.label for words in chosen for _ in words.words]),
            "word": as_column([word for words in chosen for word in words.words]),
            "contribution": np.concatenate([words.contributions for words in chosen]),
            "count": np.concatenate([words.counts for words in chosen]),
        }
    )


class _ClassWords(NamedTuple):
    """The words of a class: for each, its mean contribution and its number of texts."""

    label: Any
    words: npt.NDArray[np.object_]
    contributions: npt.NDArray[np.float64]
    counts: npt.NDArray[np.int64]

    def choose(self, n_words: int | None) -> _ClassWords:
        """Sort the words by falling contribution, and choose the first of those above 0."""
        order = np.argsort(-self.contributions, kind="stable")
        if n_words is not None:
            order = order[self.contributions[order] > 0][:n_words]
        return _ClassWords(
            self.label, self.words[order], self.contributions[order], self.counts[order]
        )


def _draw(
    texts: list[str], max_samples: int | float, random_state: int | np.random.RandomState | None
) -> list[str]:
    n_texts = len(texts)
    if isinstance(max_samples, Integral):
        n_drawn = min(int(max_samples), n_texts)
    else:
        n_drawn = max(round(max_samples * n_texts), 1)
    if n_drawn == n_texts:
        return texts
    rows = check_random_state(random_state).choice(n_texts, n_drawn, replace=False)
    return [texts[row] for row in np.sort(rows)]


def _of_network(pipeline: Any, texts: list[str], n_steps: int, caller: str) -> list[_ClassWords]:
    """Return the words of each class that is predicted for a text, in the order of the classes."""
    model, attributions = attribute_texts(
        pipeline, texts, target=None, n_steps=n_steps, caller=caller
    )
    left_out = {UNKNOWN, *((BEGIN, END) if model.tokenizer.add_markers else ())}
    of_texts: dict[Any, list[pd.Series]] = {}
    for attribution in attributions:
        tokens = pd.Index(attribution.tokens, dtype=object)
        words = pd.Series(attribution.attributions, tokens).groupby(level=0).sum()
        of_texts.setdefault(attribution.target, []).append(words[~words.index.isin(left_out)])
    return [_sum_up(label, of_texts[label]) for label in sorted(of_texts)]


def _sum_up(label: Any, of_texts: list[pd.Series]) -> _ClassWords:
    """Return the words of a class, given those of each of its texts."""
    grouped = pd.concat(of_texts).groupby(level=0).agg(["sum", "count"])
    words = grouped.index.to_numpy(dtype=object)
    means = grouped["sum"].to_numpy() / len(of_texts)
    return _ClassWords(label, words, means, grouped["count"].to_numpy())


def _of_linear(linear: LinearContributions) -> list[_ClassWords]:
    found = []
    for index in np.unique(linear.predicted):
        values = linear.values[linear.predicted == index]
        counts = np.bincount(values.indices, minlength=len(linear.names))
        is_there = counts > 0
        means = values.mean(axis=0) * linear.weights[:, index]
        label = linear.classes[index : index + 1].tolist()[0]
        found.append(_ClassWords(label, linear.names[is_there], means[is_there], counts[is_there]))
    return found
