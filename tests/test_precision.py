"""Which numbers "auto" takes."""

import pytest
import torch

from sklearn_rnn._precision import resolve_precision

CPU, GPU = torch.device("cpu"), torch.device("cuda")


@pytest.mark.parametrize("device", [CPU, GPU])
def test_what_is_asked_for(device):
    assert resolve_precision("float32", device, "lstm") == torch.float32
    assert resolve_precision("bfloat16", device, "gru") == torch.bfloat16


@pytest.mark.parametrize(
    ("capabilities", "cell_type", "expected"),
    [
        ({"amx_bf16": True}, "lstm", torch.bfloat16),
        ({"amx_bf16": True}, "gru", torch.float32),
        ({"amx_bf16": True}, "rnn", torch.float32),
        ({"amx_bf16": False, "avx512_bf16": True}, "lstm", torch.float32),
        ({"architecture": "aarch64"}, "lstm", torch.float32),
    ],
)
def test_auto_on_a_cpu(monkeypatch, capabilities, cell_type, expected):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert resolve_precision("auto", CPU, cell_type) == expected


@pytest.mark.parametrize(
    ("supported", "expected"), [(True, torch.bfloat16), (False, torch.float32)]
)
def test_auto_on_a_gpu(monkeypatch, supported, expected):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: supported)
    assert resolve_precision("auto", GPU, "gru") == expected
