"""Report: what is on its pages, for all kinds of comparisons, and what it refuses."""

import re
import sys

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import ShuffleSplit
from sklearn.pipeline import make_pipeline

from sklearn_rnn import TextTokenizer
from sklearn_rnn.baselines import (
    nb_svm,
    tfidf_linear_svc,
    tfidf_logistic_regression,
    tfidf_word_char_linear_svc,
)
from sklearn_rnn.evaluation import compare, report
from sklearn_rnn.inspection import class_words, token_attributions
from tests.report.pages import make_texts, parse, write


@pytest.fixture
def rnn(make_classifier):
    return make_pipeline(TextTokenizer(min_count=1), make_classifier())


def headings(page):
    return [heading.text for heading in page.all("h2")]


def noisy(n_classes, n_texts=120):
    """Return training and test texts; a sixth of the test labels are wrong."""
    X, y = make_texts(n_classes, n_texts)
    X_test, y_test = make_texts(n_classes, n_texts, seed=1)
    return X, y, X_test, np.where(np.arange(n_texts) % 6 == 0, (y_test + 1) % n_classes, y_test)


def test_a_network_on_a_test_set(rnn, tmp_path):
    X, y, X_test, y_test = noisy(3)
    models = {"rnn": rnn, "logistic": tfidf_logistic_regression(), "svm": tfidf_linear_svc()}
    rnn.set_params(rnntextclassifier__max_epochs=20)
    page, results = write(tmp_path, models, X, y, X_test=X_test, y_test=y_test)
    assert headings(page) == [
        "The corpus",
        "The models",
        "Confusions",
        "Curves",
        "Words that speak for each class",
        "The most confident mistakes",
        "The model",
    ]
    assert [a.attributes["href"].removeprefix("#") for a in page.one("nav").all("a")] == [
        heading.attributes["id"] for heading in page.all("h2")
    ]
    assert page.rows(id="classes") == [
        ["class", "texts", "share", "tested texts"],
        *(["012"[k], "40", "33.3%", str(int((y_test == k).sum()))] for k in range(3)),
    ]
    table = results.table
    rows = page.rows(id="scores")
    names = ["model", "accuracy", "f1_macro", "fit (s)", "texts per second", "p-value"]
    assert rows[0] == names
    assert [row[0] for row in rows[1:]] == table.index.tolist()
    assert rows[1][1] == f"{table['accuracy'].iloc[0]:.4f} ± {table['accuracy_se'].iloc[0]:.4f}"
    assert rows[1][-1] == "\N{EN DASH}"
    assert {row[0] for row in page.rows(id="reliability")[1:]} == {"rnn", "logistic"}
    assert len(page.all("table", class_="matrix")) == 3
    best = table.index[0]
    counts = [row[1:] for row in rows_of_matrix(page, best)[1:]]
    expected = pd.crosstab(y_test, results.predictions[best])
    assert np.array(counts, dtype=int).tolist() == expected.to_numpy().tolist()
    images = page.all("img")
    assert len(images) == 3
    for image in images:
        assert image.attributes["src"].startswith("data:image/svg+xml;base64,")
        assert image.attributes["alt"]


def rows_of_matrix(page, name):
    (table,) = (
        table
        for table in page.all("table", class_="matrix")
        if table.one("caption").text.startswith(f"{name}:")
    )
    return [
        [cell.text for cell in row.children if not isinstance(cell, str)] for row in table.all("tr")
    ]


