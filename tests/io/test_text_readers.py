"""Readers of labelled texts: CSV, TSV, JSON Lines, fastText lines, folders; broken files."""

import csv
import gzip
import json
import re

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_rnn._io import byte_streams, text_readers, text_tables
from sklearn_rnn.datasets import read_texts
from tests.io.files import assert_fails_with

REVIEW_CSV = 'stars,review\n5,"Loved it, ""truly"""\n1,"Never\nagain"\n'


REVIEWS = ['Loved it, "truly"', "Never\nagain"]


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "A.CSV", "a.csv.orig"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_csv_gzipped_or_not_whatever_its_name(write, name, pack, bom, line_end):
    content = bom + REVIEW_CSV.replace("\n", line_end).encode()
    format = "csv" if name.endswith("orig") else None
    bunch = read_texts(write(name, pack(content)), text="review", label="stars", format=format)
    assert_array_equal(bunch.data, [text.replace("\n", line_end) for text in REVIEWS])
    assert_array_equal(bunch.target, [5, 1])


def test_tsv_with_the_default_names_from_a_str_path(write):
    path = write("a.tsv", "text\tlabel\nYes, yes\tgood\n")
    bunch = read_texts(str(path))
    assert bunch.data.tolist() == ["Yes, yes"]
    assert bunch.target.tolist() == ["good"]


def test_positions_mean_no_header_and_several_columns_are_joined(write):
    path = write("a.csv", "7,Title,Body\n8,,Body alone\n")
    bunch = read_texts(path, text=[1, 2], label=0)
    assert bunch.data.tolist() == ["Title Body", "Body alone"]
    assert bunch.target.tolist() == [7, 8]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["1", "-2", "0"], [1, -2, 0]),
        (["1", "-2", "x"], ["1", "-2", "x"]),
        (["1", "007"], ["1", "007"]),
        (["1", "+1"], ["1", "+1"]),
        (["1", "-0"], ["1", "-0"]),
        (["1", "0.5"], ["1", "0.5"]),
        (["1", "²"], ["1", "²"]),
        (["1", "9" * 19], ["1", "9" * 19]),
    ],
)
def test_csv_labels_are_integers_if_all_are(write, labels, expected):
    path = write("a.csv", "".join(f"text,{label}\n" for label in labels))
    assert read_texts(path, text=0, label=1).target.tolist() == expected


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([1, 2], [1, 2]),
        (["1", "2"], ["1", "2"]),
        ([1, "b"], ["1", "b"]),
        ([True, False], ["true", "false"]),
        ([4.5, 1], ["4.5", "1"]),
    ],
)
def test_json_labels_keep_their_type_if_it_is_one_for_classes(write, labels, expected):
    lines = [json.dumps({"text": "words", "label": label}) + "\n" for label in labels]
    assert read_texts(write("a.jsonl", "".join(lines))).target.tolist() == expected


def test_json_lines_join_keys_and_keep_any_character(write):
    path = write(
        "a.ndjson.gz", gzip.compress('{"t": "A", "b": "é\u2028ё\\nz", "y": "x"}\n'.encode())
    )
    assert read_texts(path, text=["t", "b"], label="y").data.tolist() == ["A é\u2028ё\nz"]


@pytest.mark.parametrize("name", ["a.ft", "a.ft.txt", "a.fasttext", "a.ft.txt.gz"])
def test_fasttext_lines(write, name):
    bunch = read_texts(write(name, "__label__1 so so __label__2\n__label__b\tfine\r\n"))
    assert bunch.data.tolist() == ["so so __label__2", "fine"]
    assert bunch.target.tolist() == ["1", "b"]


def test_folder_per_class_in_the_order_of_names(write, tmp_path):
    write("pos/2.txt", "two\n")
    write("pos/1.txt.gz", gzip.compress(b"one"))
    write("neg/a.txt", "bad")
    write("neg/notes.md", "not a text")
    write(".hidden/a.txt", "not a class")
    with pytest.warns(UserWarning, match="1 of its entries are left out: 'neg/notes.md'"):
        bunch = read_texts(tmp_path)
    assert bunch.data.tolist() == ["bad", "one", "two\n"]
    assert bunch.target.tolist() == ["neg", "pos", "pos"]


