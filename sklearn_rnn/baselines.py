"""Linear classifiers of raw texts: fast and strong baselines for recurrent networks.

Each function returns a new, unfitted :class:`~sklearn.pipeline.Pipeline` of the steps "vect", which
counts n-grams of tokens, and "clf". Like scikit-learn's vectorizers, the Pipeline takes an iterable
of str. The parameters are those of :class:`~sklearn_rnn.TextTokenizer` that decide what a token is,
so that a network and its baselines read the same. The names of the steps are part of the interface:
``nb_svm().set_params(vect__min_df=2)``. Their settings were selected on held-out training texts.
"""

from collections.abc import Mapping
from numbers import Real
from typing import Any, Self, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.svm import LinearSVC
from sklearn.utils import ClassifierTags, Tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, check_non_negative

from sklearn_rnn._doc_links import DocLinkMixin
from sklearn_rnn._linear.log_count_ratio import log_count_ratios
from sklearn_rnn._parameters import Interval, _fit_context, check_parameters, python_values
from sklearn_rnn._text.analyzers import TOKEN_PATTERN
from sklearn_rnn._text.vectorizers import (
    TOKEN_PARAMETERS,
    Analyzer,
    StripAccents,
    ngram_parameters,
)
from sklearn_rnn._tokenizer import TextTokenizer
from sklearn_rnn._validation import validate_data

__all__ = [
    "LogCountRatioTransformer",
    "nb_svm",
    "tfidf_linear_svc",
    "tfidf_logistic_regression",
    "tfidf_word_char_linear_svc",
]

Sparse: TypeAlias = sparse.sparray | sparse.spmatrix


def tfidf_logistic_regression(
    *,
    analyzer: Analyzer = "word",
    lowercase: bool = True,
    strip_accents: StripAccents | None = None,
    token_pattern: str = TOKEN_PATTERN,
) -> Pipeline:
    """Return a logistic regression on the TF-IDF of words, with probabilities.

    Parameters
    ----------
    analyzer : {"word", "char"} or callable, default="word"
        As in :class:`~sklearn_rnn.TextTokenizer`: "char" is for text written without spaces.
    lowercase : bool, default=True
        As in TextTokenizer: True converts the text to lower case.
    strip_accents : {"ascii", "unicode"} or callable, default=None
        As in TextTokenizer: how to remove accents. None keeps them.
    token_pattern : str, default=a pattern for words in any script
        As in TextTokenizer: the regular expression of a token, for ``analyzer="word"``.

    Returns
    -------
    pipeline : :class:`~sklearn.pipeline.Pipeline`
        Unfitted, with the steps "vect", a
        :class:`~sklearn.feature_extraction.text.TfidfVectorizer`, and "clf", a
        :class:`~sklearn.linear_model.LogisticRegression`. It has `predict_proba`. The features are
        tokens; with ``analyzer="char"``, n-grams of 1 to 3 characters.

    Raises
    ------
    ValueError
        If a parameter is invalid.

    Examples
    --------
    >>> from sklearn_rnn.baselines import tfidf_logistic_regression
    >>> model = tfidf_logistic_regression()
    >>> model.fit(["a good film", "a bad film"], ["praise", "complaint"])
    Pipeline(...)
    >>> model.predict(["good"])
    array(['praise'], dtype='<U9')
    """
    ngrams = _ngrams(locals(), max_words=1, caller="tfidf_logistic_regression")
    vect = TfidfVectorizer(sublinear_tf=True, **ngrams)
    return Pipeline([("vect", vect), ("clf", LogisticRegression(C=3, max_iter=1000))])


