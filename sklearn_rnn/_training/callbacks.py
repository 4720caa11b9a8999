"""Checks of skorch's callbacks: each does what its documentation says, or is refused."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any

from skorch.callbacks import (
    BatchScoring,
    Callback,
    Checkpoint,
    EarlyStopping,
    EpochScoring,
    InputShapeSetter,
    LoadInitState,
    LRScheduler,
    MlflowLogger,
    NeptuneLogger,
    PassthroughScoring,
    PrintLog,
    ProgressBar,
    SacredLogger,
    TensorBoard,
    TrainEndCheckpoint,
    WandbLogger,
)
from torch.optim.lr_scheduler import LRScheduler as TorchScheduler
from torch.optim.lr_scheduler import ReduceLROnPlateau

from sklearn_rnn._training.process_group import active_ranks, is_silent
from sklearn_rnn._training.task import TrainingTask

SCORING = (BatchScoring, EpochScoring)
# Callbacks whose effect depends on the parameters or the data of a training.
CHECKED = (
    *SCORING,
    Checkpoint,
    EarlyStopping,
    LoadInitState,
    LRScheduler,
    PassthroughScoring,
    WandbLogger,
)
# Callbacks that print, write files or send data away.
WRITING = (
    *(Checkpoint, TrainEndCheckpoint, PrintLog, ProgressBar, TensorBoard),
    *(MlflowLogger, NeptuneLogger, SacredLogger, WandbLogger),
)


def check_callbacks(callbacks: Sequence[Any] | None) -> None:
    """Raise a ValueError if an item of `callbacks` is not a skorch callback.

    An item is a callback, a callback class, or a pair of a name and a callback or callback class.
    """
    for item in callbacks or []:
        callback_type = type_of(without_name(item))
        if issubclass(callback_type, TorchScheduler):
            raise ValueError(
                f"callbacks holds {item!r}, which is a scheduler, not a skorch callback. Give "
                f"skorch.callbacks.LRScheduler(policy={callback_type.__name__}, ...)."
            )
        if not issubclass(callback_type, Callback):
            raise ValueError(
                f"callbacks holds {item!r}, which is not a skorch callback. Give a list of "
                "skorch.callbacks.Callback instances, or of pairs (name, callback)."
            )


def without_name(item: Any) -> Any:
    """Return the callback of a pair (name, callback), or an item that is not such a pair."""
    is_pair = isinstance(item, (tuple, list)) and len(item) == 2 and isinstance(item[0], str)
    return item[1] if is_pair else item


def type_of(callback: Any) -> type:
    """Return the class of a callback, or a callback class itself."""
    return callback if isinstance(callback, type) else type(callback)


def callbacks_of_rank(callbacks: list[Any] | None) -> list[Any] | None:
    """Return the callbacks that this process calls: of a process group, one rank writes."""
    if callbacks is None or not is_silent():
        return callbacks
    return [item for item in callbacks if not issubclass(type_of(without_name(item)), WRITING)]


def check_effects(callbacks: Sequence[Any] | None, task: TrainingTask) -> None:
    """Raise a ValueError if a callback would have no effect in a training, or would fail in it.

    Parameters
    ----------
    callbacks : list or None
        Items that `check_callbacks` accepts.
    task : TrainingTask
        The training.
    """
    items = [without_name(item) for item in callbacks or []]
    for callback in items:
        if issubclass(type_of(callback), InputShapeSetter):
            raise ValueError(
                f"{type_of(callback).__name__} sets a parameter of the module from the shape of X, "
                "but RNNTextClassifier builds its module for X. Remove it from callbacks."
            )
    checked = [construct(callback) for callback in items if issubclass(type_of(callback), CHECKED)]
    for callback in checked:
        _check_ranks(callback)
        _check_schedule(callback, task)
        _check_validation(callback, task)
        if task.checkpoint_path is not None:
            _check_resumable(callback)
    # Callbacks of others may record further keys.
    if all(type_of(callback).__module__.startswith("skorch.") for callback in items):
        recorded = set(recorded_keys(checked, has_validation=task.validation is not None))
        for callback in checked:
            _check_monitor(callback, recorded)


def construct(callback: Any) -> Any:
    """Return a callback, constructed without arguments if it is a class, as skorch does."""
    return callback() if isinstance(callback, type) else callback


def _check_ranks(callback: Any) -> None:
    if active_ranks() is None or not isinstance(callback, Checkpoint):
        return
    if loads_best_weights(callback):
        raise ValueError(
            f"{type(callback).__name__} with load_best=True loads files that one rank of the "
            "process group writes. Give load_best=False, and validation data (X_val and y_val, or "
            "early_stopping=True), with which all ranks keep the best weights."
        )


def _check_schedule(callback: Any, task: TrainingTask) -> None:
    if isinstance(callback, LRScheduler) and task.lr_schedule is not None:
        raise ValueError(
            f"{type(callback).__name__} and lr_schedule={task.lr_schedule!r} both set the learning "
            "rate. Set lr_schedule=None, or remove the callback."
        )


def _check_validation(callback: Any, task: TrainingTask) -> None:
    if task.validation is not None:
        return
    name = type(callback).__name__
    if isinstance(callback, (*SCORING, PassthroughScoring)) and not callback.on_train:
        raise ValueError(
            f"{name} scores validation data, but there is none. Pass X_val and y_val to fit, set "
            "early_stopping=True, or give on_train=True to the callback. partial_fit has no "
            "validation data."
        )
    if isinstance(callback, WandbLogger) and callback.save_model:
        raise ValueError(
            f"{name} saves the model of the lowest validation loss, but there is no validation "
            "data. Pass X_val and y_val to fit, set early_stopping=True, or give save_model=False "
            "to the callback. partial_fit has no validation data."
        )


def _check_resumable(callback: Any) -> None:
    """Raise a ValueError if a callback would not go on after a checkpoint as without it."""
    if isinstance(callback, LoadInitState):
        reason = "loads another state"
        cure = "Remove it from callbacks"
    elif isinstance(callback, EarlyStopping):
        reason = "counts epochs"
        cure = "Set early_stopping=True of the classifier in its place"
    elif isinstance(callback, LRScheduler) and not _depends_on_epoch_alone(callback):
        reason = "keeps a state"
        cure = "Set lr_schedule of the classifier, or a policy that depends on the epoch alone"
    else:
        return
    raise ValueError(
        f"{type(callback).__name__} {reason} that a checkpoint does not hold, so that a fit that "
        f"goes on from a checkpoint would end with other weights. {cure}, or set "
        "checkpoint_path=None."
    )


def recorded_keys(callbacks: Sequence[Any], *, has_validation: bool) -> Iterator[str]:
    """Yield the keys of the history's rows in a training with callbacks of skorch."""
    yield from ("epoch", "epochs_completed", "learning_rate", "dur")
    for prefix in ["train", "valid"] if has_validation else ["train"]:
        yield f"{prefix}_batch_count"
        for name in ("loss", "accuracy"):
            yield f"{prefix}_{name}"
            yield f"{prefix}_{name}_best"
    for callback in callbacks:
        if isinstance(callback, SCORING):
            name = copy.copy(callback).initialize().name_
            yield name
            yield f"{name}_best"
        elif isinstance(callback, (Checkpoint, LRScheduler)) and callback.event_name is not None:
            yield callback.event_name


