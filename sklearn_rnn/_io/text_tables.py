"""Reader of comma- and tab-separated values.

The csv module is not used, because its limit of 131,072 characters in a field applies to the whole
process: to read longer ones, it would have to be changed for all threads, and another thread can
lower it. It also gives no line for a quote that is never closed.
"""

import csv
import re
from collections.abc import Iterator

from sklearn_rnn._io.byte_streams import Source, open_bytes, source_name
from sklearn_rnn._io.messages import listed, quoted
from sklearn_rnn._io.text_records import (
    Column,
    ColumnArgument,
    Records,
    Selection,
    check_end,
    joined,
    read_lines,
    refuse_blank,
)

# The quantifiers are possessive: a doubled quote is never taken apart.
_QUOTED_FIELD = re.compile(r'"([^"]*+(?:""[^"]*+)*+)"')

_ARE_TEXT = (
    "If quotes are part of the texts, pass quoting=csv.QUOTE_NONE (on the command line: --quoting "
    "none)."
)

_FIRST_ROW_IS_DATA = (
    "If the first row is data, pass positions of type int (on the command line: --no-header)."
)


def read_table(source: Source, selection: Selection, separator: str) -> Records:
    """Yield the records of comma- or tab-separated values.

    Parameters
    ----------
    source : str, path-like or file object
        The file.
    selection : Selection
        The columns to read, and the dialect.
    separator : str
        The character between two fields.

    Yields
    ------
    record : Record

    Raises
    ------
    ValueError
        If a column does not exist, or the file is broken.
    """
    name = source_name(source)
    columns, label, _, quoting = selection
    wanted = columns if label is None else [*columns, label]
    has_header = _has_header(selection, wanted)
    indices: list[int] | None = None
    with open_bytes(source) as stream:
        rows = _RowReader(name, read_lines(name, stream), separator, quoting)
        for line, row in refuse_blank(name, rows.read()):
            if indices is None:
                indices = [_column_index(name, column, row) for column in wanted]
                if selection.header is None:
                    _refuse_ambiguous(name, wanted, row)
                if has_header:
                    continue
            fields = [row[index] for index in indices]
            one_label = None if label is None else fields.pop()
            yield f"{name}, line {line}", joined(fields), one_label


def read_first_row(source: Source, selection: Selection, separator: str) -> list[str]:
    """Return the fields of the first row; none if it is blank."""
    name = source_name(source)
    with open_bytes(source) as stream:
        rows = _RowReader(name, read_lines(name, stream), separator, selection.quoting)
        return next(rows.read())[1]


def _has_header(selection: Selection, wanted: list[Column]) -> bool:
    """Return whether the first row is a header, as it is if the columns are given by names."""
    named = [isinstance(column, str) for column in wanted]
    if any(named) and not all(named):
        raise ValueError(
            "text and label must be all names (the file has a header) or all positions (it has "
            f"none); got text={selection.text!r}, label={selection.label!r}."
        )
    if selection.header is None:
        return all(named)
    if all(named) and not selection.header:
        raise ValueError(
            "header=False means that the columns have no names: give text and label as positions; "
            f"got text={selection.text!r}, label={selection.label!r}."
        )
    return selection.header


def _column_index(name: str, column: Column, first_row: list[str]) -> int:
    """Return the position of a column; the first row is the header if the column is a name."""
    if isinstance(column, int):
        if not 0 <= column < len(first_row):
            raise ValueError(
                f"{name} has no column {column}. Its columns are 0 to {len(first_row) - 1}."
            )
        return column
    if first_row.count(column) != 1:
        how_many = "no column" if column not in first_row else "more than one column"
        cure = f" {_FIRST_ROW_IS_DATA}" if column.isdecimal() else _separator_cure(first_row)
        raise ValueError(
            f"{name} has {how_many} {column!r}. Its columns are {listed(first_row)}.{cure}"
        )
    return first_row.index(column)


def _separator_cure(first_row: list[str]) -> str:
    """Return what to do about a header that another character separates, as it seems."""
    if len(first_row) == 1 and ";" in first_row[0]:
        return (
            " If semicolons separate them, read the file with pandas.read_csv(path, sep=';'), or "
            "save it with commas."
        )
    if len(first_row) == 1 and "\t" in first_row[0]:
        return " If tabs separate them, pass format='tsv' (on the command line: --format tsv)."
    return ""


def _refuse_ambiguous(name: str, wanted: list[Column], first_row: list[str]) -> None:
    """Raise an error if an argument is the name of a column and the position of another."""
    for column in wanted:
        if isinstance(column, ColumnArgument) and column.isdecimal():
            index = first_row.index(column)
            if index != int(column) < len(first_row):
                raise ValueError(
                    f"{name}: {column!r} is in the first row the name of column {index}, and it "
                    "may be the position of another. If it is a name, pass --header. If the first "
                    "row is data, pass --no-header."
                )


