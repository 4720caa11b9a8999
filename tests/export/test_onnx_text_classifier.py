import ast
import csv
import io
import json
import os
import pickle
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pandas as pd
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from onnx import helper
from sklearn.model_selection import ParameterGrid

from sklearn_rnn import TextTokenizer
from sklearn_rnn._export import onnx_text_classifier
from sklearn_rnn._export.onnx_text_classifier import OnnxTextClassifier, Tokenizer
from sklearn_rnn._text.analyzers import TOKEN_PATTERN
from sklearn_rnn.datasets import read_texts
from tests.export.onnx_files import (
    expected_probabilities,
    tokenizer_metadata,
    write_model,
    write_network,
)
from tests.text.tokens import refuses

pytest.importorskip("onnxruntime")

FILE = Path(onnx_text_classifier.__file__)
TEXTS = [
    "Good, good film! It isn't bad.",
    "Caf\xe9 cafe\u0301 na\xefve \u0130stanbul stra\xdfe",
    "\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03a3",
    "one<br />two<br>three <BR/> 3.5/10",
    "\u597d\u7535\u5f71\u3002 \u0939\u093f\u0928\u094d\u0926\u0940 \u0645\u064f\u062d\u064e\u0645",
    "\U0001f44d\U0001f3fd \u2764\ufe0f \U0001f1eb\U0001f1f7",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "#one two #three extraordinarily",
    "",
]
ACCEPTED = "OnnxTextClassifier takes a list, tuple, NumPy array or Series of str, but "


def assert_same_ids(tokenizer, texts):
    """Assert that the runtime's tokenizer gives texts the ids of a fitted TextTokenizer."""
    metadata = json.loads(json.dumps(tokenizer_metadata(tokenizer)))
    encoded = list(map(Tokenizer(**metadata).encode, texts))
    for text, row, ids in zip(texts, tokenizer.transform(texts).tolist(), encoded, strict=True):
        assert ids == row[: len(ids)], text
        assert not any(row[len(ids) :]), text


LENGTHS = ParameterGrid(
    {
        "max_length": [3, 4, 9, 40, None],
        "truncation": ["post", "pre", "middle"],
        "add_markers": [False, True],
        "add_characters": [False, True],
        "min_count": [1],
    }
)
PATTERNS = [
    TOKEN_PATTERN,
    r"(?u)\b\w\w+\b",
    r"#(\w+)|\w+",
    r"\w*",
    r"(?s).",
    r"[^\s]+",
    r"(?i)[a-z]+",
]


@pytest.mark.parametrize("strip_accents", [None, "ascii", "unicode"])
@pytest.mark.parametrize("lowercase", [False, True])
@pytest.mark.parametrize(
    "analysis",
    [{"analyzer": "char"}, *({"token_pattern": pattern} for pattern in PATTERNS)],
    ids=lambda analysis: ascii(next(iter(analysis.values())))[:20],
)
def test_the_ids_are_those_of_the_tokenizer(analysis, lowercase, strip_accents):
    for lengths in LENGTHS:
        tokenizer = TextTokenizer(
            **analysis, lowercase=lowercase, strip_accents=strip_accents, **lengths
        )
        assert_same_ids(tokenizer.fit(TEXTS), [*TEXTS, "an unseen text, \xe0 la carte", " \n"])


@pytest.mark.parametrize("vocabulary", [["good", ""], {"good": 9, "</s>": 4}])
def test_the_ids_of_a_given_vocabulary(vocabulary):
    tokenizer = TextTokenizer(vocabulary=vocabulary, add_markers=True, max_length=4)
    assert_same_ids(tokenizer.fit(TEXTS), TEXTS)


