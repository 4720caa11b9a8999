"""Which device a classifier computes on."""

import multiprocessing
import re
import warnings

import torch


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
        warnings.warn(
            f"This model was saved with device={device!r}, which is not on this machine. It is "
            "loaded on the CPU; its parameter is left as it was.",
            UserWarning,
            stacklevel=2,
        )
        return torch.device("cpu")
