"""Fits to files: the same bits as in memory, and nothing left behind."""

import errno
import io
import os
import re
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import Pipeline, make_pipeline

from sklearn_rnn import TextTokenizer
from sklearn_rnn import out_of_core as module
from sklearn_rnn.datasets import iter_texts, make_word_order, read_texts
from sklearn_rnn.out_of_core import fit_from_files
from tests.io.packing import make_pipe
from tests.text.tokens import refuses

FULL = Path("/dev/full")
TEXTS, LABELS = make_word_order(120, random_state=0)


@pytest.fixture
def shards(tmp_path):
    """A folder of three shards, of 120 texts together."""
    folder = tmp_path / "shards"
    folder.mkdir()
    for number in range(3):
        rows = [f'"{TEXTS[i]}",{LABELS[i]}' for i in range(40 * number, 40 * number + 40)]
        (folder / f"{number}.csv").write_text("\n".join(["text,label", *rows]))
    return folder


def weights(pipeline):
    return pipeline[-1].net_.get_weights()


class Recorder(DummyClassifier):
    """A classifier that keeps what it is fitted to."""

    def fit(self, X, y):
        self.kind_, self.X_, self.y_ = (type(X), X.dtype, X.base is not None), np.array(X), y
        return super().fit(X, y)


@pytest.mark.parametrize("chunk_size", [1, 7, 40, 1000])
def test_the_fit_is_that_in_memory_to_the_last_bit(shards, make_classifier, chunk_size):
    def make():
        return make_pipeline(TextTokenizer(max_length=30), make_classifier(max_epochs=1))

    bunch = read_texts(shards)
    expected = make().fit(bunch.data, bunch.target)
    pipeline = make()
    assert fit_from_files(pipeline, shards, chunk_size=chunk_size) is pipeline
    assert pipeline[0].vocabulary_ == expected[0].vocabulary_
    assert_array_equal(pipeline.classes_, expected.classes_)
    assert weights(pipeline).keys() == weights(expected).keys()
    for name, values in weights(expected).items():
        assert values.tobytes() == weights(pipeline)[name].tobytes(), name
    assert pipeline[-1]._numbering == expected[-1]._numbering
    assert_array_equal(pipeline.predict_proba(TEXTS), expected.predict_proba(TEXTS))


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"add_markers": True},
        {"max_length": 0.9},
        {"max_length": 400},
        {"warm_start": True},
        {"max_length": None, "add_characters": True},
        {"add_characters": "auto", "max_length": 200},
        {"analyzer": "char", "min_count": 3},
        {"max_tokens": 15},
        {"vocabulary": ["good", "bad"]},
        {"n_jobs": 2},
    ],
    ids=repr,
)
def test_ids_and_labels_are_those_in_memory(shards, monkeypatch, parameters):
    monkeypatch.setattr("sklearn_rnn._text.spelling.AUTO_MIN_TEXTS", 100)
    monkeypatch.setattr("sklearn_rnn._text.padding.AUTO_MIN_LENGTHS", 100)
    monkeypatch.setattr("sklearn_rnn._text.padding.SHORTEST_AUTO_LENGTH", 1)
    pipeline = make_pipeline(TextTokenizer(**parameters), Recorder())
    fit_from_files(pipeline, shards, chunk_size=11)
    expected = TextTokenizer(**parameters)
    assert_array_equal(pipeline[-1].X_, expected.fit_transform(TEXTS))
    assert_array_equal(pipeline[-1].y_, LABELS)
    for name in ("vocabulary_", "max_length_", "add_characters_", "_other_counts"):
        assert getattr(pipeline[0], name) == getattr(expected, name), name


def test_the_ids_are_small_where_the_vocabulary_allows(shards):
    for parameters, dtype in [
        ({}, np.uint16),
        ({"add_characters": True}, np.int32),
        ({"vocabulary": {"good": 2**16 - 1}}, np.uint16),
        ({"vocabulary": {"good": 2**16}}, np.int32),
    ]:
        pipeline = make_pipeline(TextTokenizer(**parameters), Recorder())
        fit_from_files(pipeline, shards)
        assert pipeline[-1].kind_[1:] == (dtype, True)


