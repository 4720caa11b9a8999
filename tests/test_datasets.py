import csv
import gzip
import io
import re
from itertools import cycle

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.model_selection import train_test_split

from sklearn_rnn.baselines import (
    nb_svm,
    tfidf_linear_svc,
    tfidf_logistic_regression,
    tfidf_word_char_linear_svc,
)
from sklearn_rnn.datasets import make_word_order, read_texts
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


@pytest.mark.parametrize("path", [None, 0, b"a.csv", ["a.csv"]])
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