def test_words_and_mistakes_of_a_network(rnn, tmp_path):
    X, y, X_test, y_test = noisy(2)
    page, results = write(tmp_path, {"rnn": rnn}, X, y, X_test=X_test, y_test=y_test)
    (model,) = results.estimators["rnn"]
    words = class_words(model, X_test, n_words=12)
    sections = page.one("div", class_="words").all("section")
    assert [section.one("h3").text for section in sections] == ["0", "1"]
    for section, (_, rows) in zip(sections, words.groupby("class"), strict=True):
        assert [item.one("bdi").text for item in section.all("li")] == rows["word"].tolist()
        assert section.all("li")[0].all("span")[0].text == (
            f"{rows['contribution'].iloc[0]:+.2f} · {rows['count'].iloc[0]}"
        )

    wrong = np.flatnonzero(results.predictions["rnn"] != y_test)
    confidence = model.predict_proba(X_test).max(axis=1)
    expected = wrong[np.argsort(-confidence[wrong], kind="stable")][:20]
    items = page.one("ol", class_="mistakes").all("li")
    assert [item.one("div", class_="shown").text for item in items] == [X_test[i] for i in expected]
    first, row = items[0], expected[0]
    assert first.one("p").text == (
        f"Predicted {results.predictions['rnn'][row]} ({confidence[row]:.1%}), labelled "
        f"{y_test[row]} · text {row}"
    )
    tokens = token_attributions(model, [X_test[row]])
    largest = tokens["contribution"].abs().max()
    for mark in first.all("mark"):
        (token,) = tokens[tokens["token"] == mark.text].itertuples()
        assert mark.attributes["title"] == f"{token.contribution:+.2f}"
        level = round(5 * token.contribution / largest)
        side = "f" if level > 0 else "a"
        assert mark.attributes["class"] == f"{side} {side}{abs(level)}"


def test_folds(rnn, tmp_path):
    X, y = make_texts(2)
    y = np.where(np.arange(len(y)) % 7 == 0, 1 - y, y)
    models = {"rnn": rnn, "svm": tfidf_linear_svc()}
    page, results = write(tmp_path, models, X, y, cv=3)
    assert results.folds.tolist() == [0] * 40 + [1] * 40 + [2] * 40
    assert "tested on 3 folds." in " ".join(page.one("header").text.split())
    best = results.table.index[0]
    wrong = np.flatnonzero(results.predictions[best] != results.y_true)
    assert str(len(wrong)) in page.all("p", class_="soft")[-2].text or wrong.size
    for item in page.one("ol", class_="mistakes").all("li"):
        row = int(item.all("p")[0].all("span")[0].text.split()[-1])
        assert item.one("div", class_="shown").text == X[row]


@pytest.mark.parametrize(
    "make",
    [nb_svm, tfidf_linear_svc, tfidf_logistic_regression, tfidf_word_char_linear_svc],
)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_linear_winner_has_words_and_features(make, n_classes, tmp_path):
    X, y, X_test, y_test = noisy(n_classes)
    page, _ = write(tmp_path, {"linear": make()}, X, y, X_test=X_test, y_test=y_test)
    assert len(page.one("div", class_="words").all("section")) == n_classes
    features = page.all("p", class_="features")
    assert len(features) == len(page.one("ol", class_="mistakes").all("li")) == 20
    assert features[0].all("mark", class_="f f5")


def test_a_winner_that_is_not_explained(tmp_path):
    X, y, X_test, y_test = noisy(2)
    models = {"guess": DummyClassifier(strategy="uniform", random_state=0)}
    page, results = write(tmp_path, models, X, y, X_test=X_test, y_test=y_test)
    assert "Words that speak for each class" not in headings(page)
    items = page.one("ol", class_="mistakes").all("li")
    wrong = np.flatnonzero(results.predictions["guess"] != y_test)
    assert [item.one("div", class_="shown").text for item in items] == [
        X_test[i] for i in wrong[:20]
    ]
    assert not page.one("ol", class_="mistakes").all("mark")


def test_without_estimators(tmp_path):
    X, y, X_test, y_test = noisy(2)
    models = {"svm": tfidf_linear_svc()}
    page, _ = write(tmp_path, models, X, y, estimators=False, X_test=X_test, y_test=y_test)
    assert headings(page) == [
        "The corpus",
        "The models",
        "Confusions",
        "The most confident mistakes",
        "The model",
    ]
    assert "pass return_estimators=True to compare" in page.one("main").text
    assert "probabilities" not in page.all("section")[3].text


