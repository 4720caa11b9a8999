"""Virtual environments of the external rivals.

    python -m benchmarks.accuracy.environments [--rival NAME ...] [--environments FOLDER]

Each environment is a folder FOLDER/NAME with the packages of rivals/requirements-NAME.txt. They
take 0.1 GB (fasttext), 0.4 GB (spacy) and 1.5 GB (minilm). On Linux, PyPI's PyTorch includes CUDA,
which takes some gigabytes more; PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu avoids it.
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
    parser.add_argument("--rival", action="extend", nargs="+", choices=EXTERNAL)
    add_environments_option(parser)
    args = parser.parse_args(argv)
    for name in args.rival or EXTERNAL:
        venv.create(args.environments / name, with_pip=True)
        python = find_python(args.environments, name)
        requirements = REQUIREMENTS / f"requirements-{name}.txt"
        subprocess.run([python, "-m", "pip", "install", "-r", requirements], check=True)


if __name__ == "__main__":
    main()
