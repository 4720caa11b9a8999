"""Models that are saved by `save_model`, and loaded by `load_model` or by skops alone."""

import json
import pickle
import re
import subprocess
import sys
from importlib.metadata import version

import numpy as np
import pandas as pd
import pytest
import sklearn
import skops.io
from numpy.testing import assert_array_equal
from packaging.version import Version
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    BaggingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.exceptions import InconsistentVersionWarning, NotFittedError
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    StratifiedKFold,
    TunedThresholdClassifierCV,
)
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.semi_supervised import SelfTrainingClassifier

from sklearn_rnn import RNNTextClassifier, TextTokenizer, WordVectors
from sklearn_rnn._ids import numbering_of
from sklearn_rnn.baselines import (
    nb_svm,
    tfidf_linear_svc,
    tfidf_logistic_regression,
    tfidf_word_char_linear_svc,
)
from sklearn_rnn.export import TRUSTED_TYPES, load_model, save_model
from tests.cells import EquationGRU
from tests.export.skops_archives import names_in, read_archive
from tests.texts import LABELS, TEXTS

SMALL = {
    "embedding_dim": 4,
    "hidden_size": 4,
    "max_epochs": 2,
    "batch_size": 10,
    "random_state": 0,
    "device": "cpu",
}
HALVES = "\ud83d", "\ude00"  # of a surrogate pair
VECTORS = WordVectors(["good", "bad", "ü\ud83d"], np.arange(12.0).reshape(3, 4) / 12)


def small(**parameters):
    return RNNTextClassifier(**SMALL | parameters)


def pipe(classifier=None, **parameters):
    return make_pipeline(TextTokenizer(**parameters), classifier or small())


def search(kind, *, grid=None, **parameters):
    grid = grid or {"rnntextclassifier__hidden_size": [2, 3]}
    return kind(pipe(), grid, cv=2, **parameters)


MODELS = {
    "pipeline": lambda: pipe(),
    "early stopping": lambda: pipe(small(early_stopping=True, evaluations_per_epoch=2)),
    "gradients": lambda: pipe(small(record_gradients=True)),
    "architecture": lambda: pipe(
        small(
            cell_type="gru",
            hidden_size=(4, 3),
            merge="sum",
            pooling=("attention", "last"),
            head_sizes=(5,),
            batch_norm=True,
            linear_ngrams=1,
        )
    ),
    "vectors": lambda: pipe(small(word_vectors=VECTORS), vocabulary=VECTORS),
    "random state": lambda: pipe(small(random_state=np.random.RandomState(5))),
    "NumPy numbers": lambda: pipe(small(hidden_size=np.int64(4), dropout=np.float32(0.25))),
    "class weights": lambda: pipe(small(class_weight={"praise": 2, "blame": 1.5})),
    "vocabulary": lambda: pipe(vocabulary={"good": 4, "bad": 2, HALVES[0]: 3, HALVES[1]: 5}),
    "list": lambda: pipe(vocabulary=["good", "bad"], add_markers=True),
    "tuple": lambda: pipe(vocabulary=("good", "bad")),
    "array": lambda: pipe(vocabulary=np.array(["good", "bad"])),
    "characters": lambda: pipe(add_characters=True, analyzer="word", lowercase=False),
    "grid search": lambda: search(GridSearchCV),
    "scoring": lambda: search(GridSearchCV, scoring="f1_macro"),
    "metrics": lambda: search(
        GridSearchCV, scoring=["accuracy", "neg_log_loss", "roc_auc"], refit="accuracy"
    ),
    "splitter": lambda: GridSearchCV(
        pipe(),
        {"texttokenizer__max_length": [4, None], "rnntextclassifier__pooling": ["max", ("max",)]},
        cv=StratifiedKFold(2, shuffle=True, random_state=0),
    ),
    "halving search": lambda: search(HalvingGridSearchCV, min_resources=10, factor=2),
    "random search": lambda: search(
        RandomizedSearchCV,
        grid={"rnntextclassifier__hidden_size": range(2, 5)},
        n_iter=2,
        random_state=0,
    ),
    "one against rest": lambda: pipe(OneVsRestClassifier(small())),
    "one against one": lambda: pipe(OneVsOneClassifier(small())),
    "sigmoid": lambda: CalibratedClassifierCV(pipe(), cv=2),
    "isotonic": lambda: CalibratedClassifierCV(pipe(), cv=2, method="isotonic", ensemble=False),
    "temperature": lambda: CalibratedClassifierCV(pipe(), cv=2, method="temperature"),
    "threshold": lambda: TunedThresholdClassifierCV(pipe(), cv=2),
    "self-training": lambda: pipe(SelfTrainingClassifier(small(), max_iter=1)),
    "voting": lambda: VotingClassifier(
        [("rnn", pipe()), ("svc", tfidf_logistic_regression())], voting="soft"
    ),
    "losses": lambda: make_pipeline(TfidfVectorizer(), SGDClassifier(random_state=0)),
    "stacking": lambda: StackingClassifier(
        [("rnn", pipe()), ("tfidf", tfidf_linear_svc())], LogisticRegression(), cv=2
    ),
    "bagging": lambda: make_pipeline(
        TextTokenizer(), BaggingClassifier(small(), n_estimators=2, random_state=0)
    ),
    "union": lambda: make_pipeline(
        FeatureUnion([("words", TextTokenizer()), ("more", TextTokenizer(max_length=3))]), small()
    ),
    "function": lambda: make_pipeline(FunctionTransformer(), pipe()),
    "TF-IDF": lambda: tfidf_logistic_regression(),
    "words and characters": lambda: tfidf_word_char_linear_svc(),
    "NBSVM": lambda: nb_svm(),
}


