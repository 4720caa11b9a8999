"""Real clusters of two processes on this machine, which `nox -s clusters` has the packages for."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

OBJECT_STORE_BYTES = 200_000_000  # the least is 75 MB; the default is a third of the memory


@pytest.fixture(scope="session")
def dask_client():
    distributed = pytest.importorskip("distributed", reason="nox -s clusters installs it")
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        yield client


@pytest.fixture(scope="session")
def ray_cluster():
    """Ray with two cores and two GPUs; a GPU is a number that Ray gives away, so none is needed."""
    ray = pytest.importorskip("ray", reason="nox -s clusters installs it")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    # The default, 15, waits for all else that runs here.
    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112
    path = os.pathsep.join([str(ROOT), str(ROOT / "examples")])
    ray.init(
        runtime_env={"env_vars": {"PYTHONPATH": path}},
        num_cpus=2,
        num_gpus=2,
        object_store_memory=OBJECT_STORE_BYTES,
        include_dashboard=False,
        log_to_driver=False,
    )
    from ray.util.joblib import register_ray

    register_ray()
    yield ray
    ray.shutdown()
