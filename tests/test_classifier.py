"""RNNTextClassifier: fit, partial_fit, predict, fitted attributes."""

import copy
import io
import pickle
import pickletools
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.exceptions import DataConversionWarning
from sklearn.utils.class_weight import compute_sample_weight

from sklearn_rnn import RNNTextClassifier
from sklearn_rnn._training.data import check_training_data, split_validation
from tests.nets import same_weights, weights_of

# Learning


@pytest.mark.parametrize(
    "parameters",
    [
        {"cell_type": "gru", "pooling": "last"},
        {"cell_type": "rnn", "pooling": "mean", "bidirectional": False},
        {"merge": "sum", "pooling": "attention"},
        {"pooling": ("last", "max", "mean", "attention")},
        {"num_layers": 2, "dropout": 0.1},
        {"hidden_size": (6, 5), "embedding_dropout": 0.1},
        {"batch_norm": True, "head_sizes": (6, 5), "cell_type": "gru"},
        {"lr_schedule": "one_cycle", "weight_decay": 0.01, "label_smoothing": 0.05},
        {"lr_schedule": "plateau", "early_stopping": True, "validation_fraction": 0.2},
        {"gradient_clip": None, "class_weight": "balanced"},
    ],
    ids=repr,
)
def test_it_learns_the_order_of_words(make_classifier, word_order, parameters):
    X, y = word_order
    learner = {"embedding_dim": 8, "hidden_size": 8, "learning_rate": 0.03, "max_epochs": 20}
    classifier = make_classifier(**learner | parameters).fit(X, y)
    assert classifier.score(X, y) > 0.85
    loss = classifier.history_["train_loss"]
    assert loss.iloc[-1] < 0.7 * loss.iloc[0]


@pytest.mark.parametrize("name", ["dropout", "embedding_dropout"])
def test_dropout_changes_the_weights(make_classifier, word_order, name):
    plain = make_classifier(max_epochs=1).fit(*word_order)
    dropping = [make_classifier(max_epochs=1, **{name: p}).fit(*word_order) for p in (0.2, 0.5)]
    assert not same_weights(plain, dropping[0])
    assert not same_weights(*dropping)
    X = word_order[0]
    assert np.array_equal(dropping[1].predict_proba(X), dropping[1].predict_proba(X))


def test_many_classes_of_any_label(make_classifier, word_order):
    X, _ = word_order
    for labels in (["b", "a", "ç"], [7, -1, 3], [4.0, 2.0, 3.0], [True, False, True]):
        y = np.array(labels)[np.arange(80) % 3]
        classifier = make_classifier().fit(X, y)
        assert classifier.classes_.tolist() == sorted(set(labels))
        assert classifier.predict(X).dtype == y.dtype
        assert set(classifier.predict(X)) <= set(labels)


# Prediction


@pytest.fixture(scope="module")
def trained(word_order):
    """A classifier with layers of every type, trained until its probabilities differ."""
    classifier = RNNTextClassifier(
        embedding_dim=8,
        hidden_size=(8, 6),
        pooling=("max", "mean", "last", "attention"),
        batch_norm=True,
        head_sizes=(5,),
        learning_rate=0.02,
        batch_size=20,
        max_epochs=10,
        random_state=0,
        device="cpu",
    )
    return classifier.fit(*word_order)


@settings(
    max_examples=15,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.randoms(), st.integers(1, 40))
def test_a_text_has_the_same_probabilities_alone_and_in_any_order(
    trained, word_order, monkeypatch, random, batch_ids
):
    X, _ = word_order
    expected = trained.predict_proba(X)
    order = random.choices(range(len(X)), k=20) + random.sample(range(len(X)), len(X))
    assert np.array_equal(trained.predict_proba(X[order]), expected[order])
    row = order[0]
    np.testing.assert_allclose(trained.predict_proba(X[[row]]), expected[[row]], rtol=0, atol=1e-6)
    with monkeypatch.context() as patch:
        patch.setattr("sklearn_rnn._training.prediction._CPU_BATCH_IDS", batch_ids)
        np.testing.assert_allclose(trained.predict_proba(X), expected, rtol=0, atol=1e-6)


