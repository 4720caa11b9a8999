"""The temperature, and characters in validation, batches, dtypes and callbacks."""

import re

import numpy as np
import pytest
import torch
from skorch.callbacks import LoadInitState, TrainEndCheckpoint

from sklearn_rnn import RNNTextClassifier
from sklearn_rnn._ids import FIRST_CHARACTER
from sklearn_rnn._training.batches import BATCH_IDS, IdsDataset, SequentialBatches
from sklearn_rnn._training.calibration import fit_temperature
from sklearn_rnn._training.data import TrainingData, choose_batch_size, choose_max_epochs

WORDS = ["rain", "rainy", "sun", "sunny"]


def make_ids(n_texts: int = 120, *, with_characters: bool = True) -> np.ndarray:
    """Return texts of one word, whose id is 1 and whose characters follow."""
    ids = np.zeros((n_texts, 8), dtype=np.int32)
    ids[:, 0] = 1
    if with_characters:
        for row, word in zip(ids, WORDS * n_texts, strict=False):
            row[1 : 1 + len(word)] = [FIRST_CHARACTER + ord(letter) for letter in word]
    return ids


def make_labels(n_texts: int = 120) -> np.ndarray:
    return np.arange(n_texts) % 4 // 2


def small_classifier(**parameters: object) -> RNNTextClassifier:
    return RNNTextClassifier(hidden_size=4, embedding_dim=8, random_state=0, **parameters)


def test_validation_reads_characters_that_the_resumed_training_texts_lack():
    X, y = make_ids(), make_labels()
    classifier = small_classifier(warm_start=True, max_epochs=3).fit(X, y)
    classifier.fit(make_ids(with_characters=False), y, X_val=X, y_val=y)
    best = classifier.history_.loc[classifier.best_epoch_, "valid_accuracy"]
    assert best == classifier.score(X, y) > 0.9


def test_float32_cannot_hold_characters():
    X, y = make_ids(), make_labels()
    classifier = small_classifier(max_epochs=1).fit(X, y)
    message = (
        "X has characters, whose ids from 1073741824 on float32 cannot tell apart. Pass integers, "
        "as TextTokenizer returns them."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        classifier.predict(X.astype(np.float32))
    expected = classifier.predict_proba(X)
    np.testing.assert_array_equal(classifier.predict_proba(X.astype(np.float64)), expected)


def test_net_predicts_the_inputs_of_a_batch_with_characters():
    X, y = make_ids(), make_labels()
    classifier = small_classifier(max_epochs=1).fit(X, y)
    net = classifier.net_
    inputs, _ = net.get_dataset(X)[np.arange(len(X))]
    np.testing.assert_allclose(net.predict_proba(inputs), classifier.predict_proba(X), atol=1e-6)


def test_training_without_validation_data_has_no_temperature_of_a_checkpoint(tmp_path):
    X, y = make_ids(), make_labels()
    checkpoint = TrainEndCheckpoint(dirname=str(tmp_path))
    first = small_classifier(max_epochs=1, callbacks=[checkpoint]).fit(X, y, X_val=X, y_val=y)
    assert first.net_.module_.temperature != 1
    second = small_classifier(max_epochs=1, callbacks=[LoadInitState(checkpoint)]).fit(X, y)
    assert second.net_.module_.temperature == 1


def test_batches_of_validation_are_bounded_with_characters():
    ids = np.repeat(make_ids(1), BATCH_IDS, axis=0)
    n = len(ids)
    n_columns = np.full(n, 5)
    data = TrainingData(ids, np.zeros(n, np.int64), np.ones(n), n_columns)
    for inputs, _ in SequentialBatches(IdsDataset(data, reads_characters=True)):
        n_texts, n_keys = inputs["character_keys"].shape
        assert inputs["ids"].shape == (n_texts, 1)
        assert n_keys == 3 * 5
        assert n_texts * 5 <= BATCH_IDS


def test_temperature_stays_moderate_if_all_validation_texts_are_classified_correctly():
    labels = np.arange(100) % 2
    logits = np.where(labels[:, None] == [0, 1], 4.0, 0.0)
    assert 0.4 < fit_temperature(logits, labels, np.ones(100)) < 1


@pytest.mark.parametrize("temperature", [0.3, 1.0, 4.0])
def test_temperature_of_many_texts_is_found_despite_the_prior(temperature):
    rng = np.random.default_rng(0)
    logits = rng.normal(scale=2, size=(20_000, 3))
    uniform = rng.uniform(size=(len(logits), 1))
    probabilities = torch.from_numpy(logits).softmax(1).numpy()
    labels = (probabilities.cumsum(1) < uniform).sum(1)
    fitted = fit_temperature(temperature * logits, labels, np.full(len(labels), 7.0))
    assert fitted == pytest.approx(temperature, rel=0.03)


@pytest.mark.parametrize(("n_samples", "n_epochs"), [(700, 6), (1300, 4), (1400, 3), (50_000, 3)])
def test_epochs_of_two_classes_are_those_of_the_docstring(n_samples, n_epochs):
    batch_size = choose_batch_size("auto", n_samples)
    chosen = choose_max_epochs(
        "auto", n_samples=n_samples, batch_size=batch_size, n_classes=2, has_linear_term=True
    )
    assert chosen == n_epochs
