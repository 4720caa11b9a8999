"""Virtual environments of the external rivals.

    python -m benchmarks.accuracy.environments [NAME ...] [--environments FOLDER]

Each environment is a folder FOLDER/NAME with the packages of rivals/requirements-NAME.txt. They
take 0.1 GB (fasttext), 0.4 GB (spacy) and 1.5 GB (minilm), with PyTorch's build for CPUs. PyPI's
build for Linux includes CUDA and takes some gigabytes more; a line "--index-url
https://download.pytorch.org/whl/cpu" of pip's configuration avoids it.
"""

import argparse
import subprocess
import venv
from collections.abc import Sequence
from pathlib import Path

from benchmarks.accuracy.models import EXTERNAL
from benchmarks.common.arguments import make_parser

FOLDER = Path.home() / ".cache" / "sklearn_rnn_rivals"
REQUIREMENTS = Path(__file__).parent / "rivals"


def add_environments_option(parser: argparse.ArgumentParser) -> None:
    """Add --environments, the folder of the environments."""
    parser.add_argument(
        "--environments",
        type=Path,
        default=FOLDER,
        help="folder of the external rivals' environments (default: ~/.cache/sklearn_rnn_rivals)",
    )


def find_python(environments: Path, name: str) -> Path:
    """Return the path of an environment's interpreter."""
    return environments / name / "bin" / "python"


def main(argv: Sequence[str] | None = None) -> None:
    """Make the environments named on the command line, or all."""
    parser = make_parser(__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *EXTERNAL], metavar="NAME")
    add_environments_option(parser)
    args = parser.parse_args(argv)
    for name in args.names or EXTERNAL:
        venv.create(args.environments / name, with_pip=True)
        python = find_python(args.environments, name)
        requirements = REQUIREMENTS / f"requirements-{name}.txt"
        subprocess.run([python, "-m", "pip", "install", "-r", requirements], check=True)


if __name__ == "__main__":
    main()
