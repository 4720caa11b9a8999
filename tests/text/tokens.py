"""Texts of the tokenizer's tests, and helpers that tokenize them and check errors."""

import re

import pytest

from sklearn_rnn import TextTokenizer

TEXTS = ["Good, good film!", "I don't know...", "A good film?", ""]


def words(text, **parameters):
    """Return the tokens of a text, by a tokenizer that learned all of them."""
    tokenizer = TextTokenizer(min_count=1, max_length=None, **parameters)
    ids = tokenizer.fit_transform([text, "known"])
    return tokenizer.inverse_transform(ids[:1])[0]


def refuses(error, message):
    return pytest.raises(error, match=f"^{re.escape(message)}$")
