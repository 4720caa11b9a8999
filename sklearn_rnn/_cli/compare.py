"""Command `compare`: several classifiers on the same texts, of which the best may be saved."""

import argparse
import json
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.utils import Bunch

from sklearn_rnn import evaluation
from sklearn_rnn._cli.arguments import DEFAULT_FOLDS
from sklearn_rnn._cli.files import check_writable, describe_file, encodable, read
from sklearn_rnn._cli.help_texts import MODELS
from sklearn_rnn._cli.model_files import check_savable, describe_saved, save
from sklearn_rnn._cli.recurrent import is_verbose, make_recurrent, set_parameters
from sklearn_rnn._cli.report import (
    best_confusion_matrix,
    describe_labels,
    print_results,
    summarize_results,
)
from sklearn_rnn._cli.terminal import check_stdout, fill, printable
from sklearn_rnn._io.atomic_write import atomic_write
from sklearn_rnn._report.report import check_report
from sklearn_rnn._text.vectorizers import TOKEN_PARAMETERS
from sklearn_rnn.baselines import (
    nb_svm,
    tfidf_linear_svc,
    tfidf_logistic_regression,
    tfidf_word_char_linear_svc,
)
from sklearn_rnn.datasets import make_word_order

_BASELINES: dict[str, Callable[..., Pipeline]] = {
    "tfidf-logistic": tfidf_logistic_regression,
    "tfidf-svm": tfidf_linear_svc,
    "tfidf-word-char-svm": tfidf_word_char_linear_svc,
    "nb-svm": nb_svm,
}
_OF_ALL_MODELS = {f"tok__{name}": name for name in TOKEN_PARAMETERS}  # of --set


def run(args: argparse.Namespace) -> None:
    """Fit the models, print their scores, and save the best model if --save is given."""
    check_stdout()
    _check_outputs(args)
    models = _make_models(args)
    data, options, source = _read_comparison(args)
    if args.scoring is not None:
        options["scoring"] = args.scoring
    if not args.json:
        _print_data(source, _token_settings(args))

    # stdout is for results: what the models print goes to stderr, as all reports of progress do.
    with redirect_stdout(sys.stderr):
        results = evaluation.compare(
            models,
            data.data,
            data.target,
            **options,
            n_jobs=args.n_jobs,
            random_state=args.seed,
            verbose=int(is_verbose(args)),
            return_predictions=True,
            return_estimators=args.report is not None
            or (args.save is not None and "X_test" in options),
        )
    classes, matrix = best_confusion_matrix(results, data.target)
    if args.confusion_matrix is not None:
        names = encodable(classes)
        table = pd.DataFrame(matrix, columns=names)
        table.insert(0, "true class", names, allow_duplicates=True)
        with atomic_write(args.confusion_matrix) as new:
            table.to_csv(new, index=False)
    if not args.json:
        print_results(results, classes, matrix, args.confusion_matrix)

    if args.save is not None:
        winner = results.table.index[0]
        with redirect_stdout(sys.stderr):
            save(_fitted_on_all(models, results, data, options), args.save)
        if not args.json:
            where = f"fitted on {len(data.data):,} texts, to {printable(args.save)}"
            print(fill(f"Saved {winner}, {where}. {describe_saved(args.save)}"))
    if args.report is not None:
        evaluation.report(
            results,
            data.data,
            data.target,
            args.report,
            X_test=options.get("X_test"),
            saved_model=args.save,
            title=f"Text classifiers on {source.partition(',')[0]}",
        )
        if not args.json:
            print(fill(f"Wrote the report to {printable(args.report)}."))
    if args.json:
        # ASCII: an escape of JSON is right whatever the encoding of stdout is.
        print(json.dumps(summarize_results(results, data.target, classes, matrix)))


def _check_outputs(args: argparse.Namespace) -> None:
    """Raise an error if a file cannot be written, before anything is fitted."""
    if args.save is not None:
        check_savable(args.save)
    if args.report is not None:
        check_report(args.report, caller="--report")
    for path in (args.save, args.confusion_matrix):
        check_writable(path)


