"""Training and validation data: checked ids, class indices, sample weights, lengths."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import train_test_split
from sklearn.utils.multiclass import check_classification_targets

from sklearn_rnn._ids import (
    IdMatrix,
    merge_numberings,
    numbering_of,
    sequence_lengths,
    take_rows,
)
from sklearn_rnn._labels import check_labels, encode_labels
from sklearn_rnn._linear.cross_fit import MANY_CLASSES
from sklearn_rnn._training.shards import join_shards
from sklearn_rnn._validation import check_labelled_ids, check_weights
from sklearn_rnn._warnings import warn_user


@dataclass(frozen=True)
class TrainingData:
    """Texts with their class indices and sample weights.

    Parameters
    ----------
    ids : ndarray or IdRows of int of shape (n, max_length)
        Right-padded ids.
    labels : ndarray of int64 of shape (n,)
        Indices into the sorted classes.
    weights : ndarray of float64 of shape (n,)
        Sample weights, all above zero.
    lengths : ndarray of int64 of shape (n,)
        Lengths of the texts, in tokens.
    """

    ids: IdMatrix
    labels: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float64]
    lengths: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: npt.NDArray[np.integer[Any]]) -> TrainingData:
        """Return the texts in the given rows, in the order of `rows`, without a copy of the ids."""
        return TrainingData(
            take_rows(self.ids, rows), self.labels[rows], self.weights[rows], self.lengths[rows]
        )


def check_training_data(
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    sample_weight: npt.ArrayLike | None,
    *,
    estimator: object,
    classes: np.ndarray | None = None,
) -> tuple[TrainingData, np.ndarray]:
    """Check texts, labels and sample weights, and encode the labels.

    Texts of weight zero are left out.

    Parameters
    ----------
    X : array-like of int of shape (n_samples, max_length)
        Right-padded ids.
    y : array-like of shape (n_samples,)
        Labels.
    sample_weight : array-like of shape (n_samples,) or None
        Weights of the texts. None: all 1.
    estimator : RNNTextClassifier
        Named in error messages.
    classes : ndarray of shape (n_classes,), default=None
        The sorted classes. None: the distinct labels of `y`.

    Returns
    -------
    data : TrainingData
    classes : ndarray of shape (n_classes,)
        The sorted classes.

    Raises
    ------
    ValueError
        If X, y or sample_weight is invalid, or if they differ in length; if `classes` is None and y
        has a single class; or if `classes` lacks a label of y.
    """
    ids, y, weights = _check_samples(X, y, sample_weight, estimator)
    if classes is None:
        classes, labels = np.unique(y, return_inverse=True)
        _check_two_classes(classes)
    else:
        labels = encode_labels(y, classes, name="y")
    return TrainingData(ids, labels, weights, sequence_lengths(ids)), classes


def _check_samples(
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    sample_weight: npt.ArrayLike | None,
    estimator: object,
) -> tuple[IdMatrix, np.ndarray, npt.NDArray[np.float64]]:
    """Return ids, labels and weights, without the texts of weight zero."""
    ids: IdMatrix
    ids, y = check_labelled_ids(X, y, estimator=estimator)
    check_classification_targets(y)
    weights = check_weights(sample_weight, len(ids))
    if not weights.all():
        rows = np.flatnonzero(weights)
        ids, y, weights = take_rows(ids, rows), y[rows], weights[rows]
    return join_shards(X, ids, y, weights)


def _check_two_classes(classes: np.ndarray) -> None:
    if len(classes) < 2:
        raise ValueError(
            f"y has one class, {classes.tolist()[0]!r}, among the rows whose weight is not zero. A "
            "classifier needs at least two classes."
        )


def check_partial_fit_classes(
    classes: npt.ArrayLike | None, known: np.ndarray | None
) -> np.ndarray:
    """Return the sorted classes of `partial_fit`.

    Parameters
    ----------
    classes : array-like of shape (n_classes,) or None
        As given to `partial_fit`.
    known : ndarray of shape (n_classes,) or None
        The classes of an earlier fit or partial_fit. None if there was no such call.

    Raises
    ------
    ValueError
        If both are None, if both are given and differ, or if `classes` has fewer than two distinct
        labels.
    """
    if classes is None:
        if known is None:
            raise ValueError(
                "The first call of partial_fit needs classes: all labels of this and of later "
                "calls, as in partial_fit(X, y, classes=['neg', 'pos'])."
            )
        return known
    unique = np.unique(check_labels(classes, name="classes"))
    if len(unique) < 2:
        raise ValueError(
            f"classes={unique.tolist()} must list all labels of this and of later calls, at least "
            "two."
        )
    if known is not None and unique.tolist() != known.tolist():
        raise ValueError(
            f"classes={unique.tolist()} differ from the classes of the earlier training, "
            f"{known.tolist()}. Pass the same classes or none, or call fit to start anew."
        )
    return unique if known is None else known


def check_validation_data(
    X_val: npt.ArrayLike | None,
    y_val: npt.ArrayLike | None,
    sample_weight_val: npt.ArrayLike | None,
    *,
    classes: np.ndarray,
    n_columns: int,
    estimator: object,
) -> TrainingData | None:
    """Check the validation data given to `fit`, and encode its labels.

    Parameters
    ----------
    X_val, y_val, sample_weight_val : array-like or None
        As given to `fit`.
    classes : ndarray of shape (n_classes,)
        The sorted classes of the training data.
    n_columns : int
        Number of columns of X.
    estimator : RNNTextClassifier
        Named in error messages.

    Returns
    -------
    validation : TrainingData or None
        None if X_val, y_val and sample_weight_val are all None.

    Raises
    ------
    ValueError
        If X_val or y_val is None although other validation data is given; if the data is invalid;
        if the number of columns of X_val is not `n_columns`; or if `classes` lacks a label of
        y_val.
    """
    missing = [name for name, value in [("X_val", X_val), ("y_val", y_val)] if value is None]
    if len(missing) == 2 and sample_weight_val is None:
        return None
    if len(missing) == 2:
        raise ValueError(
            "sample_weight_val has the weights of validation data, and X_val and y_val are not "
            "given. Pass them, or leave out sample_weight_val."
        )
    if X_val is None or y_val is None:
        raise ValueError(
            f"X_val and y_val belong together, and {missing[0]} is not given. Pass both or neither."
        )
    try:
        ids, y, weights = _check_samples(X_val, y_val, sample_weight_val, estimator)
    except (TypeError, ValueError) as error:
        error.add_note("It was found in X_val, y_val or sample_weight_val.")
        raise
    if ids.shape[1] != n_columns:
        raise ValueError(
            f"X_val has {ids.shape[1]} columns, and X has {n_columns}. Pass both through the same "
            "fitted TextTokenizer."
        )
    labels = encode_labels(y, classes, name="y_val")
    return TrainingData(ids, labels, weights, sequence_lengths(ids))


def continue_numbering(fitted: bytes | None, X: object) -> bytes | None:
    """Return the numbering of earlier training, extended by the numbering of X.

    Parameters
    ----------
    fitted : bytes or None
        The numbering of earlier training. None if it is unknown or there was no training.
    X : array-like
        Ids, in the container that the user passed.

    Returns
    -------
    numbering : bytes or None
        None if both numberings are unknown.

    Raises
    ------
    ValueError
        If an id stands for different tokens in the two numberings.
    """
    given = numbering_of(X)
    if fitted is None or given is None:
        return given if fitted is None else fitted
    merged, n_conflicts = merge_numberings(fitted, given)
    if n_conflicts:
        raise ValueError(
            f"Training cannot continue, because {n_conflicts:,} ids of X stand for other tokens "
            "than in the earlier training: X comes from another TextTokenizer, or from one that "
            "was fitted again and has numbered its tokens anew. To go on with new texts, keep the "
            "ids: instead of fit, call partial_fit of the tokenizer of the earlier training, or "
            "set its warm_start=True. To build a new network, set warm_start=False of the "
            "classifier and call fit."
        )
    return merged


def warn_of_other_numbering(fitted: bytes | None, X: object, *, name: str, result: str) -> None:
    """Issue a UserWarning if an id of X stands for another token than in training.

    Parameters
    ----------
    fitted : bytes or None
        The numbering of the training. None if it is unknown.
    X : array-like
        Ids, in the container that the user passed.
    name : str
        The name of the argument, for the message.
    result : str
        The result that has no meaning, in the plural.
    """
    given = numbering_of(X)
    if fitted is None or given is None:
        return
    _, n_conflicts = merge_numberings(fitted, given)
    if n_conflicts:
        warn_user(
            f"{n_conflicts:,} ids of {name} stand for other tokens than in training, so the "
            f"{result} have no meaning. Make {name} by the TextTokenizer of the training; if it "
            "was fitted again, fit the classifier again too."
        )


def split_validation(
    data: TrainingData,
    validation_fraction: float,
    classes: np.ndarray,
    random_state: np.random.RandomState,
) -> tuple[TrainingData, TrainingData]:
    """Split texts into training and validation texts, stratified by class.

    Parameters
    ----------
    data : TrainingData
        The texts.
    validation_fraction : float
        Share of the texts that become validation texts, rounded up to whole texts.
    classes : ndarray of shape (n_classes,)
        The sorted classes.
    random_state : numpy.random.RandomState
        Shuffles the texts.

    Returns
    -------
    training, validation : TrainingData

    Raises
    ------
    ValueError
        If a class has fewer than two texts, or if there are fewer training texts or fewer
        validation texts than classes.
    """
    counts = np.bincount(data.labels, minlength=len(classes))
    if counts.min() < 2:
        single = classes[counts < 2].tolist()
        raise ValueError(
            f"early_stopping=True sets validation_fraction={validation_fraction} of the texts of "
            f"each class aside, and these classes have a single text: {single}. Add texts, leave "
            "these classes out, or pass X_val and y_val to fit."
        )
    n = len(data)
    n_validation = int(np.ceil(validation_fraction * n))
    if min(n_validation, n - n_validation) < len(classes):
        raise ValueError(
            f"validation_fraction={validation_fraction} of {n} texts leaves {n - n_validation} "
            f"for training and {n_validation} for validation, and each needs at least one text of "
            f"every class ({len(classes)} classes). Change validation_fraction, or pass X_val and "
            "y_val to fit."
        )
    training, validation = train_test_split(
        np.arange(n), test_size=n_validation, stratify=data.labels, random_state=random_state
    )
    return data.take(training), data.take(validation)


def choose_batch_size(batch_size: int | Literal["auto"], n_samples: int) -> int:
    """Return the number of texts in a mini-batch; "auto" is n_samples // 256, within 8 and 64."""
    return min(max(n_samples // 256, 8), 64) if batch_size == "auto" else batch_size


# Epochs with max_epochs="auto". Steps are those of the optimizer.
MIN_EPOCHS = 3
MAX_EPOCHS = 6
MAX_EPOCHS_OF_MANY_CLASSES = 8  # from `MANY_CLASSES` on
STEPS_PER_CLASS = 250  # with fewer, there are more epochs than `MIN_EPOCHS`


def choose_max_epochs(
    max_epochs: int | Literal["auto"],
    *,
    n_samples: int,
    batch_size: int,
    n_classes: int,
    has_linear_term: bool,
) -> int:
    """Return the number of epochs.

    "auto" is the number that takes `STEPS_PER_CLASS` steps for each class, but at least
    `MIN_EPOCHS` and at most `MAX_EPOCHS`, or `MAX_EPOCHS_OF_MANY_CLASSES`. Without a linear term,
    it is at least `MAX_EPOCHS`.
    """
    if max_epochs != "auto":
        return max_epochs
    n_batches = math.ceil(n_samples / batch_size)
    n_epochs = math.ceil(STEPS_PER_CLASS * n_classes / n_batches)
    most = MAX_EPOCHS if n_classes < MANY_CLASSES else MAX_EPOCHS_OF_MANY_CLASSES
    return min(max(n_epochs, MIN_EPOCHS if has_linear_term else MAX_EPOCHS), most)


def merge_duplicates(data: TrainingData) -> TrainingData:
    """Merge texts that have the same ids and label, adding their weights; sort by label and ids.

    Used for data that fits into one mini-batch. Without dropout, merging leaves the loss unchanged.
    A text of weight 2 and two copies of the text give the same result to the last bit, in any order
    of the texts.
    """
    rows = np.column_stack([data.labels, data.ids])
    _, first, inverse = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    weights = np.bincount(inverse.reshape(-1), weights=data.weights).astype(np.float64)
    return replace(data.take(first), weights=weights)


def sort_by_length(data: TrainingData) -> TrainingData:
    """Sort the texts by length, so that batches of consecutive texts have little padding."""
    return data.take(np.argsort(data.lengths, kind="stable"))
