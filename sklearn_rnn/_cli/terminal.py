"""Standard streams that take any text, and tables that fit into a terminal."""

import io
import os
import shutil
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr, suppress

_GAP = "  "  # between columns
_JOINERS = "\u200c\u200d"  # invisible, but part of words and emoji


@contextmanager
def standard_streams() -> Iterator[None]:
    """Escape characters that the encoding of stdout or stderr lacks; discard a closed stderr.

    Without this, one label that the terminal cannot show would end the program. If stderr is
    closed, Python has None for it, and ``print(file=None)`` would write errors to stdout.
    """
    with ExitStack() as stack:
        if sys.stderr is None:
            devnull = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))
            stack.enter_context(redirect_stderr(devnull))
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stack.callback(_set_errors, stream, stream.errors)
                _set_errors(stream, "backslashreplace")
        yield


def _set_errors(stream: io.TextIOWrapper, errors: str | None) -> None:
    with suppress(OSError):  # reconfigure flushes, but the reader of a pipe may have gone
        stream.reconfigure(errors=errors)


def check_stdout() -> None:
    """Raise an OSError if stdout is closed: Python's `print` would then write nothing.

    Raises
    ------
    OSError
        If stdout is closed.
    """
    if sys.stdout is None:
        raise OSError("stdout is closed. To run without output, redirect it to /dev/null.")


def printable(text: object, stream: object = None) -> str:
    r"""Return a text in one line, with escapes (``\n``, ``\xe9``) for what a stream cannot show.

    Parameters
    ----------
    text : object
        The text, or an object whose `str` is the text.
    stream : file object, default=None
        The stream whose encoding counts; None is stdout.

    Returns
    -------
    text : str
        The text with escapes for line breaks, for other characters that are not printable, and
        for those that the encoding lacks.
    """
    encoding = getattr(sys.stdout if stream is None else stream, "encoding", None) or "utf-8"
    shown = "".join(
        char
        if char.isprintable() or char in _JOINERS
        else char.encode("unicode_escape").decode("ascii")
        for char in str(text)
    )
    return shown.encode(encoding, "backslashreplace").decode(encoding)


def terminal_width() -> int:
    """Return the number of columns of the terminal; 80 if stdout is no terminal."""
    return shutil.get_terminal_size().columns


def fill(text: str) -> str:
    """Return a text that is broken at blanks into lines that fit into the terminal."""
    lines: list[str] = []
    for word in text.split(" "):
        if lines and text_width(f"{lines[-1]} {word}") <= terminal_width():
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return "\n".join(lines)


def text_width(text: str) -> int:
    """Return the number of a terminal's columns that a text takes."""
    return sum(map(_char_width, text))


def _char_width(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):  # drawn on the character before
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def shorten(text: str, width: int) -> str:
    """Return a text of at most this width, with "..." for its middle if it is longer."""
    if text_width(text) <= width:
        return text
    end = (width - 3) // 2
    return _beginning(text, width - 3 - end) + "..." + _beginning(text[::-1], end)[::-1]


def _beginning(text: str, width: int) -> str:
    for n_chars, char in enumerate(text):
        width -= _char_width(char)
        if width < 0:
            return text[:n_chars]
    return text


def format_table(rows: Sequence[Sequence[str]], *, n_left: int = 1) -> str:
    """Return a table of aligned columns; where it is too wide, in several blocks of columns.

    Parameters
    ----------
    rows : sequence of sequences of str
        The header and the rows.
    n_left : int, default=1
        The number of columns that are aligned to the left. Each block begins with them; the other
        columns are aligned to the right.

    Returns
    -------
    table : str
        The table, without a line break at its end.
    """
    widths = _column_widths(rows)
    first = list(range(n_left))
    blocks = [first]
    for column in range(n_left, len(widths)):
        wider = [*blocks[-1], column]
        if _total([widths[i] for i in wider]) > terminal_width():
            wider = [*first, column]
            blocks.append(wider)
        blocks[-1] = wider
    return "\n\n".join(
        "\n".join(_format_row(row, widths, block, n_left) for row in rows) for block in blocks
    )


def table_width(rows: Sequence[Sequence[str]]) -> int:
    """Return the width of the table that `format_table` makes of these rows in a single block."""
    return _total(_column_widths(rows))


def _column_widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(text_width, column)) for column in zip(*rows, strict=True)]


def _total(widths: list[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1)


def _format_row(row: Sequence[str], widths: list[int], columns: list[int], n_left: int) -> str:
    cells = []
    for column in columns:
        padding = " " * (widths[column] - text_width(row[column]))
        cells.append(row[column] + padding if column < n_left else padding + row[column])
    return _GAP.join(cells).rstrip()
