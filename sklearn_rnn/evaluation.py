"""Several classifiers, the same folds, one table."""

import warnings
from collections import Counter
from functools import wraps
from time import perf_counter

import numpy as np
import pandas as pd
from scipy.stats import binomtest
from scipy.stats import t as student_t
from sklearn.base import clone
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv
from sklearn.utils import Bunch, check_consistent_length, column_or_1d, resample
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.parallel import Parallel, delayed

from sklearn_rnn._validation import _safe_indexing, check_label_types

__all__ = ["compare"]

N_RESAMPLES = 100  # a standard error is then known within 7 %, one part in sqrt(2 * 100)


def compare(
    estimators,
    X,
    y,
    *,
    cv=None,
    X_test=None,
    y_test=None,
    scoring=("accuracy", "f1_macro"),
    n_jobs=None,
    random_state=0,
    verbose=0,
    return_predictions=False,
    return_estimators=False,
):
    """Fit and score several classifiers on the same folds, or on one test set.

    The estimators are cloned, never fitted in place. The folds are drawn once, so that every
    estimator sees the same ones and the differences can be tested in pairs.

    Parameters
    ----------
    estimators : dict of str to estimator, or list of (str, estimator)
        The classifiers to compare, by name.
    X : list, ndarray, Series or DataFrame of shape (n_samples,) or (n_samples, n_features)
        The texts, or whatever the estimators take. Training data only if `X_test` is given.
    y : array-like of shape (n_samples,)
        The labels.
    cv : int, splitter or iterable of (train, test), default=None
        As in :func:`~sklearn.model_selection.cross_validate`: None is 5 stratified folds, an int
        that many. Not with `X_test`.
    X_test : same type as X, of shape (n_test,) or (n_test, n_features), default=None
        The texts of a test set. Each estimator is then fitted once, on all of `X`.
    y_test : array-like of shape (n_test,), default=None
        The labels of the test set.
    scoring : str, callable, list, tuple or dict, default=("accuracy", "f1_macro")
        As in :func:`~sklearn.model_selection.cross_validate`. The first score decides which
        estimator is the best. The score of a plain callable is called "score".
    n_jobs : int, default=None
        How many (estimator, fold) pairs to fit at a time; None is 1, -1 is all processors. With
        more than one the pairs share the processors, so that the times and speeds are noisier
        and look slower than they are for a fit alone.
    random_state : int, default=0
        Of the resamples behind the standard errors. It draws no folds and seeds no estimator.
    verbose : int, default=0
        1 prints a line for each (estimator, fold) that is done.
    return_predictions : bool, default=False
        Whether to return the predictions too, see below.
    return_estimators : bool, default=False
        Whether to return the fitted estimators too, see below.

    Returns
    -------
    table : DataFrame of shape (n_estimators, n_columns)
        A row for each estimator, indexed by name, the best first score first. The columns:

        `<score>`
            for each score, its mean over the folds, or its value on the test set;
        `<score>_std`
            with folds: its standard deviation over the folds (with ddof=1; NaN for one fold);
        `<score>_se`
            with a test set: its standard error, from 100 bootstrap resamples of the test set
            within each class. It holds the luck of the test set, not that of the training;
        `fit_seconds`
            wall-clock seconds of one fit, mean over the folds;
        `texts_per_second`
            speed of `predict`, in texts per wall-clock second, over all test texts;
        `p_value`
            of a two-sided test against the row above all others, which itself has NaN. With
            folds: the corrected resampled t-test [1]_ on the first score, which allows for the
            overlap of the training sets (NaN for one fold). With a test set: McNemar's exact
            test [2]_ on which texts are labelled rightly, whatever the score. The values are not
            corrected for the number of estimators.
    results : :class:`~sklearn.utils.Bunch`
        Only if `return_predictions` or `return_estimators`, and then instead of the table:

        `table`
            the DataFrame;
        `y_true` : ndarray of shape (n_tested,)
            with `return_predictions`: the labels of all test folds, one fold after the other;
        `test_rows` : ndarray of int of shape (n_tested,)
            likewise: the rows in `X`, or in `X_test`, that they belong to;
        `predictions` : dict of str to ndarray of shape (n_tested,)
            likewise: what each estimator predicts for them, none of it seen in the fit;
        `estimators` : dict of str to list of estimators
            with `return_estimators`: the fitted estimators, one for each fold. With a test set
            that is one, fitted on all of `X`.

    Raises
    ------
    TypeError
        If an estimator has no `fit` and `predict`.
    ValueError
        If there are no estimators, or two of the same name; if both `cv` and a test set are given,
        or half a test set; if a label is missing, or `y` holds a single class.
    Exception
        Whatever an estimator or a scorer raises, with a note that names the estimator.

    References
    ----------
    .. [1] C. Nadeau and Y. Bengio, "Inference for the Generalization Error", Machine Learning
       52, 2003. doi:10.1023/A:1024068626366
    .. [2] T. G. Dietterich, "Approximate Statistical Tests for Comparing Supervised
       Classification Learning Algorithms", Neural Computation 10, 1998.
       doi:10.1162/089976698300017197

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn.feature_extraction.text import CountVectorizer
    >>> from sklearn.naive_bayes import MultinomialNB
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_rnn.evaluation import compare
    >>> texts = ["good film", "a good one", "bad film", "a bad one"] * 5
    >>> labels = ["pos", "pos", "neg", "neg"] * 5
    >>> models = {
    ...     "guess": DummyClassifier(),
    ...     "bayes": make_pipeline(CountVectorizer(), MultinomialNB()),
    ... }
    >>> table = compare(models, texts, labels, cv=5, scoring="accuracy")
    >>> table[["accuracy", "accuracy_std", "p_value"]]
           accuracy  accuracy_std  p_value
    bayes       1.0           0.0      NaN
    guess       0.5           0.0      0.0
    """
    models = _check_estimators(estimators)
    has_test_set = _check_test_set(cv, X_test, y_test)
    for model in models.values():
        check_scoring(model, scoring)  # a misspelt score is known before the first fit
    y = _check_labels(X, y, "y")
    if np.all(y == y[0]):
        raise ValueError(
            f"y holds a single class, {y[0].item()!r}: a comparison of classifiers needs two or "
            "more."
        )

    if has_test_set:
        y_test = _check_labels(X_test, y_test, "y_test")
        parts = [(X, y, X_test, y_test)]
        test_rows = [np.arange(len(y_test))]
    else:
        splits = list(check_cv(cv, y, classifier=True).split(X, y))
        parts = (_split(X, y, train, test) for train, test in splits)  # one at a time in memory
        test_rows = [test for _, test in splits]

    jobs = (
        delayed(_fit_and_score)(
            name,
            model,
            *part,
            scoring=scoring,
            resamples_seed=random_state if has_test_set else None,
            return_estimator=return_estimators,
        )
        for part in parts
        for name, model in models.items()
    )
    names_and_folds = [(name, fold) for fold in range(len(test_rows)) for name in models]
    runs_of = {name: [] for name in models}
    finished = Parallel(n_jobs=n_jobs, return_as="generator")(jobs)
    for (name, fold), run in zip(names_and_folds, finished, strict=True):
        runs_of[name].append(run)
        _repeat_warnings(name, run.warnings)
        if verbose:
            print(_progress_line(name, fold, len(test_rows), run), flush=True)

    table = _tabulate(runs_of, mcnemar_test if has_test_set else corrected_t_test)
    if not (return_predictions or return_estimators):
        return table

    results = Bunch(table=table)
    if return_predictions:
        results.test_rows = np.concatenate(test_rows)
        results.y_true = (y_test if has_test_set else y)[results.test_rows]
        results.predictions = {
            name: np.concatenate([run.predictions for run in runs])
            for name, runs in runs_of.items()
        }
    if return_estimators:
        results.estimators = {
            name: [run.estimator for run in runs] for name, runs in runs_of.items()
        }
    return results


