"""The default Pipeline, the baselines and the external rivals, by their names in the results."""

from collections.abc import Callable
from functools import partial

from sklearn.base import BaseEstimator
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import Pipeline

from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn.baselines import (
    nb_svm,
    tfidf_linear_svc,
    tfidf_logistic_regression,
    tfidf_word_char_linear_svc,
)


def make_rnn(seed: int, analyzer: str = "word", **parameters: float) -> Pipeline:
    """Make the default Pipeline, with some parameters of the classifier changed."""
    classifier = RNNTextClassifier(random_state=seed, device="cpu", **parameters)
    return Pipeline([("tok", TextTokenizer(analyzer=analyzer)), ("clf", classifier)])


# Estimators by name, made from a seed and optionally the analyzer, "word" or "char".
MODELS: dict[str, Callable[..., BaseEstimator]] = {
    "rnn": make_rnn,
    "network_alone": partial(make_rnn, linear_ngrams=0),
    "nb_svm": lambda seed, analyzer="word": nb_svm(analyzer=analyzer),
    "tfidf_linear_svc": lambda seed, analyzer="word": tfidf_linear_svc(analyzer=analyzer),
    "tfidf_logistic_regression": lambda seed, analyzer="word": tfidf_logistic_regression(
        analyzer=analyzer
    ),
    "tfidf_word_char_linear_svc": lambda seed, analyzer="word": tfidf_word_char_linear_svc(
        analyzer=analyzer
    ),
    "majority": lambda seed, analyzer="word": DummyClassifier(),
}
NETWORKS = ("rnn", "network_alone")  # fitted once for each seed
EXTERNAL = ("fasttext", "spacy", "minilm")  # each in an environment of its own
GROUPS = {
    "ours": NETWORKS,
    "linear": tuple(name for name in MODELS if name not in NETWORKS),
    "external": EXTERNAL,
}
