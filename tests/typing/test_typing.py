"""The types of the package, as users' type checkers see them; and the users' code, run."""

import os
import subprocess
import sys

import pytest

from tests.typing.check import (
    CHECKERS,
    FILES,
    FOLDER,
    expected_lines,
    find_differences,
    is_installed,
)


@pytest.mark.parametrize("checker", CHECKERS)
def test_checkers_accept_every_documented_value_and_refuse_wrong_uses(checker):
    if not is_installed(checker):
        pytest.skip(f"{checker} is not installed: pip install -c constraints.txt {checker}")
    assert find_differences(checker) == []


def test_wrong_uses_are_marked():
    assert {name: bool(expected_lines(name)) for name in FILES} == {
        "user_code.py": False,
        "wrong_uses.py": True,
    }


def test_every_line_of_the_users_code_runs(tmp_path):
    environment = os.environ | {
        "MPLBACKEND": "Agg",
        "PYTHONPATH": str(FOLDER.parents[1]),
        "PYTHONWARNINGS": "error",
    }
    command = [sys.executable, str(FOLDER / "user_code.py")]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
