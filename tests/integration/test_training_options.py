"""Flatten, word dropout, evaluations, the loss as a score, recorded gradients, the summary."""

import pickle
import re

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.exceptions import ConvergenceWarning
from skorch.callbacks import Callback

from sklearn_rnn import RNNTextClassifier
from sklearn_rnn._ids import replace_unknown_ids
from tests.nets import same_weights


class Interrupt(Callback):
    """Ends the training before its first step."""

    def on_batch_begin(self, net, **kwargs):
        """Raise a KeyboardInterrupt, as Ctrl+C does."""
        raise KeyboardInterrupt


def without_seconds(classifier):
    return classifier.history_.drop(columns="seconds")


# pooling="flatten"


@pytest.mark.parametrize(
    ("parameters", "n_features"),
    [
        ({"pooling": "flatten"}, 6 * 8),
        ({"pooling": ("flatten",), "merge": "sum"}, 6 * 4),
        ({"pooling": "flatten", "bidirectional": False}, 6 * 4),
        ({"pooling": ("max", "flatten"), "num_layers": 2}, 8 + 6 * 8),
        ({"pooling": ("flatten", "mean", "last"), "hidden_size": (5, 3)}, 6 * 6 + 6 + 6),
    ],
    ids=repr,
)
def test_flatten_has_the_states_of_all_words(make_classifier, word_order, parameters, n_features):
    X, y = word_order
    classifier = make_classifier(**parameters).fit(X, y)
    summary = classifier.summary()
    assert summary.loc["poolings", "output_shape"] == (n_features,)
    assert classifier.net_.get_weights()["output.weight"].shape == (2, n_features)
    proba = classifier.predict_proba(X)
    alone = np.concatenate([classifier.predict_proba(X[[row]]) for row in range(len(X))])
    np.testing.assert_allclose(alone, proba, rtol=0, atol=1e-6)
    order = np.random.default_rng(0).permutation(len(X))
    np.testing.assert_allclose(classifier.predict_proba(X[order]), proba[order], rtol=0, atol=1e-6)
    loaded = pickle.loads(pickle.dumps(classifier))
    assert np.array_equal(loaded.predict_proba(X), proba)


def test_flatten_concatenates_the_states(make_classifier, word_order):
    """The reference is torch's layer, in one direction, on each text without padding."""
    X, y = word_order
    classifier = make_classifier(
        pooling="flatten", bidirectional=False, cell_type="gru", linear_ngrams=0
    ).fit(X, y)
    module = classifier.net_.module_.eval()
    with torch.no_grad():
        found = classifier.net_.logits(X[:10])
        for row, logits in zip(X[:10], found, strict=True):
            words = torch.from_numpy(row[row > 0].astype(np.int64))
            states, _ = module.layers[0].forward_cell(module.embedding(words)[:, None])
            features = torch.zeros(6, 4)
            features[: len(words)] = states[:, 0]
            expected = module.output(features.flatten())
            np.testing.assert_allclose(logits, expected.numpy(), rtol=0, atol=1e-6)


def test_flatten_learns_and_resumes(make_classifier, word_order):
    X, y = word_order
    learner = {"embedding_dim": 8, "hidden_size": 8, "learning_rate": 0.03, "max_epochs": 20}
    classifier = make_classifier(pooling="flatten", linear_ngrams=0, warm_start=True, **learner)
    assert classifier.fit(X, y).score(X, y) > 0.9
    short = np.where(np.arange(6) < 3, X, 0)  # no batch is as wide as max_length
    classifier.fit(short, y).partial_fit(short, y)
    assert np.isfinite(classifier.predict_proba(short)).all()


# word_dropout


def test_word_dropout_of_a_classifier_is_repeatable(make_classifier, word_order):
    X, y = word_order
    plain, half, again, more, other = (
        make_classifier(max_epochs=1, word_dropout=p, random_state=seed).fit(X, y)
        for p, seed in [(0.0, 0), (0.5, 0), (0.5, 0), (0.8, 0), (0.5, 1)]
    )
    assert same_weights(half, again)
    assert not same_weights(half, plain)
    assert not same_weights(half, more)
    assert not same_weights(half, other)
    assert np.array_equal(half.predict_proba(X), half.predict_proba(X))


def test_word_dropout_does_not_change_the_global_random_stream(make_classifier, word_order):
    before = torch.get_rng_state()
    make_classifier(word_dropout=0.5).fit(*word_order)
    assert torch.equal(torch.get_rng_state(), before)