def test_prediction_methods_agree(make_classifier, word_order):
    X, y = word_order
    binary = make_classifier().fit(X, y)
    ternary = make_classifier().fit(X, np.arange(80) % 3)
    for classifier, n_classes in ((binary, 2), (ternary, 3)):
        proba = classifier.predict_proba(X)
        assert proba.shape == (80, n_classes)
        assert proba.dtype == np.float64
        np.testing.assert_allclose(proba.sum(1), 1, atol=1e-6)
        np.testing.assert_allclose(np.exp(classifier.predict_log_proba(X)), proba, atol=1e-6)
        assert (classifier.predict(X) == classifier.classes_[proba.argmax(1)]).all()
    log_odds = binary.decision_function(X)
    assert log_odds.shape == (80,)
    np.testing.assert_allclose(1 / (1 + np.exp(-log_odds)), binary.predict_proba(X)[:, 1], 1e-5)
    assert ternary.decision_function(X).shape == (80, 3)


def test_id_unseen_at_fit_is_the_unknown_word(make_classifier, word_order):
    X, y = word_order
    X = np.where(X == 6, 11, X)  # 6 and 10 are below the largest id, and do not occur
    classifier = make_classifier().fit(X, y)
    unknown = np.where(X == 4, 1, X)
    expected = classifier.predict_proba(unknown)
    for id_ in (6, 10, 12, 10**6, 2**31 - 1):
        assert np.array_equal(classifier.predict_proba(np.where(X == 4, id_, X)), expected)
    for id_, dtype in [(2**40, np.int64), (2**40, np.float32), (1e30, np.float64), (6e4, "f2")]:
        ids = X.astype(dtype)
        ids[X == 4] = id_
        assert np.array_equal(classifier.predict_proba(ids), expected)


@pytest.mark.parametrize(
    "convert",
    [
        *[
            lambda X, dtype=dtype: X.astype(dtype)
            for dtype in ("i1", "u1", "i2", "u2", "i8", "u4", "u8", "f2", "f4", "f8", "O")
        ],
        lambda X: X.tolist(),
        pd.DataFrame,
        np.asfortranarray,
        lambda X: X[::-1][::-1],
    ],
)
def test_ids_of_any_type(make_classifier, word_order, convert):
    X, y = word_order
    expected = make_classifier().fit(X, y)
    classifier = make_classifier().fit(convert(X), y)
    assert same_weights(classifier, expected)
    assert np.array_equal(classifier.predict_proba(convert(X)), expected.predict_proba(X))


def test_booleans_are_ids(make_classifier, word_order):
    X, y = word_order
    classifier = make_classifier().fit(X > 3, y)
    assert same_weights(classifier, make_classifier().fit((X > 3).astype(int), y))


def test_a_dataframe_of_ids_keeps_its_names(make_classifier, word_order):
    X, y = word_order
    frame = pd.DataFrame(X, columns=list("abcdef"))
    classifier = make_classifier().fit(frame, pd.Series(y))
    assert classifier.feature_names_in_.tolist() == list("abcdef")
    assert np.array_equal(
        classifier.predict_proba(frame), make_classifier().fit(X, y).predict_proba(X)
    )
    with pytest.raises(ValueError, match="The feature names should match"):
        classifier.predict(frame[list("fedcba")])


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_names_of_columns_are_those_of_the_first_fit(make_classifier, word_order, method):
    X, y = word_order
    frame = pd.DataFrame(X, columns=list("abcdef"))
    named = make_classifier(warm_start=True).fit(frame, y)
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        getattr(named, method)(X, y)
    assert named.feature_names_in_.tolist() == list("abcdef")
    unnamed = make_classifier(warm_start=True).fit(X, y)
    with pytest.warns(UserWarning, match="X has feature names"):
        getattr(unnamed, method)(frame, y)
    assert not hasattr(unnamed, "feature_names_in_")
    assert not hasattr(named.set_params(warm_start=False).fit(X, y), "feature_names_in_")


def test_fractions_are_truncated_with_a_warning(make_classifier, word_order):
    X, y = word_order
    message = (
        "RNNTextClassifier takes ids, and was given numbers that are not whole. They are "
        "truncated, and negative ones become the unknown word; TextTokenizer makes ids from texts."
    )
    fractions = X + 0.75
    with pytest.warns(DataConversionWarning, match=f"^{message}$"):
        classifier = make_classifier().fit(fractions, y)
    assert same_weights(classifier, make_classifier().fit(X, y))
    with pytest.warns(DataConversionWarning, match=f"^{message}$"):
        predicted = classifier.predict_proba(fractions)
    assert np.array_equal(predicted, classifier.predict_proba(X))