def fitted(name):
    if name == "temperature" and Version(sklearn.__version__) < Version("1.8"):
        pytest.skip("this scikit-learn fits no temperature")
    labels = np.array(LABELS, object) if name == "self-training" else LABELS
    return MODELS[name]().fit(TEXTS, labels)


def predictions(model, texts=TEXTS):
    """Return the predictions of all methods that the model has, which are compared bit by bit."""
    names = ("predict", "predict_proba", "decision_function")
    return {name: getattr(model, name)(texts) for name in names if hasattr(model, name)}


def assert_same(one, other):
    """Assert that two models predict the same to the last bit."""
    one, other = predictions(one), predictions(other)
    assert one.keys() == other.keys()
    for name, array in one.items():
        assert_array_equal(array, other[name], strict=True, err_msg=name)


def without_addresses(model):
    return re.sub("at 0x[0-9A-F]+", "", repr(model))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.skops"


@pytest.mark.filterwarnings("ignore:.*:UserWarning")
@pytest.mark.filterwarnings("ignore:.*:FutureWarning")
@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_the_same_after_loading(name, path):
    model = fitted(name)
    save_model(model, path)
    loaded = load_model(path)
    assert_same(loaded, model)
    assert without_addresses(loaded) == without_addresses(model)
    assert_same(skops.io.loads(skops.io.dumps(model), trusted=TRUSTED_TYPES), model)
    assert_same(skops.io.load(path, trusted=list(TRUSTED_TYPES)), model)
    assert_same(pickle.loads(pickle.dumps(loaded)), model)
    assert without_addresses(clone(loaded)) == without_addresses(clone(model))
    save_model(loaded, path)
    assert_same(load_model(path), model)
    own = {name for name in names_in(path) if name.startswith("sklearn_rnn")}
    assert own <= set(TRUSTED_TYPES)


def test_attributes_are_the_same_after_loading(path):
    model = pipe(
        small(class_weight={"praise": 2}, record_gradients=True, early_stopping=True),
        vocabulary=VECTORS,
    ).fit(TEXTS, LABELS)
    save_model(model, path)
    loaded = load_model(path)
    for before, after in zip(model, loaded, strict=True):
        assert vars(before).keys() == vars(after).keys()
    tokenizer, classifier = loaded
    assert tokenizer.vocabulary == VECTORS
    assert tokenizer.vocabulary_ == model[0].vocabulary_
    assert list(tokenizer.vocabulary_) == list(model[0].vocabulary_)
    assert tokenizer._fitted_with == model[0]._fitted_with
    assert numbering_of(tokenizer.transform(TEXTS)) is classifier._numbering
    assert classifier.class_weight == {"praise": 2}
    assert classifier._architecture == model[1]._architecture
    assert classifier.net_.get_history() == model[1].net_.get_history()
    for name in ("history_", "gradient_flow_"):
        pd.testing.assert_frame_equal(getattr(classifier, name), getattr(model[1], name))


def test_objects_that_are_shared_are_one_after_loading(path):
    model = pipe(small(word_vectors=VECTORS), vocabulary=VECTORS).fit(TEXTS, LABELS)
    save_model(model, path)
    loaded = load_model(path)
    assert loaded[0].vocabulary is loaded[1].word_vectors is loaded[1]._initial_vectors
    assert loaded[1].word_vectors.matrix.flags.writeable is False
    assert_array_equal(loaded[1].word_vectors.matrix, VECTORS.matrix, strict=True)
    assert loaded[1].word_vectors == VECTORS
    members = read_archive(path).values()
    assert sum(VECTORS.matrix.tobytes() in content for content in members) == 1


