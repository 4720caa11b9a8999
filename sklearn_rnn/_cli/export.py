"""Command `export`: a network in ONNX, which predicts without torch."""

import argparse

from sklearn_rnn._cli.model_files import load
from sklearn_rnn._cli.terminal import check_stdout, fill, printable
from sklearn_rnn._export.export_onnx import export_onnx


def run(args: argparse.Namespace) -> None:
    """Export a model, and print by how much its probabilities differ."""
    check_stdout()
    model = load(args.model, trust=args.trust)
    difference = export_onnx(model, args.folder, quantize=args.quantize)
    print(
        fill(
            f"Exported to {printable(args.folder)}. The probabilities differ by at most "
            f"{difference:.1g}."
        )
    )
