"""Command `train`: the same model in memory and out of core, from one file or several."""

import sys
from pathlib import Path

import joblib
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_rnn.__main__ import main
from sklearn_rnn._cli import train as command
from sklearn_rnn._training import net
from sklearn_rnn._training.loop import TrainingLoop
from sklearn_rnn.export import load_model
from tests.cli.options import COLUMNS, TINY_RNN
from tests.cli.stdin import Stdin
from tests.nets import same_weights

ERROR = "python -m sklearn_rnn: error: "
TINY = [option for option in TINY_RNN if not option.startswith("--model")]
TRAIN = ["train", *COLUMNS, *TINY]


@pytest.fixture
def shards(csv, reviews):
    """The rows of reviews.csv in two files."""
    reviews[:10].to_csv("part-0.csv", index=False)
    reviews[10:].to_csv("part-1.csv", index=False)
    return ["part-0.csv", "part-1.csv"]


def test_the_saved_model_is_the_same_out_of_core(csv, shards, reviews, capsys):
    pytest.importorskip("skops")
    assert main([*TRAIN, csv, "--save=whole.skops"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out == (
        "Saved rnn, fitted on reviews.csv with the classes 'neg', 'pos', to whole.skops.\n"
        "Loading it runs no code: predict and sklearn_rnn.export.load_model load it.\n"
    )
    assert main([*TRAIN, *shards, "--save=files.skops"]) == 0
    assert main([*TRAIN, "part-*.csv", "--chunk-size=7", "--save=chunks.skops"]) == 0
    whole, *others = map(load_model, ["whole.skops", "files.skops", "chunks.skops"])
    assert whole[-1].random_state == 0
    for model in others:
        assert_array_equal(
            model.predict_proba(reviews["review"]), whole.predict_proba(reviews["review"])
        )


def test_settings_seed_and_a_pickle(csv, capsys):
    options = ["--seed=3", "--set=tok__max_length=5", "--save=m.joblib", "--chunk-size=100"]
    assert main([*TRAIN, csv, *options]) == 0
    assert "It is a pickle, which predict loads with --trust." in " ".join(
        capsys.readouterr().out.split()
    )
    model = joblib.load("m.joblib")
    assert (model[-1].random_state, model[0].max_length_) == (3, 5)


@pytest.mark.parametrize("options", [[], ["--chunk-size=7"]])
def test_a_command_that_is_ended_goes_on_from_its_checkpoint(csv, options, monkeypatch, capsys):
    assert main([*TRAIN, csv, *options, "--save=whole.joblib"]) == 0
    with monkeypatch.context() as patch:
        patch.setattr(TrainingLoop, "run", lambda loop: 1 / 0)
        assert main([*TRAIN, csv, *options, "--save=m.joblib", "--checkpoint=fit"]) == 2
    assert sorted(path.name for path in Path().glob("fit*")) == ["fit.linear"]
    with monkeypatch.context() as patch:
        patch.setattr(net, "learn_linear_term", lambda *args, **kwargs: 1 / 0)
        assert main([*TRAIN, csv, *options, "--save=m.joblib", "--checkpoint=fit"]) == 0
    assert not list(Path().glob("fit*"))
    whole, model = map(joblib.load, ["whole.joblib", "m.joblib"])
    assert same_weights(model[-1], whole[-1])


def test_many_files_are_counted(shards, reviews, capsys):
    for number in range(2, 5):
        reviews.to_csv(f"part-{number}.csv", index=False)
    files = [f"part-{number}.csv" for number in range(5)]
    assert main([*TRAIN, *files, "--save=m.joblib"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "fitted on part-0.csv, part-1.csv, part-2.csv and 2 more with the classes" in out


def test_stdin_is_read_into_memory(csv, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", Stdin(csv))
    assert main([*TRAIN, "-", "--format=csv", "--save=m.joblib"]) == 0
    assert "fitted on stdin with" in " ".join(capsys.readouterr().out.split())
    monkeypatch.setattr(sys, "stdin", Stdin(csv))
    assert main([*TRAIN, "-", "--format=csv", "--save=m.joblib", "--chunk-size=9"]) == 2
    assert capsys.readouterr().err == (
        f"{ERROR}All texts are read twice, and <stdin> is a pipe or an open file, which can be "
        "read once. Pass the path of a file (on the command line, or leave out --chunk-size).\n"
    )


def test_a_full_disk_is_told_with_the_cure(csv, monkeypatch, capsys):
    usage = command.fit_from_files.__globals__["shutil"].disk_usage(".")._replace(free=1)
    monkeypatch.setattr("shutil.disk_usage", lambda folder: usage)
    monkeypatch.setenv("TMPDIR", "/tmp")
    monkeypatch.setattr("tempfile.tempdir", None)
    assert main([*TRAIN, csv, "--save=m.joblib", "--chunk-size=9"]) == 2
    assert capsys.readouterr().err == (
        f"{ERROR}/tmp: No space left on device. The ids of 24 texts of 400 columns take 1.92e-05 "
        "GB there until the fit ends. Free some space, pass folder=, one on another disk (on the "
        "command line, set TMPDIR), or lower max_length of the tokenizer.\n"
    )


def test_an_unwritable_file_and_an_unknown_setting_are_known_first(csv, monkeypatch, capsys):
    monkeypatch.setattr(command, "read", None)
    assert main([*TRAIN, csv, "--save=missing/m.joblib"]) == 2
    assert capsys.readouterr().err == f"{ERROR}missing/m.joblib: No such file or directory\n"
    assert main([*TRAIN, csv, "--save=m.joblib", "--set=clf__hiden_size=3"]) == 2
    assert capsys.readouterr().err.startswith(
        f"{ERROR}--set: rnn has no parameter 'clf__hiden_size'; similar: clf__hidden_size"
    )


def test_progress_is_told_on_stderr(csv, capsys):
    assert main([*TRAIN, csv, "--save=m.joblib", "--chunk-size=9", "--verbose"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("Saved rnn, ")
    assert "train_loss" in err


def test_predict_reads_several_files(saved, csv, shards, reviews, capsys):
    assert main(["predict", "model.skops", csv, "--text=review"]) == 0
    expected = capsys.readouterr().out
    for files in (shards, ["part-?.csv"]):
        assert main(["predict", "model.skops", *files, "--text=review"]) == 0
        assert capsys.readouterr().out == expected


def test_parquet_on_the_command_line(saved, csv, reviews, capsys):
    pytest.importorskip("pyarrow")
    reviews.to_parquet("reviews.parquet")
    assert main(["predict", "model.skops", csv, "--text=review"]) == 0
    expected = capsys.readouterr().out
    assert main(["predict", "model.skops", "reviews.parquet", "--text=review"]) == 0
    assert capsys.readouterr().out == expected
    assert main([*TRAIN, "reviews.parquet", "--chunk-size=5", "--save=m.joblib"]) == 0
    assert np.unique(joblib.load("m.joblib").classes_).tolist() == ["neg", "pos"]
