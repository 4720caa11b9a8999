"""Loading of a fitted model, a process from its start to the first prediction, and first fits.

The model is a default Pipeline fitted for one epoch on 2,000 reviews of IMDB. Each run is a new
process, which imports the package, loads the model by joblib.load, predicts one text and loads the
model again. The first load includes the imports that it triggers. The peak is that of resident
memory at the first prediction. Another process fits a Pipeline to 100 generated texts twice, and
then searches two candidates on two folds twice: the first search starts two workers, each of which
imports the package. `--rival DIR` also measures the package in DIR, another checkout, in
alternation, on a model that this package fits; its rows have the name of the folder.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from functools import partial
from pathlib import Path

import pandas as pd

from benchmarks.common.corpora import load_texts
from benchmarks.common.processes import require_linux
from benchmarks.common.record import ROOT
from benchmarks.common.timing import Tables, measure_in_turn, tabulate

N_TEXTS = 2_000
CHILD = Path(__file__).with_name("loading_child.py")
OURS = "this checkout"
TOTAL = "process from its start to the first prediction"
PEAK = "peak MB at the first prediction"
ADDED = "MB that the first fit adds"


def run(options: Namespace) -> Tables:
    """Return the tables of the section."""
    require_linux()
    texts, labels = load_texts(options.data, "imdb", "train")
    n_texts = min(options.texts or N_TEXTS, N_TEXTS)
    checkouts = {OURS: ROOT}
    if options.rival is not None:
        checkouts[options.rival.resolve().name] = options.rival.resolve()
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "corpus.json"
        corpus.write_text(json.dumps([texts[:n_texts], labels[:n_texts].tolist()]))
        models = {name: Path(folder) / f"{number}.joblib" for number, name in enumerate(checkouts)}
        for name, checkout in checkouts.items():
            fit_model(checkout, models[name], corpus)
        measures = {
            name: partial(measure_process, checkout, models[name])
            for name, checkout in checkouts.items()
        }
        for measure in measures.values():
            measure()  # reads the files from the disk, and compiles them
        runs = measure_in_turn(measures, options.runs)
        megabytes = {name: path.stat().st_size / 1e6 for name, path in models.items()}
    return tabulate_figures(runs) | {
        "memory and disk": pd.DataFrame(
            {
                **{
                    figure: {name: pd.DataFrame(of)[figure].median() for name, of in runs.items()}
                    for figure in (PEAK, ADDED)
                },
                "MB of the file": megabytes,
            }
        )
    }


def tabulate_figures(runs: dict[str, list[dict[str, float]]]) -> Tables:
    """Make a table of each figure in seconds, with a row for each checkout."""
    rivals = [name for name in runs if name != OURS]
    figures = [figure for figure in runs[OURS][0] if figure not in (PEAK, ADDED)]
    return {
        figure: tabulate({name: [run[figure] for run in of] for name, of in runs.items()}, *rivals)
        for figure in figures
    }


def fit_model(checkout: Path, model: Path, corpus: Path) -> None:
    """Fit and save a model with the package in `checkout`."""
    command, settings = child_of(checkout, "fit", model, corpus)
    subprocess.run(command, check=True, **settings)


def measure_process(checkout: Path, model: Path) -> dict[str, float]:
    """Return the figures of a process that loads a model of `checkout`, and of one that fits."""
    command, settings = child_of(checkout, "predict", model)
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **settings) as process:
        first = process.stdout.readline()
        seconds = time.perf_counter() - start
        second = process.stdout.read()
    command, settings = child_of(checkout, "search")
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **settings)
    return {TOTAL: seconds} | json.loads(first) | json.loads(second) | json.loads(done.stdout)


def child_of(checkout: Path, *arguments: object) -> tuple[list[str], dict]:
    """Return the command and settings of a process that imports the package in `checkout`."""
    command = [sys.executable, "-P", str(CHILD), *map(str, arguments)]
    return command, {"cwd": checkout, "env": os.environ | {"PYTHONPATH": str(checkout)}}
