"""The table of the layers of a network."""

import pickle

import pytest
from sklearn.exceptions import NotFittedError

from sklearn_rnn import RNNTextClassifier
from sklearn_rnn._nn import architecture


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"bidirectional": False, "linear_ngrams": 0},
        {"batch_norm": True, "head_sizes": (5, 3), "hidden_size": (4, 6), "merge": "sum"},
        {"pooling": ("attention", "flatten", "last"), "cell_type": "rnn"},
    ],
    ids=repr,
)
def test_the_summary_counts_all_parameters(make_classifier, word_order, parameters):
    classifier = make_classifier(**parameters).fit(*word_order)
    summary = classifier.summary()
    assert summary.columns.tolist() == ["output_shape", "n_parameters"]
    assert summary.index.name == "layer"
    assert summary.index.is_unique
    assert summary["n_parameters"].sum() == classifier.n_parameters_
    assert pickle.loads(pickle.dumps(classifier)).summary().equals(summary)


@pytest.mark.parametrize("n_score_channels", [0, 2])
def test_the_rows_of_the_summary(make_classifier, word_order, monkeypatch, n_score_channels):
    texts_to_read = 40 if n_score_channels else 41
    monkeypatch.setattr(architecture, "TEXTS_PER_CLASS_TO_READ", texts_to_read)
    classifier = make_classifier(
        batch_norm=True, head_sizes=(5, 3), hidden_size=(4, 6), linear_ngrams=1, pooling="max"
    ).fit(*word_order)
    n_read = 4 + n_score_channels
    lstm = [2 * 4 * h * (d + h + 2) for d, h in [(n_read, 4), (8, 6)]]
    rows = [
        ("embedding", (6, 4), 10 * 4),
        ("layer_norms.0", (6, n_read), 2 * n_read),
        ("layers.0", (6, 8), lstm[0]),
        ("layer_norms.1", (6, 8), 2 * 8),
        ("layers.1", (6, 12), lstm[1]),
        ("poolings", (12,), 0),
        ("dense_norms.0", (12,), 2 * 12),
        ("dense.0", (5,), 12 * 5 + 5),
        ("dense_norms.1", (5,), 2 * 5),
        ("dense.1", (3,), 5 * 3 + 3),
        ("dense_norms.2", (3,), 2 * 3),
        ("output", (2,), 3 * 2 + 2),
        ("linear_term", (2,), 2 * 8 + 2),
    ]
    assert list(classifier.summary().itertuples(name=None)) == rows


def test_without_batch_norm_there_are_no_rows_of_normalisations(make_classifier, word_order):
    summary = make_classifier(head_sizes=(5,), linear_ngrams=0).fit(*word_order).summary()
    assert summary.index.tolist() == ["embedding", "layers.0", "poolings", "dense.0", "output"]


def test_a_frozen_embedding_is_in_the_summary(make_classifier, word_order):
    classifier = make_classifier(freeze_embeddings=True).fit(*word_order)
    assert classifier.summary().loc["embedding", "n_parameters"] == 10 * 4
    assert classifier.summary()["n_parameters"].sum() == classifier.n_parameters_ + 10 * 4


def test_the_summary_of_an_unfitted_classifier():
    with pytest.raises(NotFittedError):
        RNNTextClassifier().summary()
