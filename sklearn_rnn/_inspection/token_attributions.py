"""Token attributions of texts as a table, with the place of each token in its text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sklearn_rnn._inspection.pipeline_steps import apply_steps_before
from sklearn_rnn._inspection.text_attribution import TextModel, attribute_texts
from sklearn_rnn._inspection.token_spans import Span, find_spans
from sklearn_rnn._validation import check_texts

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

    from sklearn_rnn._validation import Texts


def token_attributions(
    pipeline: BaseEstimator, texts: Texts, *, target: object = None, n_steps: int = 32
) -> pd.DataFrame:
    r"""Attribute the score of a class to the tokens of each text.

    The score and its attribution are those of
    :class:`~sklearn_rnn.plotting.TokenAttributionDisplay`: integrated gradients of the recurrent
    network [1]_, plus the contributions of the n-grams of its linear term.

    Parameters
    ----------
    pipeline : Pipeline or search
        A fitted :class:`~sklearn.pipeline.Pipeline` with a :class:`TextTokenizer` and, at its end,
        a :class:`RNNTextClassifier`; or a search over such a Pipeline, for example
        :class:`~sklearn.model_selection.GridSearchCV`, whose best estimator is used. Pipelines and
        searches may be nested.
    texts : list, tuple, ndarray, Series or single-column DataFrame of str, of n_samples texts
        The texts. A text of 200 words takes some tenths of a second.
    target : label, default=None
        The class whose score is attributed. None: for each text, the predicted class.
    n_steps : int, default=32
        The number of integration steps to start with, at least 1. The steps with the largest
        errors are bisected, into at most 1024 steps in all.

    Returns
    -------
    attributions : DataFrame of shape (n_tokens, 6)
        A row for each token that the classifier reads, in the order of the texts. Tokens that are
        removed by truncation have no row. The columns:

        `text` : int
            the position of the text in `texts`, from 0 on;
        `token` : str
            the token as the classifier reads it: after conversion to lower case, for example, or
            ``<unk>`` if it is not in the vocabulary;
        `start`, `end` : Int64
            the offsets of the token in the text as given, in characters: ``text[start:end]`` is
            what became the token. They are ``<NA>`` for the markers ``<s>`` and ``</s>``, for the
            unknown word that stands for a text without tokens, and for all tokens of a text if the
            offsets are not certain (see Notes);
        `class` : label
            the class;
        `contribution` : float
            the contribution of the token to the score of the class: to its logit or, with two
            classes, to its log-odds. It is positive if the token speaks for the class. Character
            n-grams contribute to their word.

    Raises
    ------
    NotFittedError
        If the classifier or the search is not fitted.
    TypeError
        If the estimator lacks a TextTokenizer or an RNNTextClassifier, or `texts` is not a
        collection of str.
    ValueError
        If `texts` is empty or has several columns, if `target` is not one of the classes, or if
        `n_steps` is not an int from 1 to 65,536.

    Warns
    -----
    ConvergenceWarning
        If the contributions in a text do not sum to the change of the score within the tolerance
        when bisection ends.

    See Also
    --------
    sklearn_rnn.plotting.TokenAttributionDisplay : The same for one text, as coloured words.
    class_words : The words that speak for each class, over many texts.

    Notes
    -----
    The contributions in a text sum to its score minus the score of a baseline without words. For
    the network's part of the score this holds within 1 % of the change, or within 0.001 if the
    change is below 0.1.

    Offsets are exact for the tokenizer's own analyzers, "word" and "char", whatever its other
    parameters; with a callable `strip_accents` if it treats each character alone. The tokens of a
    callable `analyzer` have offsets if one after the other they are the text, or the text in lower
    case, with nothing but white space left out. No token of a text has offsets if a step before the
    tokenizer has changed the text, or a step after the tokenizer the ids.

    Other explainers take the same Pipeline. They are slower, and each answers another question:

    - LIME [2]_ fits a linear model to the probabilities of texts in which words are left out:
      ``LimeTextExplainer().explain_instance(text, pipeline.predict_proba)``. The texts are unlike
      those of the training, and the result depends on a random seed.
    - SHAP [3]_ averages the effect of a word over the sets of other words that are left out:
      ``shap.Explainer(pipeline.predict_proba, shap.maskers.Text(r"\W+"))(texts)``. Its
      contributions sum to the change of the probability.
    - captum attributes the logits of the torch module alone, with many methods:
      ``LayerIntegratedGradients(module, module.embedding)``, for
      ``module = pipeline[-1].net_.module_``.

    References
    ----------
    .. [1] Sundararajan, Taly & Yan (2017), Axiomatic attribution for deep networks.
       arXiv:1703.01365
    .. [2] Ribeiro, Singh & Guestrin (2016), "Why should I trust you?": explaining the predictions
       of any classifier. arXiv:1602.04938
    .. [3] Lundberg & Lee (2017), A unified approach to interpreting model predictions.
       arXiv:1705.07874

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_rnn import RNNTextClassifier, TextTokenizer
    >>> from sklearn_rnn.inspection import token_attributions
    >>> texts = ["good, not bad", "bad, not good", "so good", "so bad"] * 10
    >>> labels = ["praise", "blame", "praise", "blame"] * 10
    >>> classifier = RNNTextClassifier(hidden_size=8, max_epochs=20, random_state=0)
    >>> model = make_pipeline(TextTokenizer(), classifier).fit(texts, labels)
    >>> table = token_attributions(model, ["So GOOD!", "Too bad"])
    >>> table[["text", "token", "start", "end", "class"]]
       text  token  start  end   class
    0     0     so      0    2  praise
    1     0   good      3    7  praise
    2     0  <unk>      7    8  praise
    3     1  <unk>      0    3   blame
    4     1    bad      4    7   blame
    >>> table.groupby("text")["contribution"].idxmax().tolist()
    [1, 4]
    """
    caller = "token_attributions"
    strings = check_texts(texts, caller=caller, name="texts")
    model, attributions = attribute_texts(
        pipeline, strings, target=target, n_steps=n_steps, caller=caller
    )
    n_tokens = [len(attribution.tokens) for attribution in attributions]
    spans = _locate_tokens(pipeline, model, strings, n_tokens)
    starts, ends = (
        pd.array([None if span is None else span[side] for span in spans], dtype="Int64")
        for side in (0, 1)
    )
    targets = [attribution.target for attribution in attributions]
    return pd.DataFrame(
        {
            "text": np.repeat(np.arange(len(strings)), n_tokens),
            "token": as_column([token for a in attributions for token in a.tokens]),
            "start": starts,
            "end": ends,
            "class": as_column(np.repeat(np.array(targets), n_tokens).tolist()),
            "contribution": np.concatenate([a.attributions for a in attributions]),
        }
    )


def as_column(values: list[Any]) -> pd.Series:
    """Return a column of tokens or labels. Strings are objects: pandas' str has no half emoji."""
    is_str = all(isinstance(value, str) for value in values[:1])
    return pd.Series(values, dtype=object if is_str else None)


def _locate_tokens(
    pipeline: Any, model: TextModel, texts: list[str], n_tokens: list[int]
) -> list[Span | None]:
    """Find the tokens that a classifier reads in the texts as given.

    Parameters
    ----------
    pipeline : Pipeline or search
        The fitted estimator.
    model : TextModel
        Its tokenizer and classifier.
    texts : list of n_samples str
        The texts.
    n_tokens : list of n_samples int
        The number of tokens of each text.

    Returns
    -------
    spans : list of (int, int) or None
        The span of each token of each text. None where it is not known.
    """
    seen = apply_steps_before(pipeline, model.tokenizer, texts)
    ids = apply_steps_before(pipeline, model.classifier, texts)
    made = model.tokenizer.transform(seen)
    is_as_made = np.array_equal(made, ids)
    located: list[Span | None] = []
    for text, seen_text, n in zip(texts, seen, n_tokens, strict=True):
        is_as_given = is_as_made and seen_text == text
        spans = find_spans(model.tokenizer, text) if is_as_given else None
        located += [None] * n if spans is None else spans
    return located
