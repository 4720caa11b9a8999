"""Compressions and other formats, told by the first bytes of a file."""

import bz2
import io
import random
import re
import sys
import tracemalloc
import zipfile
from functools import partial

import numpy as np
import pytest
import zstandard

from sklearn_rnn._io import compressions
from sklearn_rnn._io.byte_streams import DamagedDataError, open_bytes
from sklearn_rnn._io.compressions import Compression, create_bytes, is_hidden
from tests.io.files import assert_refused
from tests.io.files import read_bytes as read
from tests.io.packing import PACKERS, ShortReads, pack_lzma, pack_zip, pack_zstd

CONTENT = b"".join(b"%d some words\n" % number for number in range(30_000))
HALF = len(CONTENT) // 2

COMPRESSED = {name: pack for name, pack in PACKERS.items() if name != "none"}
STREAMS = {name: pack for name, pack in COMPRESSED.items() if name not in ("zip", "lzma")}


@pytest.mark.parametrize("content", [b"", b"a", b"a\nb", CONTENT], ids=len)
@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
def test_data_are_read_compressed_or_not(pack, content):
    assert read(pack(content)) == content


@pytest.mark.parametrize("pack", STREAMS.values(), ids=STREAMS)
@pytest.mark.parametrize("between", [b"", b"\0" * 4, b"\0" * 4096])
def test_concatenated_streams_are_one_file(pack, between):
    """zstd has no padding, but a file system may add zeros to any file."""
    assert read(pack(CONTENT[:HALF]) + between + pack(CONTENT[HALF:]) + between) == CONTENT


def test_frames_of_zstd_without_a_size_and_those_to_be_skipped():
    def pack(content):
        compressor = zstandard.ZstdCompressor().compressobj()
        return compressor.compress(content) + compressor.flush()

    skipped = b"\x5a\x2a\x4d\x18\x04\0\0\0abcd"
    assert read(skipped + pack(CONTENT[:HALF]) + skipped + pack(CONTENT[HALF:])) == CONTENT


def test_the_largest_window_of_zstd():
    parameters = zstandard.ZstdCompressionParameters(window_log=28, enable_ldm=True)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    assert read(compressor.compress(b"words") + compressor.flush()) == b"words"


def read_to_damage(content):
    """Return the bytes that can be read before the error, and the error."""
    pieces = []
    with open_bytes(io.BytesIO(content)) as stream:
        with pytest.raises(DamagedDataError) as error:
            pieces.extend(iter(stream.read1, b""))
        with pytest.raises(DamagedDataError):
            stream.read1()
    return b"".join(pieces), error.value


@pytest.mark.parametrize("share", [0.1, 0.6, 0.99])
@pytest.mark.parametrize("pack", [*STREAMS.values(), pack_lzma], ids=[*STREAMS, "lzma"])
def test_data_that_are_cut_off_are_read_to_the_cut(pack, share):
    content = random.Random(0).randbytes(500_000)
    packed = pack(content)
    found, error = read_to_damage(packed[: int(share * len(packed))])
    assert content.startswith(found)
    # A block of bzip2 has 900,000 bytes.
    assert len(found) > (share - 0.3) * len(content) or pack is bz2.compress
    assert re.fullmatch(
        r"the (gzip|bzip2|xz|zstd) data are cut off or damaged from about here \((the data end "
        r"before their end-of-stream marker|Compressed file ended before the end-of-stream marker "
        r"was reached)\)\. Get the file again\.",
        str(error),
    )
    assert isinstance(error.__cause__, EOFError)


@pytest.mark.parametrize(
    "garbage", [b"garbage", b"\0\0garbage", b"\x1f", b"\x1f\x8b", b"BZh", b"("]
)
@pytest.mark.parametrize("pack", STREAMS.values(), ids=STREAMS)
def test_a_damaged_second_stream_is_not_left_out(pack, garbage):
    found, error = read_to_damage(pack(CONTENT) + garbage)
    assert found == CONTENT
    assert "data are cut off or damaged from about here (" in str(error)


