import csv
import gzip
import io
import json
import re
import subprocess
import sys
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.model_selection import train_test_split

from sklearn_rnn.baselines import (
    nb_svm,
    tfidf_linear_svc,
    tfidf_logistic_regression,
    tfidf_word_char_linear_svc,
)
from sklearn_rnn.datasets import iter_texts, make_word_order, read_texts
from tests.io.packing import PACKERS, SUFFIXES, OnlyRead, ShortReads, make_fifo, make_pipe

# The same texts and labels in each format of files.
CONTENTS = {
    "a.csv": ["text,label", '"Loved it, truly",good', 'a "naïve" one,bad'],
    "a.tsv": ["text\tlabel", "Loved it, truly\tgood", '"a ""naïve"" one"\tbad'],
    "a.jsonl": [
        '{"label": "good", "text": "Loved it, truly"}',
        '{"text": "a \\"na\\u00efve\\" one", "label": "bad"}',
    ],
    "a.ft.txt": ["__label__good Loved it, truly", '__label__bad a "naïve" one'],
}
FORMATS_OF = {"a.csv": "csv", "a.tsv": "tsv", "a.jsonl": "jsonl", "a.ft.txt": "fasttext"}
EXPECTED = (["Loved it, truly", 'a "naïve" one'], ["good", "bad"])


def test_what_is_read_can_be_split_masked_and_learnt(tmp_path):
    path = tmp_path / "a.ft"
    path.write_text("__label__a good\n__label__b bad\n" * 10)
    bunch = read_texts(path)
    X_train, X_test, y_train, y_test = train_test_split(bunch.data, bunch.target, random_state=0)
    assert tfidf_logistic_regression().fit(X_train, y_train).score(X_test, y_test) == 1
    assert set(bunch.data[bunch.target == "a"]) == {"good"}


@pytest.mark.parametrize("name", CONTENTS)
@pytest.mark.parametrize("compression", PACKERS)
@pytest.mark.parametrize(
    "ends", [["\n"], ["\r\n"], ["\r"], ["\r\n", "\n"], ["\n", "\r"], ["\n", "\n", ""]], ids=ascii
)
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_each_format_with_any_ends_of_lines_compressed_or_not(
    tmp_path, name, compression, ends, mark
):
    lines = [line + end for line, end in zip(CONTENTS[name], cycle(ends), strict=False)]
    path = tmp_path / f"{name}{SUFFIXES[compression]}"
    path.write_bytes(PACKERS[compression]((mark + "".join(lines)).encode()))
    bunch = read_texts(path)
    assert (bunch.data.tolist(), bunch.target.tolist()) == EXPECTED


SOURCES = {
    "str": lambda path, content: path.write_bytes(content) and str(path),
    "path": lambda path, content: path.write_bytes(content) and path,
    "named pipe": make_fifo,
    "BytesIO": lambda path, content: io.BytesIO(content),
    "raw stream": lambda path, content: ShortReads(content),
    "only read": lambda path, content: OnlyRead(content),
    "StringIO": lambda path, content: io.StringIO(content.decode()),
    "text": lambda path, content: io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"),
    "gzip": lambda path, content: gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(content))),
}


@pytest.mark.parametrize("name", CONTENTS)
@pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES)
def test_each_format_from_each_kind_of_source(tmp_path, name, make):
    source = make(tmp_path / name, "\n".join(CONTENTS[name]).encode())
    bunch = read_texts(source, format=FORMATS_OF[name])
    assert (bunch.data.tolist(), bunch.target.tolist()) == EXPECTED


@pytest.mark.parametrize("name", CONTENTS)
@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
def test_each_format_from_a_pipe_of_the_shell(name, pack):
    path, end = make_pipe(pack("\n".join(CONTENTS[name]).encode()))
    with end:
        bunch = read_texts(path, format=FORMATS_OF[name])
    assert (bunch.data.tolist(), bunch.target.tolist()) == EXPECTED


