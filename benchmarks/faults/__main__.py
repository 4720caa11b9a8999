"""Faults injected into reads, writes, fits and predictions, and how many were survived.

    python -m benchmarks.faults [KIND ...]

Survived means: the old file or the complete new one, all rows or an error that names the file, the
exception that the fault raises and a model that predicts as before; never a hang, a traceback of
the command line, or a killed process. Moments, sizes and limits are random. A KIND is a part of the
name of kinds; without one, all are tried. Results go to benchmarks/results/faults.json, where those
of other kinds stay. The kinds that change rights, mount a disk or limit processes need root.
"""

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.common.arguments import make_parser
from benchmarks.common.record import describe_run, read_rows, write_record
from benchmarks.common.timing import SkippedError
from benchmarks.faults import callers, limits, reading, writing

KINDS: dict[str, Callable[[Path, Any], None]] = {
    **writing.KINDS,
    **reading.KINDS,
    **limits.KINDS,
    **callers.KINDS,
}


def survives(kind: str, seed: int) -> bool:
    """Try a kind once; print what went wrong if it was not survived."""
    with TemporaryDirectory() as folder:
        try:
            KINDS[kind](Path(folder), np.random.default_rng(seed))
        except SkippedError:
            raise
        except Exception as error:
            print(f"{kind}, seed {seed}: {type(error).__name__}: {error}", flush=True)
            return False
    return True


def main(argv: Sequence[str] | None = None) -> None:
    """Try the kinds named on the command line."""
    parser = make_parser(__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help="part of names (default: all)")
    parser.add_argument("--tries", type=int, default=100, help="of each kind (default: 100)")
    args = parser.parse_args(argv)
    warnings.simplefilter("ignore")
    rows = {row["kind"]: row for row in read_rows("faults", "faults")}
    for kind in KINDS:
        if args.kinds and not any(part in kind for part in args.kinds):
            continue
        try:
            survived = sum(survives(kind, seed) for seed in range(args.tries))
        except SkippedError as reason:
            print(f"{kind}: skipped. {reason}", flush=True)
            continue
        rows[kind] = {
            "kind": kind,
            "tried": args.tries,
            "survived": survived,
            "command": f'python -m benchmarks.faults --tries {args.tries} "{kind}"',
            **describe_run(),
        }
        print(f"{kind}: {survived} of {args.tries} survived", flush=True)
        write_record("faults", {"faults": pd.DataFrame(rows.values())})


if __name__ == "__main__":
    main()
