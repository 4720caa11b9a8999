"""A process that runs an exported model, with the packages of its requirements.txt alone.

    cd FOLDER; PYTHONPATH=FOLDER python -P runtime_child.py

It predicts one text and prints its memory as JSON. Then each line of stdin is a task and a number,
and it prints the seconds: "batch" classifies all texts of texts.json, "one" the last of them that
many times (the median), and "save" writes the probabilities of all to probabilities.npy.
"""

import json
import sys
import time
from pathlib import Path
from statistics import median

from onnx_text_classifier import OnnxTextClassifier


def main() -> None:
    """Predict one text, then do the tasks of stdin."""
    classifier = OnnxTextClassifier("model.onnx")
    classifier.predict_proba(["some good words"])
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    memory = {
        "MB at the first prediction": int(status["VmRSS"].split()[0]) * 1024 / 1e6,
        "peak MB at the first prediction": int(status["VmHWM"].split()[0]) * 1024 / 1e6,
    }
    print(json.dumps(memory), flush=True)
    texts = []
    for line in sys.stdin:
        task, number = line.split()
        texts = texts or json.loads(Path("texts.json").read_text())
        if task == "save":
            import numpy as np

            np.save("probabilities.npy", classifier.predict_proba(texts))
        chosen = texts[-1:] if task == "one" else texts
        runs = [seconds_of(classifier, chosen) for _ in range(int(number) if task == "one" else 1)]
        print(json.dumps(median(runs)), flush=True)


def seconds_of(classifier: OnnxTextClassifier, texts: list[str]) -> float:
    """Return the seconds of a prediction."""
    start = time.perf_counter()
    classifier.predict_proba(texts)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