def _check_monitor(callback: Any, recorded: set[str]) -> None:
    if isinstance(callback, (Checkpoint, EarlyStopping)) or is_plateau(callback):
        key = callback.monitor
    elif isinstance(callback, PassthroughScoring):
        key = callback.name
    else:
        return
    if not isinstance(key, str) or key in recorded:
        return
    cure = "Name one of these, or add a scoring callback of that name"
    if key.startswith("valid_"):
        cure += "; for validation data, pass X_val and y_val to fit, or set early_stopping=True"
    raise ValueError(
        f"{type(callback).__name__} reads {key!r} from the history, but this training records "
        f"{', '.join(sorted(recorded))}. {cure}."
    )


def is_plateau(callback: Any) -> bool:
    """Return whether a callback lowers the learning rate when a value of the history stalls."""
    return isinstance(callback, LRScheduler) and callback.policy in (
        "ReduceLROnPlateau",
        ReduceLROnPlateau,
    )


def _depends_on_epoch_alone(scheduler: LRScheduler) -> bool:
    return scheduler.step_every == "epoch" and not is_plateau(scheduler)


def has_batch_hook(callback: Callback) -> bool:
    """Return whether a callback is called at the end of each batch."""
    return getattr(callback.on_batch_end, "__func__", None) is not Callback.on_batch_end


def loads_best_weights(callback: Callback) -> bool:
    """Return whether a callback loads the weights that it found best, at the end of a training."""
    return (
        isinstance(callback, (Checkpoint, EarlyStopping))
        and callback.load_best
        and callback.monitor is not None
    )


def scheduled_rate(
    callbacks: Sequence[Callback], n_evaluations: int, learning_rate: float
) -> float | None:
    """Return the rate with which an LRScheduler among the callbacks continues after evaluations.

    skorch builds its schedulers anew for each training. Some of torch's schedulers compute the
    first rate from the last one then, and others take the last one as the first.

    Returns
    -------
    rate : float or None
        None if there is nothing to continue: no LRScheduler, no evaluation, or a scheduler that
        depends on batches or on scores.
    """
    for callback in callbacks:
        if (
            n_evaluations
            and isinstance(callback, LRScheduler)
            and _depends_on_epoch_alone(callback)
        ):
            return float(callback.simulate(n_evaluations + 1, learning_rate)[-1])
    return None
