"""Checks of texts, ids, weights and word vectors, and scikit-learn's private names for them.

Of the other modules, only `_parameters` imports private names of scikit-learn.
"""

from collections import UserString
from collections.abc import Iterable, Iterator, KeysView, Sequence, Set
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.exceptions import DataConversionWarning
from sklearn.utils import _safe_indexing, check_array, check_X_y
from sklearn.utils.validation import _check_sample_weight, validate_data

from sklearn_rnn._containers import column_names, refuse_lazy
from sklearn_rnn._ids import FIRST_CHARACTER, UNK, has_characters, row_blocks
from sklearn_rnn._labels import check_labels, is_missing
from sklearn_rnn._warnings import warn_user

__all__ = [
    "Texts",
    "_safe_indexing",
    "check_ids",
    "check_labelled_ids",
    "check_matrix",
    "check_strings",
    "check_texts",
    "check_weights",
    "check_words",
    "feature_attributes",
    "validate_data",
]


class _Sequence(Protocol):
    """A sequence of str that is not itself a str, which contains nothing but str."""

    def __contains__(self, value: object, /) -> bool: ...

    def __len__(self) -> int: ...

    def __getitem__(self, position: int, /) -> str: ...

    def __iter__(self) -> Iterator[str]: ...


class _HasTolist(Protocol):
    """An array, Series or Index of NumPy or pandas."""

    def tolist(self) -> list[Any]: ...


class _HasToList(Protocol):
    """A Series of polars."""

    def to_list(self) -> list[Any]: ...


class _HasToPylist(Protocol):
    """An array of pyarrow."""

    def to_pylist(self) -> list[Any]: ...


class _HasColumns(Protocol):
    """A DataFrame of any library."""

    @property
    def columns(self) -> Any: ...

    def __len__(self) -> int: ...

    def __getitem__(self, column: Any, /) -> Any: ...


Texts: TypeAlias = _Sequence | _HasTolist | _HasToList | _HasToPylist | _HasColumns


def check_texts(X: Texts, *, caller: str, name: str = "X") -> list[str]:
    """Return X as a list of str, or raise an error that says what to pass instead.

    Parameters
    ----------
    X : list, tuple, ndarray, Series or single-column DataFrame of str
        The texts. The Series or DataFrame may be of any library whose data is in memory. Any other
        `collections.abc.Sequence` is accepted too, such as a column of a Hugging Face data set.
    caller : str
        The name of the estimator or function, for the messages.
    name : str, default="X"
        The name of the parameter, for the messages.

    Returns
    -------
    texts : list of str
        A new list, even if X is a list.

    Raises
    ------
    TypeError
        If X is one string or bytes; if X is not a sequence, array, Series or DataFrame; if it is
        not in memory; or if one of its rows is not a str.
    ValueError
        If X is empty or has more than one column, or if X is an array of another shape than
        (n_samples,) and (n_samples, 1).
    """
    accepted = (
        f"{caller} takes a list, tuple, NumPy array, Series or single-column DataFrame of str"
    )
    texts = _list_texts(X, accepted, name)
    if not texts:
        raise ValueError(f"{accepted}, but {name} is empty. Pass at least one text.")
    # One pass in C over the types: a Python loop would take longer than padding the texts.
    if set(map(type, texts)) != {str}:
        for position, text in enumerate(texts):
            _check_text(text, f"{accepted}, but the text at position {position}")
    return texts


def _list_texts(X: Any, accepted: str, name: str) -> list[Any]:
    """Return the rows of X as a new list; `check_texts` checks their types."""
    if isinstance(X, str | UserString):
        raise TypeError(f"{accepted}, but {name} is one str. Wrap a single text in a list: [text].")
    if isinstance(X, bytes | bytearray | memoryview):
        raise TypeError(
            f"{accepted}, but {name} is bytes. Decode it first: [text.decode('utf-8')]."
        )
    if isinstance(X, np.ndarray):
        return _list_array(X, accepted, name)
    refuse_lazy(X, f"{accepted}, but {name}", name)
    columns = column_names(X)
    if columns is not None and len(columns) != 1:
        raise ValueError(
            f"{accepted}, but {name} is a DataFrame of {len(columns)} columns. Select the text "
            f"column, as in {name}['text'], or put one tokenizer per text column into a "
            "sklearn.compose.ColumnTransformer."
        )
    if columns is not None:
        X = X[columns[0]]
    for method in ("tolist", "to_list", "to_pylist"):
        if hasattr(X, method):
            return list(getattr(X, method)())
    if isinstance(X, Sequence):
        return list(X)
    raise TypeError(
        f"{accepted}, but {name} is of type {type(X).__name__}. Put the texts into a list, in the "
        "order of their labels."
    )


