"""Records of labelled texts, the lines that they are read from, and what all readers share."""

import io
import re
from collections.abc import Generator, Iterable, Iterator
from typing import NamedTuple, TypeAlias, TypeVar

from sklearn_rnn._io.byte_streams import (
    UTF8_BYTE_ORDER_MARK,
    DamagedDataError,
    utf8_error,
)

Column: TypeAlias = str | int
Label: TypeAlias = str | int | None  # None if labels are not read

# The position of a text, for messages; the text; its label. The position is the file and the line
# where the record begins, or in a folder only the file. Not a NamedTuple, because creating one
# would take as long as reading a line.
Record: TypeAlias = tuple[str, str, Label]
Records: TypeAlias = Generator[Record, None, None]

_T = TypeVar("_T")

# A line that ends in a carriage return, alone or before a line feed, and a last one without end.
_LINE = re.compile(rb"[^\r]*\r\n?|[^\r]+")


class ColumnArgument(str):
    """A column as the command line gives it: a name, which may be meant as a position."""


class Selection(NamedTuple):
    """The columns or keys to read, and the dialect of tables."""

    text: list[Column]
    label: Column | None  # None if labels are not read
    header: bool | None  # None: if the columns are given by names
    quoting: int  # csv.QUOTE_MINIMAL, csv.QUOTE_ALL or csv.QUOTE_NONE


def read_lines(name: str, stream: io.BufferedReader) -> Iterator[str]:
    r"""Yield the decoded lines, with their ends: "\n", "\r\n" or "\r", as they are.

    Editors and the modules io and csv count the same lines. The other characters at which
    ``str.splitlines`` splits are part of a text.

    Parameters
    ----------
    name : str
        The name of the file, for messages.
    stream : io.BufferedReader
        The decompressed bytes of the file.

    Yields
    ------
    line : str

    Raises
    ------
    ValueError
        If the data are damaged, not UTF-8, or empty. The message names the line.
    """
    line = 0
    try:
        for chunk in stream:
            for content in _LINE.findall(chunk) if b"\r" in chunk else (chunk,):
                line += 1
                if line == 1:
                    content = content.removeprefix(UTF8_BYTE_ORDER_MARK)
                yield content.decode()
    except DamagedDataError as error:
        raise ValueError(f"{name}, line {line + 1}: {error}") from error
    except UnicodeDecodeError as error:
        raise utf8_error(f"{name}, line {line}", error) from error
    if not line:
        raise ValueError(f"{name} is empty.")


def refuse_blank(name: str, numbered: Iterable[tuple[int, _T]]) -> Iterator[tuple[int, _T]]:
    """Yield numbered lines or rows; skip blank ones at the end, refuse blank ones before others.

    If blank lines before the end were skipped, the texts would no longer match the lines of another
    file, for example a file of labels.

    Parameters
    ----------
    name : str
        The name of the file, for messages.
    numbered : iterable of (int, record)
        Lines or rows with the number of their first line. A blank one is false.

    Yields
    ------
    numbered : (int, record)

    Raises
    ------
    ValueError
        If a line is blank, and others follow.
    """
    blank = None
    for line, record in numbered:
        if not record:
            blank = blank or line
            continue
        if blank is not None:
            raise ValueError(f"{name}, line {blank}: the line is blank. Fill it in or take it out.")
        yield line, record


def check_end(name: str, line: int, content: str, ends: set[str]) -> None:
    r"""Raise an error if some lines end in "\r" alone and others do not.

    The module csv and pandas write a "\r" that is part of a text without quotes if their lines end
    in "\n". No missing field or label shows it if a text is all that a line has.

    Parameters
    ----------
    name : str
        The name of the file, for the message.
    line : int
        The number of the line, for the message.
    content : str
        The line, with its end.
    ends : set of str
        The ends of the lines before, to which that of this line is added.

    Raises
    ------
    ValueError
        If `ends` has both.
    """
    ends.update(set(content[-1]) & {"\r", "\n"})
    if len(ends) > 1:
        raise ValueError(
            f"{name}, line {line}: some lines up to here end in '\\r' alone, and others in '\\n'. "
            "A '\\r' may therefore be part of a text. End all lines in '\\n'."
        )


def joined(fields: list[str]) -> str:
    """Return the fields of a text as one, without blank ones."""
    return " ".join(field for field in fields if field.strip())
