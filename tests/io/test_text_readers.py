"""Readers of labelled texts: CSV, TSV, JSON Lines, fastText lines; broken files."""

import gzip
import io
import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from sklearn_rnn._io import byte_streams, text_readers, text_tables
from sklearn_rnn.datasets import read_texts
from tests.io.files import assert_fails_with

SURROGATES = re.compile("[\ud800-\udfff]")

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
        '{"text": "two\tfields", "label": 1}\n',
        "{path}, line 1: not valid JSON: Invalid control character at character 14.",
    ),
    (
        "a.jsonl",
        '{"text": "words\n',
        "{path}, line 1: not valid JSON: Unterminated string starting at character 10.",
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


# JSON Lines


def read_json(*lines, **options):
    source = io.BytesIO("\n".join(lines).encode())
    bunch = read_texts(source, format="jsonl", **options)
    return list(zip(bunch.data, bunch.target, strict=True))


def assert_json_fails(message, *lines):
    with pytest.raises(ValueError, match=rf"^<stream>, line {re.escape(message)}\Z"):
        read_json(*lines)


FINE = '{"text": "words", "label": "x"}'


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("NaN", "NaN"),
        ("Infinity", "Infinity"),
        ("-Infinity", "-Infinity"),
        ("1e999", "Infinity"),
        ("-1e999", "-Infinity"),
        (json.dumps(float("nan")), "NaN"),
        ("[NaN]", "an array"),
        ("[]", "an array"),
        ('{"a": {"b": 1}}', "an object"),
        ("{}", "an object"),
    ],
)
def test_json_values_that_are_neither_text_nor_label(value, shown):
    assert_json_fails(
        "2: the label 'label' must be a string, a finite number, true or false; got " + shown + ".",
        FINE,
        f'{{"text": "words", "label": {value}}}',
    )
    assert_json_fails(
        f"2: the text 'text' must be a string; got {shown}.",
        FINE,
        f'{{"text": {value}, "label": "x"}}',
    )
    other = f'{{"text": "words", "label": "x", "other": {value}}}'
    assert read_json(FINE, other) == [("words", "x")] * 2


@pytest.mark.parametrize("value", ["1", "-0.5", "1e3", "true", "false", "1" * 45])
def test_json_numbers_are_no_texts(value):
    shown = {"1e3": "1000.0", "1" * 45: "1" * 40 + "..."}.get(value, value)
    assert_json_fails(
        f"1: the text 'text' must be a string; got {shown}.", f'{{"text": {value}, "label": "x"}}'
    )


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["9007199254740993", "9007199254740992"], [2**53 + 1, 2**53]),
        (["9223372036854775807", "1"], ["9223372036854775807", "1"]),
        (["18446744073709551615", "-1"], ["18446744073709551615", "-1"]),
        (["100000000000000000000000000000", "1"], ["1" + "0" * 29, "1"]),
        (["1", "1.0"], ["1", "1.0"]),
        (["true", "1"], ["true", "1"]),
    ],
)
def test_large_and_mixed_json_labels_stay_distinct(labels, expected):
    lines = [f'{{"text": "words", "label": {label}}}' for label in labels]
    assert [label for _, label in read_json(*lines)] == expected


@pytest.mark.parametrize("value", ["1" * 5000, "-" + "1" * 100_000])
@pytest.mark.parametrize("key", ["label", "text", "other"])
def test_json_numbers_of_too_many_digits(key, value):
    with pytest.raises(
        ValueError, match=r"^<stream>, line 2: the JSON cannot be read: Exceeds the"
    ):
        read_json(FINE, f'{{"text": "words", "label": "x", "{key}_": {value}}}')


@pytest.mark.parametrize("nesting", ["[" * 100_000, '{"a":' * 100_000, "[" * 10**5 + "]" * 10**5])
@pytest.mark.parametrize("key", ["label", "text", "other"])
def test_json_of_too_much_nesting(key, nesting):
    with pytest.raises(ValueError, match=r"^<stream>, line 2: the JSON cannot be read: "):
        read_json(FINE, f'{{"text": "words", "label": "x", "{key}": {nesting}}}')