def test_class_weights_keep_the_types_of_their_labels(path):
    labels = [label == "praise" for label in LABELS]
    weights = {True: 3.0, False: 0.5}
    model = pipe(small(class_weight=weights)).fit(TEXTS, labels)
    save_model(model, path)
    loaded = load_model(path)
    assert loaded[1].class_weight == weights
    assert [type(key) for key in loaded[1].class_weight] == [bool, bool]
    assert loaded.predict(TEXTS).dtype == bool
    assert_same(loaded, model)


@pytest.mark.parametrize(
    "labels",
    [
        [0, 1],
        [-1.0, 2.0],
        ["ü\U0001f600", "\ud83d"],
        np.array(["a", "b"], dtype=object),
        [False, True],
        [2**40, 5],
    ],
)
def test_labels_keep_their_type(labels, path):
    y = np.asarray(labels)[[0, 1] * 10]
    model = pipe().fit(TEXTS, y)
    save_model(model, path)
    loaded = load_model(path)
    assert_array_equal(loaded.classes_, model.classes_, strict=True)
    assert_same(loaded, model)


NEW = [f"{text} film" for text in TEXTS]


@pytest.mark.parametrize("by", [save_model, lambda model, path: skops.io.dump(model, path)])
def test_training_goes_on_after_loading(by, path):
    model = pipe(small(random_state=7)).fit(TEXTS, LABELS)
    by(model, path)
    # A copy by pickle has a new optimizer, too.
    copies = pickle.loads(pickle.dumps(model)), load_model(path)
    for one in copies:
        one[0].partial_fit(NEW)
        one[1].partial_fit(one[0].transform(NEW), LABELS)
    assert_same(*copies)
    assert copies[1][0].vocabulary_["film"] > max(model[0].vocabulary_.values())
    for one in copies:
        one.set_params(texttokenizer__warm_start=True, rnntextclassifier__warm_start=True)
        one.fit(NEW, LABELS)
    assert_same(*copies)
    assert copies[1][1].n_epochs_ == 5


def test_counts_of_tokens_not_yet_learned_are_saved(path):
    tokenizer = TextTokenizer(min_count=3).partial_fit([*TEXTS, "film film"])
    save_model(tokenizer, path)
    loaded = load_model(path).partial_fit(["film"])
    assert "film" in loaded.vocabulary_
    assert loaded.vocabulary_ == tokenizer.partial_fit(["film"]).vocabulary_


def test_a_changed_parameter_is_noticed_after_loading(path):
    tokenizer = TextTokenizer().fit(TEXTS).set_params(lowercase=False)
    save_model(tokenizer, path)
    message = (
        "The tokenizer cannot go on with its vocabulary, because lowercase has changed since it "
        "was fitted. Set it to its earlier value, or call fit with warm_start=False to learn a new "
        "vocabulary."
    )
    with pytest.raises(ValueError, match=f"^{message}$"):
        load_model(path).partial_fit(TEXTS)


LOAD_AND_PREDICT = """
import sys
import numpy as np
from sklearn_rnn.export import load_model

model = load_model(sys.argv[1])
np.save(sys.argv[2], model.predict_proba(["good, not bad", "bad, not good"]))
assert "pickle" not in open(sys.argv[1], "rb").read().decode("latin-1")
"""


@pytest.mark.slow
def test_a_fresh_process_gives_the_same_probabilities(path, tmp_path):
    model = pipe(small(word_vectors=VECTORS), vocabulary=VECTORS).fit(TEXTS, LABELS)
    save_model(model, path)
    command = [sys.executable, "-W", "error", "-c", LOAD_AND_PREDICT, path, tmp_path / "out.npy"]
    subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True)
    expected = model.predict_proba(["good, not bad", "bad, not good"])
    assert_array_equal(np.load(tmp_path / "out.npy"), expected, strict=True)


def test_the_file_is_as_large_as_weights_and_tokens(path):
    words = [f"word{i}" for i in range(20_000)]
    texts = [" ".join(words[start : start + 500]) for start in range(0, 20_000, 500)] * 2
    classifier = small(embedding_dim=50, max_epochs=1, linear_ngrams=0)
    model = pipe(classifier, max_length=500).fit(texts, ["a", "b"] * 40)
    assert len(model[0].vocabulary_) == 20_000
    save_model(model, path)
    weights = 4 * model[1].n_parameters_
    assert path.stat().st_size < 1.01 * weights + 20_000 * (9 + 1 + 2 + 8 + 8 + 4) + 100_000