def test_zeros_inside_a_text_and_rows_of_zeros_are_accepted(make_classifier, word_order):
    X, y = word_order
    X = X.copy()
    X[:10, 1] = 0
    X[10:20] = 0
    classifier = make_classifier().fit(X, y)
    assert np.isfinite(classifier.predict_proba(X)).all()
    assert np.isfinite(classifier.predict_proba(np.zeros((1, 6)))).all()


# Repeatability


def test_random_state_determines_the_fit(make_classifier, word_order):
    parameters = {"dropout": 0.5, "embedding_dropout": 0.3, "early_stopping": True}
    parameters["validation_fraction"] = 0.2

    def fit(seed):
        return make_classifier(random_state=seed, **parameters).fit(*word_order)

    assert same_weights(fit(0), fit(0))
    assert not same_weights(fit(0), fit(1))
    assert not same_weights(fit(None), fit(None))
    assert same_weights(fit(np.random.RandomState(3)), fit(np.random.RandomState(3)))
    stream = np.random.RandomState(3)
    assert not same_weights(fit(stream), fit(stream))


def test_global_random_streams_are_unchanged(make_classifier, word_order, device):
    def states():
        gpu = [torch.cuda.get_rng_state()] if device == "cuda" else []
        return [torch.get_rng_state(), *gpu, *map(torch.tensor, np.random.get_state()[1:3])]  # noqa: NPY002

    X, y = word_order
    parameters = {"dropout": 0.5, "embedding_dropout": 0.5, "pooling": "attention"}
    classifier = make_classifier(device=device, early_stopping=True, **parameters)
    steps = [
        lambda: classifier.fit(X, y),
        lambda: classifier.set_params(early_stopping=False).partial_fit(X + 9, y),
        lambda: classifier.set_params(warm_start=True).fit(X + 30, y),
        lambda: classifier.predict(X),
        lambda: pickle.loads(pickle.dumps(classifier)),
    ]
    for step in steps:
        before = states()
        step()
        assert all(torch.equal(*pair) for pair in zip(before, states(), strict=True))


def test_global_random_streams_have_no_effect(make_classifier, word_order):
    fits = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        fits.append(make_classifier(dropout=0.5).fit(*word_order))
    assert same_weights(*fits)


# Weights


def test_weights_of_one_equal_no_weights(make_classifier, word_order):
    X, y = word_order
    weighted = make_classifier().fit(X, y, sample_weight=np.ones(80))
    assert same_weights(weighted, make_classifier().fit(X, y))


@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_weight_of_zero_leaves_the_text_out(make_classifier, word_order, early_stopping):
    X, y = word_order
    kept = np.arange(80) % 5 > 0
    X = np.where(kept[:, None], X, X + 20)  # ids that are thereby unknown
    parameters = {"early_stopping": early_stopping, "class_weight": "balanced"}
    weighted = make_classifier(**parameters).fit(X, y, sample_weight=kept.astype(float))
    removed = make_classifier(**parameters).fit(X[kept], y[kept])
    assert same_weights(weighted, removed)
    pd.testing.assert_frame_equal(
        weighted.history_.drop(columns="seconds"), removed.history_.drop(columns="seconds")
    )


def test_weights_equal_repetitions_in_one_batch(make_classifier, word_order):
    X, y = word_order
    counts = np.arange(80) % 4
    repeated = np.repeat(np.arange(80), counts)
    np.random.default_rng(0).shuffle(repeated)
    weighted = make_classifier(batch_size=1000).fit(X, y, sample_weight=counts)
    assert same_weights(weighted, make_classifier(batch_size=1000).fit(X[repeated], y[repeated]))


