"""Formats of labelled texts in files and folders, and the checks of every record.

To add a format, write its reader, and add a row to `FORMATS` and its name to `FormatName`.
"""

import csv
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial
from typing import Any, Literal, NamedTuple, TypeAlias, TypeGuard

from sklearn_rnn._io.byte_streams import Source, is_file_object, open_bytes, source_name
from sklearn_rnn._io.compressions import COMPRESSION_SUFFIXES
from sklearn_rnn._io.messages import listed
from sklearn_rnn._io.text_folders import read_folder
from sklearn_rnn._io.text_parquet import read_parquet, read_parquet_columns
from sklearn_rnn._io.text_readers import read_fasttext, read_json_lines
from sklearn_rnn._io.text_records import (
    Column,
    ColumnArgument,
    Label,
    Record,
    Records,
    Selection,
)
from sklearn_rnn._io.text_tables import read_first_row, read_table

FormatName: TypeAlias = Literal["csv", "tsv", "jsonl", "parquet", "fasttext", "folder"]

# Characters of the texts in a chunk, at most, but for its last text: they bound the memory. They
# are this number times the number of texts; reviews of films have 1,300 each.
_MEAN_CHARACTERS = 2**12

# The other constants of the module csv are for writing.
_QUOTING = (csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONE)


class TextFormat(NamedTuple):
    """A row of `FORMATS`, which describes one format."""

    title: str  # for the help of the command line
    suffixes: tuple[str, ...]  # of file names, in lower case
    read: Callable[[Any, Selection], Records]  # of a Path if `is_folder`, otherwise of a Source
    has_columns: bool = True
    is_folder: bool = False
    # Rows of fields, which have a dialect. Labels are read as str; if all are numerals, they are
    # converted.
    is_table: bool = False
    # Returns the fields of the first row of a table, or the names of the columns. None: the records
    # of one file may have different keys, or there are none.
    columns: Callable[[Any, Selection], list[str]] | None = None


def check_format(source: Source, format: str | None) -> FormatName:
    """Return the format; if `format` is None, deduce it from the source.

    Parameters
    ----------
    source : str, path-like or file object
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
        If there is nothing at the path.
    TypeError
        If `source` is neither a path nor a file object.
    ValueError
        If the format is unknown, if it is a format of files and `source` is a folder, if it is the
        format of folders and `source` is a file, or if `format` is None and the name of the file
        has no known suffix, for example because it is an archive.
    """
    name = source_name(source)
    is_folder = False
    if not is_file_object(source):
        os.stat(name)  # raises Python's own FileNotFoundError if there is nothing at the path
        is_folder = os.path.isdir(name)
    if format is None:
        return "folder" if is_folder else _format_from_name(source)
    if not _is_format(format):
        raise ValueError(f"format must be one of {listed(FORMATS)}, or None; got {format!r}.")
    if FORMATS[format].is_folder and not is_folder:
        raise ValueError(f"{name} is a file, and format={format!r} takes a folder.")
    if is_folder and not FORMATS[format].is_folder:
        raise ValueError(f"{name} is a folder without files, and format={format!r} takes files.")
    return format


def _is_format(format: str) -> TypeGuard[FormatName]:
    return format in FORMATS


def format_of_name(name: str) -> FormatName | None:
    """Return the format that the suffix of a file name tells, or None."""
    lower = name.lower()
    for suffix in COMPRESSION_SUFFIXES:
        lower = lower.removesuffix(suffix)
    for format, row in FORMATS.items():
        if lower.endswith(row.suffixes):
            return format
    return None


def _format_from_name(source: Source) -> FormatName:
    name = source_name(source)
    format = format_of_name(name)
    if format is not None:
        return format
    if not is_file_object(source) and os.path.isfile(name):
        open_bytes(source).close()  # its error names an archive or a workbook
    suffixes = [suffix for row in FORMATS.values() for suffix in row.suffixes]
    raise ValueError(
        f"{name} has none of the suffixes that tell a format: {listed(suffixes)}, each also with "
        f"{listed(COMPRESSION_SUFFIXES)}. Pass format=, one of {listed(FORMATS)}."
    )


