"""Commands of the command line: compare, predict.

To add a command, write its function here, add a row to `COMMANDS`, and add its parser to
`arguments.py`.
"""

import argparse
import difflib
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import IO, Any

import joblib
import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.utils import Bunch
from sklearn.utils.validation import check_is_fitted

from sklearn_rnn import evaluation
from sklearn_rnn._cli.arguments import DEFAULT_FOLDS, MODELS, QUOTING, TRUST
from sklearn_rnn._cli.report import best_confusion_matrix, describe_labels, print_results
from sklearn_rnn._cli.terminal import check_stdout, fill, printable
from sklearn_rnn._io.atomic_write import atomic_write
from sklearn_rnn._text.vectorizers import TOKEN_PARAMETERS
from sklearn_rnn.baselines import (
    nb_svm,
    tfidf_linear_svc,
    tfidf_logistic_regression,
    tfidf_word_char_linear_svc,
)
from sklearn_rnn.datasets import make_word_order, read_texts

_BASELINES: dict[str, Callable[..., Pipeline]] = {
    "tfidf-logistic": tfidf_logistic_regression,
    "tfidf-svm": tfidf_linear_svc,
    "tfidf-word-char-svm": tfidf_word_char_linear_svc,
    "nb-svm": nb_svm,
}
_OF_ALL_MODELS = {f"tok__{name}": name for name in TOKEN_PARAMETERS}  # of --set


def compare(args: argparse.Namespace) -> None:
    """Fit the models, print their scores, and save the best model if --save is given."""
    check_stdout()
    for path in (args.save, args.confusion_matrix):
        _check_writable(path)
    models = _make_models(args)
    data, options, source = _read_comparison(args)
    if args.scoring is not None:
        options["scoring"] = args.scoring
    print(fill(f"Data: {source}."), flush=True)
    if tokens := _token_settings(args):
        values = ", ".join(f"{name}={value!r}" for name, value in tokens.items())
        print(fill(f"Tokens of all models: {printable(values)}."), flush=True)

    # stdout is for results: what the models print goes to stderr, as all reports of progress do.
    with redirect_stdout(sys.stderr):
        results = evaluation.compare(
            models,
            data.data,
            data.target,
            **options,
            n_jobs=args.n_jobs,
            random_state=args.seed,
            verbose=int(_is_verbose(args)),
            return_predictions=True,
            return_estimators=args.save is not None and "X_test" in options,
        )
    classes, matrix = best_confusion_matrix(results, data.target)
    if args.confusion_matrix is not None:
        names = _encodable(classes)
        table = pd.DataFrame(matrix, columns=names)
        table.insert(0, "true class", names, allow_duplicates=True)
        _write_csv(table, args.confusion_matrix)
    print_results(results, classes, matrix, args.confusion_matrix)

    if args.save is not None:
        winner = results.table.index[0]
        if "estimators" in results:
            (model,) = results.estimators[winner]
        else:
            with redirect_stdout(sys.stderr):
                model = models[winner].fit(data.data, data.target)
        with atomic_write(args.save) as path:
            joblib.dump(model, path)
        where = f"fitted on {len(data.data):,} texts, to {printable(args.save)}"
        print(fill(f"Saved {winner}, {where}. {TRUST}"))


def _make_models(args: argparse.Namespace) -> dict[str, BaseEstimator]:
    tokens = _token_settings(args)
    names = args.model or MODELS
    if "rnn" not in names:
        _check_settings_of_baselines(args.set)
    models = {
        name: _make_recurrent(args) if name == "rnn" else _BASELINES[name](**tokens)
        for name in names
    }
    for model in models.values():
        seeds = [name for name in model.get_params() if name.endswith("__random_state")]
        model.set_params(**dict.fromkeys(seeds, args.seed))
    if "rnn" in models:
        _set_parameters(models["rnn"], args.set)
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


def _make_recurrent(args: argparse.Namespace) -> Pipeline:
    # Imported only here, because this import loads torch, which the linear models do not need.
    from sklearn_rnn import RNNTextClassifier, TextTokenizer

    # No progress reports from parallel fits, because their lines would be interleaved.
    verbose = int(_is_verbose(args) and args.n_jobs in (None, 1))
    return Pipeline([("tok", TextTokenizer()), ("clf", RNNTextClassifier(verbose=verbose))])


def _is_verbose(args: argparse.Namespace) -> bool:
    return args.verbose or sys.stderr.isatty()


def _set_parameters(model: BaseEstimator, settings: list[tuple[str, Any]]) -> None:
    valid = [name for name in model.get_params() if "__" in name]
    for name, value in settings:
        if name not in valid:
            near = difflib.get_close_matches(name, valid, n=5, cutoff=0.5)
            hint = f"similar: {', '.join(near)}" if near else f"it has: {', '.join(valid)}"
            raise ValueError(f"--set: rnn has no parameter {name!r}; {hint}.")
        model.set_params(**{name: value})


