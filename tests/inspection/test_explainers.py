"""LIME, SHAP and captum on our Pipeline: they run, and agree on which word matters."""

import numpy as np
import pytest
import torch
from sklearn.pipeline import make_pipeline

from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn._ids import sequence_lengths
from sklearn_rnn.inspection import token_attributions

# The three packages issue warnings of their own.
pytestmark = pytest.mark.filterwarnings("default")

TEXT = "a good film of so many"


@pytest.fixture(scope="module")
def model():
    texts = ["a good film", "a bad film", "so good of many", "so bad of many"] * 10
    labels = ["praise", "blame", "praise", "blame"] * 10
    classifier = RNNTextClassifier(
        hidden_size=8, max_epochs=20, linear_ngrams=0, random_state=0, device="cpu"
    )
    return make_pipeline(TextTokenizer(), classifier).fit(texts, labels)


def contributions(model):
    table = token_attributions(model, [TEXT], target="praise")
    return table.set_index("token")["contribution"]


def test_our_own(model):
    assert contributions(model).idxmax() == "good"


def test_lime(model):
    lime_text = pytest.importorskip("lime.lime_text")
    explainer = lime_text.LimeTextExplainer(class_names=model.classes_, random_state=0)
    explanation = explainer.explain_instance(TEXT, model.predict_proba, num_samples=300)
    weights = dict(explanation.as_list())
    assert max(weights, key=weights.get) == "good"


def test_shap(model):
    shap = pytest.importorskip("shap")
    explainer = shap.Explainer(model.predict_proba, shap.maskers.Text(r"\W+"))
    explanation = explainer([TEXT], silent=True)
    values, base = explanation.values[0], explanation.base_values[0]
    assert base + values.sum(axis=0) == pytest.approx(model.predict_proba([TEXT])[0], abs=1e-5)
    assert explanation.data[0][values[:, 1].argmax()].strip() == "good"


def test_captum(model):
    attr = pytest.importorskip("captum.attr")
    module = model[-1].net_.module_
    ids = model[:-1].transform([TEXT])
    lengths = torch.from_numpy(sequence_lengths(ids))
    ids = torch.from_numpy(np.ascontiguousarray(ids[:, : lengths[0]]))
    explainer = attr.LayerIntegratedGradients(module, module.embedding)
    for_class = [
        explainer.attribute(ids, target=index, additional_forward_args=(lengths,), n_steps=500)
        for index in (0, 1)
    ]
    log_odds = (for_class[1] - for_class[0]).sum(-1)[0].detach().numpy()
    assert log_odds == pytest.approx(contributions(model).to_numpy(), rel=0.02, abs=0.002)
