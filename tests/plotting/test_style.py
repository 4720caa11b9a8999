"""Shared style: panels, axes, legends, ticks."""

import re

import matplotlib.pyplot as plt
import numpy as np
import pytest

from sklearn_rnn._plotting.style import (
    DASHES,
    PALETTE,
    add_legend,
    check_panels,
    choose_marker,
    cycle_color,
    cycle_dash,
    legend_line,
    prepare_axes,
    set_integer_ticks,
)
from sklearn_rnn.plotting import GradientFlowDisplay, TrainingCurveDisplay
from tests.plotting.data import make_flow


@pytest.mark.parametrize(
    ("display", "name", "panels"),
    [
        (TrainingCurveDisplay({}), "metric", "'loss' or 'accuracy'"),
        (GradientFlowDisplay(make_flow(3)), "statistic", "'mean' or 'max'"),
    ],
)
def test_unknown_panel_is_refused(display, name, panels):
    message = f"{name}='f1' is unknown. Pass {panels}, or None for both."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        display.plot(**{name: "f1"})


def test_wrong_number_of_axes_is_refused():
    _, axes = plt.subplots(1, 3)
    message = (
        "GradientFlowDisplay.plot draws 2 panel(s), mean and max, and ax holds 3 axes. Pass 2, or "
        "None for a new figure."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        GradientFlowDisplay(make_flow(3)).plot(axes)


def test_chosen_panel_is_the_only_one():
    assert check_panels(None, ("loss", "accuracy"), name="metric") == ("loss", "accuracy")
    assert check_panels("loss", ("loss", "accuracy"), name="metric") == ("loss",)


def test_colors_and_dashes_repeat():
    assert [cycle_color(n) for n in (0, 6, 7)] == [PALETTE[0], PALETTE[6], PALETTE[0]]
    assert [cycle_dash(n) for n in (0, 3, 4)] == [DASHES[0], DASHES[3], DASHES[0]]


def test_many_points_have_no_marker():
    assert choose_marker(40) == "o"
    assert choose_marker(41) is None


def test_legend_outside_enlarges_the_figure_and_wraps_labels():
    figure, axes = prepare_axes(None, ["one"], caller="plot")
    height = figure.get_figheight()
    entries = [(legend_line(color="k"), "a long label " * 8), (legend_line(), "b")]
    legend = add_legend(figure, axes, entries, outside=True)
    assert legend in figure.legends
    assert figure.get_figheight() > height
    assert [len(text.get_text().splitlines()) for text in legend.get_texts()] == [2, 1]


def test_legend_in_given_axes_is_in_the_last_panel():
    figure, axes = plt.subplots(1, 2)
    height = figure.get_figheight()
    legend = add_legend(figure, axes, [(legend_line(), "a")], outside=False)
    assert axes[1].get_legend() is legend
    assert figure.get_figheight() == height


@pytest.mark.parametrize("x", [[1, 2, 3], [1, 2, 300], [5]])
def test_ticks_are_whole_numbers(x):
    figure, ax = plt.subplots()
    ax.plot(x, x)
    set_integer_ticks(ax)
    figure.canvas.draw()
    assert all(tick == int(tick) for tick in ax.get_xticks())
    if len(x) == 1:
        assert ax.get_xlim() == (4, 6)


@pytest.mark.parametrize("ax", [5, "ax", [None, None], pytest])
def test_what_is_no_axes(ax):
    kind = type(ax[0] if isinstance(ax, list) else ax).__name__
    message = (
        f"f draws into matplotlib Axes, and ax holds an object of type {kind}. Pass Axes, or None "
        "for a new figure."
    )
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        prepare_axes(ax, ["a", "b"], caller="f")


@pytest.mark.parametrize("chosen", [5, ["a"], np.array(["a", "b"])], ids=repr)
def test_a_panel_of_another_type(chosen):
    message = f"metric={chosen!r} is unknown. Pass 'a' or 'b', or None for both."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        check_panels(chosen, ("a", "b"), name="metric")