def test_word_dropout_trains_the_vector_of_the_unknown_word(make_classifier, word_order):
    """Row 1 of the embedding is trained, though no text has an unknown word."""
    X, y = word_order
    rows = []
    for p in (0.0, 0.5):
        weights = make_classifier(word_dropout=p).fit(X, y).net_.get_weights()
        assert (weights["embedding.weight"][0] == 0).all()
        rows.append(weights["embedding.weight"][1])
    first = make_classifier(learning_rate=1e-12).fit(X, y).net_.get_weights()
    first = first["embedding.weight"][1]
    np.testing.assert_allclose(rows[0], first, rtol=0, atol=1e-9)
    assert np.abs(rows[1] - first).max() > 1e-3


# evaluations_per_epoch


def test_two_evaluations_per_epoch(make_classifier, word_order):
    X, y = word_order
    classifier = make_classifier(evaluations_per_epoch=2)
    classifier.fit(X[:40], y[:40], X_val=X[40:], y_val=y[40:])  # two batches an epoch
    history = classifier.history_
    assert history.index.tolist() == [0.5, 1.0, 1.5, 2.0, 2.5, 3.0]
    assert history.index.name == "epoch"
    assert classifier.n_epochs_ == 3
    assert history.notna().all(axis=None)
    assert (history["seconds"] > 0).all()
    best = history.index[np.lexsort((-history["valid_loss"], history["valid_accuracy"]))[-1]]
    assert classifier.best_epoch_ == best
    accuracy = history.loc[best, "valid_accuracy"]
    assert classifier.score(X[40:], y[40:]) == pytest.approx(accuracy, abs=1e-7)


def test_evaluations_fall_between_batches(make_classifier, word_order):
    classifier = make_classifier(evaluations_per_epoch=2, batch_size=16, max_epochs=1)
    assert classifier.fit(*word_order).history_.index.tolist() == [0.4, 1.0]  # of five batches


def test_more_evaluations_than_batches(make_classifier, word_order):
    classifier = make_classifier(evaluations_per_epoch=100, max_epochs=2).fit(*word_order)
    assert classifier.history_.index.tolist() == [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2]
    one_batch = make_classifier(evaluations_per_epoch=3, batch_size=100).fit(*word_order)
    assert one_batch.history_.index.tolist() == [1, 2, 3]
    assert isinstance(one_batch.n_epochs_, int)


@pytest.mark.parametrize("lr_schedule", [None, "one_cycle"])
def test_evaluations_do_not_change_the_training(make_classifier, word_order, lr_schedule):
    parameters = {"dropout": 0.5, "lr_schedule": lr_schedule}
    once = make_classifier(**parameters).fit(*word_order)
    often = make_classifier(evaluations_per_epoch=4, **parameters).fit(*word_order)
    assert same_weights(once, often)
    history = often.history_
    assert history[["valid_loss", "valid_accuracy"]].isna().all(axis=None)
    assert not hasattr(often, "best_epoch_")
    by_epoch = history["train_loss"].to_numpy().reshape(3, 4).mean(1)  # batches of equal size
    np.testing.assert_allclose(by_epoch, once.history_["train_loss"], rtol=1e-6)


def test_early_stopping_in_the_middle_of_an_epoch(make_classifier, word_order):
    X, y = word_order
    classifier = make_classifier(
        early_stopping=True,
        validation_fraction=0.25,
        n_iter_no_change=1,
        evaluations_per_epoch=3,
        learning_rate=1e-12,  # no progress after the first evaluation
        warm_start=True,
        max_epochs=9,
    ).fit(X, y)
    assert classifier.history_.index.tolist() == [1 / 3, 2 / 3, 1.0]
    assert classifier.n_epochs_ == 1
    assert classifier.best_epoch_ in classifier.history_.index
    classifier.set_params(n_iter_no_change=2).fit(X, y)
    np.testing.assert_allclose(classifier.history_.index, np.arange(1, 8) / 3)
    assert classifier.n_epochs_ == pytest.approx(7 / 3)
    assert 1 < classifier.best_epoch_ <= 7 / 3
    classifier.set_params(evaluations_per_epoch=1, max_epochs=1).fit(X, y)
    assert classifier.n_epochs_ == pytest.approx(10 / 3)
    assert len(classifier.history_) == 8


def test_warm_start_continues_to_count_epochs(make_classifier, word_order):
    classifier = make_classifier(evaluations_per_epoch=2, max_epochs=1, warm_start=True)
    classifier.fit(*word_order).fit(*word_order)
    assert classifier.history_.index.tolist() == [0.5, 1.0, 1.5, 2.0]
    classifier.partial_fit(*word_order)
    assert classifier.history_.index.tolist() == [0.5, 1.0, 1.5, 2.0, 3.0]


