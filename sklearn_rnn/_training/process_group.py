"""Data-parallel fits: inside a process group of torch.distributed, its ranks divide one fit.

Each rank runs the same code on the same data, computes its share of the micro-batches and of the
linear fits, and receives the results of the others. Only results are exchanged, never sums, so that
each rank adds them in the order in which a single process does: the bits are the same.

A *rank* is a process of the group, and the number of the process in it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import partial, wraps
from typing import Any, ParamSpec, TypeVar
from zlib import crc32

import joblib
import numpy as np
import torch
import torch.distributed as dist
from sklearn.utils import check_random_state

from sklearn_rnn._warnings import is_muted

T = TypeVar("T")
R = TypeVar("R")
P = ParamSpec("P")

_active: ContextVar[Ranks | None] = ContextVar("_active", default=None)
# Two fits at once, in threads, would mix up their messages.
_one_fit = threading.Lock()
_FAILED = 0  # what a rank sends in place of a step

# Parameters that may differ between ranks: where a rank computes, and what it shows.
_OWN_PARAMETERS = {"callbacks", "device", "verbose"}


class _Inherited:
    """The process group of the process from which this one was forked, which has no connections."""

    world: object = None

    @classmethod
    def remember(cls) -> None:
        """Remember the process group, in a process that was just forked."""
        cls.world = dist.group.WORLD if dist.is_available() else None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_Inherited.remember)


def in_process_group() -> bool:
    """Return whether this process is in an initialised process group of several ranks."""
    return (
        dist.is_available()
        and dist.is_initialized()
        and dist.group.WORLD is not _Inherited.world
        and dist.get_world_size() > 1
    )


def active_ranks() -> Ranks | None:
    """Return the ranks that divide the fit that is running in this thread; None for one process."""
    return _active.get()


def is_silent() -> bool:
    """Return whether this process neither prints nor writes: the first rank does so for all."""
    ranks = active_ranks()
    return ranks is not None and ranks.rank > 0


class InterruptedFitError(RuntimeError):
    """A keyboard interrupt in the batches of a data-parallel fit, which skorch must not catch."""


class Ranks:
    """The ranks of the process group, during one fit.

    All ranks call the same methods in the same order. Before each exchange they compare the *step*,
    a description of what is exchanged, so that a rank that has failed or does something else is
    noticed by all.

    Attributes
    ----------
    rank : int
        The rank of this process.
    size : int
        The number of ranks.
    """

    def __init__(self) -> None:
        self.rank = dist.get_rank()
        self.size = dist.get_world_size()
        self._host_group = _host_group()
        # Whether the ranks are no longer at the same step, or cannot be reached.
        self._is_broken = False

    def agree(self, step: str) -> None:
        """Wait for all ranks, and compare the step.

        Raises
        ------
        RuntimeError
            If a rank has failed, is at another step, or does not answer.
        """
        mine = crc32(step.encode()) + 1  # never _FAILED
        steps = self._gather_numbers(mine)
        if steps.count(mine) == self.size:
            return
        self._is_broken = True
        reasons = self._gather_objects(None if _FAILED in steps else step)
        failed = [rank for rank, number in enumerate(steps) if number == _FAILED]
        if failed:
            raise RuntimeError(
                f"The fit failed on rank {failed[0]} of the process group, and ends on all ranks. "
                f"There it raised {reasons[failed[0]]}"
            )
        described = "; ".join(f"rank {rank}: {reason}" for rank, reason in enumerate(reasons))
        raise RuntimeError(
            "The ranks of the process group do different things, so that they cannot divide a fit. "
            f"{described}. All ranks must call the same methods, with the same parameters and "
            "callbacks and with the same arguments, in the same order."
        )

    def report(self, error: BaseException) -> None:
        """Tell the other ranks, which wait for the next step, that this rank has failed."""
        if self._is_broken:
            return
        with suppress(RuntimeError):  # the error itself says more than that a rank is gone
            self._gather_numbers(_FAILED)
            self._is_broken = True
            self._gather_objects(f"{type(error).__name__}: {error}")

    def gather(self, step: str, value: T) -> list[T]:
        """Return the values of all ranks, which may be any objects, in the order of the ranks."""
        self.agree(step)
        return self._gather_objects(value)

    def map(
        self,
        local_map: Callable[[Callable[[T], R], Iterable[T]], list[R]],
        function: Callable[[T], R],
        items: Iterable[T],
    ) -> list[R]:
        """Return ``[function(item) for item in items]``; each rank maps a part by `local_map`."""
        items = list(items)
        own = local_map(function, items[self.rank :: self.size])
        results: list[Any] = [None] * len(items)
        for rank, part in enumerate(self.gather("linear fits", own)):
            results[rank :: self.size] = part
        return results

    def owners(self, n_items: int) -> list[int]:
        """Return the rank that computes each of `n_items` items, in ascending order."""
        n_ranks = min(self.size, n_items)
        return [item * n_ranks // n_items for item in range(n_items)]

    def broadcast(self, step: str, tensors: Sequence[torch.Tensor], owners: Sequence[int]) -> None:
        """Overwrite each tensor by that of its owner, on all ranks; they have the same shapes."""
        self.agree(f"{step} {[tensor.numel() for tensor in tensors]}")
        with self._exchange():
            works = [self._start_broadcast(*pair) for pair in zip(tensors, owners, strict=True)]
            for finish in works:
                finish()

    def _start_broadcast(self, tensor: torch.Tensor, owner: int) -> Callable[[], object]:
        """Start to send or receive a tensor; return a function that waits for its arrival."""
        if tensor.device.type == "cpu":
            return dist.broadcast(tensor, owner, self._host_group, async_op=True).wait
        if f"{tensor.device.type}:nccl" in dist.get_backend_config():
            return dist.broadcast(tensor, owner, async_op=True).wait
        # Several ranks on one GPU, which NCCL does not allow.
        staged = tensor.cpu()
        work = dist.broadcast(staged, owner, self._host_group, async_op=True)
        return lambda: (work.wait(), tensor.copy_(staged))

    def _gather_numbers(self, number: int) -> list[int]:
        numbers = [torch.zeros(1, dtype=torch.int64) for _ in range(self.size)]
        with self._exchange():
            dist.all_gather(numbers, torch.tensor([number]), self._host_group)
        return [int(number) for number in numbers]

    def _gather_objects(self, value: Any) -> list[Any]:
        values: list[Any] = [None] * self.size
        with self._exchange():
            dist.all_gather_object(values, value, self._host_group)
        return values

    @contextmanager
    def _exchange(self) -> Iterator[None]:
        """Note that an exchange has failed: the ranks can't be told about it any more."""
        try:
            yield
        except BaseException as error:
            self._is_broken = True
            if isinstance(error, RuntimeError):
                raise RuntimeError(
                    f"Rank {self.rank} of the process group lost the connection to another rank: "
                    "its process has ended, or has not answered for the timeout of "
                    "init_process_group. The fit ends on all ranks. All of them must call it; the "
                    "first error is that of the other rank."
                ) from error
            raise


