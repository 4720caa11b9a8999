"""History: means over the texts, and the epochs of its rows."""

import numpy as np
import pytest
import torch

from sklearn_rnn._training.history import GradientFlow, make_history


def test_history_is_the_mean_over_the_texts(make_classifier, word_order):
    X, y = word_order
    classifier = make_classifier(
        max_epochs=1,
        learning_rate=1e-12,
        batch_size=30,
        label_smoothing=0.0,
        precision="float32",
        linear_ngrams=0,
    )
    classifier.fit(X, y, X_val=X, y_val=y)
    probabilities = classifier.predict_proba(X)
    loss = -np.log(probabilities[np.arange(len(y)), (y == "pos").astype(int)]).mean()
    history = classifier.history_.loc[1]
    for part in ("train", "valid"):
        assert history[f"{part}_loss"] == pytest.approx(loss, abs=1e-6)
        assert history[f"{part}_accuracy"] == pytest.approx(classifier.score(X, y))


def test_rows_are_numbered_by_the_epochs_completed():
    rows = [{"epochs_completed": n, "train_loss": 1.0, "dur": 2.0, "batches": []} for n in (1, 2)]
    history = make_history(rows, epochs_before=3)
    assert history.index.tolist() == [4, 5]
    assert history.index.name == "epoch"
    assert list(history) == [
        "train_loss",
        "train_accuracy",
        "valid_loss",
        "valid_accuracy",
        "learning_rate",
        "seconds",
    ]
    assert history["seconds"].tolist() == [2, 2]
    assert history["valid_loss"].isna().all()


def test_fractions_of_epochs_stay_fractions():
    rows = [{"epochs_completed": n} for n in (0.5, 1)]
    assert make_history(rows).index.tolist() == [0.5, 1.0]


def test_an_empty_history_has_whole_epochs():
    assert make_history([]).index.dtype == np.int64
    assert len(make_history([])) == 0


def test_gradients_are_recorded_by_layer_and_step():
    module = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
    flow = GradientFlow()
    for step in (1.0, 2.0):
        for parameter in module.parameters():
            parameter.grad = torch.full_like(parameter, -step)
        module[0].bias.grad[0] = 3 * step
        flow.record(module)
    table = flow.to_frame()
    assert table.index.tolist() == [(1, "0"), (1, "2"), (2, "0"), (2, "2")]
    assert table["max"].tolist() == [3, 1, 6, 2]
    np.testing.assert_allclose(table["mean"], [11 / 9, 1, 22 / 9, 2])


def test_gradient_flow_without_steps_is_empty():
    assert GradientFlow().to_frame().empty