@pytest.mark.parametrize("end", [1, 10, 30, 200])
def test_a_zip_archive_that_is_cut_off(end):
    found, error = read_to_damage(pack_zip(CONTENT)[:-end])
    assert found == b""
    assert str(error) == (
        "the zip data are cut off or damaged from about here (File is not a zip file). Get the "
        "file again."
    )


@pytest.mark.parametrize(
    "pack",
    [
        *COMPRESSED.values(),
        partial(pack_zip, method=zipfile.ZIP_STORED),
        partial(pack_zip, method=zipfile.ZIP_BZIP2),
        partial(pack_zip, method=zipfile.ZIP_LZMA),
    ],
)
def test_damaged_data_are_never_other_data(pack):
    """Flips bytes at random places, more often in the headers and at the end."""
    rng = random.Random(0)
    packed = pack(CONTENT[:5000])
    n_errors = 0
    for _ in range(200):
        damaged = bytearray(packed)
        region = rng.choice([len(packed), min(len(packed), 60)])
        damaged[rng.choice([-1, 1]) * rng.randrange(region)] ^= rng.randrange(1, 256)
        try:
            # Damaged magic leaves bytes that are not text.
            found = read(bytes(damaged))
        except ValueError:
            n_errors += 1
        else:
            assert found in (CONTENT[:5000], bytes(damaged))
    assert n_errors > 100


@pytest.mark.parametrize("pack", COMPRESSED.values(), ids=COMPRESSED)
def test_a_zip_bomb_is_read_in_pieces(pack):
    n_bytes = 2**28 if pack is pack_zstd else 2**25  # a KiB of zstd can become 32 MiB
    packed = pack(b"\n" + b"\x01" * (n_bytes - 1))
    tracemalloc.start()
    with open_bytes(io.BytesIO(packed)) as stream:
        n_read = sum(map(len, iter(stream.read1, b"")))
    _, most_memory = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert n_read == n_bytes
    assert most_memory < n_bytes / 2


# zip archives


@pytest.mark.parametrize("as_source", [io.BytesIO, ShortReads])
def test_a_zip_archive_may_come_through_a_pipe(as_source):
    with open_bytes(as_source(pack_zip(CONTENT))) as stream:
        assert stream.read() == CONTENT


def test_what_systems_add_to_an_archive_is_not_counted():
    others = ["__MACOSX/._a.csv", "data/", ".DS_Store", "data/Thumbs.db", "data/desktop.ini"]
    assert read(pack_zip(CONTENT, "data/a.csv", others=others)) == CONTENT


@pytest.mark.parametrize(
    ("others", "message"),
    [
        (
            ["b.csv"],
            "is a zip archive of 2 files: 'b.csv', 'a.csv'. Unpack it, and pass the file or folder "
            "to read.",
        ),
        (
            [f"{number}.csv" for number in range(9)],
            "is a zip archive of 10 files: '0.csv', '1.csv', '2.csv', '3.csv', '4.csv' and 5 more. "
            "Unpack it, and pass the file or folder to read.",
        ),
        (
            ["[Content_Types].xml", "xl/workbook.xml"],
            "is an Excel workbook or another Office file. Save its table as CSV in UTF-8.",
        ),
        (["mimetype"], "is an OpenDocument file. Save its table as CSV in UTF-8."),
        (
            ["model/data.pkl"],
            "is a file of PyTorch. Read it with torch.load if you trust it.",
        ),
    ],
)
def test_a_zip_archive_of_several_files(others, message):
    assert_refused(pack_zip(CONTENT, others=others), message)


