"""Word vectors in TextTokenizer, in RNNTextClassifier and in both."""

import pickle
import re

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sklearn_rnn import RNNTextClassifier, TextTokenizer, WordVectors, load_word_vectors
from sklearn_rnn.datasets import read_texts

VECTORS = WordVectors(
    ["good", "bad", "film", "superb"],
    [[0.5, 1.0, 0.1], [0.5, -1.0, 0.2], [0.0, 0.0, -0.3], [0.6, 1.1, 0.0]],
)
OF_VECTORS = {"good": 2, "bad": 3, "film": 4, "superb": 5}
TEXTS = ["a bad plot", "a plot a good film", "plot and cast and a cast", "rare"]


def embedding_of(classifier):
    return classifier.net_.get_weights()["embedding.weight"]


# The tokenizer


def test_words_of_the_vectors_come_first_and_others_by_frequency():
    tokenizer = TextTokenizer(vocabulary=VECTORS).fit(TEXTS)
    # a 4 times, plot 3 times, and, cast twice
    assert tokenizer.vocabulary_ == OF_VECTORS | {"a": 6, "plot": 7, "and": 8, "cast": 9}
    assert tokenizer.transform(["a superb good FILM rare"])[0, :6].tolist() == [6, 5, 2, 4, 1, 0]


def test_fit_transform_is_fit_and_transform():
    tokenizer = TextTokenizer(vocabulary=VECTORS, max_length=None)
    at_once = tokenizer.fit_transform(TEXTS)
    assert np.array_equal(
        at_once, TextTokenizer(**tokenizer.get_params()).fit(TEXTS).transform(TEXTS)
    )
    assert at_once.tolist()[0] == [6, 3, 7, 0, 0, 0]
    assert tokenizer.inverse_transform(at_once)[1] == ["a", "plot", "a", "good", "film"]


def test_the_order_of_the_texts_does_not_matter():
    tokenizer = TextTokenizer(vocabulary=VECTORS, min_count=1)
    forward = clone(tokenizer).fit(TEXTS).vocabulary_
    assert clone(tokenizer).fit(TEXTS[::-1]).vocabulary_ == forward


@pytest.mark.parametrize(
    ("parameters", "added"),
    [
        ({"min_count": 1}, ["a", "plot", "and", "cast", "rare"]),
        ({"min_count": 3}, ["a", "plot"]),
        ({"min_count": 100}, []),
        ({"max_tokens": 3}, ["a", "plot", "and"]),
        ({"max_tokens": 1, "min_count": 1}, ["a"]),
        ({"max_tokens": None}, ["a", "plot", "and", "cast"]),
    ],
    ids=repr,
)
def test_min_count_and_max_tokens_choose_what_is_added(parameters, added):
    tokenizer = TextTokenizer(vocabulary=VECTORS, **parameters).fit(TEXTS)
    assert list(tokenizer.vocabulary_) == [*OF_VECTORS, *added]
    assert list(tokenizer.vocabulary_.values()) == list(range(2, 6 + len(added)))


@pytest.mark.parametrize("texts", [["good film", "good bad"], ["", " "], ["once upon"]])
def test_a_corpus_that_adds_nothing(texts):
    tokenizer = TextTokenizer(vocabulary=VECTORS).fit(texts)
    assert tokenizer.vocabulary_ == OF_VECTORS


def test_the_vocabulary_of_the_vectors_alone():
    tokenizer = TextTokenizer(vocabulary=VECTORS.vocabulary).fit(TEXTS)
    assert tokenizer.vocabulary_ == OF_VECTORS


def test_markers_come_last():
    tokenizer = TextTokenizer(vocabulary=VECTORS, add_markers=True, max_tokens=1).fit(TEXTS)
    assert tokenizer.vocabulary_ == OF_VECTORS | {"a": 6, "<s>": 7, "</s>": 8}
    assert tokenizer.transform(["good rare"])[0, :5].tolist() == [7, 2, 1, 8, 0]


def test_markers_that_have_a_vector_keep_its_id():
    vectors = WordVectors(["</s>", "good"], [[1.0], [2.0]])
    tokenizer = TextTokenizer(vocabulary=vectors, add_markers=True).fit(["a a"])
    assert tokenizer.vocabulary_ == {"</s>": 2, "good": 3, "a": 4, "<s>": 5}


