"""The page beside an exported model: its tokenizer in Node.js, and the page in Chromium."""

import functools
import json
import os
import shutil
import subprocess
import threading
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from sklearn.model_selection import ParameterGrid

from sklearn_rnn import TextTokenizer, _export
from sklearn_rnn._export.onnx_text_classifier import OnnxTextClassifier
from sklearn_rnn.datasets import read_texts
from sklearn_rnn.export import export_onnx
from tests.export.onnx_files import tokenizer_metadata, write_model, write_network
from tests.export.test_onnx_text_classifier import CORPORA, LENGTHS, PATTERNS, TEXTS

PAGE = Path(_export.__file__).parent / "page"
PROGRAMS = Path(__file__).parent
RUNTIME_FILES = ("ort.wasm.min.js", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")

# What the default pattern lacks: every construct that the page translates.
MORE_PATTERNS = [
    r"\b\w+(?!\w)|\B.",
    r"(?P<word>\w)(?:(?P=word))+|(?<!a)\d{2,}|[^\W\d_]{,3}",
    r"(?>\w+)'|\S",
    r"[]\-a-f\x67\u0068\U00000069]+?|\$",
    r"\b|\w+",
    r"(a)?b|^\w|\Aq|.\Z|x$",
    r"(?#letters)[\w\s]{1,3}+.",
    r"[\d\D]{1}",
    r"{\w{,}|a{x",
]
NOT_TRANSLATED = {
    r"(?i)[a-z]+": "(?i",
    r"(?:(\w)x)+": "a group that is repeated",
    r"(?<=a{2}+)b": "a possessive repeat in a lookbehind",
    r"(a)?(?(1)b|c)": "(?(",
    r"\N{BULLET}": r"\N",
}


def encode_in_node(cases):
    """Return what the tokenizer in JavaScript returns for pairs of a TextTokenizer and texts."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node.js is not installed")
    cases = [[tokenizer_metadata(tokenizer), texts] for tokenizer, texts in cases]
    command = [node, PROGRAMS / "encode_texts.mjs", PAGE / "tokenizer.js"]
    done = subprocess.run(
        command, input=json.dumps(cases).encode(), capture_output=True, timeout=120
    )
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def assert_same_ids_in_node(cases):
    for (tokenizer, texts), rows in zip(cases, encode_in_node(cases), strict=True):
        assert isinstance(rows, list), rows
        for text, row, ids in zip(texts, tokenizer.transform(texts).tolist(), rows, strict=True):
            assert ids == row[: len(ids)], (tokenizer, text)
            assert not any(row[len(ids) :]), (tokenizer, text)


@pytest.mark.parametrize("strip_accents", [None, "ascii", "unicode"])
def test_the_ids_are_those_of_python(strip_accents):
    patterns = [*filter(lambda pattern: "(?i)" not in pattern, PATTERNS), *MORE_PATTERNS]
    analyses = [{"analyzer": "char"}, *({"token_pattern": pattern} for pattern in patterns)]
    texts = [*TEXTS, "aab b aa' 12 x{ a{x {word ]-$ q\n", "\ud800 \x1c\x85\ufeff\x00", " \n", "x\n"]
    tokenizers = [
        TextTokenizer(**analysis, strip_accents=strip_accents, lowercase=lowercase, **lengths)
        for analysis in analyses
        for lowercase in (False, True)
        for lengths in (
            ParameterGrid({"min_count": [1], "max_length": [None]})
            if "token_pattern" in analysis and analysis["token_pattern"] in MORE_PATTERNS
            else LENGTHS
        )
    ]
    assert_same_ids_in_node([(tokenizer.fit(texts), texts) for tokenizer in tokenizers])


def test_each_character_is_treated_as_in_python():
    # Python and Node.js know characters of different versions of Unicode: those of both.
    characters = [chr(code) for code in range(0x3400) if chr(code).isprintable()]
    texts = [f"a{char}b {char}{char} {char.upper()}" for char in characters]
    assert_same_ids_in_node(
        [
            (TextTokenizer(min_count=1, max_length=None, **parameters).fit(texts), texts)
            for parameters in (
                {},
                {"token_pattern": r"\w+|\S", "strip_accents": "unicode"},
                {"token_pattern": r"\b\w|\s+|\D", "strip_accents": "ascii"},
                {"analyzer": "char"},
            )
        ]
    )


@pytest.mark.filterwarnings("ignore::UserWarning")  # waimai is written without spaces
@pytest.mark.parametrize("corpus", CORPORA)
def test_the_ids_of_real_texts(corpus, data_dir):
    file, columns = CORPORA[corpus]
    texts = list(read_texts(data_dir / file, **columns).data)[:1000]
    parameters = [{}, {"add_characters": True, "max_length": 120}, {"strip_accents": "unicode"}]
    assert_same_ids_in_node(
        [(TextTokenizer(**given).fit(texts[:500]), texts) for given in parameters]
    )


def test_patterns_that_javascript_does_not_have():
    tokenizers = [
        TextTokenizer(token_pattern=pattern, vocabulary=["a"]) for pattern in NOT_TRANSLATED
    ]
    assert encode_in_node([(tokenizer.fit(["aab"]), ["a"]) for tokenizer in tokenizers]) == [
        f"The token_pattern of this model cannot be used in a browser, because of {part}. "
        "OnnxTextClassifier in Python can use it."
        for part in NOT_TRANSLATED.values()
    ]


@pytest.fixture(scope="module")
def modules():
    """The folder of npm's packages, which `nox -s page` installs."""
    if "SKLEARN_RNN_NODE_MODULES" not in os.environ:
        pytest.skip("SKLEARN_RNN_NODE_MODULES is not set: nox -s page sets it")
    return Path(os.environ["SKLEARN_RNN_NODE_MODULES"])


@pytest.fixture
def site(tmp_path, modules):
    """A folder with the page and onnxruntime-web, still without a model."""
    folder = tmp_path / "site"
    shutil.copytree(PAGE, folder)
    (folder / "ort").mkdir()
    for name in RUNTIME_FILES:
        shutil.copy(modules / "onnxruntime-web" / "dist" / name, folder / "ort")
    return folder


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@contextmanager
def serve(folder):
    """Serve a folder as `python -m http.server` does, and yield its address."""
    handler = functools.partial(_QuietHandler, directory=folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()


@pytest.fixture
def open_page(site, modules, tmp_path):
    """Open the page in Chromium, let it classify texts, and type one."""

    def open_(texts=(), typed="a", screenshots=()):
        chromium = shutil.which("chromium")
        assert chromium is not None, "Chromium is not installed"
        command = ["node", PROGRAMS / "open_page.mjs", modules, chromium, tmp_path / "profile"]
        with serve(site) as url:
            task = {"url": url, "texts": texts, "typed": typed, "screenshots": screenshots}
            done = subprocess.run(
                command, input=json.dumps(task).encode(), capture_output=True, timeout=300
            )
        assert done.returncode == 0, done.stderr.decode()
        result = json.loads(done.stdout)
        assert result["errors"] == []
        return result

    return open_


def test_typing_shows_the_classes(site, open_page):
    write_model(site / "model.onnx", TextTokenizer(min_count=1).fit(TEXTS), ["blame", "praise"])
    typed = "Good film <3 \xe9"
    expected = OnnxTextClassifier(site / "model.onnx").predict_proba([typed])[0]
    result = open_page(texts=TEXTS, typed=typed)
    assert result["status"] == "Ready."
    np.testing.assert_allclose(
        result["probabilities"],
        OnnxTextClassifier(site / "model.onnx").predict_proba(TEXTS),
        atol=1e-6,
    )
    assert [bar["label"] for bar in result["bars"]] == ["blame", "praise"]
    assert [bar["percent"] for bar in result["bars"]] == [f"{100 * p:.1f} %" for p in expected]
    assert [bar["isBest"] for bar in result["bars"]] == [p == max(expected) for p in expected]


def test_many_classes(site, open_page):
    classes = [f"class {number}" for number in range(77)]
    write_model(site / "model.onnx", TextTokenizer(min_count=1).fit(TEXTS), classes)
    probabilities = OnnxTextClassifier(site / "model.onnx").predict_proba(["good"])[0]
    best = np.argsort(-probabilities)[:10]
    assert [bar["label"] for bar in open_page(typed="good")["bars"]] == [f"class {i}" for i in best]


@pytest.mark.parametrize(
    "classes",
    [
        np.array([2**53 + 1, 2**63 - 1]),
        np.array([0.0, 1e16]),
        np.array([0.1, 1], dtype=np.float32),
        np.array([False, True]),
    ],
    ids=lambda classes: str(classes.dtype),
)
def test_labels_are_shown_as_in_python(classes, site, open_page):
    write_model(site / "model.onnx", TextTokenizer(min_count=1).fit(TEXTS), classes)
    assert [bar["label"] for bar in open_page()["bars"]] == [str(label) for label in classes]


def test_the_page_says_what_is_missing(site, open_page):
    assert open_page()["status"] == "model.onnx cannot be read: File not found."
    (site / "model.onnx").write_bytes(b"no ONNX file")
    assert open_page()["status"] == "model.onnx is damaged, cut off, or no ONNX file."
    write_network(site / "model.onnx", 2, {"other": "{}"})
    assert open_page()["status"] == (
        "model.onnx is not a file that sklearn_rnn.export.export_onnx wrote."
    )
    tokenizer = TextTokenizer(token_pattern=r"(?i)[a-z]+").fit(TEXTS)
    write_model(site / "model.onnx", tokenizer, ["a", "b"], format_version=2)
    assert open_page()["status"] == (
        "model.onnx has the format version 2, and this page reads version 1. Use the page that "
        "export_onnx wrote beside the model."
    )
    write_model(site / "model.onnx", tokenizer, ["a", "b"])
    assert open_page()["status"] == (
        "The token_pattern of this model cannot be used in a browser, because of (?i. "
        "OnnxTextClassifier in Python can use it."
    )
    shutil.rmtree(site / "ort")
    assert open_page()["status"] == (
        "The page needs onnxruntime-web in the folder ort beside it:\n\n"
        "npm install onnxruntime-web\n"
        "mkdir ort\n"
        "cp node_modules/onnxruntime-web/dist/ort.wasm.min.js ort/\n"
        "cp node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.{mjs,wasm} ort/"
    )


@pytest.mark.filterwarnings("ignore::UserWarning")  # few texts, so that the fit takes seconds
@pytest.mark.parametrize("corpus", ["amazon", "banking77"])
def test_real_texts_have_the_probabilities_of_the_pipeline(
    corpus, site, open_page, data_dir, fit_pipeline
):
    file, columns = CORPORA[corpus]
    data = read_texts(data_dir / file, **columns)
    texts, labels = list(data.data), data.target
    model = fit_pipeline(texts[500:2000], labels[500:2000], hidden_size=16, max_epochs=2)
    export_onnx(model, site)
    expected = model.predict_proba(texts[:500])
    probabilities = open_page(texts=texts[:500])["probabilities"]
    np.testing.assert_allclose(probabilities, expected, atol=1e-5)
    np.testing.assert_array_equal(np.argmax(probabilities, axis=1), expected.argmax(axis=1))
