"""Exported model in a fresh environment, against the Pipeline that it was exported from.

A default Pipeline is fitted on reviews of IMDB and exported to a folder. A fresh virtual
environment has the packages of the folder's requirements.txt and nothing else; pip downloads them.
Processes of this environment run the folder's onnx_text_classifier.py. Batches of the two
alternate, each with the default threads.

Targets: at most 200 MB installed; at most 0.5 s from the start of a process to its first
prediction; a peak of at most 120 MB of resident memory until then; at most 1 ms for one text; a
batch at least as fast as `Pipeline.predict_proba`.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import IO

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline, make_pipeline

from benchmarks.common.corpora import load_texts
from benchmarks.common.processes import OtherProcesses, require_linux
from benchmarks.common.timing import Tables, check_targets, measure_in_turn, tabulate, timed
from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn.export import export_onnx

CHILD = Path(__file__).with_name("runtime_child.py")
N_TRAIN = 5_000
N_TEXTS = 2_000
N_SINGLE = 200  # predictions of one text in each run
RUNTIME, PIPELINE = "OnnxTextClassifier", "Pipeline"
SECONDS = "seconds from the start to the first prediction"
PEAK = "peak MB at the first prediction"  # as runtime_child.py names it


def run(options: Namespace) -> Tables:
    """Return the tables of the section."""
    require_linux()
    pipeline, texts = fit_pipeline(options)
    with tempfile.TemporaryDirectory() as name, OtherProcesses() as others:
        folder, environment = Path(name) / "exported", Path(name) / "environment"
        difference = export_onnx(pipeline, folder, texts=texts[:200])
        (folder / "texts.json").write_text(json.dumps(texts))
        python = install(environment, folder / "requirements.txt")
        first = [measure_start(python, folder) for _ in range(options.runs + 1)][1:]
        with runtime(python, folder) as (process, _):
            seconds = measure_in_turn(
                {
                    RUNTIME: partial(ask, process, "batch"),
                    PIPELINE: timed(partial(pipeline.predict_proba, texts)),
                },
                options.runs,
            )
            one = [ask(process, "one") for _ in range(options.runs)]
            ask(process, "save")
        probabilities = np.load(folder / "probabilities.npy")
        worst = np.abs(probabilities - pipeline.predict_proba(texts)).max()
        sizes = measure_packages(environment) | {
            "model.onnx": count_bytes(folder / "model.onnx") / 1e6
        }
    batch = tabulate(seconds, PIPELINE)
    figures = pd.DataFrame(
        {
            "median": {name: median(run[name] for run in first) for name in first[0]}
            | {"ms for one text": 1e3 * median(one)}
        }
    )
    checks = pd.DataFrame(
        {
            "value": {
                "worst difference of probabilities at export": difference,
                f"worst difference of probabilities of {len(texts):,} texts": worst,
                "cores in use by other processes": others.n_cores,
            }
        }
    )
    targets = {
        "MB installed": (sizes["all packages"], "at most", 200),
        "seconds to the first prediction": (figures["median"][SECONDS], "at most", 0.5),
        "peak MB at the first prediction": (figures["median"][PEAK], "at most", 120),
        "ms for one text": (1e3 * median(one), "at most", 1),
        "batch, times faster than Pipeline": (
            batch.loc[RUNTIME, f"times faster than {PIPELINE}"],
            "at least",
            1,
        ),
    }
    return {
        "MB on disk": pd.DataFrame({"MB": sizes}),
        "one process": figures,
        f"predict_proba of {len(texts):,} texts": batch,
        "checks": checks,
        "targets": check_targets(targets),
    }


def fit_pipeline(options: Namespace) -> tuple[Pipeline, list[str]]:
    """Return a default Pipeline fitted for one epoch, and the texts to classify.

    The last of these texts is the one of median length.
    """
    texts, labels = load_texts(options.data, "imdb", "train")
    classifier = RNNTextClassifier(max_epochs=1, device="cpu", random_state=0)
    pipeline = make_pipeline(TextTokenizer(), classifier).fit(texts[:N_TRAIN], labels[:N_TRAIN])
    chosen = load_texts(options.data, "imdb", "test")[0][: options.texts or N_TEXTS]
    middle = sorted(range(len(chosen)), key=lambda row: len(chosen[row]))[len(chosen) // 2]
    return pipeline, [*chosen[:middle], *chosen[middle + 1 :], chosen[middle]]


def install(environment: Path, requirements: Path) -> str:
    """Make the fresh environment, without pip in it, and return its interpreter."""
    venv.create(environment)
    python = str(environment / "bin" / "python")
    pip = [sys.executable, "-m", "pip", "--python", python, "--quiet"]
    subprocess.run([*pip, "install", "-r", requirements], check=True)
    return python


def measure_packages(environment: Path) -> dict[str, float]:
    """Return the MB of each package folder above 1 MB, and of all together."""
    [packages] = environment.glob("lib/python*/site-packages")
    sizes = {path.name: count_bytes(path) / 1e6 for path in sorted(packages.iterdir())}
    large = {name: size for name, size in sizes.items() if size > 1}
    return large | {"all packages": sum(sizes.values())}


def count_bytes(path: Path) -> int:
    """Return the size of a file, or of all files in a folder."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


@contextmanager
def runtime(python: str, folder: Path) -> Iterator[tuple[subprocess.Popen[str], dict]]:
    """Start a process that runs the exported model; yield it with its figures."""
    start = time.perf_counter()
    with subprocess.Popen(
        [python, "-P", str(CHILD)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        figures = json.loads(read_line(process.stdout))
        yield process, {SECONDS: time.perf_counter() - start} | figures
        process.stdin.close()


def measure_start(python: str, folder: Path) -> dict[str, float]:
    """Return the figures of a process until its first prediction."""
    with runtime(python, folder) as (_, figures):
        return figures


def ask(process: subprocess.Popen[str], task: str) -> float:
    """Let the process do a task, and return the seconds that it reports."""
    process.stdin.write(f"{task} {N_SINGLE}\n")
    process.stdin.flush()
    return json.loads(read_line(process.stdout))


def read_line(stream: IO[str] | None) -> str:
    """Return the next line of a process, which must not have ended."""
    line = stream.readline() if stream else ""
    if not line:
        raise RuntimeError("The process of the exported model has ended.")
    return line
