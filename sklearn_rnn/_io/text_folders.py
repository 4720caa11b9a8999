"""Reader of folders of texts, with a sub-folder for each class or without labels."""

import os
from os import DirEntry, PathLike
from pathlib import Path
from typing import NamedTuple, TypeAlias

from sklearn_rnn._io.byte_streams import open_bytes
from sklearn_rnn._io.compressions import COMPRESSION_SUFFIXES, is_hidden
from sklearn_rnn._io.messages import listed
from sklearn_rnn._io.text_records import Records, Selection, read_lines
from sklearn_rnn._warnings import warn_user

# Each file with one of these suffixes, in any case, is one text.
_TEXT_SUFFIXES = (".txt", *(f".txt{suffix}" for suffix in COMPRESSION_SUFFIXES))

_MAX_NAMES = 5  # in a message

_Entries: TypeAlias = list[DirEntry[str]]
_Classes: TypeAlias = dict[str | None, _Entries]  # the texts of each class; None: without labels


class _Contents(NamedTuple):
    """The entries of a folder that are not hidden, sorted by name."""

    texts: _Entries
    folders: _Entries
    others: _Entries


def read_folder(path: Path, selection: Selection) -> Records:
    """Yield the texts in the folder if labels are not read, otherwise those in its sub-folders.

    Parameters
    ----------
    path : Path
        The folder. If its only sub-folder has no texts but sub-folders, or texts beside several
        sub-folders, as in many archives, that one takes its place.
    selection : Selection
        Only `label` is used.

    Yields
    ------
    record : Record

    Raises
    ------
    OSError
        If a file or folder cannot be opened.
    ValueError
        If there are no texts, or a file is broken.

    Warns
    -----
    UserWarning
        If entries that are neither texts nor hidden are left out.
    """
    classes, left_out = (_find_texts if selection.label is None else _find_classes)(path)
    if left_out:
        names = [os.path.relpath(entry, path) for entry in left_out]
        warn_user(
            f"{path}: {len(left_out)} of its entries are left out: "
            f"{listed(names, max_names=_MAX_NAMES)}. "
            "Each .txt file in the folder of its class, compressed or not, is a text."
        )
    for label, texts in classes.items():
        for file in texts:
            with open_bytes(file) as stream:
                text = "".join(read_lines(file.path, stream))
            yield file.path, text, label


def _find_texts(path: Path) -> tuple[_Classes, _Entries]:
    """Return the texts of a folder without labels, and the entries that are left out."""
    contents = _list_folder(path)
    _check_texts(path, contents)
    return {None: contents.texts}, [*contents.folders, *contents.others]


def _find_classes(path: Path) -> tuple[_Classes, _Entries]:
    """Return the texts of each class, and the entries that are left out."""
    folder: PathLike[str] = path
    contents = _list_folder(path)
    left_out: _Entries = []
    while (inner := _only_folder(folder, contents)) is not None:
        left_out += [*contents.texts, *contents.others]
        folder, contents = inner, _list_folder(inner)
    if not contents.folders:
        raise ValueError(
            f"{path} has no sub-folders. A folder of labelled texts has one for each class; "
            "for texts without labels pass label=None."
        )
    left_out += [*contents.texts, *contents.others]
    classes: _Classes = {}
    for one_class in contents.folders:
        entries = _list_folder(one_class)
        _check_texts(one_class.path, entries)
        classes[one_class.name] = entries.texts
        left_out += [*entries.folders, *entries.others]
    return classes, left_out


def _list_folder(folder: PathLike[str]) -> _Contents:
    contents = _Contents([], [], [])
    with os.scandir(folder) as entries:
        by_name = sorted(entries, key=lambda entry: entry.name)
    for entry in by_name:
        if is_hidden(entry.name):
            continue
        if entry.is_symlink() and not os.path.exists(entry):  # it may also point to itself
            contents.others.append(entry)
        elif entry.is_dir():
            contents.folders.append(entry)
        elif entry.is_file() and entry.name.lower().endswith(_TEXT_SUFFIXES):
            contents.texts.append(entry)
        else:
            contents.others.append(entry)
    return contents


def _only_folder(folder: PathLike[str], contents: _Contents) -> DirEntry[str] | None:
    """Return the sub-folder that an archive has put around the folders of the classes, or None."""
    if len(contents.folders) != 1:
        return None
    inner = contents.folders[0]
    if Path(folder).resolve().is_relative_to(Path(inner).resolve()):  # a link that leads back
        return None
    inside = _list_folder(inner)
    is_class = inside.texts and len(inside.folders) < 2
    return inner if inside.folders and not is_class else None


def _check_texts(folder: str | Path, contents: _Contents) -> None:
    """Raise an error that says what the folder has instead if it has no texts."""
    if contents.texts:
        return
    message = f"{folder} has no .txt files, compressed or not."
    if contents.folders:
        names = listed((entry.name for entry in contents.folders), max_names=_MAX_NAMES)
        message += (
            f" It has sub-folders, {names}. If they are the classes, pass this folder, and a label "
            "that is not None."
        )
    elif contents.others:
        message += (
            f" It has {len(contents.others)} other file(s), the first is "
            f"{contents.others[0].name!r}. Rename them so that they end in .txt, or read them with "
            "sklearn.datasets.load_files."
        )
    raise ValueError(message)
