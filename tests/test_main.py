import io
import os
import re
import signal
import subprocess
import sys
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sklearn_rnn.__main__ import MODELS, main
from sklearn_rnn._cli import commands

PROGRAM = "python -m sklearn_rnn: "
TINY_RNN = [
    "--model=rnn",
    "--set=clf__max_epochs=1",
    "--set=clf__hidden_size=4",
    "--set=clf__embedding_dim=4",
    "--set=clf__device=cpu",
]


@pytest.fixture
def reviews():
    """24 reviews in which one word tells the label, so that a bag of words is always right."""
    things = ["film", "book", "meal", "room", "song", "play"]
    rows = [(f"a {word} {thing}", label) for thing in things * 2 for word, label in WORDS.items()]
    return pd.DataFrame(rows, columns=["review", "stars"])


WORDS = {"good": "pos", "bad": "neg"}


@pytest.fixture
def csv(tmp_path, reviews, monkeypatch):
    monkeypatch.chdir(tmp_path)  # so that messages hold no long paths
    reviews.to_csv("reviews.csv", index=False)
    return "reviews.csv"


@pytest.fixture
def saved(csv, reviews):
    """A small model that knows probabilities, and its file."""
    model = make_pipeline(CountVectorizer(), LogisticRegression())
    model.fit(reviews["review"], reviews["stars"])
    joblib.dump(model, "model.joblib")
    return model


COLUMNS = ["--text=review", "--label=stars"]


def test_compare_prints_data_table_matrix_report_and_winner(csv, capsys):
    code = main(["compare", csv, *COLUMNS, "--cv=2", "--model=tfidf-svm", "--model=tfidf-logistic"])
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    out = re.sub(r"\d+\.\d\d +[\d,]+ +(?=[-1]\n)", "SECONDS SPEED ", out)
    assert out.startswith(
        "Data: reviews.csv, 24 texts, classes: neg 12, pos 12; tested on 2 folds of them.\n"
        "\n"
        "               accuracy accuracy_std f1_macro f1_macro_std fit_seconds texts_per_second"
        " p_value\n"
        "tfidf-svm        1.0000       0.0000   1.0000       0.0000        SECONDS SPEED -\n"
        "tfidf-logistic   1.0000       0.0000   1.0000       0.0000        SECONDS SPEED 1\n"
        "(std: standard deviation over the folds; p_value: corrected t-test against the best)\n"
        "\n"
        "Confusion matrix of tfidf-svm (a row for each true class, a column for each predicted):\n"
        "     neg  pos\n"
        "neg   12    0\n"
        "pos    0   12\n"
        "\n"
        "Classification report of tfidf-svm:\n"
    )
    assert out.endswith(
        "\nBest: tfidf-svm, accuracy 1.0000 (standard deviation over the folds 0.0000).\n"
    )


def test_compare_on_a_test_file(csv, reviews, capsys):
    reviews[:10].to_csv("test.csv", index=False)
    code = main(["compare", csv, *COLUMNS, "--test=test.csv", "--model=nb-svm"])
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    assert out.startswith(
        "Data: reviews.csv, 24 texts, classes: neg 12, pos 12; tested on 10 texts in test.csv.\n"
    )
    assert "(se: standard error; p_value: McNemar's exact test against the best)\n" in out


def test_five_folds_are_the_default(csv, capsys):
    assert main(["compare", csv, *COLUMNS, "--model=nb-svm"]) == 0
    assert "; tested on 5 folds of them.\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ([], "2,000 texts, classes: complaint 1,000, praise 1,000; tested on 1,000 others"),
        (
            ["--cv=2"],
            "3,000 texts, classes: complaint 1,500, praise 1,500; tested on 2 folds of them",
        ),
    ],
)
def test_texts_are_generated_without_a_file(options, where, capsys):
    code = main(["compare", "--model=tfidf-logistic", *options])
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    assert out.startswith(f"Data: generated texts (make_word_order), {where}.\n")


def test_all_models_are_compared_by_default(csv, capsys):
    code = main(["compare", csv, *COLUMNS, "--cv=2", *TINY_RNN[1:]])
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    for name in MODELS:
        assert f"\n{name} " in out