# Parts of texts that have been trouble in one program or another.
PARTS = st.one_of(
    st.text(max_size=8),
    st.text(st.characters(categories=["Cs", "Cc", "Cf", "Mn", "Me", "Zs", "So", "Nl", "No"])),
    st.text(
        "\u05d0\u0628\u064f\u0939\u093f\u0e01\u0e34\u0130\u03a3\u03c3\xdf\u01c5\u1e9e\ufb01\u212b"
    ),
    st.text("\u200b\u200c\u200d\u2060\xad\ufeff\u202e\ufe0f\x00\x1c\x1f\x85\xa0\u3000\n\r\t "),
    st.text("\U0001f44d\U0001f3fd\u2764\U0001f1eb\U0001f1f7\U0001f468\u200d\ud83d\udc4d\U0010ffff"),
    st.sampled_from(
        [
            "<br>",
            "<BR/>",
            "<br />",
            "<br",
            "< br>",
            "<bR  />",
            "don't",
            "1,000.5",
            "a.b",
            "''",
            "#ab",
        ]
    ),
)


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"add_characters": True, "max_length": 30},
        {"strip_accents": "unicode", "add_markers": True, "max_length": 7},
        {"strip_accents": "ascii", "lowercase": False, "max_length": 5, "truncation": "pre"},
        {"token_pattern": r"#(\w*)|\S", "max_length": 5, "truncation": "post"},
        {"analyzer": "char", "add_characters": True, "max_length": 12},
    ],
    ids=str,
)
@settings(max_examples=200)
@given(texts=st.lists(st.lists(PARTS, max_size=6).map("".join), min_size=1, max_size=4))
@example(texts=["\ud83d\udc4d", "\u03a3\u03a3 a\u03a3", "\u0130I\u0307"])
def test_the_ids_of_the_worst_texts(parameters, texts):
    tokenizer = TextTokenizer(min_count=1, **parameters).fit([*TEXTS, *texts[:2]])
    # JSON has no two halves of an emoji that are not that emoji.
    pairs = re.compile("[\ud800-\udbff][\udc00-\udfff]")
    for token in list(filter(pairs.search, tokenizer.vocabulary_)):
        del tokenizer.vocabulary_[token]
    assert_same_ids(tokenizer, texts)


CORPORA = {
    "ag_news": ("ag_news/test.csv.gz", {"text": [1, 2], "label": 0}),
    "amazon": ("amazon_polarity/test.ft.txt.gz", {}),
    "banking77": ("banking77/test.csv.gz", {"text": "text", "label": "category"}),
    "drug_review": (
        "drug_review/druglib_test.tsv.gz",
        {"text": "benefitsReview", "label": "rating"},
    ),
    "germeval2018": ("germeval2018/test.tsv.gz", {"text": 0, "label": 1, "quoting": 3}),
    "imdb": ("imdb/test.csv.gz", {"text": "review", "label": "sentiment"}),
    "sms_spam": (
        "sms_spam/SMSSpamCollection",
        {"text": "SMS", "label": "Label", "format": "tsv", "quoting": 3},
    ),
    "waimai": ("waimai/reviews.csv.gz", {"text": "review", "label": "label"}),
}


@pytest.mark.filterwarnings("ignore::UserWarning")  # waimai is written without spaces
@pytest.mark.parametrize("corpus", CORPORA)
def test_the_ids_of_real_texts(corpus, data_dir):
    file, columns = CORPORA[corpus]
    texts = list(read_texts(data_dir / file, **columns).data)[:1000]
    for parameters in (
        {},
        {"add_characters": True, "max_length": 120, "strip_accents": "unicode"},
        {"analyzer": "char", "max_length": 50, "truncation": "pre", "add_markers": True},
        {"token_pattern": r"(?u)\b\w\w+\b", "strip_accents": "ascii", "lowercase": False},
    ):
        assert_same_ids(TextTokenizer(**parameters).fit(texts[:500]), texts)


@pytest.fixture(scope="module")
def tokenizer():
    return TextTokenizer(min_count=1, max_length=12).fit(TEXTS)


@pytest.fixture(scope="module")
def path(tokenizer, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model.onnx"
    write_model(path, tokenizer, ["blame", "praise", "a, b"])
    return path


@pytest.fixture(scope="module")
def expected(tokenizer):
    return expected_probabilities(tokenizer.transform(TEXTS), 3)


@pytest.mark.parametrize(
    "container",
    [
        list,
        tuple,
        np.array,
        lambda texts: np.array(texts, dtype=object),
        pd.Series,
        pl.Series,
        pd.Index,
    ],
)
def test_probabilities_and_labels(container, path, expected):
    classifier = OnnxTextClassifier(path)
    probabilities = classifier.predict_proba(container(TEXTS))
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities, expected, atol=1e-6)
    assert classifier.classes_.tolist() == ["blame", "praise", "a, b"]
    np.testing.assert_array_equal(
        classifier.predict(container(TEXTS)), classifier.classes_[expected.argmax(axis=1)]
    )


