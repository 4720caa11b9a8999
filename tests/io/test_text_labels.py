"""Labels of streams: of the kind that the whole corpus would have, or an error with the line."""

import numpy as np
import pytest

from sklearn_rnn._io.text_labels import StreamedLabels, as_target
from tests.text.tokens import refuses


def convert(chunks, classes=None, *, numerals=True):
    labels = StreamedLabels(classes, numerals=numerals)
    converted = []
    line = 0
    for chunk in chunks:
        records = [(f"a.csv, line {line + i}", "text", label) for i, label in enumerate(chunk, 1)]
        line += len(chunk)
        converted.append(labels.convert([label for _, label in labels.check(records)]))
    return converted


@pytest.mark.parametrize("numerals", [True, False])
@pytest.mark.parametrize(
    "chunks",
    [
        [["1", "2"], ["3", "1"]],
        [["a", "1"], ["2", "b"], ["a"]],
        [["007", "1"], ["1", "2"]],
        [["1", 2], [3, "1"]],
        [[1, 2], [3, 1]],
        [["a", 1], [2]],
        [[10**18], [2]],
    ],
)
def test_chunks_have_the_labels_of_the_corpus(chunks, numerals):
    expected = as_target([label for chunk in chunks for label in chunk], numerals)
    converted = convert(chunks, numerals=numerals)
    assert np.concatenate(converted).tolist() == expected.tolist()
    assert {chunk.dtype for chunk in converted} == {expected.dtype}


@pytest.mark.parametrize(
    ("classes", "expected"),
    [
        (["1", "2", "x"], ["1", "2"]),
        ([2, 1], [1, 2]),
        (np.array([1, 2, 3], dtype=np.int8), [1, 2]),
        (np.array(["1", "2"], dtype=object), ["1", "2"]),
    ],
)
@pytest.mark.parametrize("label", ["1", 1])
def test_classes_decide_the_kind(classes, expected, label):
    assert [labels.tolist() for labels in convert([[label], ["2"]], classes)] == [
        [expected[0]],
        [expected[1]],
    ]


@pytest.mark.parametrize(
    ("chunks", "classes", "numerals", "message"),
    [
        (
            [["1"], ["2", "x"]],
            None,
            True,
            "a.csv, line 3: the labels of earlier rows are integers, and 'x' is none. To read all "
            "of them as str, pass classes, a list of all labels as str.",
        ),
        (
            [[1], ["2"]],
            None,
            False,
            "a.csv, line 2: the labels of earlier rows are integers, and '2' is none. To read all "
            "of them as str, pass classes, a list of all labels as str.",
        ),
        (
            [["a"], ["b", "c"]],
            ["a", "b"],
            True,
            "a.csv, line 3: the label 'c' is not among the classes, 'a', 'b'. Add it to classes, "
            "or leave the row out.",
        ),
        (
            [["01"]],
            [0, 1],
            True,
            "a.csv, line 1: the label '01' is not among the classes, '0', '1'. Add it to classes, "
            "or leave the row out.",
        ),
    ],
)
def test_a_label_that_does_not_fit(chunks, classes, numerals, message):
    with refuses(ValueError, message):
        convert(chunks, classes, numerals=numerals)


@pytest.mark.parametrize("classes", [[], [True, False], [0.5, 1.5]])
def test_classes_of_other_kinds(classes):
    message = (
        "classes must be a list of all labels, which are integers or str in files; got "
        f"{classes!r}."
    )
    with refuses(ValueError, message):
        StreamedLabels(classes, numerals=True)
