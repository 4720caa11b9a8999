"""Recurrent text classifiers that are scikit-learn estimators.

`TextTokenizer` turns texts into ids and `RNNTextClassifier` turns ids into labels; a scikit-learn
Pipeline of the two does all that scikit-learn does with estimators. `load_word_vectors` reads
`WordVectors` that both may start from.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sklearn_rnn._classifier import RNNTextClassifier
    from sklearn_rnn._tokenizer import TextTokenizer
    from sklearn_rnn._word_vectors import WordVectors, load_word_vectors

__version__ = "0.1.0"

__all__ = ["RNNTextClassifier", "TextTokenizer", "WordVectors", "load_word_vectors"]

# Imported when first asked for (PEP 562): torch takes seconds, which --help, the tokenizer and the
# datasets need not wait for.
_MODULES = {
    "RNNTextClassifier": "sklearn_rnn._classifier",
    "TextTokenizer": "sklearn_rnn._tokenizer",
    "WordVectors": "sklearn_rnn._word_vectors",
    "load_word_vectors": "sklearn_rnn._word_vectors",
}


def __getattr__(name):
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_MODULES[name], __name__), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *__all__})
