"""Texts to learn from: files of them, and a built-in corpus in which word order is everything."""

from collections.abc import Sequence
from itertools import cycle, islice
from numbers import Integral
from os import PathLike
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.utils import Bunch, check_random_state

from sklearn_rnn._io.text_files import FORMATS, FormatName, check_format, read_records
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
        A file, gzipped or not (which is told from its first bytes, not from its name), in UTF-8,
        or a folder.
    text : str, int or list of these, default="text"
        Where the text is: the name of a column (CSV, TSV) or key (JSON Lines), or the position of
        a column counted from 0, which says that the file has no header. Several columns are joined
        by a space. fastText files and folders have one text each: leave it out.
    label : str, int or None, default="label"
        Where the label is, likewise. None reads the texts alone, as to predict with them. Of
        fastText files and folders it can only be None or left out.
    format : {"csv", "tsv", "jsonl", "fasttext", "folder"}, default=None
        How the texts are laid out:

        - "csv", "tsv": separated by commas or tabs. A field may be in double quotes, and then hold
          line breaks, and quotes if doubled;
        - "jsonl": a JSON object a line;
        - "fasttext": ``__label__name the text`` a line;
        - "folder": a sub-folder per class, named as the class, with a text per ``.txt`` or
          ``.txt.gz`` file; other files are left alone. With ``label=None``, a folder of texts.

        None goes by the name: a folder, or a file named ``.csv``, ``.tsv``, ``.jsonl``,
        ``.ndjson``, ``.ft``, ``.ft.txt`` or ``.fasttext``, each also with ``.gz``.

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
        If the format is unknown or can't be told from the name; if a named or numbered column
        isn't there; or if the file is broken: empty, cut off, not UTF-8, a row with more or fewer
        fields than the first, a quote never closed, a line that isn't JSON, no text or no label in
        a row, a blank line other than at the end. The message names the file and the line, which
        is the one where the row begins.

    See Also
    --------
    make_word_order : Generated texts, for a first try without a file.
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


def _as_target(labels: list[str | int], numerals: bool) -> np.ndarray:
    """Integers if every label is one (or, with numerals, its decimal form), else strings."""
    if all(isinstance(label, int) for label in labels):
        return np.array(labels)
    if numerals and all(_is_integer(label) for label in labels):
        return np.array([int(label) for label in labels])
    return np.array([str(label) for label in labels], dtype=object)


def _is_integer(label: str) -> bool:
    # "007" and "+1" are names: as numbers they would not come back as they were written.
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

    Each text praises one thing and finds fault with another, among neutral remarks. The last
    word counts: if the praise comes after the fault the label is "praise", otherwise "complaint".

    Words are distributed alike in both classes, and so are runs of up to four words. A classifier
    that counts them can only guess, and one that reads in order can be right always.

    Parameters
    ----------
    n_samples : int, default=1000
        The number of texts, at least 2. The classes are of the same size; of an odd number,
        "complaint" has one more.
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
    """Clauses of one mould; two are verdicts, and the later one agrees with the label."""
    n_clauses = rng.randint(3, 5)
    adjectives = list(rng.choice(_NEUTRAL, size=n_clauses))
    # A verdict is always followed by its tail and another clause. At the end of the text, the
    # words that do not follow it would tell its place to a count of pairs or triples.
    first, second = sorted(rng.choice(n_clauses - 1, size=2, replace=False))
    verdicts = (_BAD, _GOOD) if label == "praise" else (_GOOD, _BAD)
    adjectives[first], adjectives[second] = (rng.choice(words) for words in verdicts)
    return ", ".join(
        f"the {rng.choice(_SUBJECTS)} was {adjective} {rng.choice(_TAILS)}"
        for adjective in adjectives
    )