def _host_group() -> dist.ProcessGroup | None:
    """Return a group of all ranks that exchanges tensors on the CPU; None is the default group."""
    if "cpu:" in dist.get_backend_config():
        return None
    world = dist.group.WORLD
    if _HostGroup.world is not world:
        _HostGroup.world, _HostGroup.group = world, dist.new_group(backend="gloo")
    return _HostGroup.group


class _HostGroup:
    """The group for tensors on the CPU, made once for each default group that has GPUs only."""

    world: object = None
    group: dist.ProcessGroup | None = None


def data_parallel(fit: Callable[P, R]) -> Callable[P, R]:
    """Decorate a method that fits an estimator: inside a process group, its ranks divide the fit.

    A call within such a fit, for example by a callback, belongs to it.
    """

    @wraps(fit)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        if active_ranks() is not None or not in_process_group():
            return fit(*args, **kwargs)
        with _divided(args[0], fit.__name__):
            return fit(*args, **kwargs)

    return run


@contextmanager
def _divided(estimator: Any, method: str) -> Iterator[None]:
    """Divide what is called in the context among the ranks; end it on all if it fails on one."""
    if not _one_fit.acquire(blocking=False):
        raise RuntimeError(
            "Two threads of a rank fit at once, and the ranks of the process group can divide one "
            "fit at a time. Fit one after the other (n_jobs=1), or in other processes (n_jobs=2 "
            "with joblib's default backend), which have no process group and fit alone."
        )
    ranks = Ranks()
    tokens = _active.set(ranks), is_muted.set(ranks.rank > 0)
    try:
        ranks.agree(f"{type(estimator).__name__}.{method}")
        check_same_parameters(ranks, estimator.get_params(deep=False))
        yield
        ranks.agree(f"end of {method}")
    except InterruptedFitError as error:
        interrupt = KeyboardInterrupt(str(error))
        ranks.report(interrupt)
        raise interrupt from error
    except BaseException as error:
        ranks.report(error)
        raise
    finally:
        _active.reset(tokens[0])
        is_muted.reset(tokens[1])
        _one_fit.release()