def test_a_file_object_stays_open_and_its_name_tells_the_format(tmp_path):
    path = tmp_path / "A.CSV.gz"
    path.write_bytes(gzip.compress(b"text,label\nwords,x\n"))
    with open(path, "rb") as raw, gzip.open(path) as unpacked:
        for file in (raw, unpacked):
            assert read_texts(file).data.tolist() == ["words"]
            assert not file.closed
            assert file.read() == b""
    with pytest.raises(ValueError, match=r"^<stream> has none of the suffixes that tell a format"):
        read_texts(io.BytesIO(b"text,label\nwords,x\n"))
    with pytest.raises(ValueError, match=r"^<stream> is a file, and format='folder' takes a"):
        read_texts(io.BytesIO(), format="folder")


@pytest.mark.parametrize("path", [None, 0, b"a.csv", {"a.csv"}])
def test_what_is_neither_a_path_nor_a_file_object(path):
    message = f"path must be a path, or a file object that is open for reading; got {type(path)}."
    with pytest.raises(TypeError, match=rf"^{re.escape(message)}\Z"):
        read_texts(path)


@pytest.mark.parametrize(
    ("name", "parameters", "n_rows", "line"),
    [
        (
            "sms_spam/SMSSpamCollection",
            {"text": "SMS", "label": "Label", "format": "tsv"},
            5574,
            284,
        ),
        ("germeval2018/train.tsv.gz", {"text": 0, "label": 1}, 5009, 111),
        ("germeval2018/test.tsv.gz", {"text": 0, "label": 2}, 3532, 9),
    ],
)
def test_real_corpora_without_quoting(data_dir, name, parameters, n_rows, line):
    path = data_dir / name
    with pytest.raises(ValueError, match=rf", line {line}: .* pass quoting=csv\.QUOTE_NONE"):
        read_texts(path, **parameters)
    bunch = read_texts(path, quoting=csv.QUOTE_NONE, **parameters)
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="\n") as file:
        rows = [line.removesuffix("\n").split("\t") for line in file]
    columns = [parameters["text"], parameters["label"]]
    if columns == ["SMS", "Label"]:
        columns = list(map(rows.pop(0).index, columns))
    assert len(rows) == n_rows
    assert_array_equal(bunch.data, [row[columns[0]] for row in rows])
    assert_array_equal(bunch.target, [row[columns[1]] for row in rows])


@pytest.mark.parametrize(
    ("name", "parameters", "n_rows", "labels"),
    [
        ("imdb/train.csv.gz", {"text": "review", "label": "sentiment"}, 25000, "negative positive"),
        ("ag_news/test.csv.gz", {"text": [1, 2], "label": 0}, 7600, [1, 2, 3, 4]),
        ("ag_news/train_partial.csv.gz", {"text": 1, "label": 0}, 59662, [1, 2, 3, 4]),
        ("amazon_polarity/train.ft.txt.gz", {}, 11459, "1 2"),
        ("amazon_polarity/test.ft.txt.gz", {}, 1000, "1 2"),
        (
            "drug_review/drugscom_head.csv.gz",
            {"text": "review", "label": "rating"},
            3000,
            range(1, 11),
        ),
        (
            "drug_review/druglib_train.tsv.gz",
            {"text": ["benefitsReview", "sideEffectsReview"], "label": "rating"},
            3107,
            range(1, 11),
        ),
        (
            "drug_review/druglib_test.tsv.gz",
            {"text": "commentsReview", "label": "rating"},
            1036,
            range(1, 11),
        ),
    ],
)
def test_real_corpora(data_dir, name, parameters, n_rows, labels):
    bunch = read_texts(data_dir / name, **parameters)
    assert bunch.data.shape == bunch.target.shape == (n_rows,)
    assert np.unique(bunch.target).tolist() == (
        labels.split() if isinstance(labels, str) else list(labels)
    )


