"""Ids with characters: the contracts of predictions, of continued training and of Pipelines."""

import copy
import pickle
import re

import joblib
import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from skorch.callbacks import EpochScoring

from sklearn_rnn import TextTokenizer, WordVectors
from sklearn_rnn._ids import FIRST_CHARACTER
from sklearn_rnn._inspection.text_attribution import attribute_text
from sklearn_rnn.plotting import TextLengthDisplay, TokenAttributionDisplay
from tests.cells import EquationGRU
from tests.nets import same_weights

WORDS = ["raining", "rained", "rains", "snowing", "snowed", "snows", "so", "it", "語語語", "a😀b"]
rng = np.random.default_rng(0)
TEXTS = [" ".join(rng.choice(WORDS, rng.integers(1, 7))) for _ in range(120)]
LABELS = np.array(["rain" if "rain" in text else "dry" for text in TEXTS])
NEW_TEXTS = [
    "rainy",
    "snowy so",
    "\U0010ffff\ud800𐍈 raining",
    "",
    "so it",
    "a" * 300,
    "unrained it",
]

# Networks with score channels of character n-grams, with their vectors, and with other layers.
SETTINGS = {
    "channels": {"linear_ngrams": 2},
    "words alone in the linear term": {"linear_ngrams": 1},
    "vectors": {"linear_ngrams": 0, "word_dropout": 0.3},
    "batch norm": {"batch_norm": True, "hidden_size": (4, 4)},
    "custom cell": {"cell_type": EquationGRU},
    "attention": {"linear_ngrams": 0, "pooling": ("last", "mean", "attention", "flatten")},
    "early stopping": {"early_stopping": True, "max_epochs": 4, "validation_fraction": 0.2},
    "auto": {"word_dropout": "auto", "max_epochs": "auto", "batch_size": "auto"},
}
every_setting = pytest.mark.parametrize("setting", SETTINGS)
some_settings = pytest.mark.parametrize("setting", ["channels", "vectors"])


def count_words(ids):
    return ((ids > 0) & (ids < FIRST_CHARACTER)).sum(1)


@pytest.fixture(autouse=True)
def reads_scores(monkeypatch):
    """Let the networks with linear_ngrams read score channels, as with more texts."""
    monkeypatch.setattr("sklearn_rnn._nn.architecture.TEXTS_PER_CLASS_TO_READ", 50)


@pytest.fixture
def make(make_classifier):
    def make(setting="channels", *, max_length=80, **parameters):
        tokenizer = TextTokenizer(min_count=1, max_length=max_length, add_characters=True)
        return make_pipeline(tokenizer, make_classifier(**SETTINGS[setting] | parameters))

    return make


@every_setting
def test_a_text_has_the_same_probabilities_everywhere(make, setting):
    model = make(setting).fit(TEXTS, LABELS)
    tokenizer, classifier = model
    assert classifier.net_.reads_characters
    texts = NEW_TEXTS + TEXTS[:40]
    expected = model.predict_proba(texts)
    alone = np.concatenate([model.predict_proba([text]) for text in texts])
    assert_allclose(alone, expected, atol=1e-6, rtol=0)
    order = np.random.default_rng(1).permutation(len(texts))
    assert_array_equal(model.predict_proba([texts[i] for i in order]), expected[order])
    ids = tokenizer.transform(texts)
    for same in (ids.astype(np.int64), ids.astype(np.uint32), ids.tolist()):
        assert_array_equal(classifier.predict_proba(same), expected)
    lengths = (ids > 0).sum(1)
    for text, length in zip(ids[:7], lengths, strict=False):  # other widths of the batch
        row = classifier.predict_proba(text[None])
        batch = np.stack([text, *ids[lengths <= length][:3]])
        assert_allclose(classifier.predict_proba(batch)[:1], row, atol=1e-6, rtol=0)
    assert_allclose(classifier.net_.predict_proba(ids), expected, atol=1e-6)
    assert_allclose(classifier.net_.forward(ids).softmax(1), expected, atol=1e-6)


@pytest.fixture(scope="module", params=["channels", "vectors"])
def fitted(request):
    """A classifier fitted on ids with characters, for tests of many examples."""
    from sklearn_rnn import RNNTextClassifier

    tokenizer = TextTokenizer(min_count=1, max_length=12, add_characters=True)
    small = {"embedding_dim": 4, "hidden_size": 4, "max_epochs": 1, "random_state": 0}
    classifier = RNNTextClassifier(**small | SETTINGS[request.param], device="cpu")
    ids = tokenizer.fit_transform([text[:9] for text in TEXTS])
    return classifier.fit(np.asarray(ids), LABELS)


