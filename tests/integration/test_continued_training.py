"""Training that goes on with new texts: the tokenizer keeps its ids, or the classifier says so."""

import copy
import pickle
import re

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import shuffle

from sklearn_rnn import RNNTextClassifier, TextTokenizer, WordVectors
from sklearn_rnn._ids import number_tokens, numbering_of

REFUSED = re.compile(
    r"^Training cannot continue, because [\d,]+ ids of X stand for other tokens than in the "
    r"earlier training: X comes from another TextTokenizer, or from one that was fitted again and "
    r"has numbered its tokens anew\. To go on with new texts, keep the ids: instead of fit, call "
    r"partial_fit of the tokenizer of the earlier training, or set its warm_start=True\. To build "
    r"a new network, set warm_start=False of the classifier and call fit\.$"
)


def warning(name, result):
    return (
        rf"^[\d,]+ ids of {name} stand for other tokens than in training, so the {result} have no "
        rf"meaning\. Make {name} by the TextTokenizer of the training; if it was fitted again, fit "
        r"the classifier again too\.$"
    )


PREDICTION_WARNING = warning("X", "predictions")


def make_domain(name, n=200, seed=0):
    """Texts whose words occur in no other domain; a few of the words tell the label."""
    rng = np.random.default_rng([seed, *name.encode()])
    labels = rng.integers(2, size=n)
    texts = []
    for label in labels:
        words = [f"{name}{i}" for i in rng.integers(10, 40, 6)]
        words += [f"{name}{i}" for i in rng.integers(5 * label, 5 * label + 5, 2)]
        texts.append(" ".join(rng.permutation(words)))
    return texts, np.array(["neg", "pos"])[labels]


FOOD, FILM, MIXED = make_domain("food"), make_domain("film"), make_domain("mixed")
NEW_FOOD, NEW_FILM = make_domain("food", seed=1), make_domain("film", seed=1)
VECTORS = WordVectors(
    [f"food{i}" for i in range(0, 40, 2)], np.random.default_rng(0).normal(size=(20, 8))
)


@pytest.fixture
def make_pipe(make_classifier):
    def make(tokenizer=None, **parameters):
        small = {"embedding_dim": 8, "hidden_size": 8, "max_epochs": 8, "learning_rate": 0.02}
        steps = {
            "tok": TextTokenizer(max_length=8) if tokenizer is None else tokenizer,
            "clf": make_classifier(**small | {"linear_ngrams": 0} | parameters),
        }
        return Pipeline(list(steps.items()))

    return make


@pytest.fixture
def model(make_pipe):
    return make_pipe().fit(*FOOD)


def fit_again(model, texts, labels):
    return model.set_params(tok__warm_start=True, clf__warm_start=True).fit(texts, labels)


def fit_partially(model, texts, labels):
    ids = model["tok"].partial_fit(texts).transform(texts)
    for _ in range(8):
        model["clf"].partial_fit(ids, labels)
    return model


def load_and_fit_again(model, texts, labels):
    return fit_again(pickle.loads(pickle.dumps(model)), texts, labels)


@pytest.mark.parametrize(
    "go_on",
    [
        fit_again,
        pytest.param(fit_partially, marks=pytest.mark.slow),
        pytest.param(load_and_fit_again, marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"linear_ngrams": 1},
        {"linear_ngrams": 2, "word_dropout": 0.5, "max_epochs": 3},
        {"tokenizer": TextTokenizer(add_markers=True, max_length=10)},
        {"tokenizer": TextTokenizer(vocabulary=VECTORS, max_length=8), "word_vectors": VECTORS},
        {"tokenizer": TextTokenizer(analyzer=str.split, max_length=8), "cell_type": "gru"},
        {"lr_schedule": "one_cycle", "pooling": ("last", "attention")},
    ],
    ids=str,
)
def test_a_model_learns_a_second_domain_and_keeps_the_first(make_pipe, go_on, parameters):
    if "tokenizer" in parameters:
        parameters = parameters | {"tokenizer": clone(parameters["tokenizer"])}
    model = make_pipe(**parameters).fit(*FOOD)
    assert model.score(*NEW_FOOD) > 0.95
    food_ids = model["tok"].transform(NEW_FOOD[0])
    model = go_on(model, *FILM)
    np.testing.assert_array_equal(model["tok"].transform(NEW_FOOD[0]), food_ids)
    assert model.score(*NEW_FILM) > 0.95
    assert model.score(*NEW_FOOD) > 0.9


def refit_in_place(model):
    model.set_params(clf__warm_start=True).fit(*FILM)


def refit_the_tokenizer(model):
    ids = model["tok"].fit(FILM[0]).transform(FILM[0])
    model["clf"].partial_fit(ids, FILM[1])


def use_another_tokenizer(model):
    ids = TextTokenizer(max_length=8).fit_transform(FILM[0])
    model["clf"].partial_fit(ids, FILM[1])


