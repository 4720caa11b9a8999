"""Classify the column `text` of Parquet files with Dask.

    python examples/score_dask.py exported texts labels [ADDRESS OF A SCHEDULER]

Without an address, Dask starts a worker process for each core. A worker loads the model for the
first partition that it gets.
"""

import sys
from pathlib import Path

import dask.dataframe as dd
import pandas as pd
from dask.distributed import Client
from scoring import PREDICTION, classify


def add_predictions(table: pd.DataFrame, path: str) -> pd.DataFrame:
    """Return a partition with the columns `label` and `probability`."""
    return table.join(classify(table["text"], path))


def score(table: dd.DataFrame, path: str) -> dd.DataFrame:
    """Return the table with the columns `label` and `probability`."""
    columns = table._meta.assign(label="", probability=0.0).astype(PREDICTION)
    return table.map_partitions(add_predictions, path, meta=columns)


if __name__ == "__main__":
    model, source, target, *address = sys.argv[1:]
    with Client(*address, **({} if address else {"threads_per_worker": 1})) as client:
        client.upload_file(str(Path(__file__).with_name("scoring.py")))
        score(dd.read_parquet(source), model).to_parquet(target)
