"""Files that the commands read and write."""

import argparse
import sys
from collections.abc import Iterator
from itertools import chain, islice
from typing import IO, Any

import numpy as np
import numpy.typing as npt
from sklearn.utils import Bunch

from sklearn_rnn._cli.arguments import QUOTING
from sklearn_rnn._cli.terminal import printable
from sklearn_rnn._io.atomic_write import atomic_write
from sklearn_rnn._io.text_files import find_files
from sklearn_rnn._io.text_formats import read_chunks
from sklearn_rnn.datasets import read_texts


def read(files: list[str], args: argparse.Namespace) -> Bunch:
    """Read the labelled texts of files, or of stdin.

    Parameters
    ----------
    files : list of str
        Paths, patterns and folders, or "-" for stdin.
    args : argparse.Namespace
        The columns, format and dialect.

    Returns
    -------
    bunch : Bunch
        Of :func:`~sklearn_rnn.datasets.read_texts`.
    """
    return read_texts(sources(files), **reader_options(args))


def read_in_chunks(
    args: argparse.Namespace, chunk_size: int, *, first_size: int
) -> Iterator[npt.NDArray[np.object_]]:
    """Return the texts of `args.files` in chunks, each of which is read when it is asked for.

    A text may be empty, so that a few empty cells do not end the command.

    Parameters
    ----------
    args : argparse.Namespace
        The files, and their columns, format and dialect.
    chunk_size : int
        The number of texts in a chunk, at most.
    first_size : int
        That of the first chunk.

    Returns
    -------
    chunks : iterator of ndarray of str, of shape (n_texts,), dtype object
    """
    options = reader_options(args)
    text, format = options.pop("text", "text"), options.pop("format")
    files = find_files(
        sources(args.files), format, text=text, label=None, accepts_empty=True, **options
    )
    records = ((text, None) for _, text, _ in files.records())
    first = read_chunks(islice(records, first_size), first_size)
    chunks = chain(first, read_chunks(records, chunk_size))
    return (np.array(texts, dtype=object) for texts, _ in chunks)


def reader_options(args: argparse.Namespace) -> dict[str, Any]:
    """Return the arguments of :func:`~sklearn_rnn.datasets.read_texts` but for the path."""
    columns = {name: getattr(args, name, None) for name in ("text", "label")}
    options = {name: column for name, column in columns.items() if column is not None}
    quoting = QUOTING[args.quoting or "minimal"]
    return options | {"format": args.format, "header": args.header, "quoting": quoting}


def sources(files: list[str]) -> list[Any]:
    """Return the files, with an open file object for "-", stdin."""
    return [stdin() if file == "-" else file for file in files]


def stdin() -> IO[Any]:
    """Return stdin, of bytes where it has them.

    Raises
    ------
    OSError
        If stdin is closed.
    """
    if sys.stdin is None:
        raise OSError("stdin is closed, and - is stdin. Pass a path instead.")
    return getattr(sys.stdin, "buffer", sys.stdin)


def describe_file(file: str) -> str:
    """Return the name of a file for a message: "stdin" for "-"."""
    return "stdin" if file == "-" else printable(file)


def check_writable(path: str | None) -> None:
    """Raise an OSError if a file cannot be written: called before fitting, which takes time."""
    if path is not None:
        with atomic_write(path):
            pass


def encodable(labels: npt.NDArray[Any]) -> list[Any]:
    r"""Return the labels, with escapes for what UTF-8 lacks: ``\ud83d`` alone, half an emoji."""
    return [
        label.encode(errors="backslashreplace").decode() if isinstance(label, str) else label
        for label in labels
    ]