def test_without_labels_the_target_is_none(write, tmp_path):
    paths = [
        write("a.csv", "text\nwords\n"),
        write("a.jsonl", '{"text": "words"}'),
        write("a.ft", "words"),
        write("b.ft", "__label__1 __label__2 words"),
        write("folder/a.txt", "words").parent,
    ]
    for path in paths:
        bunch = read_texts(path, label=None)
        assert bunch.data.tolist() == ["words"]
        assert bunch.target is None


def test_a_field_may_be_longer_than_csv_takes_and_its_limit_is_left_as_it_was(write):
    limit = csv.field_size_limit()
    text = "x" * (limit + 1)
    assert read_texts(write("a.csv", f"{text},1\n"), text=0, label=1).data.tolist() == [text]
    assert csv.field_size_limit() == limit


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "text,label\nwords,x\n\n\r\n"),
        ("a.jsonl", '{"text": "words", "label": "x"}\n\n \n'),
        ("a.ft", "__label__x words\n\n\n"),
    ],
)
def test_blank_lines_at_the_end_are_no_rows(write, name, content):
    assert read_texts(write(name, content)).data.tolist() == ["words"]


ARE_TEXT = (
    "If quotes are part of the texts, pass quoting=csv.QUOTE_NONE (on the command line: --quoting "
    "none)."
)

ROW = "Fill it in or leave the row out."


BROKEN = [
    ("a.csv", "", "{path} is empty."),
    ("a.csv", "\n\n", "{path} holds no texts."),
    ("a.csv", "text,label\n", "{path} holds no texts."),
    (
        "a.csv",
        'text,label\n"two\nlines",x\n"more\nlines",x,y\n',
        "{path}, line 4: the row has 3 field(s), and the first row has 2. Put a field that holds a "
        "',' or a line break in double quotes. " + ARE_TEXT,
    ),
    (
        "a.tsv",
        "text\tlabel\nwords\n",
        "{path}, line 2: the row has 1 field(s), and the first row has 2. Put a field that holds a "
        r"'\t' or a line break in double quotes.",
    ),
    (
        "a.csv",
        'text,label\n"fine",x\n"not closed,x\nwords,y\n',
        "{path}, line 3: the quote that opens a field here is never closed. Close it. " + ARE_TEXT,
    ),
    (
        "a.csv",
        'text,label\n"a "quoted" word",x\n',
        "{path}, line 2: the quoted field that begins here is followed by 'q', not by ','. Double "
        "the quotes inside a quoted field. " + ARE_TEXT,
    ),
    (
        "a.csv",
        b"text,label\nfine,x\nna\xefve,x\n",
        "{path}, line 3: byte 3 of the line, 0xef, is not UTF-8. Save the file as UTF-8.",
    ),
    ("a.csv", "text,label\nwords,\n", "{path}, line 2: there is no label. " + ROW),
    ("a.csv", 'text,label\n"two\nlines",x\n" ",x\n', "{path}, line 4: there is no text. " + ROW),
    (
        "a.csv",
        "text,label\nwords,x\n\nwords,x\n",
        "{path}, line 3: the line is blank. Fill it in or take it out.",
    ),
    (
        "a.jsonl",
        '{"text": "words", "label": 1}\n{"text": "words", label: 1}\n',
        "{path}, line 2: not valid JSON: Expecting property name enclosed in double quotes at "
        "character 19.",
    ),
    (
        "a.jsonl",
        '["words", 1]',
        "{path}, line 1: not a JSON object. JSON Lines have one object a line.",
    ),
    (
        "a.jsonl",
        '{"text": "words", "stars": 1}',
        "{path}, line 1: there is no key 'label'. The keys are 'text', 'stars'.",
    ),
    ("a.jsonl", '{"text": null, "label": 1}', "{path}, line 1: there is no text. " + ROW),
    ("a.jsonl", '{"text": "words", "label": null}', "{path}, line 1: there is no label. " + ROW),
    (
        "a.jsonl",
        '{"text": 1, "label": 1}',
        "{path}, line 1: the text 'text' must be a string; got 1.",
    ),
    (
        "a.jsonl",
        '{"text": "words", "label": [1]}',
        "{path}, line 1: the label 'label' must be a string, a finite number, true or false; got "
        "an array.",
    ),
    (
        "a.ft",
        "__label__x words\nwords\n",
        "{path}, line 2: the line doesn't begin with a label, as in '__label__name'.",
    ),
    (
        "a.ft",
        "__label__x __label__y words\n",
        "{path}, line 1: the line has 2 labels, '__label__x', '__label__y'. Give each text exactly "
        "one label.",
    ),
    ("a.ft", "__label__x\n", "{path}, line 1: there is no text. " + ROW),
]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize(("name", "content", "message"), BROKEN)
def test_a_broken_file_is_named_with_the_line(write, name, content, message, pack):
    content = content.encode() if isinstance(content, str) else content
    assert_fails_with(message, write(name, pack(content)))


