"""The default Pipeline, the baselines and the external rivals, by their names in the results."""

from collections.abc import Callable
from functools import partial

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


def make_nb_svm(seed: int, analyzer: str = "word") -> Pipeline:
    """Make NBSVM; its pattern of words would be ignored for characters, with a warning."""
    changes = {} if analyzer == "word" else {"count__token_pattern": None}
    return nb_svm().set_params(count__analyzer=analyzer, **changes)


def make_words_and_characters(seed: int, analyzer: str = "word") -> Pipeline:
    """Make the linear support vector machine on the TF-IDF of words and of characters."""
    shared = {"min_df": 2, "sublinear_tf": True}
    words = TfidfVectorizer(analyzer=analyzer, ngram_range=(1, 2), **shared)
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), **shared)
    features = FeatureUnion([("words", words), ("characters", characters)])
    return Pipeline([("tfidf", features), ("clf", LinearSVC(C=0.5, random_state=0))])


# Estimators by name, made from a seed and optionally the analyzer, "word" or "char".
MODELS: dict[str, Callable[..., BaseEstimator]] = {
    "rnn": make_rnn,
    "network_alone": partial(make_rnn, linear_ngrams=0),
    "nb_svm": make_nb_svm,
    "tfidf_linear_svc": lambda seed, analyzer="word": tfidf_linear_svc().set_params(
        tfidf__analyzer=analyzer
    ),
    "tfidf_logistic_regression": lambda seed, analyzer="word": (
        tfidf_logistic_regression().set_params(tfidf__analyzer=analyzer)
    ),
    "words_and_characters_svc": make_words_and_characters,
    "majority": lambda seed, analyzer="word": DummyClassifier(),
}
NETWORKS = ("rnn", "network_alone")  # fitted once for each seed
EXTERNAL = ("fasttext", "spacy", "minilm")  # each in an environment of its own
GROUPS = {
    "ours": NETWORKS,
    "linear": tuple(name for name in MODELS if name not in NETWORKS),
    "external": EXTERNAL,
}
