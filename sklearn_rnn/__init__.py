"""Recurrent text classifiers that are scikit-learn estimators.

`TextTokenizer` turns texts into ids, `RNNTextClassifier` classifies ids, and a scikit-learn
Pipeline of the two classifies texts. `load_word_vectors` reads pretrained `WordVectors`, which both
estimators take.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    __version__: str
    from sklearn_rnn._classifier import RNNTextClassifier
    from sklearn_rnn._load_word_vectors import load_word_vectors
    from sklearn_rnn._tokenizer import TextTokenizer
    from sklearn_rnn._word_vectors import WordVectors

__all__ = ["RNNTextClassifier", "TextTokenizer", "WordVectors", "load_word_vectors"]

# Imported at first access (PEP 562), because importing torch takes seconds, and --help, the
# tokenizer and the datasets do not need it.
_MODULES = {
    "RNNTextClassifier": "sklearn_rnn._classifier",
    "TextTokenizer": "sklearn_rnn._tokenizer",
    "WordVectors": "sklearn_rnn._word_vectors",
    "load_word_vectors": "sklearn_rnn._load_word_vectors",
}


if not TYPE_CHECKING:  # with it, a type checker would accept any name

    def __getattr__(name: str) -> object:
        if name == "__version__":
            value = import_module("importlib.metadata").version("sklearn_rnn")
        elif name in _MODULES:
            value = getattr(import_module(_MODULES[name]), name)
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})