IDS = st.sampled_from([0, 1, 2, 3, 999, *(FIRST_CHARACTER + ord(c) for c in "ran😀")])


@settings(max_examples=60)
@given(st.data(), st.lists(st.lists(IDS, min_size=12, max_size=12), min_size=1, max_size=6))
def test_any_rows_of_ids_are_predicted_alone_as_in_a_batch(fitted, data, rows):
    """Also rows of characters alone, of padding, and with padding between words."""
    expected = fitted.predict_proba(rows)
    alone = np.concatenate([fitted.predict_proba([row]) for row in rows])
    assert_allclose(alone, expected, atol=1e-6, rtol=0)
    order = data.draw(st.permutations(range(len(rows))))
    assert_array_equal(fitted.predict_proba([rows[i] for i in order]), expected[order])
    assert_allclose(fitted.net_.predict_proba(np.array(rows)), expected, atol=1e-6, rtol=0)


@some_settings
def test_words_unseen_at_fit_are_not_one_and_the_same(make, setting):
    model = make(setting, max_epochs=10).fit(TEXTS, LABELS)
    new = ["rainer", "snower", "xyzw"]
    assert len(np.unique(model.predict_proba(new)[:, 0])) == 3
    assert model.predict(new[:2]).tolist() == ["rain", "dry"]
    model.set_params(texttokenizer__add_characters=False).fit(TEXTS, LABELS)
    assert len(np.unique(model.predict_proba(new)[:, 0])) == 1


@some_settings
def test_fits_are_repeatable_and_take_any_integers(make, setting, tmp_path):
    model = make(setting).fit(TEXTS, LABELS)
    classifier = model[-1]
    assert same_weights(clone(model).fit(TEXTS, LABELS)[-1], classifier)
    ids = model[0].transform(TEXTS)
    assert same_weights(clone(classifier).fit(ids.astype(np.int64), LABELS), classifier)
    np.save(tmp_path / "ids.npy", np.asarray(ids))
    mapped = np.load(tmp_path / "ids.npy", mmap_mode="r")
    assert same_weights(clone(classifier).fit(mapped, LABELS), classifier)
    assert_array_equal(classifier.predict_proba(mapped), model.predict_proba(TEXTS))


@every_setting
def test_copies_predict_the_same_bits(make, setting, tmp_path):
    model = make(setting).fit(TEXTS, LABELS)
    expected = model.predict_proba(NEW_TEXTS)
    joblib.dump(model, tmp_path / "model.joblib")
    for other in (
        pickle.loads(pickle.dumps(model)),
        joblib.load(tmp_path / "model.joblib"),
        copy.deepcopy(model),
    ):
        assert_array_equal(other.predict_proba(NEW_TEXTS), expected)
        assert_array_equal(other[0].transform(NEW_TEXTS), model[0].transform(NEW_TEXTS))
        other[-1].set_params(warm_start=True).fit(other[0].transform(TEXTS), LABELS)


@some_settings
def test_training_goes_on_with_characters(make, setting):
    model = make(setting).fit(TEXTS, LABELS)
    tokenizer, classifier = model
    before = classifier.predict_proba(tokenizer.transform(NEW_TEXTS))
    more = tokenizer.partial_fit(["unraining words", "hail"] * 5).transform(["hail", "raining"] * 9)
    classifier.partial_fit(more, ["dry", "rain"] * 9)
    assert not np.array_equal(classifier.predict_proba(tokenizer.transform(NEW_TEXTS)), before)
    classifier.set_params(warm_start=True).fit(tokenizer.transform(TEXTS), LABELS)
    assert classifier.net_.reads_characters
    # Texts without characters are texts too.
    without = np.where(more >= FIRST_CHARACTER, 0, more)[:, :1]
    classifier.partial_fit(np.pad(without, ((0, 0), (0, 79))), ["dry", "rain"] * 9)


