"""Shared style: panels, axes, legends, ticks."""

import re

import matplotlib.pyplot as plt
import pytest

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
