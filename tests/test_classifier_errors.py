"""Errors of RNNTextClassifier: each message is compared as a whole."""

import re

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.exceptions import NotFittedError

from sklearn_rnn import RNNTextClassifier
from sklearn_rnn._parameters import Interval

TEXT = (
    "RNNTextClassifier takes ids, and was given text ('good film'...). Put a TextTokenizer in "
    "front of it: make_pipeline(TextTokenizer(), RNNTextClassifier()).fit(texts, labels)."
)


@pytest.fixture
def raises():
    """Expect a ValueError of exactly this message."""

    def expect(message):
        return pytest.raises(ValueError, match=f"^{re.escape(message)}$")

    return expect


@pytest.mark.parametrize(
    "X",
    [
        ["good film", "bad film"],
        "good film",
        np.array(["good film", "bad film"]),
        np.array(["good film", "bad film"], dtype=object),
        np.array([["good film"], ["bad film"]]),
        pd.Series(["good film", "bad film"]),
        pd.DataFrame({"text": ["good film", "bad film"]}),
    ],
    ids=lambda X: type(X).__name__,
)
def test_text(make_classifier, word_order, raises, X):
    with raises(TEXT):
        make_classifier().fit(X, ["pos", "neg"])
    with raises(TEXT):
        make_classifier().partial_fit(X, ["pos", "neg"], classes=["pos", "neg"])
    fitted = make_classifier(max_epochs=1).fit(*word_order)
    with raises(TEXT):
        fitted.predict(X)


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.float64, np.int8])
def test_negative_ids(make_classifier, word_order, raises, dtype):
    X, y = word_order[0].astype(dtype), word_order[1]
    fitted = make_classifier(max_epochs=1).fit(X, y)
    X[3, 0] = -7
    message = (
        "Negative values in data passed to RNNTextClassifier: X has the id -7. Ids are 0 for "
        "padding, 1 for the unknown word, and from 2 on the words of a vocabulary, as "
        "TextTokenizer gives them."
    )
    with raises(message):
        make_classifier().fit(X, y)
    with raises(message):
        fitted.predict_proba(X)


def test_huge_ids(make_classifier, word_order, raises):
    X, y = word_order[0].astype(np.int64), word_order[1]
    X[0, 0] = 2**24
    message = (
        "X has the id 16777216, and the embedding needs a row for each id up to it. The limit is "
        "16,777,216 rows. Ids number the words of a vocabulary without gaps, as TextTokenizer "
        "gives them."
    )
    with raises(message):
        make_classifier().fit(X, y)
    fitted = make_classifier(max_epochs=1, warm_start=True).fit(*word_order)
    for method in (fitted.fit, fitted.partial_fit):
        with raises(message):
            method(X, y)


def test_another_width(make_classifier, word_order, raises):
    X, y = word_order
    fitted = make_classifier(max_epochs=1, warm_start=True).fit(X, y)
    message = "X has 4 features, but RNNTextClassifier is expecting 6 features as input."
    note = (
        "The fit of a TextTokenizer sets the number of columns. Transform all texts with the same "
        "fitted TextTokenizer, or set its max_length to an integer."
    )
    for method in (fitted.fit, fitted.partial_fit):
        with raises(f"{message}\n{note}"):
            method(X[:, :4], y)
    with raises(f"{message}\n{note}"):
        fitted.predict(X[:, :4])


def test_another_length(make_classifier, word_order, raises):
    X, y = word_order
    with raises("Found input variables with inconsistent numbers of samples: [80, 79]"):
        make_classifier().fit(X, y[:79])


def test_weights_of_another_length(make_classifier, word_order, raises):
    with raises("sample_weight.shape == (79,), expected (80,)!"):
        make_classifier().fit(*word_order, sample_weight=np.ones(79))


@pytest.mark.parametrize("missing", [np.nan, None, pd.NA])
@pytest.mark.parametrize("container", [list, pd.Series, np.array])
def test_missing_labels(make_classifier, word_order, raises, missing, container):
    X, y = word_order
    labels = y.tolist()
    labels[7] = labels[9] = missing
    labels = container(labels) if container is list else container(labels, dtype=object)
    message = (
        f"y has no label for 2 of 80 texts, first at position 7 ({missing!r}). Leave those texts "
        "out, with their labels."
    )
    with raises(message):
        make_classifier().fit(X, labels)
    with raises(message):
        make_classifier().partial_fit(X, labels, classes=["neg", "pos"])
    with raises(f"{message}\nIt was found in X_val, y_val or sample_weight_val."):
        make_classifier().fit(X, y, X_val=X, y_val=labels)


