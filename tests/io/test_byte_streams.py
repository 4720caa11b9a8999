import gzip
import zlib

import numpy as np
import pytest

from sklearn_rnn._io import byte_streams
from sklearn_rnn._io.byte_streams import DamagedDataError, open_bytes, utf8_error

CONTENT = np.random.default_rng(0).bytes(500_000)
CUT = r"Compressed file ended before the end-of-stream marker was reached"


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a file of the given content and returns its path."""

    def write(content):
        path = tmp_path / "file"
        path.write_bytes(content)
        return path

    return write


def read_to_damage(path):
    """Return the bytes that can be read before the error, and the error."""
    pieces = []
    with open_bytes(path) as stream:
        with pytest.raises(DamagedDataError) as error:
            pieces.extend(iter(stream.read1, b""))
        with pytest.raises(DamagedDataError):
            stream.read1()
    return b"".join(pieces), error.value


@pytest.mark.parametrize("content", [b"", b"\x1f", b"\x1f\x8a", b"a\nb", CONTENT])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_file_is_read_compressed_or_not(write, content, pack):
    path = write(pack(content))
    with open_bytes(path) as stream:
        assert stream.read() == content
    with open_bytes(path) as stream:
        assert list(stream) == content.splitlines(keepends=True) or content is CONTENT


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_peek_fills_the_buffer_and_does_not_advance(write, pack):
    with open_bytes(write(pack(CONTENT))) as stream:
        assert stream.peek() == CONTENT[: 2**17]
        assert stream.read(10) == CONTENT[:10]


def test_several_gzip_members_are_one_file(write):
    with open_bytes(write(gzip.compress(b"one\n") + gzip.compress(b"two\n"))) as stream:
        assert list(stream) == [b"one\n", b"two\n"]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_the_file_is_closed_with_the_stream(write, pack, monkeypatch):
    opened = []

    class Recorder(byte_streams.io.FileIO):
        def __init__(self, *args):
            super().__init__(*args)
            opened.append(self)

    monkeypatch.setattr(byte_streams.io, "FileIO", Recorder)
    with open_bytes(write(pack(b"content"))) as stream:
        stream.read()
    assert [file.closed for file in opened] == [True]


def test_data_that_are_cut_off_are_read_to_the_cut(write):
    packed = gzip.compress(CONTENT)
    content, error = read_to_damage(write(packed[: len(packed) // 2]))
    assert CONTENT.startswith(content)
    assert len(content) > 0.45 * len(CONTENT)
    assert str(error) == (
        f"the gzip data are cut off or damaged from about here ({CUT}). Get the file again."
    )
    assert isinstance(error.__cause__, EOFError)


@pytest.mark.parametrize(
    ("position", "cause"), [(10, zlib.error), (-8, gzip.BadGzipFile), (-4, gzip.BadGzipFile)]
)
def test_damaged_data_raise_an_error(write, position, cause):
    packed = bytearray(gzip.compress(b"some words and some words"))
    packed[position] ^= 0xFF
    _, error = read_to_damage(write(packed))
    assert isinstance(error.__cause__, cause)
    assert str(error) == (
        "the gzip data are cut off or damaged from about here "
        f"({error.__cause__}). Get the file again."
    )


def test_a_line_that_is_not_utf8():
    with pytest.raises(UnicodeDecodeError) as error:
        b"na\xefve".decode()
    raised = utf8_error("a.csv, line 3", error.value)
    assert str(raised) == (
        "a.csv, line 3: byte 3 of the line, 0xef, is not UTF-8. Save the file as UTF-8."
    )
