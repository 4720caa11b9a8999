"""Models that leave Python: files without pickle, and ONNX files that predict without torch."""

from sklearn_rnn._export.export_onnx import export_onnx

__all__ = ["export_onnx"]