@pytest.mark.parametrize("class_weight", ["balanced", {"pos": 3.0}, {"neg": 0.5, "pos": 2}])
def test_class_weights_equal_sample_weights(make_classifier, word_order, class_weight):
    X, y = word_order
    rows = (y == "pos") | (np.arange(80) < 40)
    X, y = X[rows], y[rows]
    by_class = make_classifier(class_weight=class_weight).fit(X, y)
    weights = compute_sample_weight(class_weight, y)
    by_sample = make_classifier().fit(X, y, sample_weight=weights)
    assert same_weights(by_class, by_sample)
    assert not same_weights(by_class, make_classifier().fit(X, y))


# Validation data


def test_the_best_weights_are_kept(make_classifier, word_order):
    X, y = word_order
    noisy = {"learning_rate": 0.3, "max_epochs": 12, "linear_ngrams": 0}
    classifier = make_classifier(**noisy).fit(X[:50], y[:50], X_val=X[50:], y_val=y[50:])
    history = classifier.history_
    accuracy = history["valid_accuracy"]
    best = history[accuracy == accuracy.max()]["valid_loss"].idxmin()
    assert classifier.best_epoch_ == best < 12
    assert classifier.n_epochs_ == 12
    assert classifier.score(X[50:], y[50:]) == pytest.approx(accuracy.loc[best], abs=1e-7)


def test_early_stopping_stops_and_keeps_the_best_weights(make_classifier, word_order):
    X, y = word_order
    classifier = make_classifier(
        early_stopping=True, validation_fraction=0.25, max_epochs=60, n_iter_no_change=2, tol=0.01
    ).fit(X, y)
    history = classifier.history_
    assert classifier.n_epochs_ < 60
    assert len(history) == classifier.n_epochs_

    data, classes = check_training_data(X, y, None, estimator=classifier)
    _, validation = split_validation(data, 0.25, classes, np.random.RandomState(0))
    assert np.bincount(validation.labels).tolist() == [10, 10]
    score = classifier.score(validation.ids, classes[validation.labels])
    assert score == pytest.approx(history.loc[classifier.best_epoch_, "valid_accuracy"], abs=1e-7)


def test_given_validation_data_replaces_the_split(make_classifier, word_order):
    X, y = word_order
    given = make_classifier(early_stopping=True).fit(X, y, X_val=X[:30], y_val=y[:30])
    assert same_weights(given, make_classifier().fit(X, y, X_val=X[:30], y_val=y[:30]))


def test_without_validation_data_the_last_weights_are_kept(make_classifier, word_order):
    X, y = word_order
    classifier = make_classifier().fit(X, y, X_val=X, y_val=y)
    assert 1 <= classifier.best_epoch_ <= 3
    classifier.fit(X, y)
    assert not hasattr(classifier, "best_epoch_")
    assert classifier.history_[["valid_loss", "valid_accuracy"]].isna().all(axis=None)


def test_validation_data_changes_no_step_of_training(make_classifier, word_order):
    X, y = word_order
    watched = make_classifier(dropout=0.5).fit(X, y, X_val=X, y_val=y)
    alone = make_classifier(dropout=0.5).fit(X, y)
    assert (watched.history_["train_loss"] == alone.history_["train_loss"]).all()


def test_sample_weight_val_weights_the_validation_scores(make_classifier, word_order):
    X, y = word_order
    right = make_classifier(max_epochs=1).fit(X, y).predict(X) == y
    classifier = make_classifier(max_epochs=1)
    classifier.fit(X, y, X_val=X, y_val=y, sample_weight_val=np.where(right, 3, 1))
    expected = 3 * right.sum() / (3 * right.sum() + (~right).sum())
    assert classifier.history_.loc[1, "valid_accuracy"] == pytest.approx(expected)
    classifier.fit(X, y, X_val=X, y_val=y, sample_weight_val=right.astype(float))
    assert classifier.history_.loc[1, "valid_accuracy"] == 1


# Fitted attributes


def test_history_and_counts(make_classifier, word_order):
    X, y = word_order
    classifier = make_classifier(bidirectional=False, linear_ngrams=1)
    history = classifier.fit(X, y, X_val=X, y_val=y).history_
    assert list(history.columns) == [
        "train_loss",
        "train_accuracy",
        "valid_loss",
        "valid_accuracy",
        "learning_rate",
        "seconds",
    ]
    assert history.index.name == "epoch"
    assert history.index.tolist() == [1, 2, 3]
    assert (history.dtypes == np.float64).all()
    assert history.notna().all(axis=None)
    assert classifier.n_epochs_ == 3
    assert classifier.n_features_in_ == 6
    lstm = 4 * (4 * 4 + 4 * 4 + 4 + 4)
    linear_term = 8 * 2 + 2  # eight words, and the biases
    assert classifier.n_parameters_ == 10 * 4 + lstm + 4 * 2 + 2 + linear_term
    assert isinstance(classifier.net_.module_, torch.nn.Module)


