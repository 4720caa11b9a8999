"""Arguments of the command line, and its help."""

import argparse
import csv
import os
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

# Nothing here imports scikit-learn or torch, so that --help is fast.
from sklearn_rnn._cli import help_texts
from sklearn_rnn._cli.argument_types import (
    file_name,
    number_of_folds,
    number_of_jobs,
    number_of_texts,
    output_name,
    seed,
    setting,
)
from sklearn_rnn._cli.help_texts import MODELS, TRUST
from sklearn_rnn._io.text_formats import FORMATS
from sklearn_rnn._io.text_records import ColumnArgument

QUOTING = {"minimal": csv.QUOTE_MINIMAL, "none": csv.QUOTE_NONE}
DEFAULT_FOLDS = 5
OUTPUT_FORMATS = ("csv", "jsonl")


class UsageError(ValueError):
    """Arguments that cannot be parsed."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}. See {self.prog} --help.")


class _PrintVersion(argparse.Action):
    """Prints the version, which is read from the metadata only when the option is used."""

    def __call__(self, parser: argparse.ArgumentParser, *args: Any) -> NoReturn:
        from sklearn_rnn import __version__

        print(f"sklearn_rnn {__version__}")
        parser.exit()


def parse_arguments(argv: Sequence[str] | None, program: str) -> argparse.Namespace:
    """Parse the arguments of the command line.

    Parameters
    ----------
    argv : sequence of str or None
        The arguments; None takes those of the process.
    program : str
        The name of the program in help and errors.

    Returns
    -------
    args : argparse.Namespace
        `args.command` is "compare", "train", "predict" or "export".

    Raises
    ------
    UsageError
        If the arguments cannot be parsed.
    SystemExit
        After --help or --version.
    """
    parser = _Parser(
        prog=program,
        description="Recurrent text classification, compared with linear baselines.",
        epilog="'compare --help' and the other commands' --help have examples. " + TRUST,
    )
    parser.add_argument(
        "--version", action=_PrintVersion, nargs=0, help="print the version and exit"
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (summary, description, examples, add_arguments) in _COMMANDS.items():
        add_arguments(
            commands.add_parser(
                name,
                formatter_class=argparse.RawDescriptionHelpFormatter,
                allow_abbrev=False,
                help=summary,
                description=description,
                epilog=examples,
            )
        )
    args = parser.parse_args(argv)
    _check_stdin(args)
    _check_outputs(args)
    if getattr(args, "header", None) is False:
        _convert_to_positions(args)
    return args


def _check_stdin(args: argparse.Namespace) -> None:
    """Raise if two files are stdin, or if the format of stdin is not known."""
    texts = [getattr(args, "file", None), getattr(args, "test", None), *getattr(args, "files", [])]
    n_texts = texts.count("-")
    if n_texts + (getattr(args, "model", None) == "-") > 1:
        raise UsageError("- is stdin, and can be only one file.")
    if n_texts and args.format is None:
        raise UsageError("- is stdin, whose format is not known: pass --format.")


def _check_outputs(args: argparse.Namespace) -> None:
    """Raise if a file to write is another of the files, one of which would be lost."""
    if args.command == "compare":
        inputs = [args.file, args.test]
        outputs = {
            "--save": args.save,
            "--confusion-matrix": args.confusion_matrix,
            "--report": args.report,
        }
    elif args.command == "train":
        inputs = args.files
        outputs = {"--save": args.save, "--checkpoint": args.checkpoint}
    elif args.command == "predict":
        inputs = [args.model, *args.files]
        outputs = {"--output": args.output}
    else:
        inputs = [args.model]
        outputs = {"FOLDER": args.folder}
    files = [os.path.realpath(file) for file in (*inputs, *outputs.values()) if file is not None]
    for option, file in outputs.items():
        if file in (None, "-") or (os.path.exists(file) and not os.path.isfile(file)):
            continue
        if files.count(os.path.realpath(file)) > 1:
            raise UsageError(f"{option} would replace {file}, which another argument names too.")


def _convert_to_positions(args: argparse.Namespace) -> None:
    for name in ("text", "label"):
        if name not in args:
            continue
        given = getattr(args, name)
        columns = given if isinstance(given, list) else [given]
        if not all(column is not None and column.isdecimal() for column in columns):
            raise UsageError(
                f"--no-header needs a position from 0 as --{name}, because columns have no names."
            )
        positions = [int(column) for column in columns]
        setattr(args, name, positions if name == "text" else positions[0])


def _add_compare(parser: _Parser) -> None:
    parser.add_argument(
        "file", nargs="?", type=file_name, metavar="FILE", help="the labelled texts"
    )
    _add_labelled_file_options(parser)
    test_data = parser.add_mutually_exclusive_group()
    test_data.add_argument(
        "--test", type=file_name, metavar="FILE", help="test on these texts, fit on all of FILE"
    )
    test_data.add_argument(
        "--cv",
        type=number_of_folds,
        metavar="K",
        help="test on each of K stratified, shuffled folds of FILE in turn "
        f"(default: {DEFAULT_FOLDS})",
    )
    _add_models(parser)
    _add_settings(
        parser,
        "a parameter of rnn: tok__... of its TextTokenizer, clf__... of its RNNTextClassifier; "
        "tok__analyzer, tok__lowercase, tok__strip_accents and tok__token_pattern hold for all "
        "models, so that they read the same tokens",
    )
    parser.add_argument(
        "--scoring",
        action="append",
        metavar="NAME",
        help="a scikit-learn score; repeat for several; the first decides which model is best "
        "(default: accuracy and f1_macro)",
    )
    _add_outputs(parser)
    parser.add_argument(
        "--n-jobs",
        type=number_of_jobs,
        metavar="N",
        help="number of parallel fits, -1 for one on each processor; if it is not 1, the times are "
        "less exact (default: 1)",
    )
    _add_seed_and_verbose(parser)


def _add_models(parser: _Parser) -> None:
    parser.add_argument(
        "--model",
        action="append",
        choices=MODELS,
        metavar="NAME",
        help="one of the models above; repeat for several (default: all)",
    )


def _add_settings(parser: _Parser, help: str) -> None:
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        type=setting,
        metavar="NAME=VALUE",
        help=help,
    )


def _add_outputs(parser: _Parser) -> None:
    parser.add_argument(
        "--save",
        type=output_name,
        metavar="MODEL",
        help="fit the best model on all of FILE and save it here: in skops' format, which runs no "
        "code when it is loaded, unless the name ends in .joblib, .pkl or .pickle",
    )
    parser.add_argument(
        "--confusion-matrix",
        type=output_name,
        metavar="CSV",
        help="write the confusion matrix of the best model here",
    )
    parser.add_argument(
        "--report",
        type=output_name,
        metavar="HTML",
        help="write a page with the results, curves, words of each class and mistakes here; the "
        "models of all folds are kept in memory until then",
    )
    parser.add_argument(
        "--json", action="store_true", help="print the results as one JSON object, without tables"
    )


def _add_train(parser: _Parser) -> None:
    parser.add_argument(
        "files", nargs="+", type=file_name, metavar="FILE", help="the labelled texts"
    )
    _add_labelled_file_options(parser)
    parser.add_argument(
        "--save",
        type=output_name,
        required=True,
        metavar="MODEL",
        help="save the network here: in skops' format, which runs no code when it is loaded, "
        "unless the name ends in .joblib, .pkl or .pickle",
    )
    parser.add_argument(
        "--chunk-size",
        type=number_of_texts,
        metavar="N",
        help="have N texts in memory at a time, and their ids in a temporary file (default: all "
        "texts and ids in memory); the network is the same",
    )
    parser.add_argument(
        "--checkpoint",
        type=output_name,
        metavar="FILE",
        help="write the state of the fit here after each epoch: if the command is killed, the same "
        "command goes on from it (default: no file)",
    )
    _add_settings(
        parser, "a parameter: tok__... of the TextTokenizer, clf__... of the RNNTextClassifier"
    )
    _add_seed_and_verbose(parser)


def _add_seed_and_verbose(parser: _Parser) -> None:
    parser.add_argument(
        "--seed", type=seed, default=0, metavar="N", help="seed of all random numbers (default: 0)"
    )
    parser.add_argument(
        "--verbose",
        action="store_true",
        help="report progress on stderr, which is the default if stderr is a terminal",
    )


def _add_predict(parser: _Parser) -> None:
    _add_model(parser)
    parser.add_argument(
        "files",
        nargs="+",
        type=file_name,
        metavar="FILE",
        help="the texts; their labels are not needed",
    )
    _add_file_options(parser)
    parser.add_argument(
        "--output",
        type=file_name,
        metavar="FILE",
        help="write here (default: -, to stdout); compressed if the name says so, as in .csv.gz",
    )
    parser.add_argument(
        "--output-format",
        choices=OUTPUT_FORMATS,
        help="format of the rows (default: jsonl if the name of --output says so, otherwise csv)",
    )


def _add_export(parser: _Parser) -> None:
    _add_model(parser)
    parser.add_argument(
        "folder", type=output_name, metavar="FOLDER", help="made if it is not there"
    )
    parser.add_argument(
        "--quantize",
        action="store_true",
        help="store the weights as 8-bit integers: a smaller file, and probabilities that differ",
    )


def _add_model(parser: _Parser) -> None:
    parser.add_argument(
        "model", type=file_name, metavar="MODEL", help="a .skops file, or with --trust a pickle"
    )
    parser.add_argument(
        "--trust",
        action="store_true",
        help="load MODEL also if it is a pickle, such as a .joblib file, whose code then runs",
    )


def _add_file_options(parser: _Parser) -> None:
    parser.add_argument(
        "--text",
        action="append",
        type=ColumnArgument,
        metavar="COL",
        help='column of the text; repeat to join several by a space (default: "text")',
    )
    parser.add_argument(
        "--format",
        choices=FORMATS,
        metavar="FORMAT",
        help=f"format of the files, needed for stdin: {', '.join(FORMATS)} (default: by their "
        "names)",
    )
    parser.add_argument(
        "--header",
        action=argparse.BooleanOptionalAction,
        help="whether the first row of a CSV or TSV file has the names of the columns; with "
        "--no-header it is data, and each COL is a position from 0",
    )
    parser.add_argument(
        "--quoting",
        choices=QUOTING,
        help="none, if a double quote is a character as any other in CSV or TSV (default: minimal, "
        "double quotes enclose fields that have separators, line breaks or quotes)",
    )


def _add_labelled_file_options(parser: _Parser) -> None:
    _add_file_options(parser)
    parser.add_argument(
        "--label",
        type=ColumnArgument,
        metavar="COL",
        help='column of the label (default: "label")',
    )


# To add a command, add a row here and a module of its name, whose function `run` takes the
# arguments: summary, description, examples, and the function that adds its arguments.
_COMMANDS: dict[str, tuple[str, str, str, Callable[[_Parser], None]]] = {
    "compare": (
        "fit several classifiers and print which is best",
        help_texts.COMPARE,
        help_texts.COMPARE_EXAMPLES,
        _add_compare,
    ),
    "train": (
        "fit a network and save it",
        help_texts.TRAIN,
        help_texts.TRAIN_EXAMPLES,
        _add_train,
    ),
    "predict": (
        "label texts with a saved model",
        help_texts.PREDICT,
        help_texts.PREDICT_EXAMPLES,
        _add_predict,
    ),
    "export": (
        "write a saved network for use without torch",
        help_texts.EXPORT,
        help_texts.EXPORT_EXAMPLES,
        _add_export,
    ),
}