def test_a_text_has_the_same_probabilities_in_any_batch(path, tokenizer):
    texts = [" ".join(TEXTS[:1] * (1 + row % 7)) + "!" * (row % 3) for row in range(5000)]
    classifier = OnnxTextClassifier(path)
    probabilities = classifier.predict_proba(texts)
    np.testing.assert_allclose(
        probabilities, expected_probabilities(tokenizer.transform(texts), 3), atol=1e-6
    )
    np.testing.assert_allclose(classifier.predict_proba(texts[:1]), probabilities[:1], atol=1e-6)


@pytest.mark.parametrize(
    "classes",
    [
        np.array(["a", "bcd"]),
        np.array(["a", "bcd"], dtype=object),
        np.array([-1, 2**40]),
        np.array([-1, 3], dtype=np.int8),
        np.array([3, 2**64 - 1], dtype=np.uint64),
        np.array([0.5, 1.0]),
        np.array([0.1, 0.2], dtype=np.float32),
        np.array([False, True]),
    ],
    ids=lambda classes: str(classes.dtype),
)
def test_labels_keep_their_type(classes, tokenizer, tmp_path):
    write_model(tmp_path / "model.onnx", tokenizer, classes)
    classifier = OnnxTextClassifier(tmp_path / "model.onnx")
    np.testing.assert_array_equal(classifier.classes_, classes)
    assert classifier.classes_.dtype == classes.dtype
    assert classifier.predict(["good"])[0] in classes
    done = run(tmp_path / "model.onnx", "--format", "csv", stdin=b"text\ngood\n")
    header, row = list(csv.reader(done.stdout.decode().splitlines()))
    assert header == ["label", *(f"proba_{label!s}" for label in classes)]
    assert row[0] == str(classifier.predict(["good"])[0])


@pytest.mark.parametrize(
    ("texts", "error", "message"),
    [
        ("good", TypeError, "texts is one str. Wrap a single text in a list: [text]."),
        (b"good", TypeError, "texts is one bytes. Wrap a single text in a list: [text]."),
        (3, TypeError, "texts is of type int. Put the texts into a list."),
        ({"good"}, TypeError, "texts is of type set. Put the texts into a list."),
        (np.array("good"), TypeError, "texts is of type ndarray. Put the texts into a list."),
        (
            pd.DataFrame({"text": ["good"]}),
            TypeError,
            "texts is of type DataFrame. Put the texts into a list.",
        ),
        ([], ValueError, "texts is empty. Pass at least one text."),
        (
            ["good", None],
            TypeError,
            "the text at position 1 is of type NoneType. Pass one str per text.",
        ),
        ([b"good"], TypeError, "the text at position 0 is of type bytes. Pass one str per text."),
        (
            np.array([["good"]]),
            TypeError,
            "the text at position 0 is of type list. Pass one str per text.",
        ),
    ],
)
def test_what_is_no_list_of_texts_is_refused(texts, error, message, path):
    classifier = OnnxTextClassifier(path)
    for method in (classifier.predict, classifier.predict_proba):
        with refuses(error, ACCEPTED + message):
            method(texts)


@pytest.mark.parametrize("n_threads", [0, -1])
def test_a_number_of_threads_below_one_is_refused(n_threads, path):
    with refuses(ValueError, f"n_threads must be None or an int of at least 1; got {n_threads}."):
        OnnxTextClassifier(path, n_threads=n_threads)


def test_the_folder_of_an_exported_model(path, expected, tmp_path):
    shutil.copy(path, tmp_path / "model.onnx")
    classifier = OnnxTextClassifier(tmp_path)
    assert classifier.path == str(tmp_path / "model.onnx")
    np.testing.assert_allclose(classifier.predict_proba(TEXTS), expected, atol=1e-6)


