"""Any value of any type for each parameter: it is used, as Python's value is, or refused."""

import collections
import datetime
import enum
import re
from contextlib import suppress
from decimal import Decimal
from fractions import Fraction
from numbers import Integral

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.utils._param_validation import InvalidParameterError

from sklearn_rnn import RNNTextClassifier, TextTokenizer, WordVectors
from sklearn_rnn.baselines import LogCountRatioTransformer
from sklearn_rnn.datasets import make_word_order

TEXTS = ["a b", "b a a", "a", "c b a"] * 3
X, Y = np.array([[2, 3, 0], [3, 2, 4]] * 6, dtype=np.int32), ["a", "b"] * 6
SMALL = {
    "embedding_dim": 2,
    "hidden_size": 2,
    "max_epochs": 1,
    "batch_size": 4,
    "device": "cpu",
    "random_state": 0,
}


class Hostile:
    """Has neither a truth value nor comparisons."""

    def __bool__(self):
        raise RuntimeError("no truth value")

    def __eq__(self, other):
        raise RuntimeError("no comparison")

    __hash__ = object.__hash__


class Size(enum.IntEnum):
    TWO = 2


class Name(enum.StrEnum):
    LSTM, MAX, AUTO = "lstm", "max", "auto"


# Sizes that are valid are small: a larger one is a request for memory and time.
NUMBERS = st.one_of(
    st.integers(max_value=4),
    st.sampled_from([10**30, 10**400, -(10**400), 2**64]),
    st.floats(),
    st.sampled_from([-0.0, 5e-324, 1 - 2**-53, 1e300, float("nan"), float("inf"), 64.0]),
    st.integers(0, 4).flatmap(
        lambda n: st.sampled_from([np.int8(n), np.uint8(n), np.int64(n), np.uint64(n), Size.TWO])
    ),
    st.floats(0, 1, width=16).flatmap(
        lambda x: st.sampled_from([np.float16(x), np.float32(x), np.longdouble(x), Fraction(x)])
    ),
    st.sampled_from([Decimal("0.1"), 1j, np.True_, np.False_, True, False, np.timedelta64(2, "D")]),
)
NAMES = """
    lstm gru max mean auto cpu cuda cuda:7 cuda:99999999999999999999 one_cycle plateau loss concat
    sum balanced bfloat16 word char ascii unicode post pre 1 0.5 ( a{99999999999} \\w+ (a)(b)
"""
STRINGS = st.one_of(
    st.sampled_from(NAMES.split()),
    st.sampled_from([*Name, np.str_("lstm"), np.str_("max"), "x" * 10**5, "(" * 9999, "\ud800"]),
    st.text(max_size=5).filter(lambda text: not re.search(r"[*+{]", text)),  # slow expressions
    st.binary(max_size=3),
)
OBJECTS = st.sampled_from(
    [
        *(None, ..., NotImplemented, object(), Hostile(), Hostile, [Hostile()], (Hostile(),)),
        *(int, str, list, dict, type, torch.nn.Module, torch.nn.Linear, torch.nn.LSTMCell),
        *(len, lambda text: text.split(), lambda text: 5, lambda: None, np.random, re.compile("a")),
        *(np.array(2), np.array([1, 2]), np.array(["a", "b"]), np.array("max"), np.array([])),
        *(torch.tensor(2), torch.tensor([1, 2]), torch.tensor(0.5), torch.device("cpu")),
        *(pd.NA, pd.NaT, pd.Series([1, 2]), pd.DataFrame({"a": [1]}), pd.Timestamp("2020")),
        *(np.ma.masked, np.datetime64("2020"), datetime.date(2020, 1, 1), range(3), slice(2)),
        *(np.random.RandomState(0), np.random.default_rng(0), RNNTextClassifier(), list[int]),
        *(WordVectors(["a"], [[1.0, 2.0]]), WordVectors, Exception("a"), torch.nn.GRUCell),
        collections.namedtuple("Sizes", "a b")(2, 2),
    ]
)
SCALARS = NUMBERS | STRINGS | OBJECTS
VALUES = st.one_of(
    SCALARS,
    st.lists(SCALARS, max_size=3),
    st.lists(SCALARS, max_size=3).map(tuple),
    st.dictionaries(st.sampled_from(["a", "b", "c", 1, None]), SCALARS, max_size=3),
    st.sets(st.text(max_size=2), max_size=2),
    st.tuples(st.tuples(st.integers(1, 3))),
)

