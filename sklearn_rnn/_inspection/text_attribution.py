"""From a fitted Pipeline and a text to what each word adds to the score of a class."""

from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted

from sklearn_rnn._ids import replace_unknown_ids, sequence_lengths
from sklearn_rnn._inspection.pipeline_steps import (
    apply_steps_before,
    describe,
    search_step,
    unwrap_search,
)
from sklearn_rnn._tokenizer import TextTokenizer
from sklearn_rnn._warnings import warn_user

_MAX_STEPS = 1024


class TextAttribution(NamedTuple):
    """What `TokenAttributionDisplay` keeps, whose parameters these are."""

    tokens: list
    attributions: np.ndarray
    target: Any
    probability: float
    score_name: str
    score: float
    baseline_score: float


def attribute_text(estimator, text, *, target, n_steps, caller):
    """Attribute the score of a class to the words of a text.

    Parameters
    ----------
    estimator, text, target, n_steps
        As in `TokenAttributionDisplay.from_estimator`, which also says what is raised.
    caller : str
        Who asks, for the messages. Its caller is who is warned.

    Returns
    -------
    attribution : TextAttribution
    """
    _check_text_and_steps(text, n_steps, caller)
    tokenizer, classifier = _find_parts(estimator, caller)
    ids = apply_steps_before(estimator, classifier, [text])
    probabilities = classifier.predict_proba(ids)[0]
    class_index = _find_class(target, classifier.classes_, probabilities)
    attribution = _attribute(classifier, ids, class_index, n_steps)
    return TextAttribution(
        tokens=tokenizer.inverse_transform(ids)[0],
        attributions=attribution.words.numpy(),
        target=classifier.classes_[class_index : class_index + 1].tolist()[0],
        probability=float(probabilities[class_index]),
        score_name="log-odds" if len(probabilities) == 2 else "logit",
        score=attribution.score,
        baseline_score=attribution.baseline_score,
    )


def _check_text_and_steps(text, n_steps, caller):
    if not isinstance(text, str):
        raise TypeError(
            f"{caller} takes one text, but got an object of type {type(text).__name__}. Pass a str."
        )
    if not isinstance(n_steps, Integral) or isinstance(n_steps, bool) or n_steps < 1:
        raise ValueError(f"n_steps={n_steps!r} must be an int of at least 1. The default is 32.")


def _find_parts(estimator, caller):
    from sklearn_rnn._classifier import RNNTextClassifier  # late, since torch takes seconds

    tokenizer, classifier = (
        search_step(estimator, kind) for kind in (TextTokenizer, RNNTextClassifier)
    )
    if tokenizer is None or classifier is None:
        raise TypeError(
            f"{caller} takes a fitted Pipeline of a TextTokenizer and an RNNTextClassifier, but "
            f"got {describe(unwrap_search(estimator))}. Make one: "
            "make_pipeline(TextTokenizer(), RNNTextClassifier()).fit(texts, labels)."
        )
    check_is_fitted(classifier)
    return tokenizer, classifier


def _find_class(target, classes, probabilities):
    if target is None:
        return int(probabilities.argmax())
    labels = classes.tolist()
    if target not in labels:
        raise ValueError(
            f"target={target!r} is none of the classes {labels}. Pass one of them, or None for the "
            "predicted one."
        )
    return labels.index(target)


def _attribute(classifier, ids, class_index, n_steps):
    """Attribute the score of a class to the words of one row of ids."""
    import torch  # late: the classifier has imported it, the package has not

    from sklearn_rnn._inspection.attribution import integrated_gradients, linear_attribution

    def score(logits):
        chosen = logits[:, class_index]
        return chosen - logits[:, 1 - class_index] if logits.shape[1] == 2 else chosen

    module, device = classifier.net_.module_, classifier.net_.device
    lengths = sequence_lengths(ids)
    known = torch.from_numpy(replace_unknown_ids(ids[:, : lengths[0]], classifier._lookup)).to(
        device
    )
    attribution = integrated_gradients(
        module,
        known,
        torch.from_numpy(lengths).to(device),
        score,
        n_steps=n_steps,
        max_steps=_MAX_STEPS,
    )
    if not attribution.is_complete:
        warn_user(
            f"The contributions of the words sum to {attribution.words.sum():.4f}, and should to "
            f"{attribution.change:.4f}, with n_steps={attribution.n_steps}. Pass a larger n_steps, "
            "or read the colours as approximate.",
            ConvergenceWarning,
        )
    if module.linear_term is None:
        return attribution
    words = linear_attribution(module.linear_term, known, score)
    return attribution.add(words, score(module.linear_term.bias.detach()[None]).item())
