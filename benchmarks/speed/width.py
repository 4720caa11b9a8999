"""What the padding of a wide matrix of ids costs, and what max_length="auto" spares of it.

The default Pipeline is fitted to a corpus with max_length=400 and with "auto", and classifies the
test texts. Each figure comes from a new process on one core, and those of both widths are measured
in turn. The peak, VmHWM less the resident memory after the imports, includes the texts. A text has
other ids if it is cut, or loses its characters, and does not with 400 columns.

Then a classifier is fitted for one epoch to news in matrices that are as wide as the longest text,
and wider: what it takes more is the cost of padding alone.

Targets: "auto" gives at most 0.1 % of the texts other ids than 400 columns, and takes at most 5 %
more memory and processor time, which is their noise.
"""

import json
import sys
import time
from argparse import Namespace
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from benchmarks.common.corpora import load_ids, load_texts
from benchmarks.common.processes import require_linux, reset_peak, run_module, status_bytes
from benchmarks.common.timing import Tables, check_targets, measure_in_turn
from sklearn_rnn import RNNTextClassifier, TextTokenizer

CORPORA = ("banking77", "ag_news")
WIDE = 400
WIDTHS = (str(WIDE), "auto")
FACTORS = (1, 2, 4, 8)  # times the length of the longest text
N_TEXTS = 60_000
N_PADDED = 20_000
GB = 1e9


def run(options: Namespace) -> Tables:
    """Return the tables of the section."""
    require_linux()
    most = options.texts or N_TEXTS
    fits = tabulate_runs(
        {
            f"{corpus}, {width}": ("fit", options.data, corpus, width, most)
            for corpus in CORPORA
            for width in WIDTHS
        },
        options.runs,
    )
    padding = tabulate_runs(
        {
            f"{factor} x the longest": ("pad", options.data, factor, min(most, N_PADDED))
            for factor in FACTORS
        },
        options.runs,
    )
    targets = {}
    for corpus in CORPORA:
        wide, auto = (fits.loc[f"{corpus}, {width}"] for width in WIDTHS)
        for name in ("GB over the imports", "processor seconds"):
            targets[f"{corpus}: {name}, auto over 400"] = auto[name] / wide[name], "at most", 1.05
        share = 100 * auto["texts with other ids"] / auto["texts"]
        targets[f"{corpus}: % of the texts with other ids"] = share, "at most", 0.1
    return {
        "the default Pipeline": fits,
        "padding": padding,
        "targets": check_targets(targets),
    }


def tabulate_runs(tasks: dict[str, tuple[object, ...]], n_runs: int) -> pd.DataFrame:
    """Run tasks in turn, each in a process of its own; return the medians, a row for each."""
    measures = {
        name: lambda arguments=arguments: run_module(__name__, *arguments)
        for name, arguments in tasks.items()
    }
    runs = measure_in_turn(measures, n_runs)
    return pd.DataFrame({name: pd.DataFrame(figures).median() for name, figures in runs.items()}).T


def fit_pipeline(data_dir: str, corpus: str, width: str, most: str) -> dict[str, float]:
    """Measure the steps of the default Pipeline."""
    max_length = width if width == "auto" else int(width)
    base = status_bytes("VmRSS")
    texts, labels = (values[: int(most)] for values in load_texts(Path(data_dir), corpus, "train"))
    new_texts, new_labels = load_texts(Path(data_dir), corpus, "test")
    reset_peak()
    tokenizer = TextTokenizer(max_length=max_length)
    classifier = RNNTextClassifier(device="cpu", random_state=0)
    seconds = [time.process_time()]
    ids = tokenizer.fit_transform(texts)
    seconds.append(time.process_time())
    classifier.fit(ids, labels)
    seconds.append(time.process_time())
    new_ids = tokenizer.transform(new_texts)
    predicted = classifier.predict(new_ids)
    seconds.append(time.process_time())
    peak = status_bytes("VmHWM")
    steps = np.diff(seconds)
    wide = TextTokenizer(max_length=WIDE).fit(texts)
    return {
        "texts": len(texts),
        "columns": ids.shape[1],
        "% padding": 100 * np.mean(ids == 0),
        "texts with other ids": count_differences(ids, wide.transform(texts)),
        "new texts with other ids": count_differences(new_ids, wide.transform(new_texts)),
        "GB of the ids": ids.nbytes / GB,
        "GB over the imports": (peak - base) / GB,
        "seconds of the tokenizer": steps[0],
        "seconds of the fit": steps[1],
        "seconds of the prediction": steps[2],
        "processor seconds": steps.sum(),
        "accuracy": np.mean(predicted == new_labels),
    }


def count_differences(ids: np.ndarray, wide: np.ndarray) -> int:
    """Return the number of rows that differ from those of a wider matrix."""
    n_columns = ids.shape[1]
    is_other = (ids != wide[:, :n_columns]).any(1) | wide[:, n_columns:].any(1)
    return int(is_other.sum())


def fit_padded(data_dir: str, factor: str, n_texts: str) -> dict[str, float]:
    """Measure a fit to news in a matrix with more padding, and a prediction of the same texts."""
    ids, labels = load_ids(Path(data_dir), "ag_news", "train", None)
    ids, labels = ids[: int(n_texts)], labels[: int(n_texts)]
    wide = np.zeros((len(ids), int(factor) * ids.shape[1]), dtype=np.int32)
    wide[:, : ids.shape[1]] = ids
    n_words = np.count_nonzero(ids)
    del ids
    before = status_bytes("VmRSS")
    reset_peak()
    classifier = RNNTextClassifier(max_epochs=1, device="cpu", random_state=0)
    start = time.process_time()
    classifier.fit(wide, labels)
    fitted = time.process_time()
    classifier.predict(wide)
    return {
        "texts": len(wide),
        "columns": wide.shape[1],
        "words of a text": n_words / len(wide),
        "GB of the ids": wide.nbytes / GB,
        "GB of the fit": (status_bytes("VmHWM") - before) / GB,
        "seconds of the fit": fitted - start,
        "seconds of the prediction": time.process_time() - fitted,
    }


TASKS = {"fit": fit_pipeline, "pad": fit_padded}

if __name__ == "__main__":
    torch.set_num_threads(1)
    task, *arguments = sys.argv[1:]
    print(json.dumps(TASKS[task](*arguments)))
