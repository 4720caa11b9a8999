"""Arguments of the command line, and its help."""

import argparse
import ast
import csv
import os
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

# Nothing here imports scikit-learn or torch, so that --help is fast.
from sklearn_rnn._cli import help_texts
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
        `args.command` is "compare", "predict" or "export".

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
        epilog="'compare --help', 'predict --help' and 'export --help' have examples. " + TRUST,
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
    files = {name: getattr(args, name, None) for name in ("model", "file", "test")}
    from_stdin = [name for name, file in files.items() if file == "-"]
    if len(from_stdin) > 1:
        raise UsageError("- is stdin, and can be only one file.")
    if from_stdin not in ([], ["model"]) and args.format is None:
        raise UsageError("- is stdin, whose format is not known: pass --format.")


def _check_outputs(args: argparse.Namespace) -> None:
    """Raise if a file to write is another of the files, one of which would be lost."""
    if args.command == "compare":
        inputs = [args.file, args.test]
        outputs = {"--save": args.save, "--confusion-matrix": args.confusion_matrix}
    elif args.command == "predict":
        inputs = [args.model, args.file]
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
        "file", nargs="?", type=_file_name, metavar="FILE", help="the labelled texts"
    )
    _add_file_options(parser)
    parser.add_argument(
        "--label",
        type=ColumnArgument,
        metavar="COL",
        help='column of the label (default: "label")',
    )
    test_data = parser.add_mutually_exclusive_group()
    test_data.add_argument(
        "--test", type=_file_name, metavar="FILE", help="test on these texts, fit on all of FILE"
    )
    test_data.add_argument(
        "--cv",
        type=_number_of_folds,
        metavar="K",
        help="test on each of K stratified, shuffled folds of FILE in turn "
        f"(default: {DEFAULT_FOLDS})",
    )
    _add_models(parser)
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
        type=_number_of_jobs,
        metavar="N",
        help="number of parallel fits, -1 for one on each processor; if it is not 1, the times are "
        "less exact (default: 1)",
    )
    parser.add_argument(
        "--seed", type=_seed, default=0, metavar="N", help="seed of all random numbers (default: 0)"
    )
    parser.add_argument(
        "--verbose",
        action="store_true",
        help="report progress on stderr, which is the default if stderr is a terminal",
    )


def _add_models(parser: _Parser) -> None:
    parser.add_argument(
        "--model",
        action="append",
        choices=MODELS,
        metavar="NAME",
        help="one of the models above; repeat for several (default: all)",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        type=_setting,
        metavar="NAME=VALUE",
        help="a parameter of rnn: tok__... of its TextTokenizer, clf__... of its "
        "RNNTextClassifier; tok__analyzer, tok__lowercase, tok__strip_accents and "
        "tok__token_pattern hold for all models, so that they read the same tokens",
    )


def _add_outputs(parser: _Parser) -> None:
    parser.add_argument(
        "--save",
        type=_output_name,
        metavar="MODEL",
        help="fit the best model on all of FILE and save it here: in skops' format, which runs no "
        "code when it is loaded, unless the name ends in .joblib, .pkl or .pickle",
    )
    parser.add_argument(
        "--confusion-matrix",
        type=_output_name,
        metavar="CSV",
        help="write the confusion matrix of the best model here",
    )
    parser.add_argument(
        "--json", action="store_true", help="print the results as one JSON object, without tables"
    )


def _add_predict(parser: _Parser) -> None:
    _add_model(parser)
    parser.add_argument(
        "file", type=_file_name, metavar="FILE", help="the texts; their labels are not needed"
    )
    _add_file_options(parser)
    parser.add_argument(
        "--output",
        type=_file_name,
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
        "folder", type=_output_name, metavar="FOLDER", help="made if it is not there"
    )
    parser.add_argument(
        "--quantize",
        action="store_true",
        help="store the weights as 8-bit integers: a smaller file, and probabilities that differ",
    )


def _add_model(parser: _Parser) -> None:
    parser.add_argument(
        "model", type=_file_name, metavar="MODEL", help="a .skops file, or with --trust a pickle"
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
        help="format of the files, needed for stdin (default: by their names)",
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


def _file_name(value: str) -> str:
    if not value:
        raise argparse.ArgumentTypeError("must not be empty")
    return value


def _output_name(value: str) -> str:
    if value == "-":
        raise argparse.ArgumentTypeError("must be a file: stdout is for the results")
    return _file_name(value)


def _number_of_folds(value: str) -> int:
    if not value.isdecimal() or int(value) < 2:
        raise argparse.ArgumentTypeError(f"must be an integer of 2 or more, got {value!r}")
    return int(value)


def _number_of_jobs(value: str) -> int:
    if not value.removeprefix("-").isdecimal() or int(value) == 0:
        raise argparse.ArgumentTypeError(f"must be an integer other than 0, got {value!r}")
    return int(value)


def _seed(value: str) -> int:
    if not value.isdecimal() or int(value) >= 2**32:
        raise argparse.ArgumentTypeError(f"must be an integer from 0 to {2**32 - 1}, got {value!r}")
    return int(value)


def _setting(value: str) -> tuple[str, Any]:
    name, equals, text = value.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"must be NAME=VALUE, got {value!r}")
    try:
        return name, ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return name, text


# To add a command, add a row here and a module of its name, whose function `run` takes the
# arguments: summary, description, examples, and the function that adds its arguments.
_COMMANDS: dict[str, tuple[str, str, str, Callable[[_Parser], None]]] = {
    "compare": (
        "fit several classifiers and print which is best",
        help_texts.COMPARE,
        help_texts.COMPARE_EXAMPLES,
        _add_compare,
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