def test_fit_writes_no_parameter(make_classifier, word_order):
    X, y = word_order
    classifier = make_classifier(hidden_size=(4, 4), early_stopping=True, callbacks=[])
    before = dict(classifier.get_params())
    classifier.fit(X, y)
    after = classifier.get_params()
    assert all(after[name] is before[name] for name in before)


def test_input_is_unchanged(make_classifier, word_order):
    X, y = (column.copy() for column in word_order)
    weights = np.arange(80.0)
    make_classifier(batch_size=1000).fit(X, y, weights).predict(X)
    assert np.array_equal(X, word_order[0])
    assert np.array_equal(y, word_order[1])
    assert np.array_equal(weights, np.arange(80.0))


def test_fit_starts_from_a_new_network(make_classifier, word_order):
    X, y = word_order
    classifier = make_classifier().fit(X[:, :4] + 5, np.arange(80) % 3)
    classifier.fit(X, y)
    assert same_weights(classifier, make_classifier().fit(X, y))
    assert (classifier.n_epochs_, classifier.n_features_in_) == (3, 6)


def test_fit_with_metadata_routing_enabled(make_classifier, word_order):
    X, y = word_order
    with sklearn.config_context(enable_metadata_routing=True):
        classifier = make_classifier().fit(X, y, X_val=X, y_val=y)
        classifier.score(X, y)
        classifier.partial_fit(X, y)


# warm_start and partial_fit


def test_warm_start_continues_the_training(make_classifier, word_order):
    X, y = word_order
    classifier = make_classifier(warm_start=True).fit(X, y)
    net, first = classifier.net_, classifier.history_.copy()
    classifier.fit(X, y)
    assert classifier.net_ is net
    assert classifier.n_epochs_ == 6
    assert classifier.history_.index.tolist() == [1, 2, 3, 4, 5, 6]
    assert classifier.history_.index.name == "epoch"
    pd.testing.assert_frame_equal(classifier.history_.iloc[:3], first, check_index_type=False)
    assert classifier.history_["train_loss"].loc[4] < first["train_loss"].loc[1]
    classifier.fit(X, y, X_val=X, y_val=y)
    assert 7 <= classifier.best_epoch_ <= 9


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_the_embedding_grows_with_new_ids(make_classifier, word_order, method):
    X, y = word_order
    classifier = make_classifier(warm_start=True, learning_rate=1e-12).fit(X, y)
    old = weights_of(classifier)["embedding.weight"]
    getattr(classifier, method)(np.where(X == 9, 14, X), y)
    new = weights_of(classifier)["embedding.weight"]
    assert new.shape == (15, 4)
    np.testing.assert_allclose(new[:10], old, rtol=0, atol=1e-8)
    assert classifier.n_parameters_ == classifier.summary()["n_parameters"].sum()
    known = classifier.predict_proba(np.full((1, 6), 14))
    unknown = classifier.predict_proba(np.full((1, 6), 12))
    assert not np.array_equal(known, unknown)
    assert np.array_equal(unknown, classifier.predict_proba(np.ones((1, 6))))
    # 9 does not occur in the new data, but stays known.
    before = classifier.predict_proba(np.full((1, 6), 9))
    assert not np.array_equal(before, unknown)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("learning_rate", 0.1),
        ("label_smoothing", 0.3),
        ("batch_size", 7),
        ("weight_decay", 3.0),
        ("gradient_clip", 1e-9),
        ("lr_schedule", "one_cycle"),
    ],
)
def test_changed_parameters_take_effect(make_classifier, word_order, parameter, value):
    fits = [make_classifier(warm_start=True).fit(*word_order) for _ in range(2)]
    fits[1].set_params(**{parameter: value})
    for classifier in fits:
        classifier.fit(*word_order)
    assert not same_weights(*fits)


