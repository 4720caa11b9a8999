"""Parts of shown texts: colours, long texts, tokens without a known place."""

import numpy as np
import pandas as pd
import pytest

from sklearn_rnn._report.explanations import Part, _color, _shorten


def make_tokens(tokens, starts, contributions):
    return pd.DataFrame(
        {
            "token": tokens,
            "start": pd.array(starts, dtype="Int64"),
            "end": pd.array(
                [pd.NA if s is pd.NA else s + len(t) for s, t in zip(starts, tokens, strict=True)],
                dtype="Int64",
            ),
            "contribution": contributions,
        }
    )


def test_tokens_and_what_is_between_them():
    tokens = make_tokens(["<s>", "so", "good"], [pd.NA, 1, 5], [0.1, -0.5, 1.0])
    parts = [part for part in _color(" So, GOOD!", tokens) if part.text]
    assert parts == [
        Part(" "),
        Part("So", -2, -0.5),
        Part(", "),
        Part("GOOD", 5, 1.0),
        Part("!"),
    ]


def test_tokens_without_a_place_replace_the_text():
    tokens = make_tokens(["so", "good"], [pd.NA, pd.NA], [0.0, 0.0])
    assert "".join(part.text for part in _color("xyz", tokens)) == "so good "


def test_two_tokens_of_one_letter_are_shown_once():
    tokens = make_tokens(["f", "i"], [0, 0], [1.0, -1.0])
    assert "".join(part.text for part in _color("ﬁne", tokens)) == "ﬁne"


@pytest.mark.parametrize("n", [0, 1, 2399, 2400, 2401, 5000])
@pytest.mark.parametrize("size", [1, 7, 800, 5000])
def test_the_middle_of_a_long_text_is_left_out(n, size):
    letters = np.random.default_rng(0).choice(list("abcdefgh"), n)
    text = "".join(letters)
    parts, n_left_out = _shorten([Part(text[i : i + size], 1, 2.0) for i in range(0, n, size)])
    shown = "".join(part.text for part in parts)
    assert n_left_out == max(n - 2400, 0)
    assert shown == (text if n <= 2400 else f"{text[:1600]} … {text[-800:]}")
    assert all(part.text for part in parts)
