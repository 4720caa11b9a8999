"""Files of the package that are no modules are installed with it."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "sklearn_rnn"


def test_package_data_name_each_file_that_is_no_module():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = project["tool"]["setuptools"]["package-data"]["sklearn_rnn"]
    files = {path for path in PACKAGE.rglob("*") if path.is_file()}
    named = {path for pattern in patterns for path in PACKAGE.glob(pattern)}
    assert PACKAGE / "_export" / "FORMAT.md" in named
    assert {path for path in files if path.suffix not in (".py", ".pyc")} == named