def test_no_mistake(tmp_path):
    X, y = make_texts(2)
    page, _ = write(tmp_path, {"svm": tfidf_linear_svc()}, X, y, X_test=X, y_test=y)
    assert "svm makes none on the tested texts." in page.one("main").text
    assert "100.0%" in page.one("p", id="copies").text
    assert "inflates the scores" in page.one("p", class_="note").text


def test_many_classes(tmp_path):
    X, y, X_test, y_test = noisy(77, n_texts=77 * 6)
    models = {"svm": tfidf_linear_svc(), "nb": nb_svm()}
    page, results = write(tmp_path, models, X, y, X_test=X_test, y_test=y_test)
    assert not page.all("table", class_="matrix")
    pairs = page.rows(id="pairs")[1:]
    assert len(pairs) == 20
    best = results.predictions[results.table.index[0]]
    true, predicted, n, share = pairs[0]
    expected = ((y_test == int(true)) & (best == int(predicted))).sum()
    assert int(n) == expected
    assert share == f"{expected / (y_test == int(true)).sum():.1%}"
    f1 = [float(row[3]) for row in page.rows(id="class-scores")[1:]]
    assert f1 == sorted(f1)
    assert len(page.one("div", class_="words").all("section")) > 60


@pytest.mark.parametrize(
    "labels",
    [
        [True, False],
        ["_a$b", "$"],
        *(
            pytest.param(labels, marks=pytest.mark.slow)
            for labels in ([-1, 2**60], [1.0, 2.0], ["", " "], ["x" * 500, "y"])
        ),
    ],
    ids=lambda labels: repr(labels)[:20],
)
def test_labels_of_all_kinds(labels, rnn, tmp_path):
    X, y, X_test, y_test = noisy(2)
    y, y_test = (np.array(labels)[codes] for codes in (y, y_test))
    models = {"_a$b": rnn, "$": tfidf_logistic_regression()}
    page, _ = write(tmp_path, models, X, y, X_test=X_test, y_test=y_test)
    shown = [row[0] for row in page.rows(id="classes")[1:]]
    expected = [repr(x) if not str(x).strip() else str(x) for x in sorted(labels)]
    expected = [f"{x[:79]}…" if len(x) > 80 else x for x in expected]
    assert shown == [" ".join(x.split()) for x in expected]