def test_a_tokenizer_that_is_warm_goes_on(shards):
    expected = TextTokenizer(warm_start=True).fit(["the garden was new"] * 2)
    pipeline = make_pipeline(
        TextTokenizer(warm_start=True).fit(["the garden was new"] * 2), Recorder()
    )
    fit_from_files(pipeline, shards, chunk_size=50)
    assert_array_equal(pipeline[-1].X_, expected.fit_transform(TEXTS))
    assert pipeline[0].vocabulary_ == expected.vocabulary_


def test_integers_are_labels_of_this_kind(write_csv):
    pipeline = make_pipeline(TextTokenizer(min_count=1), Recorder())
    fit_from_files(pipeline, write_csv(["1", "0", "1"]), chunk_size=1)
    assert pipeline.classes_.tolist() == [0, 1]
    fit_from_files(pipeline, write_csv(["1", "0", "x"]), chunk_size=1)
    assert pipeline.classes_.tolist() == ["0", "1", "x"]


@pytest.fixture
def write_csv(tmp_path):
    def write(labels):
        path = tmp_path / "a.csv"
        path.write_text("\n".join(["text,label", *(f"a text,{label}" for label in labels)]))
        return path

    return write


def test_the_two_ways_agree_on_a_single_chunk_of_a_single_epoch(shards, make_classifier):
    """`partial_fit` of all texts at once learns the vocabulary of `fit`."""
    tokenizer, classifier = TextTokenizer(max_length=30), make_classifier()
    for texts, labels in iter_texts(shards, chunk_size=200):
        ids = tokenizer.partial_fit(texts).transform(texts)
        classifier.partial_fit(ids, labels, classes=["complaint", "praise"])
    assert tokenizer.vocabulary_ == TextTokenizer(max_length=30).fit(TEXTS).vocabulary_
    pipeline = make_pipeline(tokenizer, classifier)
    assert set(pipeline.predict(TEXTS)) <= {"complaint", "praise"}


# Errors


def test_what_is_no_pipeline():
    accepted = "fit_from_files takes a Pipeline of a TextTokenizer and a classifier"
    with refuses(TypeError, f"{accepted}; got <class 'NoneType'>."):
        fit_from_files(None, "a.csv")
    steps = [("clf", DummyClassifier())]
    with refuses(ValueError, f"{accepted}; got the steps [DummyClassifier()]."):
        fit_from_files(Pipeline(steps), "a.csv")


@pytest.mark.parametrize("chunk_size", [0, -1, 1.5, True, None, "10"])
@pytest.mark.parametrize("caller", ["fit_from_files", "iter_texts"])
def test_chunk_sizes_that_are_none(caller, chunk_size):
    message = (
        f"The 'chunk_size' parameter of {caller} must be an int in the range [1, inf). Got "
        f"{chunk_size!r} instead."
    )
    pipeline = make_pipeline(TextTokenizer(), Recorder())
    with refuses(ValueError, message):
        if caller == "iter_texts":
            iter_texts("a.csv", chunk_size=chunk_size)
        else:
            fit_from_files(pipeline, "a.csv", chunk_size=chunk_size)


def test_labels_are_needed(shards):
    with refuses(ValueError, "fit_from_files needs labels, and label=None reads none."):
        fit_from_files(make_pipeline(TextTokenizer(), Recorder()), shards, label=None)


def test_files_must_be_readable_twice():
    pipeline = make_pipeline(TextTokenizer(), Recorder())
    path, end = make_pipe(b"text,label\n")
    message = (
        "All texts are read twice, and {} is a pipe or an open file, which can be read once. Pass "
        "the path of a file (on the command line, or leave out --chunk-size)."
    )
    with end:
        with refuses(ValueError, message.format(path)):
            fit_from_files(pipeline, path, format="csv")
        assert end.read() == b"text,label\n"
    with refuses(ValueError, message.format("<stream>")):
        fit_from_files(pipeline, io.BytesIO(b"text,label\n"), format="csv")


def test_a_shard_of_another_schema_is_found_first(shards):
    (shards / "2.csv").write_text("text,stars\na,1\n")
    message = f"{shards / '2.csv'} has no column 'label'. Its columns are 'text', 'stars'."
    with refuses(ValueError, message):
        fit_from_files(make_pipeline(TextTokenizer(), Recorder()), shards)


