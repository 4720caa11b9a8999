"""Labelled texts: a reader of files, and generated texts whose labels depend on the word order."""

import csv
from collections.abc import Sequence
from itertools import cycle, islice
from numbers import Integral
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils import Bunch, check_random_state

from sklearn_rnn._io.byte_streams import FileObject
from sklearn_rnn._io.text_formats import FORMATS, FormatName, check_format, read_records
from sklearn_rnn._io.text_records import Label
from sklearn_rnn._parameters import RANDOM_STATE, Interval, validate_params

__all__ = ["make_word_order", "read_texts"]

_SUBJECTS = ("room", "meal", "staff", "pool", "view", "lobby", "garden", "breakfast")
_GOOD = ("good", "lovely", "superb")
_BAD = ("bad", "awful", "dreadful")
_NEUTRAL = ("plain", "small", "modern", "quiet", "simple", "usual")
_TAILS = ("today", "again", "though", "upstairs", "this time", "for us", "as ever")


def read_texts(
    path: str | PathLike[str] | FileObject,
    *,
    text: str | int | Sequence[str] | Sequence[int] = "text",
    label: str | int | None = "label",
    format: FormatName | None = None,
    header: bool | None = None,
    quoting: int = csv.QUOTE_MINIMAL,
) -> Bunch:
    r"""Read labelled texts from a file, or from a folder that has a sub-folder for each class.

    Parameters
    ----------
    path : str, path-like or file object
        - A path of a file in UTF-8. It may be a pipe or device, such as ``/dev/stdin``;
        - a path of a folder;
        - a file object that is open for reading, such as ``sys.stdin.buffer``. It is read to its
          end and left open. For a file in another encoding pass ``open(path, encoding=...)``.

        Data compressed with gzip, bzip2, xz, zstd or zip are recognised by their first bytes, not
        by the name of the file. zstd needs the package zstandard, and a zip archive must have
        exactly one file; hidden files and those that macOS adds are not counted.
    text : str, int or list of these, default="text"
        The column of the text: the name of a column (CSV, TSV) or key (JSON Lines), or the position
        of a column from 0 in a CSV or TSV file without header. The fields of several columns are
        joined by spaces, without blank fields. fastText files and folders have no columns: leave
        `text` out.
    label : str, int or None, default="label"
        The column of the label: a position if `text` is a position, otherwise a name. None reads
        only the texts, for prediction. For fastText files and folders, pass None or leave `label`
        out.
    format : {"csv", "tsv", "jsonl", "fasttext", "folder"}, default=None
        The format of the texts:

        - "csv", "tsv": fields separated by commas or tabs. A field in double quotes may contain
          separators, line breaks and doubled quotes;
        - "jsonl": a JSON object in each line;
        - "fasttext": ``__label__name the text`` in each line;
        - "folder": a sub-folder for each class, with the name of the class, and one text in each
          ``.txt`` file, compressed or not. Suffixes may be in upper case. Hidden entries and those
          that systems add are left out, and others with a warning. A single sub-folder stands for
          the folder if it has no texts but sub-folders, or texts beside several sub-folders, as in
          many archives. With ``label=None``, the files are in the folder itself.

        None: "folder" for a folder; for a file, the format of its suffix: ``.csv``, ``.tsv``,
        ``.jsonl``, ``.ndjson``, ``.ft``, ``.ft.txt`` or ``.fasttext``, each also with the suffix of
        a compression: ``.gz``, ``.bz2``, ``.xz``, ``.lzma``, ``.zst``, ``.zstd`` or ``.zip``. The
        name of a file object is its attribute `name`; without one, pass a format.

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
          without plus sign or leading zeros, or all labels of a JSON Lines file are JSON integers
          of at most 18 digits. Otherwise they are of type str, with dtype object.

    Raises
    ------
    FileNotFoundError
        If there is nothing at `path`.
    OSError
        If a file or folder cannot be opened.
    ImportError
        If the file is compressed with zstd, and the package zstandard is not installed.
    TypeError
        If `path`, `text`, `label` or `header` has another type than the documented ones, or a file
        object returns neither bytes nor str.
    ValueError
        If the format is unknown or does not fit `path`, or the name has no known suffix; if a
        column does not exist, or its name or key occurs twice; if `text`, `label` and `header` mix
        names and positions; if `text`, `label`, `header` or `quoting` does not fit the format; if
        the file is in another format, for example an Excel workbook, or a zip archive of several
        files or with a password; or if the file is broken: empty, damaged or cut off, shortened
        while it is read, not UTF-8, a row with more or fewer fields than the first, a quote never
        closed or probably part of a text, a line that is not a JSON object, a row without text or
        label, a JSON label that is not finite, half a character in JSON, a fastText line with
        several labels or with a label after a separator that does not end a line, lines of which
        some end in "\r" and others do not, a blank line before the last row. For a broken row, the
        message names the file and the line where the row or the field begins.

    Warns
    -----
    UserWarning
        If entries of a folder that are neither texts nor hidden are left out.

    See Also
    --------
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
    format = check_format(path, format)
    if isinstance(path, str | PathLike):
        path = Path(path)
    texts, labels = [], []
    for one_text, one_label in read_records(
        path, format, text, label, header=header, quoting=quoting
    ):
        texts.append(one_text)
        labels.append(one_label)
    return Bunch(
        data=np.array(texts, dtype=object),
        target=None if label is None else _as_target(labels, numerals=FORMATS[format].is_table),
    )


def _as_target(labels: list[Label], numerals: bool) -> npt.NDArray[Any]:
    """Return labels as integers if all are int, or if all are numerals and `numerals` is True.

    Otherwise, or if an integer has more than 18 digits, return them as str.
    """
    names = [str(label) for label in labels]
    if (numerals or all(isinstance(label, int) for label in labels)) and all(
        map(_is_integer, names)
    ):
        return np.array([int(name) for name in names])
    return np.array(names, dtype=object)


def _is_integer(label: str) -> bool:
    # "007" and "+1" remain strings, because str(int(label)) would change them.
    digits = label.removeprefix("-")
    return len(digits) < 19 and digits.isascii() and digits.isdigit() and label == str(int(label))


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
