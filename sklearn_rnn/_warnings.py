"""Warnings that point at the line of the user's code from which a library was called."""

import inspect
import warnings
from contextvars import ContextVar

# Packages whose stack frames may lie between the user's call and the warning, for example those of
# a meta-estimator, of pickle when a model is loaded, or of a decorator of torch.
_LIBRARIES = {"sklearn_rnn", "sklearn", "skorch", "torch", "joblib", "pickle", "copy"}
# Whether warnings are left out: of the ranks of a process group that fit together, one warns.
is_muted: ContextVar[bool] = ContextVar("is_muted", default=False)


def warn_user(message: str, category: type[Warning] = UserWarning) -> None:
    """Issue a warning that points at the innermost stack frame outside of the libraries.

    A fixed `stacklevel` would point into scikit-learn when a Pipeline or a search calls `fit`. The
    argument `skip_file_prefixes` of `warnings.warn` needs Python 3.12.

    Parameters
    ----------
    message : str
        The text of the warning.
    category : type of Warning, default=UserWarning
        The class of the warning.
    """
    if is_muted.get():
        return
    frame = inspect.currentframe()
    stacklevel = 0
    while frame is not None:
        stacklevel += 1
        package = frame.f_globals.get("__name__", "").partition(".")[0]
        if package not in _LIBRARIES:
            break
        frame = frame.f_back
    warnings.warn(message, category, stacklevel=stacklevel)
