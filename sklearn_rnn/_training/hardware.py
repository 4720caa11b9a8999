"""Hardware: the device to compute on, and the floating-point type to train in."""

from __future__ import annotations

import multiprocessing
import re
from typing import Literal

import torch

from sklearn_rnn._warnings import warn_user


def resolve_device(device: str) -> torch.device:
    """Return the torch.device that `device` specifies.

    Parameters
    ----------
    device : {"auto", "cpu", "cuda"} or "cuda:N"
        "auto" is the current GPU if there is one, else the CPU. With "auto", the worker processes
        of joblib and multiprocessing use the GPUs in turn.

    Raises
    ------
    ValueError
        If `device` has another value, or specifies a GPU that torch does not find.
    """
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", device):
        raise ValueError(f"device={device!r} must be 'auto', 'cpu', 'cuda' or 'cuda:N'.")
    n_gpus = torch.cuda.device_count()
    if device == "auto":
        device = _choose_device(n_gpus)
    resolved = torch.device(device)
    if resolved.type == "cuda" and (resolved.index or 0) >= n_gpus:
        raise ValueError(
            f"device={device!r} asks for a GPU that torch does not find: it finds {n_gpus}. Pass "
            "device='auto' to take a GPU only where there is one, or device='cpu'."
        )
    return resolved


def _choose_device(n_gpus: int) -> str:
    if not torch.cuda.is_available():
        return "cpu"
    # "LokyProcess-3", "ForkPoolWorker-3": the third worker process.
    worker = re.fullmatch(r".+-(\d+)", multiprocessing.current_process().name)
    return f"cuda:{int(worker[1]) % n_gpus}" if worker else "cuda"


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
