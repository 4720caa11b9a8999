"""The compressions, as functions from bytes to bytes, and sources of bytes other than a path."""

import bz2
import gzip
import io
import lzma
import os
import threading
import zipfile

import zstandard


def pack_zip(content, name="a.csv", method=zipfile.ZIP_DEFLATED, others=()):
    """Return a zip archive with a file of this content and, before it, empty ones."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for other in others:
            archive.writestr(other, b"")
        archive.writestr(name, content)
    return packed.getvalue()


def pack_lzma(content):
    return lzma.compress(content, format=lzma.FORMAT_ALONE)


def pack_zstd(content):
    return zstandard.ZstdCompressor(write_checksum=True).compress(content)


PACKERS = {
    "none": bytes,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "lzma": pack_lzma,
    "zstd": pack_zstd,
    "zip": pack_zip,
}
SUFFIXES = {
    "none": "",
    "gzip": ".gz",
    "bzip2": ".bz2",
    "xz": ".xz",
    "lzma": ".lzma",
    "zstd": ".zst",
    "zip": ".zip",
}


class ShortReads(io.RawIOBase):
    """A raw stream that cannot be sought in and gives a few bytes at a time, as a socket does."""

    def __init__(self, content, n_bytes=7):
        self._content = io.BytesIO(content)
        self._n_bytes = n_bytes

    def readable(self):
        return True

    def readinto(self, buffer):
        piece = self._content.read(min(len(buffer), self._n_bytes))
        buffer[: len(piece)] = piece
        return len(piece)


class OnlyRead:
    """A file object that has nothing but `read`."""

    def __init__(self, content):
        self.read = io.BytesIO(content).read


def make_fifo(path, content):
    """Make a named pipe, and write the content to it once it is opened for reading."""
    os.mkfifo(path)
    threading.Thread(target=path.write_bytes, args=(content,), daemon=True).start()
    return path


def make_pipe(content):
    """Return the path of a pipe's end, as a shell's ``<(command)`` does, and the open end."""
    reading, writing = os.pipe()

    def write():
        with open(writing, "wb") as stream:
            stream.write(content)

    threading.Thread(target=write, daemon=True).start()
    return f"/dev/fd/{reading}", open(reading, "rb")
