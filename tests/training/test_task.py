"""Training task: class weights, and the order and ids of validation texts."""

import numpy as np

from sklearn_rnn._ids import known_ids_table, sequence_lengths
from sklearn_rnn._training.data import TrainingData
from sklearn_rnn._training.task import prepare_data

CLASSES = np.array(["a", "b"])


def make_data(ids, labels):
    ids = np.array(ids, dtype=np.int32)
    return TrainingData(ids, np.array(labels), np.ones(len(ids)), sequence_lengths(ids))


def prepare(batch_size=1, class_weight=None):
    training = make_data([[2, 3], [4, 0], [2, 3]], [1, 0, 1])
    return prepare_data(
        training,
        make_data([[9, 2], [3, 0]], [0, 1]),
        classes=CLASSES,
        class_weight=class_weight,
        known_ids=known_ids_table(training.ids),
        reads_characters=False,
        batch_size=batch_size,
    )


def test_validation_texts_are_sorted_and_their_unknown_ids_replaced():
    training, validation = prepare()
    assert np.asarray(validation.ids).tolist() == [[3, 0], [1, 2]]
    assert validation.labels.tolist() == [1, 0]
    assert validation.lengths.tolist() == [1, 2]
    assert np.asarray(training.ids).tolist() == [[2, 3], [4, 0], [2, 3]]


def test_texts_of_a_single_mini_batch_are_merged():
    training, _ = prepare(batch_size=3)
    assert np.asarray(training.ids).tolist() == [[4, 0], [2, 3]]
    assert training.weights.tolist() == [1, 2]


def test_balanced_weights_of_both_data_come_from_the_training_texts():
    training, validation = prepare(class_weight="balanced")
    assert training.weights.tolist() == [0.75, 1.5, 0.75]
    assert validation.weights.tolist() == [0.75, 1.5]