def test_partial_fit_evaluates_once(make_classifier, word_order):
    classifier = make_classifier(evaluations_per_epoch=4)
    classifier.partial_fit(*word_order, classes=["neg", "pos"])
    assert classifier.history_.index.tolist() == [1]
    assert isinstance(classifier.n_epochs_, int)


def test_plateau_counts_evaluations(make_classifier, word_order):
    X, y = word_order
    classifier = make_classifier(
        lr_schedule="plateau",
        n_iter_no_change=1,  # a patience of 0 evaluations
        evaluations_per_epoch=4,
        learning_rate=1e-7,
    ).fit(X, y, X_val=X, y_val=y)
    rates = classifier.history_["learning_rate"]
    assert len(rates) == 12
    np.testing.assert_allclose(rates.iloc[:4], [1e-7, 1e-7, 5e-8, 2.5e-8])


def test_history_of_evaluations_survives_a_pickle(make_classifier, word_order):
    classifier = make_classifier(evaluations_per_epoch=3).fit(*word_order)
    loaded = pickle.loads(pickle.dumps(classifier))
    pd.testing.assert_frame_equal(loaded.history_, classifier.history_)


def test_divergence_in_the_middle_of_an_epoch(make_classifier, word_order):
    class Spoil(Callback):
        n = 0

        def on_batch_end(self, net, training, **kwargs):
            self.n += training
            if self.n == 3:
                with torch.no_grad():
                    net.module_.output.bias.fill_(np.nan)

    classifier = make_classifier(evaluations_per_epoch=4, callbacks=[Spoil()])
    message = (
        "Training stopped: the loss or a weight is not finite after epoch 0.75. The weights of "
        "epoch 0.5 are kept. Lower learning_rate=0.02, or gradient_clip=1.0, which limits the norm "
        "of the gradient."
    )
    with pytest.warns(ConvergenceWarning, match=f"^{re.escape(message)}$"):
        classifier.fit(*word_order)
    assert classifier.history_.index.tolist() == [0.25, 0.5, 0.75]
    assert np.isfinite(classifier.predict_proba(word_order[0])).all()


# scoring


def test_the_loss_as_score_keeps_the_epoch_of_the_lowest_loss(make_classifier, word_order):
    X, y = word_order
    # Both scores evaluate the same training, which overfits.
    parameters = {"learning_rate": 0.05, "max_epochs": 15, "label_smoothing": 0.0}
    data = {"X": X[:40], "y": y[:40], "X_val": X[40:], "y_val": y[40:]}
    by_loss = make_classifier(scoring="loss", **parameters).fit(**data)
    by_accuracy = make_classifier(scoring="accuracy", **parameters).fit(**data)
    history = by_loss.history_
    pd.testing.assert_frame_equal(without_seconds(by_loss), without_seconds(by_accuracy))
    assert by_loss.best_epoch_ == history["valid_loss"].idxmin() < 15
    assert (
        by_accuracy.history_["valid_accuracy"].max()
        == (by_accuracy.history_.loc[by_accuracy.best_epoch_, "valid_accuracy"])
    )
    hits = np.log(by_loss.predict_proba(X[40:])[np.arange(40), (y[40:] == "pos").astype(int)])
    assert -hits.mean() == pytest.approx(history["valid_loss"].min(), rel=1e-5)


def test_early_stopping_by_the_loss(make_classifier, word_order):
    X, y = word_order
    parameters = {"early_stopping": True, "validation_fraction": 0.25, "n_iter_no_change": 2}
    classifier = make_classifier(
        scoring="loss", learning_rate=0.1, max_epochs=100, tol=0.0, **parameters
    ).fit(X, y)
    loss = classifier.history_["valid_loss"]
    assert classifier.n_epochs_ < 100
    assert classifier.best_epoch_ == loss.idxmin() == classifier.n_epochs_ - 3
    # tol is a difference of losses.
    strict = clone_with(classifier, tol=10.0).fit(X, y)
    assert strict.n_epochs_ == 4


def clone_with(classifier, **parameters):
    return RNNTextClassifier(**classifier.get_params() | parameters)


def test_scoring_has_no_effect_without_validation_data(make_classifier, word_order):
    fits = [make_classifier(scoring=scoring).fit(*word_order) for scoring in ("loss", "accuracy")]
    assert same_weights(*fits)


# record_gradients


