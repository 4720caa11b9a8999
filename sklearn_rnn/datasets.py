"""Labelled texts: readers of files, and generated texts whose labels depend on the word order."""

import csv
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from numbers import Integral
from os import PathLike
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils import Bunch, check_random_state

from sklearn_rnn._io.byte_streams import FileObject
from sklearn_rnn._io.text_files import TextFiles, find_files
from sklearn_rnn._io.text_formats import FORMATS, FormatName, read_chunks
from sklearn_rnn._io.text_labels import StreamedLabels, as_target
from sklearn_rnn._parameters import (
    CHUNK_SIZE,
    RANDOM_STATE,
    Interval,
    check_parameters,
    validate_params,
)

__all__ = ["iter_texts", "make_word_order", "read_texts"]

_SUBJECTS = ("room", "meal", "staff", "pool", "view", "lobby", "garden", "breakfast")
_GOOD = ("good", "lovely", "superb")
_BAD = ("bad", "awful", "dreadful")
_NEUTRAL = ("plain", "small", "modern", "quiet", "simple", "usual")
_TAILS = ("today", "again", "though", "upstairs", "this time", "for us", "as ever")


def read_texts(
    path: str | PathLike[str] | FileObject | Sequence[str | PathLike[str] | FileObject],
    *,
    text: str | int | Sequence[str] | Sequence[int] = "text",
    label: str | int | None = "label",
    format: FormatName | None = None,
    header: bool | None = None,
    quoting: int = csv.QUOTE_MINIMAL,
) -> Bunch:
    r"""Read labelled texts from files, or from a folder that has a sub-folder for each class.

    Parameters
    ----------
    path : str, path-like, file object, or list or tuple of these
        - A path of a file in UTF-8. It may be a pipe or device, such as ``/dev/stdin``;
        - a path of a folder: with a sub-folder for each class, or with the files of one corpus
          (shards), whose suffixes tell the format. Hidden files and those whose names begin with
          an underscore are left out;
        - a pattern of :mod:`glob`, such as ``"reviews/*.csv"`` or ``"reviews/**/*.csv"``;
        - a file object that is open for reading, such as ``sys.stdin.buffer``. It is read to its
          end and left open. For a file in another encoding pass ``open(path, encoding=...)``.

        The files of a folder or pattern are read in the order of their names, those of a list in
        its order. All files must be of one format, and CSV, TSV and Parquet files have the same
        columns in the same order.

        Data compressed with gzip, bzip2, xz, zstd or zip are recognised by their first bytes, not
        by the name of the file. zstd needs the package zstandard, and a zip archive must have
        exactly one file; hidden files and those that macOS adds are not counted.
    text : str, int or list of these, default="text"
        The column of the text: the name of a column (CSV, TSV, Parquet) or key (JSON Lines), or the
        position of a column from 0 in a CSV or TSV file without header. The fields of several
        columns are joined by spaces, without blank fields. fastText files and folders have no
        columns: leave `text` out.
    label : str, int or None, default="label"
        The column of the label: a position if `text` is a position, otherwise a name. None reads
        only the texts, for prediction. For fastText files and folders, pass None or leave `label`
        out.
    format : {"csv", "tsv", "jsonl", "parquet", "fasttext", "folder"}, default=None
        The format of the texts:

        - "csv", "tsv": fields separated by commas or tabs. A field in double quotes may contain
          separators, line breaks and doubled quotes;
        - "jsonl": a JSON object in each line;
        - "parquet": columns of strings and, for the labels, integers, floats or booleans too. It
          needs the package pyarrow;
        - "fasttext": ``__label__name the text`` in each line;
        - "folder": a sub-folder for each class, with the name of the class, and one text in each
          ``.txt`` file, compressed or not. Suffixes may be in upper case. Hidden entries and those
          that systems add are left out, and others with a warning. A single sub-folder stands for
          the folder if it has no texts but sub-folders, or texts beside several sub-folders, as in
          many archives. With ``label=None``, the files are in the folder itself.

        None: "folder" for a folder without files of texts; for a file, the format of its suffix:
        ``.csv``, ``.tsv``, ``.jsonl``, ``.ndjson``, ``.parquet``, ``.pq``, ``.ft``, ``.ft.txt`` or
        ``.fasttext``, each but those of Parquet also with the suffix of a compression: ``.gz``,
        ``.bz2``, ``.xz``, ``.lzma``, ``.zst``, ``.zstd`` or ``.zip``. The name of a file object is
        its attribute `name`; without one, pass a format.

        Lines end in "\n", "\r\n" or "\r"; other characters that separate lines are part of a text.
        If a line has a text and nothing else, all lines must end in "\r", or none.
    header : bool, default=None
        Whether the first row of a CSV or TSV file has the names of the columns. None: if `text` and
        `label` are names. If they are positions, True leaves out the first row.
    quoting : int, default=csv.QUOTE_MINIMAL
        The quotes in a CSV or TSV file, as a constant of the module :mod:`csv`:

        - ``csv.QUOTE_MINIMAL``: a field may be in quotes. Many TSV files are written without
          quoting, and a quote at the beginning of a text would swallow the rows up to the next
          quote. In TSV, a quoted field with a tab and a line break is therefore an error if its
          first and its last line would be whole rows without quoting;
        - ``csv.QUOTE_ALL``: all fields are in quotes;
        - ``csv.QUOTE_NONE``: quotes are characters like others.

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        With two attributes:

        - data : ndarray of shape (n_samples,), dtype object: the texts, of type str, in the order
          of the file; for a folder, sorted by the names of the sub-folder and the file;
        - target : ndarray of shape (n_samples,), or None if `label` is None: the labels. They are
          integers if all labels of a CSV or TSV file are written as integers of at most 18 digits
          without plus sign or leading zeros, or all labels of JSON Lines or Parquet are integers of
          at most 18 digits. Otherwise they are of type str, with dtype object.

    Raises
    ------
    FileNotFoundError
        If there is nothing at `path`, or no file matches a pattern.
    OSError
        If a file or folder cannot be opened.
    ImportError
        If the package zstandard for zstd, or pyarrow for Parquet, is needed and not installed.
    TypeError
        If `path`, `text`, `label` or `header` has another type than the documented ones, or a file
        object returns neither bytes nor str.
    ValueError
        If the format is unknown or does not fit `path`, or the name has no known suffix; if files
        are of several formats or have different columns, or the list is empty; if a column does not
        exist, or its name or key occurs twice; if `text`, `label` and `header` mix
        names and positions; if `text`, `label`, `header` or `quoting` does not fit the format; if
        the file is in another format, for example an Excel workbook, or a zip archive of several
        files or with a password; or if the file is broken: empty, damaged or cut off, shortened
        while it is read, not UTF-8, a row with more or fewer fields than the first, a quote never
        closed or probably part of a text, a line that is not a JSON object, a row without text or
        label, a JSON label that is not finite, half a character in JSON, a fastText line with
        several labels or with a label after a separator that does not end a line, lines of which
        some end in "\r" and others do not, a blank line before the last row. For a broken row, the
        message names the file and the line where the row or the field begins, in Parquet the row.

    Warns
    -----
    UserWarning
        If entries of a folder that are neither texts nor hidden are left out.

    See Also
    --------
    iter_texts : Reads the same texts in chunks, for corpora larger than memory.
    make_word_order : Generates labelled texts, for a first try without a file.
    sklearn.datasets.load_files : Reads a folder with a sub-folder for each class, and encodes the
        labels as integers.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn_rnn.datasets import read_texts
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "reviews.csv")
    ...     _ = path.write_text('stars,review\n5,"Loved it, truly"\n1,Never again\n')
    ...     reviews = read_texts(path, text="review", label="stars")
    >>> reviews.data
    array(['Loved it, truly', 'Never again'], dtype=object)
    >>> reviews.target
    array([5, 1])
    """
    files = find_files(path, format, text=text, label=label, header=header, quoting=quoting)
    texts, labels = [], []
    for _, one_text, one_label in files.records():
        texts.append(one_text)
        labels.append(one_label)
    numerals = FORMATS[files.format].is_table
    return Bunch(
        data=np.array(texts, dtype=object),
        target=None if label is None else as_target(labels, numerals),
    )


