"""Fitted Pipelines: pickles, copies, other processes, repeated fits."""

import copy
import io
import pickle
import pickletools
import struct
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import cross_validate
from sklearn.pipeline import Pipeline

from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn.__main__ import main
from sklearn_rnn.datasets import make_word_order

TEXTS, LABELS = make_word_order(120, random_state=0)

# Most values differ from the defaults, so that a parameter that is not saved makes a test fail.
PARAMETERS = {
    "cell_type": "gru",
    "pooling": ("max", "attention"),
    "hidden_size": (12, 8),
    "head_sizes": (6,),
    "batch_norm": True,
    "embedding_dim": 16,
    "batch_size": 16,
    "max_epochs": 2,
    "device": "cpu",
    "random_state": 0,
}


@pytest.fixture(scope="module")
def model():
    pipeline = Pipeline([("tok", TextTokenizer()), ("clf", RNNTextClassifier(**PARAMETERS))])
    return pipeline.fit(TEXTS, LABELS)


@pytest.fixture(scope="module")
def probabilities(model):
    return model.predict_proba(TEXTS)


def weights_of(pipeline):
    return pipeline["clf"].net_.get_weights()


def assert_same_weights(one, other):
    one, other = weights_of(one), weights_of(other)
    assert one.keys() == other.keys()
    for name, weight in one.items():
        assert_array_equal(weight, other[name], err_msg=name, strict=True)


