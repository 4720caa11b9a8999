"""Both estimators in scikit-learn's Pipelines, searches and meta-estimators, on raw texts."""

import re
import warnings

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 - makes the import work
from sklearn.metrics import ConfusionMatrixDisplay, accuracy_score, confusion_matrix, make_scorer
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    TunedThresholdClassifierCV,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.semi_supervised import SelfTrainingClassifier

from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn.baselines import tfidf_logistic_regression
from sklearn_rnn.datasets import make_word_order, read_texts

TEXTS, LABELS = make_word_order(300, random_state=0)
NEW_TEXTS, NEW_LABELS = make_word_order(100, random_state=1)

# Epochs and a learning rate with which the order of words is learned in a second.
LEARNS = {
    "embedding_dim": 16,
    "hidden_size": 16,
    "word_dropout": 0,
    "embedding_dropout": 0,
    "dropout": 0,
    "batch_size": 16,
    "max_epochs": 5,
    "learning_rate": 2e-2,
    # The linear term could fit the labels of 150 texts by chance.
    "linear_ngrams": 0,
    "device": "cpu",
    "random_state": 0,
}
# For tests that do not depend on what is learned.
QUICK = {**LEARNS, "embedding_dim": 4, "hidden_size": 4, "max_epochs": 1, "batch_size": 64}
QUICK["linear_ngrams"] = 2


def make_model(parameters=LEARNS):
    return Pipeline([("tok", TextTokenizer()), ("clf", RNNTextClassifier(**parameters))])


@pytest.fixture(scope="session")
def model():
    return make_model().fit(TEXTS, LABELS)


@pytest.fixture
def quick():
    """An unfitted Pipeline that takes little time to fit, and learns little."""
    return make_model(QUICK)


def assert_same_predictions(one, other, texts=NEW_TEXTS):
    assert_array_equal(one.predict_proba(texts), other.predict_proba(texts))


# Fit and inspect


def test_a_pipeline_learns_what_a_bag_of_words_cannot(model):
    assert model.score(NEW_TEXTS, NEW_LABELS) > 0.95
    assert tfidf_logistic_regression().fit(TEXTS, LABELS).score(NEW_TEXTS, NEW_LABELS) < 0.7


def test_fitted_pipeline_can_be_inspected(model):
    assert_array_equal(model.classes_, ["complaint", "praise"])
    history = model[-1].history_
    assert list(history.index) == list(range(1, LEARNS["max_epochs"] + 1))
    assert history["train_loss"].iloc[-1] < 0.5 * history["train_loss"].iloc[0]
    assert history["valid_loss"].isna().all()
    assert model[-1].n_features_in_ == model["tok"].max_length_
    assert len(model[:-1].get_feature_names_out()) == model["tok"].max_length_
    assert "RNNTextClassifier" in model._repr_html_()


def test_the_outputs_of_a_pipeline_agree(model):
    probabilities = model.predict_proba(NEW_TEXTS)
    assert_allclose(probabilities.sum(1), 1, rtol=1e-6)
    assert_array_equal(model.predict(NEW_TEXTS), model.classes_[probabilities.argmax(1)])
    assert_allclose(np.exp(model.predict_log_proba(NEW_TEXTS)), probabilities, rtol=1e-5)
    assert_array_equal(model.decision_function(NEW_TEXTS) > 0, probabilities[:, 1] > 0.5)


def test_make_pipeline():
    made = make_pipeline(TextTokenizer(), RNNTextClassifier(**QUICK)).fit(TEXTS, LABELS)
    assert_same_predictions(made, make_model(QUICK).fit(TEXTS, LABELS))


def test_memory_of_a_pipeline_caches_the_ids(quick, tmp_path):
    remembering = clone(quick).set_params(memory=str(tmp_path))
    for _ in range(2):  # the second fit reads the cache of the first
        remembering.fit(TEXTS, LABELS)
        assert_same_predictions(remembering, quick.fit(TEXTS, LABELS))
    assert list(tmp_path.rglob("output.pkl"))


# Containers of texts and of labels


