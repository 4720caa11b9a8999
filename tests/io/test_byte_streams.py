"""Paths, pipes and file objects as streams of bytes, and errors while they are read."""

import codecs
import gzip
import io
import os
import re
import tempfile
import urllib.request
import zipfile

import numpy as np
import pytest

from sklearn_rnn._io import byte_streams
from sklearn_rnn._io.byte_streams import DamagedDataError, open_bytes, source_name, utf8_error
from tests.io.packing import PACKERS, OnlyRead, ShortReads, make_fifo, make_pipe, pack_zip

CONTENT = np.random.default_rng(0).bytes(500_000)

PACKED = pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a file of the given content and returns its path."""

    def write(content):
        path = tmp_path / "file"
        path.write_bytes(content)
        return path

    return write


def from_file(path, content):
    path.write_bytes(content)
    return open(path, "rb")


def from_temporary_file(path, content):
    file = tempfile.NamedTemporaryFile()  # noqa: SIM115
    file.write(content)
    file.seek(0)
    return file


def from_spooled_file(path, content):
    file = tempfile.SpooledTemporaryFile()  # noqa: SIM115
    file.write(content)
    file.seek(0)
    return file


def from_gzip(path, content):
    path.write_bytes(gzip.compress(content))
    return gzip.open(path)


def from_member(path, content):
    path.write_bytes(pack_zip(content))
    return zipfile.Path(path, "a.csv").open("rb")


def from_url(path, content):
    path.write_bytes(content)
    return urllib.request.urlopen(path.as_uri())


SOURCES = {
    "path": lambda path, content: path.write_bytes(content) and path,
    "str": lambda path, content: path.write_bytes(content) and str(path),
    "named pipe": make_fifo,
    "BytesIO": lambda path, content: io.BytesIO(content),
    "short reads": lambda path, content: ShortReads(content, 1000),
    "only read": lambda path, content: OnlyRead(content),
    "open file": from_file,
    "temporary file": from_temporary_file,
    "spooled file": from_spooled_file,
    "gzip.open": from_gzip,
    "member of a zip archive": from_member,
    "URL": from_url,
}


@PACKED
@pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES)
def test_every_kind_of_source_gives_the_same_bytes(tmp_path, make, pack):
    source = make(tmp_path / "source", pack(CONTENT))
    with open_bytes(source) as stream:
        assert stream.peek() == CONTENT[: 2**17]
        assert stream.read(10) == CONTENT[:10]
        assert stream.read() == CONTENT[10:]
    if hasattr(source, "close"):
        assert not source.closed
        source.close()


@PACKED
def test_a_pipe_of_the_shell(pack):
    path, end = make_pipe(pack(CONTENT))
    with end, open_bytes(path) as stream:
        assert stream.read() == CONTENT


@pytest.mark.parametrize("content", [b"", b"\x1f", b"\x1f\x8a", b"a\nb"])
def test_short_files(write, content):
    with open_bytes(write(content)) as stream:
        assert list(stream) == content.splitlines(keepends=True)


def test_a_file_object_is_read_from_its_position():
    source = io.BytesIO(b"before" + CONTENT)
    source.seek(6)
    with open_bytes(source) as stream:
        assert stream.read() == CONTENT


@pytest.mark.parametrize("text", ["", "naïve \U0001f600\n" * 50_000, "\ufeffa"])
def test_text_becomes_utf8(tmp_path, text):
    (tmp_path / "a").write_text(text, encoding="utf-16")
    with open(tmp_path / "a", encoding="utf-16") as file:
        reader = codecs.getreader("utf-8")(io.BytesIO(text.encode()))
        for source in (io.StringIO(text), file, reader):
            with open_bytes(source) as stream:
                assert stream.read() == text.encode()


@PACKED
def test_the_file_is_closed_with_the_stream(write, pack, monkeypatch):
    opened = []

    class Recorder(byte_streams.io.FileIO):
        def __init__(self, *args):
            super().__init__(*args)
            opened.append(self)

    monkeypatch.setattr(byte_streams.io, "FileIO", Recorder)
    with open_bytes(write(pack(b"content"))) as stream:
        stream.read()
    assert [file.closed for file in opened] == [True]  # it was opened once
    with pytest.raises(ValueError, match="is a PDF"):
        open_bytes(write(pack(b"%PDF-1.7")))
    assert [file.closed for file in opened] == [True, True]


# Names


def test_the_name_of_a_source(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"words")
    assert source_name(path) == source_name(str(path)) == str(path)
    with open(path) as text, open(os.fsencode(path), "rb") as by_bytes, gzip.open(path) as packed:
        for file in (text, text.buffer, by_bytes, packed):
            assert source_name(file) == str(path)
        with open(os.dup(text.fileno())) as by_number:
            assert source_name(by_number) == "<stream>"
    assert source_name(io.BytesIO()) == source_name(OnlyRead(b"")) == "<stream>"


def test_a_path_that_has_a_method_read(tmp_path):
    class Local(os.PathLike):  # as py.path.local, which pytest's fixture tmpdir returns
        def __fspath__(self):
            return str(tmp_path / "a.csv")

        def read(self, mode):
            raise AssertionError

    (tmp_path / "a.csv").write_bytes(CONTENT)
    assert source_name(Local()) == str(tmp_path / "a.csv")
    with open_bytes(Local()) as stream:
        assert stream.read() == CONTENT


# Errors while a file is read


class Failing:
    """A file object that gives some bytes and then something else."""

    def __init__(self, pieces):
        self._pieces = iter(pieces)

    def read(self, size):
        piece = next(self._pieces)
        if isinstance(piece, Exception):
            raise piece
        return piece


def read_to_damage(source):
    """Return the bytes that can be read before the error, and the error."""
    pieces = []
    with open_bytes(source) as stream:
        with pytest.raises(DamagedDataError) as error:
            pieces.extend(iter(stream.read1, b""))
        with pytest.raises(DamagedDataError):
            stream.read1()
    return b"".join(pieces), error.value


@pytest.mark.parametrize(
    ("piece", "message"),
    [
        (OSError(5, "Input/output error"), "(OSError: [Errno 5] Input/output error)."),
        (EOFError("it ended"), "(EOFError: it ended)."),
        (ConnectionResetError("lost"), "(ConnectionResetError: lost)."),
        (RuntimeError("of a library"), "(RuntimeError: of a library)."),
    ],
)
@pytest.mark.parametrize("before", [b"", b"words\n", CONTENT])
def test_a_file_object_that_fails(before, piece, message):
    found, error = read_to_damage(Failing([before, piece] if before else [piece]))
    assert found == before
    assert str(error) == f"reading fails from about here {message}"
    assert error.__cause__ is piece


def test_compressed_data_from_a_file_object_that_fails():
    packed = gzip.compress(CONTENT)
    found, error = read_to_damage(Failing([packed[:300_000], OSError("lost")]))
    assert CONTENT.startswith(found)
    assert len(found) > 200_000
    assert str(error) == "reading fails from about here (OSError: lost)."


def test_a_file_object_that_does_not_wait():
    found, error = read_to_damage(Failing([b"words", None]))
    assert found == b"words"
    assert str(error) == "reading does not wait for data. Pass a file object that does."


def test_a_file_object_that_returns_no_bytes():
    message = "<stream>: read() of a file object must return bytes or str; got <class 'list'>."
    with pytest.raises(TypeError, match=rf"^{re.escape(message)}\Z"):
        open_bytes(Failing([["words"]]))


def test_no_memory_is_no_damage():
    with pytest.raises(MemoryError):
        open_bytes(Failing([MemoryError()]))


def test_a_file_that_is_closed_or_open_for_writing(tmp_path):
    with open(tmp_path / "a", "wb") as file:
        _, error = read_to_damage(file)
        assert str(error) == "reading fails from about here (UnsupportedOperation: read)."
    file = open(tmp_path / "a", "rb")  # noqa: SIM115
    file.close()
    _, error = read_to_damage(file)
    assert str(error) == "reading fails from about here (ValueError: read of closed file)."


def test_text_in_another_encoding_than_that_of_the_file_object():
    found, error = read_to_damage(io.TextIOWrapper(io.BytesIO(b"na\xefve"), encoding="utf-8"))
    assert found == b""
    assert str(error).startswith("reading fails from about here (UnicodeDecodeError: 'utf-8' codec")


@pytest.mark.parametrize("n_left", [0, 200_000])
def test_a_file_that_becomes_shorter(write, n_left):
    path = write(CONTENT)
    with open_bytes(path) as stream:
        pieces = [stream.read(1000)]
        os.truncate(path, n_left)
        with pytest.raises(DamagedDataError) as raised:
            pieces.extend(iter(stream.read1, b""))
    n_read = max(n_left, 2**17)  # what was in the buffer
    assert b"".join(pieces) == CONTENT[:n_read]
    assert str(raised.value) == (
        f"the file became {len(CONTENT) - n_read} byte(s) shorter while it was read. Read it again "
        "once it is complete."
    )


def test_a_file_that_becomes_longer(write):
    path = write(CONTENT)
    with open_bytes(path) as stream:
        found = stream.read(1000)
        with open(path, "ab") as file:
            file.write(b"more")
        assert found + stream.read() == CONTENT + b"more"


@pytest.mark.skipif(not os.path.exists("/proc/self/mem"), reason="a device that cannot be read")
def test_a_path_that_cannot_be_read():
    _, error = read_to_damage("/proc/self/mem")
    assert str(error) == "reading fails from about here (OSError: [Errno 5] Input/output error)."


def test_a_path_that_cannot_be_opened(tmp_path):
    with pytest.raises(IsADirectoryError, match=re.escape(str(tmp_path))):
        open_bytes(tmp_path)
    with pytest.raises(FileNotFoundError, match=re.escape(str(tmp_path / "none"))):
        open_bytes(tmp_path / "none")


def test_a_line_that_is_not_utf8():
    with pytest.raises(UnicodeDecodeError) as error:
        b"na\xefve".decode()
    raised = utf8_error("a.csv, line 3", error.value)
    assert str(raised) == (
        "a.csv, line 3: byte 3 of the line, 0xef, is not UTF-8. Save the file as UTF-8."
    )


def test_a_line_that_is_not_even_text():
    with pytest.raises(UnicodeDecodeError) as error:
        b"a\x89PNG\0".decode()
    raised = utf8_error("a.csv, line 3", error.value)
    assert str(raised) == (
        "a.csv, line 3: byte 2 of the line, 0x89, is not UTF-8, and the line has control "
        "characters. The file is damaged or no text: get it again, or export its texts as UTF-8."
    )
