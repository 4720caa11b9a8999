"""Command `train`: the recurrent network, fitted to texts and saved."""

import argparse
import sys
from contextlib import redirect_stdout

from sklearn.pipeline import Pipeline

from sklearn_rnn._cli.files import (
    check_writable,
    describe_file,
    encodable,
    read,
    reader_options,
    sources,
)
from sklearn_rnn._cli.model_files import check_savable, describe_saved, save
from sklearn_rnn._cli.recurrent import is_verbose, make_recurrent, set_parameters
from sklearn_rnn._cli.terminal import check_stdout, fill, printable
from sklearn_rnn._io.messages import listed
from sklearn_rnn.out_of_core import fit_from_files


def run(args: argparse.Namespace) -> None:
    """Fit the network to the texts of all files, and save it."""
    check_stdout()
    check_savable(args.save)
    check_writable(args.save)
    model = make_recurrent(verbose=is_verbose(args))
    own = [("clf__random_state", args.seed), ("clf__checkpoint_path", args.checkpoint)]
    set_parameters(model, [*own, *args.set])
    # stdout is for results: what is printed during the fit goes to stderr.
    with redirect_stdout(sys.stderr):
        _fit(model, args)
        save(model, args.save)
    classes = listed((str(label) for label in encodable(model.classes_)), max_names=12)
    files = ", ".join(map(describe_file, args.files[:3]))
    more = f" and {len(args.files) - 3} more" if len(args.files) > 3 else ""
    print(
        fill(
            f"Saved rnn, fitted on {files}{more} with the classes {printable(classes)}, to "
            f"{printable(args.save)}. {describe_saved(args.save)}"
        )
    )


def _fit(model: Pipeline, args: argparse.Namespace) -> None:
    if args.chunk_size is None:
        data = read(args.files, args)
        model.fit(data.data, data.target)
        return
    fit_from_files(
        model,
        sources(args.files),
        chunk_size=args.chunk_size,
        verbose=is_verbose(args),
        **reader_options(args),
    )
