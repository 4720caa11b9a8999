"""Compressions of files, recognised by their first bytes and never by a name."""

import bz2
import gzip
import io
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any, NamedTuple, Protocol

from sklearn_rnn._io.messages import listed
from sklearn_rnn._io.other_formats import OtherFormatError

# Bytes that a decompressor takes and gives at a time. A KiB of zstd can become 32 MiB: zstandard
# cannot be told to stop earlier.
_INPUT_SIZE = 2**10
_PIECE_SIZE = 2**17

# Entries that operating systems and network drives add to folders and archives.
_SYSTEM_NAMES = {
    *("__macosx", "icon\r", "thumbs.db", "ehthumbs.db", "desktop.ini"),
    *("$recycle.bin", "system volume information", "lost+found", "@eadir"),
}


class Compression(NamedTuple):
    """A row of `COMPRESSIONS`, which describes one compression."""

    name: str
    suffixes: tuple[str, ...]  # of file names, in lower case
    magic: re.Pattern[bytes]  # matches the first bytes of a compressed file
    # Returns the decompressed data in pieces. The arguments are the compressed bytes, and the file
    # that they come from if it can be sought in, otherwise None.
    open: Callable[[io.BufferedReader, IO[bytes] | None], Iterable[bytes]]
    errors: tuple[type[Exception], ...]  # raised for data that are cut off or damaged
    create: Callable[[Path], AbstractContextManager[Any]]  # opens a new file for writing

    def explain(self, error: Exception) -> str:
        """Return the message for one of `errors`."""
        return (
            f"the {self.name} data are cut off or damaged from about here ({error}). Get the file "
            "again."
        )


class _Decompressor(Protocol):
    """A decompressor of one stream, as in the modules bz2 and lzma."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


def _open_gzip(stream: io.BufferedReader, file: IO[bytes] | None) -> Iterable[bytes]:
    return iter(partial(gzip.GzipFile(fileobj=stream).read1, _PIECE_SIZE), b"")


def _open_streams(
    new: Callable[[], _Decompressor], stream: io.BufferedReader, file: IO[bytes] | None
) -> Iterator[bytes]:
    """Yield the data of streams one after the other, with zeros between them or not.

    BZ2File and LZMAFile would leave out a second stream without an error if its beginning is
    damaged, and zstandard's reader returns data that are cut off without an error.
    """
    data = stream.read(_INPUT_SIZE)
    while data:
        decompressor = new()
        while not decompressor.eof:
            if decompressor.needs_input and not data:
                data = stream.read(_INPUT_SIZE)
                if not data:
                    raise EOFError("the data end before their end-of-stream marker")
            given, data = (data, b"") if decompressor.needs_input else (b"", data)
            yield decompressor.decompress(given, _PIECE_SIZE)
        data = decompressor.unused_data + data
        while not (data := data.lstrip(b"\0")):
            data = stream.read(_INPUT_SIZE)
            if not data:
                return


class _ZstdDecompressor:
    """zstandard's decompressor of one frame, with the interface of BZ2Decompressor."""

    needs_input = True

    def __init__(self) -> None:
        import zstandard

        # The largest window of the command zstd, which large dumps are written with (--long=31).
        self._frame = zstandard.ZstdDecompressor(max_window_size=2**31).decompressobj()

    @property
    def eof(self) -> bool:
        return self._frame.eof

    @property
    def unused_data(self) -> bytes:
        return self._frame.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._frame.decompress(data)


def _import_zstandard() -> Any:
    try:
        import zstandard
    except ImportError as error:
        raise ImportError(
            "is compressed with zstd, which needs the package zstandard. Install it: "
            'pip install "sklearn_rnn[zstd]".'
        ) from error
    return zstandard


def _open_zstd(stream: io.BufferedReader, file: IO[bytes] | None) -> Iterable[bytes]:
    zstandard = _import_zstandard()
    try:
        yield from _open_streams(_ZstdDecompressor, stream, file)
    except zstandard.ZstdError as error:
        raise zlib.error(str(error)) from error


def _open_zip(stream: io.BufferedReader, file: IO[bytes] | None) -> Iterable[bytes]:
    # The list of members is at the end. A pipe is therefore read to its end first.
    archive = zipfile.ZipFile(io.BytesIO(stream.read()) if file is None else file)
    names = [name for name in archive.namelist() if not (name.endswith("/") or _is_added(name))]
    if len(names) != 1:
        raise OtherFormatError(_describe_members(names))
    member = archive.getinfo(names[0])
    if member.flag_bits & 1:
        raise OtherFormatError(
            "is a zip archive with a password. Unpack it, and pass the file that is in it."
        )
    return iter(partial(archive.open(member).read, _PIECE_SIZE), b"")


