"""Reader of Parquet files."""

import json
import math
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from sklearn_rnn._io.byte_streams import Source, open_seekable, source_name
from sklearn_rnn._io.messages import listed
from sklearn_rnn._io.text_records import Column, Label, Records, Selection, joined

# Rows that are decoded at a time, and bytes of a column that are read at a time: a row group, which
# may be all of the file, is never in memory.
_BATCH_SIZE = 256
_BUFFER_SIZE = 2**17

_STRINGS = ("string", "large_string", "string_view")


def read_parquet(source: Source, selection: Selection) -> Records:
    """Yield the records of a Parquet file.

    Parameters
    ----------
    source : str, path-like or file object
        The file. A pipe is read to its end first, because the schema is at the end.
    selection : Selection
        The columns to read, by their names.

    Yields
    ------
    record : Record
        The position is the number of the row, from 1 on.

    Raises
    ------
    ImportError
        If the package pyarrow is not installed.
    ValueError
        If a column does not exist or is of another type, or the file is broken.
    """
    name = source_name(source)
    pyarrow = _import_pyarrow(name)
    keys, label = selection.text, selection.label
    wanted = keys if label is None else [*keys, label]
    with open_seekable(source) as stream, closing(_open_file(name, stream, pyarrow)) as file:
        _check_columns(name, file.schema_arrow, keys, label)
        rows = _read_rows(name, file, list(dict.fromkeys(wanted)), pyarrow)
        for number, row in enumerate(rows, start=1):
            position = f"{name}, row {number}"
            text = joined([row[key] or "" for key in keys])
            yield position, text, None if label is None else _as_label(position, row[label])


def read_parquet_columns(source: Source, selection: Selection) -> list[str]:
    """Return the names of all columns of a Parquet file."""
    name = source_name(source)
    pyarrow = _import_pyarrow(name)
    with open_seekable(source) as stream, closing(_open_file(name, stream, pyarrow)) as file:
        return list(file.schema_arrow.names)


def _import_pyarrow(name: str) -> Any:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise ImportError(
            f"{name} is read as Parquet, which needs the package pyarrow. Install it: "
            'pip install "sklearn_rnn[parquet]".'
        ) from error
    return pyarrow


def _open_file(name: str, stream: Any, pyarrow: Any) -> Any:
    try:
        return pyarrow.parquet.ParquetFile(stream, buffer_size=_BUFFER_SIZE, pre_buffer=False)
    except (pyarrow.ArrowException, OSError) as error:
        raise ValueError(
            f"{name} is not a Parquet file, or it is cut off or damaged ({error}). A compressed "
            "file has to be unpacked; Parquet compresses its columns itself."
        ) from error


def _check_columns(name: str, schema: Any, keys: list[Column], label: Column | None) -> None:
    """Raise a ValueError if a column is not there, or not of a type that is read."""
    for what, columns in (("text", keys), ("label", [] if label is None else [label])):
        for column in columns:
            if schema.names.count(column) != 1:
                how_many = "more than one" if column in schema.names else "no"
                raise ValueError(
                    f"{name} has {how_many} column {column!r}. Its columns are "
                    f"{listed(schema.names)}."
                )
            type_ = schema.field(column).type
            is_category = str(type_).startswith("dictionary")
            kind = str(type_.value_type if is_category else type_)
            if kind not in _STRINGS and (what == "text" or not _is_label_type(kind)):
                others = "" if what == "text" else ", integers, floats or booleans"
                raise ValueError(
                    f"{name}: the {what} {column!r} must have strings{others}; its type is {type_}."
                )


def _is_label_type(kind: str) -> bool:
    return kind == "bool" or kind.rstrip("0123456789") in ("int", "uint", "float", "double")


def _read_rows(
    name: str, file: Any, columns: list[Column], pyarrow: Any
) -> Iterator[dict[Column, Any]]:
    """Yield the values of each row by column."""
    n_rows = 0
    try:
        batches = file.iter_batches(batch_size=_BATCH_SIZE, columns=columns, use_threads=False)
        for batch in batches:
            values = [batch.column(column).to_pylist() for column in columns]
            for row in zip(*values, strict=True):
                n_rows += 1
                yield dict(zip(columns, row, strict=True))
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{name}, after row {n_rows}: a string is not UTF-8 ({error.reason}). Write the file "
            "again, with strings in UTF-8."
        ) from error
    except (pyarrow.ArrowException, OSError) as error:
        raise ValueError(
            f"{name}, after row {n_rows}: the Parquet data are cut off or damaged from about here "
            f"({error}). Get the file again."
        ) from error


def _as_label(position: str, value: Any) -> Label:
    """Return a label as that of JSON Lines: booleans and floats become strings in its notation."""
    if value is None:
        return ""
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{position}: the label must be finite; got {value}.")
    return json.dumps(value) if isinstance(value, bool | float) else value
