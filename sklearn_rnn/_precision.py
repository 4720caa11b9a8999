"""Which numbers recurrent layers are trained in."""

import torch


def resolve_precision(precision, device, cell_type):
    """Return the torch.dtype that `precision` asks for.

    Parameters
    ----------
    precision : {"auto", "float32", "bfloat16"}
        "auto": bfloat16 where hardware has it and it was measured to be faster: an LSTM on a
        processor with AMX, and any cell on a GPU. torch has no kernel of its own for other cells
        on a CPU, and with bfloat16 they take longer.
    device : torch.device
        Where to compute.
    cell_type : str
        As in `RNNTextClassifier`.
    """
    if precision != "auto":
        return {"float32": torch.float32, "bfloat16": torch.bfloat16}[precision]
    if device.type == "cuda":
        faster = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        faster = cell_type == "lstm" and torch.cpu.get_capabilities().get("amx_bf16", False)
    return torch.bfloat16 if faster else torch.float32