@pytest.mark.parametrize("call", ["partial_fit", "warm_start"])
def test_a_network_without_characters_does_not_go_on_with_them(make, call):
    model = make().set_params(texttokenizer__add_characters=False).fit(TEXTS, LABELS)
    classifier = model[-1].set_params(warm_start=True)
    with_characters = np.asarray(make()[0].fit_transform(TEXTS))
    message = (
        "X has characters after its words, and the network was trained without. Pass ids of a "
        "TextTokenizer with add_characters=False, or call fit with warm_start=False to train a new "
        "network."
    )
    expected = model.predict_proba(TEXTS)
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        getattr(classifier, "partial_fit" if call == "partial_fit" else "fit")(
            with_characters, LABELS
        )
    assert_array_equal(model.predict_proba(TEXTS), expected)
    classifier.set_params(warm_start=False).fit(with_characters, LABELS)
    assert classifier.net_.reads_characters


def test_set_params_holds_at_the_next_fit(make):
    model = make().fit(TEXTS, LABELS)
    model.set_params(texttokenizer__add_characters=False).fit(TEXTS, LABELS)
    assert not model[0].add_characters_
    assert not model[-1].net_.reads_characters
    assert (model[0].transform(TEXTS) < FIRST_CHARACTER).all()


@pytest.mark.parametrize("linear_ngrams", [0, 2])
@pytest.mark.parametrize("freeze_embeddings", [False, True])
def test_word_vectors(make, linear_ngrams, freeze_embeddings):
    vectors = WordVectors(WORDS[:4], rng.normal(size=(4, 4)))
    model = make(
        word_vectors=vectors, linear_ngrams=linear_ngrams, freeze_embeddings=freeze_embeddings
    ).set_params(texttokenizer__vocabulary=vectors)
    model.fit(TEXTS, LABELS)
    weights = model[-1].net_.get_weights()
    is_same = np.allclose(weights["embedding.weight"][2:6], vectors.matrix, atol=1e-6)
    assert is_same is freeze_embeddings
    if linear_ngrams == 0:
        assert (weights["character_embedding.weight"] != 0).any()
    assert np.isfinite(model.predict_proba(NEW_TEXTS)).all()


def test_a_grid_search_over_characters(make):
    model = make(max_epochs=8)
    search = GridSearchCV(model, {"texttokenizer__add_characters": [False, True, "auto"]}, cv=2)
    search.fit(TEXTS, LABELS)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("linear_ngrams", [0, 1, 2])
def test_attributions_sum_to_the_change_of_the_score(make, linear_ngrams, n_classes):
    labels = LABELS if n_classes == 2 else np.where([len(t) > 30 for t in TEXTS], "long", LABELS)
    model = make(linear_ngrams=linear_ngrams, max_epochs=5).fit(TEXTS, labels)
    text = "Raining so rainish xsnowing, it"
    attribution = attribute_text(model, text, target=None, n_steps=64, caller="test")
    assert attribution.tokens == ["raining", "so", "rainish", "xsnowing", "<unk>", "it"]
    assert len(attribution.attributions) == 6
    scores = model.decision_function([text])[0]
    expected = abs(scores) if n_classes == 2 else scores.max()
    assert attribution.score == pytest.approx(expected, abs=1e-4)
    change = attribution.score - attribution.baseline_score
    assert attribution.attributions.sum() == pytest.approx(change, rel=0.02, abs=0.01)
    # The characters of an unknown word count for it.
    assert attribution.attributions[2] != attribution.attributions[3]


def test_displays_of_a_pipeline(make):
    matplotlib.use("Agg")
    model = make().fit(TEXTS, LABELS)
    lengths = TextLengthDisplay.from_estimator(model, TEXTS)
    display = TokenAttributionDisplay.from_estimator(model, "rainish so")
    assert list(display.tokens) == ["rainish", "so"]
    assert "rainish" in display._repr_html_()
    assert lengths.lengths.max() == count_words(model[0].transform(TEXTS)).max()
    plt.close("all")


def test_callbacks_read_the_ids_of_a_dataset(make):
    seen = []

    def score(net, X, y):
        seen.append(net.predict_proba(X))
        return float(np.mean(seen[-1][:, 0]))

    callback = EpochScoring(score, name="mean", use_caching=False, on_train=True)
    model = make(callbacks=[callback], max_epochs=2).fit(TEXTS, LABELS)
    assert len(seen) == 2
    assert seen[0].shape == (len(TEXTS), 2)
    assert np.isfinite(model[-1].net_.history[:, "mean"]).all()


def test_a_summary_has_the_vectors_of_character_ngrams(make):
    model = make("vectors").fit(TEXTS, LABELS)
    module = model[-1].net_.module_
    n_parameters = sum(p.numel() for p in module.parameters())
    assert model[-1].n_parameters_ == n_parameters
    assert model[-1].summary()["n_parameters"].sum() == n_parameters
