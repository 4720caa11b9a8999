"""Fits to files of texts that are larger than memory."""

import csv
import errno
import os
import shutil
import tempfile
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from os import PathLike
from typing import IO, Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline
from tqdm import tqdm

from sklearn_rnn._ids import attach_numbering, numbering_of
from sklearn_rnn._io.text_files import TextFiles, find_files
from sklearn_rnn._io.text_formats import FORMATS, FormatName, read_chunks
from sklearn_rnn._io.text_labels import as_target
from sklearn_rnn._io.text_records import Label
from sklearn_rnn._parameters import CHUNK_SIZE, check_parameters
from sklearn_rnn._tokenizer import TextTokenizer, fit_chunks

__all__ = ["fit_from_files"]

_PARAMETERS: dict[str, list[Any]] = {**CHUNK_SIZE, "verbose": ["verbose"]}

_DISK_IS_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))


def fit_from_files(
    pipeline: Pipeline,
    path: str | PathLike[str] | Sequence[str | PathLike[str]],
    *,
    chunk_size: int = 10_000,
    text: str | int | Sequence[str] | Sequence[int] = "text",
    label: str | int = "label",
    format: FormatName | None = None,
    header: bool | None = None,
    quoting: int = csv.QUOTE_MINIMAL,
    folder: str | PathLike[str] | None = None,
    verbose: int | bool = 0,
) -> Pipeline:
    r"""Fit a Pipeline to the texts of files, of which a chunk is in memory at a time.

    The fitted Pipeline is the same, to the last bit, as after ``pipeline.fit(texts, labels)`` with
    all texts of the files. The files are read twice: first the tokenizer learns its vocabulary,
    then it encodes the texts, and their ids are written to a temporary file. The classifier is
    fitted to this file, which is mapped to memory. In memory are, beside a chunk of texts and what
    the classifier needs, the distinct tokens of the texts, about 240 bytes each, and the labels.

    To read files only once, call :meth:`TextTokenizer.partial_fit` and
    :meth:`RNNTextClassifier.partial_fit` on the chunks of :func:`~sklearn_rnn.datasets.iter_texts`.

    Parameters
    ----------
    pipeline : Pipeline
        Has two steps, a :class:`TextTokenizer` and a classifier such as :class:`RNNTextClassifier`.
        Its `memory` is not used.
    path : str, path-like, or list or tuple of these
        Files, patterns and folders, as of :func:`~sklearn_rnn.datasets.read_texts`. Pipes and file
        objects cannot be read twice.
    chunk_size : int, default=10_000
        The number of texts that are in memory at a time. It has no influence on the result.
    text : str, int or list of these, default="text"
        As of :func:`~sklearn_rnn.datasets.read_texts`.
    label : str, int, default="label"
        As of :func:`~sklearn_rnn.datasets.read_texts`.
    format : {"csv", "tsv", "jsonl", "parquet", "fasttext", "folder"}, default=None
        As of :func:`~sklearn_rnn.datasets.read_texts`.
    header : bool, default=None
        As of :func:`~sklearn_rnn.datasets.read_texts`.
    quoting : int, default=csv.QUOTE_MINIMAL
        As of :func:`~sklearn_rnn.datasets.read_texts`.
    folder : str or path-like, default=None
        The folder of the temporary file, which takes 2 bytes for each column of each text if the
        vocabulary has fewer than 65,534 tokens and there are no characters, and otherwise 4. The
        file is gone when the fit ends, in whatever way. None: the folder of :mod:`tempfile`, which
        the environment variable ``TMPDIR`` sets. On some systems it is in memory.
    verbose : int or bool, default=0
        Whether to show the progress of both passes and the time left, if stderr is a terminal. The
        parameter `verbose` of the classifier shows its epochs.

    Returns
    -------
    pipeline : Pipeline
        The same, fitted.

    Raises
    ------
    FileNotFoundError, ImportError
        As for :func:`~sklearn_rnn.datasets.read_texts`.
    OSError
        As for :func:`~sklearn_rnn.datasets.read_texts`, or if the disk of `folder` is full.
    TypeError
        If `pipeline` is no Pipeline, or as for :func:`~sklearn_rnn.datasets.read_texts`.
    ValueError
        If the Pipeline has other steps; if `label` is None; if a file is a pipe or a file object,
        or has changed between the passes; or as for :func:`~sklearn_rnn.datasets.read_texts` and
        for the methods `fit` of both steps.
    Exception
        Any other error of the methods `fit` of both steps.

    Warns
    -----
    UserWarning
        As for :func:`~sklearn_rnn.datasets.read_texts` and for the methods `fit` of both steps.

    See Also
    --------
    sklearn_rnn.datasets.iter_texts : Reads the texts of files in chunks.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_rnn import RNNTextClassifier, TextTokenizer
    >>> from sklearn_rnn.out_of_core import fit_from_files
    >>> pipeline = make_pipeline(TextTokenizer(), RNNTextClassifier(random_state=0))
    >>> rows = "text,label\nGood film,pos\nBad film,neg\n"
    >>> with TemporaryDirectory() as folder:
    ...     for name in ("a", "b"):
    ...         _ = Path(folder, f"{name}.csv").write_text(rows)
    ...     _ = fit_from_files(pipeline, folder, chunk_size=3)
    >>> pipeline.classes_
    array(['neg', 'pos'], dtype=object)
    """
    given = {"chunk_size": chunk_size, "verbose": verbose}
    check_parameters(given, _PARAMETERS, caller="fit_from_files")
    tokenizer, classifier = _check_steps(pipeline)
    if label is None:
        raise ValueError("fit_from_files needs labels, and label=None reads none.")
    files = find_files(path, format, text=text, label=label, header=header, quoting=quoting)
    files.check_rereadable()

    labels = _Labels()
    # The temporary file first: a folder that is not there is found before the files are read.
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        with _progress(verbose, "vocabulary", files.n_bytes, unit="B", unit_scale=True) as report:
            chunks = read_chunks(labels.collect(files, report), chunk_size)
            fit_chunks(tokenizer, (texts for texts, _ in chunks))
        y = labels.as_target(numerals=FORMATS[files.format].is_table)
        with _progress(verbose, "ids", len(y), unit=" texts") as report:
            chunks = read_chunks(((text, None) for _, text, _ in files.records()), chunk_size)
            texts = (texts for texts, _ in chunks)
            ids = _write_ids(tokenizer, texts, len(y), file, folder, report)
        classifier.fit(ids, y)
    return pipeline


