"""Projection of what was measured to more processes and more texts, for results/scaling.md.

    python -m benchmarks.distributed.scaling

It reads results/distributed.json and results/speed_tokenizer.json, and prints tables in Markdown.
"""

import json
from dataclasses import dataclass

import numpy as np

from benchmarks.common.record import RESULTS, read_rows

BATCH_SIZE = 256  # eight micro-batches, so that eight ranks have work
N_EPOCHS = 3  # of the default fit
LINKS = {"loopback": None, "10 Gbit/s": 1.25e9, "1 Gbit/s": 0.125e9}  # bytes per second
SIZES = (25_000, 3_600_000, 1_000_000_000)
PRICE = 0.05  # assumed, USD per hour of a core
N_COLUMNS = 400


@dataclass(frozen=True)
class Rates:
    """Rates of a text in an epoch, from the measured figures.

    Parameters
    ----------
    repeated, divided : float
        Processor seconds that each rank spends, and that the ranks divide.
    n_bytes : float
        Bytes that the ranks exchange of a text: each rank receives those of the others.
    tokenizing : float
        Processor seconds of `TextTokenizer.fit_transform`.
    """

    repeated: float
    divided: float
    n_bytes: float
    tokenizing: float

    def seconds(self, n_ranks: int, bytes_per_second: float | None) -> tuple[float, float]:
        """Return the seconds of computing and of exchanging a text, of each rank."""
        received = self.n_bytes * (n_ranks - 1) / n_ranks
        exchange = received / bytes_per_second if bytes_per_second else 0.0
        return self.repeated + self.divided / n_ranks, exchange


def read_rates() -> Rates:
    """Return the rates; the repeated and the divided part are fitted to the numbers of ranks."""
    record = json.loads((RESULTS / "distributed.json").read_text())
    (title,) = (title for title in record["tables"] if title.endswith(f"batch_size={BATCH_SIZE}"))
    n_texts = int(title.partition(" ")[0].replace(",", ""))
    rows = {row["what"]: row for row in record["tables"][title]}
    variants = {1: rows["one process"]}
    variants |= {
        int(name.split()[0]): row for name, row in rows.items() if name.endswith(" processes")
    }
    shares = np.array([[1, 1 / n_ranks] for n_ranks in variants])
    seconds = [row["processor seconds of an epoch"] for row in variants.values()]
    repeated, divided = np.linalg.lstsq(shares, np.array(seconds))[0]
    sent = variants[2]["MB sent by a rank in an epoch"] * 1e6
    tokenizing = read_rows("speed_tokenizer", "25,000 texts")[0]["seconds"] / 25_000
    return Rates(repeated / n_texts, divided / n_texts, 2 * sent / n_texts, tokenizing)


def main() -> None:
    """Print the tables."""
    rates = read_rates()
    print(f"repeated by each rank: {1e3 * rates.repeated:.2f} ms of a processor per text and epoch")
    print(f"divided among the ranks: {1e3 * rates.divided:.2f} ms")
    print(f"exchanged: {rates.n_bytes / 1e3:.0f} kB per text and epoch")
    print(f"tokenizer: {1e3 * rates.tokenizing:.3f} ms per text\n")
    print("| ranks | link | computing, ms | exchange, ms | times as fast | efficiency |")
    print("|---|---|---|---|---|---|")
    alone = sum(rates.seconds(1, None))
    for n_ranks in (1, 2, 4, 8):
        for link, speed in LINKS.items() if n_ranks > 1 else [("", None)]:
            computing, exchange = rates.seconds(n_ranks, speed)
            faster = alone / (computing + exchange)
            print(
                f"| {n_ranks} | {link} | {1e3 * computing:.2f} | {1e3 * exchange:.2f} | "
                f"{faster:.1f} | {faster / n_ranks:.0%} |"
            )
    print("\n| texts | ids on disk, GB | ranks | tokenizing, h | epochs, h | USD |")
    print("|---|---|---|---|---|---|")
    for n_texts in SIZES:
        for n_ranks in (1, 8):
            tokenizing = 2 * rates.tokenizing * n_texts / 3600
            epochs = N_EPOCHS * sum(rates.seconds(n_ranks, LINKS["10 Gbit/s"])) * n_texts / 3600
            price = PRICE * n_ranks * (tokenizing + epochs)
            print(
                f"| {n_texts:,} | {2 * N_COLUMNS * n_texts / 1e9:,.2f} | {n_ranks} | "
                f"{tokenizing:,.2f} | {epochs:,.2f} | {price:,.2f} |"
            )


if __name__ == "__main__":
    main()
