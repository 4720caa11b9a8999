"""How fast sklearn_rnn is, against rivals measured in the same run.

    SKLEARN_RNN_DATA=... python benchmarks/speed.py [SECTION ...]

Each section prints its tables and the targets it meets, and writes them, with the versions and the
machine, to benchmarks/results/speed_SECTION.json. Rivals take turns, so that a machine that slows
down slows all of them; the medians are compared. Without a section all of them run, which takes an
hour or two; `--texts 2000 --runs 2` tries them out.
"""

import argparse
import os
import sys

import speed_cells
import speed_denormals
import speed_gpu
import speed_growth
import speed_keras
import speed_matrix
import speed_memory
import speed_overhead
import speed_prediction
import speed_search
import speed_tokenizer
import speed_training
from corpora import add_data_option
from measure import SkippedError
from record import write_record

SECTIONS = {
    "tokenizer": speed_tokenizer.run,
    "training": speed_training.run,
    "cells": speed_cells.run,
    "keras": speed_keras.run,
    "overhead": speed_overhead.run,
    "denormals": speed_denormals.run,
    "matrix": speed_matrix.run,
    "prediction": speed_prediction.run,
    "search": speed_search.run,
    "memory": speed_memory.run,
    "growth": speed_growth.run,
    "gpu": speed_gpu.run,
}


def run_section(section, options):
    """Run one section, print its tables and write them."""
    try:
        tables = SECTIONS[section](options)
    except SkippedError as reason:
        print(f"\n{section}: skipped. {reason}", flush=True)
        return
    for title, table in tables.items():
        print(f"\n{section}: {title}\n{table.to_string(float_format='%.4g', na_rep='')}")
    named = {title: table.reset_index(names="what") for title, table in tables.items()}
    print(f"\nwritten to {write_record(f'speed_{section}', named)}", flush=True)


def main(argv=None):
    """Run the sections named on the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS))
    add_data_option(parser)
    parser.add_argument("--runs", type=int, default=5, help="runs of each (default: 5)")
    parser.add_argument(
        "--texts",
        type=int,
        default=None,
        help="texts at most, to try a section out (default: all of the corpus)",
    )
    parser.add_argument(
        "--rival-batches",
        type=int,
        default=2,
        help="batches of 64 from which a slow rival's epoch is estimated, in each run (default: 2)",
    )
    parser.add_argument(
        "--keras-python",
        default=os.environ.get("SKLEARN_RNN_KERAS_PYTHON"),
        help="interpreter of the Keras rival (default: the environment variable "
        "SKLEARN_RNN_KERAS_PYTHON)",
    )
    options = parser.parse_args(argv)
    unknown = sorted(set(options.sections) - set(SECTIONS))
    if unknown:
        parser.error(f"no section {', '.join(unknown)}; choose from {', '.join(SECTIONS)}")
    for section in options.sections or SECTIONS:
        run_section(section, options)


if __name__ == "__main__":
    sys.exit(main())
