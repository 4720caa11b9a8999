"""Function `report`, which writes a comparison as one HTML page."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from sklearn_rnn._io.atomic_write import atomic_write
from sklearn_rnn._plotting.style import import_pyplot
from sklearn_rnn._report.comparison import check_comparison
from sklearn_rnn._report.page import import_jinja2, render_page
from sklearn_rnn._report.sections import collect_sections

if TYPE_CHECKING:
    from sklearn.utils import Bunch

    from sklearn_rnn._validation import Texts


def report(
    results: Bunch,
    X: Texts,
    y: npt.ArrayLike,
    file: str | os.PathLike[str],
    *,
    X_test: Texts | None = None,
    saved_model: str | os.PathLike[str] | None = None,
    title: str = "Comparison of text classifiers",
) -> None:
    """Write the results of a comparison as one HTML page, which needs no other file and no network.

    The page has

    - the corpus: its classes, the lengths of its texts, and copies of tested texts among the
      training texts, which inflate the scores;
    - the table of `results`, with its tests;
    - confusion matrices or, of more than a dozen classes, the pairs that are confused most often,
      and the scores of each class;
    - training curves of recurrent networks, and reliability curves of models with probabilities;
    - the words that speak for each class, by :func:`~sklearn_rnn.inspection.class_words`;
    - the twenty most confident mistakes of the best model, with coloured words;
    - how to load the saved model.

    Needs the packages of the extra `report`.

    Parameters
    ----------
    results : Bunch
        Of :func:`compare` with ``return_predictions=True``. With ``return_estimators=True`` too,
        the page has curves, the words of classes, and colours.
    X : list, tuple, ndarray, Series or single-column DataFrame of str, of n_samples texts
        The texts that `compare` had.
    y : array-like of shape (n_samples,)
        Their labels.
    file : str or path-like
        The file to write. An existing file is replaced.
    X_test : same type as X, of n_test texts, default=None
        The texts of the test set, if `compare` had one.
    saved_model : str or path-like, default=None
        The file of the best model, for the lines of code that load it.
    title : str, default="Comparison of text classifiers"
        The title of the page.

    Raises
    ------
    ImportError
        If jinja2 or matplotlib is not installed.
    OSError
        If the file cannot be written.
    TypeError
        If `results` has no predictions, or if `X` or `X_test` is not a collection of str.
    ValueError
        If the texts and labels are not those of the results.

    See Also
    --------
    compare : Fits and scores the classifiers.
    sklearn_rnn.inspection.class_words : The words of the page, as a table.

    Examples
    --------
    >>> from sklearn_rnn.baselines import nb_svm, tfidf_logistic_regression
    >>> from sklearn_rnn.evaluation import compare, report
    >>> texts = ["good film", "a good one", "bad film", "a bad one"] * 5
    >>> labels = ["pos", "pos", "neg", "neg"] * 5
    >>> models = {"nb-svm": nb_svm(), "tfidf-logistic": tfidf_logistic_regression()}
    >>> results = compare(
    ...     models, texts, labels, return_predictions=True, return_estimators=True
    ... )
    >>> report(results, texts, labels, "report.html")  # doctest: +SKIP
    """
    check_report(file)
    comparison = check_comparison(results, X, y, X_test)
    sections = collect_sections(comparison)
    page = render_page(sections, title=title, saved_model=saved_model)
    with atomic_write(file) as new:
        new.write_text(page, encoding="utf-8", errors="backslashreplace", newline="\n")


def check_report(file: Any, caller: str = "report") -> None:
    """Raise an error if a report cannot be written, before anything is fitted.

    Parameters
    ----------
    file : str or path-like
        The file.
    caller : str, default="report"
        The function or option that the user gave, for the messages.
    """
    import_jinja2(caller)
    import_pyplot(caller)
    with atomic_write(file):
        pass
