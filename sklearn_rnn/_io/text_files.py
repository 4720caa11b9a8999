"""Corpora of labelled texts: one file or folder, or several files, read one after the other."""

import errno
import glob
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from sklearn_rnn._io.byte_streams import ProgressFile, Source, is_file_object, source_name
from sklearn_rnn._io.compressions import is_hidden
from sklearn_rnn._io.messages import listed
from sklearn_rnn._io.text_formats import (
    FORMATS,
    FormatName,
    check_format,
    check_selection,
    format_of_name,
    read_records,
)
from sklearn_rnn._io.text_records import Column, Record
from sklearn_rnn._warnings import warn_user

Sources: TypeAlias = Source | Sequence[Source]

_MAX_NAMES = 5  # in a message


@dataclass(frozen=True)
class TextFiles:
    """Files of one format and of the same columns.

    Parameters
    ----------
    sources : tuple of Path or file object
        At least one.
    format : str
        A name in `FORMATS`.
    text, label, header, quoting
        As in :func:`read_texts`.
    accepts_empty : bool, default=False
        Whether texts may be empty.
    """

    sources: tuple[Source, ...]
    format: FormatName
    text: Column | Sequence[Column]
    label: Column | None
    header: bool | None
    quoting: int
    accepts_empty: bool = False

    def records(self, report: Callable[[int], object] | None = None) -> Iterator[Record]:
        """Yield the records of all files.

        Parameters
        ----------
        report : callable, default=None
            Is called with the number of bytes of each read of a file.

        Yields
        ------
        record : Record
        """
        for source in self.sources:
            context = nullcontext(source)
            if report is not None and _is_regular(source):
                context = ProgressFile(source, report)  # type: ignore[assignment, arg-type]
            with context as opened:
                yield from self._read(opened)

    def _read(self, source: Source) -> Iterator[Record]:
        return read_records(
            source,
            self.format,
            self.text,
            self.label,
            header=self.header,
            quoting=self.quoting,
            accepts_empty=self.accepts_empty,
        )

    @property
    def n_bytes(self) -> int | None:
        """The size of all files. None if one is a folder, a pipe or a file object."""
        if not all(map(_is_regular, self.sources)):
            return None
        return sum(os.path.getsize(source_name(source)) for source in self.sources)

    def check_rereadable(self) -> None:
        """Raise a ValueError if a file can be read only once."""
        for source in self.sources:
            if not (_is_regular(source) or FORMATS[self.format].is_folder):
                raise ValueError(
                    f"All texts are read twice, and {source_name(source)} is a pipe or an open "
                    "file, which can be read once. Pass the path of a file (on the command line, "
                    "or leave out --chunk-size)."
                )

    def check_schema(self) -> None:
        """Raise a ValueError if a file has no texts, or other columns than the first file.

        The first record of each file is read, so that a wrong file is found before the files ahead
        of it are read. Pipes and open files are left out: they can be read only once.
        """
        selection = check_selection(self.text, self.label, self.header, self.quoting)
        has_names = bool(self.header) or isinstance(selection.text[0], str)
        columns_of = FORMATS[self.format].columns
        first: tuple[str, list[str]] | None = None
        for source in filter(_is_regular, self.sources):
            with closing(self._read(source)) as records:  # type: ignore[type-var]
                next(records)
            if columns_of is None:
                continue
            name, columns = source_name(source), columns_of(source, selection)
            if first is None:
                first = name, columns
            elif columns != first[1] if has_names else len(columns) != len(first[1]):
                ours, theirs = (
                    listed(names) if has_names else f"{len(names)} of them"
                    for names in (columns, first[1])
                )
                raise ValueError(
                    f"{name} has other columns than {first[0]}: {ours}, not {theirs}. All files "
                    "must have the same columns, in the same order."
                )


def find_files(
    path: Sources,
    format: FormatName | None,
    *,
    text: Any,
    label: Any,
    header: bool | None,
    quoting: int,
    accepts_empty: bool = False,
) -> TextFiles:
    """Return the files that a path, a pattern, a folder or a list of these stands for.

    Parameters
    ----------
    path, format, text, label, header, quoting
        As in :func:`read_texts`.
    accepts_empty : bool, default=False
        Whether texts may be empty.

    Returns
    -------
    files : TextFiles

    Raises
    ------
    FileNotFoundError
        If there is nothing at a path, or a pattern matches no file.
    TypeError
        If `path` is neither a path nor a file object nor a list of these.
    ValueError
        If the list is empty; if a format is unknown, cannot be told by a name, or does not fit the
        file; if the files are of several formats or have different columns; if a file has no texts.

    Warns
    -----
    UserWarning
        If files of a folder are left out.
    """
    given = list(path) if isinstance(path, list | tuple) else [path]
    if not given:
        raise ValueError("path is an empty list. Pass at least one file.")
    sources = [source for one in given for source in _expand(one, format)]
    formats = [check_format(source, format) for source in sources]
    for source, other in zip(sources, formats, strict=True):
        if other != formats[0]:
            raise ValueError(
                f"{source_name(source)} is read as {other}, and {source_name(sources[0])} as "
                f"{formats[0]}. Pass files of one format."
            )
    files = TextFiles(tuple(sources), formats[0], text, label, header, quoting, accepts_empty)
    if len(sources) > 1:
        files.check_schema()
    return files


def _expand(source: Any, format: str | None) -> list[Any]:
    name = source_name(source)
    if is_file_object(source):
        return [source]
    if os.path.isdir(name):
        return _list_shards(Path(name), format)
    if os.path.lexists(name) or not glob.has_magic(name):
        return [Path(name)]
    found = [
        match
        for match in sorted(glob.glob(name, recursive=True))
        if not _is_ignored(os.path.basename(match))
    ]
    files = [Path(match) for match in found if not os.path.isdir(match)]
    if files:
        return files
    if not found:
        raise FileNotFoundError(errno.ENOENT, "No such file, and none matches this pattern", name)
    return [shard for match in found for shard in _list_shards(Path(match), format)]


def _list_shards(folder: Path, format: str | None) -> list[Path]:
    """Return the files of a folder, sorted by name; the folder itself if it has classes."""
    if format == "folder":
        return [folder]
    entries = [entry for entry in sorted(folder.iterdir()) if not _is_ignored(entry.name)]
    files = [entry for entry in entries if entry.is_file()]
    shards = [file for file in files if format is not None or format_of_name(file.name) is not None]
    if not shards:
        return [folder]
    folders = [entry.name for entry in entries if entry.is_dir()]
    if folders and format is None:
        raise ValueError(
            f"{folder} has files of texts, {listed(_names(shards), max_names=_MAX_NAMES)}, and "
            f"sub-folders, {listed(folders, max_names=_MAX_NAMES)}. If the files are the texts, "
            "pass a pattern, as in 'folder/*.csv', or in 'folder/**/*.csv' for those of "
            "sub-folders too; if the sub-folders are classes, pass format='folder'."
        )
    left_out = [file for file in files if file not in shards]
    if left_out:
        warn_user(
            f"{folder}: {len(left_out)} of its entries are left out: "
            f"{listed(_names(left_out), max_names=_MAX_NAMES)}. The suffix of a file tells its "
            "format; to read all files, pass format."
        )
    return shards


def _names(paths: list[Path]) -> list[str]:
    return [path.name for path in paths]


def _is_ignored(name: str) -> bool:
    # Spark and Dask write files such as _SUCCESS and _metadata beside their shards.
    return is_hidden(name) or name.startswith("_")


def _is_regular(source: Source) -> bool:
    return not is_file_object(source) and os.path.isfile(source_name(source))
