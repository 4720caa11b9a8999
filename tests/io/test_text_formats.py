"""Formats of labelled texts: names, suffixes, columns, and a new one."""

import csv
import re
from typing import get_args

import numpy as np
import pytest

from sklearn_rnn._io.text_formats import (
    FORMATS,
    FormatName,
    TextFormat,
    read_chunks,
    read_records,
)
from sklearn_rnn.datasets import read_texts
from tests.io.files import assert_fails_with


@pytest.mark.parametrize("format", [None, "csv", "folder"])
def test_a_missing_file(tmp_path, format):
    with pytest.raises(FileNotFoundError, match=re.escape(str(tmp_path / "none.xyz"))):
        read_texts(tmp_path / "none.xyz", format=format)


def test_the_format_must_be_known(write, tmp_path):
    path = write("a.txt.gz", "words")
    assert_fails_with(
        "{path} has none of the suffixes that tell a format: '.csv', '.tsv', '.jsonl', '.ndjson', "
        "'.parquet', '.pq', '.ft', '.ft.txt', '.fasttext', each also with '.gz', '.bz2', '.xz', "
        "'.lzma', '.zst', '.zstd', '.zip'. Pass format=, one of 'csv', 'tsv', 'jsonl', 'parquet', "
        "'fasttext', 'folder'.",
        path,
    )
    assert_fails_with(
        "format must be one of 'csv', 'tsv', 'jsonl', 'parquet', 'fasttext', 'folder', or None; "
        "got 'xml'.",
        path,
        format="xml",
    )
    assert_fails_with(
        "{path} is a file, and format='folder' takes a folder.", path, format="folder"
    )
    (tmp_path / "empty").mkdir()
    assert_fails_with(
        "{path} is a folder without files, and format='csv' takes files.",
        tmp_path / "empty",
        format="csv",
    )


@pytest.mark.parametrize(
    ("text", "label", "message"),
    [
        (
            "review",
            "stars",
            "{path} has no column 'review'. Its columns are 'text', 'stars', 'x', 'x'.",
        ),
        (
            "text",
            "x",
            "{path} has more than one column 'x'. Its columns are 'text', 'stars', 'x', 'x'.",
        ),
        (4, 1, "{path} has no column 4. Its columns are 0 to 3."),
        (0, -1, "{path} has no column -1. Its columns are 0 to 3."),
        (
            ["text", 2],
            "stars",
            "text and label must be all names (the file has a header) or all positions (it has "
            "none); got text=['text', 2], label='stars'.",
        ),
        (
            "text",
            1,
            "text and label must be all names (the file has a header) or all positions (it has "
            "none); got text=['text'], label=1.",
        ),
    ],
)
def test_columns_that_are_not_there(write, text, label, message):
    assert_fails_with(message, write("a.csv", "text,stars,x,x\na,1,,\n"), text=text, label=label)


@pytest.mark.parametrize("text", [None, [], ["text", None], True, 1.5])
def test_text_of_another_type(write, text):
    assert_fails_with(
        "text must be the name of a column, its position from 0, or a list of these; "
        f"got {text!r}.",
        write("a.csv", "stars,review\n5,good\n"),
        TypeError,
        text=text,
    )


def test_columns_and_dialect_of_numpy_types(write):
    records = read_texts(
        write("a.tsv", "5\tgood\n1\tbad\n"),
        text=[np.int64(1)],
        label=np.int8(0),
        header=np.False_,
        quoting=np.int64(csv.QUOTE_NONE),
    )
    assert records.data.tolist() == ["good", "bad"]
    assert records.target.tolist() == [5, 1]


def test_label_of_another_type(write):
    assert_fails_with(
        "label must be the name of a column, its position from 0, or None; got ['stars'].",
        write("a.csv", "stars,review\n5,good\n"),
        TypeError,
        text="review",
        label=["stars"],
    )


def test_columns_of_a_format_without_them(write):
    assert_fails_with(
        "{path} is read as fasttext, which has no columns to choose from. Leave out text and "
        "label, or pass label=None for texts without labels; got text='review', label='label'.",
        write("a.ft", "__label__x words"),
        text="review",
    )


# The table of formats


def test_the_formats_of_the_type_are_those_of_the_table():
    assert get_args(FormatName) == tuple(FORMATS)


@pytest.mark.parametrize("name", FORMATS)
def test_the_documentation_names_every_format_with_its_suffixes(name):
    assert f'- "{name}"' in read_texts.__doc__ or f'"{name}":' in read_texts.__doc__
    for suffix in FORMATS[name].suffixes:
        assert f"``{suffix}``" in read_texts.__doc__


def test_a_new_format_is_one_row(write, monkeypatch):
    def read_reversed(path, selection):
        for line, content in enumerate(path.read_text().split("\n"), 1):
            yield f"{path}, line {line}", content[::-1], None if selection.label is None else "x"

    monkeypatch.setitem(FORMATS, "reversed", TextFormat("reversed", (".rev",), read_reversed))
    bunch = read_texts(write("a.rev", "sdrow\nerom"))
    assert bunch.data.tolist() == ["words", "more"]
    assert bunch.target.tolist() == ["x", "x"]
    with pytest.raises(ValueError, match=r"'\.fasttext', '\.rev', each also with '\.gz'"):
        read_texts(write("a.txt", "words"))
    assert_fails_with(
        "{path}, line 1: there is no text. Fill it in or leave the row out.", write("b.rev", " ")
    )


@pytest.mark.parametrize(
    ("n_texts", "sizes"), [(1, [1]), (3, [3]), (4, [3, 1]), (7, [3, 3, 1])], ids=str
)
def test_chunks_have_all_records_in_order(write, n_texts, sizes):
    path = write("a.jsonl", "\n".join(f'{{"text": "t{i}", "label": {i}}}' for i in range(n_texts)))
    records = read_records(path, "jsonl", "text", "label", header=None, quoting=csv.QUOTE_MINIMAL)
    chunks = list(read_chunks(((text, label) for _, text, label in records), 3))
    assert [len(texts) for texts, _ in chunks] == [len(labels) for _, labels in chunks] == sizes
    assert [text for texts, _ in chunks for text in texts] == [f"t{i}" for i in range(n_texts)]
    assert [label for _, labels in chunks for label in labels] == list(range(n_texts))


def test_a_chunk_of_long_texts_has_few():
    records = [("a" * 2**13, None)] * 5
    assert [len(texts) for texts, _ in read_chunks(records, 4)] == [2, 2, 1]


def test_a_chunk_is_there_before_the_next_record_is_read():
    def records():
        yield "a", 1
        yield "b", 2
        raise ValueError("line 3")

    chunks = read_chunks(records(), 2)
    assert next(chunks) == (["a", "b"], [1, 2])
    with pytest.raises(ValueError, match="line 3"):
        next(chunks)
