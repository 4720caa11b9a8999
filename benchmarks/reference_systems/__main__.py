"""The five reference systems as Pipelines, against their authors' recipes in plain torch.

    SKLEARN_RNN_DATA=... python -m benchmarks.reference_systems [--system R3 ...] [--seeds 3]
    SKLEARN_RNN_DATA=... python -m benchmarks.reference_systems --ours-alone [--our-epochs 1] ...

Each system is a few lines of the public API. The network is the author's, without the linear term;
the training (epochs, batches, learning rate) is ours, and the column "differs" describes it. We
also clip gradients at a norm of 1, and smooth labels by 0.1 in all systems but R3's rnn. The rival
is the author's recipe, written in plain torch, on the same texts in the same run; for each seed,
ours and theirs run in turn. Seconds are measured from texts to test accuracy. `--texts` takes a
random sample of the training texts; `--epochs` shortens the rival's training. Results are written
to benchmarks/results/reference_systems.json, where results of other systems stay. `--ours-alone`
writes a table of its own.
"""

from collections.abc import Sequence

import pandas as pd
import torch._dynamo  # noqa: F401 (imported here, outside the timed first optimizer step)

from benchmarks.common.arguments import add_data_option, make_parser
from benchmarks.common.record import read_rows, write_record
from benchmarks.reference_systems.comparison import SYSTEMS, compare, load

RECORD = "reference_systems"
TITLES = ("systems", "ours alone")


def record_row(title: str, row: dict) -> pd.DataFrame:
    """Add a row to a table of the record, and return the table.

    The record is read anew each time, since several systems may run at once.
    """
    rows = {of: {kept["system"]: kept for kept in read_rows(RECORD, of)} for of in TITLES}
    rows[title][row["system"]] = row
    tables = {
        of: pd.DataFrame([kept[name] for name in SYSTEMS if name in kept])
        for of, kept in rows.items()
    }
    write_record(RECORD, tables)
    return tables[title]


def main(argv: Sequence[str] | None = None) -> None:
    """Compare the systems named on the command line."""
    parser = make_parser(__doc__)
    parser.add_argument("--system", action="append", help="R1 to R5, or one such as 'R4 gru max'")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--texts", type=int, help="training texts (default: all)")
    parser.add_argument("--epochs", type=int, help="epochs of the rival (default: its author's)")
    parser.add_argument("--our-epochs", type=int, help="epochs of ours (default: its settings')")
    parser.add_argument("--ours-alone", action="store_true", help="leave the rival out")
    add_data_option(parser)
    args = parser.parse_args(argv)
    wanted = args.system or list(SYSTEMS)
    chosen = [name for name in SYSTEMS if name in wanted or name[:2] in wanted]
    if not chosen:
        parser.error(f"--system is one of {', '.join(SYSTEMS)}")

    for name in chosen:
        row = compare(
            name,
            *load(args.data, name, args.texts),
            seeds=args.seeds,
            our_epochs=args.our_epochs,
            their_epochs=args.epochs,
            ours_alone=args.ours_alone,
        )
        print({key: value for key, value in row.items() if key != "differs"}, flush=True)
        table = record_row("ours alone" if args.ours_alone else "systems", row)
    table = table.drop(columns=["differs", "processor"], errors="ignore")
    print(table.to_string(index=False, float_format="%.4g"))


if __name__ == "__main__":
    main()
