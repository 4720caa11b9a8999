"""The command line: compare classifiers on texts, and predict with the one that was saved."""

import argparse
import ast
import os
import signal
import sys
import warnings

# The commands, and torch with them, are imported when they are run: --help need not wait.

MODELS = ("rnn", "tfidf-logistic", "tfidf-svm", "nb-svm")
SCORES = ("accuracy", "f1_macro")
TRUST = "Loading a pickle runs the code in it: load only files that you trust."

FILES = """\
files:
  CSV (.csv), tab-separated (.tsv), JSON Lines (.jsonl), fastText lines (.ft) or a folder with
  a sub-folder for each class; in UTF-8, gzipped or not. Of fastText files and folders leave
  --text and --label out. A number for a column is its position, from 0, in a file without header.
"""

COMPARE_HELP = f"""\
Fit several text classifiers on the same texts, print how well and how fast each one labels texts
that it has not seen, and look closer at the best.

Without FILE the texts are generated: short reviews whose label depends on the order of the words.
They are split into 2,000 to learn from and 1,000 to test on, unless --cv asks for folds.

models:
  rnn             TextTokenizer and RNNTextClassifier, the recurrent network of this package
  tfidf-logistic  logistic regression on TF-IDF of words
  tfidf-svm       a linear support vector machine on TF-IDF of words and pairs of words
  nb-svm          Wang and Manning's SVM on log-count ratios (2012)

{FILES}"""

COMPARE_EXAMPLES = f"""\
examples:
  python -m sklearn_rnn compare
  python -m sklearn_rnn compare reviews.csv --text review --label stars
  python -m sklearn_rnn compare train.csv --text title --text body --label topic --test test.csv
  python -m sklearn_rnn compare train.csv --text 1 --label 0 --cv 3 --model rnn --model nb-svm
  python -m sklearn_rnn compare reviews.csv --text review --label stars --model rnn \\
      --set clf__cell_type=gru --set "clf__pooling=('max', 'mean')" --save model.joblib

The saved file is a scikit-learn Pipeline from text to label: joblib.load(FILE).predict(texts).
{TRUST}
"""

PREDICT_HELP = f"""\
Label the texts of FILE with a model that 'compare --save' wrote, or any fitted scikit-learn
classifier of texts in a joblib file. Writes CSV with a header, one row for each text, in order:
label, then proba_<class> for each class if the model knows probabilities.

{TRUST}

{FILES}"""

PREDICT_EXAMPLES = """\
examples:
  python -m sklearn_rnn predict model.joblib new.csv --text review
  python -m sklearn_rnn predict model.joblib new.csv --text review --output labels.csv
"""


def main(argv=None):
    """Run the command line.

    Parameters
    ----------
    argv : list of str, default=None
        The arguments; None takes those of the process.

    Returns
    -------
    code : int
        0 if all went well, 2 after an error, which is then one line on stderr, 130 if
        interrupted, 141 if the reader of stdout went away.
    """
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        try:
            args = _parser().parse_args(argv)
            _run(args)
            sys.stdout.flush()
        except SystemExit as stop:  # argparse, after --help or an error
            return stop.code
        except (KeyboardInterrupt, _Interrupted):
            return _complain("interrupted", 130)
        except BrokenPipeError:
            # Python flushes stdout once more as it exits, and would complain then.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 141
        except Exception as error:
            return _complain(f"error: {_describe(error)}", 2)
    return 0


class _Interrupted(BaseException):
    """Ctrl-C, but no KeyboardInterrupt.

    A network that is interrupted so keeps what it has learnt and its fit returns: in a comparison
    the next fit would begin, and one Ctrl-C would be needed for each.
    """


def _interrupt(signum, frame):
    raise _Interrupted


def _run(args):
    from sklearn_rnn._cli import commands

    {"compare": commands.compare, "predict": commands.predict}[args.command](args)


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        self.exit(_complain(f"error: {message}. See {self.prog} --help.", 2))