def _check_estimators(estimators):
    pairs = list(estimators.items() if isinstance(estimators, dict) else estimators)
    if not pairs:
        raise ValueError("estimators is empty: give at least one, as {name: estimator}.")
    twice = [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]
    if twice:
        raise ValueError(f"The names of estimators must differ, but {twice[0]!r} is there twice.")
    for name, estimator in pairs:
        if isinstance(estimator, type):
            raise TypeError(
                f"estimators[{name!r}] is the class {estimator.__name__}: "
                f"give an instance, {estimator.__name__}()."
            )
        if not (hasattr(estimator, "fit") and hasattr(estimator, "predict")):
            raise TypeError(
                f"estimators[{name!r}] must be a classifier with fit and predict, "
                f"got {estimator!r}."
            )
    return dict(pairs)


def _check_test_set(cv, X_test, y_test):
    """Say whether there is a test set, or raise if half of one is there, or folds as well."""
    if (X_test is None) != (y_test is None):
        given, missing = ("y_test", "X_test") if X_test is None else ("X_test", "y_test")
        raise ValueError(f"{given} is given without {missing}: a test set needs both.")
    if X_test is not None and cv is not None:
        raise ValueError("cv and X_test are both given: choose folds of X or a test set.")
    return X_test is not None


def _check_labels(X, y, name):
    check_label_types(y, name=name)
    y = column_or_1d(y)
    check_consistent_length(X, y)
    check_classification_targets(y)
    return np.asarray(y.tolist())  # str, not object: metrics sort those many times faster


def _split(X, y, train, test):
    return _safe_indexing(X, train), y[train], _safe_indexing(X, test), y[test]