def iter_texts(
    path: str | PathLike[str] | FileObject | Sequence[str | PathLike[str] | FileObject],
    *,
    chunk_size: int = 10_000,
    text: str | int | Sequence[str] | Sequence[int] = "text",
    label: str | int | None = "label",
    format: FormatName | None = None,
    header: bool | None = None,
    quoting: int = csv.QUOTE_MINIMAL,
    classes: npt.ArrayLike | None = None,
) -> Iterator[tuple[npt.NDArray[np.object_], npt.NDArray[Any] | None]]:
    r"""Read the texts of `read_texts` in chunks, so that the files may be larger than memory.

    Parameters
    ----------
    path : str, path-like, file object, or list or tuple of these
        As of :func:`read_texts`.
    chunk_size : int, default=10_000
        The number of texts in a chunk. The last chunk has fewer, and so have chunks of long texts:
        the average length is at most 4,096 characters, or a chunk has a single text.
    text : str, int or list of these, default="text"
        As of :func:`read_texts`.
    label : str, int or None, default="label"
        As of :func:`read_texts`.
    format : {"csv", "tsv", "jsonl", "parquet", "fasttext", "folder"}, default=None
        As of :func:`read_texts`.
    header : bool, default=None
        As of :func:`read_texts`.
    quoting : int, default=csv.QUOTE_MINIMAL
        As of :func:`read_texts`.
    classes : array-like of shape (n_classes,), default=None
        All labels, integers or str, which decide the type of the labels in the chunks. A label that
        is not among them is an error. None: any label. The labels of the first chunk then decide
        whether they are integers or str, as those of the whole corpus do in `read_texts`.

    Returns
    -------
    chunks : iterator of (texts, labels)
        Pairs of ndarrays of shape (n_texts,), as `data` and `target` of `read_texts`. `labels` is
        None if `label` is None. Together, the chunks have the texts and labels of `read_texts`.

    Raises
    ------
    FileNotFoundError, OSError, ImportError, TypeError
        As for :func:`read_texts`.
    ValueError
        As for :func:`read_texts`; if `chunk_size` is not an int of 1 or more; if a label is not in
        `classes`, or is not an integer after integers. If there are several files, the format, the
        columns and the first row of each are checked before the first chunk.

    Warns
    -----
    UserWarning
        As for :func:`read_texts`.

    See Also
    --------
    sklearn_rnn.out_of_core.fit_from_files : Fits a Pipeline to files, as if all were in memory.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn_rnn.datasets import iter_texts
    >>> with TemporaryDirectory() as folder:
    ...     for name in ("a", "b"):
    ...         _ = Path(folder, f"{name}.csv").write_text("text,label\nGood,1\nBad,0\n")
    ...     for texts, labels in iter_texts(folder, chunk_size=3):
    ...         print(texts, labels)
    ['Good' 'Bad' 'Good'] [1 0 1]
    ['Bad'] [0]
    """
    check_parameters({"chunk_size": chunk_size}, CHUNK_SIZE, caller="iter_texts")
    if classes is not None and label is None:
        raise ValueError("classes are labels, and label=None reads none. Leave one of them out.")
    files = find_files(path, format, text=text, label=label, header=header, quoting=quoting)
    labels = StreamedLabels(classes, numerals=FORMATS[files.format].is_table)
    return _iter_chunks(files, labels, chunk_size)


