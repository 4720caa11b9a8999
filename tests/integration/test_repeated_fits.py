"""Fits that are repeated in one process, as a search repeats them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

# The weights of a fit take 40 MB, their moments another 80 MB. A fit that kept any of them would
# add 40 MB to each of the last six.
SCRIPT = """
import json
import numpy as np
from pathlib import Path
from sklearn_rnn import RNNTextClassifier

rng = np.random.default_rng(0)
ids = rng.integers(1, 20_000, (200, 8), dtype=np.int32)
ids[0, 0] = 19_999
labels = rng.integers(0, 2, 200)
resident = []
for seed in range(9):
    model = RNNTextClassifier(embedding_dim=500, hidden_size=8, max_epochs=1, random_state=seed)
    model.set_params(device="cpu").fit(ids, labels).predict(ids)
    del model
    lines = Path("/proc/self/status").read_text().splitlines()
    resident += [int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:")]
print(json.dumps(resident))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_repeated_fits_keep_nothing():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    resident = json.loads(done.stdout)
    assert resident[-1] - resident[2] < 60, f"MB resident after each fit: {resident}"
