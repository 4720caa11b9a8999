"""Sections of a report: what its page says, in Python's types."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.metrics import accuracy_score, confusion_matrix

from sklearn_rnn._evaluation.confusions import confused_pairs, score_classes
from sklearn_rnn._inspection.pipeline_steps import search_step
from sklearn_rnn._plotting.report_figures import draw_lengths, draw_reliability, draw_training
from sklearn_rnn._report.comparison import Comparison
from sklearn_rnn._report.confidence import (
    Confidence,
    calibration_error,
    compute_confidence,
    tabulate_reliability,
)
from sklearn_rnn._report.corpus import (
    Copies,
    count_classes,
    describe_copies,
    find_copies,
    measure_lengths,
)
from sklearn_rnn._report.explanations import N_MISTAKES, explain_mistakes, find_class_words
from sklearn_rnn._tokenizer import TextTokenizer

MAX_CLASSES = 12  # of a confusion matrix that is shown as a whole
_N_PAIRS = 20
_N_CURVES = 6


class Sections(NamedTuple):
    """What a report says. None and empty values are of sections that are left out.

    Parameters
    ----------
    summary, corpus, scores : dict
        Of the first three sections.
    confusions : list of dict
        The confusion matrix of each model, the best first. Empty if there are too many classes.
    pairs : list of dict
        The pairs of classes that the best model confuses most often.
    class_scores : list of dict
        Precision, recall and F1 of each class, of the best model.
    training : str or None
        The image of the training curves.
    reliability : dict or None
        The image of the reliability curves, and a table of each model.
    words : list of dict or None
        The words of each class.
    mistakes : dict
        The most confident mistakes of the best model.
    """

    summary: dict[str, Any]
    corpus: dict[str, Any]
    scores: dict[str, Any]
    confusions: list[dict[str, Any]]
    pairs: list[dict[str, Any]]
    class_scores: list[dict[str, Any]]
    training: str | None
    reliability: dict[str, Any] | None
    words: list[dict[str, Any]] | None
    mistakes: dict[str, Any]


def collect_sections(comparison: Comparison) -> Sections:
    """Compute all sections of a report."""
    copies = find_copies(comparison)
    confidences = {
        name: confidence
        for name in comparison.table.index
        if (confidence := compute_confidence(comparison, name)) is not None
    }
    few = len(comparison.classes) <= MAX_CLASSES
    best_matrix = _confusion_matrix(comparison, comparison.best)
    return Sections(
        summary=_summarize(comparison),
        corpus=_describe_corpus(comparison, copies),
        scores=_describe_scores(comparison),
        confusions=_list_matrices(comparison) if few else [],
        pairs=_list_pairs(comparison.classes, best_matrix),
        class_scores=_score_classes(comparison),
        training=_draw_training(comparison),
        reliability=_describe_reliability(comparison, confidences),
        words=_list_words(comparison),
        mistakes=_list_mistakes(comparison, copies, confidences.get(comparison.best)),
    )


def _summarize(comparison: Comparison) -> dict[str, Any]:
    table = comparison.table
    score, spread = table.columns[:2]
    p_values = table["p_value"].to_numpy()[1:]
    return {
        "best": comparison.best,
        "score": score,
        "value": table[score].iloc[0],
        "spread": table[spread].iloc[0],
        "n_models": len(table),
        "alike": [name for name, p in zip(table.index[1:], p_values, strict=True) if not p < 0.05],
        "n_classes": len(comparison.classes),
        "n_texts": len(comparison.texts),
        "n_tested": len(comparison.tested),
        "n_folds": len(comparison.rows_by_fold()),
        "has_test_set": comparison.has_test_set,
        "has_estimators": bool(comparison.estimators),
        "max_classes": MAX_CLASSES,
    }


def _describe_corpus(comparison: Comparison, copies: Copies) -> dict[str, Any]:
    lengths = measure_lengths(comparison)
    return {
        "classes": count_classes(comparison),
        "copies": describe_copies(comparison, copies),
        "lengths": lengths.summarize(),
        "image": draw_lengths(lengths.lengths, lengths.max_length),
    }


def _describe_scores(comparison: Comparison) -> dict[str, Any]:
    *columns, _, _, _ = comparison.table.columns
    names = columns[::2]
    rows = []
    for name, row in comparison.table.iterrows():
        values = [
            {"value": row[n], "spread": row[s]} for n, s in zip(names, columns[1::2], strict=True)
        ]
        times = {key: row[key] for key in ("fit_seconds", "texts_per_second", "p_value")}
        rows.append({"name": name, "values": values, **times})
    return {"names": names, "rows": rows}


def _confusion_matrix(comparison: Comparison, name: str) -> npt.NDArray[np.intp]:
    predicted = comparison.predictions[name]
    matrix: npt.NDArray[np.intp] = confusion_matrix(
        comparison.y_true, predicted, labels=comparison.classes
    )
    return matrix


def _list_matrices(comparison: Comparison) -> list[dict[str, Any]]:
    matrices = []
    for name in comparison.table.index:
        matrix = _confusion_matrix(comparison, name)
        shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
        rows = [
            {
                "label": label,
                "cells": [
                    {"n": n, "share": share, "is_right": column == row}
                    for column, (n, share) in enumerate(zip(counts, of_class, strict=True))
                ],
            }
            for row, (label, counts, of_class) in enumerate(
                zip(comparison.classes.tolist(), matrix.tolist(), shares.tolist(), strict=True)
            )
        ]
        accuracy = accuracy_score(comparison.y_true, comparison.predictions[name])
        matrices.append({"name": name, "accuracy": accuracy, "rows": rows})
    return matrices


def _list_pairs(classes: npt.NDArray[Any], matrix: npt.NDArray[np.intp]) -> list[dict[str, Any]]:
    labels = classes.tolist()
    return [
        {
            "true": labels[pair.true],
            "predicted": labels[pair.predicted],
            "n": pair.n_texts,
            "share": pair.share,
        }
        for pair in confused_pairs(matrix, _N_PAIRS)
    ]


def _score_classes(comparison: Comparison) -> list[dict[str, Any]]:
    """Return the scores of each class; of many classes, those with the lowest F1 first."""
    predicted = comparison.predictions[comparison.best]
    scores = score_classes(comparison.classes, comparison.y_true, predicted, None)
    columns = zip(comparison.classes.tolist(), *(score.tolist() for score in scores), strict=True)
    names = ("label", "precision", "recall", "f1", "n")
    rows = [dict(zip(names, row, strict=True)) for row in columns]
    if len(rows) <= MAX_CLASSES:
        return rows
    return sorted((row for row in rows if row["n"]), key=lambda row: row["f1"])


def _draw_training(comparison: Comparison) -> str | None:
    """Return the image of one curve of each network or, of a single one, of all folds."""
    networks = {
        name: estimators
        for name in comparison.table.index
        if (estimators := comparison.estimators.get(name)) and _is_network(estimators[0])
    }
    if not networks:
        return None
    if len(networks) == 1:
        ((name, estimators),) = networks.items()
        names = (
            [name] if len(estimators) == 1 else [f"fold {n + 1}" for n in range(len(estimators))]
        )
        curves = dict(zip(names, estimators, strict=True))
    else:
        curves = {name: estimators[0] for name, estimators in networks.items()}
    return draw_training(dict(list(curves.items())[:_N_CURVES]))


def _is_network(estimator: Any) -> bool:
    if search_step(estimator, TextTokenizer) is None:
        return False
    from sklearn_rnn._classifier import RNNTextClassifier  # not at the top: imports torch

    return search_step(estimator, RNNTextClassifier) is not None


def _describe_reliability(
    comparison: Comparison, confidences: dict[str, Confidence]
) -> dict[str, Any] | None:
    curves = {
        name: (comparison.predictions[name] == comparison.y_true, confidence.values)
        for name, confidence in confidences.items()
        if confidence.is_probability
    }
    if not curves:
        return None
    models = []
    for name, (is_correct, confidence) in curves.items():
        groups = tabulate_reliability(is_correct, confidence)
        models.append(
            {
                "name": name,
                "confidence": float(confidence.mean()),
                "accuracy": float(is_correct.mean()),
                "error": calibration_error(groups),
                "groups": groups.to_dict("records"),
            }
        )
    return {"image": draw_reliability(curves), "models": models}


def _list_words(comparison: Comparison) -> list[dict[str, Any]] | None:
    table = find_class_words(comparison)
    if table is None:
        return None
    columns = zip(
        table["class"].tolist(), table["word"], table["contribution"], table["count"], strict=True
    )
    largest = table["contribution"].max()
    by_class: dict[Any, list[dict[str, Any]]] = {}
    for label, word, contribution, count in columns:
        row = {"word": word, "contribution": contribution, "n": count}
        by_class.setdefault(label, []).append(row | {"share": contribution / largest})
    return [{"label": label, "words": words} for label, words in by_class.items()]


def _list_mistakes(
    comparison: Comparison, copies: Copies, confidence: Confidence | None
) -> dict[str, Any]:
    predicted = comparison.predictions[comparison.best]
    wrong = np.flatnonzero(predicted != comparison.y_true)
    if confidence is not None:
        wrong = wrong[np.argsort(-confidence.values[wrong], kind="stable")]
    shown = wrong[:N_MISTAKES]
    explanations = explain_mistakes(comparison, shown)
    rows = []
    for row in shown.tolist():
        rows.append(
            {
                "number": int(comparison.test_rows[row]),
                "true": comparison.y_true[row : row + 1].tolist()[0],
                "predicted": predicted[row : row + 1].tolist()[0],
                "confidence": None if confidence is None else float(confidence.values[row]),
                "is_contradicted": bool(copies.is_contradicted[row]),
                **explanations[row]._asdict(),
            }
        )
    is_colored = any(part.contribution is not None for row in rows for part in row["parts"])
    return {
        "n": len(wrong),
        "rows": rows,
        "is_probability": confidence is not None and confidence.is_probability,
        "is_margin": confidence is not None and not confidence.is_probability,
        "is_colored": is_colored,
        "has_features": any(row["features"] for row in rows),
    }