def test_words_are_compared_as_the_analyzer_gives_them():
    vectors = WordVectors(["Good", "good"], [[1.0], [2.0]])
    lower = TextTokenizer(vocabulary=vectors).fit(["Good good"])
    assert lower.transform(["Good"])[0, 0] == 3
    cased = TextTokenizer(vocabulary=vectors, lowercase=False).fit(["Good good"])
    assert cased.transform(["Good"])[0, 0] == 2


@pytest.mark.parametrize(
    "estimator", [TextTokenizer(vocabulary=VECTORS), RNNTextClassifier(word_vectors=VECTORS)]
)
def test_a_clone_shares_the_matrix(estimator):
    copy = clone(clone(estimator))
    name = "vocabulary" if isinstance(estimator, TextTokenizer) else "word_vectors"
    assert getattr(copy, name) is VECTORS
    assert "WordVectors(n_words=4, embedding_dim=3)" in repr(estimator)


def test_a_fitted_tokenizer_survives_a_pickle():
    tokenizer = TextTokenizer(vocabulary=VECTORS).fit(TEXTS)
    loaded = pickle.loads(pickle.dumps(tokenizer))
    assert loaded.vocabulary_ == tokenizer.vocabulary_
    assert loaded.vocabulary == VECTORS
    assert np.array_equal(loaded.transform(TEXTS), tokenizer.transform(TEXTS))


# The classifier

UNTRAINED = {"learning_rate": 1e-12, "max_epochs": 1}


@pytest.mark.parametrize("embedding_dim", [4, 100])
def test_the_first_rows_are_the_vectors(make_classifier, word_order, embedding_dim):
    X, y = word_order
    classifier = make_classifier(
        word_vectors=VECTORS, embedding_dim=embedding_dim, **UNTRAINED
    ).fit(X, y)
    embedding = embedding_of(classifier)
    assert embedding.shape == (10, 3)  # pretrained: 2 to 5; in the texts only: 6 to 9
    np.testing.assert_allclose(embedding[2:6], VECTORS.matrix, rtol=0, atol=1e-9)
    assert (embedding[0] == 0).all()
    drawn = embedding[[1, 6, 7, 8, 9]]
    assert (drawn != 0).all()
    assert len(np.unique(drawn)) == drawn.size
    assert np.abs(drawn).max() < 0.1
    assert classifier.summary().loc["embedding"].tolist() == [(6, 3), 30]


def test_other_words_are_initialised_by_the_seed(make_classifier, word_order):
    X, y = word_order
    a, b, c = (
        embedding_of(
            make_classifier(word_vectors=VECTORS, random_state=seed, **UNTRAINED).fit(X, y)
        )
        for seed in (0, 0, 1)
    )
    assert np.array_equal(a, b)
    assert np.array_equal(a[2:6], c[2:6]) or np.abs(a[2:6] - c[2:6]).max() < 1e-9
    assert (np.abs(a[6:] - c[6:]) > 1e-6).any(1).all()


def test_more_vectors_than_the_texts_have_words(make_classifier, word_order):
    X, y = word_order
    vectors = WordVectors([f"w{i}" for i in range(50)], np.arange(150.0).reshape(50, 3))
    classifier = make_classifier(word_vectors=vectors, **UNTRAINED).fit(X, y)
    embedding = embedding_of(classifier)
    assert embedding.shape == (52, 3)
    np.testing.assert_allclose(embedding[2:], vectors.matrix, rtol=0, atol=1e-9)


def test_vectors_are_trained(make_classifier, word_order):
    X, y = word_order
    classifier = make_classifier(word_vectors=VECTORS).fit(X, y)
    assert (embedding_of(classifier)[2:6] != VECTORS.matrix).any(1).all()
    assert VECTORS.matrix[0].tolist() == [0.5, 1.0, np.float32(0.1)]