def test_missing_numbers(make_classifier, word_order, raises):
    X, _ = word_order
    y = np.arange(80) % 2.0
    y[0] = np.nan
    with raises(
        "y has no label for 1 of 80 texts, first at position 0 (nan). Leave those texts out, "
        "with their labels."
    ):
        make_classifier().fit(X, y)


@pytest.mark.parametrize(
    ("labels", "kinds"),
    [
        ([1, "pos"], "int and str"),
        (np.array([1, "pos"], dtype=object), "int and str"),
        (np.array([0, 1], dtype=object), "int"),
        (pd.Series([True, False], dtype=object), "bool"),
    ],
)
def test_labels_of_several_types(make_classifier, raises, labels, kinds):
    with raises(
        f"Unknown label type: y holds objects of type {kinds}. Labels must be all strings, all "
        "numbers or all booleans. To convert them to strings: pd.Series(y).astype(str)."
    ):
        make_classifier().fit([[2], [3]], labels)


def test_one_class(make_classifier, word_order, raises):
    X, y = word_order
    message = (
        "y has one class, 'pos', among the rows whose weight is not zero. A classifier needs at "
        "least two classes."
    )
    with raises(message):
        make_classifier().fit(X[y == "pos"], y[y == "pos"])
    with raises(message):
        make_classifier().fit(X, y, sample_weight=(y == "pos").astype(float))


def test_all_weights_zero(make_classifier, word_order):
    messages = (  # of scikit-learn from 1.9 on, and ours
        r"Sample weights must contain at least one non-zero number\.",
        r"Every weight in sample_weight is zero, which leaves nothing to fit\.",
    )
    with pytest.raises(ValueError, match=f"^({'|'.join(messages)})$"):
        make_classifier().fit(*word_order, sample_weight=np.zeros(80))


def test_early_stopping_with_a_class_of_one_text(make_classifier, word_order, raises):
    X, y = word_order
    y = y.astype("U6")
    y[:2] = ["rare", "rarer"]
    message = (
        "early_stopping=True sets validation_fraction=0.1 of the texts of each class aside, and "
        "these classes have a single text: ['rare', 'rarer']. Add texts, leave these classes out, "
        "or pass X_val and y_val to fit."
    )
    with raises(message):
        make_classifier(early_stopping=True).fit(X, y)
    make_classifier(early_stopping=True).fit(X, y, X_val=X, y_val=y)


@pytest.mark.parametrize(("fraction", "n_train", "n_val"), [(0.01, 79, 1), (0.99, 0, 80)])
def test_validation_split_that_is_too_small(
    make_classifier, word_order, raises, fraction, n_train, n_val
):
    message = (
        f"validation_fraction={fraction} of 80 texts leaves {n_train} for training and {n_val} for "
        "validation, and each needs at least one text of every class (2 classes). Change "
        "validation_fraction, or pass X_val and y_val to fit."
    )
    with raises(message):
        make_classifier(early_stopping=True, validation_fraction=fraction).fit(*word_order)


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        (["X_val"], "y_val"),
        (["y_val"], "X_val"),
        (["X_val", "sample_weight_val"], "y_val"),
    ],
)
def test_incomplete_validation_data(make_classifier, word_order, raises, given, missing):
    X, y = word_order
    whole = {"X_val": X, "y_val": y, "sample_weight_val": np.ones(80)}
    message = f"X_val and y_val belong together, and {missing} is not given. Pass both or neither."
    with raises(message):
        make_classifier().fit(X, y, **{name: whole[name] for name in given})


def test_validation_weights_without_validation_data(make_classifier, word_order, raises):
    message = (
        "sample_weight_val has the weights of validation data, and X_val and y_val are not given. "
        "Pass them, or leave out sample_weight_val."
    )
    with raises(message):
        make_classifier().fit(*word_order, sample_weight_val=np.ones(80))


def test_validation_data_of_another_width(make_classifier, word_order, raises):
    X, y = word_order
    message = "X_val has 5 columns, and X has 6. Pass both through the same fitted TextTokenizer."
    with raises(message):
        make_classifier().fit(X, y, X_val=X[:, :5], y_val=y)


def test_validation_data_of_another_class(make_classifier, word_order, raises):
    X, y = word_order
    message = (
        "y_val has unknown classes: ['new']. The known classes are ['neg', 'pos']. Every class "
        "must be in the y of fit, or in the classes of the first partial_fit."
    )
    with raises(message):
        make_classifier().fit(X, y, X_val=X[:3], y_val=["neg", "new", "pos"])