def tfidf_linear_svc(
    *,
    analyzer: Analyzer = "word",
    lowercase: bool = True,
    strip_accents: StripAccents | None = None,
    token_pattern: str = TOKEN_PATTERN,
) -> Pipeline:
    """Return a linear support vector machine on the TF-IDF of words and bigrams.

    Parameters
    ----------
    analyzer : {"word", "char"} or callable, default="word"
        As in :class:`~sklearn_rnn.TextTokenizer`: "char" is for text written without spaces.
    lowercase : bool, default=True
        As in TextTokenizer: True converts the text to lower case.
    strip_accents : {"ascii", "unicode"} or callable, default=None
        As in TextTokenizer: how to remove accents. None keeps them.
    token_pattern : str, default=a pattern for words in any script
        As in TextTokenizer: the regular expression of a token, for ``analyzer="word"``.

    Returns
    -------
    pipeline : :class:`~sklearn.pipeline.Pipeline`
        Unfitted, with the steps "vect", a
        :class:`~sklearn.feature_extraction.text.TfidfVectorizer`, and "clf", a
        :class:`~sklearn.svm.LinearSVC`. It has `decision_function` and no `predict_proba`. The
        features are tokens and pairs of tokens; with ``analyzer="char"``, n-grams of 1 to 3
        characters.

    Raises
    ------
    ValueError
        If a parameter is invalid.

    Examples
    --------
    >>> from sklearn_rnn.baselines import tfidf_linear_svc
    >>> model = tfidf_linear_svc().set_params(clf__C=0.5)
    >>> model.fit(["a good film", "not a good film"], ["praise", "complaint"])
    Pipeline(...)
    >>> model.predict(["not a film"])
    array(['complaint'], dtype='<U9')
    """
    ngrams = _ngrams(locals(), max_words=2, caller="tfidf_linear_svc")
    vect = TfidfVectorizer(sublinear_tf=True, **ngrams)
    return Pipeline([("vect", vect), ("clf", LinearSVC(random_state=0))])


def tfidf_word_char_linear_svc(
    *,
    analyzer: Analyzer = "word",
    lowercase: bool = True,
    strip_accents: StripAccents | None = None,
    token_pattern: str = TOKEN_PATTERN,
) -> Pipeline:
    """Return a linear support vector machine on the TF-IDF of words, bigrams and parts of words.

    The parts are n-grams of 2 to 5 characters, which unseen words share with words of the training
    texts: on short texts, many classes and rich morphology, it is the strongest baseline.

    Parameters
    ----------
    analyzer : {"word", "char"} or callable, default="word"
        As in :class:`~sklearn_rnn.TextTokenizer`: "char" is for text written without spaces.
    lowercase : bool, default=True
        As in TextTokenizer: True converts the text to lower case.
    strip_accents : {"ascii", "unicode"} or callable, default=None
        As in TextTokenizer: how to remove accents. None keeps them.
    token_pattern : str, default=a pattern for words in any script
        As in TextTokenizer: the regular expression of a token, for ``analyzer="word"``.

    Returns
    -------
    pipeline : :class:`~sklearn.pipeline.Pipeline`
        Unfitted, with the steps "vect", a :class:`~sklearn.pipeline.FeatureUnion` of two
        :class:`~sklearn.feature_extraction.text.TfidfVectorizer` called "word" and "char", and
        "clf", a :class:`~sklearn.svm.LinearSVC`. It has `decision_function` and no `predict_proba`.
        The features of "word" are tokens and pairs of tokens; with ``analyzer="char"``, n-grams of
        1 to 3 characters. "char" reads words between white space, for any `token_pattern`.

    Raises
    ------
    ValueError
        If a parameter is invalid.

    Examples
    --------
    >>> from sklearn_rnn.baselines import tfidf_word_char_linear_svc
    >>> model = tfidf_word_char_linear_svc().set_params(vect__char__min_df=1)
    >>> model.fit(["a charming film", "a boring film"], ["praise", "complaint"])
    Pipeline(...)
    >>> model.predict(["charms"])
    array(['praise'], dtype='<U9')
    """
    ngrams = _ngrams(locals(), max_words=2, caller="tfidf_word_char_linear_svc")
    word = TfidfVectorizer(sublinear_tf=True, **ngrams)
    char = TfidfVectorizer(sublinear_tf=True, **ngrams).set_params(
        analyzer="char_wb", tokenizer=None, token_pattern=None, ngram_range=(2, 5), min_df=2
    )
    vect = FeatureUnion([("word", word), ("char", char)])
    return Pipeline([("vect", vect), ("clf", LinearSVC(C=0.5, random_state=0))])


