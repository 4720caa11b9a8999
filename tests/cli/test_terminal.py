"""Standard streams that take any text, and tables that fit into a terminal."""

import io
import sys

import pytest

from sklearn_rnn._cli.terminal import (
    check_stdout,
    fill,
    format_table,
    printable,
    shorten,
    standard_streams,
    table_width,
    text_width,
)


def stream(encoding="utf-8", errors="strict"):
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors=errors)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "utf-8", "utf-16", "cp932"])
@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_any_text_can_be_printed(name, encoding, monkeypatch):
    monkeypatch.setattr(sys, name, stream(encoding))
    text = "ä 好评 🎉 \udcff \ud83d"
    with standard_streams():
        print(text, file=getattr(sys, name), flush=True)
    written = getattr(sys, name).buffer.getvalue().decode(encoding)
    assert written == text.encode(encoding, "backslashreplace").decode(encoding) + "\n"


@pytest.mark.parametrize("errors", ["strict", "replace", "surrogateescape"])
def test_streams_are_left_as_they_were(errors, monkeypatch):
    monkeypatch.setattr(sys, "stdout", stream(errors=errors))
    monkeypatch.setattr(sys, "stderr", None)

    def fail():
        with standard_streams():
            assert sys.stdout.errors == "backslashreplace"
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert sys.stdout.errors == errors
    assert sys.stderr is None


def test_a_stream_of_another_class_is_used_as_it_is(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    with standard_streams():
        print(printable("ä\n\udcff"))
    assert sys.stdout.getvalue() == "ä\\n\\udcff\n"


def test_a_closed_stderr_is_discarded(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stderr", None)
    with standard_streams():
        print("error", file=sys.stderr)
    assert capsys.readouterr().out == ""


def test_a_closed_stdout_is_an_error(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    message = r"^stdout is closed\. To run without output, redirect it to /dev/null\.$"
    with pytest.raises(OSError, match=message):
        check_stdout()


@pytest.mark.parametrize(
    ("text", "utf_8", "ascii"),
    [
        ("plain", "plain", "plain"),
        (5, "5", "5"),
        ("a b", "a b", "a b"),
        ("é", "é", r"\xe9"),
        ("好🎉", "好🎉", r"\u597d\U0001f389"),
        ("a\r\n\tb", r"a\r\n\tb", r"a\r\n\tb"),
        ("\x1b[31m", r"\x1b[31m", r"\x1b[31m"),  # would colour the terminal
        ("\u202eabc", r"\u202eabc", r"\u202eabc"),  # would print it from right to left
        ("क\u200dष", "क\u200dष", r"\u0915\u200d\u0937"),
        ("\udce9", r"\udce9", r"\udce9"),
    ],
)
def test_what_cannot_be_shown_is_escaped(text, utf_8, ascii):
    assert printable(text, stream("utf-8")) == utf_8
    assert printable(text, stream("ascii")) == ascii


@pytest.mark.parametrize(
    ("text", "width"), [("abc", 3), ("", 0), ("好评", 4), ("🎉", 2), ("e\u0301", 1), ("ﾊ", 1)]
)
def test_width_of_a_text(text, width):
    assert text_width(text) == width


@pytest.mark.parametrize(
    ("text", "width", "short"),
    [
        ("abcdefgh", 8, "abcdefgh"),
        ("abcdefghi", 8, "abc...hi"),
        ("好评很长的标签", 14, "好评很长的标签"),
        ("好评很长的标签", 12, "好评...标签"),
        ("好评很长的标签", 11, "好评...标签"),
    ],
)
def test_a_long_text_loses_its_middle(text, width, short):
    assert shorten(text, width) == short


def test_lines_are_broken_at_blanks(monkeypatch):
    monkeypatch.setenv("COLUMNS", "10")
    assert fill("a b  c") == "a b  c"
    assert fill("aaaa bbbbb cccc") == "aaaa bbbbb\ncccc"
    assert fill("好评好评 好 好评好") == "好评好评\n好 好评好"
    assert fill("a-word-of-20-columns a") == "a-word-of-20-columns\na"


def test_a_table_is_aligned_in_columns_of_the_terminal():
    rows = [["", "x", "long"], ["好评", "1", "2"], ["e\u0301", "10", ""]]
    assert format_table(rows) == "       x  long\n好评   1     2\ne\u0301     10"
    assert format_table(rows, n_left=2) == "      x   long\n好评  1      2\ne\u0301     10"


def test_a_wide_table_is_split_between_columns(monkeypatch):
    rows = [["", "a", "bbbbb", "c"], ["row", "1", "2", "3"]]
    assert table_width(rows) == 16
    whole = "     a  bbbbb  c\nrow  1      2  3"
    for columns, table in {
        "16": whole,
        "15": "     a  bbbbb\nrow  1      2\n\n     c\nrow  3",
        "12": "     a\nrow  1\n\n     bbbbb\nrow      2\n\n     c\nrow  3",
    }.items():
        monkeypatch.setenv("COLUMNS", columns)
        assert format_table(rows) == table
