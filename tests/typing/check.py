"""Compare what mypy and pyright report of two files with what they are to report.

Run `python tests/typing/check.py` for both, or with the names of some. In `user_code.py` nothing is
to be reported; in `wrong_uses.py`, every line that ends in a comment ``# error: ...``.
"""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
FILES = ("user_code.py", "wrong_uses.py")
CHECKERS = ("mypy", "pyright")

Reports = dict[str, dict[int, str]]  # by file and line


def is_installed(checker: str) -> bool:
    """Return whether the Python that runs this has a type checker."""
    return importlib.util.find_spec(checker) is not None


def run_mypy() -> Reports:
    """Return what ``mypy --strict`` reports."""
    output = _run("mypy", "--config-file", FOLDER / "mypy.ini", "--no-pretty", *_paths())
    found = re.findall(r"^(.+?):(\d+): error: (.+)$", output, flags=re.MULTILINE)
    return _by_file((Path(path).name, int(line), message) for path, line, message in found)


def run_pyright() -> Reports:
    """Return what pyright reports in its standard mode."""
    config = FOLDER / "pyrightconfig.json"
    output = _run("pyright", "--outputjson", "-p", config, "--pythonpath", sys.executable)
    report = json.loads(output[output.index("{") :])
    if report["summary"]["filesAnalyzed"] != len(FILES):
        raise RuntimeError(f"pyright read {report['summary']['filesAnalyzed']} files: {output}")
    return _by_file(
        (Path(found["file"]).name, found["range"]["start"]["line"] + 1, found["message"])
        for found in report["generalDiagnostics"]
        if found["severity"] == "error"
    )


def _paths():
    return [FOLDER / name for name in FILES]


def _run(module, *arguments):
    command = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(command, cwd=FOLDER.parents[1], capture_output=True, text=True)
    if done.returncode not in (0, 1):  # 1: there are errors in the files
        raise RuntimeError(f"{module} failed.\n{done.stdout}{done.stderr}")
    return done.stdout


def _by_file(found):
    reports: Reports = {name: {} for name in FILES}
    for name, line, message in found:
        reports[name].setdefault(line, message.splitlines()[0])
    return reports


def expected_lines(name: str) -> set[int]:
    """Return the lines of a file in which an error is to be reported."""
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    return {number for number, line in enumerate(lines, 1) if re.search(r"  # error: .+$", line)}


def find_differences(checker: str) -> list[str]:
    """Return a sentence for each line of which a checker reports other than it is to."""
    reports = {"mypy": run_mypy, "pyright": run_pyright}[checker]()
    differences = []
    for name, messages in reports.items():
        expected = expected_lines(name)
        for line in sorted(messages.keys() - expected):
            differences.append(f"{name}:{line}: {checker} refuses it: {messages[line]}")
        for line in sorted(expected - messages.keys()):
            differences.append(f"{name}:{line}: {checker} accepts it, and should not")
    return differences


def main(checkers: list[str]) -> int:
    """Print the differences, and return 1 if there are any."""
    differences = [line for checker in checkers for line in find_differences(checker)]
    print("\n".join(differences) or f"As expected: {', '.join(checkers)}")
    return int(bool(differences))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or list(CHECKERS)))
