"""Commands of the command line: compare, predict.

To add a command, write its function here, add a row to `COMMANDS`, and add its parser to
`arguments.py`.
"""

import argparse
import difflib
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import Any

import joblib
import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.metrics import classification_report, confusion_matrix
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.utils import Bunch
from sklearn.utils.multiclass import unique_labels
from sklearn.utils.validation import check_is_fitted

from sklearn_rnn import evaluation
from sklearn_rnn._cli.arguments import DEFAULT_FOLDS, TRUST
from sklearn_rnn._io.atomic_write import atomic_write
from sklearn_rnn.baselines import nb_svm, tfidf_linear_svc, tfidf_logistic_regression
from sklearn_rnn.datasets import make_word_order, read_texts


def compare(args: argparse.Namespace) -> None:
    """Fit the models, print their scores, and save the best model if --save is given."""
    if args.save is not None:
        _check_writable(args.save)
    models = _make_models(args)
    data, options, source = _read_comparison(args)
    if args.scoring is not None:
        options["scoring"] = args.scoring
    print(f"Data: {source}.", flush=True)

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
    _print_results(results, data.target)

    if args.save is not None:
        winner = results.table.index[0]
        if "estimators" in results:
            (model,) = results.estimators[winner]
        else:
            with redirect_stdout(sys.stderr):
                model = models[winner].fit(data.data, data.target)
        with atomic_write(args.save) as path:
            joblib.dump(model, path)
        print(f"Saved {winner}, fitted on {len(data.data):,} texts, to {args.save}. {TRUST}")


def _make_models(args: argparse.Namespace) -> dict[str, BaseEstimator]:
    makers = {
        "rnn": lambda: _make_recurrent(args),
        "tfidf-logistic": tfidf_logistic_regression,
        "tfidf-svm": tfidf_linear_svc,
        "nb-svm": nb_svm,
    }
    names = args.model or makers
    if args.set and "rnn" not in names:
        raise ValueError("--set is for the model rnn, which is not among the --model.")
    models = {name: makers[name]() for name in names}
    for model in models.values():
        seeds = [name for name in model.get_params() if name.endswith("__random_state")]
        model.set_params(**dict.fromkeys(seeds, args.seed))
    if args.set:
        _set_parameters(models["rnn"], args.set)
    return models


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
        name = args.file
    source = f"{name}, {_describe_labels(data.target)}"
    if test is not None:
        others = "others" if args.test is None else f"texts in {args.test}"
        test_set = {"X_test": test.data, "y_test": test.target}
        return data, test_set, f"{source}; tested on {len(test.data):,} {others}"
    n_folds = args.cv or DEFAULT_FOLDS
    folds = {"cv": StratifiedKFold(n_folds, shuffle=True, random_state=args.seed)}
    return data, folds, f"{source}; tested on {n_folds} folds of them"


def _generate(args: argparse.Namespace) -> tuple[Bunch, Bunch | None]:
    for option in ("text", "label", "test", "format"):
        if getattr(args, option) is not None:
            raise ValueError(f"--{option} needs a FILE: without one the texts are generated.")
    X, y = make_word_order(3000, random_state=args.seed)
    if args.cv is not None:
        return Bunch(data=X, target=y), None
    X, X_test, y, y_test = train_test_split(
        X, y, test_size=1000, stratify=y, random_state=args.seed
    )
    return Bunch(data=X, target=y), Bunch(data=X_test, target=y_test)


def _read(path: str, args: argparse.Namespace, **options: Any) -> Bunch:
    if args.text is not None:
        options["text"] = args.text
    if getattr(args, "label", None) is not None:
        options["label"] = args.label
    return read_texts(path, format=args.format, **options)


def _describe_labels(labels: npt.NDArray[Any]) -> str:
    classes, counts = np.unique(labels, return_counts=True)
    sizes = [f"{label} {count:,}" for label, count in zip(classes, counts, strict=True)]
    listed = ", ".join(sizes) if len(sizes) <= 10 else f"{len(sizes)} of them"
    return f"{len(labels):,} texts, classes: {listed}"


def _print_results(results: Bunch, labels: npt.NDArray[Any]) -> None:
    table = results.table
    winner = table.index[0]
    score, spread = table.columns[:2]
    predicted = results.predictions[winner]
    classes = unique_labels(labels, results.y_true, predicted)
    matrix = confusion_matrix(results.y_true, predicted, labels=classes)

    if spread.endswith("_se"):
        kind, test = "standard error", "McNemar's exact test"
    else:
        kind, test = "standard deviation over the folds", "corrected t-test"
    print(f"\n{_format_table(table)}")
    print(f"({spread.rpartition('_')[2]}: {kind}; p_value: {test} against the best)\n")
    print(f"Confusion matrix of {winner} (a row for each true class, a column for each predicted):")
    print(pd.DataFrame(matrix, index=classes, columns=classes).to_string(), end="\n\n")
    print(f"Classification report of {winner}:")
    report = classification_report(
        results.y_true, predicted, labels=classes, digits=4, zero_division=0
    )
    print(report)
    row = table.iloc[0]
    print(f"Best: {winner}, {score} {row[score]:.4f} ({kind} {row[spread]:.4f}).")


def _format_table(table: pd.DataFrame) -> str:
    styles = {
        **dict.fromkeys(table.columns, "{:.4f}"),
        "fit_seconds": "{:.2f}",
        "texts_per_second": "{:,.0f}",
        "p_value": "{:.2g}",
    }
    formatters = {column: style.format for column, style in styles.items()}
    return table.to_string(formatters=formatters, na_rep="-")


def _check_writable(path: str) -> None:
    """Raise an OSError if the file cannot be written: called before fitting, which takes time."""
    with atomic_write(path):
        pass


def predict(args: argparse.Namespace) -> None:
    """Write the label of each text, and class probabilities if the model has `predict_proba`."""
    if args.output is not None:
        _check_writable(args.output)
    model = _load(args.model)
    texts = _read(args.file, args, label=None).data
    columns = {"label": model.predict(texts)}
    if hasattr(model, "predict_proba"):
        probabilities = model.predict_proba(texts).T
        for name, column in zip(model.classes_, probabilities, strict=True):
            columns[f"proba_{name}"] = column
    table = pd.DataFrame(columns)
    if args.output is None:
        table.to_csv(sys.stdout, index=False)
    else:
        with atomic_write(args.output) as path:
            table.to_csv(path, index=False)


def _load(path: str) -> BaseEstimator:
    try:
        model = joblib.load(path)
    except OSError:
        raise
    except Exception as error:  # a damaged pickle can raise anything
        raise ValueError(
            f"{path} cannot be loaded as a model: {type(error).__name__}: {error}. It may be "
            "damaged, cut off, or no joblib file."
        ) from error
    if not (isinstance(model, BaseEstimator) and is_classifier(model)):
        raise ValueError(f"{path} holds an object of {type(model)}, which is not a classifier.")
    try:
        check_is_fitted(model)
    except NotFittedError as error:
        raise ValueError(f"{path} holds a classifier that is not fitted.") from error
    return model


COMMANDS: dict[str, Callable[[argparse.Namespace], None]] = {"compare": compare, "predict": predict}
