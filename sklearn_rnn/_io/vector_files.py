"""The formats that word vectors come in: each reader gives blocks of (words, rows of numbers)."""

import csv
import gzip
import io
import re
import zlib
from collections import deque, namedtuple
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import dropwhile, islice
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import cpu_count

from sklearn_rnn._warnings import warn_user

# How many bytes are parsed at a time: bounds what reading holds besides the matrix.
_BLOCK = 2**22

# pandas' own reader of whole files has as many from version 3.1 on.
_MOST_THREADS = 4

# What is looked at to tell the format: a header and the first vector are well within it.
_BUFFER = 2**17

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_HEADER = re.compile(rb"(\d{1,12}) (\d{1,12})[ \t\r]*\n")
_NOT_IN_TEXT = re.compile(rb"[\0-\x08\x0e-\x1f\x7f]")
_ACCEPTED = (
    "Word vectors are read from GloVe text, word2vec text or binary, and fastText .vec files, "
    "gzipped or not."
)
_OTHER_FORMATS = {
    b"PK\x03\x04": "a zip archive. Unpack it, and pass the file of vectors that is in it.",
    b"\xba\x16\x4f\x2f": "a fastText model. Pass the .vec file that fastText writes beside it.",
    b"\x80": "a pickle. Read it with joblib.load if you wrote it with joblib.dump.",
}
_DAMAGE = (EOFError, gzip.BadGzipFile, zlib.error)

# n_vectors is None if there is no header; source is what says how many numbers a vector has.
_Layout = namedtuple("_Layout", "n_vectors width is_binary source")


def read_vectors(path):
    """Return the words of a file, each once, and their vectors, in the order of the file.

    Parameters
    ----------
    path : str or path-like
        A file as :func:`load_word_vectors` takes it.

    Returns
    -------
    words : list of str
    matrix : ndarray of float32 of shape (len(words), embedding_dim)
        Read-only.

    Raises
    ------
    FileNotFoundError
        If there is nothing at `path`.
    ValueError
        If it is no file of word vectors, or a broken one. The message names the line, or the
        vector of a binary file.

    Warns
    -----
    UserWarning
        If vectors are left out since their word came before or is not UTF-8.
    """
    path = Path(path)
    if path.is_dir():
        raise ValueError(f"{path} is a folder. Pass the file of word vectors.")
    with _open(path) as stream:
        start = _first_bytes(path, stream)
        if start.startswith(_BYTE_ORDER_MARK):
            start = start.removeprefix(stream.read(len(_BYTE_ORDER_MARK)))
        layout = _find_layout(path, start)
        read = _read_binary if layout.is_binary else _read_text
        return _gather(path, read(path, stream, layout))


def _open(path):
    stream = path.open("rb", buffering=_BUFFER)
    if stream.peek(2)[:2] != b"\x1f\x8b":
        return stream
    stream.close()
    return io.BufferedReader(gzip.open(path), _BUFFER)


def _first_bytes(path, stream):
    """Return what fits in the buffer, without moving on."""
    try:
        return stream.peek()
    except _DAMAGE as error:
        raise _damaged(f"{path}, line 1", error) from error


def _damaged(where, error):
    return ValueError(
        f"{where}: the gzip data are cut off or damaged from about here ({error}). Get the file "
        "again."
    )


def _find_layout(path, start):
    """Tell the format from the file's first bytes."""
    if not start:
        raise ValueError(f"{path} is empty.")
    for magic, what in _OTHER_FORMATS.items():
        if start.startswith(magic):
            raise ValueError(f"{path} is {what}")
    header = _HEADER.match(start)
    if header is not None:
        n_vectors, width = map(int, header.groups())
        if not (n_vectors and width):
            raise ValueError(
                f"{path}, line 1: the header says {n_vectors} vectors of {width} numbers. "
                "Both must be at least 1."
            )
        return _Layout(n_vectors, width, _is_binary(start[header.end() :], width), "the header")
    if b"\0" in start:
        raise ValueError(f"{path} is no file of word vectors: it is not text. {_ACCEPTED}")
    return _Layout(None, _count_numbers(path, start.partition(b"\n")[0]), False, "line 1")


def _is_binary(vectors, width):
    """Whether what follows the first word is the bytes of numbers, and no number in digits."""
    numbers = vectors.partition(b" ")[2]
    field = re.split(rb"[ \r\n]", numbers, maxsplit=1)[0]
    return bool(_NOT_IN_TEXT.search(numbers[: 4 * width])) or not _is_number(field)


