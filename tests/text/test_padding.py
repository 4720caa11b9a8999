"""Padding and truncation of sequences to rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_rnn._ids import PAD, sequence_lengths
from sklearn_rnn._text.padding import choose_length, fill_rows

SEQUENCES = st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=12), max_size=8)


def fill(sequences, width, truncation):
    rows = np.zeros((len(sequences), width), dtype=np.int32)
    flat = np.array([id_ for sequence in sequences for id_ in sequence], dtype=np.int32)
    lengths = np.array([len(sequence) for sequence in sequences], dtype=np.int64)
    return rows, fill_rows(rows, flat, lengths, truncation)


def shorten(sequence, width, truncation):
    if len(sequence) <= width:
        return sequence
    head = {"post": width, "pre": 0, "middle": width - width // 2}[truncation]
    return sequence[:head] + sequence[len(sequence) - (width - head) :]


@given(SEQUENCES, st.integers(1, 14), st.sampled_from(["post", "pre", "middle"]))
def test_fill_rows_equals_a_loop_over_the_rows(sequences, width, truncation):
    rows, kept = fill(sequences, width, truncation)
    expected = [shorten(sequence, width, truncation) for sequence in sequences]
    assert kept.tolist() == [len(sequence) for sequence in expected]
    assert rows.tolist() == [row + [PAD] * (width - len(row)) for row in expected]


@given(SEQUENCES.filter(bool), st.integers(1, 14))
def test_sequence_lengths_of_filled_rows(sequences, width):
    rows, kept = fill(sequences, width, "post")
    np.testing.assert_array_equal(sequence_lengths(rows), kept)


def test_fill_rows_writes_into_a_view():
    ids = np.zeros((2, 5), dtype=np.int32)
    fill_rows(ids[:, 1:-1], np.array([5, 6, 7, 8, 9]), np.array([4, 1]))
    np.testing.assert_array_equal(ids, [[0, 5, 6, 7, 0], [0, 9, 0, 0, 0]])


@pytest.mark.parametrize(
    ("lengths", "n_markers", "expected"),
    [
        ([100] * 1000, 0, 125),
        ([100] * 1000, 2, 127),
        ([101] * 1000, 0, 127),  # 126.25
        ([100] * 999 + [9000], 0, 125),
        ([100] * 998 + [200] * 2, 0, 250),
        ([100] * 999, 0, 400),  # the quantile is that of 1,000 texts or more
        ([1] * 1000, 2, 64),
        ([50] * 1000, 2, 65),
        ([319] * 1000, 0, 399),
        ([320] * 1000, 2, 400),
        ([9000] * 10_000, 2, 400),
    ],
)
def test_the_rule_of_auto(lengths, n_markers, expected):
    length = choose_length(np.array(lengths[::-1], dtype=np.int64), n_markers)
    assert type(length) is int
    assert length == expected
