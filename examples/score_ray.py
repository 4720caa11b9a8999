"""Classify the column `text` of Parquet files with Ray Data.

    python examples/score_ray.py /data/exported /data/texts /data/labels

Ray starts an actor for each core of the cluster. An actor loads the model when it starts. It has a
working directory of its own, so that paths must be absolute.
"""

import sys
from pathlib import Path

import pandas as pd
import ray
from scoring import classify, load


class Classifier:
    """Actor that adds the columns `label` and `probability` to a batch."""

    def __init__(self, path: str) -> None:
        self.path = path
        load(path)

    def __call__(self, batch: pd.DataFrame) -> pd.DataFrame:
        """Return the batch with the two columns."""
        return batch.join(classify(batch["text"], self.path))


def score(
    table: ray.data.Dataset, path: str, n_actors: int, batch_size: int = 1024
) -> ray.data.Dataset:
    """Return the table with the columns `label` and `probability`."""
    return table.map_batches(
        Classifier,
        fn_constructor_args=[path],
        compute=ray.data.ActorPoolStrategy(size=n_actors),
        batch_size=batch_size,
        batch_format="pandas",
        num_cpus=0.5,  # with 1, the tasks that read and write would wait forever for a core
    )


if __name__ == "__main__":
    model, source, target = sys.argv[1:]
    ray.init(runtime_env={"working_dir": str(Path(__file__).parent)})
    n_cores = int(ray.cluster_resources()["CPU"])
    score(ray.data.read_parquet(source), model, n_cores).write_parquet(target)