def _count_numbers(path, line):
    """Count the numbers of a row; fields before them belong to a word that holds spaces."""
    fields = line.rstrip(b" \r").split(b" ")
    width = len(list(dropwhile(lambda field: not _is_number(field), fields[1:])))
    if not width:
        beginning = line[:40].decode(errors="replace")
        raise ValueError(
            f"{path}, line 1: there is no word with its numbers, separated by spaces, but "
            f"{beginning!r}. {_ACCEPTED}"
        )
    return width


def _is_number(field):
    try:
        float(field)
    except ValueError:
        return False
    return True


def _read_text(path, stream, layout):
    first_line = 1
    if layout.n_vectors is not None:
        stream.readline()
        first_line = 2
    n_read = 0
    blocks = _blocks_of_lines(path, stream, first_line)
    for words, rows in _map_ahead(partial(_parse, path, layout), blocks):
        n_read += len(words)
        yield words, rows
    if layout.n_vectors not in (None, n_read):
        cure = "It is cut off: get it again." if n_read < layout.n_vectors else "Correct line 1."
        raise ValueError(
            f"{path}: the header says {layout.n_vectors} vectors, and the file has {n_read}. {cure}"
        )


def _blocks_of_lines(path, stream, line):
    """Yield whole lines, some megabytes of them, with the number of the first."""
    pieces, n_bytes = [], 0
    try:
        while piece := stream.read1():
            n_bytes += len(piece)
            end = piece.rfind(b"\n") + 1
            if end and n_bytes >= _BLOCK:
                data = b"".join([*pieces, piece[:end]])
                yield line, data
                line += data.count(b"\n")
                piece = piece[end:]
                pieces, n_bytes = [], len(piece)
            pieces.append(piece)
    except _DAMAGE as error:
        line += b"".join(pieces).count(b"\n")
        raise _damaged(f"{path}, line {line}", error) from error
    if n_bytes:
        yield line, b"".join(pieces)


def _map_ahead(function, items):
    """Map in threads and in order, with so few items ahead that they take little memory."""
    n_threads = min(_MOST_THREADS, cpu_count())
    with ThreadPoolExecutor(n_threads) as pool:
        pending = deque()
        for item in items:
            pending.append(pool.submit(function, item))
            if len(pending) > n_threads:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def _parse(path, layout, block):
    first_line, data = block
    return _parse_fast(data, layout.width) or _parse_with_care(path, first_line, data, layout)


def _parse_fast(data, width):
    """Parse lines by pandas' C reader: (words, rows), or None if any is out of the ordinary.

    Of the ways that were tried this is the fastest: half the time of ``np.fromstring`` or of
    Python's ``float``, a quarter of that of NumPy's conversion of bytes. And it leaves room to
    other threads, as it does not hold Python's lock while it parses.
    """
    # pandas ends a word at the one, and leaves out the other before the first word.
    if b"\0" in data or data.startswith(_BYTE_ORDER_MARK):
        return None
    for end in (b"\n", b"\r\n"):
        if data.partition(b"\n")[0].endswith(b" " + end[:-1]):
            data = data.replace(b" " + end, end)
    try:
        # Without dtype, which would take longer, and sets and resets Python's warnings, which
        # threads must not. Without low_memory=False, a word among the numbers is warned of.
        table = pd.read_csv(
            io.BytesIO(data),
            sep=" ",
            header=None,
            quoting=csv.QUOTE_NONE,
            na_filter=False,
            low_memory=False,
        )
    except ValueError:
        return None
    words, numbers = table.pop(0).tolist(), table.to_numpy()
    n_lines = data.count(b"\n") + (not data.endswith(b"\n"))
    if (
        numbers.shape != (n_lines, width)
        or numbers.dtype.kind not in "fiu"
        or not isinstance(words[0], str)  # as when all of them look like numbers
    ):
        return None
    rows = _as_float32(numbers)
    return (words, rows) if np.isfinite(rows).all() else None


def _as_float32(numbers):
    with np.errstate(over="ignore"):  # what is too large is refused, as infinite
        return np.ascontiguousarray(numbers, dtype=np.float32)


def _parse_with_care(path, first_line, data, layout):
    """Parse line by line: allows for spaces in words, and says which line is wrong."""
    words, rows = [], []
    lines = data.removesuffix(b"\n").split(b"\n")
    for line, content in enumerate(lines, first_line):
        word, numbers = _parse_row(f"{path}, line {line}", content, layout)
        words.append(word)
        rows.append(numbers)
    return words, np.array(rows)


