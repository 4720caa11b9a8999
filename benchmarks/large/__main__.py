"""Fits to corpora larger than memory: their accuracy, and their memory under a limit.

    SKLEARN_RNN_DATA=... python -m benchmarks.large [SECTION ...]

Each section prints its tables, and writes them, with the versions and the machine, to
benchmarks/results/large_SECTION.json. Without a section, all sections run, which takes hours;
`limit --texts 20000` and `accuracy --texts 2000` are quick trials.
"""

from collections.abc import Sequence

from benchmarks.common.sections import make_section_parser, run_sections

# Each is a file of this folder whose function `run` returns tables by title.
SECTIONS = ("accuracy", "limit")


def main(argv: Sequence[str] | None = None) -> None:
    """Run the sections named on the command line."""
    parser = make_section_parser(__doc__, SECTIONS)
    parser.add_argument(
        "--texts",
        type=int,
        help="training texts (default: accuracy: all of the corpus; limit: 2,000,000)",
    )
    parser.add_argument(
        "--chunk-size", type=int, default=10_000, help="texts in a chunk (default: 10,000)"
    )
    parser.add_argument(
        "--max-length",
        type=int,
        default=200,
        help="limit: the length of a row of ids (default: 200)",
    )
    parser.add_argument(
        "--way",
        choices=("fit_from_files", "partial_fit"),
        action="append",
        help="limit: a way to fit; repeat for several (default: both)",
    )
    parser.add_argument(
        "--seeds", type=int, default=1, help="accuracy: random states of each fit (default: 1)"
    )
    run_sections("large", SECTIONS, parser, argv)


if __name__ == "__main__":
    main()
