"""Weights of an ONNX model as int8."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from sklearn_rnn._export.onnx_builder import import_extra


def quantize_onnx(content: bytes) -> bytes:
    """Return the content of an ONNX file with weights of int8 where onnxruntime has operators."""
    onnx = import_extra("onnx")
    quantization = import_extra("onnxruntime.quantization")
    with TemporaryDirectory() as folder:
        path = Path(folder, "model.onnx")
        quantization.quantize_dynamic(
            onnx.load_from_string(content),
            path,
            op_types_to_quantize=["Gather", "LSTM", "MatMul"],
            weight_type=quantization.QuantType.QInt8,
        )
        return path.read_bytes()