def test_plateau_without_validation_data(make_classifier, word_order, raises):
    message = (
        "lr_schedule='plateau' needs the validation loss, but there is no validation data. Pass "
        "X_val and y_val to fit, or set early_stopping=True."
    )
    with raises(message):
        make_classifier(lr_schedule="plateau").fit(*word_order)


def test_empty_data(make_classifier, raises):
    message = (
        "Found array with 0 sample(s) (shape=(0, 6)) while a minimum of 1 is required by "
        "RNNTextClassifier."
    )
    with raises(message):
        make_classifier().fit(np.empty((0, 6)), [])


def test_predict_of_no_texts(make_classifier, word_order, raises):
    fitted = make_classifier(max_epochs=1).fit(*word_order)
    message = (
        "Found array with 0 sample(s) (shape=(0, 6)) while a minimum of 1 is required by "
        "RNNTextClassifier."
    )
    with raises(message):
        fitted.predict(np.empty((0, 6)))


def test_nan(make_classifier, word_order):
    X, y = word_order[0].astype(float), word_order[1]
    X[0, 0] = np.nan
    with pytest.raises(ValueError, match=r"^Input X contains NaN\.\nRNNTextClassifier does not"):
        make_classifier().fit(X, y)


# partial_fit


def test_the_first_partial_fit_needs_classes(make_classifier, word_order, raises):
    message = (
        "The first call of partial_fit needs classes: all labels of this and of later calls, as in "
        "partial_fit(X, y, classes=['neg', 'pos'])."
    )
    with raises(message):
        make_classifier().partial_fit(*word_order)


def test_a_class_unseen_by_partial_fit(make_classifier, word_order, raises):
    X, y = word_order
    message = (
        "y has unknown classes: ['pos']. The known classes are ['neg', 'other']. Every class must "
        "be in the y of fit, or in the classes of the first partial_fit."
    )
    with raises(message):
        make_classifier().partial_fit(X, y, classes=["other", "neg"])
    fitted = make_classifier().partial_fit(X[y == "neg"], y[y == "neg"], classes=["neg", "other"])
    with raises(message):
        fitted.partial_fit(X, y)


def test_partial_fit_with_one_class(make_classifier, word_order, raises):
    message = "classes=['pos'] must list all labels of this and of later calls, at least two."
    with raises(message):
        make_classifier().partial_fit(*word_order, classes=["pos", "pos"])


def test_other_classes_at_a_later_partial_fit(make_classifier, word_order, raises):
    fitted = make_classifier().partial_fit(*word_order, classes=["neg", "pos"])
    message = (
        "classes=['neg', 'other', 'pos'] differ from the classes of the earlier training, ['neg', "
        "'pos']. Pass the same classes or none, or call fit to start anew."
    )
    with raises(message):
        fitted.partial_fit(*word_order, classes=["neg", "other", "pos"])


@pytest.mark.parametrize(
    "parameters", [{"early_stopping": True}, {"class_weight": "balanced"}], ids=repr
)
def test_partial_fit_refuses_options_that_need_all_data(
    make_classifier, word_order, raises, parameters
):
    message = (
        "partial_fit sees part of the data, and early_stopping=True and class_weight='balanced' "
        "need all of it. Use fit, or give class_weight as a dict."
    )
    with raises(message):
        make_classifier(**parameters).partial_fit(*word_order, classes=["neg", "pos"])


# warm_start


def test_warm_start_with_other_classes(make_classifier, word_order, raises):
    X, y = word_order
    fitted = make_classifier(warm_start=True).fit(X, y)
    message = (
        "warm_start=True continues the training for the classes ['neg', 'pos'], but y has ['a', "
        "'b']. Set warm_start=False to train a new network."
    )
    with raises(message):
        fitted.fit(X, np.where(y == "pos", "a", "b"))


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_resuming_with_another_architecture(make_classifier, word_order, raises, method):
    fitted = make_classifier(warm_start=True, hidden_size=4).fit(*word_order)
    fitted.set_params(hidden_size=5, merge="sum")
    message = (
        "Training cannot continue, because parameters of the network have changed: it was built "
        "with {'hidden_sizes': (4,), 'merge': 'concat'}, and the parameters are now "
        "{'hidden_sizes': (5,), 'merge': 'sum'}. Set warm_start=False and call fit to build a new "
        "one."
    )
    with raises(message):
        getattr(fitted, method)(*word_order)


