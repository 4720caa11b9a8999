"""Program that forks a child for each public call, and prints how each child ended.

It takes the folder for files and, to load a model instead of fitting it, the path of the model.
"""

import json
import os
import pickle
import sys
import time
import traceback
from pathlib import Path

import joblib
import numpy as np
import torch

from tests.contracts.public_calls import CALLS, CHANGING, LABELS, TEXTS, Work, make_model

N_THREADS = 3
SECONDS = 120  # a child that takes longer hangs


def run_child(call, path):
    """Call in a forked child, which pickles the result; return "ended", "hangs" or "failed"."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            path.write_bytes(pickle.dumps(call()))
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return "ended" if status == 0 else "failed"
        time.sleep(0.01)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    return "hangs"


def is_equal(path, result):
    """Return whether a child's result has the same bits."""
    try:
        np.testing.assert_equal(pickle.loads(path.read_bytes()), result)
    except AssertionError:
        traceback.print_exc()
        return False
    return True


def main(folder, model_path=None):
    torch.set_num_threads(N_THREADS)
    model = make_model().fit(TEXTS, LABELS) if model_path is None else joblib.load(model_path)
    torch.rand(1000, 1000).exp()  # the user's own work starts the threads of OpenMP
    work = Work(model, Path(folder))
    path = Path(folder) / "result"
    for name, call in CALLS.items():
        end = run_child(lambda call=call: call(work), path)
        if end == "ended" and not is_equal(path, call(work)):
            end = "differs"
        print(json.dumps([name, end]), flush=True)
    for name, call in CHANGING.items():
        print(json.dumps([name, run_child(lambda call=call: call(work) and None, path)]))


if __name__ == "__main__":
    main(*sys.argv[1:])
