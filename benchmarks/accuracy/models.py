"""The default Pipeline, the baselines and the external rivals, by their names in the results."""

from collections.abc import Callable

from sklearn.base import BaseEstimator
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.svm import LinearSVC

from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn.baselines import nb_svm, tfidf_linear_svc, tfidf_logistic_regression


def make_rnn(seed: int, analyzer: str = "word", **parameters: float) -> Pipeline:
    """Make the default Pipeline, with some parameters of the classifier changed."""
    classifier = RNNTextClassifier(random_state=seed, device="cpu", **parameters)
    return Pipeline([("tok", TextTokenizer(analyzer=analyzer)), ("clf", classifier)])


def make_words_and_characters(analyzer: str) -> Pipeline:
    """Make the linear support vector machine on the TF-IDF of words and of characters."""
    shared = {"min_df": 2, "sublinear_tf": True}
    words = TfidfVectorizer(analyzer=analyzer, ngram_range=(1, 2), **shared)
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), **shared)
    features = FeatureUnion([("words", words), ("characters", characters)])
    return Pipeline([("tfidf", features), ("clf", LinearSVC(C=0.5, random_state=0))])


OURS: dict[str, Callable[[int, str], BaseEstimator]] = {
    "rnn": lambda seed, analyzer: make_rnn(seed, analyzer),
    "network_alone": lambda seed, analyzer: make_rnn(seed, analyzer, linear_ngrams=0),
}
LINEAR: dict[str, Callable[[str], BaseEstimator]] = {
    "nb_svm": lambda analyzer: nb_svm().set_params(count__analyzer=analyzer),
    "tfidf_linear_svc": lambda analyzer: tfidf_linear_svc().set_params(tfidf__analyzer=analyzer),
    "tfidf_logistic_regression": lambda analyzer: tfidf_logistic_regression().set_params(
        tfidf__analyzer=analyzer
    ),
    "words_and_characters_svc": make_words_and_characters,
    "majority": lambda analyzer: DummyClassifier(),
}
EXTERNAL = ("fasttext", "spacy", "minilm")  # each in an environment of its own
GROUPS = {"ours": tuple(OURS), "linear": tuple(LINEAR), "external": EXTERNAL}
MODELS = tuple(name for names in GROUPS.values() for name in names)


def make_estimator(model: str, seed: int, analyzer: str) -> BaseEstimator:
    """Make a Pipeline of ours or a baseline; the baselines do not depend on the seed."""
    return OURS[model](seed, analyzer) if model in OURS else LINEAR[model](analyzer)