@pytest.mark.parametrize("key", ["text", "label"])
@pytest.mark.parametrize("value", [r"\ud800", r"words \udc00", r"\ude00\ud83d", r"\uD83Dx"])
def test_json_strings_with_half_a_character(key, value):
    record = {"text": "words", "label": "x"}
    line = json.dumps({**record, key: "VALUE"}).replace("VALUE", value)
    found = SURROGATES.search(json.loads(f'"{value}"'))[0]
    assert_json_fails(
        f"2: the {key} {key!r} has {found!r}, which is half of a character. Write the other half "
        "too, or take it out.",
        FINE,
        line,
    )


@pytest.mark.parametrize("key", ["text", "label"])
def test_json_keys_that_occur_twice(key):
    line = f'{{"text": "words", "label": "x", "\\u00{ord(key[0]):x}{key[1:]}": "other"}}'
    assert_json_fails(f"2: the key {key!r} occurs 2 times. Leave one of them.", FINE, line)
    other = '{"text": "words", "label": "x", "a": {"text": 1}, "b": 1, "b": 2}'
    assert read_json(FINE, other) == [("words", "x")] * 2


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(blacklist_categories=["Cs"])).filter(str.strip),
            st.text(st.characters(blacklist_categories=["Cs"])).filter(str.strip),
        ),
        min_size=1,
    ),
    st.booleans(),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_json_lines_are_read_back(rows, ascii_only, end):
    lines = [
        json.dumps({"text": text, "label": label}, ensure_ascii=ascii_only) for text, label in rows
    ]
    assert read_texts(io.StringIO(end.join(lines)), format="jsonl").data.tolist() == [
        text for text, _ in rows
    ]
    assert [label for _, label in read_json(*lines)] == [label for _, label in rows]


# fastText lines


def read_fasttext(content, **options):
    bunch = read_texts(io.StringIO(content), format="fasttext", **options)
    target = bunch.target
    return list(zip(bunch.data, target, strict=True)) if target is not None else bunch.data.tolist()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [True, False])
def test_fasttext_lines_of_any_end(end, last):
    lines = ["__label__a one", "__label__b two three", "__label__a four"]
    content = end.join(lines) + end * last
    expected = [("one", "a"), ("two three", "b"), ("four", "a")]
    assert read_fasttext(content) == expected
    assert read_fasttext(content, label=None) == [text for text, _ in expected]


def test_fasttext_lines_of_mixed_ends():
    content = "__label__a one\n__label__b two\r__label__a three\r\n"
    assert read_fasttext(content) == [("one", "a"), ("two", "b"), ("three", "a")]
    message = (
        r"^<stream>, line 2: some lines up to here end in '\\r' alone, and others in '\\n'\. "
        r"A '\\r' may therefore be part of a text\. End all lines in '\\n'\.\Z"
    )
    with pytest.raises(ValueError, match=message):
        read_fasttext(content, label=None)
    with pytest.raises(ValueError, match="line 2: the line doesn't begin with a label"):
        read_fasttext("__label__a one\rtwo\n__label__b three\n")


@pytest.mark.parametrize("character", "\x1c\x1d\x1e\x85\xa0\u2003\u2028\u2029\u3000")
def test_separators_that_are_none_in_fasttext(character):
    content = f"__label__a{character}b {character}one{character}two{character}\n"
    assert read_fasttext(content) == [
        (f"{character}one{character}two{character}", f"a{character}b")
    ]


@pytest.mark.parametrize("options", [{}, {"label": None}], ids=["labels", "texts"])
@pytest.mark.parametrize("lines", ["__label__a one", "__label__a one two", "__label__a"])
@pytest.mark.parametrize("end", "\v\f\x1c\x1d\x1e\x85\u2028\u2029")
def test_fasttext_lines_that_end_as_in_no_other_format(end, lines, options):
    content = f"__label__b first\n{lines}{end}__label__b last{end}"
    blanks = end in "\v\f" and lines == "__label__a"
    message = (
        "line 2: the line has 2 labels, '__label__a', '__label__b'. "
        if blanks and not options
        else f"line 2: {end!r}, which does not end a line, is before a label. End all lines in "
        "'\\n', or write a space instead of this character."
    )
    with pytest.raises(ValueError, match=rf"^<stream>, {re.escape(message)}"):
        read_fasttext(content, **options)


@pytest.mark.parametrize("blank", " \t\v\f\0")
def test_separators_of_fasttext(blank):
    content = f"{blank}__label__a{blank}{blank}one{blank}two{blank}\n"
    assert read_fasttext(content) == [(f"one{blank}two", "a")]
