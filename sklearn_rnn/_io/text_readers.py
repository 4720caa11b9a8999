"""Readers of labelled texts, for the formats in the table of `text_formats.py`."""

import csv
import io
import json
import re
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, TypeVar

from sklearn_rnn._io.byte_streams import (
    COMPRESSION_SUFFIXES,
    UTF8_BYTE_ORDER_MARK,
    DamagedDataError,
    open_bytes,
    utf8_error,
)

# The limit of characters in a CSV field: the largest that the csv module accepts on every system.
# Some chapters of books are longer than its default of 131,072.
_LONGEST_FIELD = 2**31 - 1

_FASTTEXT_LINE = re.compile(r"(?P<labels>(?:__label__\S+\s*)*)(?P<text>.*)", re.DOTALL)

# In a folder, each file with one of these suffixes is one text.
_TEXT_SUFFIXES = (".txt", *(f".txt{suffix}" for suffix in COMPRESSION_SUFFIXES))

Column: TypeAlias = str | int
Label: TypeAlias = str | int | None  # None if labels are not read

# The position of a text, for messages; the text; its label. The position is the file and the line
# where the record begins, or in a folder only the file. Not a NamedTuple, because creating one
# would take as long as reading a line.
Record: TypeAlias = tuple[str, str, Label]
Records: TypeAlias = Generator[Record, None, None]

_Object: TypeAlias = dict[str, Any]  # of JSON
_T = TypeVar("_T")


class Selection(NamedTuple):
    """The columns or keys to read; `label` is None if labels are not read."""

    text: list[Column]
    label: Column | None


def read_table(path: Path, selection: Selection, separator: str) -> Records:
    """Yield the records of comma- or tab-separated values."""
    columns, label = selection
    wanted = columns if label is None else [*columns, label]
    has_header = _are_names(selection, wanted)
    indices: list[int] = []
    width = None
    with open_bytes(path) as stream:
        for line, row in _refuse_blank(path, _rows(path, stream, separator)):
            position = f"{path}, line {line}"
            if width is None:
                width = len(row)
                indices = [_column_index(path, column, row) for column in wanted]
                if has_header:
                    continue
            if len(row) != width:
                raise ValueError(
                    f"{position}: the row has {len(row)} field(s), and the first row has {width}. "
                    f"Put a field that holds a {separator!r} or a line break in double quotes."
                )
            fields = [row[index] for index in indices]
            one_label = None if label is None else fields.pop()
            yield position, _joined(fields), one_label


def _are_names(selection: Selection, wanted: list[Column]) -> bool:
    """Return whether the columns are given by names; the file then has a header."""
    named = [isinstance(column, str) for column in wanted]
    if any(named) and not all(named):
        raise ValueError(
            "text and label must be all names (the file has a header) or all positions (it has "
            f"none); got text={selection.text!r}, label={selection.label!r}."
        )
    return all(named)


def _column_index(path: Path, column: Column, first_row: list[str]) -> int:
    """Return the position of a column; the first row is the header if the column is a name."""
    if isinstance(column, int):
        if not 0 <= column < len(first_row):
            raise ValueError(
                f"{path} has no column {column}. Its columns are 0 to {len(first_row) - 1}."
            )
        return column
    if first_row.count(column) != 1:
        how_many = "no column" if column not in first_row else "more than one column"
        raise ValueError(f"{path} has {how_many} {column!r}. Its columns are {listed(first_row)}.")
    return first_row.index(column)


