"""Resident memory after each of many fits of the default Pipeline in one process.

A search fits hundreds of models in one process. Each fit trains for one epoch on other reviews of
IMDB: 4,000 and 3,000 in turn, so that the shapes of the batches differ. What a fit learned is
dropped before the next. oneDNN caches a primitive for each shape of a batch, up to 1,024 of them,
so that the first fits add memory; then it must stay.

Target: the last five fits leave at most 5 % more than the five before.
"""

import json
import sys
import time
from argparse import Namespace
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline

from benchmarks.common.corpora import load_texts
from benchmarks.common.processes import require_linux, run_module, status_bytes
from benchmarks.common.timing import Tables, check_targets
from sklearn_rnn import RNNTextClassifier, TextTokenizer

GB = 1e9
N_FITS = 25
N_TEXTS = 4_000


def run(options: Namespace) -> Tables:
    """Return the tables of the section."""
    require_linux()
    n_texts = min(options.texts or N_TEXTS, N_TEXTS)
    result = run_module(__name__, options.data, n_texts)
    fits = pd.DataFrame(result, index=pd.RangeIndex(1, N_FITS + 1, name="fit"))
    before, last = fits["GB resident"][-10:-5].mean(), fits["GB resident"][-5:].mean()
    target = {"the last five fits, over the five before": (last / before, "at most", 1.05)}
    return {"resident memory after each fit": fits, "targets": check_targets(target)}


def measure_fits(data_dir: Path, n_texts: int) -> dict[str, list[float]]:
    """Return the resident memory after each fit, and its seconds."""
    texts, labels = load_texts(data_dir, "imdb", "train")
    rng = np.random.default_rng(0)
    resident, seconds = [], []
    for number in range(N_FITS):
        n = n_texts if number % 2 == 0 else n_texts * 3 // 4
        rows = rng.choice(len(texts), n, replace=False)
        start = time.perf_counter()
        model = make_pipeline(TextTokenizer(), RNNTextClassifier(max_epochs=1, device="cpu"))
        model.fit([texts[row] for row in rows], labels[rows])
        seconds.append(time.perf_counter() - start)
        del model
        resident.append(status_bytes("VmRSS") / GB)
    return {"GB resident": resident, "seconds": seconds}


if __name__ == "__main__":
    print(json.dumps(measure_fits(Path(sys.argv[1]), int(sys.argv[2]))))
