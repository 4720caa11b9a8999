"""Checkpoint of a fit: written after the linear fits and after each epoch, read by the same call.

skorch's `Checkpoint` and `LoadInitState` do not give the same bits. They write weights, optimizer
and history to three files, between which a process may be killed; they lack the schedule, the
random streams, the best weights and the linear term; and what is loaded is trained for `max_epochs`
more.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from sklearn_rnn._io.atomic_write import atomic_write, remove_leftovers
from sklearn_rnn._linear.cross_fit import CrossFit
from sklearn_rnn._linear.term import LinearTerm
from sklearn_rnn._training.checkpoint_files import Tree, read_fingerprint, read_tree, write_tree
from sklearn_rnn._training.fingerprint import (
    Fingerprint,
    describe_differences,
    make_fingerprint,
    name_of,
)
from sklearn_rnn._training.loop import TrainingLoop
from sklearn_rnn._training.process_group import active_ranks, is_silent
from sklearn_rnn._training.task import TrainingTask
from sklearn_rnn._training.training_state import restore_state, take_state
from sklearn_rnn._warnings import warn_user

if TYPE_CHECKING:
    from sklearn_rnn._training.net import RecurrentNet


def open_checkpoint(task: TrainingTask, net: RecurrentNet, dtype: torch.dtype) -> Checkpoint | None:
    """Return the checkpoint of a fit; None if it has none.

    Parameters
    ----------
    task : TrainingTask
        The data and the settings.
    net : RecurrentNet
        The net before the training.
    dtype : torch.dtype
        Type in which recurrent layers and pooling compute in training.

    Raises
    ------
    OSError
        As for `Checkpoint`.
    ValueError
        As for `Checkpoint`, and if `random_state` is None.
    """
    if task.checkpoint_path is None:
        return None
    if task.parameters.random_state is None:
        raise ValueError(
            "checkpoint_path needs random_state, because with random_state=None each call of fit "
            "draws other random numbers, and could not go on with the fit before. Set random_state "
            "to an int."
        )
    # Weights, both moments and the best weights.
    n_bytes = 4 * sum(weights.nbytes for weights in net.module_.parameters())
    return Checkpoint(task.checkpoint_path, make_fingerprint(task, net, dtype), n_bytes=n_bytes)


class Checkpoint:
    """The checkpoint of one fit, in two files.

    The file at `path` has the state of the training after its last epoch. The file beside it has
    the linear term with its cross-fit. It is written once, because it may be larger than the
    network. Of the ranks of a process group, the first reads and writes.

    Parameters
    ----------
    path : str or path-like
        As `checkpoint_path` of `RNNTextClassifier`.
    fingerprint : dict of str to str
        What the fit depends on, as `make_fingerprint` returns it.
    n_bytes : int
        The size of the state of a training, about.

    Attributes
    ----------
    path : str
        The path, in which the name of the fit stands for "{fit}".
    linear_path : str
        The path of the file beside it.

    Raises
    ------
    OSError
        If the file cannot be written, or there is no space for `n_bytes`.
    ValueError
        If a file is damaged, is no checkpoint, or is that of another fit.
    """

    def __init__(
        self, path: str | os.PathLike[str], fingerprint: Fingerprint, *, n_bytes: int
    ) -> None:
        self.path = os.fsdecode(path).replace("{fit}", name_of(fingerprint))
        self.linear_path = f"{self.path}.linear"
        self.fingerprint = fingerprint
        self._state, self._linear = (None, None) if is_silent() else self._open(n_bytes)
        ranks = active_ranks()
        if ranks is not None:
            both = ranks.gather("checkpoint", (self._state, self._linear))
            self._state, self._linear = both[0]

    def _open(self, n_bytes: int) -> tuple[Tree | None, Tree | None]:
        """Check that the files can be written, and read them."""
        for file in (self.path, self.linear_path):
            with atomic_write(file):  # raises an error if it cannot be written
                remove_leftovers(file)
        self._check_space(n_bytes)
        return self._read(self.path), self._read(self.linear_path)

    def _check_space(self, n_bytes: int) -> None:
        free = shutil.disk_usage(os.path.dirname(os.path.realpath(self.path))).free
        if free < n_bytes:
            text = (
                f"{os.strerror(errno.ENOSPC)}: a checkpoint takes {n_bytes / 1e6:,.0f} MB and more,"
                f" and {free / 1e6:,.0f} MB are free"
            )
            raise OSError(errno.ENOSPC, text, self.path)

    def _read(self, path: str) -> Tree | None:
        if not os.path.exists(path):
            return None
        tree = read_tree(path)
        self._check_fit(tree["fingerprint"])
        return tree

    def _check_fit(self, fingerprint: Fingerprint) -> None:
        differences = describe_differences(fingerprint, self.fingerprint)
        if differences:
            files = [file for file in (self.path, self.linear_path) if os.path.exists(file)]
            raise ValueError(
                f"{self.path} is the checkpoint of another fit: {differences}. Call fit as that "
                f"fit was called, to go on with it; delete {' and '.join(files)}, to train anew; "
                "or set another checkpoint_path. If it contains {fit}, each fit has a file of its "
                "own."
            )

    def learn_linear_term(
        self, term: LinearTerm, rng: np.random.Generator, learn: Callable[[], CrossFit]
    ) -> CrossFit:
        """Load the linear term, or fit it by `learn` and write it.

        Parameters
        ----------
        term : LinearTerm
            The term that `learn` fits in place.
        rng : numpy.random.Generator
            The generator that `learn` draws from.
        learn : callable
            Returns the cross-fit.

        Returns
        -------
        cross_fit : CrossFit
        """
        tree, self._linear = self._linear, None
        if tree is None:
            cross_fit = learn()
            tree = {
                "term": dict(term.state_dict()),
                "cross_fit": cross_fit._asdict(),
                "rng": rng.bit_generator.state,
            }
            self._write(self.linear_path, tree)
            return cross_fit
        term.load_state_dict({name: torch.tensor(array) for name, array in tree["term"].items()})
        rng.bit_generator.state = tree["rng"]
        return CrossFit(**tree["cross_fit"])

    @property
    def evaluations(self) -> list[dict[str, Any]]:
        """The rows of the history that were read and are not yet restored."""
        return [] if self._state is None else self._state["evaluations"]

    def restore(self, loop: TrainingLoop) -> None:
        """Set a training loop to the state that was read, if there is one."""
        state, self._state = self._state, None
        if state is not None:
            restore_state(loop, state)

    def save(self, loop: TrainingLoop) -> None:
        """Write the state of a training loop after an epoch."""
        self._write(self.path, take_state(loop))

    def _write(self, path: str, tree: Tree) -> None:
        """Write a tree; if that fails, warn, because training without a checkpoint is possible.

        Raises
        ------
        ValueError
            If another fit has written a file of this name meanwhile.
        """
        if is_silent():
            return
        if os.path.exists(path):
            self._check_fit(read_fingerprint(path))
        try:
            write_tree(path, {"fingerprint": self.fingerprint, **tree})
        except OSError as error:
            _warn(error, "could not be written, and training goes on without it")

    def remove(self) -> None:
        """Remove the files, after the fit."""
        for file in () if is_silent() else (self.path, self.linear_path):
            try:
                if os.path.exists(file):
                    os.remove(os.path.realpath(file))
            except OSError as error:
                _warn(error, "could not be removed")


def _warn(error: OSError, what: str) -> None:
    warn_user(f"The checkpoint {error.filename} {what}: {error.strerror or error}.")
