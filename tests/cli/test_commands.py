import argparse
import io
import os
import re

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_rnn.__main__ import main
from sklearn_rnn._cli import commands
from sklearn_rnn._cli.arguments import MODELS
from tests.cli.options import COLUMNS, TINY_RNN

ERROR = "python -m sklearn_rnn: error: "


def test_compare_prints_data_table_matrix_report_and_winner(csv, capsys):
    code = main(["compare", csv, *COLUMNS, "--cv=2", "--model=tfidf-svm", "--model=tfidf-logistic"])
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    assert re.sub(r"\d\.\d\d +[\d,]+(?= +[-1]\n)", "0.00 SPEED", out) == (
        "Data: reviews.csv, 24 texts, classes: neg 12, pos 12; tested on 2 folds of them.\n"
        "\n"
        "                       accuracy         f1_macro  fit (s)  texts/s  p_value\n"
        "tfidf-svm       1.0000 (0.0000)  1.0000 (0.0000)     0.00 SPEED        -\n"
        "tfidf-logistic  1.0000 (0.0000)  1.0000 (0.0000)     0.00 SPEED        1\n"
        "(in brackets: standard deviation over the folds; p_value: corrected t-test\n"
        "against the best)\n"
        "\n"
        "Confusion matrix of tfidf-svm (rows: true classes, columns: predicted):\n"
        "     neg  pos\n"
        "neg   12    0\n"
        "pos    0   12\n"
        "\n"
        "Classification report of tfidf-svm:\n"
        "              precision  recall  f1-score  support\n"
        "neg              1.0000  1.0000    1.0000       12\n"
        "pos              1.0000  1.0000    1.0000       12\n"
        "accuracy                           1.0000       24\n"
        "macro avg        1.0000  1.0000    1.0000       24\n"
        "weighted avg     1.0000  1.0000    1.0000       24\n"
        "\n"
        "Best: tfidf-svm, accuracy 1.0000 (standard deviation over the folds 0.0000).\n"
    )


def test_compare_on_a_test_file(csv, reviews, capsys):
    reviews[:10].to_csv("test.csv", index=False)
    code = main(["compare", csv, *COLUMNS, "--test=test.csv", "--model=nb-svm"])
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    assert out.startswith(
        "Data: reviews.csv, 24 texts, classes: neg 12, pos 12; tested on 10 texts in\ntest.csv.\n"
    )
    note = "(in brackets: standard error; p_value: McNemar's exact test against the best)\n"
    assert note in out


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
    line = f"Data: generated texts (make_word_order), {where}."
    assert out.replace("\n", " ").startswith(f"{line}  ")


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
        "\nSaved tfidf-logistic, fitted on 24 texts, to model.joblib. Loading a pickle runs\n"
        "the code in it: load only files that you trust.\n"
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
        return re.search(r"\nBest: .*", capsys.readouterr().out, re.DOTALL)[0]

    assert run() == run()


def test_scores_are_chosen(csv, capsys):
    options = ["--cv=2", "--model=tfidf-logistic", "--scoring=roc_auc", "--scoring=accuracy"]
    assert main(["compare", csv, *COLUMNS, *options]) == 0
    out = capsys.readouterr().out
    assert re.search(r"\n +roc_auc +accuracy +fit \(s\) ", out)
    assert out.replace("\n", " ").endswith(
        " Best: tfidf-logistic, roc_auc 1.0000 (standard deviation over the folds 0.0000). "
    )


def test_columns_by_position_and_joined(tmp_path, reviews, monkeypatch):
    monkeypatch.chdir(tmp_path)
    split = reviews["review"].str.split(" ", n=1, expand=True)
    split.insert(0, "stars", reviews["stars"])
    split.to_csv("headless.csv", index=False, header=False)
    options = ["--no-header", "--text=1", "--text=2", "--label=0", "--cv=2"]
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


def test_an_unknown_setting_is_told_what_is_near(csv, capsys):
    assert main(["compare", csv, *COLUMNS, "--set=clf__cell=gru"]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"{ERROR}--set: rnn has no parameter 'clf__cell'; similar: ")
    assert "clf__cell_type" in err
    assert err.count("\n") == 1


def test_an_unknown_setting_with_nothing_near_is_told_all(csv, capsys):
    assert main(["compare", csv, *COLUMNS, "--set=zzz=1"]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"{ERROR}--set: rnn has no parameter 'zzz'; it has: ")
    assert "clf__cell_type" in err
    assert "tok__max_length" in err
    assert err.count("\n") == 1


def test_a_truncated_model_is_one_line(saved, csv, capsys):
    with open("model.joblib", "rb+") as stream:
        stream.truncate(os.path.getsize("model.joblib") // 2)
    assert main(["predict", "model.joblib", csv, "--text=review"]) == 2
    err = capsys.readouterr().err
    assert re.fullmatch(
        "python -m sklearn_rnn: error: model.joblib cannot be loaded as a model: .*"
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


def test_every_model_of_the_help_can_be_made():
    args = argparse.Namespace(
        model=list(MODELS), set=[], seed=3, save=None, verbose=False, n_jobs=None
    )
    models = commands._make_models(args)
    assert list(models) == list(MODELS)
    assert models["rnn"]["clf"].random_state == 3
