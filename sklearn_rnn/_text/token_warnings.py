"""Warnings of training texts whose tokens are no words, or mostly unknown."""

import re
from typing import Any

import numpy as np
import numpy.typing as npt

from sklearn_rnn._warnings import warn_user

# Scripts that put no space between words: their letters and marks by Unicode's blocks, and the
# number of characters that few of their words exceed. Where words are separated, as segmenters do
# and as Tibetan does between syllables, hardly any run of these characters is longer.
_SCRIPTS = {
    "Chinese or Japanese": (
        # Hiragana, Katakana, Han with its extensions, half-width Katakana
        "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
        "\uff66-\uff9f\U0001b000-\U0001b16f\U00020000-\U000323af",
        4,
    ),
    "Thai": ("\u0e00-\u0e7f", 11),
    "Lao": ("\u0e80-\u0eff", 11),
    "Tibetan": ("\u0f00-\u0fff", 11),
    "Burmese": ("\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f", 11),
    "Khmer": ("\u1780-\u17ff\u19e0-\u19ff", 11),
}
_LETTER = re.compile(f"[{''.join(letters for letters, _ in _SCRIPTS.values())}]")
# One group for each script, in the order above.
_RUN = re.compile(
    "|".join(f"([{letters}]{{{longest + 1},}})" for letters, longest in _SCRIPTS.values())
)

# Fewer texts say too little: in 100 texts, 10 to 30 % of the tokens occur once; in ten, up to 60 %.
_MIN_TEXTS_OF_RUNS = 20
_MIN_TEXTS_OF_UNKNOWN = 100

# Of all characters: of unsegmented Chinese reviews, 73 % are in such runs.
_MIN_SHARE_OF_RUNS = 0.3
_MIN_SHARE_OF_UNKNOWN = 0.5


def warn_of_runs(tokens: list[str], counts: npt.NDArray[np.int64], n_texts: int) -> bool:
    """Warn if many characters of the texts are in runs without a space that are no words.

    Parameters
    ----------
    tokens : list of str
        The distinct tokens of the texts.
    counts : ndarray of int64 of shape (len(tokens),)
        The number of occurrences of each token in the texts.
    n_texts : int
        The number of texts.

    Returns
    -------
    has_warned : bool
        Whether a warning was issued.
    """
    # 100,000 distinct tokens without such letters take 0.01 s.
    if n_texts < _MIN_TEXTS_OF_RUNS or not _LETTER.search("\n".join(tokens)):
        return False
    lengths = counts * np.fromiter(map(len, tokens), np.int64, len(tokens))
    found = [_RUN.search(token) for token in tokens]
    groups = np.array([0 if run is None else run.lastindex for run in found])
    shares = np.bincount(groups, lengths, len(_SCRIPTS) + 1)[1:] / lengths.sum()
    if shares.sum() <= _MIN_SHARE_OF_RUNS:
        return False
    script = list(_SCRIPTS)[shares.argmax()]
    warn_user(
        f"{shares.sum():.0%} of the characters of the training texts are in tokens longer than a "
        f"word, of a script written without spaces ({script}). Such tokens hardly ever occur "
        'again. Pass analyzer="char", or a callable that splits the texts into words.'
    )
    return True


def warn_of_unknown_tokens(
    counts: npt.NDArray[np.int64],
    is_rare: npt.NDArray[np.bool_],
    is_unknown: npt.NDArray[np.bool_],
    n_texts: int,
    parameters: Any,
) -> None:
    """Warn if most tokens of the training texts are not learned.

    Parameters
    ----------
    counts : ndarray of int64 of shape (n_tokens,)
        The number of occurrences of each distinct token in the texts.
    is_rare, is_unknown : ndarray of bool of shape (n_tokens,)
        Whether each token has fewer than `min_count` occurrences, and whether it is not learned.
    n_texts : int
        The number of texts.
    parameters : object
        Has the attributes `analyzer`, `min_count` and `max_tokens` of the tokenizer.
    """
    n_tokens, n_unknown = counts.sum(), counts[is_unknown].sum()
    if n_texts < _MIN_TEXTS_OF_UNKNOWN or n_unknown <= _MIN_SHARE_OF_UNKNOWN * n_tokens:
        return
    rare = counts[is_unknown & is_rare].sum() / n_tokens
    others = n_unknown / n_tokens - rare
    reasons, cures = [], []
    if rare >= 0.01:
        reasons.append(f"{rare:.0%} occur fewer than min_count={parameters.min_count} times")
        cures.append("a lower min_count")
    if others >= 0.01:
        reasons.append(f"{others:.0%} are not among the max_tokens={parameters.max_tokens} learned")
        cures.append("a higher max_tokens")
    if parameters.analyzer != "char":
        cures.append('analyzer="char", for tokens that recur')
    warn_user(
        f"{n_unknown / n_tokens:.0%} of the tokens of the training texts become the unknown word: "
        f"{' and '.join(reasons)}. Pass {' or '.join(cures)}."
    )
