"""Results of a comparison: what is printed for few and for many classes, in any terminal."""

import io
import re
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import classification_report, confusion_matrix
from sklearn.utils import Bunch

from sklearn_rnn._cli.report import best_confusion_matrix, describe_labels, print_results
from sklearn_rnn._cli.terminal import text_width

LABELS = {
    "short": lambda i: f"c{i}",
    "medium": lambda i: f"card_payment_fee_{i}",
    "long": lambda i: f"class {i} " + "x" * 200,
    "long from the middle on": lambda i: "x" * 200 + f"{i}",
    "Chinese": lambda i: "好评很长的标签" * (1 + i % 5) + str(i),
    "emoji": lambda i: "🎉" * (1 + i % 3) + str(i),
    "combining": lambda i: "e\u0301" * 40 + str(i),
    "number": lambda i: 1000 * i - 5,
    "line breaks": lambda i: f"a\n\tb\r{i}",
    "control characters": lambda i: f"\x1b[31m{i}\x07",
    "surrogates": lambda i: f"\udce9{i}",
}


def make_results(n_classes, kind="short", scores=("accuracy", "f1_macro"), spread="_std"):
    """Return results with wide numbers, and the labels."""
    rng = np.random.default_rng(0)
    classes = np.array([LABELS[kind](i) for i in range(n_classes)])
    classes = classes if classes.dtype.kind == "i" else classes.astype(object)
    y = classes[np.arange(400) % n_classes]
    predicted = np.where(rng.random(400) < 0.8, y, rng.choice(classes, 400))
    columns = {}
    for score in scores:
        columns |= {score: [-0.5, -0.8], f"{score}{spread}": [0.01, 0.2]}
    columns["fit_seconds"] = [1234.5, 0.1]
    columns["texts_per_second"] = [1234567.8, 1.0]
    columns["p_value"] = [np.nan, 1.2e-10]
    table = pd.DataFrame(columns, index=["tfidf-logistic", "rnn"])
    return Bunch(table=table, y_true=y, predictions={"tfidf-logistic": predicted}), y


