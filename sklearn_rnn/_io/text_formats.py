"""Formats of labelled texts in files and folders, and the checks of every record.

To add a format, write its reader in `text_readers.py`, and add a row to `FORMATS` and its name to
`FormatName`.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias, TypeGuard

from sklearn_rnn._io.byte_streams import COMPRESSION_SUFFIXES
from sklearn_rnn._io.text_readers import (
    Column,
    Label,
    Records,
    Selection,
    listed,
    read_fasttext,
    read_folder,
    read_json_lines,
    read_table,
)

FormatName: TypeAlias = Literal["csv", "tsv", "jsonl", "fasttext", "folder"]


class TextFormat(NamedTuple):
    """A row of `FORMATS`, which describes one format."""

    title: str  # for the help of the command line
    suffixes: tuple[str, ...]  # of file names, in lower case
    read: Callable[[Path, Selection], Records]
    has_columns: bool = True
    is_folder: bool = False
    untyped: bool = False  # labels are read as str; if all are numerals, they are converted


def check_format(path: Path, format: str | None) -> FormatName:
    """Return the format; if `format` is None, deduce it from the path.

    Parameters
    ----------
    path : Path
        A file or folder.
    format : str or None
        A name in `FORMATS`.

    Returns
    -------
    format : str
        A name in `FORMATS`.

    Raises
    ------
    FileNotFoundError
        If there is nothing at `path`.
    ValueError
        If the format is unknown, if it is a format of files and `path` is a folder, if it is the
        format of folders and `path` is a file, or if `format` is None and the name of the file has
        no known suffix.
    """
    path.stat()  # raises Python's own FileNotFoundError if there is nothing at `path`
    if format is None:
        return "folder" if path.is_dir() else _format_from_name(path)
    if not _is_format(format):
        raise ValueError(f"format must be one of {listed(FORMATS)}, or None; got {format!r}.")
    if FORMATS[format].is_folder and not path.is_dir():
        raise ValueError(f"{path} is a file, and format={format!r} takes a folder.")
    if path.is_dir() and not FORMATS[format].is_folder:
        raise ValueError(f"{path} is a folder, and format={format!r} takes a file.")
    return format


def _is_format(format: str) -> TypeGuard[FormatName]:
    return format in FORMATS


def _format_from_name(path: Path) -> FormatName:
    name = path.name.lower()
    for suffix in COMPRESSION_SUFFIXES:
        name = name.removesuffix(suffix)
    for format, row in FORMATS.items():
        if name.endswith(row.suffixes):
            return format
    suffixes = [suffix for row in FORMATS.values() for suffix in row.suffixes]
    raise ValueError(
        f"{path} has none of the suffixes that tell a format: {listed(suffixes)}, each also with "
        f"{listed(COMPRESSION_SUFFIXES)}. Pass format=, one of {listed(FORMATS)}."
    )


def read_records(
    path: Path, format: FormatName, text: Column | Sequence[Column], label: Column | None
) -> Iterator[tuple[str, Label]]:
    """Yield the text and the label of every record.

    Parameters
    ----------
    path : Path
        A file or folder of this format.
    format : str
        A name in `FORMATS`.
    text, label
        As in :func:`read_texts`.

    Yields
    ------
    text : str
    label : str, int or None
        None if `label` is None.

    Raises
    ------
    TypeError
        If `text` or `label` is of a wrong type.
    ValueError
        If a column does not exist, or its name occurs twice; if `text` and `label` mix names and
        positions; if `text` or `label` chooses a column in a format without columns; or if the file
        is broken or has no texts.
    """
    selection = _check_selection(text, label)
    if not FORMATS[format].has_columns:
        _check_no_columns(path, format, text, label)
    position = None
    # closing() closes the file at once, even if a traceback keeps the reader alive.
    with closing(FORMATS[format].read(path, selection)) as records:
        for position, one_text, one_label in records:
            _check_filled(position, "text", one_text)
            if label is not None:
                _check_filled(position, "label", str(one_label))
            yield one_text, one_label
    if position is None:
        raise ValueError(f"{path} holds no texts.")


def _check_filled(position: str, what: str, value: str) -> None:
    if not value.strip():
        raise ValueError(f"{position}: there is no {what}. Fill it in or leave the row out.")


def _check_selection(text: Any, label: Any) -> Selection:
    columns = list(text) if isinstance(text, list | tuple) else [text]
    if not columns or not all(_is_column(column) for column in columns):
        raise TypeError(
            f"text must be the name of a column, its position from 0, or a list of these; "
            f"got {text!r}."
        )
    if label is not None and not _is_column(label):
        raise TypeError(
            f"label must be the name of a column, its position from 0, or None; got {label!r}."
        )
    return Selection(columns, label)


def _is_column(column: object) -> TypeGuard[Column]:
    return isinstance(column, str | int) and not isinstance(column, bool)


def _check_no_columns(path: Path, format: str, text: object, label: object) -> None:
    if text != "text" or label not in ("label", None):
        raise ValueError(
            f"{path} is read as {format}, which has no columns to choose from. Leave out text and "
            f"label, or pass label=None for texts without labels; got text={text!r}, "
            f"label={label!r}."
        )


FORMATS: dict[FormatName, TextFormat] = {
    "csv": TextFormat("CSV", (".csv",), partial(read_table, separator=","), untyped=True),
    "tsv": TextFormat(
        "tab-separated", (".tsv",), partial(read_table, separator="\t"), untyped=True
    ),
    "jsonl": TextFormat("JSON Lines", (".jsonl", ".ndjson"), read_json_lines),
    "fasttext": TextFormat(
        "fastText lines", (".ft", ".ft.txt", ".fasttext"), read_fasttext, has_columns=False
    ),
    "folder": TextFormat(
        "a folder with a sub-folder for each class",
        (),
        read_folder,
        has_columns=False,
        is_folder=True,
    ),
}
