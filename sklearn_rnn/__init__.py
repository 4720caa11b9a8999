"""Recurrent text classifiers that are scikit-learn estimators.

`TextTokenizer` turns texts into ids and `RNNTextClassifier` turns ids into labels; a scikit-learn
Pipeline of the two does all that scikit-learn does with estimators.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._classifier import RNNTextClassifier
    from ._tokenizer import TextTokenizer

__version__ = "0.1.0"

__all__ = ["RNNTextClassifier", "TextTokenizer"]

# Imported when first asked for (PEP 562): torch takes seconds, which --help, the tokenizer and the
# datasets need not wait for.
_MODULES = {"RNNTextClassifier": "._classifier", "TextTokenizer": "._tokenizer"}


def __getattr__(name):
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_MODULES[name], __name__), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *__all__})