def test_a_zip_archive_without_files_and_arrays_of_numpy():
    empty = io.BytesIO()
    zipfile.ZipFile(empty, "w").close()
    assert_refused(empty.getvalue(), "is a zip archive without files.")
    arrays = io.BytesIO()
    np.savez(arrays, a=np.arange(2), b=np.arange(2))
    assert_refused(arrays.getvalue(), "is a file of NumPy arrays. Read it with numpy.load.")


def test_a_zip_archive_with_a_password():
    packed = bytearray(pack_zip(CONTENT))
    packed[packed.index(b"PK\x01\x02") + 8] |= 1  # the flag of the directory's entry
    message = "is a zip archive with a password. Unpack it, and pass the file that is in it."
    assert_refused(bytes(packed), message)


# zstd without the package, data that are compressed twice, a new compression


@pytest.mark.filterwarnings("error")
def test_zstd_needs_a_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "zstandard", None)
    message = (
        "<stream> is compressed with zstd, which needs the package zstandard. Install it: "
        'pip install "sklearn_rnn[zstd]".'
    )
    with pytest.raises(ImportError, match=rf"^{re.escape(message)}\Z"):
        read(pack_zstd(CONTENT))


@pytest.mark.parametrize("outer", COMPRESSED)
@pytest.mark.parametrize("inner", COMPRESSED)
def test_data_that_are_compressed_twice(outer, inner):
    named = {"lzma": "xz"}
    assert_refused(
        PACKERS[outer](PACKERS[inner](CONTENT)),
        f"has {named.get(inner, inner)} data inside {named.get(outer, outer)} data. "
        "Unpack it once.",
    )


def test_a_new_compression_is_one_row(monkeypatch):
    """The added row is for files that store their data backwards."""

    def open_reversed(stream, file):
        return [stream.read()[:0:-1]]

    row = Compression("reverse", (".rev",), re.compile(b"<"), open_reversed, (EOFError,), open)
    monkeypatch.setattr(compressions, "COMPRESSIONS", (*compressions.COMPRESSIONS, row))
    with open_bytes(io.BytesIO(b"<drow\ndrow")) as stream:
        assert list(stream) == [b"word\n", b"word"]


@pytest.mark.parametrize("name", [".a", "._a.txt", "__MACOSX", "Thumbs.db", "DESKTOP.INI"])
def test_hidden_names(name):
    assert is_hidden(name)
    assert not is_hidden(f"a{name}")


def test_the_description_names_every_compression():
    names = [row.name for row in compressions.COMPRESSIONS]
    assert re.findall(r"\w+", compressions.COMPRESSED_OR_NOT) == [
        *(["compressed", "with"]),
        *names[:-1],
        "or",
        names[-1],
        "or",
        "not",
    ]


@pytest.mark.parametrize("suffix", ["", ".csv", *compressions.COMPRESSION_SUFFIXES, ".GZ"])
def test_what_is_written_is_read(suffix, tmp_path):
    path = tmp_path / f"labels.csv{suffix}"
    with create_bytes(path) as stream:
        for start in range(0, len(CONTENT), 1000):
            stream.write(CONTENT[start : start + 1000])
    written = path.read_bytes()
    compression = compressions.find_compression(written)
    assert (written == CONTENT) == (compression is None) == (suffix in ("", ".csv"))
    assert compression is None or suffix.lower() in compression.suffixes
    assert read(written) == CONTENT


def test_a_written_zip_archive_has_a_member_of_its_name(tmp_path):
    with create_bytes(tmp_path / "labels.csv.zip") as stream:
        stream.write(b"label\n")
    with zipfile.ZipFile(tmp_path / "labels.csv.zip") as archive:
        assert archive.namelist() == ["labels.csv"]


def test_writing_zstd_needs_a_package(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "zstandard", None)
    message = (
        "labels.csv.zst is compressed with zstd, which needs the package zstandard. Install it: "
        'pip install "sklearn_rnn[zstd]".'
    )
    with pytest.raises(ImportError, match=f"^{re.escape(message)}$"):
        create_bytes(tmp_path / "labels.csv.zst")
