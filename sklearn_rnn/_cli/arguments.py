"""Arguments of the command line, and its help."""

import argparse
import ast
import csv
import os
import textwrap
from collections.abc import Sequence
from typing import Any, NoReturn

# Nothing here imports scikit-learn or torch, so that --help is fast.
from sklearn_rnn._io.compressions import COMPRESSED_OR_NOT
from sklearn_rnn._io.text_formats import FORMATS, TextFormat
from sklearn_rnn._io.text_records import ColumnArgument

MODELS = {
    "rnn": "TextTokenizer and RNNTextClassifier, a recurrent network",
    "tfidf-logistic": "logistic regression on TF-IDF of words",
    "tfidf-svm": "a linear SVM on TF-IDF of words and pairs of words",
    "tfidf-word-char-svm": "the same on words, pairs of words and parts of words",
    "nb-svm": "Wang and Manning's SVM on log-count ratios (2012)",
}
QUOTING = {"minimal": csv.QUOTE_MINIMAL, "none": csv.QUOTE_NONE}
DEFAULT_FOLDS = 5
TRUST = "Loading a pickle runs the code in it: load only files that you trust."


def _describe_format(format: TextFormat) -> str:
    return f"{format.title} ({format.suffixes[0]})" if format.suffixes else format.title


def _describe_files() -> str:
    *formats, last = map(_describe_format, FORMATS.values())
    without_columns = [name for name, format in FORMATS.items() if not format.has_columns]
    text = (
        f"{', '.join(formats)} or {last}; in UTF-8, {COMPRESSED_OR_NOT}. A - is stdin, and ./- a "
        f"file of this name. The formats {' and '.join(without_columns)} have no columns to choose."
    )
    return "files:\n" + textwrap.fill(text, 78, initial_indent="  ", subsequent_indent="  ")


def _describe_models() -> str:
    width = max(map(len, MODELS)) + 2
    return "models:\n" + "\n".join(f"  {name:{width}}{text}" for name, text in MODELS.items())


_COMPARE_HELP = f"""\
Fit several text classifiers on the same texts, print how well and how fast
each one labels texts that it has not seen, and print the confusion matrix and
the report of the best. With more than a dozen classes, only the pairs that are
confused most often and the classes with the lowest F1 are printed.

Without FILE the texts are generated: short reviews whose label depends on the
order of the words. They are split into 2,000 for training and 1,000 for
testing, unless --cv asks for folds.

{_describe_models()}

{_describe_files()}"""

_COMPARE_EXAMPLES = f"""\
examples:
  %(prog)s
  %(prog)s reviews.csv --text review --label stars
  %(prog)s train.csv --test test.csv \\
      --text title --text body --label topic
  %(prog)s train.csv --no-header --text 1 --label 0 \\
      --cv 3 --model rnn --model nb-svm
  %(prog)s reviews.csv --text review --label stars \\
      --model rnn --set clf__cell_type=gru \\
      --set "clf__pooling=('max', 'mean')" --save model.joblib
  %(prog)s chinese.csv --set tok__analyzer=char
  zcat *.tsv.gz | %(prog)s - --format tsv --no-header \\
      --text 1 --label 0

The saved file is a scikit-learn Pipeline from text to label:
joblib.load(FILE).predict(texts).
{TRUST}
"""

_PREDICT_HELP = f"""\
Label the texts of FILE with a model that 'compare --save' wrote, or any fitted
scikit-learn classifier of texts in a joblib file. Writes CSV in UTF-8 with a
header, one row for each text, in order: label, then proba_<class> for each
class if the model has probabilities.

{TRUST}

{_describe_files()}"""

_PREDICT_EXAMPLES = """\
examples:
  %(prog)s model.joblib new.csv --text review
  %(prog)s model.joblib new.csv --output labels.csv
  zcat new.csv.gz | %(prog)s model.joblib - --format csv
"""


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
        `args.command` is "compare" or "predict".

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
        epilog="'compare --help' and 'predict --help' have examples. " + TRUST,
    )
    parser.add_argument(
        "--version", action=_PrintVersion, nargs=0, help="print the version and exit"
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_compare(
        commands.add_parser(
            "compare",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
            help="fit several classifiers and print which is best",
            description=_COMPARE_HELP,
            epilog=_COMPARE_EXAMPLES,
        )
    )
    _add_predict(
        commands.add_parser(
            "predict",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
            help="label texts with a saved model",
            description=_PREDICT_HELP,
            epilog=_PREDICT_EXAMPLES,
        )
    )
    args = parser.parse_args(argv)
    _check_stdin(args)
    _check_outputs(args)
    if args.header is False:
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
    else:
        inputs = [args.model, args.file]
        outputs = {"--output": args.output}
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
        help="fit the best model on all of FILE and save it here",
    )
    parser.add_argument(
        "--confusion-matrix",
        type=_output_name,
        metavar="CSV",
        help="write the confusion matrix of the best model here",
    )


def _add_predict(parser: _Parser) -> None:
    parser.add_argument(
        "model", type=_file_name, metavar="MODEL", help="a joblib file that you trust"
    )
    parser.add_argument(
        "file", type=_file_name, metavar="FILE", help="the texts; their labels are not needed"
    )
    _add_file_options(parser)
    parser.add_argument(
        "--output", type=_file_name, metavar="CSV", help="write here (default: -, to stdout)"
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
