"""The default Pipeline and the baselines, by their names in the results."""

from collections.abc import Callable
from functools import partial

from sklearn.base import BaseEstimator
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import Pipeline

from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn.baselines import nb_svm, tfidf_linear_svc, tfidf_logistic_regression


def make_rnn(seed: int, **parameters: float) -> Pipeline:
    """Make the default Pipeline, with some parameters of the classifier changed."""
    classifier = RNNTextClassifier(random_state=seed, device="cpu", **parameters)
    return Pipeline([("tok", TextTokenizer()), ("clf", classifier)])


MODELS: dict[str, Callable[[int], BaseEstimator]] = {
    "rnn": make_rnn,
    "network_alone": partial(make_rnn, linear_ngrams=0),
    "nb_svm": lambda seed: nb_svm(),
    "tfidf_linear_svc": lambda seed: tfidf_linear_svc(),
    "tfidf_logistic_regression": lambda seed: tfidf_logistic_regression(),
    "majority": lambda seed: DummyClassifier(),
}
NETWORKS = ("rnn", "network_alone")  # fitted once for each seed