def _list_array(X: npt.NDArray[Any], accepted: str, name: str) -> list[Any]:
    """Return the rows of an array with one text per row."""
    if X.dtype.kind not in "OUTS":
        raise TypeError(
            f"{accepted}, but {name} is an array of {X.dtype}. Pass the texts themselves, not "
            "numbers made from them."
        )
    if X.ndim == 2 and X.shape[1] == 1:
        X = X[:, 0]
    if X.ndim != 1:
        raise ValueError(
            f"{accepted}, but {name} is an array of shape {X.shape}. Pass one text per row: an "
            "array of shape (n_samples,) or (n_samples, 1)."
        )
    return X.tolist()


def _check_text(text: object, given: str) -> None:
    """Raise a TypeError that begins with `given` if a row is not a str."""
    if isinstance(text, str):
        return
    if isinstance(text, bytes):
        raise TypeError(f"{given} is bytes. Decode it first: text.decode('utf-8').")
    if is_missing(text):
        raise TypeError(
            f"{given} is missing ({text!r}). Drop missing texts with their labels, or replace "
            "them by ''."
        )
    raise TypeError(f"{given} is of type {type(text).__name__}. Pass one str per text.")


def check_ids(X: npt.ArrayLike, *, estimator: object) -> npt.NDArray[np.integer[Any]]:
    """Return X as a matrix of ids, or raise an error that says what to pass instead.

    Parameters
    ----------
    X : array-like of shape (n_samples, max_length)
        Ids. If a number is not whole, a warning is issued: then numbers of -1 or less become the
        unknown word, and all other numbers are truncated to integers. Ids above the range of int32
        become the largest int32.
    estimator : RNNTextClassifier
        The estimator that messages name.

    Returns
    -------
    ids : ndarray of int of shape (n_samples, max_length)
        Of int32, or of a smaller integer type: X without a copy.

    Raises
    ------
    TypeError
        If X is sparse.
    ValueError
        If X is empty or not two-dimensional; if it contains text, NaN or infinity; or if all
        numbers are whole and one is negative.
    """
    refuse_lazy(X, "X", "X")
    try:
        array = check_array(X, estimator=estimator, input_name="X")
    except ValueError:
        refuse_text(X, estimator)
        raise
    return _as_ids(array, estimator)


def check_labelled_ids(
    X: npt.ArrayLike, y: Any, *, estimator: object
) -> tuple[npt.NDArray[np.integer[Any]], npt.NDArray[Any]]:
    """Return X as `check_ids` does, and y as an array of the same length."""
    refuse_lazy(X, "X", "X")
    if y is not None:
        y = check_labels(y, name="y")
    try:
        array, y = check_X_y(X, y, estimator=estimator)
    except ValueError:
        refuse_text(X, estimator)
        raise
    return _as_ids(array, estimator), y


def refuse_text(X: npt.ArrayLike, estimator: object) -> None:
    """Raise a ValueError if the first element of X is a str or bytes."""
    first = np.asarray(X, dtype=object).reshape(-1)[:1]
    if len(first) and isinstance(first[0], str | bytes):
        name = type(estimator).__name__
        raise ValueError(
            f"{name} takes ids, and was given text ({first[0][:30]!r}...). Put a TextTokenizer in "
            f"front of it: make_pipeline(TextTokenizer(), {name}()).fit(texts, labels)."
        ) from None


def _as_ids(array: npt.NDArray[Any], estimator: object) -> npt.NDArray[np.integer[Any]]:
    name, kind = type(estimator).__name__, array.dtype.kind
    if kind == "f" and any(
        (array[rows] != np.trunc(array[rows])).any() for rows in row_blocks(array)
    ):
        warn_user(
            f"{name} takes ids, and was given numbers that are not whole. They are truncated, and "
            "negative ones become the unknown word; TextTokenizer makes ids from texts.",
            DataConversionWarning,
        )
        array = np.where(array <= -1, UNK, array)
    if array.size and array.min() <= -1:
        raise ValueError(
            f"Negative values in data passed to {name}: X has the id {array.min():g}. Ids are 0 "
            "for padding, 1 for the unknown word, and from 2 on the words of a vocabulary, as "
            "TextTokenizer gives them."
        )
    if kind in "iu" and array.dtype.isnative and np.can_cast(array.dtype, np.int32):
        return array  # without a copy: it may be a memory-mapped file larger than memory
    if array.dtype == np.float32 and has_characters(array):
        raise ValueError(
            f"X has characters, whose ids from {FIRST_CHARACTER} on {array.dtype} cannot tell "
            "apart. Pass integers, as TextTokenizer returns them."
        )
    ids = np.empty(array.shape, dtype=np.int32)
    for rows in row_blocks(array):
        # In float32 the largest int32 rounds up to a number that int32 cannot hold.
        block = array[rows].astype(np.float64) if kind == "f" else array[rows]
        np.minimum(block, np.iinfo(np.int32).max, out=ids[rows], casting="unsafe")
    return ids


