"""Benchmark results on disk: tables with the commit, the machine and the versions behind them."""

import json
import os
import platform
import subprocess
import time
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import torch

ROOT = Path(__file__).parents[2]  # of the repository
RESULTS = ROOT / "benchmarks" / "results"
PACKAGES = ("sklearn_rnn", "scikit-learn", "skorch", "torch", "numpy", "pandas")


def write_record(name: str, tables: dict[str, pd.DataFrame]) -> Path:
    """Write tables by title to results/NAME.json, and return the path of the file."""
    record = {
        "date": time.strftime("%Y-%m-%d"),
        "commit": describe_commit(),
        "machine": describe_machine(),
        "versions": describe_versions(),
        "tables": {title: _to_rows(table) for title, table in tables.items()},
    }
    path = RESULTS / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    complete = path.with_suffix(f".{os.getpid()}")
    complete.write_text(json.dumps(record, indent=2) + "\n")
    complete.replace(path)  # another run may read the file at any time
    return path


def read_rows(name: str, title: str) -> list[dict]:
    """Return the rows of a table of results/NAME.json; no rows if there is no such table."""
    path = RESULTS / f"{name}.json"
    tables = json.loads(path.read_text())["tables"] if path.exists() else {}
    return tables.get(title, [])


def _to_rows(table: pd.DataFrame) -> list[dict]:
    """Return a list of dicts, with None instead of NaN, which JSON lacks."""
    return json.loads(table.to_json(orient="records", double_precision=15))


def describe_run() -> dict[str, str]:
    """Return the commit and the processor, for a table whose rows come from different runs."""
    return {"commit": describe_commit(), "processor": describe_processor()}


def describe_versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that figures depend on."""
    versions = {package: version(package) for package in PACKAGES}
    return {"python": platform.python_version()} | versions


def describe_machine() -> dict[str, str | int | None]:
    """Return the processor, its cores, torch's threads and the GPU."""
    return {
        "processor": describe_processor(),
        "matrix instructions": torch.backends.cpu.get_cpu_capability(),
        "cores": os.cpu_count(),
        "torch threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "system": platform.platform(),
    }


def describe_processor() -> str:
    """Return the processor's name; on Linux, also its family, model and vector extensions."""
    path = Path("/proc/cpuinfo")
    if not path.exists():
        return platform.processor() or platform.machine()
    lines = path.read_text().partition("\n\n")[0].splitlines()
    fields = dict(line.replace("\t", "").split(":", 1) for line in lines if ":" in line)
    name = fields.get("model name", platform.machine()).strip()
    numbers = [f"{key} {fields[key].strip()}" for key in ("cpu family", "model") if key in fields]
    flags = fields.get("flags", "").split()
    extensions = [flag for flag in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if flag in flags]
    return ", ".join([name, *numbers, *extensions])


def describe_commit() -> str:
    """Return the commit, with "-dirty" if files outside the results have changed since."""
    code = [":/", ":(top,exclude)benchmarks/results"]
    is_changed = _run_git("diff", "--quiet", "HEAD", "--", *code).returncode == 1
    return _run_git("describe", "--always").stdout.strip() + "-dirty" * is_changed


def _run_git(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
