"""Accuracy, probabilities and costs of the default Pipeline and its rivals on real test sets.

    SKLEARN_RNN_DATA=... python -m benchmarks.accuracy [--corpus NAME ...] [--model NAME ...]

Models are named one by one or by their group: "ours" (the default Pipeline, and the network
alone), "linear" (the baselines) and "external" (rivals of other projects; before the first run,
python -m benchmarks.accuracy.environments makes their environments).

Each rival is fitted once and each network once per seed, on the training set or on a stratified
10 % or 1 % of it. Each fit is scored on the test set. The benchmark prints a line per fit, the
medians, and McNemar's test of the median default Pipeline against each other model. It writes these
results, with the versions and the machine, to benchmarks/results/accuracy.json. Fits of earlier
runs stay in the file, with their commit and processor, until they are repeated.
python -m benchmarks.accuracy.report prints the tables of the site from this file. --merge FILE
adds the fits of another such file, for example of a run in another checkout.

The seconds of a fit are comparable only within a run, and if "other_cores", the cores that other
processes used meanwhile, is near 0.
"""

import argparse
import json
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.accuracy.environments import add_environments_option
from benchmarks.accuracy.measuring import measure_estimator, measure_external
from benchmarks.accuracy.metrics import describe, mcnemar_p_value, pack_bits
from benchmarks.accuracy.models import EXTERNAL, GROUPS, MODELS, NETWORKS
from benchmarks.accuracy.splits import ANALYZERS, CORPORA, LANGUAGES, Split, load
from benchmarks.common.arguments import add_data_option, make_parser
from benchmarks.common.processes import OtherProcesses
from benchmarks.common.record import describe_run, read_rows, write_record
from benchmarks.common.timing import SkippedError

FIGURES = (
    "accuracy",
    "macro_f1",
    "log_loss",
    "calibration_error",
    "fit_seconds",
    "texts_per_second",
    "megabytes",
)


def fit_and_score(
    corpus: str, model: str, seed: int, splits: tuple[Split, Split], options: argparse.Namespace
) -> dict:
    """Return the metrics and costs of a fit, and a bit per test text: 1 if correct."""
    (train_texts, train_labels), (test_texts, test_labels) = splits
    classes, train_indices = np.unique(train_labels, return_inverse=True)
    test_indices = np.searchsorted(classes, test_labels)
    train = train_texts, train_indices
    analyzer = ANALYZERS.get(corpus, "word")
    with OtherProcesses() as others:
        if model in EXTERNAL:
            outcome = measure_external(
                model,
                train,
                test_texts,
                analyzer=analyzer,
                language=LANGUAGES.get(corpus, "en"),
                environments=options.environments,
                minutes=options.minutes,
                embeddings=options.embeddings,
            )
        else:
            outcome = measure_estimator(MODELS[model](seed, analyzer), train, test_texts)
    return {
        "corpus": CORPORA[corpus],
        "model": model,
        "seed": seed,
        **describe(outcome, test_indices),
        "other_cores": others.n_cores if outcome.is_timed else None,
        "run": options.run,
        "command": f"python -m benchmarks.accuracy --corpus {corpus} --model {model}",
        **describe_run(),
        "right": pack_bits(outcome.predicted == test_indices),
    }


def index_fits(fits: Iterable[dict]) -> dict[tuple[str, str, int], dict]:
    """Return fits by corpus, model and seed."""
    return {(fit["corpus"], fit["model"], fit["seed"]): fit for fit in fits}


def read_fits() -> dict[tuple[str, str, int], dict]:
    """Return the fits of the record by corpus, model and seed."""
    return index_fits(read_rows("accuracy", "fits"))


def summarize(fits: pd.DataFrame) -> pd.DataFrame:
    """Make a row for each corpus and model: the medians over the seeds."""
    figures = {figure: (figure, "median") for figure in FIGURES}
    table = fits.groupby(["corpus", "model"], sort=False).agg(
        fits=("seed", "size"),
        lowest=("accuracy", "min"),
        highest=("accuracy", "max"),
        **figures,
        other_cores=("other_cores", "max"),
        run=("run", "last"),
    )
    return table.reset_index()