def _rows(path: Path, stream: io.BufferedReader, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row with the number of its first line; a quoted field may contain line breaks."""
    reader = csv.reader(_lines(path, stream), delimiter=separator, strict=True)
    while True:
        line = reader.line_num + 1
        # The limit applies to the whole process, so it is restored before the caller's code runs.
        limit = csv.field_size_limit(_LONGEST_FIELD)
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise ValueError(
                f"{path}, line {line}: the row that begins here is broken: {error}. Close every "
                "quote, and double those inside a quoted field."
            ) from error
        finally:
            csv.field_size_limit(limit)
        yield line, row


def read_json_lines(path: Path, selection: Selection) -> Records:
    """Yield the records of JSON Lines."""
    keys, label = selection
    with open_bytes(path) as stream:
        for line, content in _refuse_blank(path, _numbered_lines(path, stream)):
            position = f"{path}, line {line}"
            record = _parse_object(position, content)
            text = _joined([_json_text(position, record, key) for key in keys])
            one_label = None if label is None else _json_label(position, record, label)
            yield position, text, one_label


def _parse_object(position: str, content: str) -> _Object:
    try:
        record = json.loads(content)
    except json.JSONDecodeError as error:
        raise ValueError(
            f"{position}: not valid JSON: {error.msg} at character {error.colno}."
        ) from error
    if not isinstance(record, dict):
        raise ValueError(f"{position}: not a JSON object. JSON Lines have one object a line.")
    return record


def _json_text(position: str, record: _Object, key: Column) -> str:
    value = _json_value(position, record, key)
    if not isinstance(value, str):
        raise ValueError(f"{position}: the text {key!r} must be a string; got {value!r}.")
    return value


def _json_label(position: str, record: _Object, key: Column) -> str | int:
    value = _json_value(position, record, key)
    if isinstance(value, dict | list):
        raise ValueError(
            f"{position}: the label {key!r} must be a string, a number, true or false; "
            f"got {value!r}."
        )
    # Booleans and floats become strings in JSON's notation. scikit-learn would treat floats with a
    # fraction as targets of a regression.
    return json.dumps(value) if isinstance(value, bool | float) else value


def _json_value(position: str, record: _Object, key: Column) -> Any:
    if key not in record:
        raise ValueError(f"{position}: there is no key {key!r}. The keys are {listed(record)}.")
    return "" if record[key] is None else record[key]


def read_fasttext(path: Path, selection: Selection) -> Records:
    """Yield the records of fastText's ``__label__name the text`` lines."""
    is_labelled = selection.label is not None
    with open_bytes(path) as stream:
        for line, content in _refuse_blank(path, _numbered_lines(path, stream)):
            position = f"{path}, line {line}"
            match = _FASTTEXT_LINE.fullmatch(content)
            assert match is not None, "the pattern matches any line"
            label = _only_label(position, match["labels"].split()) if is_labelled else None
            yield position, match["text"], label


def _only_label(position: str, labels: list[str]) -> str:
    if not labels:
        raise ValueError(f"{position}: the line doesn't begin with a label, as in '__label__name'.")
    if len(labels) > 1:
        raise ValueError(
            f"{position}: the line has {len(labels)} labels, {listed(labels)}. "
            "Give each text exactly one label."
        )
    return labels[0].removeprefix("__label__")


def read_folder(path: Path, selection: Selection) -> Records:
    """Yield the texts in the folder if labels are not read, otherwise those in its sub-folders."""
    if selection.label is None:
        yield from _read_text_files(path, None)
        return
    classes = sorted(entry for entry in path.iterdir() if entry.is_dir() and entry.name[0] != ".")
    if not classes:
        raise ValueError(
            f"{path} has no sub-folders. A folder of labelled texts has one for each class; for "
            "texts without labels pass label=None."
        )
    for folder in classes:
        yield from _read_text_files(folder, folder.name)


def _read_text_files(folder: Path, label: str | None) -> Records:
    files = sorted(file for file in folder.iterdir() if file.name.endswith(_TEXT_SUFFIXES))
    if not files:
        raise ValueError(f"{folder} has no {' or '.join(_TEXT_SUFFIXES)} files.")
    for file in files:
        with open_bytes(file) as stream:
            text = "".join(_lines(file, stream))
        yield str(file), text, label


def _joined(fields: list[str]) -> str:
    return " ".join(field for field in fields if field.strip())


def _refuse_blank(path: Path, numbered: Iterable[tuple[int, _T]]) -> Iterator[tuple[int, _T]]:
    """Yield numbered lines or rows; skip blank ones at the end, refuse blank ones before others.

    If blank lines before the end were skipped, the texts would no longer match the lines of another
    file, for example a file of labels.
    """
    blank = None
    for line, record in numbered:
        if not record:
            blank = blank or line
            continue
        if blank is not None:
            raise ValueError(f"{path}, line {blank}: the line is blank. Fill it in or take it out.")
        yield line, record


def _numbered_lines(path: Path, stream: io.BufferedReader) -> Iterator[tuple[int, str]]:
    return enumerate(map(str.strip, _lines(path, stream)), start=1)


def _lines(path: Path, stream: io.BufferedReader) -> Iterator[str]:
    r"""Yield the decoded lines. Only "\n" ends a line, so that line numbers agree with editors."""
    line = 0
    try:
        for content in stream:
            line += 1
            if line == 1:
                content = content.removeprefix(UTF8_BYTE_ORDER_MARK)
            yield content.decode()
    except DamagedDataError as error:
        raise ValueError(f"{path}, line {line + 1}: {error}") from error
    except UnicodeDecodeError as error:
        raise utf8_error(f"{path}, line {line}", error) from error
    if not line:
        raise ValueError(f"{path} is empty.")


def listed(names: Iterable[str]) -> str:
    """Return the names for a message, in quotes and separated by commas."""
    return ", ".join(repr(name) for name in names)