def check_weights(sample_weight: Any, n_samples: int) -> npt.NDArray[np.float64]:
    """Return sample weights as an array of float64.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,), float or None
        The weights. A float is the weight of every text; None means a weight of 1.
    n_samples : int
        The number of texts.

    Returns
    -------
    weights : ndarray of float64 of shape (n_samples,)

    Raises
    ------
    ValueError
        If the weights have another shape, if one is infinite, NaN or negative, if all are zero,
        or if their sum is not finite.
    """
    refuse_lazy(sample_weight, "sample_weight", "sample_weight")
    weights = _check_sample_weight(
        sample_weight, np.empty((n_samples, 0)), dtype=np.float64, ensure_non_negative=True
    )
    with np.errstate(over="ignore"):
        if np.isinf(weights.sum()):
            raise ValueError("The sum of sample_weight is not finite. Pass smaller weights.")
    if not weights.any():
        raise ValueError("Every weight in sample_weight is zero, which leaves nothing to fit.")
    return weights


def check_strings(words: Iterable[str], *, name: str) -> Iterable[str]:
    """Return an iterable of str, or raise a TypeError if it is one str or no iterable."""
    if isinstance(words, str | bytes):
        raise TypeError(f"{name} is one {type(words).__name__}. Pass a list, or wrap it in one.")
    if not isinstance(words, Iterable):
        raise TypeError(f"{name} is of type {type(words).__name__}. Pass a list of str.")
    return words


def check_words(words: Iterable[str]) -> tuple[str, ...]:
    """Return the words of `WordVectors`, or raise an error."""
    words = check_strings(words, name="words")
    if isinstance(words, Set) and not isinstance(words, KeysView):
        raise TypeError(
            f"words is a {type(words).__name__}, which has no order. Pass a list, in the order of "
            "the vectors."
        )
    words = tuple(words)
    for word in words:
        if not isinstance(word, str):
            raise TypeError(
                f"words has {word!r} of type {type(word).__name__}. Words are str; decode bytes."
            )
    if not words:
        raise ValueError("words is empty. Pass at least one word with its vector.")
    return tuple(map(str, words))


def check_matrix(matrix: npt.ArrayLike, words: tuple[str, ...]) -> npt.NDArray[np.float32]:
    """Return the matrix of `WordVectors`, or raise an error.

    Parameters
    ----------
    matrix : array-like of shape (n_words, embedding_dim)
        The vectors.
    words : tuple of n_words str
        The words, for the messages.

    Returns
    -------
    matrix : ndarray of float32 of shape (n_words, embedding_dim)
        C-contiguous. It is a copy unless `matrix` already is such an array and read-only.

    Raises
    ------
    ValueError
        If the matrix has another shape, or an element that is not a real number or not finite in
        float32.
    """
    try:
        given = np.asarray(matrix)
        is_text = given.dtype == object and any(isinstance(n, str | bytes) for n in given.flat)
        if given.dtype.kind not in "biufO" or is_text:
            raise ValueError(f"its elements are of type {'str' if is_text else given.dtype}")
        is_frozen = (
            given.dtype == np.float32 and given.flags.c_contiguous and not given.flags.writeable
        )
        with np.errstate(over="ignore"):  # overflow gives infinity, refused below
            array = given if is_frozen else np.array(given, dtype=np.float32, order="C")
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(
            f"matrix is no array of numbers ({error}). Pass one row of numbers per word."
        ) from error
    if array.ndim != 2 or not array.shape[1] or len(array) != len(words):
        raise ValueError(
            f"matrix has the shape {array.shape}, and there are {len(words)} words. Pass one row "
            "per word, of at least one number."
        )
    # Only the minimum and maximum: isfinite of the array would allocate a mask of the same shape.
    if not np.isfinite([array.min(), array.max()]).all():
        row = np.isfinite(array).all(axis=1).argmin()
        raise ValueError(
            f"matrix has a number that is not finite in float32, in the vector of {words[row]!r}. "
            "Take the word and its vector out."
        )
    return array


def feature_attributes(X: npt.ArrayLike) -> dict[str, Any]:
    """Return the fitted attributes that describe the columns of X.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Checked data, in the container that the user passed: a DataFrame has column names.

    Returns
    -------
    attributes : dict of str to object
        `n_features_in_`; also `feature_names_in_` if the column names of X are str.
    """
    recorder = BaseEstimator()
    validate_data(recorder, X, reset=True, skip_check_array=True)
    return vars(recorder)
