"""Exported models: their size, speed and accuracy, without torch and in services.

    SKLEARN_RNN_DATA=... python -m benchmarks.export [SECTION ...]

Each section prints its tables, and writes them, with the versions and the machine, to
benchmarks/results/export_SECTION.json. Without a section, all sections run.
"""

from collections.abc import Sequence

from benchmarks.common.sections import make_section_parser, run_sections

# Each is a file of this folder whose function `run` returns tables by title.
SECTIONS = ("quantization", "runtime", "serving")


def main(argv: Sequence[str] | None = None) -> None:
    """Run the sections named on the command line."""
    parser = make_section_parser(__doc__, SECTIONS)
    parser.add_argument("--runs", type=int, default=5, help="runs of each (default: 5)")
    parser.add_argument(
        "--texts",
        type=int,
        help="texts of a split at most, to try a section out (default: all)",
    )
    run_sections("export", SECTIONS, parser, argv)


if __name__ == "__main__":
    main()