def check_same_parameters(ranks: Ranks, parameters: dict[str, Any]) -> None:
    """Raise a ValueError if a parameter has different values on different ranks."""
    compared = {name: value for name, value in parameters.items() if name not in _OWN_PARAMETERS}
    described = {name: (_digest(value), repr(value)[:80]) for name, value in compared.items()}
    all_described = ranks.gather("parameters", described)
    for name in described:
        for rank, other in enumerate(all_described):
            if other[name][0] != all_described[0][name][0]:
                raise ValueError(
                    f"{name} is {all_described[0][name][1]} on rank 0 of the process group and "
                    f"{other[name][1]} on rank {rank}. Give all ranks the same parameters."
                )


def _digest(value: Any) -> str:
    if isinstance(value, type):  # may be defined in a function, which cannot be pickled
        return f"{value.__module__}.{value.__qualname__}"
    return str(joblib.hash(value))


def shared_random_state(random_state: int | np.random.RandomState | None) -> np.random.RandomState:
    """Return scikit-learn's `check_random_state`; None gives all ranks the seed of rank 0."""
    ranks = active_ranks()
    if ranks is not None and random_state is None:
        seed = check_random_state(None).randint(np.iinfo(np.int32).max)
        random_state = ranks.gather("random_state", seed)[0]
    return check_random_state(random_state)


def shared_map(local_map: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
    """Return a function like `local_map` whose items the ranks of a process group divide."""
    ranks = active_ranks()
    return local_map if ranks is None else partial(ranks.map, local_map)


def check_same_weights(ranks: Ranks, module: torch.nn.Module) -> None:
    """Raise a ValueError if the ranks start from different weights."""
    state = {name: tensor.numpy(force=True) for name, tensor in module.state_dict().items()}
    digests = ranks.gather("initial weights", _digest(state))
    for rank, digest in enumerate(digests):
        if digest != digests[0]:
            raise ValueError(
                f"The network has other weights on rank {rank} of the process group than on rank "
                "0. To continue a training, load the same model on all ranks, or fit it on all of "
                "them; to train a new network, set warm_start=False and call fit."
            )


def share_weights(module: torch.nn.Module) -> None:
    """Give all ranks of a process group the weights of rank 0, which other machines may round."""
    ranks = active_ranks()
    if ranks is not None:
        state = list(module.state_dict().values())
        ranks.broadcast("weights", state, [0] * len(state))


def refuse_interrupt() -> None:
    """Raise an error in a data-parallel fit, which a keyboard interrupt ends on all ranks.

    The ranks are interrupted at different steps, so that their weights differ.
    """
    if active_ranks() is not None:
        raise InterruptedFitError(
            "Training was interrupted. The ranks of a process group stop at different steps, so "
            "that nothing of it is kept."
        )
