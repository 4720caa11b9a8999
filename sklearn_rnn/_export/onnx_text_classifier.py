"""Text classifier that runs an exported model with NumPy and onnxruntime alone.

`sklearn_rnn.export.export_onnx` copies this file beside the model. It needs Python 3.11 or newer,
NumPy and onnxruntime, and imports nothing of the package `sklearn_rnn`. As a command, it classifies
the lines of stdin, or the texts in the columns of a CSV table::

    python onnx_text_classifier.py model.onnx < texts.txt > labels.tsv
    python onnx_text_classifier.py model.onnx --format csv --text review < reviews.csv > labels.csv

In Python::

    from onnx_text_classifier import OnnxTextClassifier

    classifier = OnnxTextClassifier("model.onnx")
    classifier.predict_proba(["a good film", "a bad film"])
"""

import argparse
import codecs
import csv
import importlib.util
import io
import json
import os
import queue
import re
import sys
import threading
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial
from itertools import repeat
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import numpy.typing as npt

FORMAT_VERSION = 1  # of the metadata
METADATA_KEY = "sklearn_rnn"
_METADATA_FIELD = 14  # of ONNX's ModelProto

UNKNOWN_ID = 1
FIRST_CHARACTER = 2**30  # the id of a character is this number plus its code point
SHORTEST_SPELLED = 3  # shorter tokens are not followed by their characters
BEGIN, END = "<s>", "</s>"
_LINE_BREAK = re.compile(r"<[bB][rR] ?/?>")

# A line that ends in a carriage return, alone or before a line feed, and a last one without end.
_LINE = re.compile(rb"[^\r]*\r\n?|[^\r]+")

# The most ids in a batch, with padding. With 2,048 ids, 2,000 reviews took 12 % less processor time
# than with 8,192, because the states of a layer stay in the cache.
_BATCH_IDS = 2048

_BLOCK = 128  # texts that a thread splits into tokens at once

_CHUNK = 1024  # texts that the command classifies at once