def use_a_clone(model):
    ids = clone(model["tok"]).fit_transform(FILM[0] + FOOD[0])
    model["clf"].partial_fit(ids, np.append(FILM[1], FOOD[1]))


def load_the_classifier_alone(model):
    classifier = pickle.loads(pickle.dumps(model["clf"])).set_params(warm_start=True)
    make_pipeline(TextTokenizer(max_length=8), classifier).fit(*FILM)


def change_the_analyzer(model):
    model.set_params(tok__analyzer="char", clf__warm_start=True).fit(*FOOD)


def change_case(model):
    model.set_params(tok__lowercase=False, clf__warm_start=True)
    model.fit([text.title() for text in FOOD[0]], FOOD[1])


def turn_the_vocabulary_round(model):
    tokens = list(model["tok"].vocabulary_)[::-1]
    model.set_params(tok__vocabulary=tokens, clf__warm_start=True).fit(*FOOD)


def add_vectors(model):
    model.set_params(tok__vocabulary=VECTORS, clf__warm_start=True).fit(*FOOD)


def split_the_ids(model):
    ids, _, labels, _ = train_test_split(
        TextTokenizer(max_length=8).fit_transform(FILM[0]), FILM[1]
    )
    model["clf"].partial_fit(ids, labels)


def shuffle_and_concatenate_the_ids(model):
    tokenizer = TextTokenizer(max_length=8).fit(FILM[0])
    ids = np.vstack([tokenizer.transform(FILM[0][:100]), tokenizer.transform(FILM[0][100:])])
    model["clf"].partial_fit(*shuffle(ids, FILM[1]))


def load_the_ids(model):
    ids = pickle.loads(pickle.dumps(TextTokenizer(max_length=8).fit_transform(FILM[0])))
    model["clf"].set_params(warm_start=True).fit(ids, FILM[1])


def put_a_function_between(model):
    model.steps.insert(1, ("cut", FunctionTransformer(lambda ids: ids[:, :8])))
    model.set_params(clf__warm_start=True).fit(*FILM)


def select_a_column(model):
    columns = ColumnTransformer([("tok", TextTokenizer(max_length=8, warm_start=True), "text")])
    model = Pipeline([("columns", columns), ("clf", model["clf"].set_params(warm_start=True))])
    model.fit(pd.DataFrame({"text": FILM[0]}), FILM[1])


def unite_features(model):
    union = FeatureUnion([("tok", TextTokenizer(max_length=8))])
    make_pipeline(union, model["clf"].set_params(warm_start=True)).fit(*FILM)


def fit_copies_in_processes(model):
    ids = TextTokenizer(max_length=8).fit_transform(FILM[0])
    partial_fit = joblib.delayed(model["clf"].partial_fit)
    joblib.Parallel(n_jobs=2)(partial_fit(ids, FILM[1]) for _ in range(2))


OTHER_NUMBERINGS = [
    refit_in_place,
    refit_the_tokenizer,
    use_another_tokenizer,
    use_a_clone,
    load_the_classifier_alone,
    change_the_analyzer,
    change_case,
    turn_the_vocabulary_round,
    add_vectors,
    split_the_ids,
    shuffle_and_concatenate_the_ids,
    load_the_ids,
    put_a_function_between,
    select_a_column,
    unite_features,
    fit_copies_in_processes,
]


@pytest.mark.parametrize("go_on", OTHER_NUMBERINGS)
def test_other_numberings_are_refused(model, go_on):
    classifier = model["clf"]
    ids = model["tok"].transform(NEW_FOOD[0])
    before = classifier.predict_proba(ids)
    n_epochs = classifier.n_epochs_
    with pytest.raises(ValueError, match=REFUSED):
        go_on(model)
    np.testing.assert_array_equal(classifier.predict_proba(ids), before)
    assert classifier.n_epochs_ == n_epochs


def test_a_cached_tokenizer_is_refused_too(make_pipe, tmp_path):
    """With memory, a Pipeline fits a clone of the tokenizer, and later takes it from the cache."""
    for _ in range(2):  # the second time, all ids come from the cache
        model = make_pipe().set_params(memory=str(tmp_path)).fit(*FOOD)
        for warm_start in (False, True, True):
            model.set_params(tok__warm_start=warm_start, clf__warm_start=True)
            with pytest.raises(ValueError, match=REFUSED):
                model.fit(*FILM)
        model.set_params(clf__warm_start=False).fit(*FILM)
        assert model.score(*NEW_FILM) > 0.95


def by_the_same_tokenizer(tokenizer):
    return tokenizer.transform(FOOD[0])


def by_a_grown_tokenizer(tokenizer):
    return tokenizer.partial_fit(FILM[0]).transform(FOOD[0])


