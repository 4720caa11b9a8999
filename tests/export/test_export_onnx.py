import csv
import json
import re
import tomllib
from importlib.resources import files
from pathlib import Path
from unittest import mock

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn._export import export_onnx as export_module
from sklearn_rnn._export import onnx_builder, onnx_model, onnx_network, onnx_parity
from sklearn_rnn._export.onnx_text_classifier import OnnxTextClassifier
from sklearn_rnn._ids import sequence_lengths
from sklearn_rnn.datasets import read_texts
from sklearn_rnn.export import export_onnx
from tests.export.onnx_models import (
    UNSEEN,
    WORDS,
    architectures,
    change_weights,
    fit_model,
    random_texts,
)
from tests.texts import LABELS, TEXTS

ROOT = Path(__file__).parents[2]


def session_of(path):
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def probabilities_of(path, ids):
    lengths = sequence_lengths(ids)
    (probabilities,) = session_of(path).run(["probabilities"], {"ids": ids[:, : lengths.max()]})
    return probabilities


@settings(max_examples=30)
@given(parameters=architectures)
def test_every_architecture_is_exported(tmp_path_factory, parameters):
    model = fit_model(**parameters)
    path = tmp_path_factory.mktemp("exported") / "model.onnx"
    assert export_onnx(model, path) <= 1e-5
    onnx.checker.check_model(path, full_check=True)
    texts = random_texts(40, WORDS + UNSEEN, longest=30, seed=1)
    ids = np.asarray(model[0].transform(texts))
    expected = model.predict_proba(texts)
    np.testing.assert_allclose(probabilities_of(path, ids), expected, rtol=0, atol=1e-5)
    alone = np.concatenate([probabilities_of(path, row[None]) for row in ids[:5]])
    np.testing.assert_allclose(alone, expected[:5], rtol=0, atol=1e-5)


@pytest.fixture(scope="module")
def small_model():
    return fit_model(hidden_size=3, embedding_dim=4, linear_ngrams=2, characters=True)


@pytest.fixture(scope="module")
def small_file(small_model, tmp_path_factory):
    path = tmp_path_factory.mktemp("small") / "model.onnx"
    export_onnx(small_model, path)
    return path


def metadata_of(path):
    return json.loads(session_of(path).get_modelmeta().custom_metadata_map["sklearn_rnn"])


def test_the_graph_takes_any_batch_and_any_width(small_model, small_file):
    texts = ["", "rain", "qu xyzzy", " ".join(WORDS), " ".join(WORDS * 9)]
    ids = np.asarray(small_model[0].transform(texts))
    expected = small_model.predict_proba(texts)
    session = session_of(small_file)
    for rows in ([0], [1], [0, 1], [4, 0, 2], list(range(5)) * 40):
        longest = sequence_lengths(ids[rows]).max()
        for width in (longest, longest + 1, 200):
            given = np.zeros((len(rows), width), dtype=np.int32)
            given[:, : min(width, ids.shape[1])] = ids[rows, :width]
            (probabilities,) = session.run(["probabilities"], {"ids": given})
            np.testing.assert_allclose(probabilities, expected[rows], rtol=0, atol=1e-5)