def _create_xz(path: Path) -> AbstractContextManager[Any]:
    is_old = path.suffix.lower() == ".lzma"  # the format before xz, which has its own programs
    return lzma.open(path, "wb", format=lzma.FORMAT_ALONE if is_old else lzma.FORMAT_XZ)


def _create_zstd(path: Path) -> AbstractContextManager[Any]:
    return _import_zstandard().open(path, "wb")


@contextmanager
def _create_zip(path: Path) -> Iterator[IO[bytes]]:
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(path.stem, "w", force_zip64=True) as member,
    ):
        yield member


def _is_added(member: str) -> bool:
    return any(map(is_hidden, PurePosixPath(member).parts))


def is_hidden(name: str) -> bool:
    """Return whether a file or folder of this name is hidden, or added by an operating system."""
    return name.startswith(".") or name.lower() in _SYSTEM_NAMES


def _describe_members(names: list[str]) -> str:
    if not names:
        return "is a zip archive without files."
    if "[Content_Types].xml" in names:
        return "is an Excel workbook or another Office file. Save its table as CSV in UTF-8."
    if "mimetype" in names:
        return "is an OpenDocument file. Save its table as CSV in UTF-8."
    if all(name.endswith(".npy") for name in names):
        return "is a file of NumPy arrays. Read it with numpy.load."
    if any(name.endswith("/data.pkl") for name in names):
        return "is a file of PyTorch. Read it with torch.load if you trust it."
    return (
        f"is a zip archive of {len(names)} files: {listed(names, max_names=5)}. Unpack it, and "
        "pass the file or folder to read."
    )


# To support another compression, add a row.
COMPRESSIONS = (
    Compression(
        "gzip",
        (".gz",),
        re.compile(rb"\x1f\x8b"),
        _open_gzip,
        (EOFError, gzip.BadGzipFile, zlib.error),
        partial(gzip.GzipFile, mode="wb"),
    ),
    Compression(
        "bzip2",
        (".bz2",),
        re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)"),
        partial(_open_streams, bz2.BZ2Decompressor),
        (EOFError, OSError, ValueError),
        partial(bz2.BZ2File, mode="wb"),
    ),
    Compression(
        "xz",
        (".xz", ".lzma"),
        re.compile(rb"\xfd7zXZ\0|\]\0\0[\0-\xff]{2}"),
        partial(_open_streams, lzma.LZMADecompressor),
        (EOFError, lzma.LZMAError),
        _create_xz,
    ),
    Compression(
        "zstd",
        (".zst", ".zstd"),
        re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"),
        _open_zstd,
        (EOFError, zlib.error),
        _create_zstd,
    ),
    Compression(
        "zip",
        (".zip",),
        re.compile(rb"PK(\x03\x04|\x05\x06|\x07\x08)"),
        _open_zip,
        (
            EOFError,
            OSError,
            OverflowError,
            RuntimeError,
            ValueError,
            lzma.LZMAError,
            struct.error,
            zipfile.BadZipFile,
            zlib.error,
        ),
        _create_zip,
    ),
)

COMPRESSION_SUFFIXES = tuple(suffix for row in COMPRESSIONS for suffix in row.suffixes)

_NAMES = [row.name for row in COMPRESSIONS]
COMPRESSED_OR_NOT = f"compressed with {', '.join(_NAMES[:-1])} or {_NAMES[-1]}, or not"


def find_compression(start: bytes) -> Compression | None:
    """Return the compression of data that begin with `start`, or None."""
    for compression in COMPRESSIONS:
        if compression.magic.match(start):
            return compression
    return None


def create_bytes(path: Path) -> AbstractContextManager[Any]:
    """Open a new file for writing, compressed if its suffix is one of a compression.

    Parameters
    ----------
    path : Path
        The file. A zip archive has one member, with the name of the file but for its suffix.

    Returns
    -------
    stream : context manager of a file object
        Takes bytes. The file is complete once the context ends.

    Raises
    ------
    OSError
        If the file cannot be opened.
    ImportError
        If the suffix is one of zstd, and the package zstandard is not installed.
    """
    for compression in COMPRESSIONS:
        if path.suffix.lower() in compression.suffixes:
            try:
                return compression.create(path)
            except ImportError as error:
                raise ImportError(f"{path.name} {error}") from error
    return open(path, "wb")
