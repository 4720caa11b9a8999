"""Faults while a file is read: all of it, or an error that names the file."""

import errno
import io
import os
import resource
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import ExitStack, redirect_stderr, suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.faults.children import become_nobody, run_in_child
from benchmarks.faults.models import check_error_line, run_command, write_files
from sklearn_rnn import load_word_vectors
from sklearn_rnn.__main__ import main
from sklearn_rnn.datasets import read_texts

N_ROWS = 20_000


def _table(text: str = "a good film") -> bytes:
    return f"text,label\n{f'{text},1{chr(10)}' * N_ROWS}".encode()


def _json_lines(text: str = "a good film") -> bytes:
    return (f'{{"text": "{text}", "label": 1}}\n' * N_ROWS).encode()


def _vectors(number: str = "1") -> bytes:
    rows = "".join(f"word{n} {number} 2 3\n" for n in range(N_ROWS))
    return f"{N_ROWS} 3\n{rows}".encode()


def _binary(number: float = 1) -> bytes:
    numbers = np.full(3, number, "<f4").tobytes()
    return f"{N_ROWS} 3\n".encode() + b"".join(b"word%d " % n + numbers for n in range(N_ROWS))


def _count(read: Any) -> int:
    return len(getattr(read, "data", read))


# For each file: its content, and the function that reads it.
FILES: dict[str, tuple[Callable[..., bytes], Callable[[Any], Any]]] = {
    "read_texts of CSV": (_table, partial(read_texts, format="csv")),
    "read_texts of JSON Lines": (_json_lines, partial(read_texts, format="jsonl")),
    "load_word_vectors of text": (_vectors, load_word_vectors),
    "load_word_vectors of binary": (_binary, load_word_vectors),
}


def _read_during(
    change: Callable[[Path], object], kind: str, folder: Path, rng: np.random.Generator
) -> int | None:
    """Read a file while another thread changes it; return the number of rows, None for an error."""
    content, read = FILES[kind]
    path = folder / "file"
    path.write_bytes(content())
    start = time.perf_counter()
    read(path)
    moment = (time.perf_counter() - start) * rng.uniform(0, 0.8)
    thread = threading.Timer(moment, change, [path])
    thread.start()
    try:
        return _count(read(path))
    except ValueError as error:
        assert str(error).startswith(str(path)), error
        return None
    finally:
        thread.join()


def shrinks(kind: str, folder: Path, rng: np.random.Generator) -> None:
    """The file becomes shorter, within a row."""
    n_bytes = len(FILES[kind][0]()) // 2

    def shrink(path: Path) -> None:
        content = path.read_bytes()[:n_bytes]
        os.truncate(path, content.rindex(b"\n" if kind.endswith("text") else b" ") + 2)

    assert _read_during(shrink, kind, folder, rng) in (N_ROWS, None)


def grows(kind: str, folder: Path, rng: np.random.Generator) -> None:
    """Another process appends to the file."""
    more = FILES[kind][0]().splitlines(keepends=True)[-1]

    def append(path: Path) -> None:
        with path.open("ab") as file:
            file.write(more)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert _read_during(append, kind, folder, rng) in (N_ROWS, N_ROWS + 1, None)


def is_replaced(kind: str, folder: Path, rng: np.random.Generator) -> None:
    """Another file is renamed to the name of the file: the one that was opened is read."""

    def replace(path: Path) -> None:
        new = path.with_name("new")
        new.write_bytes(FILES[kind][0]())
        new.replace(path)

    assert _read_during(replace, kind, folder, rng) == N_ROWS


class _FailingFile(io.RawIOBase):
    """A file on a broken disk: reading fails from a position on."""

    name = "broken"

    def __init__(self, content: bytes, n_bytes: int) -> None:
        self._good = io.BytesIO(content[:n_bytes])

    def read(self, size: int = -1) -> bytes:
        if piece := self._good.read(size):
            return piece
        raise OSError(errno.EIO, os.strerror(errno.EIO))


def input_output_error(kind: str, folder: Path, rng: np.random.Generator) -> None:
    """Reading fails at a random byte."""
    content, read = FILES[kind]
    try:
        read(_FailingFile(content(), int(rng.integers(len(content())))))
    except ValueError as error:
        assert str(error).startswith("broken"), error
        assert "Input/output error" in str(error), error
    else:
        raise AssertionError("the error was lost")


def too_many_open_files(kind: str, folder: Path, rng: np.random.Generator) -> None:
    """The process may open no further file."""
    content, _ = FILES[kind]
    (folder / "file").write_bytes(content())
    run_in_child(_read_with_no_file_left, kind, folder / "file")


def _read_with_no_file_left(kind: str, path: Path) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (100, hard))
    with ExitStack() as others:
        with suppress(OSError):
            while True:
                others.enter_context(open(os.devnull, "rb"))
        try:
            FILES[kind][1](path)
        except OSError as error:
            assert error.errno == errno.EMFILE, error
        else:
            raise AssertionError("the limit had no effect")
    assert _count(FILES[kind][1](path)) == N_ROWS


def permission_denied(kind: str, folder: Path, rng: np.random.Generator) -> None:
    """The file may not be read."""
    content, _ = FILES[kind]
    path = folder / "file"
    path.write_bytes(content())
    path.chmod(0)
    run_in_child(_read_as_nobody, kind, path)


def _read_as_nobody(kind: str, path: Path) -> None:
    become_nobody()
    try:
        FILES[kind][1](path)
    except PermissionError as error:
        assert str(error.filename) == str(path), error
    else:
        raise AssertionError("the right was not needed")


def closed_streams(folder: Path, rng: np.random.Generator) -> None:
    """Standard input or output is closed when `predict` writes to standard output."""
    write_files(folder)
    code, lines = run_in_child(_predict_with_closed, 0, folder)
    assert code == 0, lines
    check_error_line(*run_in_child(_predict_with_closed, 1, folder))


def _predict_with_closed(stream: int, folder: Path) -> tuple[int, list[str]]:
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.close(stream)
    error = io.StringIO()
    with redirect_stderr(error):
        code = main(["predict", str(folder / "model.skops"), str(folder / "texts.csv")])
    return code, error.getvalue().splitlines()


def cut_model(folder: Path, rng: np.random.Generator) -> None:
    """The model file is cut off at a random byte."""
    write_files(folder)
    path = folder / "model.skops"
    os.truncate(path, int(rng.integers(path.stat().st_size)))
    check_error_line(*run_command("predict", path, folder / "texts.csv"))


_FAULTS = [
    shrinks,
    grows,
    is_replaced,
    input_output_error,
    too_many_open_files,
    permission_denied,
]

KINDS = {
    f"{kind}: {fault.__name__.replace('_', ' ')}": partial(fault, kind)
    for kind in FILES
    for fault in _FAULTS
} | {"predict: closed streams": closed_streams, "predict: cut model": cut_model}