@pytest.mark.parametrize(
    "container",
    [
        list,
        tuple,
        lambda texts: np.array(list(texts)),
        lambda texts: texts[:, np.newaxis],
        lambda texts: pd.Series(texts, index=np.random.default_rng(0).permutation(len(texts))),
        lambda texts: pd.Series(texts, dtype="string"),
        lambda texts: pd.DataFrame({"review": texts}),
        lambda texts: pl.Series(list(texts)),
        lambda texts: pl.DataFrame({"review": list(texts)}),
    ],
    ids=[
        "list",
        "tuple",
        "str array",
        "column",
        "shuffled Series",
        "string Series",
        "DataFrame",
        "polars Series",
        "polars DataFrame",
    ],
)
def test_any_container_of_texts(quick, container):
    expected = clone(quick).fit(TEXTS, LABELS)
    assert_same_predictions(quick.fit(container(TEXTS), LABELS), expected)
    assert_array_equal(quick.predict(container(NEW_TEXTS)), expected.predict(NEW_TEXTS))


def test_labels_in_a_shuffled_series_belong_to_texts_by_position(quick):
    index = np.random.default_rng(0).permutation(len(TEXTS))
    labels = pd.Series(LABELS, index=index)
    expected = clone(quick).fit(TEXTS, LABELS)
    assert_same_predictions(quick.fit(pd.Series(TEXTS), labels), expected)
    folds = [cross_val_score(quick, pd.Series(TEXTS), y, cv=2) for y in (labels, LABELS)]
    assert_array_equal(*folds)


@pytest.mark.parametrize(
    "kinds",
    [(False, True), (0, 1), (-1, 1), (10, 20), (0.0, 1.0), ("a", "b"), ("яблоко", "🍏")],
    ids=str,
)
def test_classes_of_any_kind(quick, model, kinds):
    first = LABELS == "complaint"
    labels = np.where(first, *kinds)
    quick.fit(TEXTS, labels)
    assert_array_equal(quick.classes_, kinds)
    predicted = quick.predict(NEW_TEXTS)
    assert predicted.dtype == labels.dtype
    # Only the names differ, not the trained weights.
    assert_same_predictions(quick, make_model(QUICK).fit(TEXTS, LABELS))
    assert quick.score(TEXTS, labels) == pytest.approx(np.mean(quick.predict(TEXTS) == labels))


def test_names_of_classes_do_not_change_the_predictions(quick):
    swapped = np.where(LABELS == "complaint", "z", "a")
    quick.fit(TEXTS, swapped)
    assert_array_equal(quick.classes_, ["a", "z"])
    assert quick.predict_proba(NEW_TEXTS).shape == (100, 2)


def test_three_classes(quick):
    labels = np.array(["a", "b", "c"])[np.arange(len(TEXTS)) % 3]
    quick.fit(TEXTS, labels)
    assert quick.predict_proba(NEW_TEXTS).shape == (100, 3)
    assert quick.decision_function(NEW_TEXTS).shape == (100, 3)
    assert 0 <= cross_val_score(quick, TEXTS, labels, cv=2, scoring="roc_auc_ovr").mean() <= 1


# Selection and evaluation


@pytest.mark.parametrize(
    "grid",
    [
        {"clf__cell_type": ["lstm", "gru"], "clf__bidirectional": [True, False]},
        {"clf__pooling": ["max", ("last", "mean")], "clf__dropout": [0, 0.5]},
        {"tok__max_length": [3, 1.0]},
    ],
    ids=lambda grid: "+".join(grid),
)
def test_grid_search(grid):
    search = GridSearchCV(make_model(), grid, cv=2, n_jobs=2, error_score="raise")
    search.fit(TEXTS, LABELS)
    assert search.best_score_ > 0.75
    assert search.best_params_.keys() == grid.keys()
    assert search.score(NEW_TEXTS, NEW_LABELS) > 0.8
    refitted = make_model().set_params(**search.best_params_).fit(TEXTS, LABELS)
    assert_same_predictions(search, refitted)
    if "tok__max_length" in grid:  # three words do not determine the label
        assert search.best_params_ == {"tok__max_length": 1.0}


