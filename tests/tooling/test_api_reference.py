"""The API reference of the site lists every public name."""

import re
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest

import sklearn_rnn

PAGE = (Path(__file__).parents[2] / "docs" / "api" / "index.rst").read_text(encoding="utf-8")
MODULES = [
    "sklearn_rnn",
    *(
        f"sklearn_rnn.{module.name}"
        for module in iter_modules(sklearn_rnn.__path__)
        if not module.name.startswith("_")
    ),
]


def listed_names(module):
    """Return the names that the page lists for a module."""
    sections = re.split(r"^\.\. currentmodule:: ", PAGE, flags=re.MULTILINE)[1:]
    of_module = [section for section in sections if section.splitlines()[0] == module]
    return {
        name
        for section in of_module
        for table in section.split(".. autosummary::")[1:]
        for name in re.findall(r"^   (\w+)$", table, flags=re.MULTILINE)
    }


@pytest.mark.parametrize("module", MODULES)
def test_the_page_lists_the_public_names(module):
    assert listed_names(module) == set(import_module(module).__all__)
