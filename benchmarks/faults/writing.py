"""Faults while `--output` or `--save` writes: the old file is there, or the new one."""

import os
import resource
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.common.timing import SkippedError
from benchmarks.faults.children import become_nobody, kill_after, run_in_child
from benchmarks.faults.models import check_error_line, compare, predict, write_files

OLD = b"the old file"

Command = Callable[[Path, Path], tuple[int, list[str]]]


def limited_file_size(command: Command, folder: Path, rng: np.random.Generator) -> None:
    """A write fails at a random byte, as on a full disk."""
    write_files(folder)
    new = folder / "new"
    command(folder, new)
    out = folder / "out" / "file"
    out.parent.mkdir()
    out.write_bytes(OLD)
    n_bytes = int(rng.integers(new.stat().st_size))
    check_error_line(*run_in_child(_with_file_size, n_bytes, command, folder, out))
    _check_old(out)


def _with_file_size(n_bytes: int, command: Command, folder: Path, out: Path) -> object:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, resource.RLIM_INFINITY))
    return command(folder, out)


def full_disk(command: Command, folder: Path, rng: np.random.Generator) -> None:
    """A file system of a random size is full."""
    write_files(folder)
    disk = folder / "disk"
    disk.mkdir()
    n_pages = int(rng.integers(2, 4))
    mount = ["mount", "-t", "tmpfs", "-o", f"size={n_pages * 4096}", "tmpfs", disk]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        raise SkippedError("It mounts a file system.")
    try:
        out = disk / "file"
        out.write_bytes(OLD)
        (disk / "ballast").write_bytes(bytes(4096 * (n_pages - 1)))
        check_error_line(*run_in_child(command, folder, out))
        (disk / "ballast").unlink()
        _check_old(out)
    finally:
        subprocess.run(["umount", disk], check=True)


def killed(command: Command, folder: Path, rng: np.random.Generator) -> None:
    """The process is killed at a random moment, mostly while it writes."""
    write_files(folder)
    start = time.perf_counter()
    run_in_child(command, folder, folder / "new")
    seconds = time.perf_counter() - start
    out = folder / "out" / "file"
    out.parent.mkdir()
    out.write_bytes(OLD)
    kill_after(seconds * rng.uniform(0.5, 1.05), command, folder, out)
    content = out.read_bytes()
    assert content == OLD or len(content) == (folder / "new").stat().st_size


def read_only_folder(command: Command, folder: Path, rng: np.random.Generator) -> None:
    """The folder of the output is read-only."""
    _with_rights(0o555, 0o666, command, folder)


def read_only_file(command: Command, folder: Path, rng: np.random.Generator) -> None:
    """The file of the output is read-only."""
    _with_rights(0o777, 0o444, command, folder)


def _with_rights(folder_mode: int, file_mode: int, command: Command, folder: Path) -> None:
    write_files(folder)
    folder.chmod(0o755)
    out = folder / "out" / "file"
    out.parent.mkdir()
    out.write_bytes(OLD)
    out.chmod(file_mode)
    out.parent.chmod(folder_mode)
    try:
        check_error_line(*run_in_child(_as_nobody, command, folder, out))
    finally:
        out.parent.chmod(0o777)
    _check_old(out)


def _as_nobody(command: Command, folder: Path, out: Path) -> object:
    become_nobody()
    return command(folder, out)


def no_temporary_folder(command: Command, folder: Path, rng: np.random.Generator) -> None:
    """The system's temporary folder is missing: outputs do not need it."""
    write_files(folder)
    code, lines = run_in_child(_without_temporary_folder, command, folder, folder / "out")
    assert code == 0, lines
    assert (folder / "out").stat().st_size > 0


def _without_temporary_folder(command: Command, folder: Path, out: Path) -> object:
    os.environ["TMPDIR"] = str(folder / "missing")
    tempfile.tempdir = str(folder / "missing")
    return command(folder, out)


def _check_old(out: Path) -> None:
    assert out.read_bytes() == OLD
    assert [path.name for path in out.parent.iterdir()] == [out.name]


_FAULTS = [
    limited_file_size,
    full_disk,
    killed,
    read_only_folder,
    read_only_file,
    no_temporary_folder,
]

_COMMANDS: dict[str, Command] = {
    "predict --output": predict,
    "compare --save": partial(compare, "--save"),
    "compare --confusion-matrix": partial(compare, "--confusion-matrix"),
}

KINDS = {
    f"{option}: {fault.__name__.replace('_', ' ')}": partial(fault, command)
    for option, command in _COMMANDS.items()
    for fault in _FAULTS
}
