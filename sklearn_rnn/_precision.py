"""Which numbers recurrent layers are trained in."""

import torch

# With fewer units a GRU is faster in float32 (benchmarks/speed.py cells).
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
