"""External rival as a process that fits on the texts of a file and writes probabilities.

    ENVIRONMENTS/NAME/bin/python -m benchmarks.accuracy.rivals.child NAME FOLDER

FOLDER/task.json holds the training texts ("texts"), their class indices ("labels"), the test texts
("test"), "n_classes", "analyzer", "language" and "embeddings". The process writes the probabilities
of the test texts to FOLDER/proba.npy, and the seconds, the bytes on disk and the version to
FOLDER/outcome.json.
"""

import json
import sys
import time
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import numpy as np


def main(name: str, folder: Path) -> None:
    """Fit, predict, save, and write the outcome."""
    task = json.loads((folder / "task.json").read_text(encoding="utf-8"))
    module = import_module(f"benchmarks.accuracy.rivals.{name}_rival")
    rival = module.Rival(task, folder)
    clock = getattr(rival, "clock", time.perf_counter)
    start = clock()
    rival.fit(task["texts"], np.array(task["labels"]))
    fitted = clock()
    proba = rival.predict_proba(task["test"])
    predicted = clock()
    rival.save(folder / "model")
    outcome = {
        "fit_seconds": fitted - start,
        "predict_seconds": predicted - fitted,
        "bytes": count_bytes(folder / "model"),
        "version": f"{module.PACKAGE} {version(module.PACKAGE)}",
        "is_timed": getattr(rival, "is_timed", True),
    }
    np.save(folder / "proba.npy", proba)
    (folder / "outcome.json").write_text(json.dumps(outcome))


def count_bytes(path: Path) -> int:
    """Return the size of a file, or of all files in a folder."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
