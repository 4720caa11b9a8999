"""Exported models: their size, speed and accuracy, without torch and in services.

    SKLEARN_RNN_DATA=... python -m benchmarks.export [SECTION ...]

Each section prints its tables, and writes them, with the versions and the machine, to
benchmarks/results/export_SECTION.json. Without a section, all sections run.
"""

from collections.abc import Sequence

from benchmarks.common.arguments import add_data_option, make_parser
from benchmarks.common.sections import run_section

# Each is a file of this folder whose function `run` returns tables by title.
SECTIONS = ("quantization", "runtime", "serving")


def main(argv: Sequence[str] | None = None) -> None:
    """Run the sections named on the command line."""
    parser = make_parser(__doc__)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS))
    add_data_option(parser)
    parser.add_argument("--runs", type=int, default=5, help="runs of each (default: 5)")
    parser.add_argument(
        "--texts",
        type=int,
        help="texts of a split at most, to try a section out (default: all)",
    )
    options = parser.parse_args(argv)
    unknown = sorted(set(options.sections) - set(SECTIONS))
    if unknown:
        parser.error(f"no section {', '.join(unknown)}; choose from {', '.join(SECTIONS)}")
    for section in options.sections or SECTIONS:
        run_section("export", section, options)


if __name__ == "__main__":
    main()
