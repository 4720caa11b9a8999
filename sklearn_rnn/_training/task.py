"""Training task: the data and the settings of one call of `fit` or `partial_fit`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt

from sklearn_rnn._ids import replace_unknown_rows
from sklearn_rnn._training.class_weight import apply_class_weight
from sklearn_rnn._training.data import (
    TrainingData,
    merge_duplicates,
    sort_by_length,
)
from sklearn_rnn._training.optimizer import ScheduleName


@dataclass(frozen=True)
class TrainingTask:
    """Prepared data and settings of one training.

    Parameters
    ----------
    training, validation : TrainingData
        As `prepare_data` returns them. `validation` may be None.
    parameters : SimpleNamespace
        The parameters of the classifier, as `python_values` returns them.
    classes : ndarray of shape (n_classes,)
        The sorted classes.
    known_ids : ndarray of int32 of shape (n_tokens + 1,)
        Table of the ids known at fit, as `known_ids_table` returns it.
    numbering : bytes or None
        The numbering of all training texts so far, or None if it is unknown.
    feature_attributes : dict of str to object
        `n_features_in_` and, if all column names of X are str, `feature_names_in_`. Empty if
        `resume` is True, because the attributes of the first fit stay.
    batch_size : int
        Texts in a mini-batch.
    max_epochs : int
        Largest number of epochs to train.
    lr_schedule : {"one_cycle", "plateau"} or None
        As in `RNNTextClassifier`.
    evaluations_per_epoch : int
        As in `RNNTextClassifier`.
    seed : int
        Seed of the initial weights and of the training.
    resume : bool
        True continues the training of the existing network; False builds a new network.
    accumulate : bool
        As in `learn_linear_term`.
    checkpoint_path : str, path-like or None
        As in `RNNTextClassifier`.
    """

    training: TrainingData
    validation: TrainingData | None
    parameters: SimpleNamespace
    classes: np.ndarray
    known_ids: npt.NDArray[np.int32]
    numbering: bytes | None
    feature_attributes: dict[str, Any]
    batch_size: int
    max_epochs: int
    lr_schedule: ScheduleName | None
    evaluations_per_epoch: int
    seed: int
    resume: bool
    accumulate: bool
    checkpoint_path: str | os.PathLike[str] | None


def prepare_data(
    training: TrainingData,
    validation: TrainingData | None,
    *,
    classes: np.ndarray,
    class_weight: Any,
    known_ids: npt.NDArray[np.int32],
    reads_characters: bool,
    batch_size: int,
) -> tuple[TrainingData, TrainingData | None]:
    """Apply class weights; sort the validation texts by length and replace their unknown ids.

    If one mini-batch can hold all training texts, texts with the same ids and label are merged, as
    `merge_duplicates` does.

    Parameters
    ----------
    training, validation : TrainingData
        Checked data. `validation` may be None.
    classes : ndarray of shape (n_classes,)
        The sorted classes.
    class_weight : {"balanced"}, dict of label to float, or None
        As in `RNNTextClassifier`. "balanced" computes the weights from the training texts only.
    known_ids : ndarray of int32 of shape (n_tokens + 1,)
        Table of the ids known at fit, as `known_ids_table` returns it.
    reads_characters : bool
        Whether the network reads characters. If not, those of validation texts are unknown words.
    batch_size : int
        Texts in a mini-batch.

    Returns
    -------
    training, validation : TrainingData
        The prepared data. `validation` is None if it was None.

    Raises
    ------
    ValueError
        As in `apply_class_weight`.
    """
    balance = merge_duplicates(training) if len(training) <= batch_size else training
    training = apply_class_weight(balance, class_weight, classes, balance=balance)
    if validation is None:
        return training, None
    validation = sort_by_length(validation)
    validation = apply_class_weight(validation, class_weight, classes, balance=balance)
    ids = replace_unknown_rows(validation.ids, known_ids, keep_characters=reads_characters)
    return training, TrainingData(ids, validation.labels, validation.weights, validation.lengths)
