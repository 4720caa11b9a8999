"""Which device a classifier computes on."""

import multiprocessing
import re

import torch

from sklearn_rnn._warnings import warn_user


def resolve_device(device):
    """Return the torch.device that `device` asks for.

    Parameters
    ----------
    device : {"auto", "cpu", "cuda"} or "cuda:N"
        "auto" takes the current GPU where there is one, else the CPU. The workers of joblib take
        the GPUs in turn.

    Raises
    ------
    ValueError
        If a GPU is asked for that torch does not find, or anything else.
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


def _choose_device(n_gpus):
    if not torch.cuda.is_available():
        return "cpu"
    # "LokyProcess-3", "ForkPoolWorker-3": the third worker process.
    worker = re.fullmatch(r".+-(\d+)", multiprocessing.current_process().name)
    return f"cuda:{int(worker[1]) % n_gpus}" if worker else "cuda"


def available_device(device):
    """Return the torch.device that `device` asks for, or the CPU with a warning.

    For a fitted model that is loaded on another machine than the one it was fitted on.
    """
    try:
        return resolve_device(device)
    except ValueError:
        warn_user(
            f"This model was saved with device={device!r}, which is not on this machine. It is "
            "loaded on the CPU; its parameter is left as it was.",
        )
        return torch.device("cpu")


# With fewer units a GRU is faster in float32 (python -m benchmarks.speed cells).
MIN_GRU_UNITS = 128
BFLOAT16_KINDS = ("amx_bf16", "avx512_bf16")  # instructions that multiply bfloat16


def resolve_precision(precision, device, *, cell_type, hidden_sizes):
    """Return the torch.dtype that `precision` asks for.

    Parameters
    ----------
    precision : {"auto", "float32", "bfloat16"}
        "auto": bfloat16 where hardware has it and it was measured to be faster: any cell on a GPU;
        on a processor with AMX or AVX512-BF16, an LSTM and a GRU with a layer of at least 128
        units.
    device : torch.device
        Where to compute.
    cell_type : str
        As in `RNNTextClassifier`.
    hidden_sizes : tuple of int
        Units of each layer.
    """
    if precision != "auto":
        return {"float32": torch.float32, "bfloat16": torch.bfloat16}[precision]
    if device.type == "cuda":
        faster = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        pays = cell_type == "lstm" or (cell_type == "gru" and max(hidden_sizes) >= MIN_GRU_UNITS)
        capabilities = torch.cpu.get_capabilities()
        faster = pays and any(capabilities.get(kind, False) for kind in BFLOAT16_KINDS)
    return torch.bfloat16 if faster else torch.float32
