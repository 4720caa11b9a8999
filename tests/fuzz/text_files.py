"""Target: `read_texts` of each format of files."""

import csv
import io
import json

from sklearn_rnn.datasets import read_texts
from tests.fuzz.inputs import check_error, make_source, pick, split

FORMATS = ["csv", "tsv", "jsonl", "fasttext"]

QUOTING = [csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONE]

COLUMNS = [
    {},
    {"label": None},
    {"text": 0, "label": 1},
    {"text": [0, 1], "label": None},
    {"text": 1, "label": 0, "header": True},
    {"text": ["text", "title"]},
]


def check(data):
    options, content = split(data, 6)
    format = pick(options[0], FORMATS)
    arguments = {}
    if format != "fasttext":
        arguments |= pick(options[1], COLUMNS)
    elif options[1] % 2:
        arguments["label"] = None
    if format in ("csv", "tsv"):
        arguments["quoting"] = pick(options[2], QUOTING)
    else:
        arguments.pop("header", None)
    if format == "jsonl" and isinstance(arguments.get("text", ""), int | list):
        arguments |= {"text": "text", "label": "label"}
    try:
        read = read_texts(make_source(content, options[3:]), format=format, **arguments)
    except ValueError as error:
        check_error(error, "<stream>")
        return
    check_texts(read, arguments)
    check_written(read)
    if format in ("csv", "tsv") and options[3:5] == b"\0\0":
        check_like_the_module_csv(read, content, "\t" if format == "tsv" else ",", arguments)


def check_texts(read, arguments):
    assert len(read.data) > 0
    assert all(type(text) is str and text.strip() for text in read.data)
    assert (read.target is None) == (arguments.get("label", "label") is None)
    if read.target is not None:
        assert len(read.target) == len(read.data)
        assert all(str(label).strip() for label in read.target)


def check_written(read):
    """Assert that texts and labels are read as they were written."""
    labels = ["x"] * len(read.data) if read.target is None else read.target.tolist()
    file = io.StringIO(newline="")
    csv.writer(file).writerows([("text", "label"), *zip(read.data, labels, strict=True)])
    lines = [json.dumps({"text": t, "label": y}) for t, y in zip(read.data, labels, strict=True)]
    for content, format in [(file.getvalue(), "csv"), ("\n".join(lines), "jsonl")]:
        again = read_texts(io.StringIO(content, newline=""), format=format)
        assert again.data.tolist() == read.data.tolist()
        # Numerals in CSV are read as integers.
        assert list(map(str, again.target)) == list(map(str, labels))


def check_like_the_module_csv(read, content, separator, arguments):
    text = content.decode("utf-8-sig")
    file = io.StringIO(text, newline="")
    quoting = arguments["quoting"]
    rows = [row for row in csv.reader(file, delimiter=separator, quoting=quoting) if row]
    columns = arguments.get("text", "text")
    columns = columns if isinstance(columns, list) else [columns]
    if isinstance(columns[0], str):
        columns = [rows[0].index(column) for column in columns]
        del rows[0]
    elif arguments.get("header"):
        del rows[0]
    texts = [[row[column] for column in columns] for row in rows]
    texts = [" ".join(field for field in fields if field.strip()) for fields in texts]
    assert read.data.tolist() == texts
