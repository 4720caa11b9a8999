"""Command line: compare classifiers of texts, predict with a saved one, and export it."""

import argparse
import os
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import NoReturn, TextIO

from sklearn_rnn._cli.arguments import parse_arguments
from sklearn_rnn._cli.terminal import printable, standard_streams


def run() -> NoReturn:
    """Run the command line as a program, and exit with the code of `main`."""
    # oneDNN keeps a compiled operation for each shape of a batch, by default for 1,024 shapes: they
    # took 200 MB when 200,000 texts were predicted.
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "16")
    code = main()
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        # Python flushes stdout again when it exits, and would print an error again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


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
    with standard_streams(), warnings.catch_warnings():
        warnings.showwarning = _show_warning
        try:
            with suppress(SystemExit):  # of argparse, after --help or --version
                _run(parse_arguments(argv, _program()))
            if sys.stdout is not None:
                sys.stdout.flush()
        except KeyboardInterrupt:
            return _print_line("interrupted", 130)
        except BrokenPipeError:
            return 141
        except Exception as error:
            return _print_line(f"error: {_describe(error)}", 2)
    return 0


def _run(args: argparse.Namespace) -> None:
    # Imported only here, because importing scikit-learn takes a second.
    import_module(f"sklearn_rnn._cli.{args.command}").run(args)


def _program() -> str:
    """Return the program's name as the user called it."""
    is_script = Path(sys.argv[0]).stem == "sklearn-rnn"
    return "sklearn-rnn" if is_script else "python -m sklearn_rnn"


def _describe(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        text = f"{error.filename}: {error.strerror}"
    elif isinstance(error, OSError | ValueError | TypeError | ImportError):
        text = str(error)
    else:
        text = f"{type(error).__name__}: {error}"
    notes = getattr(error, "__notes__", [])
    if notes and not text.endswith("."):
        text += "."  # a message of the operating system is no sentence, and a note is one
    return " ".join([text, *notes])


def _print_line(message: str, code: int) -> int:
    _print_to_stderr(f"{_program()}: {message}")
    return code


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    _print_to_stderr(f"{category.__name__}: {message}")


def _print_to_stderr(text: str) -> None:
    with suppress(OSError):  # there is no place for an error of stderr
        print(printable(" ".join(text.split()), sys.stderr), file=sys.stderr, flush=True)


if __name__ == "__main__":
    run()