def test_the_winner_is_saved_fitted_on_all(csv, reviews, capsys):
    code = main(
        ["compare", csv, *COLUMNS, "--cv=2", "--model=tfidf-logistic", "--save=model.joblib"]
    )
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    assert out.endswith(
        "\nSaved tfidf-logistic, fitted on 24 texts, to model.joblib. Loading a pickle runs the "
        "code in it: load only files that you trust.\n"
    )
    model = joblib.load("model.joblib")
    assert_array_equal(model.predict(reviews["review"]), reviews["stars"])


def test_with_a_test_file_the_winner_has_not_seen_it(csv, reviews):
    pd.DataFrame({"review": ["good unseen"], "stars": ["pos"]}).to_csv("test.csv", index=False)
    options = ["--test=test.csv", "--model=tfidf-logistic", "--save=model.joblib"]
    assert main(["compare", csv, *COLUMNS, *options]) == 0
    model = joblib.load("model.joblib")
    expected = commands.tfidf_logistic_regression().set_params(clf__random_state=0)
    expected.fit(reviews["review"], reviews["stars"])
    assert_allclose(model.predict_proba(["good unseen"]), expected.predict_proba(["good unseen"]))


def test_settings_reach_the_network(csv):
    settings = ["--set=clf__cell_type=gru", "--set=clf__pooling=('max', 'mean')", "--seed=7"]
    settings += ["--set=tok__max_length=3", "--save=model.joblib", "--cv=2"]
    assert main(["compare", csv, *COLUMNS, *TINY_RNN, *settings]) == 0
    model = joblib.load("model.joblib")
    assert list(model.named_steps) == ["tok", "clf"]
    assert model["clf"].cell_type == "gru"
    assert model["clf"].pooling == ("max", "mean")
    assert model["clf"].random_state == 7
    assert model["tok"].max_length == 3


def test_a_comparison_repeats(csv, capsys):
    def run():
        options = ["--cv=2", "--set=clf__hidden_size=5", "--scoring=neg_log_loss"]
        assert main(["compare", csv, *COLUMNS, *TINY_RNN, *options]) == 0
        return re.search(r"\nBest: .*\n", capsys.readouterr().out)[0]

    assert run() == run()


def test_scores_are_chosen(csv, capsys):
    options = ["--cv=2", "--model=tfidf-logistic", "--scoring=roc_auc", "--scoring=accuracy"]
    assert main(["compare", csv, *COLUMNS, *options]) == 0
    out = capsys.readouterr().out
    assert "roc_auc roc_auc_std accuracy accuracy_std fit_seconds" in out
    assert out.endswith(
        "\nBest: tfidf-logistic, roc_auc 1.0000 (standard deviation over the folds 0.0000).\n"
    )


def test_columns_by_position_and_joined(tmp_path, reviews, monkeypatch):
    monkeypatch.chdir(tmp_path)
    split = reviews["review"].str.split(" ", n=1, expand=True)
    split.insert(0, "stars", reviews["stars"])
    split.to_csv("headless.csv", index=False, header=False)
    options = ["--text=1", "--text=2", "--label=0", "--cv=2"]
    save = ["--model=tfidf-logistic", "--save=model.joblib"]
    assert main(["compare", "headless.csv", *options, *save]) == 0
    model = joblib.load("model.joblib")
    assert_array_equal(model.predict(reviews["review"]), reviews["stars"])


