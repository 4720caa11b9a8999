"""A fit that is killed again and again, and goes on each time.

    python examples/killed_fit.py

Each process is killed by SIGKILL a while after it has begun, and the next one goes on from the
checkpoint, until one comes to the end. Its model is compared with that of a fit that nothing
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

SECONDS = 8.0  # that a process may take


def fit(checkpoint_path: str | None) -> RNNTextClassifier:
    """Fit a classifier of word order."""
    texts, labels = make_word_order(4000, random_state=0)
    classifier = RNNTextClassifier(
        hidden_size=32,
        max_epochs=8,
        random_state=0,
        verbose=checkpoint_path is not None,
        checkpoint_path=checkpoint_path,
    )
    return classifier.fit(TextTokenizer().fit_transform(texts), labels)


def main() -> None:
    """Fit in processes that are killed, and compare."""
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder, "model.pickle")
        command = [sys.executable, __file__, str(Path(folder, "fit.checkpoint")), str(model)]
        while not model.exists():
            process = subprocess.Popen(command)
            time.sleep(SECONDS)
            if process.poll() is None:
                process.kill()
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