@pytest.mark.parametrize(
    "baseline",
    [
        tfidf_logistic_regression,
        tfidf_linear_svc,
        tfidf_word_char_linear_svc,
        nb_svm,
        "four words",
    ],
)
def test_a_classifier_that_counts_words_is_near_chance_on_word_order(baseline):
    if baseline == "four words":
        model = tfidf_linear_svc().set_params(vect__ngram_range=(1, 4))
    else:
        model = baseline()
    texts, labels = make_word_order(4000, random_state=0)
    model.fit(texts[:2000], labels[:2000])
    assert 0.45 < model.score(texts[2000:], labels[2000:]) < 0.55


def test_the_order_of_the_verdicts_determines_the_label_of_word_order():
    texts, labels = make_word_order(500, random_state=0)
    for text, label in zip(texts, labels, strict=True):
        good, bad = (
            re.search(rf"\b({words})\b", text).start()
            for words in ("good|lovely|superb", "bad|awful|dreadful")
        )
        assert label == ("praise" if good > bad else "complaint")


@pytest.mark.parametrize("n_samples", [2, 7, 1000])
def test_word_order_has_balanced_classes_and_is_repeatable(n_samples):
    texts, labels = make_word_order(n_samples, random_state=0)
    assert texts.shape == labels.shape == (n_samples,)
    assert np.sum(labels == "praise") == n_samples // 2
    assert np.sum(labels == "complaint") == n_samples - n_samples // 2
    assert {type(value) for value in [*texts, *labels]} == {str}
    assert {len(text.split()) for text in texts} <= set(range(15, 25))
    again = make_word_order(n_samples, random_state=0)
    assert_array_equal(again, (texts, labels))
    assert (make_word_order(n_samples, random_state=1)[0] != texts).any()


def test_word_order_of_too_few_samples():
    message = (
        "The 'n_samples' parameter of make_word_order must be an int in the range [2, "
        "16777216]. Got 1 instead."
    )
    with pytest.raises(ValueError, match=rf"^{re.escape(message)}\Z"):
        make_word_order(1)


# Chunks

LABELS = st.sampled_from(["a", "b", "1", "-2", "007", "x y", "1000000000000000000", "10"])
WORDS = st.text(
    st.characters(codec="utf-8", exclude_characters="\0\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029"),
    min_size=1,
    max_size=20,
).filter(lambda text: text.strip(" \t\v\f\0\r\n") == text and text.strip())


def write_rows(path, rows, row_group_size=3):
    """Write texts and labels in the format of the suffix."""
    texts, labels = zip(*rows, strict=True)
    if path.suffix == ".parquet":
        pytest.importorskip("pyarrow")
        columns = pd.DataFrame({"text": texts, "label": labels})
        columns.to_parquet(path, row_group_size=row_group_size)
        return
    with open(path, "w", newline="", encoding="utf-8") as file:
        if path.suffix == ".jsonl":
            file.writelines(f"{json.dumps({'label': y, 'text': text})}\n" for text, y in rows)
        elif path.suffix == ".ft":
            file.writelines(f"__label__{y.replace(' ', '_')} {text}\n" for text, y in rows)
        else:
            separator = "\t" if path.suffix == ".tsv" else ","
            writer = csv.writer(file, delimiter=separator, quoting=csv.QUOTE_ALL)
            writer.writerows([("text", "label"), *rows])


def is_integer(label):
    return label in ("1", "-2", "10")