@pytest.mark.parametrize("word_vectors", [None, VECTORS])
def test_a_frozen_embedding_stays_as_it_is(make_classifier, word_order, word_vectors):
    X, y = word_order
    parameters = {"word_vectors": word_vectors, "freeze_embeddings": True, "weight_decay": 0.1}
    first = make_classifier(**parameters | UNTRAINED).fit(X, y)
    trained = make_classifier(**parameters, warm_start=True).fit(X, y)
    first = embedding_of(first).copy()
    assert np.array_equal(embedding_of(trained), first)
    if word_vectors is not None:
        assert np.array_equal(first[2:6], VECTORS.matrix)
    thawed = make_classifier(word_vectors=word_vectors).fit(X, y)
    assert trained.n_parameters_ == thawed.n_parameters_ - first.size
    assert trained.score(X, y) > 0.5  # the rest learns

    trained.fit(X, y)
    trained.partial_fit(X, y)
    assert np.array_equal(embedding_of(trained), first)
    trained.partial_fit(X + 5 * (X > 0), y)
    grown = embedding_of(trained).copy()
    assert grown.shape == (15, first.shape[1])
    assert np.array_equal(grown[:10], first)
    trained.partial_fit(X + 5 * (X > 0), y)
    assert np.array_equal(embedding_of(trained), grown)
    assert trained.n_parameters_ == trained.summary()["n_parameters"].sum() - grown.size
    loaded = pickle.loads(pickle.dumps(trained))
    loaded.partial_fit(X, y)
    assert np.array_equal(embedding_of(loaded), grown)
    assert loaded.n_parameters_ == trained.n_parameters_


def test_partial_fit_with_new_words_keeps_the_vectors(make_classifier, word_order):
    X, y = word_order
    classifier = make_classifier(word_vectors=VECTORS, learning_rate=1e-12)
    classifier.partial_fit(X, y, classes=["neg", "pos"])
    before = embedding_of(classifier).copy()
    classifier.partial_fit(X + 20 * (X > 0), y)
    after = embedding_of(classifier)
    assert after.shape == (30, 3)
    np.testing.assert_allclose(after[:10], before, rtol=0, atol=1e-9)
    np.testing.assert_allclose(after[2:6], VECTORS.matrix, rtol=0, atol=1e-9)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_further_training_does_not_reset_the_vectors(make_classifier, word_order, method):
    X, y = word_order
    classifier = make_classifier(word_vectors=VECTORS, warm_start=True).fit(X, y)
    trained = embedding_of(classifier).copy()
    classifier.set_params(learning_rate=1e-12)
    getattr(classifier, method)(X, y)
    np.testing.assert_allclose(embedding_of(classifier), trained, rtol=0, atol=1e-9)


def test_words_with_a_vector_are_known_though_unseen_in_training(make_classifier, word_order):
    X, y = word_order
    X = np.where(X == 5, 4, X)  # 5 is superb
    unmet, unknown = (np.array([[4, id_, 0, 0, 0, 0]]) for id_ in (5, 1))
    with_vectors = make_classifier(word_vectors=VECTORS, freeze_embeddings=True).fit(X, y)
    without = make_classifier().fit(X, y)
    for classifier in (with_vectors, pickle.loads(pickle.dumps(with_vectors))):
        assert not np.array_equal(
            classifier.predict_proba(unmet), classifier.predict_proba(unknown)
        )
    assert np.array_equal(without.predict_proba(unmet), without.predict_proba(unknown))
    beyond = np.array([[4, 10, 0, 0, 0, 0]])
    assert np.array_equal(with_vectors.predict_proba(beyond), with_vectors.predict_proba(unknown))
    with_vectors.partial_fit(X, y)
    assert not np.array_equal(
        with_vectors.predict_proba(unmet), with_vectors.predict_proba(unknown)
    )


def test_similar_vectors_help_with_unseen_words(make_classifier):
    rng = np.random.default_rng(0)
    matrix = rng.normal(scale=0.1, size=(40, 5))
    matrix[:20, 0] = 1  # words 2 to 21 belong to one class, 22 to 41 to the other
    matrix[20:, 0] = -1
    vectors = WordVectors([f"w{i}" for i in range(40)], matrix)
    words = np.r_[2:12, 22:32]
    X = np.repeat(words, 8)[:, None]
    y = (X[:, 0] > 21).astype(int)
    unmet = np.r_[12:22, 32:42][:, None]
    classifier = make_classifier(word_vectors=vectors, freeze_embeddings=True, max_epochs=8)
    classifier.set_params(linear_ngrams=0).fit(X, y)
    assert classifier.score(unmet, (unmet[:, 0] > 21).astype(int)) == 1


