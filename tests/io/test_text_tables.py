"""Reader of comma- and tab-separated values, compared with the module csv."""

import csv
import io
import random
import re
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from sklearn_rnn._io.text_records import ColumnArgument
from sklearn_rnn._io.text_tables import _RowReader
from sklearn_rnn.datasets import read_texts

ARE_TEXT = (
    "If quotes are part of the texts, pass quoting=csv.QUOTE_NONE (on the command line: --quoting "
    "none)."
)


def read(content, format="csv", text="text", label="label", **options):
    bunch = read_texts(io.StringIO(content), format=format, text=text, label=label, **options)
    return list(zip(bunch.data, bunch.target, strict=True))


def assert_fails(message, content, **options):
    with pytest.raises(ValueError, match=rf"^<stream>{re.escape(message)}\Z"):
        read(content, **options)


# Rows, as the module csv splits them


def rows_of_csv(content, separator):
    """Return the rows of the module csv, or None where it raises an error."""
    try:
        return list(csv.reader(io.StringIO(content, newline=""), delimiter=separator, strict=True))
    except csv.Error:
        return None


def rows_of_reader(content, separator):
    """Return the rows of the package, or None where it raises an error."""
    lines = io.StringIO(content, newline="")
    try:
        reader = _RowReader("a", lines, separator, csv.QUOTE_MINIMAL)
        return [row for _, row in reader.read()]
    except ValueError:
        return None


@settings(max_examples=1000)
@given(st.text('",;\n\rab é\t', max_size=30), st.sampled_from(",\t"))
@example('a,"b""', ",")
@example('"a"""\n', ",")
@example('"a""\n"""b', ",")
@example('"a\r\r\n\n""",""\r""', ",")
def test_rows_are_those_of_the_module_csv(content, separator):
    expected = rows_of_csv(content, separator)
    found = rows_of_reader(content, separator)
    widths = {len(row) for row in expected or [] if row}
    if expected is None or len(widths) > 1:
        assert found is None
    elif found is None:  # swallowed rows, or a carriage return that may be part of a text
        assert separator == "\t" or widths == {1}
    else:
        assert found == expected


FIELDS = st.text(
    st.one_of(
        st.characters(blacklist_categories=["Cs"]), st.sampled_from(list("\",;'\t\n\r\0\u2028\x0b"))
    )
).filter(str.strip)
TABLES = st.lists(st.tuples(FIELDS, FIELDS), min_size=1)


def as_expected(rows):
    """Return the rows with labels as integers, if all are numerals."""
    target = pd.Series([label for _, label in rows])
    if target.str.fullmatch("0|-?[1-9][0-9]{0,17}").all():
        return [(text, int(label)) for text, label in rows]
    return rows


@given(TABLES, st.sampled_from(["\n", "\r\n", "\r"]))
def test_csv_of_the_module_csv_is_read_back(rows, end):
    content = io.StringIO(newline="")
    # The module leaves a "\r" in a field without quotes if lines do not end in it.
    has_ends = any(end in field for row in rows for field in row for end in "\r\n")
    quoting = csv.QUOTE_ALL if has_ends else csv.QUOTE_MINIMAL
    writer = csv.writer(content, lineterminator=end, quoting=quoting)
    writer.writerows([("text", "label"), *rows])
    assert read(content.getvalue()) == as_expected(rows)


@given(TABLES)
def test_csv_of_pandas_is_read_back_or_refused(rows):
    # Without quotes, a "\r" at the end of a row is part of the line end.
    assume(not any(label.endswith("\r") for _, label in rows))
    content = pd.DataFrame(rows, columns=["text", "label"]).to_csv(index=False, lineterminator="\n")
    try:
        assert read(content) == as_expected(rows)
    except ValueError:
        assert any("\r" in field for row in rows for field in row)


@given(st.lists(FIELDS, min_size=1))
def test_csv_of_one_column_of_pandas_is_read_back_or_refused(texts):
    content = pd.DataFrame({"text": texts}).to_csv(index=False, lineterminator="\n")
    try:
        found = read_texts(io.StringIO(content), format="csv", label=None).data.tolist()
    except ValueError:
        assert any("\r" in text for text in texts)
    else:
        # Without quotes, a "\r" at the end of a text is part of the line end.
        assert [text.removesuffix("\r") for text in found] == [
            text.removesuffix("\r") for text in texts
        ]