@pytest.mark.parametrize("kind", ["halving", "randomized"])
def test_other_searches(quick, kind):
    grid = {"clf__learning_rate": [1e-5, 1e-2], "tok__min_count": [1, 2]}
    if kind == "halving":
        search = HalvingGridSearchCV(quick, grid, cv=2, min_resources=100, random_state=0)
    else:
        search = RandomizedSearchCV(quick, grid, n_iter=2, cv=2, random_state=0)
    search.fit(TEXTS, LABELS)
    assert 0 < search.best_score_ <= 1
    assert search.predict(NEW_TEXTS).shape == (100,)


def test_cross_validation_and_its_confusion_matrix():
    scores = cross_val_score(make_model(), TEXTS, LABELS, cv=2)
    predicted = cross_val_predict(make_model(), TEXTS, LABELS, cv=2)
    assert scores.mean() > 0.85
    matrix = confusion_matrix(LABELS, predicted)
    assert matrix.sum() == len(TEXTS)
    assert_allclose(matrix.trace() / len(TEXTS), scores.mean())


def test_confusion_matrix_display(model):
    matplotlib.use("Agg")
    display = ConfusionMatrixDisplay.from_estimator(model, NEW_TEXTS, NEW_LABELS)
    expected = confusion_matrix(NEW_LABELS, model.predict(NEW_TEXTS))
    assert_array_equal(display.confusion_matrix, expected)
    plt.close(display.figure_)


def test_learning_curve(quick):
    sizes, train_scores, test_scores = learning_curve(
        quick, TEXTS, LABELS, train_sizes=[40, 150], cv=2, error_score="raise"
    )
    assert_array_equal(sizes, [40, 150])
    assert train_scores.shape == test_scores.shape == (2, 2)


# Other estimators around the Pipeline


def test_calibration(model):
    calibrated = CalibratedClassifierCV(make_model(), cv=2).fit(TEXTS, LABELS)
    assert calibrated.score(NEW_TEXTS, NEW_LABELS) > 0.85
    assert_allclose(calibrated.predict_proba(NEW_TEXTS).sum(1), 1, rtol=1e-6)


def test_voting_with_a_bag_of_words(model):
    pair = [("rnn", make_model(QUICK)), ("bag", tfidf_logistic_regression())]
    vote = VotingClassifier(pair, voting="soft").fit(TEXTS, LABELS)
    each = [member.predict_proba(NEW_TEXTS) for member in vote.estimators_]
    assert_allclose(vote.predict_proba(NEW_TEXTS), np.mean(each, axis=0), rtol=1e-6)


def test_stacking_with_a_bag_of_words():
    pair = [("rnn", make_model()), ("bag", tfidf_logistic_regression())]
    stack = StackingClassifier(pair, cv=2).fit(TEXTS, LABELS)
    assert stack.score(NEW_TEXTS, NEW_LABELS) > 0.85


def test_one_vs_rest(quick):
    labels = np.array(["a", "b", "c"])[np.arange(len(TEXTS)) % 3]
    ids = TextTokenizer().fit_transform(TEXTS)
    inside = make_pipeline(TextTokenizer(), OneVsRestClassifier(quick["clf"])).fit(TEXTS, labels)
    assert inside.predict_proba(TEXTS).shape == (len(TEXTS), 3)
    assert len(inside[-1].estimators_) == 3
    around = OneVsRestClassifier(quick).fit(TEXTS, labels)
    assert_array_equal(around.predict(TEXTS), inside.predict(TEXTS))
    assert_array_equal(around.predict(TEXTS), inside[-1].predict(ids))


@pytest.mark.parametrize("of_strings", [True, False])
def test_texts_without_labels(of_strings):
    """Texts without labels have the label -1, in an object array if other labels are strings."""
    labels, new_labels = LABELS.astype(object), NEW_LABELS
    if not of_strings:
        labels, new_labels = (np.where(y == "praise", 7, 5) for y in (LABELS, NEW_LABELS))
    some = labels.copy()
    some[200:] = -1
    teacher = SelfTrainingClassifier(RNNTextClassifier(**LEARNS), max_iter=1)
    taught = make_pipeline(TextTokenizer(), teacher).fit(TEXTS, some)
    assert_array_equal(taught.classes_, np.unique(labels))
    by_itself = taught[-1].labeled_iter_ == 1
    assert 50 < by_itself.sum() <= 100
    assert np.mean(taught[-1].transduction_[by_itself] == labels[by_itself]) > 0.9
    assert taught.score(NEW_TEXTS, new_labels) > 0.9