def test_files_that_are_no_exported_model(tokenizer, tmp_path, monkeypatch):
    path = tmp_path / "model.onnx"
    with pytest.raises(FileNotFoundError):
        OnnxTextClassifier(path)
    path.write_bytes(b"no ONNX file")
    with refuses(ValueError, f"{path} is damaged, cut off, or no ONNX file."):
        OnnxTextClassifier(path)
    write_network(path, 2, {"other": "{}"})
    with refuses(
        ValueError,
        f"{path} has no metadata of sklearn_rnn, so its tokens and classes are unknown. Pass a "
        "file that sklearn_rnn.export.export_onnx wrote.",
    ):
        OnnxTextClassifier(path)
    write_model(path, tokenizer, ["a", "b"], format_version=2)
    with refuses(
        ValueError,
        f"{path} has the format version 2, and this file reads version 1. Use the "
        "onnx_text_classifier.py that export_onnx wrote beside the model, or export the model "
        "again.",
    ):
        OnnxTextClassifier(path)
    metadata = write_model(path, tokenizer, ["a", "b"])
    for changed, reason in (
        ({"other": 1}, "TypeError("),
        ({"token_pattern": "("}, "error("),
        ({"truncation": "mid"}, "KeyError('mid')."),
    ):
        damaged = metadata | {"tokenizer": metadata["tokenizer"] | changed}
        write_network(path, 2, {"sklearn_rnn": json.dumps(damaged)})
        message = f"{path} has damaged metadata: {reason}"
        with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
            OnnxTextClassifier(path)
    metadata = write_model(path, tokenizer, ["a", "b"])
    content = path.read_bytes()
    for cut in (content[:40], content[:-3], content[:-1] + b"\xff\xff"):
        path.write_bytes(cut)
        with refuses(ValueError, f"{path} is damaged, cut off, or no ONNX file."):
            OnnxTextClassifier(path)
    helper.set_model_props(model := onnx.ModelProto(), {"sklearn_rnn": json.dumps(metadata)})
    path.write_bytes(model.SerializeToString())
    classifier = OnnxTextClassifier(path)
    with pytest.raises(
        ValueError, match=rf"^onnxruntime [\d.]+ cannot load {re.escape(str(path))}: .+"
    ):
        classifier.predict(["good"])
    path.write_bytes(content)
    classifier = OnnxTextClassifier(path)
    write_model(path, tokenizer, ["b", "a"])
    with refuses(
        ValueError,
        f"{path} has changed since this OnnxTextClassifier was created. Create a new one.",
    ):
        classifier.predict(["good"])
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with refuses(
        ImportError,
        "OnnxTextClassifier needs onnxruntime. Install it: pip install onnxruntime, or pip install "
        '"sklearn_rnn[export]".',
    ):
        OnnxTextClassifier(path)


def test_a_pickle_loads_the_file_again(path, expected, monkeypatch, tmp_path):
    monkeypatch.chdir(path.parent)
    pickled = pickle.dumps(OnnxTextClassifier("model.onnx"))
    assert len(pickled) < 500
    monkeypatch.chdir(tmp_path)
    np.testing.assert_allclose(pickle.loads(pickled).predict_proba(TEXTS), expected, atol=1e-6)


def test_several_threads_at_once(path, expected):
    classifier = OnnxTextClassifier(path)
    with ThreadPoolExecutor(4) as pool:
        for probabilities in pool.map(classifier.predict_proba, [TEXTS] * 50):
            np.testing.assert_allclose(probabilities, expected, atol=1e-6)


