"""Files of texts for the benchmarks: shards in CSV, and texts that are resampled from real ones."""

import csv
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

SHARD_SIZE = 50_000  # texts
CHARACTERS = 740  # of a resampled text at least, so that 2,000,000 of them have 1.5 GB

_END_OF_SENTENCE = re.compile(r"(?<=[.!?])\s+|<br />")


def write_shards(folder: Path, rows: Iterable[tuple[str, object]]) -> None:
    """Write texts with their labels to files of `SHARD_SIZE` rows."""
    iterator = iter(rows)
    row = next(iterator, None)
    number = 0
    while row is not None:
        path = folder / f"part-{number:05}.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["text", "label"])
            for _ in range(SHARD_SIZE):
                if row is None:
                    break
                writer.writerow(row)
                row = next(iterator, None)
        number += 1


def resample(
    texts: list[str], labels: npt.NDArray[np.intp], n_texts: int
) -> Iterator[tuple[str, int]]:
    """Yield new texts, each made of random sentences of the texts of one class, and its label."""
    sentences: dict[int, list[str]] = {}
    for text, label in zip(texts, labels.tolist(), strict=True):
        found = filter(None, map(str.strip, _END_OF_SENTENCE.split(text)))
        sentences.setdefault(label, []).extend(found)
    rng = np.random.default_rng(0)
    for label in rng.choice(sorted(sentences), n_texts).tolist():
        of_class = sentences[label]
        pieces, n_characters = [], 0
        while n_characters < CHARACTERS:
            pieces.append(of_class[int(rng.random() * len(of_class))])
            n_characters += len(pieces[-1]) + 1
        yield " ".join(pieces), label