def by_a_tokenizer_fitted_on_the_same_texts(tokenizer):
    return clone(tokenizer).fit_transform(FOOD[0][::-1])[::-1]


def by_a_fixed_vocabulary(tokenizer):
    return TextTokenizer(vocabulary=tokenizer.vocabulary_, max_length=8).fit_transform(FOOD[0])


def by_a_vocabulary_that_the_user_extended(tokenizer):
    vocabulary = tokenizer.vocabulary_ | {"film": 1000, "other": 500}
    return TextTokenizer(vocabulary=vocabulary, max_length=8).fit_transform(FOOD[0])


def by_part_of_the_vocabulary(tokenizer):
    vocabulary = dict(list(tokenizer.vocabulary_.items())[::2])
    return TextTokenizer(vocabulary=vocabulary, max_length=8).fit_transform(FOOD[0])


def by_a_loaded_tokenizer(tokenizer):
    return pickle.loads(pickle.dumps(tokenizer)).transform(FOOD[0])


def by_the_most_frequent_tokens(tokenizer):
    with pytest.warns(UserWarning, match="occur fewer than min_count=50 times"):
        return tokenizer.set_params(min_count=50).fit_transform(FOOD[0])


def with_markers(tokenizer):
    return tokenizer.set_params(add_markers=True).fit_transform(FOOD[0])


def as_a_plain_array(tokenizer):
    return np.asarray(TextTokenizer(max_length=8).fit_transform(FILM[0]))


def as_lists(tokenizer):
    return TextTokenizer(max_length=8).fit_transform(FILM[0]).tolist()


SAME_NUMBERINGS = [
    by_the_same_tokenizer,
    by_a_grown_tokenizer,
    by_a_tokenizer_fitted_on_the_same_texts,
    by_a_fixed_vocabulary,
    by_a_vocabulary_that_the_user_extended,
    by_part_of_the_vocabulary,
    by_a_loaded_tokenizer,
    by_the_most_frequent_tokens,
    with_markers,
    as_a_plain_array,
    as_lists,
]


@pytest.mark.parametrize("make_ids", SAME_NUMBERINGS)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_ids_that_agree_or_are_of_unknown_origin_are_taken(model, make_ids, method):
    classifier = model["clf"].set_params(warm_start=True, max_epochs=1)
    ids = make_ids(model["tok"])
    classifier.predict(ids)
    getattr(classifier, method)(ids, FOOD[1])
    classifier.predict(ids)


def test_ids_of_an_earlier_stage_are_taken(model):
    tokenizer, classifier = model["tok"], model["clf"]
    early = tokenizer.transform(FOOD[0])
    classifier.partial_fit(tokenizer.partial_fit(FILM[0]).transform(FILM[0]), FILM[1])
    tokenizer.partial_fit(MIXED[0])
    classifier.partial_fit(early, FOOD[1]).predict(early)
    with pytest.raises(ValueError, match=REFUSED):  # FILM is remembered
        classifier.partial_fit(
            TextTokenizer(vocabulary=[*list(tokenizer.vocabulary_)[:40], "other"], max_length=8)
            .fit(MIXED[0])
            .transform(MIXED[0]),
            MIXED[1],
        )


def test_ids_of_unknown_origin_come_first(model):
    classifier = clone(model["clf"])
    ids = model["tok"].transform(FOOD[0])
    classifier.fit(np.asarray(ids), FOOD[1]).partial_fit(ids, FOOD[1])
    with pytest.raises(ValueError, match=REFUSED):
        classifier.partial_fit(clone(model["tok"]).fit_transform(FILM[0]), FILM[1])


def test_a_new_network_takes_any_numbering(model):
    model.fit(*FILM).fit(*MIXED)
    fresh = clone(model["clf"])
    fresh.set_params(warm_start=True).fit(
        TextTokenizer(max_length=8).fit_transform(FOOD[0]), FOOD[1]
    )
    fresh.partial_fit(model["tok"].fit_transform(FOOD[0]), FOOD[1])


def test_a_failed_training_remembers_no_new_numbering(model):
    tokenizer, classifier = model["tok"], model["clf"]
    early = copy.deepcopy(tokenizer)
    ids = tokenizer.partial_fit(FILM[0]).transform(FILM[0])
    with pytest.raises(ValueError, match="y has unknown classes"):
        classifier.partial_fit(ids, np.repeat("other", 200))
    assert classifier._numbering == number_tokens(early.vocabulary_)
    classifier.partial_fit(early.partial_fit(MIXED[0]).transform(MIXED[0]), MIXED[1])


PREDICTIONS = ["predict", "predict_proba", "predict_log_proba", "decision_function"]


