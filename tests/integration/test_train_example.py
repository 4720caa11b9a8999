"""The example of training: the same model in one process and under torchrun."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sklearn_rnn.datasets import make_word_order
from sklearn_rnn.export import load_model
from tests.nets import same_weights

ROOT = Path(__file__).parents[2]
TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
COLUMNS = ["--text", "review", "--label", "verdict"]


@pytest.mark.slow
def test_torchrun_trains_the_same_model_on_shards(tmp_path):
    texts, labels = make_word_order(600, random_state=0)
    table = pd.DataFrame({"review": texts, "verdict": labels})
    table.to_csv(tmp_path / "reviews.csv", index=False)
    (tmp_path / "shards").mkdir()
    for name, rows in [("a", slice(0, 350)), ("b", slice(350, None))]:
        table[rows].to_parquet(tmp_path / "shards" / f"{name}.parquet")
    settings = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    paths = [tmp_path / "one", tmp_path / "two"]
    for path, launcher, corpus in zip(
        paths, [[], TORCHRUN], ["reviews.csv", "shards"], strict=True
    ):
        done = subprocess.run(
            [sys.executable, *launcher, "examples/train.py", tmp_path / corpus, path, *COLUMNS],
            cwd=ROOT,
            env={**os.environ, **settings},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("train_loss") == 1
    one, two = map(load_model, paths)
    assert same_weights(one[-1], two[-1])
    np.testing.assert_array_equal(one.predict_proba(texts), two.predict_proba(texts))
