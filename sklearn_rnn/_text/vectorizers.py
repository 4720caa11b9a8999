"""Vectorizers of scikit-learn that count n-grams of the tokens of TextTokenizer."""

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

# The parameters of TextTokenizer that decide what a token is. The baselines have them too.
TOKEN_PARAMETERS = ("analyzer", "lowercase", "strip_accents", "token_pattern")

Analyzer: TypeAlias = Literal["word", "char"] | Callable[[str], list[str]]
StripAccents: TypeAlias = Literal["ascii", "unicode"] | Callable[[str], str]


def ngram_parameters(
    analyzer: Analyzer,
    *,
    lowercase: bool,
    strip_accents: StripAccents | None,
    token_pattern: str,
    max_words: int,
) -> dict[str, Any]:
    """Return parameters of a vectorizer that counts n-grams of tokens.

    Parameters
    ----------
    analyzer, lowercase, strip_accents, token_pattern
        As in :class:`TextTokenizer`.
    max_words : int
        The maximum length of an n-gram in tokens. Characters are counted up to three, which was
        selected on held-out training texts of Chinese reviews.

    Returns
    -------
    parameters : dict of str to object
        Of a :class:`~sklearn.feature_extraction.text.CountVectorizer` or `TfidfVectorizer`.
    """
    parameters = {
        "analyzer": analyzer,
        "ngram_range": (1, max_words),
        "lowercase": lowercase,
        "strip_accents": strip_accents,
        "token_pattern": token_pattern,
    }
    if analyzer == "char":
        # scikit-learn warns of a pattern that is not used.
        return parameters | {"ngram_range": (1, 3), "token_pattern": None}
    if callable(analyzer):
        # As `analyzer` of a vectorizer, the callable would have to return the n-grams too.
        as_tokenizer = {"analyzer": "word", "tokenizer": analyzer, "token_pattern": None}
        return parameters | as_tokenizer | {"lowercase": False, "strip_accents": None}
    return parameters
