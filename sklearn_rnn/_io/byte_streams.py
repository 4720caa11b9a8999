"""Byte streams of files, decompressed where necessary, and the errors of broken files."""

import gzip
import io
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, NamedTuple

UTF8_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

# The size of a stream's buffer in bytes. The layout of a file of word vectors is found in the first
# buffer, which is large enough for the header and the first vector.
_BUFFER_SIZE = 2**17


class _Compression(NamedTuple):
    name: str
    suffix: str  # of file names, in lower case
    magic: bytes  # the first bytes of a compressed file
    open: Callable[[IO[bytes]], io.BufferedIOBase]
    errors: tuple[type[Exception], ...]  # raised for data that are cut off or damaged


# To support another compression, add a row.
_COMPRESSIONS = (
    _Compression("gzip", ".gz", b"\x1f\x8b", gzip.open, (EOFError, gzip.BadGzipFile, zlib.error)),
)
_LONGEST_MAGIC = max(len(compression.magic) for compression in _COMPRESSIONS)

COMPRESSION_SUFFIXES = tuple(compression.suffix for compression in _COMPRESSIONS)
COMPRESSED_OR_NOT = (
    f"compressed with {' or '.join(compression.name for compression in _COMPRESSIONS)} or not"
)


class DamagedDataError(ValueError):
    """Compressed data that are cut off or damaged. Readers add the position in the file."""


def open_bytes(path: Path) -> io.BufferedReader:
    """Open a file for reading, decompressed if its first bytes say that it is compressed.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    stream : io.BufferedReader
        Before the first read, ``peek`` shows the first 128 KiB of the data, or all of a smaller
        file. If compressed data are cut off or damaged, the data decompressed before the error can
        be read by ``read1`` or line by line; then DamagedDataError is raised.

    Raises
    ------
    OSError
        If the file cannot be opened.
    """
    stream: io.BufferedReader = io.BufferedReader(io.FileIO(str(path)), _BUFFER_SIZE)
    start = stream.peek(_LONGEST_MAGIC)
    for compression in _COMPRESSIONS:
        if start.startswith(compression.magic):
            return io.BufferedReader(_DecompressedStream(stream, compression), _BUFFER_SIZE)
    return stream


class _DecompressedStream(io.RawIOBase):
    """Raw stream of the decompressed bytes of another stream; closing it closes the other too."""

    def __init__(self, stream: IO[bytes], compression: _Compression) -> None:
        self._stream = stream
        self._compression = compression
        self._decompressed = compression.open(stream)
        self._error: Exception | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Read into the buffer; raise an error only once all bytes decompressed before are read."""
        n_read = 0
        with memoryview(buffer) as view:
            try:
                while self._error is None and n_read < len(view):
                    n_new = self._decompressed.readinto1(view[n_read:])
                    if not n_new:
                        break
                    n_read += n_new
            except self._compression.errors as error:
                self._error = error
        if self._error is not None and not n_read:
            raise DamagedDataError(
                f"the {self._compression.name} data are cut off or damaged from about here "
                f"({self._error}). Get the file again."
            ) from self._error
        return n_read

    def close(self) -> None:
        self._decompressed.close()
        self._stream.close()
        super().close()


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
    return ValueError(
        f"{position}: byte {error.start + 1} of the line, 0x{error.object[error.start]:02x}, is "
        "not UTF-8. Save the file as UTF-8."
    )
