"""Hardware: the device, and the floating-point type that layers are trained in."""

import multiprocessing
import re
import sys
from types import SimpleNamespace

import pytest
import torch
from joblib import Parallel, delayed, parallel_config

from sklearn_rnn._training import hardware
from sklearn_rnn._training.hardware import available_device, resolve_device, resolve_precision

CPU, GPU = torch.device("cpu"), torch.device("cuda")


@pytest.fixture
def n_gpus(monkeypatch, request):
    """Make torch find `n_gpus` GPUs, so that tests need none."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: request.param > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: request.param)
    return request.param


@pytest.mark.parametrize(
    ("n_gpus", "device", "resolved"),
    [
        (0, "auto", "cpu"),
        (0, "cpu", "cpu"),
        (2, "auto", "cuda"),
        (2, "cpu", "cpu"),
        (2, "cuda", "cuda"),
        (2, "cuda:1", "cuda:1"),
    ],
    indirect=["n_gpus"],
)
def test_resolved_device(n_gpus, device, resolved):
    assert resolve_device(device) == torch.device(resolved)


@pytest.mark.parametrize(
    ("n_gpus", "resolved"),
    [
        (0, ["cpu"] * 4),
        (1, ["cuda:0"] * 4),
        (2, ["cuda:1", "cuda:0", "cuda:1", "cuda:0"]),
        (3, ["cuda:1", "cuda:2", "cuda:0", "cuda:1"]),
    ],
    indirect=["n_gpus"],
)
def test_workers_of_joblib_use_the_gpus_in_turn(monkeypatch, n_gpus, resolved):
    for number, device in enumerate(resolved, 1):
        process = SimpleNamespace(name=f"LokyProcess-{number}")
        monkeypatch.setattr(multiprocessing, "current_process", lambda process=process: process)
        assert resolve_device("auto") == torch.device(device)


@pytest.mark.parametrize(
    ("n_gpus", "device", "resolved"),
    [
        (0, "auto", "cpu"),
        (8, "auto", "cuda:5"),
        (8, "cuda", "cuda:5"),
        (8, "cuda:2", "cuda:2"),
        (8, "cpu", "cpu"),
        (1, "cuda", "cuda:0"),  # each process sees its own GPU, or they share one
    ],
    indirect=["n_gpus"],
)
def test_a_rank_of_a_process_group_uses_the_gpu_of_its_number(
    monkeypatch, n_gpus, device, resolved
):
    monkeypatch.setenv("LOCAL_RANK", "5")
    monkeypatch.setattr(hardware, "in_process_group", lambda: True)
    assert resolve_device(device) == torch.device(resolved)


@pytest.mark.parametrize("n_gpus", [2], indirect=True)
@pytest.mark.parametrize(
    ("name", "resolved"),
    [
        (0, "cuda:0"),  # of LocalCluster
        (3, "cuda:1"),
        ("SLURMCluster-2", "cuda:0"),
        ("gpu-1", "cuda:1"),
        ("tcp://127.0.0.1:40001", "cuda"),
    ],
)
def test_workers_of_dask_use_the_gpus_in_turn(monkeypatch, n_gpus, name, resolved):
    worker = SimpleNamespace(name=name)
    monkeypatch.setitem(sys.modules, "distributed", SimpleNamespace(get_worker=lambda: worker))
    assert resolve_device("auto") == torch.device(resolved)
    # dask-cuda gives a worker its own order of the GPUs.
    monkeypatch.setitem(sys.modules, "dask_cuda", SimpleNamespace())
    assert resolve_device("auto") == GPU


@pytest.mark.parametrize("n_gpus", [2], indirect=True)
def test_outside_of_a_task_of_dask_auto_is_the_current_gpu(monkeypatch, n_gpus):
    def get_worker():
        raise ValueError("No worker found")

    monkeypatch.setitem(sys.modules, "distributed", SimpleNamespace(get_worker=get_worker))
    assert resolve_device("auto") == GPU


def test_joblib_numbers_its_workers():
    with parallel_config("loky", n_jobs=2):
        names = Parallel()(delayed(worker_name)() for _ in range(4))
    assert all(re.fullmatch(r"LokyProcess-\d+", name) for name in names)


def worker_name():
    return multiprocessing.current_process().name


@pytest.mark.parametrize(
    ("n_gpus", "device"), [(0, "cuda"), (0, "cuda:0"), (1, "cuda:1")], indirect=["n_gpus"]
)
def test_missing_gpu_is_refused(n_gpus, device):
    message = (
        f"device='{device}' asks for a GPU that torch does not find: it finds {n_gpus}. Pass "
        "device='auto' to take a GPU only where there is one, or device='cpu'."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        resolve_device(device)


@pytest.mark.parametrize("device", ["gpu", "mps", "cuda:x", "cpu:1", ""])
def test_invalid_device_is_refused(device):
    message = f"device='{device}' must be 'auto', 'cpu', 'cuda' or 'cuda:N'."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        resolve_device(device)


@pytest.mark.parametrize("n_gpus", [0], indirect=True)
def test_loaded_model_uses_the_cpu_if_its_gpu_is_missing(n_gpus):
    message = (
        "This model was saved with device='cuda', which is not on this machine. It is loaded on "
        "the CPU; its parameter is left as it was."
    )
    with pytest.warns(UserWarning, match=f"^{re.escape(message)}$"):
        assert available_device("cuda") == torch.device("cpu")


@pytest.mark.parametrize("device", [CPU, GPU])
def test_explicit_precision(device):
    lstm, gru = ({"cell_type": cell, "hidden_sizes": (64,)} for cell in ("lstm", "gru"))
    assert resolve_precision("float32", device, **lstm) == torch.float32
    assert resolve_precision("bfloat16", device, **gru) == torch.bfloat16


@pytest.mark.parametrize(
    ("capabilities", "cell_type", "hidden_sizes", "expected"),
    [
        ({"amx_bf16": True}, "lstm", (64,), torch.bfloat16),
        ({"amx_bf16": True}, "gru", (64, 127), torch.float32),
        ({"amx_bf16": True}, "gru", (128, 16), torch.bfloat16),
        ({"amx_bf16": True}, "rnn", (128,), torch.float32),
        ({"amx_bf16": False, "avx512_bf16": True}, "lstm", (64,), torch.bfloat16),
        ({"amx_bf16": False, "avx512_bf16": True}, "gru", (64, 127), torch.float32),
        ({"amx_bf16": False, "avx512_bf16": False}, "lstm", (64,), torch.float32),
        ({"architecture": "aarch64"}, "lstm", (64,), torch.float32),
    ],
)
def test_auto_on_a_cpu(monkeypatch, capabilities, cell_type, hidden_sizes, expected):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    found = resolve_precision("auto", CPU, cell_type=cell_type, hidden_sizes=hidden_sizes)
    assert found == expected


@pytest.mark.parametrize(
    ("supported", "expected"), [(True, torch.bfloat16), (False, torch.float32)]
)
def test_auto_on_a_gpu(monkeypatch, supported, expected):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: supported)
    assert resolve_precision("auto", GPU, cell_type="gru", hidden_sizes=(64,)) == expected
