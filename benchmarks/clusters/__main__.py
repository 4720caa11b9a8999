"""Clusters of two processes on this machine: searches on Dask and Ray, and scoring of tables.

    SKLEARN_RNN_DATA=... python -m benchmarks.clusters [SECTION ...]

Each section prints its tables, and writes them, with the versions and the machine, to
benchmarks/results/clusters_SECTION.json. Without a section, all run. They need the packages of the
dependency group "clusters", and Spark needs Java.
"""

from collections.abc import Sequence

from benchmarks.common.sections import make_section_parser, run_sections

# Each is a file of this folder whose function `run` returns tables by title.
SECTIONS = ("search", "transfers", "scoring")


def main(argv: Sequence[str] | None = None) -> None:
    """Run the sections named on the command line."""
    parser = make_section_parser(__doc__, SECTIONS)
    parser.add_argument("--runs", type=int, default=3, help="runs of each (default: 3)")
    parser.add_argument("--texts", type=int, help="texts at most, to try a section out")
    run_sections("clusters", SECTIONS, parser, argv)


if __name__ == "__main__":
    main()