def test_a_format_without_columns(tmp_path, reviews, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    lines = [f"__label__{label} {text}" for text, label in reviews.itertuples(index=False)]
    (tmp_path / "reviews").write_text("\n".join(lines) + "\n")
    assert main(["compare", "reviews", "--format=fasttext", "--cv=2", "--model=nb-svm"]) == 0
    assert capsys.readouterr().out.startswith("Data: reviews, 24 texts, ")


def test_progress_is_told_on_stderr_when_asked(csv, capsys):
    options = ["--cv=2", "--model=tfidf-logistic", "--verbose"]
    assert main(["compare", csv, *COLUMNS, *options]) == 0
    out, err = capsys.readouterr()
    assert re.sub(r"\d+\.\d s", "0.0 s", err) == (
        "tfidf-logistic, fold 1 of 2: accuracy 1.0000, fitted in 0.0 s\n"
        "tfidf-logistic, fold 2 of 2: accuracy 1.0000, fitted in 0.0 s\n"
    )
    assert "fold 1 of 2" not in out


def test_the_progress_of_the_network_stays_off_stdout(csv, capsys):
    assert main(["compare", csv, *COLUMNS, *TINY_RNN, "--cv=2"]) == 0
    quiet = capsys.readouterr()
    assert main(["compare", csv, *COLUMNS, *TINY_RNN, "--cv=2", "--verbose"]) == 0
    loud = capsys.readouterr()
    assert quiet.err == ""
    assert "rnn, fold 2 of 2: accuracy " in loud.err
    assert len(loud.out.splitlines()) == len(quiet.out.splitlines())


def test_predict_writes_labels_and_probabilities(saved, csv, reviews, capsys):
    code = main(["predict", "model.joblib", csv, "--text=review"])
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    written = pd.read_csv(io.StringIO(out))
    assert list(written) == ["label", "proba_neg", "proba_pos"]
    assert_array_equal(written["label"], saved.predict(reviews["review"]))
    assert_allclose(written.drop(columns="label"), saved.predict_proba(reviews["review"]))


def test_predict_writes_to_a_file(saved, csv, capsys):
    assert main(["predict", "model.joblib", csv, "--text=review", "--output=labels.csv"]) == 0
    assert capsys.readouterr() == ("", "")
    assert main(["predict", "model.joblib", csv, "--text=review"]) == 0
    with open("labels.csv", newline="") as stream:
        assert stream.read() == capsys.readouterr().out


def test_predict_writes_labels_alone_without_probabilities(csv, capsys):
    save = ["--model=tfidf-svm", "--save=svm.joblib"]
    assert main(["compare", csv, *COLUMNS, "--cv=2", *save]) == 0
    capsys.readouterr()
    assert main(["predict", "svm.joblib", csv, "--text=review"]) == 0
    assert capsys.readouterr().out.startswith("label\npos\nneg\n")


def test_predict_with_the_network(csv, capsys):
    save = ["--save=model.joblib", "--cv=2"]
    assert main(["compare", csv, *COLUMNS, *TINY_RNN, *save]) == 0
    capsys.readouterr()
    assert main(["predict", "model.joblib", csv, "--text=review"]) == 0
    written = pd.read_csv(io.StringIO(capsys.readouterr().out))
    assert list(written) == ["label", "proba_neg", "proba_pos"]
    assert_allclose(written["proba_neg"] + written["proba_pos"], np.ones(24), rtol=1e-6)


ERRORS = {
    "no command": (
        "",
        "the following arguments are required: COMMAND. See python -m sklearn_rnn --help.",
    ),
    "test and folds": (
        "compare reviews.csv --test test.csv --cv 3",
        "argument --cv: not allowed with argument --test. See python -m sklearn_rnn compare "
        "--help.",
    ),
    "one fold": (
        "compare reviews.csv --cv 1",
        "argument --cv: must be an integer of 2 or more, got '1'. See python -m sklearn_rnn "
        "compare --help.",
    ),
    "unknown option": (
        "predict model.joblib reviews.csv --labels stars",
        "unrecognized arguments: --labels stars. See python -m sklearn_rnn --help.",
    ),
    "setting without a value": (
        "compare --set clf__dropout",
        "argument --set: must be NAME=VALUE, got 'clf__dropout'. See python -m sklearn_rnn "
        "compare --help.",
    ),
    "setting without the network": (
        "compare --set clf__dropout=0 --model nb-svm",
        "--set is for the model rnn, which is not among the --model.",
    ),
    "column without a file": (
        "compare --text review",
        "--text needs a FILE: without one the texts are generated.",
    ),
    "no such file": (
        "compare missing.csv --text review --label stars",
        "missing.csv: No such file or directory",
    ),
    "no such column": (
        "compare reviews.csv --text body --label stars",
        "reviews.csv has no column 'body'. Its columns are 'review', 'stars'.",
    ),
    "single class": (
        "compare single.csv --text review --label stars --model nb-svm",
        "y holds a single class, 'pos': a comparison of classifiers needs two or more.",
    ),
    "unknown score": (
        "compare reviews.csv --text review --label stars --scoring luck --model nb-svm",
        "'luck' is not a valid scoring value. Use sklearn.metrics.get_scorer_names() to get valid "
        "options.",
    ),
    "nowhere to save": (
        "compare reviews.csv --save missing/model.joblib",
        "missing/model.joblib: No such file or directory",
    ),
    "nowhere to write": (
        "predict model.joblib reviews.csv --text review --output missing/labels.csv",
        "missing/labels.csv: No such file or directory",
    ),
    "a folder to write": (
        "predict model.joblib reviews.csv --text review --output .",
        ".: Is a directory",
    ),
    "no model": (
        "predict missing.joblib reviews.csv --text review",
        "missing.joblib: No such file or directory",
    ),
    "empty model": (
        "predict empty.joblib reviews.csv --text review",
        "empty.joblib cannot be loaded as a model: EOFError: . It may be damaged, cut off, or no "
        "joblib file.",
    ),
    "pickle of something else": (
        "predict list.joblib reviews.csv --text review",
        "list.joblib holds no classifier, but an object of <class 'list'>.",
    ),
    "no classifier": (
        "predict counts.joblib reviews.csv --text review",
        "counts.joblib holds no classifier, but an object of <class "
        "'sklearn.feature_extraction.text.CountVectorizer'>.",
    ),
    "not fitted": (
        "predict unfitted.joblib reviews.csv --text review",
        "unfitted.joblib holds a classifier that is not fitted.",
    ),
    "wrong column to predict": (
        "predict model.joblib reviews.csv --text body",
        "reviews.csv has no column 'body'. Its columns are 'review', 'stars'.",
    ),
}


@pytest.mark.parametrize(("command", "message"), ERRORS.values(), ids=ERRORS)
def test_an_error_is_one_line_and_code_2(saved, reviews, command, message, capsys):
    reviews[reviews["stars"] == "pos"].to_csv("single.csv", index=False)
    open("empty.joblib", "w").close()
    joblib.dump(["a", "list"], "list.joblib")
    joblib.dump(CountVectorizer().fit(["text"]), "counts.joblib")
    joblib.dump(make_pipeline(CountVectorizer(), LogisticRegression()), "unfitted.joblib")

    code = main(command.split())
    err = capsys.readouterr().err
    assert err == f"{PROGRAM}error: {message}\n"
    assert code == 2


def test_a_broken_file_is_one_line_with_file_and_line(csv, capsys):
    with open(csv, "a") as stream:
        stream.write("a text without a label\n")
    assert main(["compare", csv, *COLUMNS]) == 2
    err = capsys.readouterr().err
    assert re.fullmatch(f"{PROGRAM}error: reviews.csv, line 26: .*\\n", err)


def test_an_unknown_model_is_named_with_those_that_are_known(csv, capsys):
    assert main(["compare", csv, "--model=transformer"]) == 2
    err = capsys.readouterr().err.replace("'", "")  # newer Pythons leave the quotes out
    assert err == (
        f"{PROGRAM}error: argument --model: invalid choice: transformer (choose from rnn, "
        "tfidf-logistic, tfidf-svm, nb-svm). See python -m sklearn_rnn compare --help.\n"
    )


def test_an_unknown_setting_is_told_what_is_near(csv, capsys):
    assert main(["compare", csv, *COLUMNS, "--set=clf__cell=gru"]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"{PROGRAM}error: --set: rnn has no parameter 'clf__cell'; near to it: ")
    assert "clf__cell_type" in err
    assert err.count("\n") == 1


def test_an_unknown_setting_with_nothing_near_is_told_all(csv, capsys):
    assert main(["compare", csv, *COLUMNS, "--set=zzz=1"]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"{PROGRAM}error: --set: rnn has no parameter 'zzz'; it has: ")
    assert "clf__cell_type" in err
    assert "tok__max_length" in err
    assert err.count("\n") == 1


def test_a_bad_value_is_one_line_that_names_the_model(csv, capsys):
    assert main(["compare", csv, *COLUMNS, *TINY_RNN, "--set=clf__hidden_size=-1"]) == 2
    err = capsys.readouterr().err
    assert re.fullmatch(
        f"{PROGRAM}error: The 'hidden_size' parameter of RNNTextClassifier must be .*"
        r" Got -1 instead\. This came from the estimator 'rnn' in compare\.\n",
        err,
    )


def test_a_truncated_model_is_one_line(saved, csv, capsys):
    with open("model.joblib", "rb+") as stream:
        stream.truncate(os.path.getsize("model.joblib") // 2)
    assert main(["predict", "model.joblib", csv, "--text=review"]) == 2
    err = capsys.readouterr().err
    assert re.fullmatch(
        f"{PROGRAM}error: model.joblib cannot be loaded as a model: .*"
        r" It may be damaged, cut off, or no joblib file\.\n",
        err,
    )


def test_an_unwritable_file_is_known_before_the_first_fit(csv, monkeypatch, capsys):
    def fit_nothing(*args, **kwargs):
        pytest.fail("fitted in vain")

    monkeypatch.setattr(commands.evaluation, "compare", fit_nothing)
    assert main(["compare", csv, *COLUMNS, "--save=missing/model.joblib"]) == 2


def test_a_failed_comparison_leaves_no_empty_file(csv):
    assert main(["compare", csv, "--text=body", "--save=model.joblib"]) == 2
    assert os.listdir() == [csv]


def raising(error):
    def fail(*args, **kwargs):
        raise error

    return fail


def test_an_interrupt_is_one_line_and_code_130(csv, monkeypatch, capsys):
    monkeypatch.setattr(commands.evaluation, "compare", raising(KeyboardInterrupt()))
    assert main(["compare", csv, *COLUMNS]) == 130
    assert capsys.readouterr().err == f"{PROGRAM}interrupted\n"


def test_an_unforeseen_error_is_one_line_with_its_kind(csv, monkeypatch, capsys):
    monkeypatch.setattr(commands.evaluation, "compare", raising(KeyError("a\nb")))
    assert main(["compare", csv, *COLUMNS]) == 2
    assert capsys.readouterr().err == f"{PROGRAM}error: KeyError: 'a\\nb'\n"


def test_a_warning_is_one_line_without_source(csv, monkeypatch, capsys):
    def warn(*args, **kwargs):
        warnings.warn("not there\nyet", ConvergenceWarning, stacklevel=1)
        raise KeyboardInterrupt

    monkeypatch.setattr(commands.evaluation, "compare", warn)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        main(["compare", csv, *COLUMNS])
    err = capsys.readouterr().err
    assert err == f"ConvergenceWarning: not there yet\n{PROGRAM}interrupted\n"


@pytest.mark.parametrize("command", ["compare", "predict"])
def test_help_has_examples_and_says_whom_to_trust(command, capsys):
    assert main([command, "--help"]) == 0
    out = capsys.readouterr().out
    assert f"\nexamples:\n  python -m sklearn_rnn {command}" in out
    assert "Loading a pickle runs the code in it: load only files that you trust." in out
    assert max(map(len, out.splitlines())) <= 100


def test_help_lists_the_models_that_there_are(capsys):
    main(["compare", "--help"])
    out = capsys.readouterr().out
    for name in MODELS:
        assert f"\n  {name} " in out


def run_module(*arguments, **options):
    command = [sys.executable, "-W", "error", "-m", "sklearn_rnn", *arguments]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )


def test_as_a_module(saved, csv, reviews):
    process = run_module("predict", "model.joblib", csv, "--text=review")
    out, err = process.communicate()
    assert (process.returncode, err) == (0, "")
    assert_array_equal(pd.read_csv(io.StringIO(out))["label"], reviews["stars"])


def test_one_ctrl_c_ends_a_comparison_in_the_midst_of_a_fit(csv):
    options = ["--set=clf__max_epochs=1000000", "--verbose"]
    process = run_module("compare", csv, *COLUMNS, *TINY_RNN, *options)
    process.stderr.read(1)  # the network reports its first epoch
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert err.endswith(f"{PROGRAM}interrupted\n")
    assert "Traceback" not in err
    assert process.returncode == 130


def test_a_closed_pipe_is_no_reason_to_complain(saved, reviews):
    pd.concat([reviews] * 200).to_csv("many.csv", index=False)
    process = run_module("predict", "model.joblib", "many.csv", "--text=review")
    assert process.stdout.readline() == "label,proba_neg,proba_pos\n"
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait() == 141