def _check_steps(pipeline: Any) -> tuple[TextTokenizer, BaseEstimator]:
    """Return the tokenizer and the classifier, or raise an error."""
    accepted = "fit_from_files takes a Pipeline of a TextTokenizer and a classifier"
    if not isinstance(pipeline, Pipeline):
        raise TypeError(f"{accepted}; got {type(pipeline)}.")
    steps = [step for _, step in pipeline.steps]
    if len(steps) != 2 or not isinstance(steps[0], TextTokenizer) or not hasattr(steps[1], "fit"):
        raise ValueError(f"{accepted}; got the steps {steps}.")
    return steps[0], steps[1]


class _Labels:
    """The labels of a corpus: the distinct ones, and the index of that of each text."""

    def __init__(self) -> None:
        self._index_of: dict[Label, int] = {}
        self._indices = array("i")

    def collect(
        self, files: TextFiles, report: Callable[[int], object]
    ) -> Iterator[tuple[str, Label]]:
        """Yield the text and the label of each record, and keep the label."""
        for _, text, label in files.records(report):
            self._indices.append(self._index_of.setdefault(label, len(self._index_of)))
            yield text, label

    def as_target(self, *, numerals: bool) -> npt.NDArray[Any]:
        """Return the labels of all texts."""
        return as_target(list(self._index_of), numerals)[self._indices]


@contextmanager
def _progress(
    verbose: int | bool, name: str, total: int | None, **options: Any
) -> Iterator[Callable[[int], object]]:
    """Give the block a function that takes the number of bytes or texts that are done."""
    if not verbose:
        # Even a hidden bar takes locks of tqdm, which a process forked meanwhile finds taken.
        yield lambda n_more: None
        return
    # With disable=None, tqdm shows a bar only if stderr is a terminal.
    with tqdm(desc=name, total=total, leave=False, disable=None, **options) as bar:
        yield bar.update


def _write_ids(
    tokenizer: TextTokenizer,
    chunks: Iterable[list[str]],
    n_texts: int,
    file: IO[bytes],
    folder: str | PathLike[str] | None,
    report: Callable[[int], object],
) -> npt.NDArray[np.integer[Any]]:
    """Write the ids of all texts to a file, and return them as an array that is mapped to memory.

    The rows are written to the file, not to the array: if the disk is full, writing to a file is an
    error, and writing to a map of a file ends the process.
    """
    dtype = _choose_dtype(tokenizer)
    shape = n_texts, tokenizer.max_length_
    size = n_texts * tokenizer.max_length_ * dtype.itemsize
    where = os.fspath(folder or tempfile.gettempdir())
    if size > shutil.disk_usage(where).free:
        raise _no_space(where, shape, size)
    n_written, numbering = 0, None
    try:
        for texts in chunks:
            ids = tokenizer.transform(texts)
            numbering = numbering_of(ids)
            n_written += len(ids)
            if n_written > n_texts:
                break
            _write(file, np.ascontiguousarray(ids, dtype=dtype))
            report(len(ids))
    except OSError as error:
        if error.errno in _DISK_IS_FULL:
            raise _no_space(where, shape, size) from error
        raise
    if n_written != n_texts:
        raise ValueError(
            f"The files had {n_texts:,} texts when they were read first, and "
            f"{'more' if n_written > n_texts else 'fewer'} when they were read again. Fit again "
            "once they do not change."
        )
    return attach_numbering(np.memmap(file, dtype, "r", shape=shape), numbering)


def _write(file: IO[bytes], rows: npt.NDArray[Any]) -> None:
    rest = rows.data.cast("B")
    while rest:  # a file without a buffer may take a part, and a buffer may fail when it is closed
        rest = rest[file.write(rest) :]


def _choose_dtype(tokenizer: TextTokenizer) -> np.dtype[Any]:
    """Return uint16 if it holds all ids, otherwise int32."""
    is_small = max(tokenizer.vocabulary_.values()) <= np.iinfo(np.uint16).max
    return np.dtype(np.uint16 if is_small and not tokenizer.add_characters_ else np.int32)


def _no_space(folder: str, shape: tuple[int, int], size: int) -> OSError:
    error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), folder)
    error.add_note(
        f"The ids of {shape[0]:,} texts of {shape[1]} columns take {size / 1e9:.3g} GB there until "
        "the fit ends. Free some space, pass folder=, one on another disk (on the command line, "
        "set TMPDIR), or lower max_length of the tokenizer."
    )
    return error
