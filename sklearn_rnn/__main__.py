"""Command line: compare classifiers of texts, and predict with a saved one."""

import argparse
import os
import signal
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn, TextIO

from sklearn_rnn._cli.arguments import parse_arguments


def run() -> NoReturn:
    """Run the command line as a program, and exit with the code of `main`."""
    signal.signal(signal.SIGINT, _interrupt)
    sys.exit(main())


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, default=None
        The arguments; None takes those of the process.

    Returns
    -------
    code : int
        0 after success, --help or --version; 2 after an error, which is printed as one line on
        stderr; 130 after an interrupt; 141 if the reader of stdout has closed the pipe.
    """
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        try:
            _run(parse_arguments(argv, _program()))
            sys.stdout.flush()
        except SystemExit:  # argparse, after --help or --version
            return 0
        except (KeyboardInterrupt, _Interrupted):
            return _print_line("interrupted", 130)
        except BrokenPipeError:
            # Python flushes stdout again when it exits, and would print an error for a closed pipe.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 141
        except Exception as error:
            return _print_line(f"error: {_describe(error)}", 2)
    return 0


class _Interrupted(BaseException):
    """Raised on Ctrl-C instead of KeyboardInterrupt.

    RNNTextClassifier.fit catches KeyboardInterrupt and returns with the weights learned so far.
    With KeyboardInterrupt, a comparison would therefore continue with the next fit.
    """


def _interrupt(signum: int, frame: FrameType | None) -> NoReturn:
    raise _Interrupted


def _run(args: argparse.Namespace) -> None:
    from sklearn_rnn._cli import commands  # only here: importing scikit-learn takes a second

    commands.COMMANDS[args.command](args)


def _program() -> str:
    """Return the program's name as the user called it."""
    is_script = Path(sys.argv[0]).stem == "sklearn-rnn"
    return "sklearn-rnn" if is_script else "python -m sklearn_rnn"


def _describe(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        text = f"{error.filename}: {error.strerror}"
    elif isinstance(error, OSError | ValueError | TypeError):
        text = str(error)
    else:
        text = f"{type(error).__name__}: {error}"
    return " ".join([text, *getattr(error, "__notes__", [])])


def _print_line(message: str, code: int) -> int:
    print(f"{_program()}: {_one_line(message)}", file=sys.stderr)
    return code


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    print(f"{category.__name__}: {_one_line(message)}", file=sys.stderr)


def _one_line(text: object) -> str:
    return " ".join(str(text).split())


if __name__ == "__main__":
    run()