def _print_data(source: str, tokens: dict[str, Any]) -> None:
    print(fill(f"Data: {source}."), flush=True)
    if tokens:
        values = ", ".join(f"{name}={value!r}" for name, value in tokens.items())
        print(fill(f"Tokens of all models: {printable(values)}."), flush=True)


def _fitted_on_all(
    models: dict[str, BaseEstimator], results: Bunch, data: Bunch, options: dict[str, Any]
) -> BaseEstimator:
    """Return the best model, fitted on all texts of FILE."""
    winner = results.table.index[0]
    if "X_test" in options:
        (model,) = results.estimators[winner]
        return model
    return models[winner].fit(data.data, data.target)


def _make_models(args: argparse.Namespace) -> dict[str, BaseEstimator]:
    tokens = _token_settings(args)
    names = args.model or MODELS
    if "rnn" not in names:
        _check_settings_of_baselines(args.set)
    # No progress reports from parallel fits, because their lines would be interleaved.
    verbose = is_verbose(args) and args.n_jobs in (None, 1)
    models = {
        name: make_recurrent(verbose=verbose) if name == "rnn" else _BASELINES[name](**tokens)
        for name in names
    }
    for model in models.values():
        seeds = [name for name in model.get_params() if name.endswith("__random_state")]
        model.set_params(**dict.fromkeys(seeds, args.seed))
    if "rnn" in models:
        set_parameters(models["rnn"], args.set)
    return models


def _token_settings(args: argparse.Namespace) -> dict[str, Any]:
    """Return what --set gives to the parameters of TextTokenizer that the baselines have too."""
    return {_OF_ALL_MODELS[name]: value for name, value in args.set if name in _OF_ALL_MODELS}


def _check_settings_of_baselines(settings: list[tuple[str, Any]]) -> None:
    for name, _ in settings:
        if name not in _OF_ALL_MODELS:
            raise ValueError(
                f"--set: {name} is for the model rnn, which is not among the --model. The "
                f"baselines have {', '.join(_OF_ALL_MODELS)}."
            )


def _read_comparison(args: argparse.Namespace) -> tuple[Bunch, dict[str, Any], str]:
    """Return the data of FILE, options of `evaluation.compare`, and a description of the data.

    Without FILE, generated data take its place. The options are the test set or the folds.
    """
    if args.file is None:
        data, test = _generate(args)
        name = "generated texts (make_word_order)"
    else:
        data = read([args.file], args)
        test = None if args.test is None else read([args.test], args)
        name = describe_file(args.file)
        _unify_types(data, test)
    source = f"{name}, {describe_labels(data.target)}"
    if test is not None:
        others = "others" if args.test is None else f"texts in {describe_file(args.test)}"
        test_set = {"X_test": test.data, "y_test": test.target}
        return data, test_set, f"{source}; tested on {len(test.data):,} {others}"
    n_folds = args.cv or DEFAULT_FOLDS
    most = np.unique(data.target, return_counts=True)[1].max()
    if n_folds > most:
        raise ValueError(
            f"{n_folds} folds need a class of {n_folds} texts or more, and the "
            f"largest has {most}: pass a smaller --cv, or a --test file."
        )
    folds = {"cv": StratifiedKFold(n_folds, shuffle=True, random_state=args.seed)}
    return data, folds, f"{source}; tested on {n_folds} folds of them"


def _generate(args: argparse.Namespace) -> tuple[Bunch, Bunch | None]:
    for option in ("text", "label", "test", "format", "quoting", "header"):
        if getattr(args, option) is not None:
            raise ValueError(f"--{option} needs a FILE: without one the texts are generated.")
    X, y = make_word_order(3000, random_state=args.seed)
    if args.cv is not None:
        return Bunch(data=X, target=y), None
    X, X_test, y, y_test = train_test_split(
        X, y, test_size=1000, stratify=y, random_state=args.seed
    )
    return Bunch(data=X, target=y), Bunch(data=X_test, target=y_test)


def _unify_types(data: Bunch, test: Bunch | None) -> None:
    """Turn all labels into str if those of one file are integers and those of the other are not."""
    if test is not None and data.target.dtype != test.target.dtype:
        for bunch in (data, test):
            bunch.target = np.array([str(label) for label in bunch.target], dtype=object)