def _read_comparison(args: argparse.Namespace) -> tuple[Bunch, dict[str, Any], str]:
    """Return the data of FILE, options of `evaluation.compare`, and a description of the data.

    Without FILE, generated data take its place. The options are the test set or the folds.
    """
    if args.file is None:
        data, test = _generate(args)
        name = "generated texts (make_word_order)"
    else:
        data = _read(args.file, args)
        test = None if args.test is None else _read(args.test, args)
        name = _describe_file(args.file)
        _unify_types(data, test)
    source = f"{name}, {describe_labels(data.target)}"
    if test is not None:
        others = "others" if args.test is None else f"texts in {_describe_file(args.test)}"
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


def _read(file: str, args: argparse.Namespace, **options: Any) -> Bunch:
    """Read the texts of a file or of stdin."""
    for name in ("text", "label"):
        columns = getattr(args, name, None)
        if columns is not None:
            options[name] = columns
    if args.quoting is not None:
        options["quoting"] = QUOTING[args.quoting]
    source = _stdin() if file == "-" else file
    return read_texts(source, format=args.format, header=args.header, **options)


def _stdin() -> IO[Any]:
    if sys.stdin is None:
        raise OSError("stdin is closed, and - is stdin. Pass a path instead.")
    return getattr(sys.stdin, "buffer", sys.stdin)


def _describe_file(file: str) -> str:
    return "stdin" if file == "-" else printable(file)


def _unify_types(data: Bunch, test: Bunch | None) -> None:
    """Turn all labels into str if those of one file are integers and those of the other are not."""
    if test is not None and data.target.dtype != test.target.dtype:
        for bunch in (data, test):
            bunch.target = np.array([str(label) for label in bunch.target], dtype=object)


def _check_writable(path: str | None) -> None:
    """Raise an OSError if the file cannot be written: called before fitting, which takes time."""
    if path is not None:
        with atomic_write(path):
            pass


def _write_csv(table: pd.DataFrame, path: str) -> None:
    with atomic_write(path) as new:
        table.to_csv(new, index=False)


def _encodable(labels: npt.NDArray[Any]) -> list[Any]:
    r"""Return the labels, with escapes for what UTF-8 lacks: ``\ud83d`` alone, half an emoji."""
    return [
        label.encode(errors="backslashreplace").decode() if isinstance(label, str) else label
        for label in labels
    ]


def predict(args: argparse.Namespace) -> None:
    """Write the label of each text, and class probabilities if the model has `predict_proba`."""
    if args.output in (None, "-"):
        check_stdout()
    else:
        _check_writable(args.output)
    model = _load(args.model)
    texts = _read(args.file, args, label=None).data
    columns = {"label": _encodable(model.predict(texts))}
    if hasattr(model, "predict_proba"):
        probabilities = model.predict_proba(texts).T
        for name, column in zip(_encodable(model.classes_), probabilities, strict=True):
            columns[f"proba_{name}"] = column
    table = pd.DataFrame(columns)
    if args.output in (None, "-"):
        _print_csv(table)
    else:
        _write_csv(table, args.output)


def _print_csv(table: pd.DataFrame) -> None:
    """Write a table to stdout: to a file or pipe as UTF-8, whatever the encoding of stdout is."""
    csv = table.to_csv(index=False, lineterminator="\n")
    if sys.stdout.isatty() or not hasattr(sys.stdout, "buffer"):
        sys.stdout.write(csv)
        return
    rest = memoryview(csv.encode())
    while rest:  # python -u has no buffer, and a pipe may take a part
        rest = rest[sys.stdout.buffer.write(rest) :]


def _load(path: str) -> BaseEstimator:
    name = _describe_file(path)
    try:
        model = joblib.load(_stdin() if path == "-" else path)
    except OSError:
        raise
    except Exception as error:  # a damaged pickle can raise anything
        raise ValueError(
            f"{name} cannot be loaded as a model: {type(error).__name__}: {error}. It may be "
            "damaged, cut off, or no joblib file."
        ) from error
    if not (isinstance(model, BaseEstimator) and is_classifier(model)):
        raise ValueError(f"{name} holds an object of {type(model)}, which is not a classifier.")
    try:
        check_is_fitted(model)
    except NotFittedError as error:
        raise ValueError(f"{name} holds a classifier that is not fitted.") from error
    return model


COMMANDS: dict[str, Callable[[argparse.Namespace], None]] = {"compare": compare, "predict": predict}
