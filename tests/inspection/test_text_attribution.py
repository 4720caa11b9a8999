"""Attribution of a text's score: targets, completeness, refused input."""

import re

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import VotingClassifier
from sklearn.pipeline import make_pipeline

from sklearn_rnn import TextTokenizer
from sklearn_rnn._inspection.text_attribution import attribute_text
from tests.texts import LABELS, TEXTS


def attribute(model, text, *, target=None, n_steps=32):
    caller = "TokenAttributionDisplay.from_estimator"
    return attribute_text(model, text, target=target, n_steps=n_steps, caller=caller)


def test_two_classes_have_opposite_attributions(model):
    for_praise = attribute(model, "so good", target="praise")
    for_blame = attribute(model, "so good", target="blame")
    assert for_praise.attributions == pytest.approx(-for_blame.attributions)
    assert for_praise.probability + for_blame.probability == pytest.approx(1)


def test_logit_is_attributed_with_three_classes(fit_pipeline):
    model = fit_pipeline(["so good", "so bad", "so so"] * 5, [1, 2, 3] * 5)
    attribution = attribute(model, "so bad", target=3)
    logits = model.decision_function(["so bad"])[0]
    assert attribution.target == 3
    assert attribution.score == pytest.approx(logits[2], abs=1e-5)
    assert attribution.score_name == "logit"


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("linear_ngrams", [0, 1, 2])
def test_attributions_sum_to_the_change_of_the_whole_score(fit_pipeline, n_classes, linear_ngrams):
    texts = ["so good", "so bad", "so so"][:n_classes] * 5
    labels = list(range(n_classes)) * 5
    model = fit_pipeline(texts, labels, linear_ngrams=linear_ngrams, batch_size=5)
    text = "so bad so bad and good"
    attribution = attribute(model, text, target=1)
    scores = model.decision_function([text])[0]
    expected = scores if n_classes == 2 else scores[1]
    assert attribution.score == pytest.approx(expected, abs=1e-5)
    change = attribution.score - attribution.baseline_score
    assert attribution.attributions.sum() == pytest.approx(change, rel=0.01, abs=0.001)
    if linear_ngrams:
        bias = model[-1].net_.module_.linear_term.bias
        value = (bias[1] - bias[0] if n_classes == 2 else bias[1]).item()
        bias.zero_()
        without = attribute(model, text, target=1)
        assert attribution.baseline_score == pytest.approx(without.baseline_score + value, abs=1e-6)
        assert attribution.attributions == pytest.approx(without.attributions, abs=1e-6)


def test_unknown_class_is_refused(model):
    message = (
        "target='prays' is none of the classes ['blame', 'praise']. Pass one of them, or None for "
        "the predicted one."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        attribute(model, "so good", target="prays")


@pytest.mark.parametrize("n_steps", [0, 1.5, True, "many", None, np.timedelta64(3, "D")])
def test_invalid_n_steps_is_refused(model, n_steps):
    message = f"n_steps={n_steps!r} must be an int from 1 to 65,536. The default is 32."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        attribute(model, "so good", n_steps=n_steps)


def test_classifier_without_tokenizer_is_refused(model):
    message = (
        "TokenAttributionDisplay.from_estimator takes a fitted Pipeline of a TextTokenizer and an "
        "RNNTextClassifier, but got an object of type RNNTextClassifier. Make one: "
        "make_pipeline(TextTokenizer(), RNNTextClassifier()).fit(texts, labels)."
    )
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        attribute(model[-1], "so good")


def test_ensemble_is_refused(make_classifier):
    ensemble = VotingClassifier([("one", make_classifier())])
    model = make_pipeline(TextTokenizer(), ensemble).fit(TEXTS, LABELS)
    message = (
        "TokenAttributionDisplay.from_estimator takes a fitted Pipeline of a TextTokenizer and an "
        "RNNTextClassifier, but got a Pipeline of TextTokenizer, VotingClassifier. Make one: "
        "make_pipeline(TextTokenizer(), RNNTextClassifier()).fit(texts, labels)."
    )
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        attribute(model, "so good")


def test_too_many_steps_for_the_memory(model):
    for n_steps in (2**16 + 1, 10**30, np.uint64(2**64 - 1)):
        message = f"n_steps={n_steps!r} must be an int from 1 to 65,536. The default is 32."
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            attribute(model, "so good", n_steps=n_steps)


@pytest.mark.parametrize(
    "target",
    [
        ["praise"],
        np.array(["praise", "blame"]),
        pd.Series([1, 2]),
        pd.NA,
        np.timedelta64(2),
        b"praise",
    ],
    ids=repr,
)
def test_a_target_of_another_type(model, target):
    message = f"target={target!r} is none of the classes ['blame', 'praise']. Pass one of them"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        attribute(model, "so good", target=target)
