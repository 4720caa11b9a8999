"""Byte streams of paths and file objects, decompressed where necessary, and their errors."""

import io
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from os import PathLike
from typing import IO, Any, Protocol, TypeAlias

from sklearn_rnn._io.compressions import Compression, find_compression
from sklearn_rnn._io.other_formats import OtherFormatError, refuse_other_formats

UTF8_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

# The size of a stream's buffer in bytes. The layout of a file of word vectors is found in the first
# buffer, which is large enough for the header and the first vector.
_BUFFER_SIZE = 2**17

# Control characters but the escape, which is in texts from a terminal and in ISO-2022.
_NOT_IN_TEXT = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]")


class FileObject(Protocol):
    """A file that is open for reading bytes or text."""

    def read(self, size: int, /) -> bytes | str:
        """Return at most `size` bytes or characters, and none at the end."""


Source: TypeAlias = str | PathLike[str] | FileObject


class ProgressFile(io.FileIO):
    """A file that reports what is read of it, and its rest when it is closed.

    Parameters
    ----------
    path : str or path-like
        The file.
    report : callable
        Is called with numbers of bytes, whose sum is the size of the file once it is closed.
    """

    def __init__(self, path: str | PathLike[str], report: Callable[[int], object]) -> None:
        super().__init__(os.fspath(path))
        self._report = report
        self._n_left = os.fstat(self.fileno()).st_size

    def read(self, size: int | None = -1, /) -> bytes:
        """Read, and report the number of bytes."""
        piece = super().read(-1 if size is None else size) or b""
        self._count(len(piece))
        return piece

    def _count(self, n_bytes: int) -> None:
        n_bytes = min(n_bytes, self._n_left)  # zip archives and Parquet are partly read twice
        self._n_left -= n_bytes
        self._report(n_bytes)

    def close(self) -> None:
        """Close the file."""
        if not self.closed:
            self._count(self._n_left)
        super().close()


class DamagedDataError(ValueError):
    """Data that cannot be read to their end. Readers add the position in the file."""


def source_name(source: Source) -> str:
    """Return the name of a path or file object, for messages.

    Raises
    ------
    TypeError
        If `source` is neither a path nor a file object.
    """
    if isinstance(source, str | PathLike):
        return os.fspath(source)
    if not is_file_object(source):
        raise TypeError(
            f"path must be a path, or a file object that is open for reading; got {type(source)}."
        )
    name = getattr(source, "name", None)
    return os.fsdecode(name) if isinstance(name, str | bytes | PathLike) and name else "<stream>"


def is_file_object(source: object) -> bool:
    """Return whether a source is a file object, and no path: py.path.local has `read` too."""
    return callable(getattr(source, "read", None)) and not isinstance(source, str | PathLike)


def open_bytes(source: Source) -> io.BufferedReader:
    """Open a path or a file object for reading, decompressed if its first bytes say so.

    The source is opened and read once, from its beginning to its end, so that it may be a pipe.

    Parameters
    ----------
    source : str, path-like or file object
        Of a file object, the rest is read. Text is encoded as UTF-8.

    Returns
    -------
    stream : io.BufferedReader
        Before the first read, ``peek`` shows the first 128 KiB of the data, or all of a smaller
        file. If the data are cut off or damaged or cannot be read, those before the error can be
        read by ``read1`` or line by line; then DamagedDataError is raised. Closing the stream
        leaves a file object open.

    Raises
    ------
    OSError
        If a path cannot be opened.
    ImportError
        If the data are compressed with zstd, and the package zstandard is not installed.
    ValueError
        If the data are in a format that is neither text nor vectors, or a zip archive of several
        files or with a password.
    """
    name = source_name(source)
    if is_file_object(source):
        file: Any = source
        owned = []
        pieces = (_read_file if isinstance(file, ProgressFile) else _read_object)(file)
    else:
        file = io.FileIO(name)
        owned = [file]
        pieces = _read_file(file)
    stream: io.BufferedReader = io.BufferedReader(_PieceStream(pieces, owned), _BUFFER_SIZE)
    try:
        start = _peek(stream)
        compression = find_compression(start)
        if compression is not None:
            pieces = _decompress(compression, stream, file if _is_seekable(file) else None)
            stream = io.BufferedReader(_PieceStream(pieces, [stream]), _BUFFER_SIZE)
            start = _peek(stream)
            inner = find_compression(start)
            if inner is not None:
                raise OtherFormatError(
                    f"has {inner.name} data inside {compression.name} data. Unpack it once."
                )
        refuse_other_formats(start)
    except OtherFormatError as error:
        stream.close()
        raise ValueError(f"{name} {error}") from error
    except ImportError as error:
        stream.close()
        raise ImportError(f"{name} {error}") from error
    return stream


