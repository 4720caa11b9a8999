"""One target under atheris: `python -m tests.fuzz TARGET SECONDS`.

It ends with an error at the first input that fails, needs more than ten seconds, or needs more than
2 GiB of memory, and leaves this input in the current folder, in the file TARGET-failed.
"""

import argparse
import sys
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

import atheris

from tests.fuzz import TARGETS

LIMITS = ["-timeout=10", "-rss_limit_mb=2048", "-max_len=4096", "-len_control=20"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("seconds", type=int)
    args = parser.parse_args()
    with atheris.instrument_imports(include=["sklearn_rnn"], enable_loader_override=False):
        target = import_module(f"tests.fuzz.{args.target}")
    current = Path(f"{args.target}-failed")

    def check(data):
        # libFuzzer writes no file if Python raises an exception, or is killed.
        current.write_bytes(data)
        target.check(data)
        current.unlink()

    seeds = Path(__file__).parent / "corpus" / args.target
    with TemporaryDirectory() as found:  # for inputs that reach new code
        options = [*LIMITS, f"-max_total_time={args.seconds}"]
        atheris.Setup([sys.argv[0], found, str(seeds), *options], check)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
