"""Files that the commands read and write."""

import argparse
import sys
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
from sklearn.utils import Bunch

from sklearn_rnn._cli.arguments import QUOTING
from sklearn_rnn._cli.terminal import printable
from sklearn_rnn._io.atomic_write import atomic_write
from sklearn_rnn._io.text_formats import check_format, read_chunks, read_records
from sklearn_rnn.datasets import read_texts


def read(file: str, args: argparse.Namespace) -> Bunch:
    """Read the labelled texts of a file or of stdin.

    Parameters
    ----------
    file : str
        A path, or "-" for stdin.
    args : argparse.Namespace
        The columns, format and dialect.

    Returns
    -------
    bunch : Bunch
        Of :func:`~sklearn_rnn.datasets.read_texts`.
    """
    columns = {name: getattr(args, name) for name in ("text", "label")}
    options = {name: column for name, column in columns.items() if column is not None}
    source = stdin() if file == "-" else file
    return read_texts(source, format=args.format, **options, **_dialect(args))


def iter_texts(
    args: argparse.Namespace, chunk_size: int, *, first_size: int
) -> Iterator[npt.NDArray[np.object_]]:
    """Return the texts of `args.file` in chunks, each of which is read when it is asked for.

    A text may be empty, so that a few empty cells do not end the command.

    Parameters
    ----------
    args : argparse.Namespace
        The file, or "-" for stdin, and its columns, format and dialect.
    chunk_size : int
        The number of texts in a chunk, at most.
    first_size : int
        That of the first chunk.

    Returns
    -------
    chunks : iterator of ndarray of str, of shape (n_texts,), dtype object
    """
    source = stdin() if args.file == "-" else Path(args.file)
    format = check_format(source, args.format)
    records = read_records(
        source, format, args.text or "text", None, accepts_empty=True, **_dialect(args)
    )
    first = read_chunks(islice(records, first_size), first_size)
    chunks = chain(first, read_chunks(records, chunk_size))
    return (np.array(texts, dtype=object) for texts, _ in chunks)


def _dialect(args: argparse.Namespace) -> dict[str, Any]:
    return {"header": args.header, "quoting": QUOTING[args.quoting or "minimal"]}


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
