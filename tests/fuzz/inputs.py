"""What the targets make of the bytes of an input: choices, and files in each compression."""

import bz2
import gzip
import io
import lzma
import zipfile


def split(data, n_options):
    """Return the first bytes, which choose options, and the rest, which is the content."""
    return data[:n_options].ljust(n_options, b"\0"), data[n_options:]


def pick(option, choices):
    """Return the choice that a byte stands for."""
    return choices[option % len(choices)]


def zipped(content):
    """Return a zip archive of one file."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", content)
    return file.getvalue()


def zstandard(content):
    """Return zstd data, or the content where the package zstandard is not installed."""
    try:
        from zstandard import compress
    except ImportError:
        return content
    return compress(content)


def small_xz(content):
    """Return xz data with the smallest dictionary: others need 100 MB to be written."""
    return lzma.compress(content, preset=0)


class Pipe:
    """A file object that only has `read`, and returns a few bytes at a time."""

    def __init__(self, content):
        self.content = content

    def read(self, size=-1):
        piece, self.content = self.content[:7], self.content[7:]
        return piece


def make_source(content, options):
    """Return a file object of the content, compressed or not, cut off or not, seekable or not."""
    compress = pick(options[0], [bytes, gzip.compress, bz2.compress, small_xz])
    if options[0] >= 128:
        compress = pick(options[0], [zipped, zstandard])
    data = compress(content)
    if options[1]:
        data = data[: len(data) * options[1] // 256]
    return pick(options[2], [io.BytesIO, Pipe])(data)


def check_error(error, beginning):
    """Assert that an error is a ValueError itself, with a message of at most a screen."""
    assert type(error) is ValueError, repr(error)
    assert str(error).startswith(beginning), error
    assert len(str(error)) < 5000, len(str(error))
