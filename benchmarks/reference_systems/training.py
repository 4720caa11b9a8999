"""Training of the authors' networks in plain torch, as in a notebook.

A recipe splits texts into words, makes the vocabulary, trains, selects the same weights as its
author and scores them on the test texts. `total_seconds` includes all of it. Everything runs on the
CPU, with torch's current number of threads.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from math import ceil, inf

import numpy as np
import torch
from torch import nn
from torch.optim.lr_scheduler import ReduceLROnPlateau
from torch.utils.data import DataLoader

Batch = tuple[torch.Tensor, torch.Tensor]  # ids and labels
Unit = Callable[..., nn.Module]  # a recurrent layer, such as nn.GRU


@dataclass(frozen=True)
class Data:
    """Texts and labels, and the word vectors that R1 and R5 use.

    Parameters
    ----------
    train, validation, test : tuple of (list of str, ndarray of int)
        Texts, and their classes from 0 on.
    vectors : tuple of (dict of str to int, ndarray of shape (n_words, n_dimensions)), optional
        The row of each word, and the vectors.
    """

    train: tuple[list[str], np.ndarray]
    validation: tuple[list[str], np.ndarray]
    test: tuple[list[str], np.ndarray]
    vectors: tuple[dict[str, int], np.ndarray] | None = None

    @property
    def splits(self) -> tuple[tuple[list[str], np.ndarray], ...]:
        """The three pairs of texts and labels."""
        return self.train, self.validation, self.test

    @property
    def n_classes(self) -> int:
        """The number of classes in the training labels."""
        return int(self.train[1].max()) + 1


@dataclass(frozen=True)
class Outcome:
    """Accuracy and cost of a recipe."""

    accuracy: float  # of the kept state, on the test texts
    best_validation_accuracy: float  # that of the kept state for R5, which monitors none
    total_seconds: float  # from texts to the test accuracy
    training_seconds: float  # the training steps alone
    n_parameters: int  # trained parameters
    epochs: int  # epochs that were run


@dataclass(frozen=True)
class Schedule:
    """Training of a recipe: Adam, and the figure that its author monitored.

    `keep` is the monitored figure: "validation loss", "validation accuracy" or "training loss". A
    check improves it if it is better than the best by more than `min_delta`. The state of the last
    improvement is kept; with None, the last state. Training ends after `patience` checks in a row
    without improvement. The learning rate is halved after `halve_after` epochs without a lower
    validation loss.
    """

    epochs: int
    batch_size: int
    learning_rate: float = 1e-3
    adam_eps: float = 1e-8
    checks_per_epoch: int = 1
    keep: str | None = None
    min_delta: float = 0.0
    patience: float = inf
    halve_after: int | None = None


def start_run(seed: int) -> float:
    """Seed torch and return the time."""
    torch.manual_seed(seed)
    return time.perf_counter()


def train_on(model: nn.Module, optimizer: torch.optim.Optimizer, batches: Iterable[Batch]) -> float:
    """Take a step for each batch and return the mean loss of the texts."""
    model.train()
    total, n_texts = 0.0, 0
    for ids, labels in batches:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(ids), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
        n_texts += len(labels)
    return total / n_texts


@torch.no_grad()
def evaluate(model: nn.Module, batches: Iterable[Batch]) -> tuple[float, float]:
    """Return the mean loss and the accuracy."""
    model.eval()
    total, n_right, n_texts = 0.0, 0, 0
    for ids, labels in batches:
        scores = model(ids)
        total += nn.functional.cross_entropy(scores, labels, reduction="sum").item()
        n_right += (scores.argmax(dim=1) == labels).sum().item()
        n_texts += len(labels)
    return total / n_texts, n_right / n_texts


def train(
    model: nn.Module, batches: DataLoader, validation: DataLoader, schedule: Schedule
) -> tuple[float, float, int]:
    """Train, and leave the kept state in the model.

    Returns the best validation accuracy (0 if it was not monitored), the seconds of the training
    steps and the number of epochs.
    """
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.Adam(parameters, schedule.learning_rate, eps=schedule.adam_eps)
    if schedule.halve_after:
        # Keras halves the rate after `patience` epochs without improvement, torch after one more.
        plateau = ReduceLROnPlateau(
            optimizer, factor=0.5, patience=schedule.halve_after - 1, threshold_mode="abs"
        )
    n_checks = min(schedule.checks_per_epoch, len(batches))
    best, best_accuracy, state, n_stale, seconds = inf, 0.0, None, 0, 0.0
    for epoch in range(1, schedule.epochs + 1):  # noqa: B007 (returned)
        remaining = iter(batches)
        for _ in range(n_checks):
            start = time.perf_counter()
            some = islice(remaining, ceil(len(batches) / n_checks))
            monitored = {"training loss": train_on(model, optimizer, some)}
            seconds += time.perf_counter() - start
            if schedule.keep != "training loss":
                loss, accuracy = evaluate(model, validation)
                best_accuracy = max(best_accuracy, accuracy)
                monitored |= {"validation loss": loss, "validation accuracy": -accuracy}
            if schedule.keep and monitored[schedule.keep] < best - schedule.min_delta:
                best, n_stale = monitored[schedule.keep], 0
                state = {name: value.clone() for name, value in model.state_dict().items()}
            else:
                n_stale += 1
        if schedule.halve_after:
            plateau.step(monitored["validation loss"])
        if n_stale >= schedule.patience:
            break
    if state:
        model.load_state_dict(state)
    return best_accuracy, seconds, epoch


def train_and_score(
    model: nn.Module,
    loaders: Sequence[DataLoader],
    schedule: Schedule,
    epochs: int | None,
    start: float,
) -> Outcome:
    """Train on the first loader, validate on the second, score on the third.

    `epochs` replaces the epochs of the schedule; `start` is the time that `start_run` returned.
    """
    training, validation, test = loaders
    schedule = replace(schedule, epochs=epochs or schedule.epochs)
    best_accuracy, training_seconds, epochs_run = train(model, training, validation, schedule)
    return Outcome(
        accuracy=evaluate(model, test)[1],
        best_validation_accuracy=best_accuracy or evaluate(model, validation)[1],
        total_seconds=time.perf_counter() - start,
        training_seconds=training_seconds,
        n_parameters=sum(p.numel() for p in model.parameters() if p.requires_grad),
        epochs=epochs_run,
    )