def nb_svm(
    *,
    analyzer: Analyzer = "word",
    lowercase: bool = True,
    strip_accents: StripAccents | None = None,
    token_pattern: str = TOKEN_PATTERN,
) -> Pipeline:
    """Return NBSVM: a linear support vector machine on features scaled by naive Bayes.

    The features are binary: whether a text contains a word, a punctuation mark, or a bigram of
    these; with ``analyzer="char"``, an n-gram of 1 to 3 characters.
    :class:`LogCountRatioTransformer` scales the features [1]_ for each class against the rest, so
    it is inside the :class:`~sklearn.multiclass.OneVsRestClassifier`.

    Parameters
    ----------
    analyzer : {"word", "char"} or callable, default="word"
        As in :class:`~sklearn_rnn.TextTokenizer`: "char" is for text written without spaces.
    lowercase : bool, default=True
        As in TextTokenizer: True converts the text to lower case.
    strip_accents : {"ascii", "unicode"} or callable, default=None
        As in TextTokenizer: how to remove accents. None keeps them.
    token_pattern : str, default=a pattern for words in any script
        As in TextTokenizer: the regular expression of a token, for ``analyzer="word"``.

    Returns
    -------
    pipeline : :class:`~sklearn.pipeline.Pipeline`
        Unfitted, with the steps "vect", a
        :class:`~sklearn.feature_extraction.text.CountVectorizer`, and "clf", the
        `OneVsRestClassifier` of a Pipeline with the steps "ratio" and "svc". The inverse strength
        of the L2 penalty is `clf__estimator__svc__C`. The pipeline has `decision_function` and no
        `predict_proba`.

    Raises
    ------
    ValueError
        If a parameter is invalid.

    Notes
    -----
    The paper interpolates between the coefficients, with a weight beta, and their mean magnitude.
    This function does not: on held-out training texts of IMDB, the interpolation lowers the
    accuracy from 0.917 to 0.916 at a beta of 0.5, and to 0.899 at the paper's 0.25.

    References
    ----------
    .. [1] S. Wang and C. Manning, "Baselines and Bigrams: Simple, Good Sentiment and Topic
       Classification", ACL 2012, https://aclanthology.org/P12-2018/

    Examples
    --------
    >>> from sklearn_rnn.baselines import nb_svm
    >>> model = nb_svm().set_params(clf__estimator__svc__C=1)
    >>> model.fit(["a good film", "not a good film"], ["praise", "complaint"])
    Pipeline(...)
    >>> model.predict(["not a film"])
    array(['complaint'], dtype='<U9')
    """
    ngrams = _ngrams(locals(), max_words=2, caller="nb_svm")
    vect = CountVectorizer(binary=True, dtype=np.float64, **ngrams)
    against_rest = Pipeline(
        [("ratio", LogCountRatioTransformer()), ("svc", LinearSVC(C=0.01, random_state=0))]
    )
    return Pipeline([("vect", vect), ("clf", OneVsRestClassifier(against_rest))])


def _ngrams(tokens: Mapping[str, Any], *, max_words: int, caller: str) -> dict[str, Any]:
    """Check what decides on tokens, and return parameters of a vectorizer of their n-grams."""
    constraints = {name: TextTokenizer._parameter_constraints[name] for name in TOKEN_PARAMETERS}
    check_parameters(tokens, constraints, caller=caller)
    return ngram_parameters(**{name: tokens[name] for name in constraints}, max_words=max_words)