def _iter_chunks(
    files: TextFiles, labels: StreamedLabels, chunk_size: int
) -> Iterator[tuple[npt.NDArray[np.object_], npt.NDArray[Any] | None]]:
    for texts, chunk_labels in read_chunks(labels.check(files.records()), chunk_size):
        target = None if files.label is None else labels.convert(chunk_labels)
        yield np.array(texts, dtype=object), target


@validate_params(
    {
        # Above 2**24, which are some gigabytes of texts, the memory would run out.
        "n_samples": [Interval(Integral, 2, 2**24, closed="both")],
        "random_state": RANDOM_STATE,
    },
    prefer_skip_nested_validation=True,
)
def make_word_order(
    n_samples: int = 1000, *, random_state: int | np.random.RandomState | None = None
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_]]:
    """Generate short reviews whose label depends only on the order of the words.

    Each text has one praise, one criticism, and one or two neutral remarks. The label is "praise"
    if the praise comes after the criticism, otherwise "complaint".

    N-grams of one to four words have the same distribution in both classes. A linear classifier of
    such n-grams is therefore at chance; a recurrent classifier can reach an accuracy of 1.

    Parameters
    ----------
    n_samples : int, default=1000
        The number of texts, from 2 to 16,777,216. Both classes have the same size; if `n_samples`
        is odd, "complaint" has one more text.
    random_state : int, RandomState instance or None, default=None
        The source of randomness. Pass an int to get the same texts at each call.

    Returns
    -------
    texts : ndarray of shape (n_samples,), dtype object
        The texts, of type str, 15 to 24 words long.
    labels : ndarray of shape (n_samples,), dtype object
        The labels, "complaint" or "praise".

    Raises
    ------
    ValueError
        If `n_samples` is not an int in that range, or `random_state` is invalid.

    Examples
    --------
    >>> from sklearn_rnn.datasets import make_word_order
    >>> texts, labels = make_word_order(100, random_state=0)
    >>> texts[0]
    'the room was superb for us, the meal was awful today, the staff was quiet though'
    >>> labels[0]
    'complaint'
    """
    rng = check_random_state(random_state)
    labels = np.array(list(islice(cycle(("complaint", "praise")), n_samples)), dtype=object)
    rng.shuffle(labels)
    texts = np.empty(n_samples, dtype=object)
    texts[:] = [_review(label, rng) for label in labels]
    return texts, labels


def _review(label: str, rng: np.random.RandomState) -> str:
    """Generate a review in which two clauses are verdicts; the later verdict gives the label."""
    n_clauses = rng.randint(3, 5)
    adjectives = list(rng.choice(_NEUTRAL, size=n_clauses))
    # A verdict is never the last clause: there it would occur in fewer n-grams, and counts of
    # n-grams would reveal its position.
    first, second = sorted(rng.choice(n_clauses - 1, size=2, replace=False))
    verdicts = (_BAD, _GOOD) if label == "praise" else (_GOOD, _BAD)
    adjectives[first], adjectives[second] = (rng.choice(words) for words in verdicts)
    return ", ".join(
        f"the {rng.choice(_SUBJECTS)} was {adjective} {rng.choice(_TAILS)}"
        for adjective in adjectives
    )
