"""Each version has one home, and the files that must repeat it agree with it."""

import os
import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import sklearn_rnn

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
EXTRAS = PROJECT["optional-dependencies"]
CONSTRAINTS = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
FLOORS = [*PROJECT["dependencies"], *EXTRAS["export"], *EXTRAS["plot"], *EXTRAS["test"]]


def test_the_version_is_that_of_the_metadata():
    assert sklearn_rnn.__version__ == version("sklearn_rnn")
    assert "__version__" in dir(sklearn_rnn)


@pytest.mark.parametrize("floor", FLOORS)
def test_a_dependency_has_a_floor_and_no_ceiling(floor):
    [specifier] = Requirement(floor).specifier
    assert specifier.operator == ">="


@pytest.mark.skipif(
    "SKLEARN_RNN_ABOVE_FLOOR" not in os.environ, reason="nox -s lowest installs the floors"
)
def test_the_lowest_session_installs_the_floors():
    above = os.environ["SKLEARN_RNN_ABOVE_FLOOR"].split()
    for floor in map(Requirement, FLOORS):
        [specifier] = floor.specifier
        installed = Version(Version(version(floor.name)).public)
        if floor.name in above:
            assert installed >= Version(specifier.version), floor
        else:
            assert installed == Version(specifier.version), floor


def test_constraints_pin_all_that_is_asked_for():
    groups = PYPROJECT["dependency-groups"].values()
    asked = [*FLOORS, *EXTRAS["dev"], *(name for group in groups for name in group)]
    names = {canonicalize_name(Requirement(line).name) for line in asked} - {"sklearn-rnn"}
    pins = [Requirement(line) for line in CONSTRAINTS if not line.startswith("#")]
    assert all(pin.specifier and "==" in str(pin.specifier) for pin in pins)
    assert names <= {canonicalize_name(pin.name) for pin in pins}


def test_pre_commit_has_the_versions_of_constraints():
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    pins = re.findall(r"additional_dependencies: \[(.*)\]", hooks)
    assert len(pins) == hooks.count("additional_dependencies")
    assert set(pins) <= {line.replace("_", "-") for line in CONSTRAINTS}


def test_github_tests_the_pythons_of_the_classifiers():
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    tested = set(re.findall(r'"(3\.\d+)"', workflow))
    prefix = "Programming Language :: Python :: 3."
    classified = {line.split(" :: ")[-1] for line in PROJECT["classifiers"] if prefix in line}
    assert tested == classified
    assert PROJECT["requires-python"] == f">={min(classified, key=Version)}"