@pytest.mark.parametrize("method", PREDICTIONS)
def test_predictions_for_other_numberings_warn_once_per_call(model, method):
    ids = TextTokenizer(max_length=8).fit_transform(FILM[0])
    for given in (ids, ids[:1], ids[::2]):
        for _ in range(2):
            with pytest.warns(UserWarning, match=PREDICTION_WARNING) as caught:
                getattr(model["clf"], method)(given)
            assert len(caught) == 1
            assert caught[0].filename == __file__


def test_a_pipeline_whose_tokenizer_was_fitted_again_warns(model):
    model["tok"].fit(FILM[0])
    with pytest.warns(UserWarning, match=PREDICTION_WARNING) as caught:
        model.score(*NEW_FILM)
    assert len(caught) == 1
    loaded = pickle.loads(pickle.dumps(model))
    with pytest.warns(UserWarning, match=PREDICTION_WARNING):
        loaded.predict(NEW_FILM[0])


def test_validation_data_of_another_numbering_warns(model):
    classifier = clone(model["clf"]).set_params(max_epochs=1)
    ids = model["tok"].transform(FOOD[0])
    other = TextTokenizer(max_length=8).fit_transform(FILM[0])
    with pytest.warns(UserWarning, match=warning("X_val", "validation scores")) as caught:
        classifier.fit(ids, FOOD[1], X_val=other, y_val=FILM[1])
    assert len(caught) == 1
    assert caught[0].filename == __file__
    classifier.fit(ids, FOOD[1], X_val=ids[:9], y_val=FOOD[1][:9])
    grown = model["tok"].partial_fit(FILM[0]).transform(FOOD[0])
    classifier.fit(ids, FOOD[1], X_val=grown, y_val=FOOD[1])


def test_a_search_knows_nothing_of_earlier_fits(make_pipe):
    results = []
    for warm_start in (False, True):
        model = make_pipe(max_epochs=2).fit(*FILM)
        model.set_params(tok__warm_start=warm_start, clf__warm_start=warm_start)
        search = GridSearchCV(model, {"clf__hidden_size": [4, 8]}, cv=2, error_score="raise")
        search.fit(*FOOD)
        results.append(search.cv_results_["mean_test_score"])
        assert not set(FILM[0][0].split()) & search.best_estimator_["tok"].vocabulary_.keys()
    np.testing.assert_array_equal(*results)


def test_a_pickle_has_the_numbering_once_as_bytes(model):
    state = model["clf"].__getstate__()
    assert state["_numbering"] == number_tokens(model["tok"].vocabulary_)
    assert type(state["_numbering"]) is bytes
    loaded = pickle.loads(pickle.dumps(model))
    assert numbering_of(loaded["tok"].transform(["food1"])) is loaded["clf"]._numbering
    assert pickle.dumps(model).count(state["_numbering"]) == 1


CLASSES = ["neg", "pos"]


def test_a_stream_with_a_vocabulary_that_grows(make_classifier):
    tokenizer = TextTokenizer(max_length=8)
    classifier = make_classifier(embedding_dim=8, hidden_size=8, learning_rate=0.02)
    texts, labels = shuffle(
        FOOD[0] + FILM[0] + MIXED[0], np.concatenate([FOOD[1], FILM[1], MIXED[1]])
    )
    n_tokens = []
    for begin in range(0, 600, 60):
        chunk = slice(begin, begin + 60)
        ids = tokenizer.partial_fit(texts[chunk]).transform(texts[chunk])
        classifier.partial_fit(ids, labels[chunk], classes=CLASSES)
        n_tokens.append(len(tokenizer.vocabulary_))
    assert n_tokens == sorted(n_tokens)
    assert n_tokens[0] < n_tokens[-1] == 120
    for new_texts, new_labels in (NEW_FOOD, NEW_FILM):
        assert classifier.score(tokenizer.transform(new_texts), new_labels) > 0.95


def test_a_stream_of_real_texts_is_nearly_as_accurate_as_a_fit(data_dir):
    path = data_dir / "ag_news" / "test.csv.gz"
    news = pd.read_csv(path, header=None, names=["topic", "title", "text"], nrows=2400)
    texts, topics = news["text"], news["topic"].to_numpy()
    small = {"hidden_size": 16, "embedding_dim": 32, "random_state": 0}
    whole = make_pipeline(TextTokenizer(max_length=60), RNNTextClassifier(max_epochs=1, **small))
    whole.fit(texts[:1600], topics[:1600])
    tokenizer, classifier = TextTokenizer(max_length=60), RNNTextClassifier(**small)
    for begin in range(0, 1600, 200):
        chunk = slice(begin, begin + 200)
        ids = tokenizer.partial_fit(texts[chunk]).transform(texts[chunk])
        classifier.partial_fit(ids, topics[chunk], classes=[1, 2, 3, 4])
    accuracy = classifier.score(tokenizer.transform(texts[1600:]), topics[1600:])
    assert accuracy > whole.score(texts[1600:], topics[1600:]) - 0.05