# Besides InvalidParameterError. Errors of the data name the parameter that asks for other data.
ERRORS_OF_CLASSIFIER = {
    "lr_schedule": "^lr_schedule='plateau' needs the validation loss",
    "early_stopping": "^validation_fraction=0.1 of 12 texts leaves",
    "learning_rate": "^The loss or a weight is not finite",
    "weight_decay": "^The loss or a weight is not finite",
}
ERRORS_OF_TOKENIZER = {
    "token_pattern": "^There is no token in the training texts|^No token occurs",
    "min_count": "^No token occurs min_count",
}


def fitted_attributes(estimator):
    return vars(estimator).keys() - estimator.get_params().keys()


def check_value(estimator, name, value, arguments, errors):
    """Fit with the value, or check that it is refused and nothing is left behind."""
    estimator.set_params(**{name: value})
    try:
        estimator.fit(*arguments)
    except InvalidParameterError:
        pass
    except re.error:
        assert name == "token_pattern"
    except OSError:
        assert name == "checkpoint_path"
    except ValueError as error:
        assert re.search(errors[name], str(error))  # noqa: PT017 - a fit is expected as often
    else:
        return
    assert not fitted_attributes(estimator)
    assert getattr(estimator, name) is value


def is_huge(value):
    return isinstance(value, int) and value > 4


@pytest.fixture
def in_a_folder(tmp_path, monkeypatch):
    """Files of any name are written into a folder of the test."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("in_a_folder")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", sorted(RNNTextClassifier().get_params().keys() - {"verbose"}))
@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(value=VALUES)
def test_any_value_of_a_parameter_of_the_classifier(name, value):
    if not (name == "max_epochs" and is_huge(value)):  # valid, and not to be waited for
        check_value(RNNTextClassifier(**SMALL), name, value, (X, Y), ERRORS_OF_CLASSIFIER)


CALLABLE = {"analyzer", "strip_accents"}


@pytest.mark.parametrize("name", sorted(TextTokenizer().get_params()))
@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(value=VALUES)
def test_any_value_of_a_parameter_of_the_tokenizer(name, value):
    if name == "n_jobs" and isinstance(value, Integral) and value not in (0, 1):
        return  # it starts processes
    if name in CALLABLE and callable(value):
        return  # the errors of a user's function are its own
    check_value(TextTokenizer(min_count=1), name, value, (TEXTS,), ERRORS_OF_TOKENIZER)


@pytest.mark.parametrize("name", sorted(CALLABLE))
@pytest.mark.parametrize("returned", [None, 5, b"a", len, int], ids=repr)
def test_what_a_function_of_the_user_returns(name, returned):
    message = f"^{name} returned {type(returned).__name__} for a text. Let it return a "
    with pytest.raises(TypeError, match=message):
        TextTokenizer(**{name: lambda text: returned}).fit(TEXTS)


@settings(max_examples=200, suppress_health_check=list(HealthCheck))
@given(value=VALUES)
def test_any_value_of_a_parameter_of_a_function(value):
    for call in (
        lambda: make_word_order(2, random_state=value),
        lambda: LogCountRatioTransformer(alpha=value).fit([[1, 0], [0, 1]], Y[:2]),
        lambda: None if is_huge(value) and value <= 2**24 else make_word_order(value),
    ):
        with suppress(InvalidParameterError):
            call()


@pytest.mark.parametrize("name", ["hidden_size", "embedding_dim", "head_sizes", "num_layers"])
def test_a_size_that_no_memory_holds(name):
    """It ends neither in an error of torch nor by the system's out-of-memory killer."""
    size = 1001 if name == "num_layers" else 2**24 + 1
    for value in (size, 10**30, (size,), (10**30, 2)):
        with pytest.raises(InvalidParameterError):
            RNNTextClassifier(**SMALL | {name: value}).fit(X, Y)
    if name == "num_layers":
        return
    message = (
        "The network and its gradients do not fit into the memory of the device cpu. Lower "
        "hidden_size, num_layers, embedding_dim or head_sizes, or take a pooling other than "
        "'flatten'."
    )
    value = (2**24, 2**24) if name == "head_sizes" else 2**24
    rows = X.astype(np.int64)
    rows[0, 0] = 2**23  # for the embedding
    with pytest.raises(MemoryError, match=f"^{re.escape(message)}$"):
        RNNTextClassifier(**SMALL | {name: value}).fit(rows, Y)