def read_records(
    source: Source,
    format: FormatName,
    text: Column | Sequence[Column],
    label: Column | None,
    *,
    header: bool | None,
    quoting: int,
    accepts_empty: bool = False,
) -> Iterator[Record]:
    """Yield every record with its position.

    Parameters
    ----------
    source : str, path-like or file object
        A file or folder of this format.
    format : str
        A name in `FORMATS`.
    text, label, header, quoting
        As in :func:`read_texts`.
    accepts_empty : bool, default=False
        Whether texts may be empty. A missing one is empty.

    Yields
    ------
    position : str
        The file, and in it the line or the row.
    text : str
    label : str, int or None
        None if `label` is None.

    Raises
    ------
    TypeError
        If `text`, `label` or `header` is of a wrong type.
    ValueError
        If a column does not exist, or its name occurs twice; if `text` and `label` mix names and
        positions; if an option does not fit the format; or if the file is broken or has no texts.
    """
    name = source_name(source)
    selection = check_selection(text, label, header, quoting)
    if not FORMATS[format].has_columns:
        _check_no_columns(name, format, text, label)
    if not FORMATS[format].is_table:
        _check_no_dialect(name, format, header, quoting)
    position = None
    # closing() closes the file at once, even if a traceback keeps the reader alive.
    with closing(FORMATS[format].read(source, selection)) as records:
        for record in records:
            position, one_text, one_label = record
            if not accepts_empty:
                _check_filled(position, "text", one_text)
            if label is not None:
                _check_filled(position, "label", str(one_label))
            yield record
    if position is None:
        raise ValueError(f"{name} holds no texts.")


def read_chunks(
    records: Iterable[tuple[str, Label]], chunk_size: int
) -> Iterator[tuple[list[str], list[Label]]]:
    """Gather records in chunks, each as soon as it is complete.

    Parameters
    ----------
    records : iterable of (text, label)
        Of one source, or of several one after the other.
    chunk_size : int
        The number of texts in a chunk. A chunk of long texts, which have 4,096 characters or more
        on average, and the last chunk have fewer.

    Yields
    ------
    texts : list of str
    labels : list of str, int or None
    """
    texts: list[str] = []
    labels: list[Label] = []
    n_characters = 0
    for text, label in records:
        texts.append(text)
        labels.append(label)
        n_characters += len(text)
        if len(texts) == chunk_size or n_characters >= chunk_size * _MEAN_CHARACTERS:
            yield texts, labels
            texts, labels, n_characters = [], [], 0
    if texts:
        yield texts, labels


def _check_filled(position: str, what: str, value: str) -> None:
    if not value.strip():
        raise ValueError(f"{position}: there is no {what}. Fill it in or leave the row out.")


def check_selection(text: Any, label: Any, header: Any, quoting: Any) -> Selection:
    """Return the arguments of :func:`read_texts` that choose columns and dialect, checked."""
    # Only here, because it imports scikit-learn: the help of the command line shows `FORMATS`.
    from sklearn_rnn._parameters import python_value

    def plain(column: Any) -> Any:
        return column if isinstance(column, ColumnArgument) else python_value(column)

    columns = list(map(plain, text if isinstance(text, list | tuple) else [text]))
    label, header = plain(label), python_value(header)
    if not columns or not all(_is_column(column) for column in columns):
        raise TypeError(
            f"text must be the name of a column, its position from 0, or a list of these; "
            f"got {text!r}."
        )
    if label is not None and not _is_column(label):
        raise TypeError(
            f"label must be the name of a column, its position from 0, or None; got {label!r}."
        )
    if not (header is None or isinstance(header, bool)):
        raise TypeError(f"header must be True, False or None; got {header!r}.")
    if quoting not in _QUOTING or isinstance(quoting, bool):
        raise ValueError(
            f"quoting must be csv.QUOTE_MINIMAL, csv.QUOTE_ALL or csv.QUOTE_NONE; got {quoting!r}."
        )
    return Selection(columns, label, header, quoting)


def _is_column(column: object) -> TypeGuard[Column]:
    return isinstance(column, str | int) and not isinstance(column, bool)


def _check_no_columns(name: str, format: str, text: object, label: object) -> None:
    if text != "text" or label not in ("label", None):
        raise ValueError(
            f"{name} is read as {format}, which has no columns to choose from. Leave out text and "
            f"label, or pass label=None for texts without labels; got text={text!r}, "
            f"label={label!r}."
        )


def _check_no_dialect(name: str, format: str, header: object, quoting: object) -> None:
    if header is not None or quoting != csv.QUOTE_MINIMAL:
        raise ValueError(
            f"{name} is read as {format}, which has neither header nor quoting. Leave them out; "
            f"got header={header!r}, quoting={quoting!r}."
        )


def _table(title: str, suffix: str, separator: str) -> TextFormat:
    read = partial(read_table, separator=separator)
    columns = partial(read_first_row, separator=separator)
    return TextFormat(title, (suffix,), read, is_table=True, columns=columns)


FORMATS: dict[FormatName, TextFormat] = {
    "csv": _table("CSV", ".csv", ","),
    "tsv": _table("tab-separated", ".tsv", "\t"),
    "jsonl": TextFormat("JSON Lines", (".jsonl", ".ndjson"), read_json_lines),
    "parquet": TextFormat(
        "Parquet", (".parquet", ".pq"), read_parquet, columns=read_parquet_columns
    ),
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