@pytest.mark.parametrize("kind", [FixedThresholdClassifier, TunedThresholdClassifierCV])
def test_thresholds(model, kind):
    options = {"threshold": 0.5} if kind is FixedThresholdClassifier else {"cv": 2}
    options["response_method"] = "predict_proba"
    moved = kind(make_model(), **options).fit(TEXTS, LABELS)
    assert moved.score(NEW_TEXTS, NEW_LABELS) > 0.9


def test_column_transformer(model):
    frame = pd.DataFrame({"id": range(len(TEXTS)), "review": TEXTS, "title": NEW_TEXTS[0]})
    columns = ColumnTransformer([("tok", TextTokenizer(), "review")])
    from_frame = make_pipeline(columns, RNNTextClassifier(**LEARNS)).fit(frame, LABELS)
    assert_array_equal(from_frame.predict_proba(frame), model.predict_proba(TEXTS))
    assert_array_equal(columns.get_feature_names_out()[:2], ["tok__token0", "tok__token1"])


@pytest.mark.parametrize(("library", "kind"), [("pandas", pd.DataFrame), ("polars", pl.DataFrame)])
def test_set_output(quick, library, kind):
    expected = clone(quick).fit(TEXTS, LABELS)
    quick.set_output(transform=library).fit(TEXTS, LABELS)
    ids = quick[:-1].transform(NEW_TEXTS)
    assert isinstance(ids, kind)
    assert list(ids.columns) == list(quick[:-1].get_feature_names_out())
    assert_array_equal(quick["clf"].feature_names_in_, ids.columns)
    assert_same_predictions(quick, expected)


# Metadata routing


def test_sample_weight_by_the_name_of_the_step(quick):
    weights = np.ones(len(TEXTS))
    weighted = clone(quick).fit(TEXTS, LABELS, clf__sample_weight=weights)
    assert_same_predictions(weighted, quick.fit(TEXTS, LABELS))


def test_sample_weight_is_routed():
    """Texts of weight 0 have wrong labels: only a fit that gets the weights is accurate."""
    wrong = np.random.default_rng(0).random(len(TEXTS)) < 0.4
    labels = LABELS.copy()
    labels[wrong] = np.where(LABELS[wrong] == "praise", "complaint", "praise")
    weights = np.where(wrong, 0.0, 1.0)
    with config_context(enable_metadata_routing=True):
        classifier = RNNTextClassifier(**LEARNS | {"max_epochs": 10})
        classifier.set_fit_request(sample_weight=True)
        # scikit-learn 1.6 routes no weights to the score method of a Pipeline, only to a scorer.
        scorer = make_scorer(accuracy_score).set_score_request(sample_weight=True)
        results = cross_validate(
            make_pipeline(TextTokenizer(), classifier),
            TEXTS,
            labels,
            cv=2,
            scoring=scorer,
            params={"sample_weight": weights},
            error_score="raise",
        )
    assert results["test_score"].mean() > 0.7
    unweighted = cross_val_score(make_model(), TEXTS, labels, cv=2)
    assert unweighted.mean() < 0.7


@pytest.mark.parametrize("search", [False, True])
def test_validation_texts_pass_through_the_tokenizer(search):
    """`transform_input` takes raw X_val through the steps before the classifier."""
    with config_context(enable_metadata_routing=True):
        classifier = RNNTextClassifier(**LEARNS, early_stopping=True, n_iter_no_change=1)
        classifier.set_fit_request(X_val=True, y_val=True)
        pipeline = Pipeline(
            [("tok", TextTokenizer()), ("clf", classifier)], transform_input=["X_val"]
        )
        fitted = pipeline
        if search:
            fitted = GridSearchCV(pipeline, {"clf__pooling": ["max"]}, cv=2, error_score="raise")
        fitted.fit(TEXTS, LABELS, X_val=NEW_TEXTS, y_val=NEW_LABELS)
        pipeline = fitted.best_estimator_ if search else fitted
        score = pipeline.score(NEW_TEXTS, NEW_LABELS)
    history = pipeline["clf"].history_
    assert score == pytest.approx(history["valid_accuracy"].max())
    assert history.loc[pipeline["clf"].best_epoch_, "valid_accuracy"] == pytest.approx(score)