class LogCountRatioTransformer(DocLinkMixin, OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Scale each feature by its log-count ratio, the coefficient of multinomial naive Bayes.

    The log-count ratio of a feature is ``log(p / q)``, for its relative frequencies p and q in the
    two classes. A linear classifier with equal coefficients on the scaled features is multinomial
    naive Bayes [1]_. The scaling also weakens the L2 penalty on features with ratios far from 0.

    The transformer takes two classes. For more, put a Pipeline of it and the classifier into a
    :class:`~sklearn.multiclass.OneVsRestClassifier`, as :func:`~sklearn_rnn.baselines.nb_svm` does.

    Parameters
    ----------
    alpha : float, default=1.0
        The smoothing, which is added to the count of every feature in each class: above 0 and at
        most 1e100.

    Attributes
    ----------
    log_count_ratio_ : ndarray of shape (n_features,)
        The natural logarithms of the ratios: positive for features that are more frequent in
        ``classes_[1]``.
    classes_ : ndarray of shape (2,)
        The two classes.
    n_features_in_ : int
        The number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        The names of the features. Only if X has string column names at fit.

    See Also
    --------
    sklearn.naive_bayes.MultinomialNB : The classifier whose coefficients are these ratios.

    References
    ----------
    .. [1] S. Wang and C. Manning, "Baselines and Bigrams: Simple, Good Sentiment and Topic
       Classification", ACL 2012, https://aclanthology.org/P12-2018/

    Examples
    --------
    >>> from sklearn_rnn.baselines import LogCountRatioTransformer
    >>> X = [[1, 0, 1], [0, 1, 1]]
    >>> LogCountRatioTransformer().fit(X, ["bad", "good"]).log_count_ratio_.round(2)
    array([-0.69,  0.69,  0.  ])
    """

    log_count_ratio_: np.ndarray
    classes_: np.ndarray
    n_features_in_: int
    feature_names_in_: np.ndarray

    _parameter_constraints: dict[str, list[Any]] = {
        # Far below the largest float, which the sum over the features must not exceed.
        "alpha": [Interval(Real, 0, 1e100, closed="right")],
    }

    def __init__(self, *, alpha: float = 1.0) -> None:
        self.alpha = alpha

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: npt.ArrayLike | Sparse, y: npt.ArrayLike) -> Self:
        """Compute the log-count ratios.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Counts, or 0 and 1 for absent and present. They must not be negative.
        y : array-like of shape (n_samples,)
            The labels, of two classes.

        Returns
        -------
        self : object
            The fitted transformer.

        Raises
        ------
        ValueError
            If X has negative values, the number of classes in y is not two, or `alpha` is
            out of its range.
        """
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=[np.float64, np.float32])
        check_non_negative(X, "LogCountRatioTransformer.fit")
        check_classification_targets(y)
        self.classes_, y = np.unique(y, return_inverse=True)
        if len(self.classes_) != 2:
            raise ValueError(
                f"LogCountRatioTransformer compares two classes, and y has {len(self.classes_)} "
                f"class(es): {self.classes_.tolist()}. For more than two, wrap it and its "
                "classifier in OneVsRestClassifier, as nb_svm() does."
            )
        negative, positive = (
            np.asarray(X[y == k].sum(axis=0, dtype=np.float64)).ravel() for k in (0, 1)
        )
        alpha = python_values(self).alpha
        self.log_count_ratio_ = log_count_ratios(positive, negative, smoothing=alpha)
        return self

    def transform(self, X: npt.ArrayLike | Sparse) -> np.ndarray | Sparse:
        """Multiply each feature by its log-count ratio.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Counts, or 0 and 1 for absent and present.

        Returns
        -------
        X_new : {ndarray, CSR matrix} of shape (n_samples, n_features)
            The scaled features, sparse if X is sparse; of dtype float32 if X has this dtype, else
            float64.
        """
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=[np.float64, np.float32], reset=False)
        factors = self.log_count_ratio_.astype(X.dtype)
        return X @ sparse.diags_array(factors) if sparse.issparse(X) else X * factors

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.positive_only = True
        tags.target_tags.required = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        # With this tag of classifiers, scikit-learn's checks give the transformer two classes only.
        tags.classifier_tags = ClassifierTags(multi_class=False)
        return tags