def test_hostile_texts_and_labels(rnn, tmp_path):
    attack = "</title></style></div>\"'><script>alert(1)</script><img src=x onerror=alert(1)>"
    X, y, X_test, y_test = noisy(2)
    X, X_test = (
        [f"{text} {attack} {{{{ 7*7 }}}} \x00\x1b\u202e" for text in x] for x in (X, X_test)
    )
    labels = np.array([attack, "{% if %}&amp;"], dtype=object)
    models = {attack: rnn, f"2 {attack}": tfidf_logistic_regression(), "3": tfidf_linear_svc()}
    page, _ = write(
        tmp_path,
        models,
        X,
        labels[y],
        X_test=X_test,
        y_test=labels[y_test],
        saved_model=f"{attack}.skops",
        title=attack,
    )
    tags = {element.tag for element in page.walk()}
    assert not tags & {"script", "iframe", "object", "link", "base", "form", "svg"}
    assert page.one("title").text == page.one("h1").text == attack
    assert len(page.all("img")) == 3
    for element in page.walk():
        assert not [name for name in element.attributes if name.startswith("on")]
        assert element.attributes.get("src", "data:").startswith("data:")
        assert element.attributes.get("href", "#").startswith("#")
    shown = page.one("ol", class_="mistakes").all("div", class_="shown")[0].text
    assert f"{attack} {{{{ 7*7 }}}} ␀␛\u202e" in shown
    policy = page.one("meta", **{"http-equiv": "Content-Security-Policy"}).attributes["content"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def test_half_an_emoji(tmp_path):
    X, y, X_test, y_test = noisy(2)
    labels = np.array(["\ud83d", "b"], dtype=object)
    X, X_test = ([f"{text} \ud83d" for text in texts] for texts in (X, X_test))
    page, _ = write(
        tmp_path,
        {"svm": tfidf_linear_svc()},
        X,
        labels[y],
        X_test=X_test,
        y_test=labels[y_test],
    )
    assert [row[0] for row in page.rows(id="classes")[1:]] == ["b", "\\ud83d"]


@pytest.mark.slow
def test_long_texts_are_shortened(rnn, tmp_path):
    X, y, X_test, y_test = noisy(2)
    X_test = [text + " filler" * 100_000 + f" end{row}" for row, text in enumerate(X_test)]
    page, _ = write(tmp_path, {"rnn": rnn}, X, y, X_test=X_test[:40], y_test=y_test[:40])
    items = page.one("ol", class_="mistakes").all("li")
    assert items
    for item in items:
        row = int(item.all("p")[0].all("span")[0].text.split()[-1])
        shown = item.one("div", class_="shown").text
        assert shown == f"{X_test[row][:1600]} … {X_test[row][-800:]}"
        left_out = f"{len(X_test[row]) - 2400:,} characters in the middle are left out."
        assert item.all("p")[1].text == left_out
    assert (tmp_path / "report.html").stat().st_size < 2e6


def test_copies_and_contradictions(tmp_path):
    X = ["a good film", "A  GOOD film", "a bad film", "a bad play", "so so", "fine"] * 2
    y = ["pos", "neg", "neg", "neg", "pos", "pos"] * 2
    X_test, y_test = (
        ["a good film", "new words", "SO SO", "a bad film"],
        ["pos", "neg", "neg", "pos"],
    )
    page, _ = write(tmp_path, {"svm": tfidf_linear_svc()}, X, y, X_test=X_test, y_test=y_test)
    text = " ".join(page.one("section", **{"aria-labelledby": "corpus"}).text.split())
    assert "3 of 4 tested texts (75.0%) are also among the training texts" in text
    assert "7 of the 12 training texts repeat an earlier one. 3 of the tested texts" in text
    tags = page.one("ol", class_="mistakes").all("span", class_="tag")
    assert {tag.text for tag in tags} == {"also occurs with another label"}


def test_copies_within_a_fold_are_not_in_its_training_texts(tmp_path):
    X, y = make_texts(2, 40)
    X = [f"{text} u{row}" for row, text in enumerate(X)]
    X[1], X[39] = X[0], X[20]
    folds = [(np.arange(20, 40), np.arange(20)), (np.arange(20), np.arange(20, 40))]
    page, _ = write(tmp_path, {"svm": tfidf_linear_svc()}, X, y, cv=folds)
    assert page.one("p", id="copies").text == "No tested text is also among the training texts."
    X[39] = X[0]
    page, _ = write(tmp_path, {"svm": tfidf_linear_svc()}, X, y, cv=folds)
    assert page.one("p", id="copies").one("b").text == "3 of 40 tested texts (7.5%)"


def test_folds_that_overlap(tmp_path):
    X, y = make_texts(2)
    splits = ShuffleSplit(3, test_size=0.5, random_state=0)
    page, _ = write(tmp_path, {"svm": tfidf_linear_svc()}, X, y, cv=splits)
    assert "tested on 3 folds." in " ".join(page.one("header").text.split())


@pytest.mark.parametrize(
    ("saved_model", "lines"),
    [
        (None, ['save_model(model.fit(texts, labels), "model.skops")']),
        ("my model.skops", ["model = load_model('my model.skops')"]),
        ("model.JOBLIB", ["import joblib", "model = joblib.load('model.JOBLIB')"]),
    ],
)
def test_how_to_load_the_model(saved_model, lines, tmp_path):
    X, y, X_test, y_test = noisy(2)
    models = {"svm": tfidf_linear_svc()}
    page, _ = write(tmp_path, models, X, y, X_test=X_test, y_test=y_test, saved_model=saved_model)
    code = page.one("pre").text.splitlines()
    assert set(lines) <= set(code)
    compile("\n".join(code), "page", "exec")


def test_the_style_of_the_user_and_pyplot_are_left_alone(tmp_path):
    import matplotlib.pyplot as plt

    before, figures = dict(mpl.rcParams), plt.get_fignums()
    X, y, X_test, y_test = noisy(2)
    write(tmp_path, {"svm": tfidf_logistic_regression()}, X, y, X_test=X_test, y_test=y_test)
    assert dict(mpl.rcParams) == before
    assert plt.get_fignums() == figures


@pytest.fixture
def compared():
    X, y, X_test, y_test = noisy(2)
    models = {"svm": tfidf_linear_svc()}
    on_folds = compare(models, X, y, cv=2, return_predictions=True)
    on_a_test_set = compare(models, X, y, X_test=X_test, y_test=y_test, return_predictions=True)
    return X, y, X_test, on_folds, on_a_test_set


@pytest.mark.parametrize(
    ("results", "name"),
    [
        (lambda bunch: bunch.table, "its table, a DataFrame"),
        (lambda bunch: None, "a NoneType"),
        (
            lambda bunch: type(bunch)(table=bunch.table, estimators={}),
            "results without predictions",
        ),
    ],
)
def test_results_without_predictions_are_refused(results, name, compared, tmp_path):
    X, y, _, on_folds, _ = compared
    message = f"report takes the results of compare(..., return_predictions=True), but got {name}."
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        report(results(on_folds), X, y, tmp_path / "report.html")
    assert not list(tmp_path.iterdir())


def test_other_data_than_those_of_the_results_are_refused(compared, tmp_path):
    X, y, X_test, on_folds, on_a_test_set = compared
    file = tmp_path / "report.html"
    for arguments, options, message in [
        ((on_folds, X, y[:9]), {}, "X has 120 texts, and y has 9 labels."),
        (
            (on_folds, X[:9], y[:9]),
            {},
            "These results are of 120 or more texts, and X has 9. Pass the data that compare had.",
        ),
        (
            (on_a_test_set, X, y),
            {"X_test": X_test[:9]},
            "These results are of 120 or more texts, and X_test has 9. Pass the data that compare "
            "had.",
        ),
        (
            (on_a_test_set, X, y),
            {},
            "The models of these results were tested on a test set: pass its texts as X_test.",
        ),
        (
            (on_folds, X, y),
            {"X_test": X_test},
            "The models of these results were tested on folds of X: leave out X_test.",
        ),
    ]:
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            report(*arguments, file, **options)
    assert not file.exists()


def test_missing_packages(compared, tmp_path, monkeypatch):
    X, y, _, on_folds, _ = compared
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    message = (
        "report draws with matplotlib, which is not installed. Install it: "
        'pip install "sklearn_rnn[plot]".'
    )
    with pytest.raises(ImportError, match=f"^{re.escape(message)}$"):
        report(on_folds, X, y, tmp_path / "report.html")
    monkeypatch.setitem(sys.modules, "jinja2", None)
    message = (
        "report needs jinja2, which is not installed. Install it: "
        'pip install "sklearn_rnn[report]".'
    )
    with pytest.raises(ImportError, match=f"^{re.escape(message)}$"):
        report(on_folds, X, y, tmp_path / "report.html")


def test_an_unwritable_file(compared, tmp_path):
    X, y, _, on_folds, _ = compared
    with pytest.raises(IsADirectoryError):
        report(on_folds, X, y, tmp_path)
    with pytest.raises(FileNotFoundError):
        report(on_folds, X, y, tmp_path / "no" / "report.html")


def test_a_failed_report_leaves_the_old_one(compared, tmp_path):
    X, y, _, on_folds, _ = compared
    file = tmp_path / "report.html"
    file.write_text("old")
    with pytest.raises(ValueError, match=r"^X has"):
        report(on_folds, X, y[:9], file)
    assert file.read_text() == "old"


def test_a_page_parses_without_a_doctype_before_it(compared, tmp_path):
    X, y, _, on_folds, _ = compared
    report(on_folds, X, y, tmp_path / "report.html")
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert html.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert "{{" not in html
    assert "{%" not in html
    page = parse(html)
    ids = [element.attributes["id"] for element in page.walk() if "id" in element.attributes]
    assert len(ids) == len(set(ids))