def compare_with_default(fits: pd.DataFrame) -> pd.DataFrame:
    """Compare the default Pipeline with each other model, in a row for each corpus and model.

    Where a model has fits of several seeds, the fit of median accuracy is compared.
    """
    rows = []
    for corpus, group in fits.groupby("corpus", sort=False):
        medians = {}
        for model, of_model in group.groupby("model", sort=False):
            of_model = of_model.sort_values("accuracy")
            medians[model] = of_model.iloc[(len(of_model) - 1) // 2]
        if "rnn" not in medians:
            continue
        default = medians.pop("rnn")
        for model, fit in medians.items():
            rows.append(
                {
                    "corpus": corpus,
                    "rnn": default["accuracy"],
                    "rival": model,
                    "its accuracy": fit["accuracy"],
                    "McNemar's p": mcnemar_p_value(default["right"], fit["right"]),
                }
            )
    return pd.DataFrame(rows, columns=["corpus", "rnn", "rival", "its accuracy", "McNemar's p"])


def record_fits(new: Iterable[dict]) -> dict[str, pd.DataFrame]:
    """Add fits to the record, and return its tables.

    The record is read anew each time, since several corpora may run at once.
    """
    fits = read_fits() | index_fits(new)
    table = pd.DataFrame(fits.values()).astype(dict.fromkeys(FIGURES, float))
    tables = {
        "summary": summarize(table),
        "paired test": compare_with_default(table),
        "fits": table,
    }
    write_record("accuracy", tables)
    return tables


def merge(path: Path) -> None:
    """Add the fits of another record where ours has none, or one of an earlier run."""
    ours, theirs = read_fits(), index_fits(json.loads(path.read_text())["tables"]["fits"])
    # Fits of the first versions of this benchmark have no time.
    times = {key: ours.get(key, {}).get("run") or "" for key in theirs}
    record_fits(fit for key, fit in theirs.items() if (fit.get("run") or "") > times[key])


def name_models(names: Sequence[str] | None) -> list[str]:
    """Return the models of a list of models and groups, each once; all models for None."""
    models = [model for name in names or GROUPS for model in GROUPS.get(name, (name,))]
    return list(dict.fromkeys(models))


def main(argv: Sequence[str] | None = None) -> None:
    """Fit and score the models named on the command line."""
    parser = make_parser(__doc__)
    parser.add_argument("--corpus", action="extend", nargs="+", choices=list(CORPORA))
    parser.add_argument(
        "--model", action="extend", nargs="+", choices=[*GROUPS, *MODELS, *EXTERNAL]
    )
    parser.add_argument("--seeds", type=int, default=3, help="fits of a network (default: 3)")
    parser.add_argument(
        "--minutes", type=float, default=60, help="limit for an external rival (default: 60)"
    )
    parser.add_argument(
        "--embeddings",
        type=Path,
        help="folder that keeps sentence embeddings for the next run, which is then not timed",
    )
    parser.add_argument(
        "--merge",
        type=Path,
        help="record whose later fits are added to ours; then nothing is fitted",
    )
    add_environments_option(parser)
    add_data_option(parser)
    args = parser.parse_args(argv)
    if args.merge:
        merge(args.merge)
        return
    args.run = time.strftime("%Y-%m-%d %H:%M:%S")

    corpora = args.corpus or list(CORPORA)
    for corpus in corpora:
        splits = load(args.data, corpus)
        for model in name_models(args.model):
            for seed in range(args.seeds if model in NETWORKS else 1):
                try:
                    fit = fit_and_score(corpus, model, seed, splits, args)
                except SkippedError as reason:
                    print(f"{CORPORA[corpus]} {model}: skipped. {reason}", flush=True)
                    continue
                figures = (f"{name} {fit[name]:.4g}" for name in FIGURES if fit[name] is not None)
                print(fit["corpus"], model, seed, *figures, sep=", ", flush=True)
                record_fits([fit])
    fits = pd.DataFrame(read_fits().values()).astype(dict.fromkeys(FIGURES, float))
    fits = fits[fits["corpus"].isin([CORPORA[corpus] for corpus in corpora])]
    for table in (summarize(fits), compare_with_default(fits)):
        print(table.to_string(index=False, float_format="%.4f", na_rep="-"))


if __name__ == "__main__":
    main()
