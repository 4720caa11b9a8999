"""TextLengthDisplay: lengths, bars, quantiles, truncation."""

import re
from fractions import Fraction

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_rnn import TextTokenizer
from sklearn_rnn.plotting import TextLengthDisplay
from tests.plotting.data import legend_texts


@pytest.mark.parametrize("add_markers", [False, True])
def test_lengths_are_those_before_truncation(add_markers):
    texts = ["a b c", "", "a a a a a a", "b"]
    tokenizer = TextTokenizer(max_length=4, min_count=1, add_markers=add_markers).fit(texts)
    display = TextLengthDisplay.from_estimator(tokenizer, texts)
    assert display.lengths.tolist() == [n + 2 * add_markers for n in [3, 1, 6, 1]]
    assert display.max_length == 4
    cut = "2 texts (50 %)" if add_markers else "1 text (25 %)"
    assert legend_texts(display)[-1] == f"max_length_ 4: cuts {cut}"


def test_steps_before_the_tokenizer_are_applied():
    halve = FunctionTransformer(lambda texts: [text[: len(text) // 2] for text in texts])
    inner = Pipeline([("nothing", "passthrough"), ("halve", halve), ("tokenize", TextTokenizer())])
    model = make_pipeline(halve, inner).fit(["a " * 40, "a " * 80])
    display = TextLengthDisplay.from_estimator(model, ["a " * 40, "a " * 80])
    assert display.lengths.tolist() == [10, 20]


def test_quantiles_are_lengths_of_texts():
    lengths = np.arange(1, 101)
    display = TextLengthDisplay(lengths).plot(quantiles=(0.5, 0.995, 1))
    positions = {share: line.get_xdata()[0] for share, line in display.quantile_lines_.items()}
    assert positions == {0.5: 50, 0.995: 100, 1: 100}
    assert legend_texts(display) == [
        "50 % of texts: up to 50 tokens",
        "99.5 % of texts: up to 100 tokens",
        "100 % of texts: up to 100 tokens",
    ]


@pytest.mark.parametrize("quantile", [0, 50, -0.1, float("nan")])
def test_quantile_outside_0_to_1_is_refused(quantile):
    message = f"quantiles holds {quantile!r}. Pass shares of the texts, above 0 and at most 1."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        TextLengthDisplay(np.array([1, 2])).plot(quantiles=(0.5, quantile))


@pytest.mark.parametrize(
    "lengths",
    [[1], [7] * 5, [1, 2], [395, 400, 401], [*range(1, 200)], [*range(1, 400), 9000, 20000]],
)
@pytest.mark.parametrize("max_length", [None, 1, 30, 400, 100_000])
def test_every_text_is_in_a_bar(lengths, max_length):
    display = TextLengthDisplay(np.array(lengths), max_length=max_length).plot()
    bars = list(display.bars_)
    in_tail = 0 if display.tail_bar_ is None else display.tail_bar_[0].get_height()
    assert sum(bar.get_height() for bar in bars) + in_tail == len(lengths)
    for bar in bars:
        assert bar.get_width() == int(bar.get_width())
        assert bar.get_x() % 1 == 0.5


def test_long_tail_is_one_bar():
    lengths = np.array([*range(1, 41)] * 50 + [9000, 12_345])
    display = TextLengthDisplay(lengths, max_length=400).plot()
    assert display.ax_.get_xlim()[1] < 60
    assert display.tail_bar_[0].get_height() == 2
    assert display.max_length_line_ is None
    assert legend_texts(display)[0] == "2 texts of 45 to 12,345 tokens"
    assert legend_texts(display)[-1] == "max_length_ 400: cuts 2 texts (0.0999 %)"


def test_single_str_is_refused(model):
    message = (
        "TextLengthDisplay.from_estimator takes a list, tuple, NumPy array, Series or "
        "single-column DataFrame of str, but X is one str. Wrap a single text in a list: [text]."
    )
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        TextLengthDisplay.from_estimator(model, "so good")


def test_without_a_max_length_there_is_no_line_of_it():
    assert TextLengthDisplay(np.arange(1, 10)).plot().max_length_line_ is None


def test_axes_with_a_log_scale_are_drawn_into():
    _, ax = plt.subplots()
    ax.set_yscale("log")
    display = TextLengthDisplay(np.arange(1, 100), max_length=50).plot(ax)
    assert display.ax_ is ax
    assert ax.get_yscale() == "log"


@pytest.mark.parametrize(
    ("quantiles", "error", "message"),
    [
        (0.5, TypeError, "quantiles=0.5 must be a sequence of floats, as in [0.5]."),
        ("0.5", TypeError, "quantiles='0.5' must be a sequence of floats, as in [0.5]."),
        *(
            (
                [0.5, q],
                ValueError,
                f"quantiles holds {q!r}. Pass shares of the texts, above 0 and at most 1.",
            )
            for q in ("0.5", None, True, 1j, float("nan"), 2, np.array([0.5]), np.timedelta64(1))
        ),
    ],
    ids=range(10),
)
def test_what_is_no_quantile(quantiles, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        TextLengthDisplay(np.arange(1, 9)).plot(quantiles=quantiles)


def test_quantiles_of_other_types():
    display = TextLengthDisplay(np.arange(1, 9)).plot(
        quantiles=[np.float32(0.5), Fraction(1, 4), 1]
    )
    assert list(display.quantile_lines_) == [0.5, 0.25, 1.0]