def test_a_model_that_is_not_fitted_is_saved_with_its_parameters(path):
    model = pipe(small(hidden_size=7), max_length=3)
    save_model(model, path)
    loaded = load_model(path)
    assert repr(loaded) == repr(model)
    with pytest.raises(NotFittedError):
        loaded.predict(TEXTS)
    assert_same(loaded.fit(TEXTS, LABELS), model.fit(TEXTS, LABELS))


@pytest.mark.parametrize(
    ("model", "given"),
    [
        ([1, 2], "an object of type list"),
        (None, "an object of type NoneType"),
        (RNNTextClassifier, "the class RNNTextClassifier"),
        (VECTORS, "an object of type WordVectors"),
    ],
)
def test_only_an_estimator_is_saved(model, given, path):
    message = f"save_model takes an estimator, such as a fitted Pipeline, but got {given}."
    with pytest.raises(TypeError, match=f"^{message}$"):
        save_model(model, path)
    assert not path.exists()


@pytest.mark.parametrize("name", ["model.joblib", "model.PKL", "model.pickle.gz"])
def test_the_name_of_a_pickle_is_refused(name, tmp_path):
    path = tmp_path / name
    message = (
        f"{path} has the name of a pickle, and save_model writes none. Let the name end in .skops, "
        "or write a pickle: joblib.dump(model, path)."
    )
    with pytest.raises(ValueError, match=rf"^{re.escape(message)}\Z"):
        save_model(small(), path)
    assert not path.exists()


@pytest.mark.parametrize("call", [lambda path: save_model(small(), path), load_model])
@pytest.mark.parametrize("path", [None, 5, b"model.skops"])
def test_a_path_is_a_str_or_path_like(call, path):
    message = f"path must be a str or path-like, but is an object of type {type(path).__name__}."
    with pytest.raises(TypeError, match=f"^{message}$"):
        call(path)


def test_the_path_may_be_a_str(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_model(small(), "model")
    assert isinstance(load_model("model"), RNNTextClassifier)


def test_a_file_that_cannot_be_opened_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError) as raised:
        load_model(tmp_path / "model.skops")
    assert raised.value.filename == str(tmp_path / "model.skops")
    with pytest.raises(IsADirectoryError):
        load_model(tmp_path)
    with pytest.raises(IsADirectoryError) as raised:
        save_model(small(), tmp_path)
    assert raised.value.filename == str(tmp_path)
    with pytest.raises(FileNotFoundError):
        save_model(small(), tmp_path / "missing" / "model.skops")


def test_a_failed_save_leaves_the_old_file(path):
    save_model(small(), path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="cannot be saved"):
        save_model(TextTokenizer(analyzer=lambda text: text.split()), path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_missing_skops_says_how_to_install_it(path, monkeypatch):
    save_model(small(), path)
    monkeypatch.setitem(sys.modules, "skops", None)
    monkeypatch.setitem(sys.modules, "skops.io", None)
    message = (
        '{} needs skops, which is not installed. Install it: pip install "sklearn_rnn[export]".'
    )
    with pytest.raises(ImportError, match=f"^{re.escape(message.format('save_model'))}$"):
        save_model(small(), path)
    with pytest.raises(ImportError, match=f"^{re.escape(message.format('load_model'))}$"):
        load_model(path)


# What cannot be saved


@pytest.mark.filterwarnings("ignore:.*:UserWarning")
@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (
            lambda: TextTokenizer(analyzer=lambda text: text.split()),
            "it holds tests.export.test_skops_files.<lambda>, which cannot be imported by this "
            "name. Define it in a module, outside of functions and classes",
        ),
        (
            lambda: search(GridSearchCV, grid={"rnntextclassifier__class_weight": [{True: 2.0}]}),
            "it holds a dict with a key of the type builtins.bool. Use str keys",
        ),
        (
            lambda: search(
                GridSearchCV, grid={"rnntextclassifier__class_weight": [{1: 2, "1": 3}]}
            ),
            "it holds a dict with keys that are equal as str, such as 1 and '1'",
        ),
        (
            lambda: DummyClassifier(constant=1j),
            "cannot pickle 'complex' object",
        ),
    ],
)
def test_what_would_not_be_the_same_is_refused(model, reason, path):
    message = f"The model cannot be saved to {path}: {reason}."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        save_model(model(), path)
    assert not path.exists()


def test_a_model_that_holds_itself_is_refused(path):
    model = DummyClassifier()
    model.owner_ = model
    message = f"The model cannot be saved to {path}: it holds itself, or is nested too deeply."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        save_model(model, path)


