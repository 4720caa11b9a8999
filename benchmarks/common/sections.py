"""Sections of a benchmark: modules whose function `run` returns tables by title."""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from importlib import import_module

from benchmarks.common.arguments import add_data_option, make_parser
from benchmarks.common.record import write_record
from benchmarks.common.timing import SkippedError


def make_section_parser(description: str | None, sections: Sequence[str]) -> ArgumentParser:
    """Make a parser of the sections to run and of the folder of the corpora."""
    parser = make_parser(description)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(sections))
    add_data_option(parser)
    return parser


def run_sections(
    package: str, sections: Sequence[str], parser: ArgumentParser, argv: Sequence[str] | None
) -> None:
    """Run the sections that the command line names; if it names none, run all.

    Parameters
    ----------
    package : str
        Name of a package of `benchmarks`.
    sections : sequence of str
        Names of its sections.
    parser : ArgumentParser
        As `make_section_parser` returns it, with further options.
    argv : sequence of str or None
        The arguments. None: those of the process.
    """
    options = parser.parse_args(argv)
    unknown = sorted(set(options.sections) - set(sections))
    if unknown:
        parser.error(f"no section {', '.join(unknown)}; choose from {', '.join(sections)}")
    for section in options.sections or sections:
        run_section(package, section, options)


def run_section(package: str, section: str, options: Namespace) -> None:
    """Run a section, print its tables, and write them to benchmarks/results/PACKAGE_SECTION.json.

    Parameters
    ----------
    package : str
        Name of a package of `benchmarks`.
    section : str
        Name of a module of the package.
    options : Namespace
        What the section is run with.
    """
    try:
        tables = import_module(f"benchmarks.{package}.{section}").run(options)
    except SkippedError as reason:
        print(f"\n{section}: skipped. {reason}", flush=True)
        return
    for title, table in tables.items():
        print(f"\n{section}: {title}\n{table.to_string(float_format='%.4g', na_rep='')}")
    named = {title: table.reset_index(names="what") for title, table in tables.items()}
    print(f"\nwritten to {write_record(f'{package}_{section}', named)}", flush=True)
