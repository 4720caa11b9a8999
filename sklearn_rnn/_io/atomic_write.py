"""Files that are written beside their destination, and renamed when they are complete."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

_FOLDER_PREFIX = ".sklearn_rnn-"


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give the block a path to write to, and rename what it has written to `path`.

    At any time there is the old file at `path`, or the complete new one. An error in the block
    leaves the old file, and so does a block that writes nothing: ``with atomic_write(path): pass``
    raises an error if the file cannot be written.

    The path of the block is in a temporary folder beside the file, which remains only if the
    process is killed (`remove_leftovers` removes it), and has the same name, which some writers
    choose the compression by. The new file has the permissions of the old one. A symbolic link
    remains, and the file that it points to is replaced. Devices, pipes, open files
    (``/dev/stdout``) and mount points cannot be replaced: the block writes to `path` itself.

    Parameters
    ----------
    path : str or path-like
        The file.

    Yields
    ------
    new : Path
        The path that the block writes to.

    Raises
    ------
    OSError
        If `path` is a folder, is read-only or in a read-only folder, or if the block raises an
        OSError. `filename` is `path`, not the temporary file.
    """
    name = os.fspath(path)
    try:
        _check_name(name)
        if _is_irreplaceable(name):
            yield Path(name)
            return
        file = Path(os.path.realpath(name))
        with TemporaryDirectory(dir=file.parent, prefix=_FOLDER_PREFIX) as folder:
            new = Path(folder, file.name)
            yield new
            if new.exists():
                _replace(file, new)
    except OSError as error:
        if error.filename is None or _FOLDER_PREFIX in str(error.filename):
            error.filename = name
            del error.filename2  # a None would be printed
        raise


def remove_leftovers(path: str | os.PathLike[str]) -> None:
    """Remove the temporary folders of this file that processes left when they were killed."""
    file = Path(os.path.realpath(path))
    for folder in file.parent.glob(f"{_FOLDER_PREFIX}*"):
        if (folder / file.name).exists():  # not a folder of another file
            shutil.rmtree(folder, ignore_errors=True)


def _check_name(name: str) -> None:
    """Raise the error that `open` would raise, where renaming a file to this name raises none."""
    code = None
    if not name:
        code = errno.ENOENT
    elif os.path.isdir(name) or name.endswith(("/", os.sep)):
        code = errno.EISDIR
    elif os.path.exists(name) and not os.access(name, os.W_OK):
        code = errno.EACCES
    elif os.path.islink(os.path.realpath(name)):
        code = errno.ELOOP
    if code is not None:
        raise OSError(code, os.strerror(code))


def _is_irreplaceable(name: str) -> bool:
    if not os.path.exists(name):
        return False
    if not os.path.isfile(name) or os.path.ismount(name):
        return True
    while os.path.islink(name):  # /dev/stdout is a link to /proc/self/fd/1
        if _is_open_file(name):
            return True
        name = os.path.join(os.path.dirname(name), os.readlink(name))
    return _is_open_file(name)


def _is_open_file(name: str) -> bool:
    return name.startswith(("/proc/", "/dev/fd/"))


def _replace(file: Path, new: Path) -> None:
    with open(new, "rb+") as stream:
        os.fsync(stream.fileno())  # a full disk is an error here at the latest
    if file.exists():
        shutil.copymode(file, new)
    os.replace(new, file)