# Invalid and unusual input


def check_raises(kind, message, function, *arguments):
    with pytest.raises(kind, match=f"^{re.escape(message)}$"):
        function(*arguments)


ACCEPTED = (
    "TextTokenizer takes a list, tuple, NumPy array, Series or single-column DataFrame of str"
)
SILLY = {
    "one string": (
        "good film",
        TypeError,
        "but X is one str. Wrap a single text in a list: [text].",
    ),
    "bytes": (
        b"good film",
        TypeError,
        "but X is bytes. Decode it first: [text.decode('utf-8')].",
    ),
    "None": (
        ["good", None],
        TypeError,
        "but the text at position 1 is missing (None). Drop missing texts with their labels, or "
        "replace them by ''.",
    ),
    "NaN": (
        pd.Series(["good", "bad", np.nan]),
        TypeError,
        "but the text at position 2 is missing (nan). Drop missing texts with their labels, or "
        "replace them by ''.",
    ),
    "bytes among texts": (
        ["good", b"bad"],
        TypeError,
        "but the text at position 1 is bytes. Decode it first: text.decode('utf-8').",
    ),
    "numbers": (
        [1, 2],
        TypeError,
        "but the text at position 0 is of type int. Pass one str per text.",
    ),
    "nothing": ([], ValueError, "but X is empty. Pass at least one text."),
    "two columns": (
        pd.DataFrame({"title": ["good"], "body": ["bad"]}),
        ValueError,
        "but X is a DataFrame of 2 columns. Select the text column, as in X['text'], or put one "
        "tokenizer per text column into a sklearn.compose.ColumnTransformer.",
    ),
}


@pytest.mark.parametrize(("X", "kind", "message"), SILLY.values(), ids=SILLY)
def test_invalid_texts(model, quick, X, kind, message):
    labels = LABELS[: len(X)]
    check_raises(kind, f"{ACCEPTED}, {message}", quick.fit, X, labels)
    check_raises(kind, f"{ACCEPTED}, {message}", model.predict, X)


def test_invalid_labels(quick):
    message = (
        "y has one class, 'praise', among the rows whose weight is not zero. A classifier needs "
        "at least two classes."
    )
    check_raises(ValueError, message, quick.fit, TEXTS, ["praise"] * len(TEXTS))
    message = "Found input variables with inconsistent numbers of samples: [300, 299]"
    check_raises(ValueError, message, quick.fit, TEXTS, LABELS[1:])


def test_raw_texts_for_the_classifier():
    classifier = RNNTextClassifier(**QUICK)
    message = (
        f"RNNTextClassifier takes ids, and was given text ({TEXTS[0][:30]!r}...). Put a "
        "TextTokenizer in front of it: make_pipeline(TextTokenizer(), "
        "RNNTextClassifier()).fit(texts, labels)."
    )
    check_raises(ValueError, message, classifier.fit, TEXTS, LABELS)


def test_empty_texts_are_predicted(model):
    probabilities = model.predict_proba(["", "   ", "\n"])
    assert_allclose(probabilities, probabilities[[0, 0, 0]], rtol=0, atol=1e-6)
    # An empty text is the unknown word.
    unseen = model.predict_proba(["neverseen"])
    assert_allclose(probabilities[:1], unseen, rtol=0, atol=1e-6)


def test_some_texts_are_empty_at_fit(quick):
    texts = np.where(np.arange(len(TEXTS)) % 2, "", TEXTS)
    quick.fit(texts, LABELS)
    assert np.isfinite(quick.predict_proba(texts)).all()