def test_partial_fit_trains_one_epoch(make_classifier, word_order):
    X, y = word_order
    classifier = make_classifier(lr_schedule="one_cycle", max_epochs=9)
    for _ in range(15):
        classifier.partial_fit(X, y, classes=["pos", "neg"])
    assert classifier.n_epochs_ == 15
    assert classifier.history_.index.tolist() == list(range(1, 16))
    assert set(classifier.history_["learning_rate"]) == {0.02}
    assert classifier.score(X, y) > 0.8
    assert not hasattr(classifier, "best_epoch_")


def test_partial_fit_of_data_that_lack_a_class(make_classifier, word_order):
    X, y = word_order
    classifier = make_classifier().partial_fit(X[y == "pos"], y[y == "pos"], ["neg", "pos"])
    classifier.partial_fit(X[y == "neg"], y[y == "neg"])
    assert classifier.classes_.tolist() == ["neg", "pos"]


def test_failed_fit_keeps_the_earlier_model(make_classifier, word_order):
    X, y = word_order
    classifier = make_classifier(warm_start=True).fit(X, y)
    # Ids that only the failed fits had are still the unknown word.
    texts = np.vstack([X, X + 20])
    expected, history = classifier.predict_proba(texts), classifier.history_
    classifier.set_params(learning_rate=1e36)
    for method in (classifier.fit, classifier.partial_fit):
        with pytest.raises(ValueError, match="not finite"):
            method(X + 20, y)
    classifier.set_params(warm_start=False)
    with pytest.raises(ValueError, match="not finite"):
        classifier.fit(X[:, :3], np.arange(80) % 4)
    classifier.set_params(learning_rate=0.02)
    assert classifier.history_ is history
    assert classifier.n_features_in_ == 6
    for survivor in (classifier, pickle.loads(pickle.dumps(classifier))):
        assert np.array_equal(survivor.predict_proba(texts), expected)
        assert np.isfinite(survivor.partial_fit(X + 2, y).predict_proba(X)).all()


# Pickles


def dump_and_load(classifier, how, tmp_path):
    if how == "deepcopy":
        return copy.deepcopy(classifier)
    if how == "pickle":
        return pickle.loads(pickle.dumps(classifier))
    joblib.dump(classifier, tmp_path / "model.joblib")
    return joblib.load(tmp_path / "model.joblib", mmap_mode="r" if how == "mmap" else None)


@pytest.mark.parametrize("how", ["deepcopy", "pickle", "joblib", "mmap"])
def test_a_copy_gives_the_same_probabilities(trained, word_order, how, tmp_path):
    X, y = word_order
    loaded = dump_and_load(trained, how, tmp_path)
    assert np.array_equal(loaded.predict_proba(X), trained.predict_proba(X))
    assert np.array_equal(loaded.predict(X), trained.predict(X))
    pd.testing.assert_frame_equal(loaded.history_, trained.history_)
    before = weights_of(trained)
    loaded.partial_fit(X + 3, y)
    assert loaded.n_epochs_ == trained.n_epochs_ + 1
    assert all(np.array_equal(before[name], w) for name, w in weights_of(trained).items())


def test_a_pickle_holds_no_torch_and_no_skorch(trained):
    # In a pickle, the modules and names of classes are string arguments of opcodes.
    opcodes = pickletools.genops(pickle.dumps(trained))
    strings = [argument for _, argument, _ in opcodes if isinstance(argument, str)]
    assert "sklearn_rnn" in strings
    assert not [string for string in strings if "torch" in string or "skorch" in string]


def test_a_pickle_is_as_large_as_the_weights(make_classifier):
    X = np.arange(20_000, dtype=np.int32).reshape(200, 100)
    classifier = make_classifier(embedding_dim=50, max_epochs=1, batch_size=200)
    classifier.fit(X, np.arange(200) % 2)
    buffer = io.BytesIO()
    joblib.dump(classifier, buffer)
    limit = 1.1 * 4 * classifier.n_parameters_
    assert len(pickle.dumps(classifier)) <= limit
    assert buffer.tell() <= limit


