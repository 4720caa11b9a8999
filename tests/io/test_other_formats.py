"""Formats that are not read, told by the first bytes of a file."""

import gzip
import io
import pickle
import sqlite3
import tarfile

import numpy as np
import pandas as pd
import pytest

from sklearn_rnn._io.byte_streams import open_bytes
from tests.io.files import assert_refused, read_bytes


def as_tar(mode):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=mode, format=tarfile.USTAR_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo("a.csv"))
    return packed.getvalue()


def as_old_tar():
    """Return a tar archive of Unix V7, which has no magic bytes, only a checksum."""
    header = bytearray(as_tar("w")[:512])
    header[257:265] = bytes(8)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + bytes(1024)


def write_with_pandas(method, **options):
    content = io.BytesIO()
    getattr(pd.DataFrame({"text": ["words"], "label": ["x"]}), method)(content, **options)
    return content.getvalue()


def as_database(path):
    with sqlite3.connect(path) as connection:
        connection.execute("create table texts (text)")
    connection.close()
    return path.read_bytes()


UNPACK = "Unpack it, and pass the file or folder to read."
EXPORT = "Export its texts as CSV in UTF-8."


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (as_tar("w"), f"is a tar archive. {UNPACK}"),
        # The time in its header would give the test another name in each process.
        pytest.param(as_tar("w:gz"), f"is a tar archive. {UNPACK}", id="tar.gz"),
        (as_tar("w:xz"), f"is a tar archive. {UNPACK}"),
        (as_tar("w:bz2"), f"is a tar archive. {UNPACK}"),
        (as_old_tar(), f"is a tar archive. {UNPACK}"),
        (b"7z\xbc\xaf\x27\x1c\0\x04", f"is a 7z archive. {UNPACK}"),
        (b"Rar!\x1a\x07\x01\0", f"is a rar archive. {UNPACK}"),
        (b"MSCF\0\0\0\0\x01", f"is a cab archive. {UNPACK}"),
        (b"\x04\x22\x4d\x18\x64", f"is compressed with lz4. {UNPACK}"),
        (b"\xff\x06\0\0sNaPpY", f"is compressed with snappy. {UNPACK}"),
        (b"\x1f\x9d\x90", f"is compressed with compress or pack (.Z). {UNPACK}"),
        (b"LZIP\x01\x0c", f"is compressed with lzip. {UNPACK}"),
        (b"\x89LZO\0\r\n\x1a\n", f"is compressed with lzop. {UNPACK}"),
        (b"\xff\xff\xff\xff\x78\0\0\0", f"is an Arrow stream. {EXPORT}"),
        (b"ORC\n"[:3] + b"\x0a\x03"[1:], "is an ORC file. Read it with pandas.read_orc."),
        (b"Obj\x01\x04", f"is an Avro file. {EXPORT}"),
        (b"\x89HDF\r\n\x1a\n", "is an HDF5 file. Read it with pandas.read_hdf or h5py."),
        (
            pickle.dumps([]),
            "is a pickle. Read it with joblib.load if you wrote it with joblib.dump.",
        ),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", f"is an old Excel or Word file. {EXPORT}"),
        (b"%PDF-1.7", f"is a PDF. {EXPORT}"),
        (rb"{\rtf1 words", f"is a file of rich text (RTF). {EXPORT}"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
            "is a pointer of Git LFS, not the data. Get them with git lfs pull.",
        ),
        (bytes(5000), "begins with zero bytes alone. It is damaged: get it again."),
    ],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_another_format_is_named(content, message, pack):
    if content.startswith((b"\x1f\x8b", b"\xfd7z", b"BZh")):
        pack = bytes
    assert_refused(pack(content), message)


def test_other_formats_that_libraries_write(tmp_path):
    assert_refused(
        write_with_pandas("to_parquet"),
        "is a Parquet file. For labelled texts, pass format='parquet'.",
    )
    assert_refused(
        write_with_pandas("to_feather"),
        "is an Arrow or Feather file. Read it with pandas.read_feather.",
    )
    assert_refused(
        as_database(tmp_path / "a.db"), "is an SQLite database. Read it with pandas.read_sql."
    )
    array = io.BytesIO()
    np.save(array, np.arange(2))
    assert_refused(array.getvalue(), "is a file of a NumPy array. Read it with numpy.load.")


@pytest.mark.parametrize(
    "encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_text_in_another_encoding_is_named_and_the_cure_helps(tmp_path, encoding, pack):
    content = "text,label\nwords,x\n".encode(encoding)
    assert_refused(
        pack(content),
        f"is text in {encoding}. Save it as UTF-8, or pass open(path, encoding={encoding!r}).",
    )
    (tmp_path / "a.csv").write_bytes(content)
    with open(tmp_path / "a.csv", encoding=encoding) as text, open_bytes(text) as stream:
        assert stream.read() == b"text,label\nwords,x\n"


@pytest.mark.parametrize(
    "content", [b"PK,x\n", b"BZh9,x\n", b"7z,x\n", b"PAR1,x\n", b"ORC,x\n", b"Obj,x\n", b"%PDF\n"]
)
def test_text_that_begins_like_another_format(content):
    assert read_bytes(content) == content