def _parser():
    parser = _Parser(
        prog="python -m sklearn_rnn",
        description="Recurrent text classification, compared with what it has to beat.",
        epilog="'compare --help' and 'predict --help' have examples. " + TRUST,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_compare(commands)
    _add_predict(commands)
    return parser


def _add_compare(commands):
    command = commands.add_parser(
        "compare",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        help="fit several classifiers and print which is best",
        description=COMPARE_HELP,
        epilog=COMPARE_EXAMPLES,
    )
    command.add_argument("file", nargs="?", metavar="FILE", help="the labelled texts")
    _add_file_options(command)
    command.add_argument(
        "--label", type=_column, metavar="COL", help='column of the label (default: "label")'
    )
    part = command.add_mutually_exclusive_group()
    part.add_argument("--test", metavar="FILE", help="test on these texts, fit on all of FILE")
    part.add_argument(
        "--cv",
        type=_number_of_folds,
        metavar="K",
        help="test on each of K stratified, shuffled folds of FILE in turn (default: 5)",
    )
    command.add_argument(
        "--model",
        action="append",
        choices=MODELS,
        metavar="NAME",
        help="one of the models above; repeat for several (default: all)",
    )
    command.add_argument(
        "--set",
        action="append",
        default=[],
        type=_setting,
        metavar="NAME=VALUE",
        help="a parameter of rnn: tok__... of its TextTokenizer, clf__... of its RNNTextClassifier",
    )
    command.add_argument(
        "--scoring",
        action="append",
        metavar="NAME",
        help="a scikit-learn score; repeat for several; the first decides which model is best "
        f"(default: {' and '.join(SCORES)})",
    )
    command.add_argument(
        "--save", metavar="MODEL", help="fit the best model on all of FILE and save it here"
    )
    command.add_argument(
        "--n-jobs",
        type=int,
        metavar="N",
        help="how many fits run at a time, -1 for one on each processor; the times are then "
        "rougher (default: 1)",
    )
    command.add_argument(
        "--seed", type=int, default=0, metavar="N", help="of all that is random (default: 0)"
    )
    command.add_argument(
        "--verbose",
        action="store_true",
        help="report progress on stderr, as is done anyway if that is a terminal",
    )


def _add_predict(commands):
    command = commands.add_parser(
        "predict",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        help="label texts with a saved model",
        description=PREDICT_HELP,
        epilog=PREDICT_EXAMPLES,
    )
    command.add_argument("model", metavar="MODEL", help="a joblib file that you trust")
    command.add_argument("file", metavar="FILE", help="the texts; their labels are not needed")
    _add_file_options(command)
    command.add_argument("--output", metavar="CSV", help="write here (default: to stdout)")


def _add_file_options(command):
    command.add_argument(
        "--text",
        action="append",
        type=_column,
        metavar="COL",
        help='column of the text; repeat to join several by a space (default: "text")',
    )
    command.add_argument(
        "--format",
        choices=("csv", "tsv", "jsonl", "fasttext", "folder"),
        help="of the files (default: what their names tell)",
    )


def _column(value):
    return int(value) if value.isdecimal() else value


def _number_of_folds(value):
    if not value.isdecimal() or int(value) < 2:
        raise argparse.ArgumentTypeError(f"must be an integer of 2 or more, got {value!r}")
    return int(value)


def _setting(value):
    name, equals, text = value.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"must be NAME=VALUE, got {value!r}")
    try:
        return name, ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return name, text


def _describe(error):
    if isinstance(error, OSError) and error.filename is not None:
        text = f"{error.filename}: {error.strerror}"
    elif isinstance(error, OSError | ValueError | TypeError):
        text = str(error)
    else:
        text = f"{type(error).__name__}: {error}"
    return " ".join([text, *getattr(error, "__notes__", [])])


def _complain(message, code):
    print(f"python -m sklearn_rnn: {_one_line(message)}", file=sys.stderr)
    return code


def _show_warning(message, category, filename, lineno, file=None, line=None):
    print(f"{category.__name__}: {_one_line(message)}", file=sys.stderr)


def _one_line(text):
    return " ".join(str(text).split())


if __name__ == "__main__":
    signal.signal(signal.SIGINT, _interrupt)
    sys.exit(main())
