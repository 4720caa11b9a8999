"""Benchmark results on disk: tables with the versions, the machine and the commit they are of."""

import json
import os
import platform
import subprocess
import time
from importlib.metadata import version
from pathlib import Path

import torch

HERE = Path(__file__).parent
PACKAGES = ("sklearn_rnn", "scikit-learn", "skorch", "torch", "numpy", "pandas")


def write_record(name, tables, **more_versions):
    """Write tables by title to results/NAME.json, and return its path."""
    record = {
        "date": time.strftime("%Y-%m-%d"),
        "commit": describe_commit(),
        "machine": describe_machine(),
        "versions": {"python": platform.python_version()}
        | {package: version(package) for package in PACKAGES}
        | more_versions,
        "tables": {title: _rows(table) for title, table in tables.items()},
    }
    path = HERE / "results" / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(record, indent=2) + "\n")
    return path


def describe_machine():
    """Return what the figures depend on: the processor, its cores, torch's threads and the GPU."""
    return {
        "processor": describe_processor(),
        "matrix instructions": torch.backends.cpu.get_cpu_capability(),
        "cores": os.cpu_count(),
        "torch threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "system": platform.platform(),
    }


def describe_processor():
    """Return the model's name, family and stepping on Linux, where a cloud's name says little."""
    path = Path("/proc/cpuinfo")
    if not path.exists():
        return platform.processor() or platform.machine()
    lines = path.read_text().partition("\n\n")[0].splitlines()
    facts = dict(line.replace("\t", "").split(":", 1) for line in lines if ":" in line)
    name = facts.get("model name", platform.machine()).strip()
    numbers = [f"{key} {facts[key].strip()}" for key in ("cpu family", "model") if key in facts]
    flags = facts.get("flags", "").split()
    kinds = [flag for flag in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if flag in flags]
    return ", ".join([name, *numbers, *kinds])


def _rows(table):
    """Return a list of dicts; what is missing is None, which JSON has, and not NaN."""
    return json.loads(table.to_json(orient="records", double_precision=15))


def describe_commit():
    """Return the commit, and "-dirty" after it if anything but records has changed since."""
    code = [":/", ":(top,exclude)benchmarks/results"]
    is_changed = _run_git("diff", "--quiet", "HEAD", "--", *code).returncode == 1
    return _run_git("describe", "--always").stdout.strip() + "-dirty" * is_changed


def _run_git(*arguments):
    return subprocess.run(["git", *arguments], cwd=HERE, capture_output=True, text=True)
