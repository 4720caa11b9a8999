"""A fit that is killed again and again, and goes on each time.

    python examples/killed_fit.py

Each process is killed by SIGKILL a moment after it has written a checkpoint, and the next one goes
on from there, until one comes to the end. Its model is compared with that of a fit that nothing
interrupted: their weights are the same, to the last bit.
"""

import os
import pickle
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn.datasets import make_word_order

MOMENT = 0.5  # in seconds


def fit(checkpoint_path: str | None) -> RNNTextClassifier:
    """Fit a classifier of word order."""
    texts, labels = make_word_order(2000, random_state=0)
    classifier = RNNTextClassifier(
        hidden_size=32,
        max_epochs=4,
        random_state=0,
        verbose=checkpoint_path is not None,
        checkpoint_path=checkpoint_path,
    )
    return classifier.fit(TextTokenizer().fit_transform(texts), labels)


def written(checkpoint: Path) -> list[tuple[str, int]]:
    """Return the files of a checkpoint, and the times at which they were written."""
    files = checkpoint.parent.glob(f"{checkpoint.name}*")
    return sorted((file.name, file.stat().st_mtime_ns) for file in files)


def main() -> None:
    """Fit in processes that are killed, and compare."""
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder, "model.pickle")
        checkpoint = Path(folder, "fit.checkpoint")
        while not model.exists():
            before = written(checkpoint)
            process = subprocess.Popen([sys.executable, __file__, str(checkpoint), str(model)])
            while process.poll() is None and written(checkpoint) == before:
                time.sleep(0.05)
            time.sleep(MOMENT)
            if process.poll() is None:
                process.kill()
                process.wait()
                print("killed", flush=True)
            elif process.returncode:
                sys.exit(process.returncode)
        again = pickle.loads(model.read_bytes())
    expected = fit(None)
    weights = expected.net_.get_weights()
    assert all(np.array_equal(weights[name], w) for name, w in again.net_.get_weights().items())
    print("the same weights as without interruption")


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    else:
        path, saved = sys.argv[1:]
        pickled = pickle.dumps(fit(path))
        Path(f"{saved}.new").write_bytes(pickled)
        os.replace(f"{saved}.new", saved)