def test_a_carriage_return_in_a_column_that_is_the_only_one():
    message = (
        "<stream>, line 2: some lines up to here end in '\\r' alone, and others in '\\n'. A '\\r' "
        "may therefore be part of a text. End all lines in '\\n'."
    )
    for content in ("text\none\rtwo\n", "text\rone\ntwo\r", "text\rone\r\n"):
        with pytest.raises(ValueError, match=rf"^{re.escape(message)}\Z"):
            read_texts(io.StringIO(content), format="csv", label=None)
    content = 'text\r\n"one\rtwo"\r\nthree\nfour'
    found = read_texts(io.StringIO(content), format="csv", label=None).data.tolist()
    assert found == ["one\rtwo", "three", "four"]


@given(TABLES, st.sampled_from([("csv", ","), ("tsv", "\t")]))
def test_tables_of_pandas_with_all_fields_in_quotes_are_read_back(rows, format):
    name, separator = format
    table = pd.DataFrame(rows, columns=["text", "label"])
    content = table.to_csv(index=False, sep=separator, quoting=csv.QUOTE_ALL, lineterminator="\n")
    assert read(content, name, quoting=csv.QUOTE_ALL) == as_expected(rows)


@given(
    st.lists(
        st.tuples(*[FIELDS.filter(lambda field: not set(field) & set("\t\n\r"))] * 2), min_size=1
    ),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_tsv_without_quoting_is_read_back(rows, end):
    content = end.join(map("\t".join, [("text", "label"), *rows]))
    assert read(content, "tsv", quoting=csv.QUOTE_NONE) == as_expected(rows)


@given(TABLES)
def test_tsv_of_the_module_csv_is_read_back_or_refused(rows):
    content = io.StringIO(newline="")
    csv.writer(content, "excel-tab").writerows([("text", "label"), *rows])
    try:
        assert read(content.getvalue(), "tsv") == as_expected(rows)
    except ValueError as error:
        assert "swallowed rows" in str(error)  # noqa: PT017
        fields = [field for row in rows for field in row]
        assert any("\t" in field and ("\n" in field or "\r" in field) for field in fields)


@pytest.mark.parametrize("n_lines", [1, 1000])
def test_a_long_field_takes_time_in_proportion(n_lines):
    """A quadratic splitter would take hours."""
    text = ('""' * 500 + "\n" + "word, " * 500 + "\n") * n_lines
    assert read(f'text,label\n"{text}",x\n') == [(text.replace('""', '"'), "x")]


# Lengths of fields, which the module csv limits for the whole process


@pytest.fixture
def field_size_limit():
    before = csv.field_size_limit()
    yield csv.field_size_limit
    csv.field_size_limit(before)


@pytest.mark.parametrize("limit", [1, 131_072])
@pytest.mark.parametrize("quote", ["", '"'])
def test_a_field_may_be_longer_than_the_limit_of_the_module_csv(field_size_limit, limit, quote):
    field_size_limit(limit)
    text = "word, " * 50_000 if quote else "word " * 50_000
    assert read(f"text,label\n{quote}{text}{quote},x\n") == [(text, "x")]
    assert field_size_limit() == limit


def test_threads_read_at_once_while_others_set_the_limit(field_size_limit):
    text = "x" * 200_000
    content = f"text,label\n{text},x\n"
    with ThreadPoolExecutor(9) as pool:
        reads = [pool.submit(read, content) for _ in range(100)]
        limits = {pool.submit(field_size_limit, 10).result() for _ in range(100)}
        assert all(one.result() == [(text, "x")] for one in reads)
    assert limits <= {131_072, 10}
    assert field_size_limit() == 10


# Quotes that are part of the texts


SWALLOWED = (
    "the quoted field that begins here has a line break and a tab in it, and has probably "
    f"swallowed rows. {ARE_TEXT} If not, put all fields in quotes and pass "
    "quoting=csv.QUOTE_ALL, or save the file as CSV."
)
NOT_CLOSED = f"the quote that opens a field here is never closed. Close it. {ARE_TEXT}"


@pytest.mark.parametrize(
    ("rows", "line", "message"),
    [
        # The number of fields comes out right.
        (["a\tx", '"Hi\tx', 'said"\tx'], 3, SWALLOWED),
        (["a\tx", '"Hi\tx', "b\tx", 'said"\tx', "c\tx"], 3, SWALLOWED),
        (["a\tx", '"Hi\tx', "broken", 'said"\tx', "c\tx"], 3, SWALLOWED),
        # The quote is in the last column.
        (['x\t"Hi', 'y\tb"', "z\tc"], 2, SWALLOWED),
        (['x\t"Hi', "y\tb", 'z\tc"'], 2, SWALLOWED),
        # The quote is in both.
        (['"x"\t"Hi', 'y\tb"'], 2, SWALLOWED),
        # The quote is never closed, or not before the end of a field.
        (["a\tx", '"Hi\tx', "b\tx"], 3, NOT_CLOSED),
        (["a\tx", 'x\t"Hi', "b\tx"], 3, NOT_CLOSED),
        (["a\tx", '"', "b\tx"], 3, NOT_CLOSED),
        (
            ["a\tx", '"Hi" he said\tx'],
            3,
            r"the quoted field that begins here is followed by ' ', not by '\t'. Double the "
            f"quotes inside a quoted field. {ARE_TEXT}",
        ),
        # Without a tab among the lines, the number of fields is wrong.
        (
            ['x\t"Hi', 'all"\tx'],
            2,
            "the row has 3 field(s), and the first row has 2. Put a field that holds a '\\t' or a "
            f"line break in double quotes. {ARE_TEXT}",
        ),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_quote_of_tsv_without_quoting_is_named_with_its_line(rows, line, message, end):
    content = end.join(["text\tlabel", *rows])
    assert_fails(f", line {line}: {message}", content, format="tsv")


@pytest.mark.parametrize("columns", [{"text": 0, "label": 1}, {"text": "a", "label": "x"}])
def test_a_quote_of_tsv_in_the_first_row_or_after_it(columns):
    first = "" if columns["text"] == 0 else "a\tx\n"
    line = 1 if columns["text"] == 0 else 2
    content = f'{first}"Hi\tx\nsaid"\tx\nb\tx\n'
    assert_fails(f", line {line}: {SWALLOWED}", content, format="tsv", **columns)


def test_a_quote_of_tsv_with_one_column():
    with pytest.raises(ValueError, match=f"^<stream>, line 2: {re.escape(NOT_CLOSED)}"):
        read_texts(io.StringIO('text\n"Hi\nhe\n'), format="tsv", label=None)
    message = SWALLOWED.replace(" and a tab in it", " in it")
    with pytest.raises(ValueError, match=f"^<stream>, line 2: {re.escape(message)}"):
        read_texts(io.StringIO('text\n"Hi\nall"\n'), format="tsv", label=None)
    found = read_texts(io.StringIO('text\n"Hi\nall"\n'), label=None, format="csv")
    assert found.data.tolist() == ["Hi\nall"]


@pytest.mark.parametrize(
    "row",
    [
        ("one\ntwo", "x"),
        ("one\ttwo", "x"),
        ("one\n\ntwo\tthree", "x"),
        ("one\t\n", "x\ty\t"),
        ('"Hi\n', "x\ny"),
    ],
)
def test_quotes_of_tsv_that_are_right(row):
    """Without quoting, the first or the last line would not be a row of two fields."""
    content = io.StringIO(newline="")
    csv.writer(content, "excel-tab").writerows([("text", "label"), row, ("z", "z")])
    assert read(content.getvalue(), "tsv") == [row, ("z", "z")]


def test_quotes_are_characters_without_quoting():
    rows = [('"Hi', "x"), ('a "b"', '"y"'), ('"', "z"), ('""', "w")]
    for format, separator in (("csv", ","), ("tsv", "\t")):
        content = "\n".join(map(separator.join, [("text", "label"), *rows]))
        assert read(content, format, quoting=csv.QUOTE_NONE) == rows
    assert_fails(
        ", line 2: the row has 3 field(s), and the first row has 2. Without quoting, there can't "
        "be a field that holds a ',' or a line break.",
        'text,label\n"a,b",x',
        quoting=csv.QUOTE_NONE,
    )


def test_all_fields_in_quotes():
    content = '"text"\t"label"\n"one\ttwo\nthree"\t"x"\n'
    assert read(content, "tsv", quoting=csv.QUOTE_ALL) == [("one\ttwo\nthree", "x")]
    for row, field in (("a\tb", "a"), ('"a"\tb ', "b"), ('a\t"b"', "a"), ('"a"\t', "")):
        assert_fails(
            f", line 4: the field {field!r} is not in quotes, and quoting=csv.QUOTE_ALL means that "
            "all are. Pass quoting=csv.QUOTE_MINIMAL.",
            f"{content}{row}\n",
            format="tsv",
            quoting=csv.QUOTE_ALL,
        )


# Errors name the line of the field


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_an_error_names_the_line_of_the_field_in_a_row_of_several_lines(end):
    rows = ["text,label", '"two', 'lines","a', 'b"', '"more', 'lines","not', "closed", ""]
    assert_fails(f", line 6: {NOT_CLOSED}", end.join(rows))
    rows[5:7] = ['lines","a', 'b"c']
    assert_fails(
        ", line 6: the quoted field that begins here is followed by 'c', not by ','. Double the "
        f"quotes inside a quoted field. {ARE_TEXT}",
        end.join(rows),
    )
    rows[5:7] = ['lines",a,b', "c,d"]
    with pytest.raises(ValueError, match="line 5: the row has 3"):
        read(end.join(rows))


# Headers


def first_texts(content, text, header):
    bunch = read_texts(io.StringIO(content), format="csv", text=text, label=None, header=header)
    return bunch.data.tolist()


@pytest.mark.parametrize(
    ("first_row", "text"),
    [("0,1", "0"), ("0,1", "1"), ("x,1", "1"), ("2019,x", "2019"), ("2,x", "2"), ("x,1.0", "1.0")],
)
@pytest.mark.parametrize("header", [None, True])
def test_a_name_may_be_a_number(first_row, text, header):
    column = first_row.split(",").index(text)
    assert first_texts(f"{first_row}\na,b\n", text, header) == ["ab"[column]]


IS_DATA = "If the first row is data, pass positions of type int (on the command line: --no-header)."


@pytest.mark.parametrize(("first_row", "text"), [("1,0", "0"), ("1,0", "1"), ("1,x", "1")])
def test_an_argument_that_may_be_a_position_is_refused(first_row, text):
    content = f"{first_row}\na,b\n"
    column = first_row.split(",").index(text)
    argument = ColumnArgument(text)
    for name, header in ((text, None), (text, True), (argument, True)):
        assert first_texts(content, name, header) == ["ab"[column]]
    message = (
        f": {text!r} is in the first row the name of column {column}, and it may be the position "
        "of another. If it is a name, pass --header. If the first row is data, pass --no-header."
    )
    assert_fails(message, content, text=argument, label=None)
    assert_fails(message, content, text=text, label=argument)


def test_a_number_that_is_no_name_may_be_a_position():
    assert_fails(f" has no column '2'. Its columns are 'x', 'y'. {IS_DATA}", "x,y\na,b\n", text="2")


def test_a_header_and_positions():
    content = "a,text,text\n1,one,x\n2,two,y\n"
    assert read(content, text=1, label=2, header=True) == [("one", "x"), ("two", "y")]
    for header in (False, None):
        assert read(content, text=1, label=2, header=header)[0] == ("text", "text")
    assert read("text,label\none,x\n", header=True) == [("one", "x")]
    message = (
        "header=False means that the columns have no names: give text and label as positions; got "
        "text=['text'], label='label'."
    )
    with pytest.raises(ValueError, match=rf"^{re.escape(message)}\Z"):
        read("text,label\none,x\n", header=False)


def test_a_table_of_random_fields_is_read_at_any_size_of_reads():
    rng = random.Random(0)
    rows = [("".join(rng.choices('a",\n\ré😀', k=rng.randrange(1, 60))), "x") for _ in range(5000)]
    rows = [row for row in rows if row[0].strip()]
    content = io.StringIO(newline="")
    csv.writer(content).writerows([("text", "label"), *rows])
    assert read(content.getvalue()) == rows
