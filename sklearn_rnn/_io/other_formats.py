"""Formats that are not read, recognised by their first bytes to be named in errors."""

import re
import tarfile


class OtherFormatError(ValueError):
    """A file that is not read. The message goes on after the name of the file."""


_UNPACK = "Unpack it, and pass the file or folder to read."
_EXPORT = "Export its texts as CSV in UTF-8."

_ENCODED = "is text in {0}. Save it as UTF-8, or pass open(path, encoding={0!r})."

# Each format with the pattern of its first bytes, which has no groups.
_OTHER_FORMATS: tuple[tuple[bytes, str], ...] = (
    (rb"7z\xbc\xaf\x27\x1c", f"is a 7z archive. {_UNPACK}"),
    (rb"Rar!\x1a\x07", f"is a rar archive. {_UNPACK}"),
    (rb"MSCF\0{4}", f"is a cab archive. {_UNPACK}"),
    (rb"[\x02\x04]\x22\x4d\x18|\x02\x21\x4c\x18", f"is compressed with lz4. {_UNPACK}"),
    (rb"\xff\x06\0\0sNaPpY", f"is compressed with snappy. {_UNPACK}"),
    (rb"\x1f[\x9d\xa0\x1e]", f"is compressed with compress or pack (.Z). {_UNPACK}"),
    (rb"LZIP\x01", f"is compressed with lzip. {_UNPACK}"),
    (rb"\x89LZO\0\r\n\x1a\n", f"is compressed with lzop. {_UNPACK}"),
    (rb"PAR1[^ -~\t\r\n]", "is a Parquet file. For labelled texts, pass format='parquet'."),
    (rb"ARROW1\0\0|FEA1\0{4}", "is an Arrow or Feather file. Read it with pandas.read_feather."),
    (rb"\xff{4}[\0-\xff]{3}\0", f"is an Arrow stream. {_EXPORT}"),
    (rb"ORC[^ -~\t\r\n]", "is an ORC file. Read it with pandas.read_orc."),
    (rb"Obj\x01", f"is an Avro file. {_EXPORT}"),
    (rb"SQLite format 3\0", "is an SQLite database. Read it with pandas.read_sql."),
    (rb"\x89HDF\r\n\x1a\n", "is an HDF5 file. Read it with pandas.read_hdf or h5py."),
    (rb"\x93NUMPY", "is a file of a NumPy array. Read it with numpy.load."),
    (rb"\x80", "is a pickle. Read it with joblib.load if you wrote it with joblib.dump."),
    (
        rb"\xba\x16\x4f\x2f",
        "is a fastText model. Pass the .vec file that fastText writes beside it.",
    ),
    (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", f"is an old Excel or Word file. {_EXPORT}"),
    (rb"%PDF-", f"is a PDF. {_EXPORT}"),
    (rb"\{\\rtf", f"is a file of rich text (RTF). {_EXPORT}"),
    (rb"\xff\xfe\0\0|\0\0\xfe\xff", _ENCODED.format("utf-32")),
    (rb"\xff\xfe|\xfe\xff", _ENCODED.format("utf-16")),
    (
        rb"version https://git-lfs\.github\.com/",
        "is a pointer of Git LFS, not the data. Get them with git lfs pull.",
    ),
)

_ANY_FORMAT = re.compile(b"|".join(b"(%b)" % magic for magic, _ in _OTHER_FORMATS))

_ENCODINGS = ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")


def refuse_other_formats(start: bytes) -> None:
    """Raise an OtherFormatError if data that begin with `start` are neither text nor vectors."""
    match = _ANY_FORMAT.match(start)
    if match is not None and match.lastindex is not None:
        raise OtherFormatError(_OTHER_FORMATS[match.lastindex - 1][1])
    block = start[: tarfile.BLOCKSIZE]
    if b"\0" not in block:
        return
    if not start.strip(b"\0"):
        raise OtherFormatError("begins with zero bytes alone. It is damaged: get it again.")
    if _is_tar(block):
        raise OtherFormatError(f"is a tar archive. {_UNPACK}")
    for encoding in _ENCODINGS:
        if _is_ascii_in(encoding, block):
            raise OtherFormatError(_ENCODED.format(encoding))


def _is_tar(block: bytes) -> bool:
    try:
        tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError):
        return False
    return True


def _is_ascii_in(encoding: str, block: bytes) -> bool:
    """Return whether ASCII is written in two or four bytes a character, without a mark of it."""
    width = int(encoding[4:6]) // 8
    block = block[: len(block) // width * width]
    zeros = [not any(block[place::width]) for place in range(width)]
    place = width - 1 if encoding.endswith("be") else 0
    return len(block) > width and not zeros.pop(place) and all(zeros)