def test_a_mapped_array_is_refused(path, tmp_path):
    np.save(tmp_path / "weights.npy", np.ones(3))
    model = LogisticRegression()
    model.coef_ = np.load(tmp_path / "weights.npy", mmap_mode="r")
    message = (
        f"The model cannot be saved to {path}: it holds an array of the type numpy.memmap. Make a "
        "numpy.ndarray of it."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        save_model(model, path)


# Types that are not trusted


def split(text):
    return text.split()


def test_an_analyzer_is_refused_by_name_unless_trusted(path):
    model = pipe(analyzer=split).fit(TEXTS, LABELS)
    save_model(model, path)
    name = "tests.export.test_skops_files.split"
    message = (
        f"{path} holds {name}, which is not trusted, because loading it can run code. If you know "
        "where the file comes from and what this is, allow it: load_model(path, "
        f"trusted=['{name}'])."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        load_model(path)
    loaded = load_model(path, trusted=[name])
    assert loaded[0].analyzer is split
    assert_same(loaded, model)


def test_a_custom_cell_is_refused_by_name_unless_trusted(path):
    model = pipe(small(cell_type=EquationGRU)).fit(TEXTS, LABELS)
    save_model(model, path)
    with pytest.raises(ValueError, match=r"holds tests\.cells\.EquationGRU, which is not trusted"):
        load_model(path)
    loaded = load_model(path, trusted=("tests.cells.EquationGRU",))
    assert loaded[1].cell_type is EquationGRU
    assert_same(loaded, model)


def test_trees_are_refused_unless_trusted(path):
    """Their nodes can make scikit-learn read memory that is not theirs."""
    trees = RandomForestClassifier(3, random_state=0)
    model = make_pipeline(TfidfVectorizer(), trees).fit(TEXTS, LABELS)
    save_model(model, path)
    with pytest.raises(ValueError, match=r"holds sklearn\.tree\._tree\.Tree, which is not trusted"):
        load_model(path)
    assert_same(load_model(path, trusted=["sklearn.tree._tree.Tree"]), model)


@pytest.mark.parametrize(
    ("trusted", "message"),
    [
        ("my.Cell", "trusted is one str. Pass a list, or wrap it in one."),
        (True, "trusted is of type bool. Pass a list of str."),
        (
            ["a.b", EquationGRU],
            "trusted has the class EquationGRU at position 1. Pass the full name of each type as "
            "str, for example 'my_package.MyCell'.",
        ),
    ],
)
def test_trusted_is_a_sequence_of_str(trusted, message, path):
    save_model(small(), path)
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        load_model(path, trusted=trusted)


def test_a_file_of_another_object_is_refused(path):
    skops.io.dump({"a": 1}, path)
    message = f"{path} holds an object of type dict, which is not an estimator."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        load_model(path)


# Versions


def test_the_file_records_versions(path):
    save_model(small(), path)
    members = read_archive(path)
    packages = ("sklearn_rnn", "scikit-learn", "torch", "skorch", "numpy")
    expected = {name: version(name).partition("+")[0] for name in packages}
    assert json.loads(members["sklearn_rnn.json"]) == expected


def test_loading_under_other_versions_warns(path, monkeypatch):
    model = pipe().fit(TEXTS, LABELS)
    versions = {"torch": "2.11.0+cu126", "numpy": "2.0.1"}
    target = "sklearn_rnn._export.skops_files.version"
    monkeypatch.setattr(target, lambda name: versions.get(name, version(name)))
    save_model(model, path)
    monkeypatch.setattr(target, version)
    message = (
        f"{path} was saved under torch 2.11.0, numpy 2.0.1, and is loaded under torch "
        f"{version('torch').partition('+')[0]}, numpy {version('numpy')}. Predictions may differ. "
        "Install the versions that it was saved under, or fit the model again."
    )
    with pytest.warns(UserWarning, match=f"^{re.escape(message)}$") as caught:
        loaded = load_model(path)
    assert [warning.filename for warning in caught] == [__file__]
    assert_same(loaded, model)


def test_estimators_of_scikit_learn_warn_of_another_version(path, monkeypatch):
    monkeypatch.setattr("sklearn.base.__version__", "1.5.0")
    save_model(pipe(), path)
    monkeypatch.undo()
    with pytest.warns(InconsistentVersionWarning, match=r"Pipeline from version 1\.5\.0"):
        load_model(path)


def test_a_device_that_is_not_there_is_the_cpu(path):
    model = pipe().fit(TEXTS, LABELS)
    save_model(model.set_params(rnntextclassifier__device="cuda:99"), path)
    with pytest.warns(UserWarning, match="saved with device='cuda:99', which is not on this"):
        loaded = load_model(path)
    assert_same(loaded, model)
