"""The formats that texts come in: each reader gives (where, text, label), and knows its lines."""

import csv
import gzip
import json
import re
import zlib

# csv's own limit, 131,072 characters, is shorter than a chapter of a book.
_LONGEST_FIELD = 2**31 - 1

_SEPARATORS = {"csv": ",", "tsv": "\t"}
_FORMATS = ("csv", "tsv", "jsonl", "fasttext", "folder")
_SUFFIXES = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".ft": "fasttext",
    ".ft.txt": "fasttext",
    ".fasttext": "fasttext",
}
_FASTTEXT_LINE = re.compile(r"(?P<labels>(?:__label__\S+\s*)*)(?P<text>.*)", re.DOTALL)


def check_format(path, format):
    """Return the format that is given or that the name tells, or say which ones there are."""
    path.stat()  # so that a missing file is Python's own FileNotFoundError
    if format is None:
        format = "folder" if path.is_dir() else _format_from_name(path)
    if format not in _FORMATS:
        raise ValueError(f"format must be one of {_listed(_FORMATS)}, or None; got {format!r}.")
    if format == "folder" and not path.is_dir():
        raise ValueError(f"{path} is a file, and format='folder' takes a folder.")
    if format != "folder" and path.is_dir():
        raise ValueError(f"{path} is a folder, and format={format!r} takes a file.")
    return format


def _format_from_name(path):
    name = path.name.lower().removesuffix(".gz")
    for suffix, format in _SUFFIXES.items():
        if name.endswith(suffix):
            return format
    raise ValueError(
        f"{path} has a name that doesn't tell its format, as {_listed(_SUFFIXES)} do, each also "
        f"with '.gz'. Pass format=, one of {_listed(_FORMATS)}."
    )


def read_records(path, format, text, label):
    """Yield the text and the label of every record; a label is a str, an int, or None unread."""
    columns = _check_columns(text, label)
    if format in _SEPARATORS:
        records = _read_table(path, columns, label, _SEPARATORS[format])
    elif format == "jsonl":
        records = _read_json_lines(path, columns, label)
    else:
        _check_no_columns(path, format, text, label)
        read = _read_folder if format == "folder" else _read_fasttext
        records = read(path, labelled=label is not None)

    where = None
    for where, one_text, one_label in records:
        _check_filled(where, "text", one_text)
        if label is not None:
            _check_filled(where, "label", str(one_label))
        yield one_text, one_label
    if where is None:
        raise ValueError(f"{path} holds no texts.")


def _check_filled(where, what, value):
    if not value.strip():
        raise ValueError(f"{where}: there is no {what}. Fill it in or leave the row out.")


def _check_columns(text, label):
    """Return the columns of the text as a list."""
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
    return columns


def _is_column(column):
    return isinstance(column, str | int) and not isinstance(column, bool)


def _check_no_columns(path, format, text, label):
    if text != "text" or label not in ("label", None):
        raise ValueError(
            f"{path} is read as {format}, which has no columns to choose from. Leave out text and "
            f"label, or pass label=None for texts without labels; got text={text!r}, "
            f"label={label!r}."
        )


def _read_table(path, columns, label, separator):
    wanted = columns if label is None else [*columns, label]
    named = [isinstance(column, str) for column in wanted]
    if any(named) and not all(named):
        raise ValueError(
            f"text and label must be all names (the file has a header) or all positions (it has "
            f"none); got text={columns!r}, label={label!r}."
        )
    positions = width = None
    for line, row in _refuse_blank(path, _rows(path, separator)):
        where = f"{path}, line {line}"
        if width is None:
            width = len(row)
            positions = _positions(path, wanted, row)
            if any(named):
                continue
        if len(row) != width:
            raise ValueError(
                f"{where}: the row has {len(row)} field(s), and the first row has {width}. Put a "
                f"field that holds a {separator!r} or a line break in double quotes."
            )
        fields = [row[position] for position in positions]
        one_label = None if label is None else fields.pop()
        yield where, _joined(fields), one_label


def _positions(path, wanted, first_row):
    """Where in a row the wanted columns are; the first row is the header if they are named."""
    if isinstance(wanted[0], int):
        for position in wanted:
            if not 0 <= position < len(first_row):
                raise ValueError(
                    f"{path} has no column {position}. Its columns are 0 to {len(first_row) - 1}."
                )
        return wanted
    for name in wanted:
        if first_row.count(name) != 1:
            how_many = "no column" if name not in first_row else "more than one column"
            raise ValueError(
                f"{path} has {how_many} {name!r}. Its columns are {_listed(first_row)}."
            )
    return [first_row.index(name) for name in wanted]