@pytest.mark.parametrize(("change", "what"), [("one more row,praise", "more"), (None, "fewer")])
def test_files_that_change_between_the_passes(shards, monkeypatch, change, what):
    def fit_and_change(tokenizer, chunks):
        tokenizer.fit([text for texts in chunks for text in texts])
        path = shards / "0.csv"
        lines = path.read_text().splitlines()
        path.write_text("\n".join([*lines, change] if change else lines[:-1]))

    monkeypatch.setattr(module, "fit_chunks", fit_and_change)
    message = (
        f"The files had 120 texts when they were read first, and {what} when they were read again. "
        "Fit again once they do not change."
    )
    with refuses(ValueError, message):
        fit_from_files(make_pipeline(TextTokenizer(), Recorder()), shards, chunk_size=10)


def note(folder):
    return [
        "The ids of 120 texts of 400 columns take 9.6e-05 GB there until the fit ends. Free some "
        "space, pass folder=, one on another disk (on the command line, set TMPDIR), or lower "
        "max_length of the tokenizer."
    ]


def test_a_disk_without_space_is_known_before_the_ids_are_computed(shards, monkeypatch, tmp_path):
    usage = shutil.disk_usage(tmp_path)._replace(free=95_999)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    monkeypatch.setattr(TextTokenizer, "transform", None)
    with pytest.raises(OSError, match=r"^\[Errno 28\] No space left on device: ") as error:
        fit_from_files(make_pipeline(TextTokenizer(), Recorder()), shards, folder=tmp_path)
    assert error.value.filename == str(tmp_path)
    assert error.value.__notes__ == note(tmp_path)


@pytest.mark.skipif(not FULL.exists(), reason="there is no disk that is always full")
def test_a_disk_that_becomes_full(shards, monkeypatch):
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: FULL.open("wb", buffering=0))
    with pytest.raises(OSError, match=r"^\[Errno 28\] No space left on device: ") as error:
        fit_from_files(make_pipeline(TextTokenizer(), Recorder()), shards)
    assert error.value.errno == errno.ENOSPC
    assert error.value.__notes__ == note(tempfile.gettempdir())


def test_a_folder_that_is_not_there_is_found_before_the_files_are_read(shards, monkeypatch):
    monkeypatch.setattr(module, "fit_chunks", None)
    folder = shards / "missing"
    with pytest.raises(FileNotFoundError, match=re.escape(str(folder))):
        fit_from_files(make_pipeline(TextTokenizer(), Recorder()), shards, folder=folder)


class Failing(Recorder):
    """A classifier that keeps the ids, and fails."""

    def fit(self, X, y):
        self.entries_ = os.listdir(self.folder)
        raise KeyboardInterrupt


def test_no_file_is_left(shards, tmp_path):
    folder = tmp_path / "temporary"
    folder.mkdir()
    classifier = Failing()
    classifier.folder = folder
    with pytest.raises(KeyboardInterrupt):
        fit_from_files(make_pipeline(TextTokenizer(), classifier), shards, folder=folder)
    assert os.listdir(folder) == []
    if os.name == "posix":  # the file has no name, so that it is gone even if the process is killed
        assert classifier.entries_ == []


# Progress


class Bar(io.StringIO):
    def isatty(self):
        return True


def test_progress_shows_the_time_left(shards, monkeypatch):
    stream = Bar()
    monkeypatch.setattr("sys.stderr", stream)
    fit_from_files(make_pipeline(TextTokenizer(), Recorder()), shards, chunk_size=20, verbose=1)
    shown = stream.getvalue()
    assert re.search(r"vocabulary: +0%\|.*\| 0\.00/\d+\.?\d*k?B? \[00:00<\?", shown)
    assert re.search(r"ids: +0%\|.*\| 0/120 \[00:00<\?", shown)
    stream.truncate(0)
    fit_from_files(make_pipeline(TextTokenizer(), Recorder()), shards, chunk_size=20)
    assert stream.getvalue() == ""


def test_all_bytes_and_all_texts_are_reported(shards, monkeypatch):
    bars = []

    class Counter:
        def __init__(self, *, desc, total, **options):
            self.n, self.total = 0, total
            bars.append(self)

        def update(self, n):
            self.n += n

        def __enter__(self):
            return self

        def __exit__(self, *exception):
            pass

    monkeypatch.setattr(module, "tqdm", Counter)
    fit_from_files(make_pipeline(TextTokenizer(), Recorder()), shards, verbose=1)
    assert [bar.n for bar in bars] == [bar.total for bar in bars]
    assert bars[1].total == 120