@contextmanager
def open_seekable(source: Source) -> Iterator[IO[bytes]]:
    """Open a path or a file object to read its bytes, as they are, at any place.

    What cannot be sought in, such as a pipe, is read into memory first.

    Parameters
    ----------
    source : str, path-like or file object
        The file. A file object is left open.

    Yields
    ------
    stream : file object
        Returns bytes.

    Raises
    ------
    OSError
        If a path cannot be opened.
    ValueError
        If a file object is open for text, or cannot be read.
    """
    name = source_name(source)
    if not is_file_object(source):
        with open(name, "rb") as file:
            if file.seekable():
                yield file
                return
            source = io.BytesIO(file.read())
    file_object: Any = source
    if isinstance(file_object, io.TextIOBase):
        raise ValueError(f"{name} is open for text. Open it for bytes: open(path, 'rb').")
    if _is_seekable(file_object):
        yield file_object
        return
    try:
        content = b"".join(_read_object(file_object))
    except DamagedDataError as error:
        raise ValueError(f"{name}: {error}") from error
    yield io.BytesIO(content)


def _peek(stream: io.BufferedReader) -> bytes:
    try:
        return stream.peek()
    except DamagedDataError:
        return b""  # raised again when the stream is read


def _is_seekable(file: Any) -> bool:
    return isinstance(file, io.RawIOBase | io.BufferedIOBase) and file.seekable()


class _PieceStream(io.RawIOBase):
    """Raw stream of bytes that come in pieces. Closing it closes `owned`."""

    def __init__(self, pieces: Iterator[bytes], owned: list[Any]) -> None:
        self._pieces = pieces
        self._owned = owned
        self._rest = memoryview(b"")
        self._error: DamagedDataError | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer; raise an error only once all bytes before it are read."""
        n_read = 0
        with memoryview(buffer) as view:
            while n_read < len(view) and (self._rest or self._advance()):
                n_new = min(len(self._rest), len(view) - n_read)
                view[n_read : n_read + n_new] = self._rest[:n_new]
                self._rest = self._rest[n_new:]
                n_read += n_new
        if self._error is not None and not n_read:
            raise self._error
        return n_read

    def _advance(self) -> bool:
        """Take the next piece that is not empty; return whether there is one."""
        try:
            for piece in self._pieces:
                if piece:
                    self._rest = memoryview(piece)
                    return True
        except DamagedDataError as error:
            self._error = error
        return False

    def close(self) -> None:
        for file in self._owned:
            file.close()
        super().close()


def _read_file(file: io.FileIO) -> Iterator[bytes]:
    """Yield the bytes of a file that is opened by its path."""
    status = os.fstat(file.fileno())
    n_missing = status.st_size if stat.S_ISREG(status.st_mode) else 0
    for piece in _read_object(file):
        n_missing -= len(piece)
        yield piece
    if n_missing > 0:
        raise DamagedDataError(
            f"the file became {n_missing} byte(s) shorter while it was read. Read it again once it "
            "is complete."
        )


def _read_object(file: Any) -> Iterator[bytes]:
    """Yield the bytes of a file object, encoded if it returns text."""
    while True:
        try:
            piece = file.read(_BUFFER_SIZE)
        except MemoryError:
            raise
        except Exception as error:  # the file object may be of any library
            raise DamagedDataError(
                f"reading fails from about here ({type(error).__name__}: {error})."
            ) from error
        if piece is None:
            raise DamagedDataError("reading does not wait for data. Pass a file object that does.")
        if isinstance(piece, str):
            # Lone surrogates become bytes that are not UTF-8, so that they are refused with their
            # line, as everything that is not UTF-8.
            piece = piece.encode(errors="surrogatepass")
        if not isinstance(piece, bytes | bytearray | memoryview):
            raise TypeError(
                f"{source_name(file)}: read() of a file object must return bytes or str; got "
                f"{type(piece)}."
            )
        if not piece:
            return
        yield bytes(piece)


def _decompress(compression: Compression, stream: io.BufferedReader, file: Any) -> Iterator[bytes]:
    try:
        yield from compression.open(stream, file)
    except (DamagedDataError, OtherFormatError):
        raise
    except compression.errors as error:
        raise DamagedDataError(compression.explain(error)) from error


def utf8_error(position: str, error: UnicodeDecodeError) -> ValueError:
    """Return the error of a line that is not UTF-8.

    Parameters
    ----------
    position : str
        The file and the line, for the message.
    error : UnicodeDecodeError
        The error that decoding the line raised.

    Returns
    -------
    error : ValueError
        The error to raise instead, whose message also names the byte.
    """
    byte = f"byte {error.start + 1} of the line, 0x{error.object[error.start]:02x}, is not UTF-8"
    if _NOT_IN_TEXT.search(error.object):
        return ValueError(
            f"{position}: {byte}, and the line has control characters. The file is damaged or no "
            "text: get it again, or export its texts as UTF-8."
        )
    return ValueError(f"{position}: {byte}. Save the file as UTF-8.")
