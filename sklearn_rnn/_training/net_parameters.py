"""Parameters of the skorch net that may be set after its construction, and the refusal of others.

`RNNTextClassifier` sets the parameters of its net at each training. A value that someone else sets
between two trainings would be overwritten, and a value that is set too late would not be read.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum


class Stage(Enum):
    """Stage of a net: between trainings, before the first batch of a training, or after it."""

    IDLE = "idle"
    BEGIN = "begin"
    RUNNING = "running"


# Read outside of training too; the classifier does not set them.
ALWAYS = {"predict_nonlinearity", "torch_load_kwargs", "use_caching"}
# Read at each step, evaluation or callback.
RUNNING = {"lr", "gradient_clip", "verbose", "callbacks"}
# Read when a training begins.
BEGIN = {
    "batch_size",
    "early_stopping",
    "evaluations_per_epoch",
    "lr_schedule",
    "max_epochs",
    "n_iter_no_change",
    "record_gradients",
    "scoring",
    "tol",
}
INSTEAD = {
    "classes": "give classes to the classifier's partial_fit",
    "compile": "call torch.compile(net_.module_)",
    "criterion": "set label_smoothing or class_weight of the classifier",
    "dataset": "give the data to the classifier's fit",
    "device": "set device of the classifier, and call its fit",
    "iterator_train": "set batch_size of the classifier",
    "iterator_valid": "set batch_size of the classifier",
    "label_smoothing": "set label_smoothing of the classifier",
    "lr": "set learning_rate of the classifier",
    "module": "set parameters of the classifier, and call its fit",
    "optimizer": "set learning_rate or weight_decay of the classifier; a callback may set "
    "optimizer__NAME in on_train_begin",
    "seed": "set random_state of the classifier",
    "train_split": "give X_val and y_val to the classifier's fit, or set its early_stopping",
    "warm_start": "set warm_start of the classifier",
}


def check_settable(names: Iterable[str], stage: Stage) -> None:
    """Raise a ValueError if the value of a parameter would be overwritten or not be read.

    Parameters
    ----------
    names : iterable of str
        Names of parameters, as in skorch's `set_params`. Names that are not known are left to it.
    stage : Stage
        The stage of the net.
    """
    for name in names:
        prefix, _, rest = name.partition("__")
        is_running = name in RUNNING or (prefix in {"optimizer", "callbacks"} and rest != "")
        if name in ALWAYS or (stage is not Stage.IDLE and is_running):
            continue
        if name in BEGIN and stage is Stage.BEGIN:
            continue
        if name in BEGIN and stage is Stage.RUNNING:
            raise ValueError(
                f"{name} is read when a training begins. Set it in on_train_begin of a "
                f"callback, or set {name} of the classifier."
            )
        if name in BEGIN or is_running or prefix in INSTEAD:
            cure = INSTEAD.get(prefix, f"set {prefix} of the classifier")
            raise ValueError(f"RNNTextClassifier sets {name} of its net_. Instead, {cure}.")
