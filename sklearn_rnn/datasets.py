"""Labelled texts: a reader of files, and generated texts whose labels depend on the word order."""

from collections.abc import Sequence
from itertools import cycle, islice
from numbers import Integral
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils import Bunch, check_random_state

from sklearn_rnn._io.text_formats import FORMATS, FormatName, check_format, read_records
from sklearn_rnn._io.text_readers import Label
from sklearn_rnn._validation import Interval, validate_params

__all__ = ["make_word_order", "read_texts"]

_SUBJECTS = ("room", "meal", "staff", "pool", "view", "lobby", "garden", "breakfast")
_GOOD = ("good", "lovely", "superb")
_BAD = ("bad", "awful", "dreadful")
_NEUTRAL = ("plain", "small", "modern", "quiet", "simple", "usual")
_TAILS = ("today", "again", "though", "upstairs", "this time", "for us", "as ever")


def read_texts(
    path: str | PathLike[str],
    *,
    text: str | int | Sequence[str] | Sequence[int] = "text",
    label: str | int | None = "label",
    format: FormatName | None = None,
) -> Bunch:
    r"""Read labelled texts from a file, or from a folder that has a sub-folder for each class.

    Parameters
    ----------
    path : str or path-like
        A file in UTF-8, or a folder. Compression with gzip is recognised by the first bytes of a
        file, not by its name.
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
          ``.txt`` or ``.txt.gz`` file; other files and hidden sub-folders are ignored. With
          ``label=None``, the files are in the folder itself.

        None: "folder" for a folder; for a file, the format of its suffix: ``.csv``, ``.tsv``,
        ``.jsonl``, ``.ndjson``, ``.ft``, ``.ft.txt`` or ``.fasttext``, each also with ``.gz``.

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        With two attributes:

        - data : ndarray of shape (n_samples,), dtype object: the texts, of type str, in the order
          of the file; for a folder, sorted by the names of the sub-folder and the file;
        - target : ndarray of shape (n_samples,), or None if `label` is None: the labels. They are
          integers if all labels of a CSV or TSV file are written as integers of at most 18 digits
          without plus sign or leading zeros, or all labels of a JSON Lines file are JSON integers.
          Otherwise they are of type str, with dtype object.

    Raises
    ------
    FileNotFoundError
        If there is nothing at `path`.
    TypeError
        If `text` or `label` has another type than the documented ones.
    ValueError
        If the format is unknown or does not fit `path`, or the name has no known suffix; if a
        column does not exist, or its name occurs twice; if `text` and `label` mix names and
        positions, or choose a column of a format without columns; or if the file is broken: empty,
        cut off, not UTF-8, a row with more or fewer fields than the first, a quote never closed, a
        line that is not a JSON object, a row without text or label, a fastText line with several
        labels, a blank line before the last row. For a broken row, the message names the file and
        the line where the row begins.

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
    path = Path(path)
    format = check_format(path, format)
    texts, labels = [], []
    for one_text, one_label in read_records(path, format, text, label):
        texts.append(one_text)
        labels.append(one_label)
    return Bunch(
        data=np.array(texts, dtype=object),
        target=None if label is None else _as_target(labels, numerals=FORMATS[format].untyped),
    )


def _as_target(labels: list[Label], numerals: bool) -> npt.NDArray[Any]:
    """Return labels as integers if all are int, or if all are numerals and `numerals` is True.

    Otherwise, return them as str.
    """
    if all(isinstance(label, int) for label in labels):
        return np.array(labels)
    names = [str(label) for label in labels]
    if numerals and all(map(_is_integer, names)):
        return np.array([int(name) for name in names])
    return np.array(names, dtype=object)


def _is_integer(label: str) -> bool:
    # "007" and "+1" remain strings, because str(int(label)) would change them.
    digits = label.removeprefix("-")
    return len(digits) < 19 and digits.isascii() and digits.isdigit() and label == str(int(label))


@validate_params(
    {"n_samples": [Interval(Integral, 2, None, closed="left")], "random_state": ["random_state"]},
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
        The number of texts, at least 2. Both classes have the same size; if `n_samples` is odd,
        "complaint" has one more text.
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
        If `n_samples` is not an int of at least 2, or `random_state` is invalid.

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