class _RowReader:
    """Splits lines into rows of fields, as the module csv does with ``strict=True``.

    Parameters
    ----------
    name : str
        The name of the file, for messages.
    lines : iterator of str
        The lines, with their ends.
    separator : str
        The character between two fields.
    quoting : int
        ``csv.QUOTE_MINIMAL``, ``csv.QUOTE_ALL`` or ``csv.QUOTE_NONE``.
    """

    def __init__(self, name: str, lines: Iterator[str], separator: str, quoting: int) -> None:
        self._name = name
        self._lines = lines
        self._separator = separator
        self._quoting = quoting
        self._line = 0  # the number of lines that are read
        self._last = ""  # the last of them
        self._ends: set[str] = set()
        self._width = 0  # the number of fields in the first row; 0 before it is read

    def read(self) -> Iterator[tuple[int, list[str]]]:
        """Yield each row with the number of its first line; a blank line has no fields."""
        for content in self._lines:
            self._line += 1
            self._last = content
            line = self._line
            if self._quoting == csv.QUOTE_NONE or '"' not in content:
                content = content.rstrip("\r\n")
                row = content.split(self._separator) if content else []
                if row and self._quoting == csv.QUOTE_ALL:
                    raise self._not_quoted(row[0])
            else:
                row = self._split_quoted(content)
            if len(row) != self._width and row:
                if self._width:
                    raise self._wrong_width(line, row)
                self._width = len(row)
            if self._width == 1:
                check_end(self._name, self._line, self._last, self._ends)
            yield line, row

    def _split_quoted(self, content: str) -> list[str]:
        """Return the fields of a row that has quotes; read more lines while a field is open."""
        row: list[str] = []
        begin = 0
        while True:
            line, first = self._line, self._last
            if not content.startswith('"', begin):
                end = content.find(self._separator, begin)
                field = content[begin:] if end < 0 else content[begin:end]
                if self._quoting == csv.QUOTE_ALL:
                    raise self._not_quoted(field)
                if end < 0:
                    return [*row, field.rstrip("\r\n")]
            else:
                match = _QUOTED_FIELD.match(content, begin)
                if match is None:
                    content = self._close(content[begin:])
                    match = _QUOTED_FIELD.match(content)
                    assert match is not None, "the last line of the content closes the field"
                field, end = match[1].replace('""', '"'), match.end()
                is_last = content[end : end + 2] in ("", "\n", "\r", "\r\n")
                if not (is_last or content.startswith(self._separator, end)):
                    raise ValueError(
                        f"{self._name}, line {line}: the quoted field that begins here is followed "
                        f"by {content[end]!r}, not by {self._separator!r}. Double the quotes "
                        f"inside a quoted field. {_ARE_TEXT}"
                    )
                if self._line > line:
                    self._refuse_swallowed(line, first, field)
                if is_last:
                    return [*row, field]
            row.append(field)
            begin = end + 1

    def _close(self, content: str) -> str:
        """Return a quoted field that is open at the end of a line, with lines up to its end."""
        line = self._line
        pieces = [content]
        for piece in self._lines:
            self._line += 1
            self._last = piece
            pieces.append(piece)
            # Each run of an odd number of quotes has one that is not doubled.
            if '"' in piece.replace('""', ""):
                return "".join(pieces)
        raise ValueError(
            f"{self._name}, line {line}: the quote that opens a field here is never closed. Close "
            f"it. {_ARE_TEXT}"
        )

    def _refuse_swallowed(self, line: int, first: str, field: str) -> None:
        r"""Raise an error if a quoted field of several lines has probably swallowed rows of TSV.

        Many TSV files are written without quoting. A quote at the beginning of a field then takes
        in all that follows, up to the next quote: there is a tab in the field, or the number of
        fields is wrong, if there are two columns or more. The quotes are right if the first or the
        last of the lines would not be a whole row without quoting.
        """
        if self._separator != "\t" or self._quoting != csv.QUOTE_MINIMAL:
            return
        first_width, last_width = first.count("\t") + 1, self._last.count("\t") + 1
        is_row = first_width == last_width == (self._width or first_width)
        if is_row and ("\t" in field or self._width == 1):
            raise ValueError(
                f"{self._name}, line {line}: the quoted field that begins here has a line break"
                f"{' and a tab' if self._width != 1 else ''} in it, and has probably swallowed "
                f"rows. {_ARE_TEXT} If not, put all fields in quotes and pass "
                "quoting=csv.QUOTE_ALL, or save the file as CSV."
            )

    def _not_quoted(self, field: str) -> ValueError:
        return ValueError(
            f"{self._name}, line {self._line}: the field {quoted(field.rstrip())} is not in "
            "quotes, and quoting=csv.QUOTE_ALL means that all are. Pass quoting=csv.QUOTE_MINIMAL."
        )

    def _wrong_width(self, line: int, row: list[str]) -> ValueError:
        what = f"a field that holds a {self._separator!r} or a line break"
        cure = f"Put {what} in double quotes."
        if self._quoting == csv.QUOTE_NONE:
            cure = f"Without quoting, there can't be {what}."
        elif any("\n" in field or "\r" in field for field in row):
            cure = f"{cure} {_ARE_TEXT}"
        return ValueError(
            f"{self._name}, line {line}: the row has {len(row)} field(s), and the first row has "
            f"{self._width}. {cure}"
        )
