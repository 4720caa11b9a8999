"""Which numbers "auto" takes."""

import pytest
import torch

from sklearn_rnn._training.hardware import resolve_precision

CPU, GPU = torch.device("cpu"), torch.device("cuda")


@pytest.mark.parametrize("device", [CPU, GPU])
def test_what_is_asked_for(device):
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