@pytest.mark.parametrize(("name", "content", "message"), BROKEN)
def test_a_broken_file_is_closed_while_its_traceback_is_kept(
    write, monkeypatch, name, content, message
):
    """If the garbage collector closed it later, a ResourceWarning would appear in other code."""
    streams = []

    def open_bytes(path):
        streams.append(byte_streams.open_bytes(path))
        return streams[-1]

    for module in (text_readers, text_tables):
        monkeypatch.setattr(module, "open_bytes", open_bytes)
    path = write(name, content)
    assert_fails_with(message, path)
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        read_texts(path)
    assert [stream.closed for stream in streams] == [True, True]
    assert raised.tb is not None


def test_a_gzip_file_cut_in_half(write):
    rng = np.random.RandomState(0)
    packed = gzip.compress("".join(f"{n},x\n" for n in rng.randint(1e9, size=10_000)).encode())
    path = write("a.csv.gz", packed[: len(packed) // 2])
    message = (
        rf"^{re.escape(str(path))}, line \d+: the gzip data are cut off or damaged from about here "
        r"\(Compressed file ended before the end-of-stream marker was reached\)\. "
        r"Get the file again\.$"
    )
    with pytest.raises(ValueError, match=message) as error:
        read_texts(path, text=0, label=1)
    assert 3_000 < int(re.search(r"line (\d+)", str(error.value))[1]) < 7_000


def test_a_gzip_file_that_is_damaged(write):
    packed = bytearray(gzip.compress(b"words,x\n"))
    packed[-8] ^= 1
    with pytest.raises(ValueError, match=r"cut off or damaged from about here \(CRC check failed"):
        read_texts(write("a.csv.gz", packed), text=0, label=1)


def test_a_folder_without_classes_or_texts(write, tmp_path):
    assert_fails_with(
        "{path} has no sub-folders. A folder of labelled texts has one for each class; for texts "
        "without labels pass label=None.",
        write("flat/a.txt", "words").parent,
    )
    empty_class = write("classes/x/a.md", "words").parent
    message = (
        f"{empty_class} has no .txt files, compressed or not. It has 1 other file(s), the first is "
        "'a.md'. Rename them so that they end in .txt, or read them with "
        "sklearn.datasets.load_files."
    )
    with pytest.raises(ValueError, match=rf"^{re.escape(message)}\Z"):
        read_texts(tmp_path / "classes")


def test_a_broken_file_in_a_folder(write, tmp_path):
    broken = write("x/a.txt", b"fine\n\xff")
    message = f"{broken}, line 2: byte 1 of the line, 0xff, is not UTF-8. Save the file as UTF-8."
    with pytest.raises(ValueError, match=rf"^{re.escape(message)}\Z"):
        read_texts(tmp_path)
    broken.write_text(" \n")
    message = f"{broken}: there is no text. {ROW}"
    with pytest.raises(ValueError, match=rf"^{re.escape(message)}\Z"):
        read_texts(tmp_path)