class OnnxTextClassifier:
    """Text classifier that runs a model in an ONNX file written by `export_onnx`.

    It returns the probabilities of the exported Pipeline, up to float32 rounding. It can be used in
    several threads at once and in forked processes; onnxruntime is imported and loads the model at
    the first prediction, so that each worker of a server does this for itself. Do not fork after a
    prediction: onnxruntime 1.32 then keeps the forked process from ending. A pickle holds the path
    of the file instead of the model.

    Parameters
    ----------
    path : str or path-like
        The ONNX file, or the folder that `export_onnx` wrote.

    n_threads : int or None, default=None
        The number of threads that compute the predictions of many texts. None is one for each CPU
        core. The probabilities do not depend on it.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The class labels, in the order of the columns of `predict_proba`.

    Raises
    ------
    ImportError
        If onnxruntime is not installed.

    OSError
        If the file cannot be read.

    ValueError
        If the file is not one that `export_onnx` wrote, is in a newer format, or is damaged; or if
        `n_threads` is less than 1.
    """

    classes_: npt.NDArray[Any]

    def __init__(self, path: str | os.PathLike[str], *, n_threads: int | None = None) -> None:
        if n_threads is not None and n_threads < 1:
            raise ValueError(f"n_threads must be None or an int of at least 1; got {n_threads}.")
        self.path = os.path.abspath(path)
        if os.path.isdir(self.path):
            self.path = os.path.join(self.path, "model.onnx")
        self.n_threads = n_threads
        if importlib.util.find_spec("onnxruntime") is None:
            raise ImportError(
                "OnnxTextClassifier needs onnxruntime. Install it: pip install onnxruntime, or "
                'pip install "sklearn_rnn[export]".'
            )
        text = _read_metadata(self.path)
        metadata = _parse_metadata(text, self.path)
        try:
            self.classes_ = np.array(metadata["classes"], dtype=metadata["classes_dtype"])
            self._tokenizer = Tokenizer(**metadata["tokenizer"])
        except (KeyError, TypeError, ValueError, re.error) as error:
            raise ValueError(f"{self.path} has damaged metadata: {error!r}.") from error
        self._hash = hash(text)
        self._session: Any = None

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), n_threads=self.n_threads), (self.path,)

    def predict(self, texts: Iterable[str]) -> npt.NDArray[Any]:
        """Predict the class of each text.

        Parameters
        ----------
        texts : list, tuple, ndarray or Series of str, of n_texts texts
            The texts.

        Returns
        -------
        labels : ndarray of shape (n_texts,)
            The class with the highest probability.

        Raises
        ------
        TypeError
            If `texts` is one str or no collection of texts, or if one of its rows is not a str.

        ValueError
            If `texts` is empty.
        """
        return self.classes_[self.predict_proba(texts).argmax(axis=1)]

    def predict_proba(self, texts: Iterable[str]) -> npt.NDArray[np.float32]:
        """Predict the probability of each class, for each text.

        Parameters
        ----------
        texts : list, tuple, ndarray or Series of str, of n_texts texts
            The texts.

        Returns
        -------
        probabilities : ndarray of float32 of shape (n_texts, n_classes)
            Probabilities of the classes, in the order of `classes_`.

        Raises
        ------
        TypeError, ValueError
            As for `predict`.
        """
        checked = _check_texts(texts)
        if self._session is None:
            self._session = self._load_session()
        probabilities = np.empty((len(checked), len(self.classes_)), dtype=np.float32)

        def compute(block: list[int]) -> None:
            probabilities[block] = self._compute([checked[row] for row in block])

        blocks = list(_split_into_blocks(checked))
        n_threads = min(self.n_threads or os.cpu_count() or 1, len(blocks))
        if n_threads == 1:
            for block in blocks:
                compute(block)
        else:
            # The threads end with this call, since a forked process would not have them.
            with ThreadPoolExecutor(n_threads) as pool:
                list(pool.map(compute, blocks))
        return probabilities

    def _load_session(self) -> Any:
        # Not at the top: a process that is forked after this import hangs when it exits.
        import onnxruntime

        # One thread for each operator: threads of batches take half the processor time, and a
        # forked process would not have the threads of a session.
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.enable_mem_pattern = False  # one would be planned and kept for each shape of ids
        try:
            session = onnxruntime.InferenceSession(
                self.path, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime has a private class for each kind of error
            raise ValueError(
                f"onnxruntime {onnxruntime.__version__} cannot load {self.path}: {error}"
            ) from error
        text = session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
        if hash(text) != self._hash:
            raise ValueError(
                f"{self.path} has changed since this OnnxTextClassifier was created. Create a new "
                "one."
            )
        return session

    def _compute(self, texts: list[str]) -> npt.NDArray[np.float32]:
        """Compute the probabilities of a block of texts, in batches of similar length."""
        encoded = list(map(self._tokenizer.encode, texts))
        lengths = np.fromiter(map(len, encoded), np.int64, len(encoded))
        probabilities = np.empty((len(encoded), len(self.classes_)), dtype=np.float32)
        for rows in _split_into_batches(lengths):
            ids = np.zeros((len(rows), lengths[rows[-1]]), dtype=np.int32)
            for row, padded in zip(rows, ids, strict=True):
                padded[: lengths[row]] = encoded[row]
            probabilities[rows] = self._session.run(["probabilities"], {"ids": ids})[0]
        return probabilities


class Tokenizer:
    """Tokenizer that gives a text the ids that the exported `TextTokenizer` gives it.

    Parameters
    ----------
    analyzer, lowercase, strip_accents, token_pattern, max_length, truncation, add_markers, \
add_characters, vocabulary
        As in the metadata of an exported model.
    """

    def __init__(
        self,
        *,
        analyzer: str,
        lowercase: bool,
        strip_accents: str | None,
        token_pattern: str | None,
        max_length: int,
        truncation: str,
        add_markers: bool,
        add_characters: bool,
        vocabulary: dict[str, int],
    ) -> None:
        strippers: dict[str | None, Callable[[str], str]] = {
            None: str,
            "ascii": _strip_accents_ascii,
            "unicode": _strip_accents_unicode,
        }
        self._strip_accents = strippers[strip_accents]
        self._lowercase = lowercase
        self._find_tokens: Callable[[str], Iterable[str]] = (
            _find_characters if analyzer == "char" else re.compile(token_pattern or "").findall
        )
        self._vocabulary = vocabulary
        self._add_characters = add_characters
        self._first = [vocabulary.get(BEGIN, UNKNOWN_ID)] if add_markers else []
        self._last = [vocabulary.get(END, UNKNOWN_ID)] if add_markers else []
        self._width = max_length - 2 * add_markers
        self._n_first = {"post": self._width, "pre": 0, "middle": (self._width + 1) // 2}[
            truncation
        ]

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text, without padding."""
        ids = self._encode_all(self.split(text)) or [UNKNOWN_ID]
        if len(ids) > self._width:
            ids = ids[: self._n_first] + ids[len(ids) - self._width + self._n_first :]
        return [*self._first, *ids, *self._last]

    def split(self, text: str) -> list[str]:
        """Return the tokens of a text."""
        if "<" in text:
            text = _LINE_BREAK.sub(" ", text)
        if self._lowercase:
            text = text.lower()
        # Of a pattern with a group, an empty match is one outside of the group.
        return list(filter(None, self._find_tokens(self._strip_accents(text))))

    def _encode_all(self, tokens: list[str]) -> list[int]:
        """Return the ids of tokens, followed by their characters if these are added and fit."""
        ids = list(map(self._vocabulary.get, tokens, repeat(UNKNOWN_ID)))
        if not self._add_characters:
            return ids
        spelled = [token if len(token) >= SHORTEST_SPELLED else "" for token in tokens]
        if len(ids) + sum(map(len, spelled)) > self._width:
            return ids
        characters = ([FIRST_CHARACTER + ord(char) for char in token] for token in spelled)
        return [id_ for pair in zip(ids, characters, strict=True) for id_ in (pair[0], *pair[1])]


def _find_characters(text: str) -> str:
    return " ".join(text.split())


def _strip_accents_ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")


def _strip_accents_unicode(text: str) -> str:
    if text.isascii():
        return text
    return "".join(
        char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char)
    )


def _read_metadata(path: str) -> str | None:
    """Return the metadata of an ONNX file, which is a protobuf message, as text."""
    with open(path, "rb") as file:
        model = memoryview(file.read())
    for entry in _read_fields(model, _METADATA_FIELD, path):
        key, text = (next(_read_fields(entry, number, path), b"") for number in (1, 2))
        if bytes(key) == METADATA_KEY.encode():
            return bytes(text).decode(errors="replace")
    return None


def _read_fields(message: memoryview, number: int, path: str) -> Iterator[memoryview]:
    """Yield the contents of the fields of a protobuf message that have this number."""
    position = 0

    def read_varint() -> int:
        nonlocal position
        value = shift = 0
        while True:
            byte = message[position]
            position += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    try:
        while position < len(message):
            tag = read_varint()
            size = {0: lambda: read_varint() * 0, 1: lambda: 8, 2: read_varint, 5: lambda: 4}[
                tag & 7
            ]()
            if position + size > len(message):
                raise IndexError
            if tag >> 3 == number:
                yield message[position : position + size]
            position += size
    except (IndexError, KeyError):
        raise ValueError(f"{path} is damaged, cut off, or no ONNX file.") from None


def _parse_metadata(text: str | None, path: str) -> dict[str, Any]:
    """Return the metadata of an exported model, or raise a ValueError."""
    if text is None:
        raise ValueError(
            f"{path} has no metadata of sklearn_rnn, so its tokens and classes are unknown. Pass a "
            "file that sklearn_rnn.export.export_onnx wrote."
        )
    try:
        metadata: dict[str, Any] = json.loads(text)
    except ValueError:
        raise ValueError(f"{path} is damaged, cut off, or no ONNX file.") from None
    version = metadata.get("format_version")
    if version != FORMAT_VERSION:
        raise ValueError(
            f"{path} has the format version {version}, and this file reads version "
            f"{FORMAT_VERSION}. Use the onnx_text_classifier.py that export_onnx wrote beside the "
            "model, or export the model again."
        )
    return metadata


def _check_texts(texts: Any) -> list[str]:
    """Return texts as a list of str, or raise an error that says what to pass instead."""
    accepted = "OnnxTextClassifier takes a list, tuple, NumPy array or Series of str"
    if isinstance(texts, str | bytes):
        raise TypeError(
            f"{accepted}, but texts is one {type(texts).__name__}. Wrap a single text in a list: "
            "[text]."
        )
    rows = texts
    for method in ("tolist", "to_list", "to_pylist"):  # NumPy and pandas, polars, pyarrow
        if hasattr(texts, method):
            rows = getattr(texts, method)()
            break
    if not isinstance(rows, Sequence) or isinstance(rows, str | bytes):
        raise TypeError(
            f"{accepted}, but texts is of type {type(texts).__name__}. Put the texts into a list."
        )
    if not rows:
        raise ValueError(f"{accepted}, but texts is empty. Pass at least one text.")
    for position, text in enumerate(rows):
        if not isinstance(text, str):
            raise TypeError(
                f"{accepted}, but the text at position {position} is of type "
                f"{type(text).__name__}. Pass one str per text."
            )
    return list(rows)


def _split_into_blocks(texts: list[str]) -> Iterator[list[int]]:
    """Yield the rows of blocks of texts of similar length, the longest texts first."""
    # While a thread splits the texts of a block into tokens, others compute probabilities.
    rows = sorted(range(len(texts)), key=lambda row: len(texts[row]), reverse=True)
    for start in range(0, len(rows), _BLOCK):
        yield rows[start : start + _BLOCK]


def _split_into_batches(lengths: npt.NDArray[np.int64]) -> Iterator[npt.NDArray[np.intp]]:
    """Yield the rows of batches of texts of similar length, the longest text of each last."""
    order = np.argsort(lengths, kind="stable")
    end = len(order)
    while end:
        start = max(end - max(_BATCH_IDS // int(lengths[order[end - 1]]), 1), 0)
        yield order[start:end]
        end = start


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    arguments : sequence of str, default=None
        The arguments; None takes those of the process.

    Returns
    -------
    code : int
        0 after success; 2 after an error, which is printed as one line on stderr; 130 after an
        interrupt; 141 if the reader of stdout has closed the pipe.
    """
    options = _parse(arguments)
    try:
        with (
            open(options.output, "w", encoding="utf-8", errors="backslashreplace", newline="")
            if options.output
            else nullcontext(_utf8_stdout())
        ) as output:
            columns = None if options.format == "lines" else options.text or ["text"]
            _classify(OnnxTextClassifier(options.model), columns, output)
    except BrokenPipeError:
        # Python flushes stdout again when it exits, and would print an error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        return 130
    except (ImportError, OSError, ValueError) as error:
        print(f"{Path(sys.argv[0]).name}: error: {error}", file=sys.stderr)
        return 2
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description=(
            "Classify the texts of stdin, in UTF-8. Each line is a text, and gives a line with\n"
            "its label, a tab, and the probability of the label. Of a CSV table with a header,\n"
            "each row gives a row with the columns label and proba_<class>, as sklearn-rnn's\n"
            "predict writes it. Labels are written as soon as the texts are there."
        ),
        epilog=(
            "examples:\n  %(prog)s model.onnx < texts.txt > labels.tsv\n"
            "  %(prog)s model.onnx --format csv --text review < reviews.csv > labels.csv"
        ),
    )
    parser.add_argument(
        "model",
        nargs="?",
        default=Path(__file__).with_name("model.onnx"),
        metavar="MODEL",
        help="file that export_onnx wrote (default: model.onnx beside this program)",
    )
    parser.add_argument(
        "--format",
        choices=["lines", "csv"],
        default="lines",
        help="format of stdin (default: lines)",
    )
    parser.add_argument(
        "--text",
        action="append",
        metavar="COL",
        help="column of the text in a CSV table; repeat to join several by a space "
        '(default: "text")',
    )
    parser.add_argument("--output", metavar="FILE", help="write to this file (default: stdout)")
    options = parser.parse_args(arguments)
    if options.text and options.format == "lines":
        parser.error("--text names a column, and lines have none. Pass --format csv.")
    return options