def test_all_texts_are_empty_at_fit(quick):
    message = (
        "There is no token in the training texts, so there is no vocabulary to learn. Check that "
        "the texts are not empty, and that analyzer and token_pattern suit them."
    )
    check_raises(ValueError, message, quick.fit, [""] * 4, ["a", "b"] * 2)


def test_one_text_of_ten_megabytes(quick):
    phrase = "the room was good again "
    huge = phrase * (10_000_000 // len(phrase))
    quick.fit([huge, *TEXTS], ["praise", *LABELS])
    assert quick["tok"].max_length_ == 400
    # Tokens that are truncated do not change the prediction.
    assert_array_equal(
        quick.predict_proba([huge, "good"]), quick.predict_proba([phrase * 80, "good"])
    )


@pytest.mark.parametrize(
    "words",
    [
        ("😀 film 👍🏽", "😡 film 👎"),
        ("فيلم رائع جدا", "فيلم سيئ جدا"),  # Arabic, from right to left
        ("סרט נפלא", "סרט נורא"),  # Hebrew
        ("прекрасный фильм", "ужасный фильм"),
        ("un film élégant", "un film raté"),
        ("naïve\x00film\ufeff", "film\u200b\ud800 bad"),  # a byte order mark, a lone surrogate
    ],
    ids=["emoji", "arabic", "hebrew", "cyrillic", "accents", "oddities"],
)
def test_texts_of_all_kinds(words):
    texts, labels = list(words) * 20, [0, 1] * 20
    classifier = make_model({**LEARNS, "batch_size": 4}).fit(texts, labels)
    assert_array_equal(classifier.predict(words), [0, 1])


def test_nothing_is_printed_and_the_input_is_unchanged(capfd, quick):
    texts, labels = TEXTS.copy(), LABELS.copy()
    quick.fit(texts, labels).predict(texts)
    assert capfd.readouterr() == ("", "")
    assert_array_equal(texts, TEXTS)
    assert_array_equal(labels, LABELS)


def test_verbose_prints_a_line_per_epoch_and_no_bar_without_a_terminal(capfd, quick):
    quick.set_params(clf__verbose=1, clf__max_epochs=3).fit(TEXTS, LABELS)
    out, err = capfd.readouterr()
    assert len(out.splitlines()) == 2 + 3
    assert err == ""


# Real corpora, in the folder SKLEARN_RNN_DATA


def test_news(data_dir):
    path = data_dir / "ag_news" / "test.csv.gz"
    news = read_texts(path, text=[1, 2], label=0)
    rows = np.random.default_rng(0).permutation(len(news.data))[:900]
    train, test = rows[:600], rows[600:]
    classifier = make_model({**LEARNS, "dropout": 0.3})
    classifier.set_params(clf__embedding_dim=32, tok__max_length=40)
    classifier.fit(news.data[train], news.target[train])
    assert_array_equal(classifier.classes_, [1, 2, 3, 4])
    assert classifier.score(news.data[test], news.target[test]) > 0.5  # chance is 0.25


def test_drug_reviews_with_missing_texts(data_dir):
    """Some texts are NaN, and a user must drop them with their labels."""
    path = data_dir / "drug_review" / "drugscom_head.csv.gz"
    reviews = read_texts(path, text="review", label="rating")
    frame = pd.DataFrame({"review": reviews.data, "is_good": reviews.target >= 6})[:600]
    frame.loc[[3, 8], "review"] = np.nan
    classifier = make_model({**QUICK, "max_epochs": 2}).set_params(tok__max_length=50)
    with pytest.raises(TypeError, match=r"the text at position 3 is missing \(nan\)"):
        classifier.fit(frame["review"], frame["is_good"])
    frame = frame.dropna()
    classifier.fit(frame["review"], frame["is_good"])
    assert classifier.predict(frame["review"]).dtype == bool


def test_druglib_has_missing_texts(data_dir):
    path = data_dir / "drug_review" / "druglib_train.tsv.gz"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        reviews = read_texts(path, text=["benefitsReview", "commentsReview"], label="rating")
    assert len(reviews.data) == 3107
    make_model(QUICK).fit(reviews.data[:300], reviews.target[:300] >= 6)