@settings(max_examples=60)
@given(
    rows=st.lists(st.tuples(WORDS, LABELS), min_size=1, max_size=20),
    suffix=st.sampled_from([".csv", ".tsv", ".jsonl", ".ft", ".parquet"]),
    chunk_size=st.integers(1, 21),
    n_files=st.integers(1, 3),
)
def test_chunks_are_what_is_read_at_once(rows, suffix, chunk_size, n_files):
    with TemporaryDirectory() as folder:
        size = -(-len(rows) // n_files)
        for start in range(0, len(rows), size):
            write_rows(Path(folder, f"{start:02}{suffix}"), rows[start : start + size])
        quoting = csv.QUOTE_ALL if suffix == ".tsv" else csv.QUOTE_MINIMAL
        whole = read_texts(folder, quoting=quoting)
        assert len(whole.data) == len(rows)
        options = {"chunk_size": chunk_size, "quoting": quoting}
        numerals = [suffix in (".csv", ".tsv") and is_integer(label) for _, label in rows]
        if all(numerals[:chunk_size]) and not all(numerals):
            with pytest.raises(ValueError, match="the labels of earlier rows are integers"):
                list(iter_texts(folder, **options))
            options["classes"] = np.unique(whole.target)
        chunks = list(iter_texts(folder, **options))
    assert [len(texts) for texts, _ in chunks[:-1]] == [chunk_size] * (len(chunks) - 1)
    texts, labels = map(np.concatenate, zip(*chunks, strict=True))
    assert texts.dtype == object
    assert_array_equal(texts, whole.data)
    assert labels.dtype == whole.target.dtype
    assert_array_equal(labels, whole.target)


def test_chunks_without_labels_and_of_a_pipe():
    path, end = make_pipe(b"text\na\nb\nc\n")
    with end:
        chunks = list(iter_texts(path, label=None, format="csv", chunk_size=2))
    assert [(texts.tolist(), labels) for texts, labels in chunks] == [
        (["a", "b"], None),
        (["c"], None),
    ]


def test_a_chunk_is_there_before_the_next_is_read(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('text,label\na,1\nb,0\n"never closed')
    chunks = iter_texts(path, chunk_size=2)
    assert next(chunks)[0].tolist() == ["a", "b"]
    with pytest.raises(ValueError, match=r"a\.csv, line 4: the quote that opens a field here"):
        next(chunks)


def test_a_label_that_is_not_in_classes_names_the_shard_and_the_line(tmp_path):
    (tmp_path / "a.csv").write_text("text,label\na,x\n")
    (tmp_path / "b.csv").write_text("text,label\nb,y\nc,z\n")
    message = (
        f"{tmp_path / 'b.csv'}, line 3: the label 'z' is not among the classes, 'x', 'y'. Add it "
        "to classes, or leave the row out."
    )
    with pytest.raises(ValueError, match=rf"^{re.escape(message)}\Z"):
        list(iter_texts(tmp_path, classes=["x", "y"]))


def test_classes_without_labels():
    message = "classes are labels, and label=None reads none. Leave one of them out."
    with pytest.raises(ValueError, match=rf"^{re.escape(message)}\Z"):
        iter_texts("a.csv", label=None, classes=["a", "b"])


def test_what_does_not_fit_is_known_at_the_call(tmp_path):
    with pytest.raises(FileNotFoundError):
        iter_texts(tmp_path / "missing.csv")
    (tmp_path / "a.csv").write_text("text,label\na,x\n")
    (tmp_path / "b.csv").write_text("")
    with pytest.raises(ValueError, match=r"b\.csv is empty\.\Z"):
        iter_texts(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from Linux's /proc")
@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".ft", ".parquet"])
def test_memory_does_not_grow_with_the_file(tmp_path, suffix):
    """After 4 MB of 80 MB, the other chunks take hardly more."""
    rng = np.random.default_rng(0)
    rows = [(rng.bytes(1000).hex(), "ab"[i % 2]) for i in range(40_000)]
    write_rows(tmp_path / f"a{suffix}", rows, row_group_size=40_000)
    code = (
        "from sklearn_rnn.datasets import iter_texts\n"
        "def peak(): return next(int(line.split()[1]) // 1024 for line in "
        "open('/proc/self/status') if line.startswith('VmHWM'))\n"
        f"chunks = iter_texts({str(tmp_path)!r}, chunk_size=1000)\n"
        "n = len(next(chunks)[0]) + len(next(chunks)[0])\n"
        "before = peak()\n"
        "n += sum(len(texts) for texts, _ in chunks)\n"
        "assert n == 40_000, n\n"
        "assert peak() - before < 20, peak() - before"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