# Parameters; tests/nn/test_architecture.py and tests/training/test_hardware.py have more


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"hidden_size": (4, 5), "num_layers": 1},
            "hidden_size=(4, 5) gives the size of 2 layers, and num_layers=1 asks for another "
            "number. Leave num_layers at None, or make hidden_size one int for all layers.",
        ),
        (
            {"pooling": ("max", "min")},
            "pooling=('max', 'min') must be one of 'last', 'max', 'mean', 'attention', "
            "'flatten', or a tuple of different ones.",
        ),
        ({"head_sizes": (0,)}, "head_sizes=(0,) must hold ints of at least 1."),
        (
            {"class_weight": {"other": 2}},
            "class_weight has the keys ['other'], which are no classes, and no weight for the "
            "classes ['neg', 'pos']. Take the keys from the classes, ['neg', 'pos'], with their "
            "type.",
        ),
    ],
    ids=repr,
)
def test_contradicting_parameters(make_classifier, word_order, raises, parameters, message):
    with raises(message):
        make_classifier(**parameters).fit(*word_order)


@pytest.mark.parametrize(
    "parameters",
    [
        {"cell_type": "LSTM"},
        {"hidden_size": 0},
        {"hidden_size": [4, 4]},
        {"num_layers": 0},
        {"bidirectional": "yes"},
        {"merge": "mean"},
        {"pooling": "min"},
        {"embedding_dim": 2.5},
        {"dropout": 1.0},
        {"embedding_dropout": -0.1},
        {"head_sizes": 5},
        {"batch_norm": 3},
        {"max_epochs": 0},
        {"batch_size": 0},
        {"learning_rate": 0.0},
        {"weight_decay": -1.0},
        {"gradient_clip": 0.0},
        {"lr_schedule": "cosine"},
        {"validation_fraction": 1.0},
        {"n_iter_no_change": 0},
        {"tol": -1.0},
        {"class_weight": "even"},
        {"label_smoothing": 1.0},
        {"random_state": "now"},
        {"verbose": -1},
        {"device": None},
        {"callbacks": "print"},
    ],
    ids=repr,
)
def test_parameters_outside_of_their_limits(make_classifier, word_order, parameters):
    (name,) = parameters
    message = f"^The '{name}' parameter of RNNTextClassifier must be "
    with pytest.raises(ValueError, match=message):
        make_classifier(**parameters).fit(*word_order)


NUMBERS = sorted(
    name
    for name, constraints in RNNTextClassifier._parameter_constraints.items()
    if any(isinstance(constraint, Interval) for constraint in constraints)
    and "boolean" not in constraints  # verbose
)


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [True, np.True_])
def test_bool_is_not_a_number(make_classifier, word_order, name, value):
    got = re.escape(repr(value))
    message = f"^The '{name}' parameter of RNNTextClassifier must be .* Got {got} instead.$"
    with pytest.raises(ValueError, match=message):
        make_classifier(**{name: value}).fit(*word_order)


@pytest.mark.skipif(torch.cuda.is_available(), reason="the GPU that must be missing is there")
def test_missing_gpu(make_classifier, word_order, raises):
    message = (
        "device='cuda' asks for a GPU that torch does not find: it finds 0. Pass device='auto' to "
        "take a GPU only where there is one, or device='cpu'."
    )
    with raises(message):
        make_classifier(device="cuda").fit(*word_order)


@pytest.mark.parametrize(
    "method", ["predict", "predict_proba", "predict_log_proba", "decision_function"]
)
def test_not_fitted(make_classifier, word_order, method):
    message = (
        "This RNNTextClassifier instance is not fitted yet. Call 'fit' with appropriate arguments "
        "before using this estimator."
    )
    with pytest.raises(NotFittedError, match=f"^{re.escape(message)}$"):
        getattr(make_classifier(), method)(word_order[0])


def test_error_in_validation_data_has_a_note(word_order, make_classifier):
    X, y = word_order
    with pytest.raises(ValueError, match="Negative values in data") as caught:
        make_classifier().fit(X, y, X_val=-X, y_val=y)
    assert caught.value.__notes__ == ["It was found in X_val, y_val or sample_weight_val."]


def test_tiny_weights_are_accepted(word_order, make_classifier):
    X, y = word_order
    tiny = make_classifier().fit(X, y, sample_weight=np.full(len(y), 1e-60))
    np.testing.assert_array_equal(
        tiny.predict_proba(X), make_classifier().fit(X, y).predict_proba(X)
    )
