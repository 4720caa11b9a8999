"""The architecture that a classifier's parameters describe."""

import dataclasses
import pickle
import re

import numpy as np
import pytest

from sklearn_rnn import RNNTextClassifier
from sklearn_rnn._nn import architecture
from sklearn_rnn._nn.architecture import check_same_architecture, plan_architecture
from sklearn_rnn._nn.module import RecurrentModule


def plan(n_tokens=5, n_classes=2, n_training_texts=10, reads_characters=False, **parameters):
    parameters = RNNTextClassifier(**parameters).get_params(deep=False)
    return plan_architecture(
        parameters,
        n_tokens=n_tokens,
        n_classes=n_classes,
        max_length=3,
        n_training_texts=n_training_texts,
        reads_characters=reads_characters,
    )


@pytest.mark.parametrize(
    ("hidden_size", "num_layers", "sizes"),
    [(4, None, (4,)), (4, 3, (4, 4, 4)), ((4, 5), None, (4, 5)), ((4, 5), 2, (4, 5))],
)
def test_layer_sizes(hidden_size, num_layers, sizes):
    assert plan(hidden_size=hidden_size, num_layers=num_layers).hidden_sizes == sizes


def test_one_pooling_or_several():
    assert plan(pooling="mean").pooling == ("mean",)
    assert plan(pooling=("max", "last")).pooling == ("max", "last")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"hidden_size": (4, 5), "num_layers": 3},
            "hidden_size=(4, 5) gives the size of 2 layers, and num_layers=3 asks for another "
            "number. Leave num_layers at None, or make hidden_size one int for all layers.",
        ),
        (
            {"hidden_size": ()},
            "hidden_size=() has no layer. Give one int, or one for each layer.",
        ),
        (
            {"hidden_size": True},
            "hidden_size=True must be a whole number of at least 1, or a tuple of such numbers, "
            "one for each layer.",
        ),
        ({"hidden_size": (4, 0)}, "hidden_size=(4, 0) must hold ints of at least 1."),
        ({"hidden_size": (True,)}, "hidden_size=(True,) must hold ints of at least 1."),
        ({"head_sizes": (2.5,)}, "head_sizes=(2.5,) must hold ints of at least 1."),
        *[
            (
                {"pooling": pooling},
                f"pooling={pooling!r} must be one of 'last', 'max', 'mean', 'attention', "
                "'flatten', or a tuple of different ones.",
            )
            for pooling in [(), ("max", "max"), ("max", "min"), (1, ["max"])]
        ],
    ],
)
def test_invalid_parameters(parameters, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        plan(**parameters)


def test_resuming_needs_the_same_architecture_except_for_new_words():
    check_same_architecture(plan(), plan(n_tokens=50))
    message = (
        "Training cannot continue, because parameters of the network have changed: it was built "
        "with {'merge': 'concat'}, and the parameters are now {'merge': 'sum'}. Set "
        "warm_start=False and call fit to build a new one."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        check_same_architecture(plan(), plan(merge="sum"))


@pytest.mark.parametrize(
    ("n_training_texts", "n_classes", "linear_ngrams", "reads"),
    [
        (999, 2, 2, False),
        (1000, 2, 2, True),
        (1000, 2, 1, True),
        (1000, 2, 0, False),
        (1499, 3, 2, False),
        (1500, 3, 2, True),
    ],
)
def test_network_reads_ngram_scores_with_enough_texts(
    n_training_texts, n_classes, linear_ngrams, reads
):
    planned = plan(
        n_training_texts=n_training_texts,
        n_classes=n_classes,
        linear_ngrams=linear_ngrams,
        embedding_dim=7,
    )
    assert planned.reads_ngram_scores == reads
    assert planned.input_size == 7 + (n_classes if reads else 0)
    module = RecurrentModule(planned)
    assert module.layers[0].input_size == planned.input_size


def test_resuming_does_not_depend_on_the_number_of_texts():
    few, many = plan(n_training_texts=10), plan(n_training_texts=10_000)
    check_same_architecture(few, many)
    check_same_architecture(many, few)


def test_an_architecture_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        plan().n_tokens = 9


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_resumed_network_reads_ngram_scores_only_if_it_did_before(
    make_classifier, word_order, monkeypatch, method
):
    X, y = word_order
    for texts_to_read, reads in [(40, True), (41, False)]:
        monkeypatch.setattr(architecture, "TEXTS_PER_CLASS_TO_READ", texts_to_read)
        classifier = make_classifier(linear_ngrams=2, warm_start=True).fit(X, y)
        resumed = pickle.loads(pickle.dumps(classifier))
        getattr(resumed, method)(X[::2], y[::2])
        getattr(resumed, method)(np.tile(X, (2, 1)), np.tile(y, 2))
        for fitted in (classifier, resumed, pickle.loads(pickle.dumps(resumed))):
            module = fitted.net_.module_
            assert module.reads_ngram_scores == reads
            assert module.layers[0].input_size == 4 + 2 * reads


def test_texts_of_weight_zero_are_not_counted(make_classifier, word_order, monkeypatch):
    X, y = word_order
    monkeypatch.setattr(architecture, "TEXTS_PER_CLASS_TO_READ", 40)
    weights = np.arange(80) > 0
    classifier = make_classifier(linear_ngrams=2).fit(X, y, sample_weight=weights)
    assert not classifier.net_.module_.reads_ngram_scores


@pytest.mark.parametrize(
    ("linear_ngrams", "word_dropout", "chosen"),
    [(2, "auto", 0.5), (1, "auto", 0.5), (0, "auto", 0.2), (2, 0.1, 0.1), (0, 0.1, 0.1)],
)
def test_word_dropout_depends_on_the_linear_term(linear_ngrams, word_dropout, chosen):
    planned = plan(linear_ngrams=linear_ngrams, word_dropout=word_dropout)
    assert planned.word_dropout == chosen


@pytest.mark.parametrize(
    ("n_training_texts", "linear_ngrams", "embeds"),
    [(999, 2, True), (1000, 2, False), (1000, 0, True)],
)
def test_characters_are_embedded_unless_channels_read_them(n_training_texts, linear_ngrams, embeds):
    planned = plan(
        n_training_texts=n_training_texts, linear_ngrams=linear_ngrams, reads_characters=True
    )
    assert planned.embeds_characters == embeds
    assert not plan(linear_ngrams=linear_ngrams).embeds_characters
