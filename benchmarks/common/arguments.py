"""Command-line arguments that the benchmarks share."""

import argparse
import os
from pathlib import Path


def make_parser(description: str | None) -> argparse.ArgumentParser:
    """Make a parser whose help is a module's docstring, line for line."""
    return argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def add_data_option(parser: argparse.ArgumentParser) -> None:
    """Add --data, the folder of the corpora, with the environment variable as its default."""
    parser.add_argument(
        "--data",
        type=Path,
        default=os.environ.get("SKLEARN_RNN_DATA"),
        required="SKLEARN_RNN_DATA" not in os.environ,
        help="folder of the corpora (default: the environment variable SKLEARN_RNN_DATA)",
    )
