"""Results of a comparison, printed so that no line is wider than the terminal."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import accuracy_score, confusion_matrix
from sklearn.utils import Bunch
from sklearn.utils.multiclass import unique_labels

from sklearn_rnn._cli.terminal import (
    fill,
    format_table,
    printable,
    shorten,
    table_width,
    terminal_width,
)
from sklearn_rnn._evaluation.confusions import SCORES, confused_pairs, score_classes

_MAX_CLASSES = 12  # with more, the matrix and the classification report would fill screens
_N_WORST = 10  # of the pairs and classes that are printed instead
_LABEL_WIDTH = 30
_MIN_LABEL_WIDTH = 12


def describe_labels(labels: npt.NDArray[Any]) -> str:
    """Return the number of texts and, if there are few classes, those of each class.

    Parameters
    ----------
    labels : ndarray of shape (n_samples,)
        The label of each text.

    Returns
    -------
    description : str
        The numbers in words.
    """
    classes, counts = np.unique(labels, return_counts=True)
    sizes = [f"{name} {count:,}" for name, count in zip(_names(classes), counts, strict=True)]
    listed = ", ".join(sizes) if len(sizes) <= _MAX_CLASSES else f"{len(sizes)} of them"
    return f"{len(labels):,} texts, classes: {listed}"


def best_confusion_matrix(
    results: Bunch, labels: npt.NDArray[Any]
) -> tuple[npt.NDArray[Any], npt.NDArray[np.intp]]:
    """Return the confusion matrix of the best estimator.

    Parameters
    ----------
    results : Bunch
        Of :func:`~sklearn_rnn.evaluation.compare`, with predictions.
    labels : ndarray of shape (n_samples,)
        The labels of the training texts.

    Returns
    -------
    classes : ndarray of shape (n_classes,)
        The sorted labels of training and test texts and predictions.
    matrix : ndarray of shape (n_classes, n_classes)
        A row for each true class, a column for each predicted class.
    """
    predicted = results.predictions[results.table.index[0]]
    classes = unique_labels(labels, results.y_true, predicted)
    return classes, confusion_matrix(results.y_true, predicted, labels=classes)


def print_results(
    results: Bunch,
    classes: npt.NDArray[Any],
    matrix: npt.NDArray[np.intp],
    matrix_file: str | None,
) -> None:
    """Print the scores of all estimators, and the errors of the best.

    Parameters
    ----------
    results : Bunch
        Of :func:`~sklearn_rnn.evaluation.compare`, with predictions.
    classes, matrix
        Of `best_confusion_matrix`.
    matrix_file : str or None
        The file that holds the matrix, if there is one.
    """
    table = results.table
    winner = table.index[0]
    score, spread = table.columns[:2]
    if spread.endswith("_se"):
        kind, test = "standard error", "McNemar's exact test"
    else:
        kind, test = "standard deviation over the folds", "corrected t-test"
    print(f"\n{_format_scores(table)}")
    print(fill(f"(in brackets: {kind}; p_value: {test} against the best)"))
    print()
    rows = _matrix_rows(classes, matrix)
    if rows is None:
        _print_worst_pairs(classes, matrix, winner)
        where = "--confusion-matrix FILE.csv" if matrix_file is None else printable(matrix_file)
        print(fill(f"(the whole matrix: {where})"))
    else:
        print(fill(f"Confusion matrix of {winner} (rows: true classes, columns: predicted):"))
        print(format_table(rows))
    print()
    _print_class_scores(classes, results.y_true, results.predictions[winner], winner)
    print()
    row = table.iloc[0]
    print(fill(f"Best: {winner}, {score} {row[score]:.4f} ({kind} {row[spread]:.4f})."))


def summarize_results(
    results: Bunch,
    labels: npt.NDArray[Any],
    classes: npt.NDArray[Any],
    matrix: npt.NDArray[np.intp],
) -> dict[str, Any]:
    """Return the scores of all estimators, and the errors of the best, as JSON has them.

    Parameters
    ----------
    results : Bunch
        Of :func:`~sklearn_rnn.evaluation.compare`, with predictions.
    labels : ndarray of shape (n_samples,)
        The labels of the training texts.
    classes, matrix
        Of `best_confusion_matrix`.

    Returns
    -------
    summary : dict
        "n_texts", "n_tested" : int
            Numbers of training texts and of predictions;
        "best" : str
            The name of the best model;
        "models" : list of dict
            From the best on: "model" is its name, the other keys are columns of
            :func:`~sklearn_rnn.evaluation.compare`. NaN is None;
        "classes" : list of dict
            Of the best model, for each class: "label", "precision", "recall", "f1-score",
            "support";
        "confusion_matrix" : list of lists of int
            Of the best model: a row for each true class, a column for each predicted class.
    """
    best = results.table.index[0]
    models = [
        {"model": name} | {key: None if np.isnan(value) else value for key, value in row.items()}
        for name, row in results.table.to_dict("index").items()
    ]
    scores = score_classes(classes, results.y_true, results.predictions[best], None)
    columns = dict(zip(SCORES, scores, strict=True))
    return {
        "n_texts": len(labels),
        "n_tested": len(results.y_true),
        "best": best,
        "models": models,
        "classes": pd.DataFrame({"label": classes} | columns).to_dict("records"),
        "confusion_matrix": matrix.tolist(),
    }


def _names(classes: npt.NDArray[Any], width: int = _LABEL_WIDTH) -> list[str]:
    return [shorten(printable(label), max(width, _MIN_LABEL_WIDTH)) for label in classes]


def _format_scores(table: pd.DataFrame) -> str:
    *scores, fit_seconds, speed, p_value = table.columns
    rows = [["", *scores[::2], "fit (s)", "texts/s", p_value]]
    for name, row in table.iterrows():
        cells = [
            f"{row[score]:.4f} ({row[spread]:.4f})"
            for score, spread in zip(scores[::2], scores[1::2], strict=True)
        ]
        p = "-" if np.isnan(row[p_value]) else f"{row[p_value]:.2g}"
        rows.append([name, *cells, f"{row[fit_seconds]:.2f}", f"{row[speed]:,.0f}", p])
    return format_table(rows)


def _matrix_rows(classes: npt.NDArray[Any], matrix: npt.NDArray[np.intp]) -> list[list[str]] | None:
    """Return the rows of the printed matrix, or None if it has too many classes or is too wide.

    The columns are numbered where the names of the classes are too wide for them.
    """
    n_classes = len(matrix)
    if n_classes > _MAX_CLASSES:
        return None
    counts = [[str(count) for count in row] for row in matrix]
    names = _names(classes)
    named = [["", *names], *([name, *row] for name, row in zip(names, counts, strict=True))]
    if table_width(named) <= terminal_width():
        return named
    numbers = [str(number) for number in range(1, n_classes + 1)]
    numbered = [[number, *row] for number, row in zip(numbers, counts, strict=True)]
    numbered.insert(0, ["", *numbers])
    width = terminal_width() - table_width(numbered) - 1
    if width < _MIN_LABEL_WIDTH:
        return None
    for row, name in zip(numbered[1:], _names(classes, width), strict=True):
        row[0] = f"{row[0]:>{len(numbers[-1])}} {name}"
    return numbered


def _print_worst_pairs(
    classes: npt.NDArray[Any], matrix: npt.NDArray[np.intp], winner: str
) -> None:
    names = _names(classes, (terminal_width() - 20) // 2)
    rows = [["true class", "predicted class", "texts", "share"]]
    for true, predicted, count, share in confused_pairs(matrix, _N_WORST):
        rows.append([names[true], names[predicted], f"{count:,}", f"{share:.0%}"])
    if len(rows) == 1:
        print(fill(f"{winner} confuses none of the {len(names)} classes."))
        return
    print(fill(f"Of {len(names)} classes, {winner} most often confuses (share of the true class):"))
    print(format_table(rows, n_left=2))


def _print_class_scores(
    classes: npt.NDArray[Any], y_true: npt.NDArray[Any], predicted: npt.NDArray[Any], winner: str
) -> None:
    """Print precision, recall and F1 of each class or, of many, those with the lowest F1."""
    names = _names(classes, terminal_width() - 44)
    by_class = list(zip(names, *score_classes(classes, y_true, predicted, None), strict=True))
    if len(names) > _MAX_CLASSES:
        tested = [row for row in by_class if row[-1]]
        by_class = sorted(tested, key=lambda row: row[-2])[:_N_WORST]
        title = f"Classes with the lowest F1 of {winner} ({len(by_class)} of {len(names)}):"
    else:
        title = f"Classification report of {winner}:"
    rows = [["", *SCORES]]
    rows += [[name, *map("{:.4f}".format, values), f"{n:,}"] for name, *values, n in by_class]
    n_texts = f"{len(y_true):,}"
    rows.append(["accuracy", "", "", f"{accuracy_score(y_true, predicted):.4f}", n_texts])
    for average in ("macro", "weighted"):
        *values, _ = score_classes(classes, y_true, predicted, average)
        rows.append([f"{average} avg", *map("{:.4f}".format, values), n_texts])
    print(fill(title))
    print(format_table(rows))