FORK = """
import multiprocessing, os, sys
import numpy as np
from onnx_text_classifier import OnnxTextClassifier
classifier = OnnxTextClassifier("model.onnx")
texts = ["good film"] * 2000
for predicts in (True, False):
    pid = os.fork()
    if pid == 0:
        if predicts:
            np.save("child.npy", classifier.predict_proba(texts))
        sys.exit(0)
    assert os.waitpid(pid, 0)[1] == 0
before = classifier.predict_proba(texts)
np.testing.assert_array_equal(np.load("child.npy"), before)
with multiprocessing.get_context("fork").Pool(2) as pool:
    for probabilities in pool.map(classifier.predict_proba, [texts] * 4):
        np.testing.assert_array_equal(probabilities, before)
print("ended")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_forked_children_predict_and_end(path):
    shutil.copy(FILE, path.parent)
    done = subprocess.run(
        [sys.executable, "-c", FORK], cwd=path.parent, capture_output=True, text=True, timeout=120
    )
    assert (done.stdout, done.returncode) == ("ended\n", 0), done.stderr


def test_the_file_imports_numpy_and_onnxruntime_alone():
    imported = set()
    for node in ast.walk(ast.parse(FILE.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module.partition(".")[0])
    assert imported - set(sys.stdlib_module_names) == {"numpy", "onnxruntime"}


def run(path, *arguments, stdin=b"", **options):
    """Run the file as a command, in the folder of the model; return its outcome."""
    shutil.copy(FILE, path.parent)
    command = [sys.executable, "-W", "error", FILE.name, *map(str, arguments)]
    return subprocess.run(
        command, cwd=path.parent, input=stdin, capture_output=True, timeout=120, **options
    )


def test_lines_to_labels(path, expected):
    stdin = "\r\n".join(TEXTS).encode() + b"\n"
    done = run(path, "model.onnx", stdin=stdin)
    assert (done.returncode, done.stderr) == (0, b"")
    rows = [line.split("\t") for line in done.stdout.decode().splitlines()]
    best = expected.argmax(axis=1)
    assert [row[0] for row in rows] == [["blame", "praise", "a, b"][index] for index in best]
    np.testing.assert_allclose([float(row[-1]) for row in rows], expected.max(axis=1), atol=1e-6)
    assert run(path, stdin=b"\xef\xbb\xbf" + stdin).stdout == done.stdout  # with a BOM


def test_no_lines(path):
    done = run(path)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def labels_of(done):
    """Return the table that the command has written."""
    assert (done.returncode, done.stderr) == (0, b"")
    return pd.read_csv(io.BytesIO(done.stdout), keep_default_na=False)


def test_a_csv_table_to_probabilities(path, expected, tmp_path):
    table = pd.DataFrame({"id": range(len(TEXTS)), "my text": TEXTS})
    stdin = (table.to_csv(index=False, lineterminator="\r\n") + "\r\n\r\n").encode()
    arguments = ["--format", "csv", "--text", "my text"]
    done = run(path, *arguments, "--output", tmp_path / "labels.csv", stdin=stdin)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    labels = pd.read_csv(tmp_path / "labels.csv", keep_default_na=False)
    assert list(labels) == ["label", "proba_blame", "proba_praise", "proba_a, b"]
    np.testing.assert_allclose(labels.iloc[:, 1:], expected, atol=1e-6)
    assert labels["label"].tolist() == [
        ["blame", "praise", "a, b"][i] for i in expected.argmax(axis=1)
    ]
    assert run(path, *arguments, stdin=stdin).stdout == (tmp_path / "labels.csv").read_bytes()
    renamed = table.rename(columns={"my text": "text"}).to_csv(index=False).encode()
    assert labels_of(run(path, "--format", "csv", stdin=renamed)).equals(labels)


def test_columns_are_joined_by_a_space(path):
    rows = [("good", "film"), ("good film", ""), ("", " "), (" ", "good\nfilm"), ("good", "film")]
    table = pd.DataFrame(rows, columns=["title", "body"])
    table["joined"] = ["good film", "good film", "", "good\nfilm", "good film"]
    stdin = table.to_csv(index=False).encode()
    joined = run(path, "--format", "csv", "--text", "joined", stdin=stdin)
    two = run(path, "--format", "csv", "--text", "title", "--text", "body", stdin=stdin)
    assert labels_of(two).equals(labels_of(joined))
    assert len(labels_of(two)) == len(rows)


@pytest.mark.parametrize("end", ["\r", "\r\n", "\n"])
def test_lines_may_end_in_each_way(end, path):
    table = pd.DataFrame({"text": TEXTS, "id": range(len(TEXTS))})
    expected = run(path, "--format", "csv", stdin=table.to_csv(index=False).encode())
    stdin = table.to_csv(index=False, lineterminator=end).encode()
    assert labels_of(run(path, "--format", "csv", stdin=stdin)).equals(labels_of(expected))
    lines = run(path, stdin="\n".join(TEXTS).encode())
    assert run(path, stdin=end.join(TEXTS).encode()).stdout == lines.stdout
    quoted = f'text{end}"good{end}film"{end}bad{end}'.encode()
    assert len(labels_of(run(path, "--format", "csv", stdin=quoted))) == 2


def test_columns_of_lines_are_refused(path):
    done = run(path, "--text", "review")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().splitlines()[-1] == (
        "onnx_text_classifier.py: error: --text names a column, and lines have none. Pass --format "
        "csv."
    )


TABLE = ["--format", "csv"]


@pytest.mark.parametrize(
    ("arguments", "stdin", "message"),
    [
        (["other.onnx"], b"", r"\[Errno 2\] No such file or directory: '.+other\.onnx'"),
        (
            [],
            b"good\n\xff\n",
            r"line 2 of stdin is not UTF-8, from its byte 1 on\. Convert the texts, "
            r"for example by iconv -f latin1 -t utf-8\.",
        ),
        (
            TABLE,
            b"",
            r"the first line of stdin is blank or missing\. A CSV table begins with a header, the "
            r"names of its columns\.",
        ),
        (
            [*TABLE, "--text", "b", "--text", "text"],
            b"a,b\n1,2\n",
            r"the table has no column 'text'\. Its columns are 'a', 'b'\.",
        ),
        (
            [*TABLE, "--text", "a"],
            b"a,b,a\n",
            r"the table has more than one column 'a'\. Its columns are 'a', 'b', 'a'\.",
        ),
        (
            [],
            b"good\nnot\rbad\n",
            r"some lines of stdin, up to line 2, end in '\\r' alone, and others in '\\n'\. A '\\r' "
            r"may therefore be part of a text\. End all lines in '\\n'\.",
        ),
        (
            TABLE,
            b"text\nnot\rbad\n",
            r"some lines of stdin, up to line 2, end in '\\r' alone, and others in '\\n'\. A '\\r' "
            r"may therefore be part of a text\. End all lines in '\\n'\.",
        ),
        (
            [*TABLE, "--text", "a"],
            b'a,b\n"1\n",2\n3\n',
            r"the row that ends in line 4 has 1 field\(s\), and the "
            r"header has 2\.",
        ),
        (
            [*TABLE, "--text", "a"],
            b"a\n1\n\n\n2\n",
            r"line 3 is blank\. Fill it in or take it out\.",
        ),
        (
            [*TABLE, "--text", "a"],
            b'a,b\n1,"2\n',
            r"the row that ends in line 2 is no row of CSV: unexpected end of data\. Put a field "
            r"with commas, line breaks or quotes in double quotes, and double the quotes in it\.",
        ),
    ],
)
def test_errors_are_one_line(arguments, stdin, message, path):
    done = run(path, *arguments, stdin=stdin)
    assert done.returncode == 2
    [line] = done.stderr.decode().splitlines()
    assert re.fullmatch(f"onnx_text_classifier.py: error: {message}", line)


def start(path):
    """Start the command with pipes."""
    shutil.copy(FILE, path.parent)
    return subprocess.Popen(
        [sys.executable, FILE.name],
        cwd=path.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_each_label_is_out_before_the_next_text_is_in(path):
    with start(path) as process:
        for _ in range(3):
            process.stdin.write(b"good film\n")
            process.stdin.flush()
            assert len(process.stdout.readline().split(b"\t")) == 2
        process.stdin.close()
        assert process.stdout.read() == b""
        assert process.wait() == 0


def test_a_reader_that_stops_is_no_error(path):
    with start(path) as process:
        process.stdout.close()
        process.stdin.write(b"good film\n" * 5000)
        process.stdin.close()
        assert process.wait() == 141
        assert process.stderr.read() == b""