def same(value):
    """Return values of other types that stand for the same value of Python's type."""
    if isinstance(value, bool):
        return [np.bool_(value)]
    if isinstance(value, int):
        return [dtype(value) for dtype in (np.int8, np.uint8, np.int32, np.int64, np.uint64)]
    if isinstance(value, float):
        return [np.float16(value), np.float32(value), np.float64(value), Fraction(value)]
    if isinstance(value, str):
        return [np.str_(value), enum.StrEnum("Name", {"A": value}).A]
    return [tuple(items) for items in zip(*map(same, value), strict=True)]


OF_CLASSIFIER = {
    "cell_type": "gru",
    "hidden_size": (3, 2),
    "num_layers": 2,
    "bidirectional": False,
    "merge": "sum",
    "pooling": ("max", "last"),
    "embedding_dim": 3,
    "freeze_embeddings": True,
    "linear_ngrams": 1,
    "word_dropout": 0.25,
    "embedding_dropout": 0.125,
    "dropout": 0.75,
    "head_sizes": (2, 3),
    "batch_norm": True,
    "max_epochs": 2,
    "batch_size": 5,
    "learning_rate": 0.0625,
    "weight_decay": 0.5,
    "gradient_clip": 0.125,
    "lr_schedule": "one_cycle",
    "early_stopping": True,
    "validation_fraction": 0.25,
    "scoring": "loss",
    "n_iter_no_change": 1,
    "tol": 0.5,
    "evaluations_per_epoch": 2,
    "class_weight": "balanced",
    "label_smoothing": 0.25,
    "warm_start": True,
    "random_state": 7,
    "verbose": 0,
    "device": "cpu",
    "record_gradients": True,
    "precision": "float32",
}


@pytest.mark.parametrize("name", OF_CLASSIFIER)
def test_the_classifier_takes_numbers_of_other_types_as_pythons(name):
    value = OF_CLASSIFIER[name]
    options = SMALL | {"early_stopping": True, "validation_fraction": 0.25}
    expected = RNNTextClassifier(**options | {name: value}).fit(X, Y)
    state = expected.__getstate__()["net_"]["weights"]
    for other in same(value):
        classifier = RNNTextClassifier(**options | {name: other}).fit(X, Y)
        assert classifier.get_params()[name] is other
        np.testing.assert_equal(classifier.__getstate__()["net_"]["weights"], state)
        assert repr(classifier._architecture) == repr(expected._architecture)
        for parameter, held in expected.net_.get_params(deep=False).items():
            if isinstance(held, int | float | str | None):
                assert repr(classifier.net_.get_params()[parameter]) == repr(held)


def test_every_parameter_of_the_classifier_that_is_a_number_or_a_name_is_tried():
    others = {"word_vectors", "callbacks", "checkpoint_path"}
    assert OF_CLASSIFIER.keys() | others == RNNTextClassifier().get_params().keys()


OF_TOKENIZER = [
    {"analyzer": "char"},
    {"lowercase": False},
    {"strip_accents": "ascii"},
    {"token_pattern": r"\w+"},
    {"min_count": 2},
    {"max_tokens": 2},
    {"max_length": 3},
    {"max_length": 0.5},
    {"max_length": "auto"},
    {"truncation": "pre"},
    {"add_markers": True},
    {"warm_start": True},
    {"n_jobs": 1},
]


@pytest.mark.parametrize("parameters", OF_TOKENIZER, ids=repr)
def test_the_tokenizer_takes_numbers_of_other_types_as_pythons(parameters):
    ((name, value),) = parameters.items()
    expected = TextTokenizer(**parameters).fit(TEXTS)
    for other in same(value):
        tokenizer = TextTokenizer(**{name: other}).fit(TEXTS)
        assert repr(tokenizer.vocabulary_) == repr(expected.vocabulary_)
        assert repr(tokenizer.max_length_) == repr(expected.max_length_)
        np.testing.assert_array_equal(tokenizer.transform(TEXTS), expected.transform(TEXTS))
        tokenizer.partial_fit(["d d d d"])


def test_functions_take_numbers_of_other_types_as_pythons():
    texts, labels = make_word_order(7, random_state=3)
    for n, seed in zip(same(7), same(3), strict=True):
        np.testing.assert_array_equal(make_word_order(n, random_state=seed), (texts, labels))
    ratios = LogCountRatioTransformer(alpha=0.5).fit([[1, 0], [0, 1]], Y[:2]).log_count_ratio_
    for alpha in same(0.5):
        found = LogCountRatioTransformer(alpha=alpha).fit([[1, 0], [0, 1]], Y[:2]).log_count_ratio_
        assert (found.dtype, found.tolist()) == (ratios.dtype, ratios.tolist())