def _classify(classifier: OnnxTextClassifier, columns: list[str] | None, output: TextIO) -> None:
    """Write the labels of the texts of stdin: of its lines, or of columns of a CSV table."""
    if sys.stdin is None:
        raise OSError("stdin is closed, and the texts are read from it.")
    # Not `sys.stdin`: a program that ends while a thread reads from that is aborted.
    lines = _Lines(io.BufferedReader(io.FileIO(sys.stdin.fileno(), closefd=False)))
    texts = _read_lines(lines) if columns is None else _read_table(lines, columns)
    delimiter = "\t" if columns is None else ","
    writer = csv.writer(output, delimiter=delimiter, lineterminator="\n")
    names = list(map(str, classifier.classes_))
    if columns is not None:
        writer.writerow(["label", *(f"proba_{name}" for name in names)])
    for chunk in _read_ahead(texts):
        probabilities = classifier.predict_proba(chunk)
        best = probabilities.argmax(axis=1).tolist()
        if columns is None:
            probabilities = probabilities.max(axis=1, keepdims=True)
        writer.writerows(
            [names[index], *map(str, row)] for index, row in zip(best, probabilities, strict=True)
        )
        output.flush()


def _utf8_stdout() -> TextIO:
    if not isinstance(sys.stdout, io.TextIOWrapper):
        raise OSError("stdout is closed. Pass --output, to write to a file.")
    # A label may be half an emoji, which UTF-8 lacks.
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace", newline="")
    return sys.stdout


