"""Sections of a benchmark: modules whose function `run` returns tables by title."""

from argparse import Namespace
from importlib import import_module

from benchmarks.common.record import write_record
from benchmarks.common.timing import SkippedError


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
