"""A small fitted model, whose file or state the targets damage."""

from functools import cache

from sklearn.pipeline import make_pipeline

from sklearn_rnn import RNNTextClassifier, TextTokenizer
from tests.texts import LABELS, TEXTS


@cache
def fitted_pipeline():
    """Return a tokenizer and a network of a few numbers, fitted once."""
    classifier = RNNTextClassifier(
        embedding_dim=2,
        hidden_size=2,
        max_epochs=1,
        lr_schedule=None,
        random_state=0,
        device="cpu",
    )
    return make_pipeline(TextTokenizer(max_length=8), classifier).fit(TEXTS, LABELS)
