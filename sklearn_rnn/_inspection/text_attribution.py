"""Attribution of the score that a fitted Pipeline gives to a text."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted

from sklearn_rnn._ids import IdArray, replace_unknown_ids, sequence_lengths
from sklearn_rnn._inspection.pipeline_steps import (
    apply_steps_before,
    describe,
    search_step,
    unwrap_search,
)
from sklearn_rnn._parameters import Interval
from sklearn_rnn._tokenizer import TextTokenizer
from sklearn_rnn._warnings import warn_user

if TYPE_CHECKING:
    import torch

    from sklearn_rnn._classifier import RNNTextClassifier
    from sklearn_rnn._inspection.attribution import Attribution

_MAX_STEPS = 1024
_N_STEPS = Interval(Integral, 1, 2**16, closed="both")  # texts that are computed as one batch


class TextAttribution(NamedTuple):
    """The attribution of a text's score: the parameters of `TokenAttributionDisplay`."""

    tokens: list[str]
    attributions: npt.NDArray[np.float64]
    target: object
    probability: float
    score_name: str
    score: float
    baseline_score: float


class TextModel(NamedTuple):
    """The steps of a fitted Pipeline that explain its scores."""

    tokenizer: TextTokenizer
    classifier: RNNTextClassifier


def attribute_text(
    estimator: object, text: str, *, target: object, n_steps: int, caller: str
) -> TextAttribution:
    """Attribute the score of a class to the words of a text.

    Parameters
    ----------
    estimator, text, target, n_steps
        As in `TokenAttributionDisplay.from_estimator`, which also lists errors and warnings.
    caller : str
        The name of the function that the user called, for the messages.

    Returns
    -------
    attribution : TextAttribution
    """
    if not isinstance(text, str):
        raise TypeError(
            f"{caller} takes one text, but got an object of type {type(text).__name__}. Pass a str."
        )
    _, (attribution,) = attribute_texts(
        estimator, [text], target=target, n_steps=n_steps, caller=caller
    )
    return attribution


def attribute_texts(
    estimator: object, texts: list[str], *, target: object, n_steps: int, caller: str
) -> tuple[TextModel, list[TextAttribution]]:
    """Attribute the score of a class to the words of each text.

    Parameters
    ----------
    estimator
        As in `TokenAttributionDisplay.from_estimator`.
    texts : list of str
        The texts.
    target, n_steps
        As in `TokenAttributionDisplay.from_estimator`. If `target` is None, the class of each text
        is the predicted one.
    caller : str
        The name of the function that the user called, for the messages.

    Returns
    -------
    model : TextModel
        The tokenizer and the classifier of the estimator.
    attributions : list of TextAttribution
        In the order of the texts.
    """
    if not _N_STEPS.is_satisfied_by(n_steps):
        raise ValueError(
            f"n_steps={n_steps!r} must be an int from 1 to {_N_STEPS.right:,}. The default is 32."
        )
    model = tokenizer, classifier = _find_model(estimator, caller)
    ids = apply_steps_before(estimator, classifier, texts)
    labels = classifier.classes_.tolist()
    attributions, incomplete = [], []
    for row, probabilities in enumerate(classifier.predict_proba(ids)):
        class_index = _find_class(target, labels, probabilities)
        attribution, of_network = _attribute_row(
            classifier, ids[row : row + 1], class_index, int(n_steps)
        )
        if not of_network.is_complete:
            incomplete.append(of_network)
        attributions.append(
            TextAttribution(
                tokens=tokenizer.inverse_transform(ids[row : row + 1])[0],
                attributions=attribution.words.numpy(),
                target=labels[class_index],
                probability=float(probabilities[class_index]),
                score_name="log-odds" if len(probabilities) == 2 else "logit",
                score=attribution.score,
                baseline_score=attribution.baseline_score,
            )
        )
    if incomplete:
        _warn_incomplete(incomplete, len(texts))
    return model, attributions


def _find_model(estimator: object, caller: str) -> TextModel:
    from sklearn_rnn._classifier import RNNTextClassifier  # not at the top: imports torch

    tokenizer = search_step(estimator, TextTokenizer)
    classifier = search_step(estimator, RNNTextClassifier)
    if tokenizer is None or classifier is None:
        raise TypeError(
            f"{caller} takes a fitted Pipeline of a TextTokenizer and an RNNTextClassifier, but "
            f"got {describe(unwrap_search(estimator))}. Make one: "
            "make_pipeline(TextTokenizer(), RNNTextClassifier()).fit(texts, labels)."
        )
    check_is_fitted(classifier)
    return TextModel(tokenizer, classifier)


def _find_class(target: Any, labels: list[Any], probabilities: npt.NDArray[np.float64]) -> int:
    if target is None:
        return int(probabilities.argmax())
    # By hash: a comparison with an array or a Series would have no truth value.
    index_of = {label: index for index, label in enumerate(labels)}
    try:
        return index_of[target]
    except (KeyError, TypeError, ValueError):  # none of them, or of a type that has no hash
        raise ValueError(
            f"target={target!r} is none of the classes {labels}. Pass one of them, or None for the "
            "predicted one."
        ) from None


def _attribute_row(
    classifier: RNNTextClassifier, ids: IdArray, class_index: int, n_steps: int
) -> tuple[Attribution, Attribution]:
    """Attribute the score of a class to the words of a text.

    Parameters
    ----------
    classifier : RNNTextClassifier
        The fitted classifier.
    ids : ndarray of int32 of shape (1, max_length)
        The right-padded ids of the text.
    class_index : int
        The index of the class in `classes_`.
    n_steps : int
        The number of integration steps to start with.

    Returns
    -------
    attribution : Attribution
        The attribution of the score of the network plus its linear term.
    of_network : Attribution
        That of the network alone.
    """
    import torch  # not at the top: the import takes seconds

    from sklearn_rnn._inspection.attribution import integrated_gradients, linear_attribution
    from sklearn_rnn._linear.characters import split_characters

    net = classifier.net_

    def score(logits: torch.Tensor) -> torch.Tensor:
        logits = logits / net.module_.temperature
        logit = logits[:, class_index]
        return logit - logits[:, 1 - class_index] if logits.shape[1] == 2 else logit

    columns = replace_unknown_ids(ids, net.known_ids_, keep_characters=net.reads_characters)
    n_columns = sequence_lengths(ids)[0]
    words, characters = torch.from_numpy(columns[:, :n_columns]).to(net.device), None
    if net.reads_characters:
        words, characters = split_characters(words)
    of_network = integrated_gradients(
        net.module_, words, characters, score, n_steps=n_steps, max_steps=_MAX_STEPS
    )
    term = net.module_.linear_term
    if term is None:
        return of_network, of_network
    of_term = linear_attribution(term, words, characters, score)
    return of_network.add(of_term, score(term.bias.detach()[None]).item()), of_network


def _warn_incomplete(incomplete: list[Attribution], n_texts: int) -> None:
    worst = max(incomplete, key=lambda attribution: attribution.error)
    where = "" if n_texts == 1 else f" of {len(incomplete):,} of {n_texts:,} texts, at worst,"
    warn_user(
        f"The contributions of the words{where} sum to {worst.words.sum():.4f} instead of "
        f"{worst.change:.4f}, with n_steps={worst.n_steps}. Pass a larger n_steps, or read the "
        "colours as approximate.",
        ConvergenceWarning,
    )