def _parse_row(where, content, layout):
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{where}: byte {error.start + 1} of the line, 0x{content[error.start]:02x}, is not "
            "UTF-8. Save the file as UTF-8."
        ) from error
    word, *fields = text.rstrip(" \r\n").rsplit(" ", layout.width)
    for field in fields:
        if not _is_number(field):
            raise ValueError(
                f"{where}: {field!r} is not a number. A row is a word and its numbers, separated "
                "by single spaces."
            )
    # Words may hold spaces, but numbers among them are those of too wide a row.
    n_numbers = len(fields) + sum(map(_is_number, word.split(" ")[1:]))
    if n_numbers != layout.width:
        raise ValueError(
            f"{where}: the row has {n_numbers} number(s), and {layout.source} has "
            f"{layout.width}. The file is cut off or damaged here: get it again."
        )
    numbers = _as_float32(list(map(float, fields)))
    _check_finite(where, word, numbers)
    return word, numbers


def _check_finite(where, word, numbers):
    if not np.isfinite(numbers).all():
        raise ValueError(
            f"{where}: the vector of {word!r} has a number that is not finite in float32. Take "
            "the vector out, or get the file again."
        )


def _read_binary(path, stream, layout):
    vectors = _split_vectors(path, stream, layout)
    n_read = 0
    while block := list(islice(vectors, max(1, _BLOCK // (4 * layout.width)))):
        words = [_decode(word) for word, _ in block]
        rows = np.frombuffer(b"".join(row for _, row in block), dtype="<f4")
        rows = rows.reshape(len(block), layout.width).astype(np.float32, copy=False)
        _check_rows(path, n_read + 1, words, rows)
        n_read += len(block)
        yield words, rows


def _check_rows(path, first, words, rows):
    """Find the first vector that is not finite; `first` is the number of the first of all."""
    finite = np.isfinite(rows).all(axis=1)
    row = finite.argmin()
    _check_finite(f"{path}, vector {first + row}", words[row], rows[row])


def _split_vectors(path, stream, layout):
    """Yield the bytes of each word and of its numbers."""
    stream.readline()
    n_bytes = 4 * layout.width
    data, begin = b"", 0
    for number in range(1, layout.n_vectors + 1):
        while (space := data.find(b" ", begin)) < 0 or len(data) <= space + n_bytes:
            more = _read_on(path, stream, number)
            if not more:
                raise ValueError(
                    f"{path}, vector {number}: the file ends before the end of this vector, and "
                    f"the header says {layout.n_vectors} vectors of {layout.width} numbers. It is "
                    "cut off: get it again."
                )
            data, begin = data[begin:] + more, 0
        end = space + 1 + n_bytes
        # word2vec ends a vector by a line break, which gensim leaves out.
        yield data[begin:space].lstrip(b"\n"), data[space + 1 : end]
        begin = end
    if (data[begin:] + _read_on(path, stream, layout.n_vectors)).strip():
        raise ValueError(
            f"{path}: the header says {layout.n_vectors} vectors of {layout.width} numbers, and "
            "there is more after them. The header is wrong, or the file is damaged: get it again."
        )


def _read_on(path, stream, number):
    try:
        return stream.read1()
    except _DAMAGE as error:
        raise _damaged(f"{path}, vector {number}", error) from error


def _decode(word):
    """Return the word as str, or None if it is not UTF-8: word2vec cuts long words anywhere."""
    try:
        return word.decode()
    except UnicodeDecodeError:
        return None


def _gather(path, blocks):
    """Join the blocks, and keep the first vector of each word."""
    words = {}  # a dict keeps their order
    # A bytearray grows in place: a list of blocks would need twice the memory when it is joined.
    numbers = bytearray()
    n_read = n_undecoded = 0
    for block_words, rows in blocks:
        n_read += len(block_words)
        n_undecoded += block_words.count(None)
        kept = []
        for row, word in enumerate(block_words):
            if word is not None and word not in words:
                words[word] = None
                kept.append(row)
        if len(kept) < len(rows):
            rows = rows[kept]
        numbers += np.ascontiguousarray(rows).data
    n_repeated = n_read - n_undecoded - len(words)
    if n_undecoded:
        warn_user(f"{path}: {n_undecoded} of {n_read} words are not UTF-8. They are left out.")
    if n_repeated:
        warn_user(f"{path}: {n_repeated} of {n_read} words came before. The first vector is kept.")
    if not words:
        raise ValueError(f"{path} holds no words. {_ACCEPTED}")
    matrix = np.frombuffer(numbers, dtype=np.float32).reshape(len(words), -1)
    matrix.flags.writeable = False
    return list(words), matrix
