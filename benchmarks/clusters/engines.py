"""Engines with two processes on this machine, as contexts that give what a benchmark needs."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from benchmarks.common.record import ROOT
from benchmarks.common.timing import SkippedError

EXAMPLES = ROOT / "examples"
N_PROCESSES = 2
OBJECT_STORE_BYTES = 1_000_000_000  # Ray's default is a third of the memory


def require(*packages: str) -> None:
    """Skip the section unless all packages are installed."""
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        raise SkippedError(f"It needs {' and '.join(missing)}.")


@contextmanager
def dask_cluster() -> Iterator[Any]:
    """Start Dask; give its client."""
    from distributed import Client, LocalCluster

    options = {"n_workers": N_PROCESSES, "threads_per_worker": 1, "dashboard_address": ":0"}
    with LocalCluster(**options) as cluster, Client(cluster) as client:
        yield client


@contextmanager
def ray_cluster() -> Iterator[Any]:
    """Start Ray and register its backend for joblib; give the module `ray`."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    # The default, 15, waits for all else that runs here.
    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112
    import ray
    from ray.util.joblib import register_ray

    ray.init(
        num_cpus=N_PROCESSES,
        object_store_memory=OBJECT_STORE_BYTES,
        include_dashboard=False,
        log_to_driver=False,
    )
    register_ray()
    try:
        yield ray
    finally:
        ray.shutdown()


@contextmanager
def spark_session() -> Iterator[Any]:
    """Start Spark; give its session."""
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master(f"local[{N_PROCESSES}]")
    builder = builder.config("spark.ui.enabled", "false").config("spark.driver.memory", "1g")
    session = builder.config("spark.driver.bindAddress", "127.0.0.1").getOrCreate()
    session.sparkContext.addPyFile(str(EXAMPLES / "scoring.py"))
    try:
        yield session
    finally:
        session.stop()


def import_examples() -> None:
    """Let this process and its children import the files of examples/ by name."""
    sys.path.insert(0, str(EXAMPLES))
    paths = [str(EXAMPLES), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