def printed(results, y, monkeypatch, columns=80, encoding="utf-8", matrix_file=None):
    monkeypatch.setenv("COLUMNS", str(columns))
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
        print_results(results, *best_confusion_matrix(results, y), matrix_file)
        sys.stdout.flush()
        return sys.stdout.buffer.getvalue().decode(encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
@pytest.mark.parametrize("kind", LABELS)
@pytest.mark.parametrize("n_classes", [2, 12, 13, 77])
def test_no_line_is_wider_than_the_terminal(n_classes, kind, encoding, monkeypatch):
    results, y = make_results(n_classes, kind)
    for columns in (60, 80, 132):
        out = printed(results, y, monkeypatch, columns, encoding)
        assert max(map(text_width, out.splitlines())) <= columns
        assert "Best: tfidf-logistic" in out


@pytest.mark.parametrize("spread", ["_std", "_se"])
@pytest.mark.parametrize("n_scores", [1, 2, 3, 5])
def test_the_scores_of_any_number_fit(n_scores, spread, monkeypatch):
    names = ["accuracy", "f1_macro", "roc_auc_ovr_weighted", "neg_negative_likelihood_ratio"]
    names = [*names, "neg_log_loss"][:n_scores]
    out = printed(*make_results(2, scores=names, spread=spread), monkeypatch)
    assert max(map(text_width, out.splitlines())) <= 80
    for name in names:
        assert f" {name} " in out.replace("\n", " ")


@pytest.mark.parametrize("n_classes", [2, 12])
def test_the_matrix_of_few_classes_is_whole(n_classes, monkeypatch):
    results, y = make_results(n_classes)
    out = printed(results, y, monkeypatch)
    title = "Confusion matrix of tfidf-logistic (rows: true classes, columns: predicted):\n"
    header, *rows = [line.split() for line in out.partition(title)[2].splitlines()]
    classes = sorted(set(y))
    assert header == classes
    matrix = confusion_matrix(y, results.predictions["tfidf-logistic"])
    for row, name, counts in zip(rows, classes, matrix, strict=False):
        assert row == [name, *map(str, counts)]


def test_the_report_of_few_classes_is_that_of_scikit_learn(monkeypatch):
    results, y = make_results(3, "medium")
    expected = classification_report(y, results.predictions["tfidf-logistic"], digits=4)
    report = printed(results, y, monkeypatch).partition("Classification report of ")[2]
    numbers = [line.replace(",", "").split() for line in report.splitlines() if line]
    assert numbers[1:-2] == [line.split() for line in expected.splitlines() if line]


def test_columns_are_numbered_where_names_are_too_wide(monkeypatch):
    out = printed(*make_results(4, "long"), monkeypatch)
    assert re.search(r"\n {50,} 1 +2 +3 +4\n1 class 0 x+\.\.\.x+ +\d+ ", out)
    assert re.search(r"\n4 class 3 x+\.\.\.x+ +\d+ +\d+ +\d+ +\d+\n", out)


def test_most_confused_pairs_and_worst_classes_of_many(monkeypatch):
    classes = np.array([f"c{i:02}" for i in range(13)], dtype=object)
    y = np.repeat(classes, 10)
    predicted = y.copy()
    predicted[:3] = "c05"
    predicted[10:12] = "c00"
    predicted[20] = "c00"
    results, _ = make_results(2)
    results.update(y_true=y, predictions={"tfidf-logistic": predicted})
    out = printed(results, y, monkeypatch)
    assert (
        "\nOf 13 classes, tfidf-logistic most often confuses (share of the true class):\n"
        "true class  predicted class  texts  share\n"
        "c00         c05                  3    30%\n"
        "c01         c00                  2    20%\n"
        "c02         c00                  1    10%\n"
        "(the whole matrix: --confusion-matrix FILE.csv)\n"
        "\n"
        "Classes with the lowest F1 of tfidf-logistic (10 of 13):\n"
        "              precision  recall  f1-score  support\n"
        "c00              0.7000  0.7000    0.7000       10\n"
        "c05              0.7692  1.0000    0.8696       10\n"
        "c01              1.0000  0.8000    0.8889       10\n"
        "c02              1.0000  0.9000    0.9474       10\n"
        "c03              1.0000  1.0000    1.0000       10\n"
    ) in out
    assert "Confusion matrix" not in out
    assert "(the whole matrix: a b.csv)\n" in printed(
        results, y, monkeypatch, matrix_file="a b.csv"
    )


def test_no_class_of_many_is_confused(monkeypatch):
    results, y = make_results(13)
    results.predictions["tfidf-logistic"] = y
    out = printed(results, y, monkeypatch)
    assert "\ntfidf-logistic confuses none of the 13 classes.\n" in out


def test_a_class_without_test_texts_is_not_among_the_worst(monkeypatch):
    results, y = make_results(13)
    out = printed(results, np.append(y, "only in training"), monkeypatch)
    assert "(10 of 14)" in out
    assert "only in training" not in out


def test_the_matrix_has_the_classes_of_training_tests_and_predictions():
    results, y = make_results(2)
    results.update(
        y_true=np.array(["c1", "new"], dtype=object),
        predictions={"tfidf-logistic": np.array(["c0", "c0"], dtype=object)},
    )
    classes, matrix = best_confusion_matrix(results, y)
    assert classes.tolist() == ["c0", "c1", "new"]
    assert matrix.tolist() == [[0, 0, 0], [1, 0, 0], [1, 0, 0]]


@pytest.mark.parametrize(
    ("labels", "description"),
    [
        (["b", "a", "b"], "3 texts, classes: a 1, b 2"),
        (np.arange(12), "12 texts, classes: " + ", ".join(f"{i} 1" for i in range(12))),
        (np.arange(13), "13 texts, classes: 13 of them"),
        (["x\ny"] * 1000, r"1,000 texts, classes: x\ny 1,000"),
        (["x" * 31], "1 texts, classes: " + "x" * 14 + "..." + "x" * 13 + " 1"),
    ],
)
def test_description_of_labels(labels, description):
    assert describe_labels(np.asarray(labels)) == description
