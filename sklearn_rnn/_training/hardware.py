"""Hardware: the device to compute on, and the floating-point type to train in."""

from __future__ import annotations

import multiprocessing
import os
import re
import sys
from contextlib import suppress
from typing import Literal

import torch

from sklearn_rnn._nn.architecture import Architecture
from sklearn_rnn._nn.module import RecurrentModule
from sklearn_rnn._training.process_group import in_process_group
from sklearn_rnn._warnings import warn_user


def resolve_device(device: str) -> torch.device:
    """Return the torch.device that `device` specifies.

    Parameters
    ----------
    device : {"auto", "cpu", "cuda"} or "cuda:N"
        "auto" is the current GPU if there is one, else the CPU. With "auto", the worker processes
        of joblib, multiprocessing and Dask use the GPUs in turn. Ray and dask-cuda assign GPUs to
        their workers themselves, through CUDA_VISIBLE_DEVICES. With "auto" and "cuda", a rank of a
        process group uses the GPU of its number on the machine, LOCAL_RANK.

    Raises
    ------
    ValueError
        If `device` has another value, or specifies a GPU that torch does not find.
    """
    match = re.fullmatch(r"auto|cpu|cuda(?::(0|[1-9][0-9]*))?", device)
    if match is None:
        raise ValueError(f"device={device!r} must be 'auto', 'cpu', 'cuda' or 'cuda:N'.")
    n_gpus = torch.cuda.device_count()
    if device in ("auto", "cuda") and n_gpus and in_process_group() and "LOCAL_RANK" in os.environ:
        device = f"cuda:{int(os.environ['LOCAL_RANK']) % n_gpus}"
    elif device == "auto":
        device = _choose_device(n_gpus)
    # Before torch.device, which has another error for a number of more than two digits.
    if device.startswith("cuda") and int(match[1] or 0) >= n_gpus:
        raise ValueError(
            f"device={device!r} asks for a GPU that torch does not find: it finds {n_gpus}. Pass "
            "device='auto' to take a GPU only where there is one, or device='cpu'."
        )
    return torch.device(device)


def _choose_device(n_gpus: int) -> str:
    if not torch.cuda.is_available():
        return "cpu"
    number = _find_worker_number()
    return "cuda" if number is None else f"cuda:{number % n_gpus}"


def _find_worker_number() -> int | None:
    """Return the number of this worker process; None if it has none, or a GPU of its own."""
    if "dask_cuda" in sys.modules:  # it makes the GPU of a worker the first that the worker sees
        return None
    name = multiprocessing.current_process().name
    if "distributed" in sys.modules:
        with suppress(ValueError):  # outside of a task of Dask
            worker = sys.modules["distributed"].get_worker()
            name = f"worker-{worker.name}"
    # "LokyProcess-3", "ForkPoolWorker-3", "worker-3", "worker-SLURMCluster-3".
    match = re.fullmatch(r".+-(\d+)", name)
    return int(match[1]) if match else None


def available_device(device: str) -> torch.device:
    """Return the torch.device that `device` specifies; if torch lacks it, warn and return the CPU.

    Used when a fitted model is loaded, possibly on another machine.
    """
    try:
        return resolve_device(device)
    except ValueError:
        warn_user(
            f"This model was saved with device={device!r}, which is not on this machine. It is "
            "loaded on the CPU; its parameter is left as it was.",
        )
        return torch.device("cpu")


def check_memory(architecture: Architecture, device: torch.device) -> None:
    """Raise a MemoryError if a network cannot be trained in the memory of a device.

    The memory is requested and freed unused, which takes no time. A system that grants more memory
    than it has ends a process that uses it: this cannot be found out beforehand.

    Parameters
    ----------
    architecture : Architecture
        The layers of the network.
    device : torch.device
        The device to train on.

    Raises
    ------
    MemoryError
        If the device refuses the memory for the weights, or for their gradients and the two moments
        of AdamW.
    """
    try:
        weights = [weight.numel() for weight in RecurrentModule(architecture).parameters()]
        torch.empty(4 * sum(weights), device=device)
    except RuntimeError as error:
        raise MemoryError(
            f"The network and its gradients do not fit into the memory of the device {device}. "
            "Lower hidden_size, num_layers, embedding_dim or head_sizes, or take a pooling other "
            "than 'flatten'."
        ) from error


# A GRU with fewer units is faster in float32 on a CPU (python -m benchmarks.speed cells).
MIN_GRU_UNITS = 128
BFLOAT16_INSTRUCTIONS = ("amx_bf16", "avx512_bf16")  # keys of torch.cpu.get_capabilities()


def resolve_precision(
    precision: Literal["auto", "float32", "bfloat16"],
    device: torch.device,
    *,
    cell_type: str | type[torch.nn.Module],
    hidden_sizes: tuple[int, ...],
) -> torch.dtype:
    """Return the torch.dtype in which recurrent layers and pooling compute in training.

    Parameters
    ----------
    precision : {"auto", "float32", "bfloat16"}
        "auto" is bfloat16 on a GPU that supports bfloat16, and on a CPU with AMX or AVX512-BF16 for
        an LSTM, or for a GRU with a layer of at least `MIN_GRU_UNITS` units. There bfloat16 was
        measured to be faster. Otherwise "auto" is float32.
    device : torch.device
        Device of the module.
    cell_type : {"lstm", "gru", "rnn"} or type
        As in `RNNTextClassifier`.
    hidden_sizes : tuple of int
        Hidden units of each layer, in each direction.
    """
    if precision != "auto":
        return {"float32": torch.float32, "bfloat16": torch.bfloat16}[precision]
    if device.type == "cuda":
        is_faster = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        is_measured = cell_type == "lstm" or (
            cell_type == "gru" and max(hidden_sizes) >= MIN_GRU_UNITS
        )
        capabilities = torch.cpu.get_capabilities()
        is_faster = is_measured and any(
            capabilities.get(name, False) for name in BFLOAT16_INSTRUCTIONS
        )
    return torch.bfloat16 if is_faster else torch.float32