@pytest.mark.skipif(torch.cuda.is_available(), reason="the test needs a machine without a GPU")
def test_a_model_of_a_gpu_loads_without_one(make_classifier, word_order):
    X, y = word_order
    classifier = make_classifier().fit(X, y).set_params(device="cuda")
    data = pickle.dumps(classifier)
    message = (
        "This model was saved with device='cuda', which is not on this machine. It is loaded on "
        "the CPU; its parameter is left as it was."
    )
    with pytest.warns(UserWarning, match=f"^{message}$"):
        loaded = pickle.loads(data)
    assert loaded.device == "cuda"
    assert np.array_equal(loaded.predict_proba(X), classifier.predict_proba(X))


def test_pickle_of_an_unfitted_classifier(make_classifier):
    classifier = pickle.loads(pickle.dumps(make_classifier()))
    assert not hasattr(classifier, "net_")


# Devices


def test_classifier_learns_on_each_device(make_classifier, word_order, device):
    X, y = word_order
    parameters = {"embedding_dim": 8, "hidden_size": 8, "learning_rate": 0.03, "max_epochs": 20}
    classifier = make_classifier(device=device, dropout=0.1, **parameters)
    classifier.fit(X, y, X_val=X, y_val=y)
    assert classifier.score(X, y) > 0.85
    assert {p.device.type for p in classifier.net_.module_.parameters()} == {device}
    assert classifier.partial_fit(X + 2, y).predict_proba(X).dtype == np.float64


def test_a_model_of_the_device_moves_to_the_cpu(make_classifier, word_order, device):
    X, y = word_order
    classifier = make_classifier(device=device).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        moved = pickle.loads(pickle.dumps(classifier.set_params(device="cpu")))
    assert {p.device.type for p in moved.net_.module_.parameters()} == {"cpu"}
    np.testing.assert_allclose(
        moved.predict_proba(X), classifier.predict_proba(X), rtol=0, atol=1e-5
    )


def test_random_state_determines_the_fit_on_each_device(make_classifier, word_order, device):
    parameters = {"device": device, "dropout": 0.5, "embedding_dropout": 0.5}
    fits = [make_classifier(**parameters).fit(*word_order) for _ in range(2)]
    assert same_weights(*fits)


def test_initial_weights_are_the_same_on_each_device(make_classifier, word_order, device):
    parameters = {"max_epochs": 1, "learning_rate": 1e-30, "weight_decay": 0.0}
    here = make_classifier(device=device, **parameters).fit(*word_order)
    assert same_weights(here, make_classifier(**parameters).fit(*word_order))


# Precision


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_predictions_are_computed_in_float32_after_any_training(
    make_classifier, word_order, device, precision
):
    """In bfloat16 the probabilities of a text would depend on the other texts of its batch."""
    X, y = word_order
    classifier = make_classifier(precision=precision, device=device, max_epochs=10).fit(X, y)
    weights = classifier.net_.get_weights()
    assert weights.pop("linear_term.keys").dtype == np.int64
    assert all(w.dtype == np.float32 for w in weights.values())
    together = classifier.predict_proba(X)
    alone = np.concatenate([classifier.predict_proba(X[[row]]) for row in range(len(X))])
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-6)


def test_precision_is_the_type_of_training(make_classifier, word_order, device):
    fits = {
        precision: make_classifier(precision=precision, device=device).fit(*word_order)
        for precision in ("float32", "bfloat16")
    }
    assert not same_weights(*fits.values())
    for precision, classifier in fits.items():
        again = make_classifier(precision=precision, device=device).fit(*word_order)
        assert same_weights(classifier, again)


def test_validation_scores_are_those_of_predict(make_classifier, word_order):
    X, y = word_order
    classifier = make_classifier(precision="bfloat16").fit(X, y, X_val=X, y_val=y)
    best = classifier.history_["valid_accuracy"][classifier.best_epoch_]
    assert best == pytest.approx(classifier.score(X, y))


def test_fit_does_not_depend_on_the_number_of_threads(make_classifier, word_order):
    """Batches of 64 texts are split into micro-batches, which run in the threads torch may use."""
    before = torch.get_num_threads()
    fits = []
    for n_threads in (1, 2):
        torch.set_num_threads(n_threads)
        try:
            classifier = make_classifier(batch_size=64, dropout=0.5, precision="auto")
            fits.append(classifier.fit(*word_order))
        finally:
            torch.set_num_threads(before)
    assert same_weights(*fits)
