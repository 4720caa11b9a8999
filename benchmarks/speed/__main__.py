"""Speed and memory of sklearn_rnn, against rivals measured in the same run.

    SKLEARN_RNN_DATA=... python -m benchmarks.speed [SECTION ...]

Each section prints its tables and its targets, and writes them, with the versions and the machine,
to benchmarks/results/speed_SECTION.json. Runs of ours and of the rivals alternate, so that a
machine that slows down slows all of them; the medians are compared. Without a section, all sections
run, which takes an hour or two; `--texts 2000 --runs 2` is a quick trial.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from benchmarks.common.sections import make_section_parser, run_sections

# Each is a file of this folder whose function `run` returns tables by title.
SECTIONS = (
    "tokenizer",
    "word_vectors",
    "training",
    "cells",
    "keras",
    "overhead",
    "denormals",
    "matrix",
    "prediction",
    "loading",
    "search",
    "mapped",
    "memory",
    "width",
    "repeated_fits",
    "checkpoint",
    "growth",
    "gpu",
)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the sections named on the command line."""
    parser = make_section_parser(__doc__, SECTIONS)
    parser.add_argument("--runs", type=int, default=5, help="runs of each (default: 5)")
    parser.add_argument(
        "--texts",
        type=int,
        help="texts at most, to try a section out (default: all of the corpus)",
    )
    parser.add_argument(
        "--rival-batches",
        type=int,
        default=10,
        help="training: batches of 64 from which a slow rival's epoch is estimated, in each run "
        "(default: 10)",
    )
    parser.add_argument(
        "--keras-python",
        default=os.environ.get("SKLEARN_RNN_KERAS_PYTHON"),
        help="keras: interpreter of the rival (default: the environment variable "
        "SKLEARN_RNN_KERAS_PYTHON)",
    )
    parser.add_argument(
        "--rival",
        type=Path,
        metavar="DIR",
        help="loading: another checkout of the package, to compare with (default: none)",
    )
    run_sections("speed", SECTIONS, parser, argv)


if __name__ == "__main__":
    main()