def run_python(program, *arguments):
    """Run a program in a fresh process, in which a warning is an error too."""
    command = [sys.executable, "-W", "error", "-c", program, *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


LOAD_AND_PREDICT = """
import sys
import joblib
import numpy as np

model = joblib.load(sys.argv[1])
texts = np.load(sys.argv[2], allow_pickle=True)
np.save(sys.argv[3], model.predict_proba(texts))
print(model["clf"].history_.equals(joblib.load(sys.argv[1])["clf"].history_))
"""


def test_a_fresh_process_gives_the_same_probabilities(model, probabilities, tmp_path):
    joblib.dump(model, tmp_path / "model.joblib")
    np.save(tmp_path / "texts.npy", TEXTS)
    files = [tmp_path / name for name in ("model.joblib", "texts.npy", "out.npy")]
    assert run_python(LOAD_AND_PREDICT, *files) == "True\n"
    assert_array_equal(np.load(tmp_path / "out.npy"), probabilities, strict=True)


def by_pickle(model, path):
    return pickle.loads(pickle.dumps(model))


def by_joblib(model, path):
    return joblib.load(*joblib.dump(model, path))


def by_compressed_joblib(model, path):
    return joblib.load(*joblib.dump(model, path, compress=3))


def by_memory_map(model, path):
    return joblib.load(*joblib.dump(model, path), mmap_mode="r")


def by_deepcopy(model, path):
    return copy.deepcopy(model)


@pytest.mark.parametrize(
    "copied", [by_pickle, by_joblib, by_compressed_joblib, by_memory_map, by_deepcopy]
)
def test_copy_gives_the_same_probabilities(model, probabilities, tmp_path, copied):
    copy = copied(model, tmp_path / "model.joblib")
    assert_array_equal(copy.predict_proba(TEXTS), probabilities, strict=True)
    assert_same_weights(copy, model)
    before, after = vars(model["clf"]), vars(copy["clf"])
    assert after.keys() == before.keys()
    assert after["history_"].equals(before["history_"])
    assert repr(copy) == repr(model)
    assert repr(clone(copy)) == repr(model)


@pytest.mark.parametrize("copied", [by_memory_map, by_deepcopy])
def test_copy_resumes_training_without_changing_the_original(
    model, probabilities, tmp_path, copied
):
    copy = copied(model, tmp_path / "model.joblib")
    ids = copy["tok"].transform(TEXTS)
    copy["clf"].partial_fit(ids, LABELS)
    assert copy["clf"].n_epochs_ == model["clf"].n_epochs_ + 1
    assert not np.array_equal(copy.predict_proba(TEXTS), probabilities)
    assert_array_equal(model.predict_proba(TEXTS), probabilities)


def globals_in(data):
    """Names of the modules and classes that loading a pickle would import."""
    strings, names = [], []
    for opcode, argument, _ in pickletools.genops(data):
        if opcode.name == "GLOBAL":
            names.append(argument.replace(" ", "."))
        elif opcode.name == "STACK_GLOBAL":
            # The module and the name are on the stack, pushed as strings or recalled from the memo.
            names.extend(strings)
        elif isinstance(argument, str):
            strings.append(argument)
    return names


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.InconsistentVersionWarning")
def test_a_pickle_of_an_earlier_development_version_is_loaded():
    """It names classes by their private modules, and holds dicts and an Architecture."""
    model, expected = joblib.load(Path(__file__).with_name("earlier_pickle.joblib"))
    tokenizer, classifier = model
    texts = ["good, not bad", "bad, not good", "so good", "so bad"]
    assert_allclose(model.predict_proba(texts), expected, rtol=1e-5)
    assert tokenizer.vocabulary_ == {"good": 2, "bad": 3, "ü": 4, ",": 5, "not": 6, "so": 7}
    assert tokenizer.vocabulary is classifier.word_vectors
    assert classifier.class_weight == {"praise": 2.0}
    assert classifier.history_.index.tolist() == [1, 2]
    assert classifier.gradient_flow_.index.names == ["step", "layer"]
    assert "film" in tokenizer.partial_fit(["film"]).vocabulary_
    classifier.partial_fit(tokenizer.transform(texts), ["praise", "blame"] * 2)
    again = pickle.loads(pickle.dumps(model))
    assert_array_equal(again.predict_proba(texts), model.predict_proba(texts), strict=True)


@pytest.mark.parametrize("protocol", [2, pickle.DEFAULT_PROTOCOL])
def test_pickle_names_no_object_of_torch_or_skorch(model, protocol):
    names = globals_in(pickle.dumps(model, protocol))
    assert any("sklearn_rnn" in name for name in names)
    assert any("numpy" in name for name in names)
    assert not [name for name in names if name.startswith(("torch", "skorch", "pandas"))]


def test_file_size_is_that_of_weights_and_vocabulary(tmp_path):
    texts, labels = make_word_order(60, random_state=1)
    texts = [f"{text} number{i} number{i + 1}" for i, text in enumerate(texts)]
    texts += [" ".join(f"rare{i}" for i in range(3000))] * 2
    classifier = RNNTextClassifier(**{**PARAMETERS, "max_epochs": 1, "embedding_dim": 50})
    pipeline = Pipeline([("tok", TextTokenizer(max_length=3000)), ("clf", classifier)])
    pipeline.fit(texts, [*labels, "praise", "complaint"])
    joblib.dump(pipeline, tmp_path / "model.joblib")
    weights = 4 * pipeline["clf"].n_parameters_
    vocabulary = len(pickle.dumps(pipeline["tok"].vocabulary_))
    linear_term = pipeline["clf"].net_.module_.linear_term
    pairs = linear_term.keys.nbytes + linear_term.counts.nbytes
    assert (tmp_path / "model.joblib").stat().st_size <= 1.1 * weights + vocabulary + pairs


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_a_truncated_file_is_an_error(model, tmp_path, monkeypatch, capsys, share):
    monkeypatch.chdir(tmp_path)
    with io.BytesIO() as stream:
        joblib.dump(model, stream)
        whole = stream.getvalue()
    (tmp_path / "model.joblib").write_bytes(whole[: int(share * len(whole))])
    (tmp_path / "new.csv").write_text("text\ngood\n")
    errors = (EOFError, ValueError, pickle.UnpicklingError, IndexError, KeyError, struct.error)
    with pytest.raises(errors):
        joblib.load("model.joblib")
    assert main(["predict", "model.joblib", "new.csv", "--trust"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(
        "python -m sklearn_rnn: error: model.joblib cannot be loaded as a model: "
    )
    assert err.endswith(" It may be damaged, cut off, or no joblib file.\n")
    assert err.count("\n") == 1


def test_the_same_seed_gives_the_same_weights(model):
    assert_same_weights(clone(model).fit(TEXTS, LABELS), model)


FIT_AND_SAVE = """
import sys
import joblib
import numpy as np

model, texts, labels = joblib.load(sys.argv[1])
joblib.dump(model.fit(texts, labels), sys.argv[2])
"""


def test_the_same_seed_gives_the_same_weights_in_another_process(model, tmp_path):
    joblib.dump((clone(model), TEXTS, LABELS), tmp_path / "task.joblib")
    run_python(FIT_AND_SAVE, tmp_path / "task.joblib", tmp_path / "model.joblib")
    assert_same_weights(joblib.load(tmp_path / "model.joblib"), model)


def test_the_same_seed_gives_the_same_weights_in_parallel(model):
    alone, together = (
        cross_validate(
            model, TEXTS, LABELS, cv=2, n_jobs=n_jobs, return_estimator=True, error_score="raise"
        )
        for n_jobs in (1, 2)
    )
    for one, other in zip(alone["estimator"], together["estimator"], strict=True):
        assert_same_weights(one, other)
