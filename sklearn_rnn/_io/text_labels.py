"""Labels of files: integers or str, for a whole corpus or for texts that are read in chunks."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from sklearn_rnn._io.messages import listed
from sklearn_rnn._io.text_records import Label, Record
from sklearn_rnn._labels import check_labels


def as_target(labels: list[Label], numerals: bool) -> npt.NDArray[Any]:
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


class StreamedLabels:
    """Converts the labels of chunks of texts as `as_target` converts those of a whole corpus.

    The kind, integers or str, is that of `classes` or, without them, that of the first chunk. If
    later labels show that all of the corpus would be of the other kind, this is an error.

    Parameters
    ----------
    classes : array-like of shape (n_classes,) or None
        All labels. None if they are not known.
    numerals : bool
        As of `as_target`.

    Raises
    ------
    ValueError
        If `classes` are neither all integers nor all str.
    """

    def __init__(self, classes: npt.ArrayLike | None, *, numerals: bool) -> None:
        self._numerals = numerals
        self._classes = None if classes is None else _check_classes(classes)
        # None until the first chunk, if there are no classes.
        self._are_integers = (
            None
            if self._classes is None
            else all(isinstance(label, int) for label in self._classes.values())
        )
        self._values: dict[Label, int | str] = {}  # of the labels that have occurred

    def check(self, records: Iterable[Record]) -> Iterator[tuple[str, Label]]:
        """Yield the text and the label of each record.

        Raises
        ------
        ValueError
            If a label is not among the classes, or not of the kind of the labels before. The
            message names the file and the line.
        """
        for position, text, label in records:
            if label not in self._values and self._are_integers is not None:
                self._values[label] = self._convert(position, label)
            yield text, label

    def _convert(self, position: str, label: Label) -> int | str:
        name = str(label)
        if self._classes is not None:
            if name not in self._classes:
                raise ValueError(
                    f"{position}: the label {name!r} is not among the classes, "
                    f"{listed(self._classes)}. Add it to classes, or leave the row out."
                )
            return self._classes[name]
        if not self._are_integers:
            return name
        if not (self._numerals or isinstance(label, int)) or not _is_integer(name):
            raise ValueError(
                f"{position}: the labels of earlier rows are integers, and {name!r} is none. To "
                "read all of them as str, pass classes, a list of all labels as str."
            )
        return int(name)

    def convert(self, labels: list[Label]) -> npt.NDArray[Any]:
        """Return the labels of a chunk, which `check` has yielded, as an array."""
        if self._are_integers is None:
            target = as_target(labels, self._numerals)
            self._are_integers = target.dtype != object
            self._values = dict(zip(labels, target.tolist(), strict=True))
            return target
        values = [self._values[label] for label in labels]
        return np.array(values, dtype=None if self._are_integers else object)


def _check_classes(classes: npt.ArrayLike) -> dict[str, int | str]:
    """Return the classes by their names in a file."""
    array = check_labels(classes, name="classes")
    values = array.ravel().tolist()
    if array.dtype.kind not in "iuUO" or not values:
        raise ValueError(
            "classes must be a list of all labels, which are integers or str in files; got "
            f"{classes!r}."
        )
    return {str(value): value for value in values}