def _fit_and_score(
    name,
    estimator,
    X_train,
    y_train,
    X_test,
    y_test,
    *,
    scoring,
    resamples_seed,
    return_estimator,
):
    """Fit a clone of one estimator on one fold, time it, and score it."""
    try:
        with warnings.catch_warnings(record=True) as caught:
            start = perf_counter()
            estimator = clone(estimator).fit(X_train, y_train)
            fit_seconds = perf_counter() - start

            answers = _Answers(estimator, X_test)
            start = perf_counter()
            predictions = answers.predict(X_test)
            predict_seconds = perf_counter() - start

            scores = _score(answers, X_test, y_test, scoring)
            errors = None
            if resamples_seed is not None:
                errors = _standard_errors(answers, X_test, y_test, scoring, resamples_seed)
    except Exception as error:
        error.add_note(f"This came from the estimator {name!r} in compare.")
        raise
    return Bunch(
        fit_seconds=fit_seconds,
        predict_seconds=predict_seconds,
        n_train=len(y_train),
        predictions=predictions,
        is_right=predictions == y_test,
        scores=scores,
        standard_errors=errors,
        estimator=estimator if return_estimator else None,
        warnings=[(str(w.message), w.category, w.filename, w.lineno) for w in caught],
    )


def _repeat_warnings(name, caught):
    """Warn of what an estimator warned of, which in another process nobody would hear."""
    for message, category, filename, lineno in caught:
        warnings.warn_explicit(f"{name}: {message}", category, filename, lineno)


class _Answers:
    """A fitted estimator that is asked about a fixed X once, however many scores are made of it.

    Scorers may call it as they would the estimator, with X or with a resample of X, whose rows
    are to be written to `rows` before.
    """

    _methods = ("predict", "predict_proba", "predict_log_proba", "decision_function")

    def __init__(self, estimator, X):
        self.rows = slice(None)
        self._estimator = estimator
        self._X = X
        self._known = {}

    def __getattr__(self, name):
        attribute = getattr(self._estimator, name)
        if name not in self._methods:
            return attribute

        @wraps(attribute)  # scorers look at the name of the method that they call
        def answer(X):
            if name not in self._known:
                self._known[name] = attribute(self._X)
            return self._known[name][self.rows]

        return answer

    def __sklearn_tags__(self):
        return self._estimator.__sklearn_tags__()


def _score(estimator, X, y, scoring):
    """Return the scores as a dict, whatever kind of scoring."""
    scores = check_scoring(estimator, scoring)(estimator, X, y)
    if isinstance(scores, dict):
        return scores
    return {scoring if isinstance(scoring, str) else "score": scores}


def _standard_errors(answers, X, y, scoring, seed):
    """Spread of the scores over resamples of the test set within each class."""
    random_state = np.random.RandomState(seed)
    scores = []
    with warnings.catch_warnings():
        # What is undefined on a resample but not on the whole is no news to anyone.
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        for _ in range(N_RESAMPLES):
            rows = resample(np.arange(len(y)), stratify=y, random_state=random_state)
            answers.rows = rows
            scores.append(_score(answers, _safe_indexing(X, rows), y[rows], scoring))
    return pd.DataFrame(scores).std().to_dict()


def _progress_line(name, fold, n_folds, run):
    score, value = next(iter(run.scores.items()))
    where = f", fold {fold + 1} of {n_folds}" if n_folds > 1 else ""
    return f"{name}{where}: {score} {value:.4f}, fitted in {run.fit_seconds:.1f} s"


def _tabulate(runs_of, paired_test):
    """Return a row for each estimator, the best first, each tested against the best."""
    rows = {name: _summary(runs) for name, runs in runs_of.items()}
    table = pd.DataFrame.from_dict(rows, orient="index")
    table = table.sort_values(table.columns[0], ascending=False, kind="stable")
    best, *others = table.index
    table["p_value"] = [np.nan] + [paired_test(runs_of[best], runs_of[name]) for name in others]
    return table


def _summary(runs):
    scores = pd.DataFrame([run.scores for run in runs])
    row = {}
    for score in scores:
        row[score] = scores[score].mean()
        if runs[0].standard_errors is None:
            row[f"{score}_std"] = scores[score].std()
        else:
            row[f"{score}_se"] = runs[0].standard_errors[score]
    row["fit_seconds"] = np.mean([run.fit_seconds for run in runs])
    n_texts = sum(len(run.predictions) for run in runs)
    row["texts_per_second"] = n_texts / sum(run.predict_seconds for run in runs)
    return row


def corrected_t_test(best, other):
    """P-value of the first scores on the same folds, by Nadeau and Bengio."""
    first = next(iter(best[0].scores))
    differences = [a.scores[first] - b.scores[first] for a, b in zip(best, other, strict=True)]
    n_folds = len(differences)
    if n_folds < 2:
        return np.nan
    test_to_train = np.mean([len(run.predictions) / run.n_train for run in best])
    variance = (1 / n_folds + test_to_train) * np.var(differences, ddof=1)
    if variance == 0:
        return float(differences[0] == 0)
    return 2 * student_t.sf(abs(np.mean(differences)) / np.sqrt(variance), df=n_folds - 1)


def mcnemar_test(best, other):
    """P-value of which texts of the test set the one labels rightly and the other wrongly."""
    (best,), (other,) = best, other
    n_best_only = np.sum(best.is_right & ~other.is_right)
    n_other_only = np.sum(other.is_right & ~best.is_right)
    if n_best_only + n_other_only == 0:
        return 1.0
    return binomtest(n_best_only, n_best_only + n_other_only).pvalue
