"""A process that fits a model, loads one and predicts, or searches; it runs with any checkout.

    PYTHONPATH=CHECKOUT python -P loading_child.py fit MODEL CORPUS
    PYTHONPATH=CHECKOUT python -P loading_child.py predict MODEL
    PYTHONPATH=CHECKOUT python -P loading_child.py search

The current directory is the checkout. CORPUS is a JSON file of texts and labels. "predict" prints
its figures as JSON at the first prediction, and the seconds of a second load in a second line;
"search" prints one line. The script imports nothing from the benchmarks, which another checkout may
lack.
"""

import json
import sys
import time
from pathlib import Path

start = time.perf_counter()

import torch  # noqa: E402, F401 (the import is timed)

TORCH_SECONDS = time.perf_counter() - start

import joblib  # noqa: E402
from sklearn.model_selection import GridSearchCV  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402

SCIKIT_LEARN_SECONDS = time.perf_counter() - start - TORCH_SECONDS

import sklearn_rnn  # noqa: E402
from sklearn_rnn import RNNTextClassifier, TextTokenizer  # noqa: E402
from sklearn_rnn.datasets import make_word_order  # noqa: E402

IMPORT_SECONDS = time.perf_counter() - start
TEXT = "some good words"


def fit(model: str, corpus: str) -> None:
    """Save a default Pipeline that is fitted for one epoch."""
    texts, labels = json.loads(Path(corpus).read_text())
    classifier = RNNTextClassifier(max_epochs=1, device="cpu", random_state=0)
    joblib.dump(make_pipeline(TextTokenizer(), classifier).fit(texts, labels), model)


def predict(model: str) -> None:
    """Load a model, predict a text, and load the model again."""
    loaded = time.perf_counter()
    pipeline = joblib.load(model)
    predicted = time.perf_counter()
    pipeline.predict([TEXT])
    figures = {
        "import of torch": TORCH_SECONDS,
        "import of scikit-learn": SCIKIT_LEARN_SECONDS,
        "import of the package above both": IMPORT_SECONDS - TORCH_SECONDS - SCIKIT_LEARN_SECONDS,
        "import of the package": IMPORT_SECONDS,
        "joblib.load, the first": predicted - loaded,
        "first prediction": time.perf_counter() - predicted,
        "peak MB at the first prediction": peak_bytes() / 1e6,
    }
    print(json.dumps(figures), flush=True)
    loaded = time.perf_counter()
    joblib.load(model)
    print(json.dumps({"joblib.load, the second": time.perf_counter() - loaded}))


def search() -> None:
    """Fit and search twice each; print the seconds, and the memory that the first fit adds."""
    texts, labels = make_word_order(100, random_state=0)
    pipeline = make_pipeline(TextTokenizer(), RNNTextClassifier(max_epochs=1, random_state=0))
    grid = {"rnntextclassifier__hidden_size": [8, 16]}
    searching = GridSearchCV(pipeline, grid, cv=2, refit=False, n_jobs=2)
    figures = {}
    before = peak_bytes()
    for estimator, what in [(pipeline, "fit"), (searching, "GridSearchCV(n_jobs=2)")]:
        for number in ("first", "second"):
            started = time.perf_counter()
            estimator.fit(texts, labels)
            figures[f"{number} {what}"] = time.perf_counter() - started
            figures.setdefault("MB that the first fit adds", (peak_bytes() - before) / 1e6)
    print(json.dumps(figures))


def peak_bytes() -> int:
    """Return the peak of resident memory of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


if __name__ == "__main__":
    imported = Path(sklearn_rnn.__file__).resolve()
    if not imported.is_relative_to(Path.cwd()):
        raise SystemExit(f"The package of {imported} was imported, not that of {Path.cwd()}.")
    task, *arguments = sys.argv[1:]
    {"fit": fit, "predict": predict, "search": search}[task](*arguments)