def test_unknown_ids_are_the_unknown_word(small_model, small_file):
    n_tokens = len(small_model[-1].net_.known_ids_) - 1
    ids = np.array([[2, 1, 3], [2, n_tokens, 3], [2, n_tokens + 5, 3], [2, 2**31 - 1, 3]], np.int32)
    probabilities = probabilities_of(small_file, ids)
    assert (probabilities == probabilities[0]).all()
    padded = np.pad(ids, [(0, 0), (0, small_model[-1].n_features_in_ - 3)])
    expected = small_model[-1].predict_proba(padded)
    np.testing.assert_allclose(probabilities, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("add_characters", [False, True])
def test_ids_with_gaps(tmp_path, add_characters):
    """The classifier knows some ids of a given vocabulary; other tokens are the unknown word."""
    vocabulary = {"rain": 4, "snow": 9, "fog": 11, "sun": 12, "wind": 40}
    texts, labels = ["rain snow", "sun rain", "snow sun sun"] * 5, [0, 1, 0] * 5
    tokenizer = TextTokenizer(vocabulary=vocabulary, add_characters=add_characters, max_length=30)
    classifier = RNNTextClassifier(max_epochs=1, hidden_size=2, random_state=0, device="cpu")
    model = make_pipeline(tokenizer, classifier).fit(texts, labels)
    change_weights(classifier.net_.module_)
    path = tmp_path / "gaps.onnx"
    assert export_onnx(model, path) <= 1e-5
    assert metadata_of(path)["tokenizer"]["vocabulary"] == {"rain": 4, "snow": 9, "sun": 12}
    texts = ["fog rain wind snow", "wind", "sun"]
    ids = np.asarray(tokenizer.transform(texts))
    np.testing.assert_allclose(
        probabilities_of(path, ids), model.predict_proba(texts), rtol=0, atol=1e-5
    )


def test_keys_of_pairs_that_int32_cannot_hold(tmp_path):
    vocabulary = {"rain": 4, "snow": 9, "sun": 60_000}
    tokenizer = TextTokenizer(vocabulary=vocabulary, max_length=5)
    classifier = RNNTextClassifier(
        max_epochs=1, embedding_dim=2, hidden_size=2, random_state=0, device="cpu"
    )
    texts, labels = ["sun sun", "sun snow", "rain sun"] * 5, [0, 1, 0] * 5
    model = make_pipeline(tokenizer, classifier).fit(texts, labels)
    change_weights(classifier.net_.module_)
    assert export_onnx(model, tmp_path / "model.onnx", texts=texts) <= 1e-5


def test_rows_that_no_tokenizer_returns(small_model, small_file):
    """Zeros before the last id, characters of no word, and a row of zeros."""
    c = 2**30 + np.arange(97, 103)
    rows = [
        [2, 0, 0, *c[:5]],
        [c[0], c[1], c[2], c[3], 2, 0],
        [0, 0, 0],
        [0, 3, *c],
        [2, *c[:4], 0, 3, c[0]],
        [2, 2**30 + 0x10FFFF, 2**30, 2**30 + 1, 3],
    ]
    ids = np.zeros((len(rows), small_model[-1].n_features_in_), dtype=np.int32)
    for row, tokens in zip(ids, rows, strict=True):
        row[: len(tokens)] = tokens
    expected = small_model[-1].predict_proba(ids)
    np.testing.assert_allclose(probabilities_of(small_file, ids), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("trained_on", ["words", "characters"])
def test_characters_are_unknown_words_to_a_network_without_them(tmp_path, trained_on):
    model = fit_model(hidden_size=2, characters=trained_on == "characters")
    path = tmp_path / "model.onnx"
    export_onnx(model, path)
    ids = np.zeros((1, model[-1].n_features_in_), dtype=np.int32)
    ids[0, :5] = [2, 2**30 + 97, 2**30 + 98, 2**30 + 99, 3]
    expected = model[-1].predict_proba(ids)
    np.testing.assert_allclose(probabilities_of(path, ids), expected, rtol=0, atol=1e-5)


def test_metadata(small_model, small_file):
    metadata = metadata_of(small_file)
    assert metadata["format_version"] == 1
    assert metadata["versions"].keys() == {"sklearn_rnn", "torch", "onnx"}
    assert metadata["classes"] == [0, 1]
    assert metadata["class_names"] == ["0", "1"]
    assert metadata["classes_dtype"] == "int64"
    tokenizer = small_model[0]
    assert metadata["tokenizer"] == {
        "analyzer": "word",
        "lowercase": True,
        "strip_accents": None,
        "token_pattern": tokenizer.token_pattern,
        "max_length": 80,
        "truncation": "middle",
        "add_markers": False,
        "add_characters": True,
        "vocabulary": tokenizer.vocabulary_,
    }


def test_the_specification_names_every_key(small_file):
    specification = files("sklearn_rnn._export").joinpath("FORMAT.md").read_text()
    metadata = metadata_of(small_file)
    assert set(re.findall(r"^\| `(\w+)` \|", specification, re.MULTILINE)) == {
        *metadata,
        *metadata["tokenizer"],
    }
    session = session_of(small_file)
    for part in [*session.get_inputs(), *session.get_outputs()]:
        kind = {"tensor(int32)": "int32", "tensor(float)": "float32"}[part.type]
        shape = ", ".join(map(str, part.shape)).replace("n_texts, 2", "n_texts, n_classes")
        assert f"| `{part.name}` | {kind} | ({shape}) |" in specification


@pytest.mark.parametrize(
    ("labels", "classes", "names", "dtype"),
    [
        (["né", "a\ud800"], ["a\ud800", "né"], ["a\ud800", "né"], "str"),
        (np.array(["b", "a"], dtype=object), ["a", "b"], ["a", "b"], "object"),
        ([True, False], [False, True], ["False", "True"], "bool"),
        (np.array([3, 200], dtype=np.uint8), [3, 200], ["3", "200"], "uint8"),
        ([2**62 + 1, -1], [-1, 2**62 + 1], ["-1", "4611686018427387905"], "int64"),
        ([2.0, 0.0], [0.0, 2.0], ["0.0", "2.0"], "float64"),
        (np.array([2, 3], dtype=np.float32), [2.0, 3.0], ["2.0", "3.0"], "float32"),
    ],
)
def test_labels_keep_their_kind(tmp_path, fit_pipeline, labels, classes, names, dtype):
    given = [labels[i % 2] for i in range(20)] if isinstance(labels, list) else labels[[0, 1] * 10]
    model = fit_pipeline(labels=given, max_epochs=1)
    export_onnx(model, tmp_path / "model.onnx")
    metadata = metadata_of(tmp_path / "model.onnx")
    found = metadata["classes"]
    assert found == classes
    assert (metadata["class_names"], metadata["classes_dtype"]) == (names, dtype)
    assert [type(label) for label in found] == [type(label) for label in classes]
    runtime = OnnxTextClassifier(tmp_path / "model.onnx")
    np.testing.assert_array_equal(runtime.classes_, model.classes_)
    assert runtime.classes_.dtype == model.classes_.dtype


@pytest.mark.parametrize(
    "parameters",
    [
        {"analyzer": "char", "truncation": "pre", "lowercase": False, "max_length": 7},
        {"add_markers": True, "truncation": "post", "strip_accents": "ascii", "max_length": 4},
        {"add_markers": True, "add_characters": True, "max_length": None, "min_count": 1},
        {"token_pattern": "(r)a|n", "strip_accents": "unicode", "max_length": 0.9},
        {"add_markers": True},
    ],
)
def test_parameters_of_the_tokenizer_are_in_the_metadata(tmp_path, monkeypatch, parameters):
    monkeypatch.setattr("sklearn_rnn._text.padding.AUTO_MIN_LENGTHS", 1)
    model = fit_model(hidden_size=2, tokenizer=parameters)
    export_onnx(model, tmp_path / "model.onnx")
    tokenizer = metadata_of(tmp_path / "model.onnx")["tokenizer"]
    for name in ("analyzer", "lowercase", "strip_accents", "truncation", "add_markers"):
        assert tokenizer[name] == getattr(model[0], name)
    is_char = parameters.get("analyzer") == "char"
    assert tokenizer["token_pattern"] == (None if is_char else model[0].token_pattern)
    assert tokenizer["max_length"] == model[0].max_length_
    assert tokenizer["max_length"] < 400
    assert tokenizer["add_characters"] == model[0].add_characters_
    assert tokenizer["vocabulary"] == model[0].vocabulary_
    if parameters.get("add_markers"):
        assert {"<s>", "</s>"} < tokenizer["vocabulary"].keys()


def test_a_search_is_exported(tmp_path, fit_pipeline, model):
    search = GridSearchCV(model, {"rnntextclassifier__cell_type": ["gru"]}, cv=2)
    search.fit(["good, not bad", "bad, not good"] * 10, ["praise", "blame"] * 10)
    assert export_onnx(search, tmp_path / "model.onnx") <= 1e-5


def test_a_tokenizer_that_returns_a_dataframe(tmp_path, model):
    model.set_output(transform="pandas").fit(TEXTS, LABELS)
    assert export_onnx(model, tmp_path / "model.onnx", texts=TEXTS) <= 1e-5


def test_given_texts_are_checked(tmp_path, model, monkeypatch):
    seen = []
    transform = TextTokenizer.transform

    def record(self, X):
        seen.extend(X)
        return transform(self, X)

    monkeypatch.setattr(TextTokenizer, "transform", record)
    export_onnx(model, tmp_path / "model.onnx", texts=("so good", "", "so bad"))
    assert set(seen) == {"so good", "", "so bad"}


def test_generated_texts_have_known_and_unknown_words_and_the_longest(small_model):
    vocabulary = small_model[0].vocabulary_
    keys = small_model[-1].net_.module_.linear_term.keys.numpy()
    texts = onnx_parity.generate_texts(small_model[0], vocabulary, keys)
    ids = np.asarray(small_model[0].transform(texts))
    assert len(texts) == onnx_parity.N_TEXTS
    assert texts[0] == ""
    assert texts[1] in vocabulary
    assert (ids == 1).any()
    assert set(vocabulary.values()) <= set(ids.ravel().tolist())
    assert (sequence_lengths(ids)[-2:] == 80).all()
    assert any(f"{a} {b}" in text for a in WORDS for b in WORDS for text in texts)


def test_a_difference_is_an_error_and_leaves_no_file(tmp_path, model, monkeypatch):
    monkeypatch.setattr(onnx_network, "add_linear_logits", lambda *_: np.float32(0))
    message = (
        "The exported graph does not compute the probabilities of the model: the largest "
        r"difference is \d\.\de-\d\d, and at most 1e-05 is rounding. No file is written. This is a "
        "defect of sklearn_rnn or onnxruntime: please report it, with the parameters of the model."
    )
    for path in (tmp_path / "model.onnx", tmp_path / "folder"):
        with pytest.raises(RuntimeError, match=f"^{message}$"):
            export_onnx(model, path)
    assert list(tmp_path.iterdir()) == []


def test_nan_is_a_difference(model):
    steps = onnx_model.find_steps(model)
    with pytest.raises(RuntimeError, match="the largest difference is nan, and"):
        onnx_model.check_parity(float("nan"), steps, model[0].transform(TEXTS))


def test_the_rounding_of_the_model_itself_is_no_error(model, monkeypatch):
    steps, ids = onnx_model.find_steps(model), model[0].transform(TEXTS)
    monkeypatch.setattr(onnx_model, "measure_rounding", lambda *_: 6.4e-6)
    onnx_model.check_parity(1.3e-5, steps, ids)
    with pytest.raises(RuntimeError, match=r"is 3\.0e-05, and at most 2\.6e-05 is rounding"):
        onnx_model.check_parity(3e-5, steps, ids)


def test_rounding_is_measured_against_float64(model):
    rounding = onnx_model.measure_rounding(onnx_model.find_steps(model), model[0].transform(TEXTS))
    assert 0 < rounding < 1e-6


def test_an_export_computes_the_model_once(tmp_path, model):
    original = RNNTextClassifier.predict_proba
    with (
        mock.patch.object(
            onnx_model, "known_tokens", wraps=onnx_model.known_tokens
        ) as known_tokens,
        mock.patch.object(RNNTextClassifier, "predict_proba", autospec=True) as predict_proba,
    ):
        predict_proba.side_effect = original
        export_onnx(model, tmp_path / "model.onnx", quantize=True)
    assert (known_tokens.call_count, predict_proba.call_count) == (1, 1)


def test_a_failed_export_keeps_the_old_file(tmp_path, model, monkeypatch):
    path = tmp_path / "model.onnx"
    path.write_text("old")
    monkeypatch.setattr(onnx_model, "TOLERANCE", -1.0)
    monkeypatch.setattr(onnx_model, "ROUNDING_FACTOR", -1.0)
    with pytest.raises(RuntimeError):
        export_onnx(model, path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder(tmp_path, model):
    folder = tmp_path / "a" / "b"
    export_onnx(model, folder)
    export_onnx(model, folder)  # again, into the same folder
    names = {path.name for path in folder.iterdir()}
    assert names == {"model.onnx", *export_module.COMPANIONS}
    assert metadata_of(folder / "model.onnx")["classes"] == ["blame", "praise"]


def test_the_suffix_of_a_file_in_capitals(tmp_path, model):
    export_onnx(model, tmp_path / "MODEL.ONNX")
    assert metadata_of(tmp_path / "MODEL.ONNX")["classes"] == ["blame", "praise"]


def test_requirements_are_the_floors_of_the_package(tmp_path, model):
    export_onnx(model, tmp_path)
    lines = (tmp_path / "requirements.txt").read_text().splitlines()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    floors = project["dependencies"] + project["optional-dependencies"]["export"]
    assert len(lines) == 2
    assert set(lines) <= set(floors)


@settings(max_examples=15)
@given(parameters=architectures)
def test_quantized_weights(tmp_path_factory, parameters):
    model = fit_model(**parameters)
    path = tmp_path_factory.mktemp("exported") / "model.onnx"
    difference = export_onnx(model, path, quantize=True)
    assert 0 < difference < 0.1
    texts = random_texts(40, WORDS + UNSEEN, longest=30, seed=1)
    ids = np.asarray(model[0].transform(texts))
    probabilities = probabilities_of(path, ids)
    np.testing.assert_allclose(probabilities, model.predict_proba(texts), rtol=0, atol=0.1)
    # The prediction for a text does not depend on the other texts.
    alone = np.concatenate([probabilities_of(path, row[None]) for row in ids[:5]])
    np.testing.assert_allclose(alone, probabilities[:5], rtol=0, atol=1e-5)


def test_quantized_weights_are_a_fraction_in_size(tmp_path):
    model = fit_model(hidden_size=32, embedding_dim=32, characters=True)
    export_onnx(model, tmp_path / "float32.onnx")
    export_onnx(model, tmp_path / "int8.onnx", quantize=True)
    sizes = [(tmp_path / f"{name}.onnx").stat().st_size for name in ("int8", "float32")]
    assert sizes[0] / sizes[1] < 0.3


@pytest.mark.parametrize("axis", [0, 1])
def test_channels_are_quantized_one_by_one(axis):
    array = np.array([[0, 1e-3, -2], [0, 1e-9, 5e5], [0, 0, 300]], dtype=np.float32)
    quantized, scales = onnx_builder.quantize_channels(array, axis)
    assert quantized.dtype == np.int8
    assert scales.dtype == np.float16
    assert scales.size == 3
    largest = np.abs(array).max(1 - axis, keepdims=True)
    restored = quantized * scales.astype(np.float32)
    assert (np.abs(restored - array) <= largest / 100).all()
    assert (quantized[:, 0] == 0).all()


@pytest.mark.slow
def test_2000_real_texts(tmp_path, data_dir):
    """Messages with characters, whose classifier reads n-gram scores."""
    messages = read_texts(
        data_dir / "sms_spam" / "SMSSpamCollection",
        text="SMS",
        label="Label",
        format="tsv",
        quoting=csv.QUOTE_NONE,
    )
    texts, labels = messages.data.tolist(), messages.target
    classifier = RNNTextClassifier(max_epochs=1, hidden_size=16, random_state=0, device="cpu")
    model = make_pipeline(TextTokenizer(), classifier).fit(texts[:1000], labels[:1000])
    module = classifier.net_.module_
    assert module.reads_characters
    assert module.reads_ngram_scores
    path = tmp_path / "model.onnx"
    assert export_onnx(model, path, texts=texts[2000:4000]) <= 1e-5
    ids = np.asarray(model[0].transform(texts[2000:4000]))
    probabilities = np.concatenate(
        [probabilities_of(path, ids[start : start + 250]) for start in range(0, 2000, 250)]
    )
    expected = model.predict_proba(texts[2000:4000])
    np.testing.assert_allclose(probabilities, expected, rtol=0, atol=1e-5)
    np.testing.assert_array_equal(probabilities.argmax(1), expected.argmax(1))
