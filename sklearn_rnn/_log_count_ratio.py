"""The naive Bayes half of NBSVM."""

from numbers import Real

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import ClassifierTags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, check_non_negative

from ._validation import Interval, _fit_context, validate_data


class LogCountRatioTransformer(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Multiply each feature by how much more often it occurs in one class than in the other.

    The factor of a feature is its log-count ratio, which is its weight in multinomial naive
    Bayes. A linear classifier on features thus scaled needs small coefficients where naive Bayes
    is right, so that its penalty pulls it there [1]_.

    There is one ratio for two classes. For more, put this and the classifier in a pipeline within
    :class:`~sklearn.multiclass.OneVsRestClassifier`, as :func:`~sklearn_rnn.baselines.nb_svm` does.

    Parameters
    ----------
    alpha : float, default=1.0
        The smoothing: what is added to the count of every feature in each class. Above 0.

    Attributes
    ----------
    log_count_ratio_ : ndarray of shape (n_features,)
        The factors, in natural logarithms: above 0 for what is more frequent in ``classes_[1]``.
    classes_ : ndarray of shape (2,)
        The two classes.
    n_features_in_ : int
        The number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        The names of the features. Only if X has string column names at fit.

    See Also
    --------
    sklearn.naive_bayes.MultinomialNB : The classifier whose weights these are.

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

    _parameter_constraints = {
        "alpha": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(self, *, alpha=1.0):
        self.alpha = alpha

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y):
        """Compute the log-count ratios.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Counts, or 0 and 1 for absent and present. Not negative.
        y : array-like of shape (n_samples,)
            The labels, of two classes.

        Returns
        -------
        self : object
            The fitted transformer.

        Raises
        ------
        ValueError
            If X has negative values, or y has other than two classes.
        """
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=[np.float64, np.float32])
        check_non_negative(X, "LogCountRatioTransformer.fit")
        check_classification_targets(y)
        self.classes_, y = np.unique(y, return_inverse=True)
        if len(self.classes_) != 2:
            raise ValueError(
                f"LogCountRatioTransformer compares two classes, and y has {len(self.classes_)} "
                f"class(es): {self.classes_.tolist()}. Of more than two, wrap it and its "
                "classifier in OneVsRestClassifier, as nb_svm() does."
            )
        negative, positive = (self._log_frequencies(X[y == k]) for k in (0, 1))
        self.log_count_ratio_ = positive - negative
        return self

    def _log_frequencies(self, X):
        counts = self.alpha + np.asarray(X.sum(axis=0, dtype=np.float64)).ravel()
        return np.log(counts / counts.sum())

    def transform(self, X):
        """Multiply each feature by its log-count ratio.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Counts, or 0 and 1 for absent and present.

        Returns
        -------
        X_new : {ndarray, CSR matrix} of shape (n_samples, n_features)
            The scaled features; sparse if X is. Of the dtype of X if that is float32, else float64.
        """
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=[np.float64, np.float32], reset=False)
        factors = self.log_count_ratio_.astype(X.dtype)
        return X @ sparse.diags_array(factors) if sparse.issparse(X) else X * factors

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.positive_only = True
        tags.target_tags.required = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        # No classifier, but this is where scikit-learn's checks look for "two classes only".
        tags.classifier_tags = ClassifierTags(multi_class=False)
        return tags