def _rows(path, separator):
    """Yield each row with the line where it begins; a quoted field may run over several."""
    reader = csv.reader(_lines(path), delimiter=separator, strict=True)
    while True:
        line = reader.line_num + 1
        # Python has one limit for everybody: it is put back before anybody else can see it.
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


def _read_json_lines(path, keys, label):
    for line, content in _refuse_blank(path, _numbered_lines(path)):
        where = f"{path}, line {line}"
        try:
            record = json.loads(content)
        except json.JSONDecodeError as error:
            raise ValueError(
                f"{where}: not valid JSON: {error.msg} at character {error.colno}."
            ) from error
        if not isinstance(record, dict):
            raise ValueError(f"{where}: not a JSON object. JSON Lines have one object a line.")
        text = _joined([_json_text(where, record, key) for key in keys])
        yield where, text, None if label is None else _json_label(where, record, label)


def _json_text(where, record, key):
    value = _json_value(where, record, key)
    if not isinstance(value, str):
        raise ValueError(f"{where}: {key!r} must be a string, the text; got {value!r}.")
    return value


def _json_label(where, record, key):
    value = _json_value(where, record, key)
    if isinstance(value, dict | list):
        raise ValueError(
            f"{where}: {key!r} must be a string, a number, true or false, the label; got {value!r}."
        )
    # true, false and fractions go by their JSON names: scikit-learn takes fractions for
    # a regression's targets.
    return json.dumps(value) if isinstance(value, bool | float) else value


def _json_value(where, record, key):
    if key not in record:
        raise ValueError(f"{where}: there is no key {key!r}. The keys are {_listed(record)}.")
    return "" if record[key] is None else record[key]


def _read_fasttext(path, labelled):
    for line, content in _refuse_blank(path, _numbered_lines(path)):
        where = f"{path}, line {line}"
        match = _FASTTEXT_LINE.fullmatch(content)
        labels = match["labels"].split()
        if labelled and not labels:
            raise ValueError(
                f"{where}: the line doesn't begin with a label, as in '__label__name'."
            )
        if labelled and len(labels) > 1:
            raise ValueError(
                f"{where}: the line has {len(labels)} labels, {_listed(labels)}. "
                "Only one label a text can be learnt: leave one."
            )
        yield where, match["text"], labels[0].removeprefix("__label__") if labelled else None


def _read_folder(path, labelled):
    if not labelled:
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


def _read_text_files(folder, label):
    files = sorted(file for file in folder.iterdir() if file.name.endswith((".txt", ".txt.gz")))
    if not files:
        raise ValueError(f"{folder} has no .txt or .txt.gz files.")
    for file in files:
        yield file, "".join(_lines(file)), label


def _joined(parts):
    return " ".join(part for part in parts if part.strip())


def _refuse_blank(path, numbered):
    """Let blank lines pass at the end alone: elsewhere, to skip one would shift the rows."""
    blank = None
    for line, record in numbered:
        if not record:
            blank = blank or line
            continue
        if blank is not None:
            raise ValueError(f"{path}, line {blank}: the line is blank. Fill it in or take it out.")
        yield line, record


def _numbered_lines(path):
    return enumerate(map(str.strip, _lines(path)), start=1)


def _lines(path):
    r"""Yield the lines as str. Only "\n" ends a line, so that the numbers are an editor's."""
    line = None
    for line, content in enumerate(_raw_lines(path), start=1):
        try:
            yield content.decode("utf-8-sig" if line == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{path}, line {line}: byte {error.start + 1} of the line, "
                f"0x{error.object[error.start]:02x}, is not UTF-8. Save the file as UTF-8."
            ) from error
    if line is None:
        raise ValueError(f"{path} is empty.")


def _raw_lines(path):
    line = 1
    with _open(path) as stream:
        try:
            for content in stream:
                yield content
                line += 1
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise ValueError(
                f"{path}, line {line}: the gzip data are cut off or damaged from about here "
                f"({error}). Get the file again."
            ) from error


def _open(path):
    with path.open("rb") as stream:
        is_gzip = stream.read(2) == b"\x1f\x8b"
    return gzip.open(path) if is_gzip else path.open("rb")


def _listed(names):
    return ", ".join(repr(name) for name in names)
