"""Reference systems by name, and one of them compared with its author's recipe."""

import time
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
from sklearn.model_selection import train_test_split

from benchmarks.common.record import describe_run
from benchmarks.reference_systems import r1, r2, r3, r4, r5
from benchmarks.reference_systems.system import Split, System
from benchmarks.reference_systems.training import Data
from sklearn_rnn import WordVectors

FAMILIES = {"R1": r1, "R2": r2, "R3": r3, "R4": r4, "R5": r5}
SYSTEMS = {name: system for family in FAMILIES.values() for name, system in family.SYSTEMS.items()}


def load(data_dir: Path, name: str, n_texts: int | None) -> tuple[Split, Split, WordVectors | None]:
    """Return a random sample of the training texts, the test texts, and word vectors or None."""
    train, test, vectors = FAMILIES[name[:2]].load_corpus(data_dir)
    rows = np.random.default_rng(0).permutation(len(train[0]))[:n_texts]
    return select(train, rows), test, vectors


def select(split: Split, rows: np.ndarray) -> Split:
    """Return some rows of texts and labels."""
    texts, labels = split
    return [texts[row] for row in rows], labels[rows]


def run_ours(
    system: System,
    train: Split,
    test: Split,
    vectors: WordVectors | None,
    seed: int,
    epochs: int | None,
) -> dict[str, float]:
    """Fit and score our Pipeline."""
    start = time.perf_counter()
    pipe = system.make(seed, vectors)
    if epochs is not None:
        pipe.set_params(clf__max_epochs=epochs)
    pipe.fit(*train)
    accuracy = pipe.score(*test)
    return {
        "accuracy": accuracy,
        "seconds": time.perf_counter() - start,
        "parameters": pipe["clf"].n_parameters_,
        "epochs": pipe["clf"].max_epochs,
    }


def run_theirs(
    system: System,
    train: Split,
    test: Split,
    vectors: WordVectors | None,
    seed: int,
    epochs: int | None,
) -> dict[str, float]:
    """Train and score the author's recipe, with a tenth of the training texts for validation."""
    rows = np.arange(len(train[1]))
    rows, held_out = train_test_split(rows, test_size=0.1, stratify=train[1], random_state=seed)
    data = Data(select(train, rows), select(train, held_out), test)
    if vectors is not None:
        row_of = {word: row for row, word in enumerate(vectors.words)}
        data = replace(data, vectors=(row_of, vectors.matrix))
    outcome = system.recipe(data, epochs=epochs, seed=seed)
    return {
        "accuracy": outcome.accuracy,
        "seconds": outcome.total_seconds,
        "parameters": outcome.n_parameters,
        "epochs": outcome.epochs,
    }


def compare(
    name: str,
    train: Split,
    test: Split,
    vectors: WordVectors | None,
    *,
    seeds: int,
    our_epochs: int | None,
    their_epochs: int | None,
    ours_alone: bool,
) -> dict:
    """Run a system and its rival in turn, seed by seed; return a row of medians."""
    system = SYSTEMS[name]
    ours, theirs = [], []
    for seed in range(seeds):
        ours.append(run_ours(system, train, test, vectors, seed, our_epochs))
        if not ours_alone:
            theirs.append(run_theirs(system, train, test, vectors, seed, their_epochs))
    row = {"system": name, "published": system.published, "training texts": len(train[0])}
    row |= {"seeds": seeds, "ours": median_of(ours, "accuracy")}
    costs = ("seconds", "epochs", "parameters")
    row |= {f"our {cost}": median_of(ours, cost) for cost in costs}
    if theirs:
        row["theirs"] = median_of(theirs, "accuracy")
        row |= {f"their {cost}": median_of(theirs, cost) for cost in costs}
        row["times as fast"] = row["their seconds"] / row["our seconds"]
        row["differs"] = system.differs
    return row | describe_run()


def median_of(runs: list[dict[str, float]], figure: str) -> float:
    """Return the median of a figure over runs."""
    return median(run[figure] for run in runs)
