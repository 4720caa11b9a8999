"""Readers of JSON Lines and of fastText lines."""

import io
import json
import math
import re
from collections.abc import Iterator
from typing import Any, TypeAlias

from sklearn_rnn._io.byte_streams import Source, open_bytes, source_name
from sklearn_rnn._io.messages import listed, shortened
from sklearn_rnn._io.text_records import (
    Column,
    Records,
    Selection,
    check_end,
    joined,
    read_lines,
    refuse_blank,
)

# The characters that fastText takes for blanks.
_FASTTEXT_BLANKS = " \t\v\f\0\r\n"
_FASTTEXT_LINE = re.compile(
    rf"(?P<labels>(?:__label__[^{_FASTTEXT_BLANKS}]+[{_FASTTEXT_BLANKS}]*)*)(?P<text>.*)",
    re.DOTALL,
)
# Characters at which str.splitlines splits, before the label of what is meant as the next line.
_OTHER_LINE_END = re.compile("([\v\f\x1c-\x1e\x85\u2028\u2029])__label__")
_JSON_BLANKS = " \t\r\n"

# An object of JSON is a tuple of pairs, which shows keys that occur twice; an array is a list.
_Object: TypeAlias = tuple[tuple[str, Any], ...]


def read_json_lines(source: Source, selection: Selection) -> Records:
    """Yield the records of JSON Lines."""
    name = source_name(source)
    keys, label = selection.text, selection.label
    with open_bytes(source) as stream:
        lines = (line.strip(_JSON_BLANKS) for line in read_lines(name, stream))
        for line, content in refuse_blank(name, enumerate(lines, start=1)):
            position = f"{name}, line {line}"
            record = _parse_object(position, content)
            text = joined([_json_text(position, record, key) for key in keys])
            one_label = None if label is None else _json_label(position, record, label)
            yield position, text, one_label


def _parse_object(position: str, content: str) -> _Object:
    try:
        record = json.loads(content, object_pairs_hook=tuple)
    except json.JSONDecodeError as error:
        raise ValueError(
            f"{position}: not valid JSON: {error.msg.removesuffix(' at')} at character "
            f"{error.colno}."
        ) from error
    except (ValueError, RecursionError) as error:  # a number of too many digits; too much nesting
        raise ValueError(f"{position}: the JSON cannot be read: {error}.") from error
    if not isinstance(record, tuple):
        raise ValueError(f"{position}: not a JSON object. JSON Lines have one object a line.")
    return record


def _json_text(position: str, record: _Object, key: Column) -> str:
    value = _json_value(position, record, key)
    if not isinstance(value, str):
        raise ValueError(
            f"{position}: the text {key!r} must be a string; got {_describe_json(value)}."
        )
    return _check_characters(f"{position}: the text {key!r}", value)


def _json_label(position: str, record: _Object, key: Column) -> str | int:
    value = _json_value(position, record, key)
    if isinstance(value, tuple | list) or (isinstance(value, float) and not math.isfinite(value)):
        raise ValueError(
            f"{position}: the label {key!r} must be a string, a finite number, true or false; "
            f"got {_describe_json(value)}."
        )
    if isinstance(value, str):
        return _check_characters(f"{position}: the label {key!r}", value)
    # Booleans and floats become strings in JSON's notation. scikit-learn would treat floats with a
    # fraction as targets of a regression.
    return json.dumps(value) if isinstance(value, bool | float) else value


def _json_value(position: str, record: _Object, key: Column) -> Any:
    values = [value for name, value in record if name == key]
    if not values:
        names = listed(dict(record))
        raise ValueError(f"{position}: there is no key {key!r}. The keys are {names}.")
    if len(values) > 1:
        raise ValueError(
            f"{position}: the key {key!r} occurs {len(values)} times. Leave one of them."
        )
    return "" if values[0] is None else values[0]


def _describe_json(value: Any) -> str:
    if isinstance(value, tuple):
        return "an object"
    if isinstance(value, list):
        return "an array"
    return shortened(json.dumps(value))


def _check_characters(what: str, value: str) -> str:
    """Return a string if all of it can be written as UTF-8, which JSON's escapes do not ensure."""
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            f"{what} has {value[error.start]!r}, which is half of a character. Write the other "
            "half too, or take it out."
        ) from error
    return value


def read_fasttext(source: Source, selection: Selection) -> Records:
    """Yield the records of fastText's ``__label__name the text`` lines."""
    name = source_name(source)
    is_labelled = selection.label is not None
    with open_bytes(source) as stream:
        lines = _fasttext_lines(name, stream, is_labelled)
        for line, content in refuse_blank(name, enumerate(lines, start=1)):
            position = f"{name}, line {line}"
            match = _FASTTEXT_LINE.fullmatch(content)
            assert match is not None, "the pattern matches any line"
            label = _only_label(position, match["labels"]) if is_labelled else None
            _refuse_other_line_end(position, content)
            yield position, match["text"], label


def _fasttext_lines(name: str, stream: io.BufferedReader, is_labelled: bool) -> Iterator[str]:
    ends: set[str] = set()
    for line, content in enumerate(read_lines(name, stream), start=1):
        if not is_labelled:
            check_end(name, line, content, ends)
        yield content.strip(_FASTTEXT_BLANKS)


def _refuse_other_line_end(position: str, content: str) -> None:
    """Raise an error if the labels of the next lines are in this one."""
    match = _OTHER_LINE_END.search(content) if content.rfind("__label__") > 0 else None
    if match is not None:
        raise ValueError(
            f"{position}: {match[1]!r}, which does not end a line, is before a label. End all "
            "lines in '\\n', or write a space instead of this character."
        )


def _only_label(position: str, labels: str) -> str:
    found = [label for label in re.split(f"[{_FASTTEXT_BLANKS}]+", labels) if label]
    if not found:
        raise ValueError(f"{position}: the line doesn't begin with a label, as in '__label__name'.")
    if len(found) > 1:
        raise ValueError(
            f"{position}: the line has {len(found)} labels, {listed(found)}. "
            "Give each text exactly one label."
        )
    return found[0].removeprefix("__label__")