class _Lines:
    r"""Iterator of decoded lines with their ends, which are "\n", "\r\n" or "\r".

    Parameters
    ----------
    stream : iterable of bytes
        Lines that end in a line feed, in UTF-8, with a byte order mark or not.
    """

    def __init__(self, stream: Iterable[bytes]) -> None:
        self._lines = self._decode(stream)
        self._number = 0  # of the last line
        self._last = ""
        self._ends: set[str] = set()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self._last = next(self._lines)
        return self._last

    def _decode(self, stream: Iterable[bytes]) -> Iterator[str]:
        for chunk in stream:
            for line in _LINE.findall(chunk) if b"\r" in chunk else (chunk,):
                self._number += 1
                if self._number == 1:
                    line = line.removeprefix(codecs.BOM_UTF8)
                try:
                    yield line.decode("utf-8")
                except UnicodeDecodeError as error:
                    raise ValueError(
                        f"line {self._number} of stdin is not UTF-8, from its byte "
                        f"{error.start + 1} on. Convert the texts, for example by iconv -f latin1 "
                        "-t utf-8."
                    ) from error

    def check_end(self) -> None:
        r"""Raise an error if the last line ends in "\r" alone and others do not, or vice versa.

        To be called where a line is a text: no missing field of a row would show it.
        """
        self._ends.update(set(self._last[-1:]) & {"\r", "\n"})
        if len(self._ends) > 1:
            raise ValueError(
                f"some lines of stdin, up to line {self._number}, end in '\\r' alone, and others "
                "in '\\n'. A '\\r' may therefore be part of a text. End all lines in '\\n'."
            )


