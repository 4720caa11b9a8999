"""Benchmark results on disk: tables with the versions, the machine and the commit they are of."""

import json
import os
import platform
import subprocess
import time
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
PACKAGES = ("sklearn_rnn", "scikit-learn", "skorch", "torch", "numpy", "pandas")


def write_record(name, tables):
    """Write tables by title to results/NAME.json, and return its path."""
    record = {
        "date": time.strftime("%Y-%m-%d"),
        "commit": _describe_commit(),
        "machine": {
            "processor": platform.processor() or platform.machine(),
            "cores": os.cpu_count(),
            "system": platform.platform(),
        },
        "versions": {"python": platform.python_version()} | {p: version(p) for p in PACKAGES},
        "tables": {title: table.to_dict(orient="records") for title, table in tables.items()},
    }
    path = HERE / "results" / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(record, indent=2) + "\n")
    return path


def _describe_commit():
    command = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(command, cwd=HERE, capture_output=True, text=True).stdout.strip()