def test_a_fitted_classifier_survives_a_pickle(make_classifier, word_order, tmp_path):
    X, y = word_order
    classifier = make_classifier(word_vectors=VECTORS).fit(X, y)
    joblib.dump(classifier, tmp_path / "model.joblib")
    for loaded in (
        pickle.loads(pickle.dumps(classifier)),
        joblib.load(tmp_path / "model.joblib"),
        joblib.load(tmp_path / "model.joblib", mmap_mode="r"),
    ):
        assert np.array_equal(loaded.predict_proba(X), classifier.predict_proba(X))
        assert loaded.word_vectors == VECTORS
        loaded.partial_fit(X, y)


def test_other_vectors_of_the_same_size_are_refused(make_classifier, word_order):
    """The words of other vectors would be known, but have random vectors."""
    X, y = word_order
    classifier = make_classifier(embedding_dim=3, warm_start=True).fit(X, y)
    classifier.set_params(word_vectors=VECTORS, learning_rate=1e-12)
    message = (
        "Training cannot continue, because word_vectors has changed: the network was built with "
        f"None, and the parameter is now {VECTORS}. Set warm_start=False and call fit to build a "
        "new one."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        classifier.fit(X, y)


def test_vectors_of_another_size_are_refused(make_classifier, word_order):
    X, y = word_order
    classifier = make_classifier(embedding_dim=4, warm_start=True).fit(X, y)
    classifier.set_params(word_vectors=VECTORS)
    with pytest.raises(ValueError, match=r"built with \{'embedding_dim': 4.*\}, and"):
        classifier.fit(X, y)
    classifier.set_params(warm_start=False).fit(X, y)
    np.testing.assert_equal(embedding_of(classifier).shape, (10, 3))


# Both, on real vectors and reviews


@pytest.fixture(scope="module")
def glove(data_dir):
    return load_word_vectors(data_dir / "vectors/glove.6B.50d.subset.txt.gz")


@pytest.fixture(scope="module")
def reviews(data_dir):
    """Three hundred reviews of Amazon and their labels."""
    data = read_texts(data_dir / "amazon_polarity/test.ft.txt.gz")
    return data.data[:300], data.target[:300]


@pytest.fixture
def make_model(make_classifier, glove):
    def make(**parameters):
        tokenizer = TextTokenizer(vocabulary=glove, max_length=40, max_tokens=500)
        return make_pipeline(tokenizer, make_classifier(max_epochs=1, **parameters))

    return make


def test_each_word_of_the_reviews_has_its_vector(make_model, glove, reviews):
    model = make_model(word_vectors=glove, freeze_embeddings=True).fit(*reviews)
    vocabulary = model["texttokenizer"].vocabulary_
    embedding = embedding_of(model["rnntextclassifier"])
    assert len(glove) < len(vocabulary) <= len(glove) + 500
    assert embedding.shape[1] == glove.embedding_dim == 50
    for word in ("the", "good", "book"):
        assert np.array_equal(embedding[vocabulary[word]], glove[word])
    assert vocabulary[glove.words[-1]] == len(glove) + 1
    assert np.array_equal(embedding[2 : len(glove) + 2], glove.matrix)
    proba = model.predict_proba(reviews[0][:50])
    loaded = pickle.loads(pickle.dumps(model))
    assert np.array_equal(loaded.predict_proba(reviews[0][:50]), proba)


def test_grid_search_over_vectors_in_two_processes(make_model, glove, reviews):
    choices = [None, glove]
    search = GridSearchCV(
        make_model(),
        {"rnntextclassifier__word_vectors": choices},
        cv=2,
        n_jobs=2,
        error_score="raise",
    ).fit(*reviews)
    assert list(search.cv_results_["param_rnntextclassifier__word_vectors"]) == choices
    assert search.best_estimator_["rnntextclassifier"].word_vectors in choices
    refitted = clone(search.best_estimator_).fit(*reviews)
    texts = reviews[0][:20]
    assert np.array_equal(search.predict_proba(texts), refitted.predict_proba(texts))
