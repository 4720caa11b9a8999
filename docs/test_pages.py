"""All code blocks of the pages are run, those of a page in order, as one program.

`nox -s docs` runs these tests; `pytest` alone does not, because they take minutes.
"""

import doctest
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

DOCS = Path(__file__).parent
PAGES = sorted(path for path in DOCS.rglob("*.md") if "```" in path.read_text(encoding="utf-8"))
BLOCK = re.compile(r"^```(python|pycon|bash)\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
FENCE = re.compile(r"^```(\w+)", flags=re.MULTILINE)

# Other libraries that blocks use. A block that imports a missing one is compiled, not run.
OTHERS = {"fasttext", "keras", "mlflow"}


def read_blocks(page):
    """Return the language, the code and the first line of each block of a page."""
    text = page.read_text(encoding="utf-8")
    return [
        (match[1], match[2], text.count("\n", 0, match.start()) + 2)
        for match in BLOCK.finditer(text)
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_the_code_of_a_page_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    names = {"__name__": page.stem}
    for language, code, line in read_blocks(page):
        where = f"{page.relative_to(DOCS)}, line {line}"
        if language == "python":
            run_python(code, names, where)
        elif language == "pycon":
            run_doctest(code, names, where)
        elif not code.startswith("pip install"):
            run_bash(code, where)


def test_every_block_has_a_language_that_is_run():
    for page in PAGES:
        assert set(FENCE.findall(page.read_text(encoding="utf-8"))) <= {"python", "pycon", "bash"}


def test_installations_name_extras_that_exist():
    project = (DOCS.parent / "pyproject.toml").read_text(encoding="utf-8")
    for page in PAGES:
        for language, code, _ in read_blocks(page):
            if language == "bash" and code.startswith("pip install"):
                for extra in re.findall(r"\[([\w,]+)\]", code):
                    for name in extra.split(","):
                        assert f"\n{name} = [" in project


def run_python(code, names, where):
    """Run a block, or compile it if it needs another library that is not installed."""
    program = compile(code, where, "exec")
    missing = [name for name in OTHERS if f"import {name}" in code and find_spec(name) is None]
    if not missing:
        exec(program, names)


def run_doctest(code, names, where):
    """Run a block with outputs, and compare them."""
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    test = doctest.DocTestParser().get_doctest(code, names, where, where, 0)
    runner = doctest.DocTestRunner(optionflags=flags)
    lines = []
    runner.run(test, out=lines.append, clear_globs=False)
    assert not runner.summarize(verbose=False).failed, "".join(lines)
    names.update(test.globs)


def run_bash(code, where):
    """Run a block by bash, with the Python that runs the tests."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path}
    run = subprocess.run(
        ["bash", "-e", "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, f"{where}:\n{run.stderr}"
