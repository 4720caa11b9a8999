"""Labelled texts: a reader of files, and a generated corpus whose labels are the word order."""

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
    r"""Read labelled texts from a file or from a folder per class.

    Parameters
    ----------
    path : str or path-like
        A file in UTF-8, compressed with gzip or not, which is found in its first bytes, whatever
        its name; or a folder.
    text : str, int or list of these, default="text"
        The column of the text: the name of a column (CSV, TSV) or key (JSON Lines), or the position
        of a column from 0, for a file without header. Several columns are joined by a space.
        fastText files and folders have no columns: leave it out.
    label : str, int or None, default="label"
        The column of the label, likewise. None reads the texts alone, for prediction. For fastText
        files and folders it is None or left out.
    format : {"csv", "tsv", "jsonl", "fasttext", "folder"}, default=None
        The format of the texts:

        - "csv", "tsv": separated by commas or tabs. A field may be in double quotes, and then hold
          line breaks, and quotes if doubled;
        - "jsonl": a JSON object a line;
        - "fasttext": ``__label__name the text`` a line;
        - "folder": a sub-folder per class, named as the class, with a text per ``.txt`` or
          ``.txt.gz`` file; other files are ignored. With ``label=None``, a folder of texts.

        None: "folder" for a folder, else by the name: ``.csv``, ``.tsv``, ``.jsonl``, ``.ndjson``,
        ``.ft``, ``.ft.txt`` or ``.fasttext``, each also with ``.gz``.

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        With two attributes:

        - data : ndarray of shape (n_samples,), dtype object: the texts, of type str, in the order
          of the file, or of the names in a folder;
        - target : ndarray of shape (n_samples,), or None if `label` is None: the labels, as
          integers if every one of them is (in JSON, if they are numbers there), else of dtype
          object and type str.

    Raises
    ------
    FileNotFoundError
        If there is nothing at `path`.
    TypeError
        If `text` or `label` is of another type than above.
    ValueError
        If the format is unknown, or the name has no known suffix; if a column does not exist; or if
        the file is broken: empty, cut off, not UTF-8, a row with more or fewer fields than the
        first, a quote never closed, a line that is no JSON, no text or no label in a row, a blank
        line before the last row. The message names the file and the line where the row begins.

    See Also
    --------
    make_word_order : Generates texts, for a first try without a file.
    sklearn.datasets.load_files : Reads a folder per class, with integers for the labels.

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
    """Return integers if every label is one (or, with numerals, its decimal form), else str."""
    if all(isinstance(label, int) for label in labels):
        return np.array(labels)
    names = [str(label) for label in labels]
    if numerals and all(map(_is_integer, names)):
        return np.array([int(name) for name in names])
    return np.array(names, dtype=object)


def _is_integer(label: str) -> bool:
    # "007" and "+1" stay strings: as integers they would be written differently.
    digits = label.removeprefix("-")
    return len(digits) < 19 and digits.isascii() and digits.isdigit() and label == str(int(label))


@validate_params(
    {"n_samples": [Interval(Integral, 2, None, closed="left")], "random_state": ["random_state"]},
    prefer_skip_nested_validation=True,
)
def make_word_order(
    n_samples: int = 1000, *, random_state: int | np.random.RandomState | None = None
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_]]:
    """Generate short reviews whose label depends on the order of the words alone.

    Each text praises one thing and criticises another, among neutral remarks. The label is
    "praise" if the praise comes after the criticism, otherwise "complaint".

    Words, and n-grams of up to four words, have the same distribution in both classes: a classifier
    that counts them is at chance, while a recurrent one can be always right.

    Parameters
    ----------
    n_samples : int, default=1000
        The number of texts, at least 2. Both classes have the same size; if `n_samples` is odd,
        "complaint" has one more text.
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same texts at each call.

    Returns
    -------
    texts : ndarray of shape (n_samples,), dtype object
        The texts, of type str, 15 to 24 words long.
    labels : ndarray of shape (n_samples,), dtype object
        The labels, "complaint" or "praise".

    Raises
    ------
    ValueError
        If `n_samples` is not an int of at least 2.

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
    """Generate a review: of its clauses two are verdicts, and the later one is the label."""
    n_clauses = rng.randint(3, 5)
    adjectives = list(rng.choice(_NEUTRAL, size=n_clauses))
    # A verdict is always followed by its tail and another clause: as the last clause it would be in
    # fewer n-grams, and counts of n-grams would reveal its position.
    first, second = sorted(rng.choice(n_clauses - 1, size=2, replace=False))
    verdicts = (_BAD, _GOOD) if label == "praise" else (_GOOD, _BAD)
    adjectives[first], adjectives[second] = (rng.choice(words) for words in verdicts)
    return ", ".join(
        f"the {rng.choice(_SUBJECTS)} was {adjective} {rng.choice(_TAILS)}"
        for adjective in adjectives
    )
