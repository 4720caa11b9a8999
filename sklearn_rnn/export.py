"""Models in files: saved without pickle, and exported to ONNX, which predicts without torch.

Needs the packages of the extra `export`.
"""

from sklearn_rnn._export.export_onnx import export_onnx
from sklearn_rnn._export.onnx_text_classifier import OnnxTextClassifier
from sklearn_rnn._export.skops_files import load_model, save_model
from sklearn_rnn._export.trusted_types import TRUSTED_TYPES

__all__ = ["TRUSTED_TYPES", "OnnxTextClassifier", "export_onnx", "load_model", "save_model"]
