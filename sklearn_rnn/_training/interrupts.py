"""Keyboard interrupts: whether the user's own code called a fit, or a library did.

After an interrupt, a fit that the user called returns with what was trained. If another library
called it, for example a search, the interrupt has to reach that library: it would take the model
for a trained one, and go on with the next fit.
"""

import dis
import inspect
import re
from types import FrameType

from sklearn.pipeline import Pipeline

# Modules that may stand on the call stack between the user's code and a fit that the user called:
# those of this package and of Pipelines, and programs that run the user's code. With any other
# installed module, the interrupt is raised, which loses nothing: the estimator is fitted.
_TRANSPARENT_MODULES = (
    *("sklearn_rnn._classifier", "sklearn_rnn._training"),
    *("sklearn.base", "sklearn.pipeline", "sklearn.utils"),
    *("IPython", "ipykernel", "ipykernel_launcher", "traitlets", "tornado", "zmq", "nest_asyncio"),
    *("google.colab", "spyder_kernels", "marimo", "streamlit", "bpython", "ptpython"),
    *("pytest", "_pytest", "pluggy", "xdist", "execnet", "pytest_asyncio", "pytest_rerunfailures"),
    *("debugpy", "pydevd", "_pydevd_bundle", "_pydev_bundle", "ipdb", "pudb"),
    *(
        "coverage",
        "line_profiler",
        "kernprof",
        "memory_profiler",
        "pyinstrument",
        "scalene",
        "viztracer",
    ),
    *("click", "typer", "fire", "absl.app"),
)
_INSTALLED_FILE = re.compile(r".*[\\/](?:site|dist)-packages[\\/](.+?)(?:\.py)?")


def is_stop_of_skorch(interrupt: KeyboardInterrupt) -> bool:
    """Return whether a callback of skorch raised an interrupt: its EarlyStopping ends a training.

    A KeyboardInterrupt of the user's own callback counts as Ctrl-C.
    """
    origin = interrupt.__traceback__
    assert origin is not None, "the interrupt has been caught"
    while origin.tb_next is not None:
        origin = origin.tb_next
    # Ctrl-C may arrive while a callback runs, but never at a statement `raise`.
    code = origin.tb_frame.f_code.co_code
    is_raised = code[origin.tb_lasti] == dis.opmap["RAISE_VARARGS"]
    module = origin.tb_frame.f_globals.get("__name__", "")
    return is_raised and module.startswith("skorch.callbacks.")


def is_called_by_user() -> bool:
    """Return whether the call stack holds the user's own code and transparent modules only.

    A method of another estimator is neither, even if the user wrote it, unless it is a Pipeline.
    """
    frame = inspect.currentframe()
    classifier = None
    while frame is not None:
        if _is_library(frame.f_globals.get("__name__", ""), frame.f_code.co_filename):
            return False
        estimator = _estimator_of(frame)
        if classifier is None:
            classifier = estimator
        elif estimator is not None and estimator is not classifier:
            return False
        frame = frame.f_back
    return True


def _estimator_of(frame: FrameType) -> object | None:
    """Return the estimator, other than a Pipeline, of whose method a frame is; None if of none."""
    if frame.f_code.co_varnames[:1] != ("self",):
        return None
    instance = frame.f_locals.get("self")
    is_estimator = hasattr(type(instance), "fit") and not isinstance(instance, Pipeline)
    return instance if is_estimator else None


def _is_library(module: str, filename: str) -> bool:
    """Return whether a module is installed, of scikit-learn or of this package, and opaque.

    A module of the standard library is none: it runs what the user gives it.
    """
    # Not the name of an installed module: with ``python -m library`` it is "__main__".
    installed = _INSTALLED_FILE.fullmatch(filename)
    if installed is not None:
        module = re.sub(r"[\\/]", ".", installed[1])
    elif module.partition(".")[0] not in ("sklearn", "sklearn_rnn"):  # may be in a source tree
        return False
    return not f"{module}.".startswith(tuple(f"{name}." for name in _TRANSPARENT_MODULES))
