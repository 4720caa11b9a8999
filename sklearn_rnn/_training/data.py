"""What a classifier learns from: ids, class indices and weights, checked at the door."""

from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets

from sklearn_rnn._ids import sequence_lengths
from sklearn_rnn._validation import check_labelled_ids, check_weights


@dataclass(frozen=True)
class TrainingData:
    """Texts with their labels and weights; none of the weights is zero.

    Parameters
    ----------
    ids : ndarray of int32 of shape (n, max_length)
        Right-padded ids.
    y : ndarray of shape (n,)
        Labels, as the caller gave them.
    weights : ndarray of float64 of shape (n,)
        What each text counts.
    """

    ids: np.ndarray
    y: np.ndarray
    weights: np.ndarray

    def take(self, rows):
        """Return some of the texts."""
        return TrainingData(self.ids[rows], self.y[rows], self.weights[rows])


def check_training_data(X, y, sample_weight, *, estimator):
    """Check what was given to fit, and leave out the texts whose weight is zero.

    Raises
    ------
    ValueError
        If X, y or sample_weight is not what it should be, or of another length.
    """
    ids, y = check_labelled_ids(X, y, estimator=estimator)
    check_classification_targets(y)
    return drop_weightless(TrainingData(ids, y, check_weights(sample_weight, len(ids))))


def drop_weightless(data):
    """Leave out the texts whose weight is zero."""
    return data if data.weights.all() else data.take(np.flatnonzero(data.weights))


def merge_repeated(data):
    """Return the data with equal texts of equal label as one, of their summed weight, and sorted.

    For data that is one batch. It changes nothing of the loss, and makes a text of weight 2 and a
    text given twice the same arithmetic to the last bit, in whatever order the texts come.
    """
    _, labels = np.unique(data.y, return_inverse=True)
    rows = np.column_stack([labels, data.ids])
    _, first, inverse = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    weights = np.bincount(inverse.reshape(-1), weights=data.weights)
    return TrainingData(data.ids[first], data.y[first], weights)


def find_classes(y):
    """Return the sorted classes of `y`, of which there must be two.

    Raises
    ------
    ValueError
        If there is only one.
    """
    classes = np.unique(y)
    if len(classes) < 2:
        raise ValueError(
            f"y has one class, {classes.tolist()[0]!r}, among the rows whose weight is not zero. A "
            "classifier needs at least two classes."
        )
    return classes


def check_partial_fit_classes(classes, known):
    """Return the sorted classes of a `partial_fit`: those given, or those `known` from before.

    Raises
    ------
    ValueError
        If neither is there, or they differ.
    """
    if known is None and classes is None:
        raise ValueError(
            "The first call of partial_fit needs classes: all labels that will ever come, as in "
            "partial_fit(X, y, classes=['neg', 'pos'])."
        )
    if classes is None:
        return known
    classes = find_classes(classes)
    if known is not None and not np.array_equal(classes, known):
        raise ValueError(
            f"classes={classes.tolist()} are not those of the first call of partial_fit: "
            f"{known.tolist()}."
        )
    return classes


def check_validation_data(X_val, y_val, sample_weight_val, *, training, estimator):
    """Check the validation data given to fit, if any.

    Raises
    ------
    ValueError
        If X_val or y_val comes alone, is not what it should be, or does not go with `training`.
    """
    missing = [name for name, value in [("X_val", X_val), ("y_val", y_val)] if value is None]
    if len(missing) == 2 and sample_weight_val is None:
        return None
    if missing:
        raise ValueError(
            f"X_val and y_val belong together, and {' and '.join(missing)} was not given. Pass "
            "both or neither."
        )
    try:
        validation = check_training_data(X_val, y_val, sample_weight_val, estimator=estimator)
    except (TypeError, ValueError) as error:
        error.add_note("It was found in X_val, y_val or sample_weight_val.")
        raise
    n_columns, n_columns_val = training.ids.shape[1], validation.ids.shape[1]
    if n_columns_val != n_columns:
        raise ValueError(
            f"X_val has {n_columns_val} columns, and X has {n_columns}. Pass both through the same "
            "fitted TextTokenizer."
        )
    encode_labels(validation.y, np.unique(training.y), name="y_val")
    return validation


def encode_labels(y, classes, *, name):
    """Return the index of each label of `y` among the sorted `classes`.

    Raises
    ------
    ValueError
        If a label is none of the classes.
    """
    unseen = np.setdiff1d(y, classes)
    if len(unseen):
        raise ValueError(
            f"{name} has classes that fit has not seen: {unseen.tolist()}. The classes are "
            f"{classes.tolist()}; give all of them to fit, or to the first partial_fit."
        )
    return np.searchsorted(classes, y)


def choose_batch_size(batch_size, n_samples):
    """Return the texts in a batch: what was asked for, or as many as suit the data."""
    return min(max(n_samples // 256, 8), 64) if batch_size == "auto" else batch_size


def apply_class_weight(data, class_weight, classes, *, balance=None):
    """Return the data with weights multiplied by those of their classes.

    Parameters
    ----------
    data : TrainingData
        The texts.
    class_weight : None, "balanced" or dict of label to float
        "balanced": each class counts the same in all, sample weights considered.
    classes : ndarray of shape (n_classes,)
        The sorted classes.
    balance : TrainingData, default=None
        Where "balanced" looks; it holds every class. None: `data`.

    Raises
    ------
    ValueError
        If a weight is negative or all are zero, or a key is no class.
    """
    if class_weight == "balanced":
        balance = data if balance is None else balance
        totals = np.bincount(np.searchsorted(classes, balance.y), weights=balance.weights)
        class_weights = totals.sum() / (len(classes) * totals)
    else:
        class_weights = compute_class_weight(class_weight, classes=classes, y=data.y)
    class_weights = class_weights[np.searchsorted(classes, data.y)]
    weights = check_weights(data.weights * class_weights, len(data.y))
    return drop_weightless(TrainingData(data.ids, data.y, weights))


def sort_by_length(data):
    """Return the texts from the shortest to the longest, so that batches in order waste little."""
    return data.take(np.argsort(sequence_lengths(data.ids), kind="stable"))


def split_validation(data, validation_fraction, random_state):
    """Set a stratified part of the data aside for validation.

    Returns
    -------
    training, validation : TrainingData

    Raises
    ------
    ValueError
        If a class has one member, or either part has fewer texts than there are classes.
    """
    classes, counts = np.unique(data.y, return_counts=True)
    if counts.min() < 2:
        alone = classes[counts < 2].tolist()
        raise ValueError(
            f"early_stopping=True sets a stratified validation_fraction={validation_fraction} "
            f"aside, and these classes have one member: {alone}. Add texts, leave those classes "
            "out, or pass X_val and y_val to fit."
        )
    n = len(data.y)
    n_validation = int(np.ceil(validation_fraction * n))
    if min(n_validation, n - n_validation) < len(classes):
        raise ValueError(
            f"validation_fraction={validation_fraction} of {n} texts leaves {n - n_validation} "
            f"for training and {n_validation} for validation, and each needs at least one of all "
            f"{len(classes)} classes. Change validation_fraction, or pass X_val and y_val to fit."
        )
    rows = train_test_split(
        np.arange(n), test_size=n_validation, stratify=data.y, random_state=random_state
    )
    return tuple(data.take(part) for part in rows)