def _read_lines(lines: _Lines) -> Iterator[str]:
    """Yield each line as a text."""
    for line in lines:
        lines.check_end()
        yield line.rstrip("\r\n")


def _read_table(lines: _Lines, columns: list[str]) -> Iterator[str]:
    """Yield the text of each row of a CSV table: its fields in some columns, joined by spaces."""
    csv.field_size_limit(2**31 - 1)  # the default is 128 KiB
    reader = csv.reader(lines, strict=True)
    try:
        header = next(reader, [])
        positions = [_find_column(column, header) for column in columns]
        is_one_column = len(header) == 1
        if is_one_column:
            lines.check_end()
        blank = 0  # the first blank line; at the end of the table they are no rows
        for row in reader:
            if not row:
                blank = blank or reader.line_num
                continue
            if blank:
                raise ValueError(f"line {blank} is blank. Fill it in or take it out.")
            if len(row) != len(header):
                raise ValueError(
                    f"the row that ends in line {reader.line_num} has {len(row)} field(s), and the "
                    f"header has {len(header)}."
                )
            if is_one_column:
                lines.check_end()
            fields = [row[position] for position in positions]
            yield " ".join(field for field in fields if field.strip())
    except csv.Error as error:
        raise ValueError(
            f"the row that ends in line {reader.line_num} is no row of CSV: {error}. Put a field "
            "with commas, line breaks or quotes in double quotes, and double the quotes in it."
        ) from error


def _find_column(name: str, header: list[str]) -> int:
    """Return the position of a column."""
    if not header:
        raise ValueError(
            "the first line of stdin is blank or missing. A CSV table begins with a header, the "
            "names of its columns."
        )
    if header.count(name) != 1:
        how_many = "more than one column" if name in header else "no column"
        raise ValueError(
            f"the table has {how_many} {name!r}. Its columns are {', '.join(map(repr, header))}."
        )
    return header.index(name)


def _read_ahead(texts: Iterator[str]) -> Iterator[list[str]]:
    """Yield the texts that are there already, in lists, while a thread reads more."""
    waiting: queue.Queue[str | Exception | None] = queue.Queue(maxsize=2 * _CHUNK)

    def read() -> None:
        try:
            for text in texts:
                waiting.put(text)
        except Exception as error:
            waiting.put(error)
        else:
            waiting.put(None)

    threading.Thread(target=read, daemon=True).start()
    chunk: list[str] = []
    while True:
        item = waiting.get()
        if isinstance(item, str):
            chunk.append(item)
        if chunk and (waiting.empty() or len(chunk) == _CHUNK or not isinstance(item, str)):
            yield chunk
            chunk = []
        if isinstance(item, Exception):
            raise item
        if item is None:
            return


if __name__ == "__main__":
    sys.exit(main())