def test_gradients_of_each_layer_at_each_step(make_classifier, word_order):
    X, y = word_order
    classifier = make_classifier(
        record_gradients=True,
        num_layers=2,
        pooling=("max", "attention"),
        head_sizes=(5,),
        batch_norm=True,
        linear_ngrams=1,
    ).fit(X, y)
    flow = classifier.gradient_flow_
    assert flow.columns.tolist() == ["mean", "max"]
    assert flow.index.names == ["step", "layer"]
    assert flow.index.is_unique
    steps, layers = (flow.index.unique(level).tolist() for level in ("step", "layer"))
    assert steps == list(range(1, 3 * 4 + 1))  # epochs times batches
    assert sorted(layers) == [
        "dense.0",
        "dense_norms.0",
        "dense_norms.1",
        "embedding",
        "layer_norms.0",
        "layer_norms.1",
        "layers.0.backward_cell",
        "layers.0.forward_cell",
        "layers.1.backward_cell",
        "layers.1.forward_cell",
        "output",
        "poolings.1.hidden",
        "poolings.1.score",
    ]
    assert len(flow) == len(steps) * len(layers)
    assert (flow["mean"] <= flow["max"]).all()
    assert (flow["max"] > 0).all()
    assert np.isfinite(flow).all(axis=None)


@pytest.mark.parametrize(
    "parameters", [{}, {"cell_type": "gru"}, {"gradient_clip": 1e-6}], ids=repr
)
def test_gradients_are_those_of_autograd(make_classifier, word_order, parameters):
    X, y = word_order
    classifier = make_classifier(
        record_gradients=True,
        learning_rate=1e-12,  # a step hardly changes the weights
        batch_size=80,
        max_epochs=1,
        precision="float32",
        label_smoothing=0.1,
        linear_ngrams=0,
        **parameters,
    ).fit(X, y)
    assert classifier.gradient_flow_.index.unique("step").tolist() == [1]

    module = classifier.net_.module_
    module.zero_grad()
    ids = torch.from_numpy(
        replace_unknown_ids(X, classifier.net_.known_ids_, keep_characters=False)
    )
    labels = torch.from_numpy((y == "pos").astype(np.int64))
    logits = module.classify(module.embed(ids), (ids > 0).sum(1))
    loss = torch.nn.CrossEntropyLoss(label_smoothing=0.1)
    loss(logits, labels).backward()
    expected = {}
    for name, parameter in module.named_parameters():
        expected.setdefault(name.rpartition(".")[0], []).append(parameter.grad.abs().flatten())
    found = classifier.gradient_flow_.loc[1]
    assert found.index.tolist() == list(expected)
    for layer, gradients in expected.items():
        gradients = torch.cat(gradients)
        np.testing.assert_allclose(
            found.loc[layer], [gradients.mean().item(), gradients.max().item()], rtol=1e-3
        )


def test_a_frozen_embedding_has_no_gradient(make_classifier, word_order):
    classifier = make_classifier(record_gradients=True, freeze_embeddings=True).fit(*word_order)
    layers = classifier.gradient_flow_.index.unique("layer")
    assert "embedding" not in layers
    assert "output" in layers


def test_recording_does_not_change_the_training(make_classifier, word_order):
    plain = make_classifier(dropout=0.5).fit(*word_order)
    recording = make_classifier(dropout=0.5, record_gradients=True).fit(*word_order)
    assert same_weights(plain, recording)


def test_gradients_are_those_of_the_last_fit_with_record_gradients(make_classifier, word_order):
    X, y = word_order
    assert not hasattr(make_classifier().fit(X, y), "gradient_flow_")
    classifier = make_classifier(record_gradients=True, warm_start=True).fit(X, y)
    classifier.set_params(max_epochs=2).fit(X, y)
    assert classifier.gradient_flow_.index.unique("step").tolist() == list(range(1, 9))
    classifier.partial_fit(X, y)
    assert classifier.gradient_flow_.index.unique("step").tolist() == list(range(1, 5))
    classifier.set_params(record_gradients=False).fit(X, y)
    assert not hasattr(classifier, "gradient_flow_")
    classifier.set_params(record_gradients=True).fit(X, y)
    assert hasattr(classifier, "gradient_flow_")


def test_gradients_survive_a_pickle(make_classifier, word_order):
    classifier = make_classifier(record_gradients=True).fit(*word_order)
    loaded = pickle.loads(pickle.dumps(classifier))
    pd.testing.assert_frame_equal(loaded.gradient_flow_, classifier.gradient_flow_)


@pytest.mark.parametrize("record_gradients", [False, True])
def test_an_interrupt_before_the_first_step(make_classifier, word_order, record_gradients):
    classifier = make_classifier(callbacks=[Interrupt()], record_gradients=record_gradients)
    message = r"^Training was interrupted in epoch 1\. What was trained is kept\.$"
    with pytest.warns(UserWarning, match=message):
        classifier.fit(*word_order)
    assert classifier.n_epochs_ == 0
    pickle.loads(pickle.dumps(classifier)).predict(word_order[0])
