"""Compressions of files, and other formats that are recognised to be named in errors.

All are told by the first bytes of a file, never by its name.
"""

import bz2
import gzip
import io
import lzma
import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import PurePosixPath
from typing import IO, NamedTuple, Protocol

# Bytes that a decompressor takes and gives at a time. A KiB of zstd can become 32 MiB: zstandard
# cannot be told to stop earlier.
_INPUT_SIZE = 2**10
_PIECE_SIZE = 2**17

# Entries that macOS and Windows add to folders and archives.
_SYSTEM_NAMES = {"__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini"}


class OtherFormatError(ValueError):
    """A file that is not read. The message goes on after the name of the file."""


class Compression(NamedTuple):
    """A row of `COMPRESSIONS`, which describes one compression."""

    name: str
    suffixes: tuple[str, ...]  # of file names, in lower case
    magic: re.Pattern[bytes]  # matches the first bytes of a compressed file
    # Returns the decompressed data in pieces. The arguments are the compressed bytes, and the file
    # that they come from if it can be sought in, otherwise None.
    open: Callable[[io.BufferedReader, IO[bytes] | None], Iterable[bytes]]
    errors: tuple[type[Exception], ...]  # raised for data that are cut off or damaged

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


def _open_zstd(stream: io.BufferedReader, file: IO[bytes] | None) -> Iterable[bytes]:
    try:
        import zstandard
    except ImportError as error:
        raise ImportError(
            "is compressed with zstd, which needs the package zstandard. Install it: "
            'pip install "sklearn_rnn[zstd]".'
        ) from error
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


def _is_added(member: str) -> bool:
    return any(map(is_hidden, PurePosixPath(member).parts))


def is_hidden(name: str) -> bool:
    """Return whether the name of a file or folder is a hidden one or one of the system's own."""
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
    listed = ", ".join(map(repr, names[:5])) + (", ..." if len(names) > 5 else "")
    return (
        f"is a zip archive of {len(names)} files: {listed}. Unpack it, and pass the file or folder "
        "to read."
    )


# To support another compression, add a row.
COMPRESSIONS = (
    Compression(
        "gzip",
        (".gz",),
        re.compile(rb"\x1f\x8b"),
        _open_gzip,
        (EOFError, gzip.BadGzipFile, zlib.error),
    ),
    Compression(
        "bzip2",
        (".bz2",),
        re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)"),
        partial(_open_streams, bz2.BZ2Decompressor),
        (EOFError, OSError, ValueError),
    ),
    Compression(
        "xz",
        (".xz", ".lzma"),
        re.compile(rb"\xfd7zXZ\0|\]\0\0[\0-\xff]{2}"),
        partial(_open_streams, lzma.LZMADecompressor),
        (EOFError, lzma.LZMAError),
    ),
    Compression(
        "zstd",
        (".zst", ".zstd"),
        re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"),
        _open_zstd,
        (EOFError, zlib.error),
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
    ),
)

COMPRESSION_SUFFIXES = tuple(suffix for row in COMPRESSIONS for suffix in row.suffixes)

_UNPACK = "Unpack it, and pass the file or folder to read."
_EXPORT = "Export its texts as CSV in UTF-8."

# Other formats, each with the pattern of its first bytes.
_OTHER_FORMATS: tuple[tuple[bytes, str], ...] = (
    (rb"7z\xbc\xaf\x27\x1c", f"is a 7z archive. {_UNPACK}"),
    (rb"Rar!\x1a\x07", f"is a rar archive. {_UNPACK}"),
    (rb"MSCF\0{4}", f"is a cab archive. {_UNPACK}"),
    (rb"[\x02\x04]\x22\x4d\x18|\x02\x21\x4c\x18", f"is compressed with lz4. {_UNPACK}"),
    (rb"\xff\x06\0\0sNaPpY", f"is compressed with snappy. {_UNPACK}"),
    (rb"\x1f[\x9d\xa0\x1e]", f"is compressed with compress or pack (.Z). {_UNPACK}"),
    (rb"LZIP\x01", f"is compressed with lzip. {_UNPACK}"),
    (rb"\x89LZO\0\r\n\x1a\n", f"is compressed with lzop. {_UNPACK}"),
    (rb"PAR1[^ -~\t\r\n]", "is a Parquet file. Read it with pandas.read_parquet."),
    (rb"ARROW1\0\0|FEA1\0{4}", "is an Arrow or Feather file. Read it with pandas.read_feather."),
    (rb"\xff{4}[\0-\xff]{3}\0", f"is an Arrow stream. {_EXPORT}"),
    (rb"ORC[^ -~\t\r\n]", "is an ORC file. Read it with pandas.read_orc."),
    (rb"Obj\x01", f"is an Avro file. {_EXPORT}"),
    (rb"SQLite format 3\0", "is an SQLite database. Read it with pandas.read_sql."),
    (rb"\x89HDF\r\n\x1a\n", "is an HDF5 file. Read it with pandas.read_hdf or h5py."),
    (rb"\x93NUMPY", "is a file of a NumPy array. Read it with numpy.load."),
    (rb"\x80", "is a pickle. Read it with joblib.load if you wrote it with joblib.dump."),
    (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", f"is an old Excel or Word file. {_EXPORT}"),
    (rb"%PDF-", f"is a PDF. {_EXPORT}"),
    (rb"\{\\rtf", f"is a file of rich text (RTF). {_EXPORT}"),
    (
        rb"version https://git-lfs\.github\.com/",
        "is a pointer of Git LFS, not the data. Get them with git lfs pull.",
    ),
)

# Encodings of two or four bytes a character, with a byte order mark, and without one.
_BYTE_ORDER_MARKS = {
    "utf-32": (b"\xff\xfe\0\0", b"\0\0\xfe\xff"),
    "utf-16": (b"\xff\xfe", b"\xfe\xff"),
}
_UNMARKED = ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")


def find_compression(start: bytes) -> Compression | None:
    """Return the compression of data that begin with `start`, or None."""
    for compression in COMPRESSIONS:
        if compression.magic.match(start):
            return compression
    return None


def check_format(start: bytes) -> None:
    """Raise an OtherFormatError if data that begin with `start` are neither text nor vectors."""
    for magic, message in _OTHER_FORMATS:
        if re.match(magic, start):
            raise OtherFormatError(message)
    if start and not start.strip(b"\0"):
        raise OtherFormatError("begins with zero bytes alone. It is damaged: get it again.")
    if _is_tar(start):
        raise OtherFormatError(f"is a tar archive. {_UNPACK}")
    encodings = [name for name, marks in _BYTE_ORDER_MARKS.items() if start.startswith(marks)]
    encodings += [name for name in _UNMARKED if _is_ascii_in(name, start[:400])]
    if encodings:
        raise OtherFormatError(
            f"is text in {encodings[0].upper()}. Save it as UTF-8, or pass "
            f"open(path, encoding={encodings[0]!r})."
        )


def _is_ascii_in(encoding: str, start: bytes) -> bool:
    """Return whether ASCII is written in two or four bytes a character."""
    width = int(encoding[4:6]) // 8
    start = start[: len(start) // width * width]
    zeros = [not any(start[place::width]) for place in range(width)]
    place = width - 1 if encoding.endswith("be") else 0
    return len(start) > width and not zeros.pop(place) and all(zeros)


def _is_tar(start: bytes) -> bool:
    try:
        tarfile.TarInfo.frombuf(start[: tarfile.BLOCKSIZE], "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError):
        return False
    return True
