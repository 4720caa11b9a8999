"""Command `export`: a network in ONNX, which predicts without torch."""

import argparse

from sklearn.pipeline import Pipeline

from sklearn_rnn._cli.files import describe_file
from sklearn_rnn._cli.model_files import load
from sklearn_rnn._cli.terminal import check_stdout, fill, printable
from sklearn_rnn._export.export_onnx import export_onnx
from sklearn_rnn._inspection.pipeline_steps import describe, search_step


def run(args: argparse.Namespace) -> None:
    """Export a model, and print by how much its probabilities differ."""
    from sklearn_rnn import RNNTextClassifier  # takes seconds

    check_stdout()
    model = load(args.model, trust=args.trust)
    if isinstance(model, Pipeline) and search_step(model, RNNTextClassifier) is None:
        raise ValueError(
            f"{describe_file(args.model)} holds {describe(model)}, which has no network to export. "
            "To save one: compare FILE --model rnn --save MODEL."
        )
    difference = export_onnx(model, args.folder, quantize=args.quantize)
    print(
        fill(
            f"Exported to {printable(args.folder)}. The probabilities differ by at most "
            f"{difference:.1g}."
        )
    )
