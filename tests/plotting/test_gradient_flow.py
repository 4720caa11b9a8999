"""GradientFlowDisplay: lines, bins, zeros, legend."""

import re

import numpy as np
import pytest

from sklearn_rnn.plotting import GradientFlowDisplay
from tests.plotting.data import legend_texts, make_flow


def test_gradients_of_a_classifier(model):
    model[-1].gradient_flow_ = make_flow(7)
    display = GradientFlowDisplay.from_estimator(model)
    assert display.gradient_flow is model[-1].gradient_flow_
    assert [ax.get_yscale() for ax in display.axes_] == ["log", "log"]
    assert display.axes_[0].get_ylim() == display.axes_[1].get_ylim()
    assert len(display.lines_) == 6
    for (layer, statistic), line in display.lines_.items():
        values = display.gradient_flow[statistic].xs(layer, level="layer")
        assert line.get_xdata().tolist() == values.index.tolist()
        assert line.get_ydata() == pytest.approx(values)
    assert legend_texts(display) == ["embedding", "layers.0.forward_cell", "output"]
    assert not display.ranges_
    assert not display.zeros_


def test_missing_gradients_are_an_error_that_says_how_to_record_them(model):
    message = (
        "GradientFlowDisplay.from_estimator needs gradient_flow_, and this RNNTextClassifier was "
        "fitted without it. Set record_gradients=True and call fit again."
    )
    with pytest.raises(AttributeError, match=f"^{re.escape(message)}$"):
        GradientFlowDisplay.from_estimator(model)


@pytest.mark.parametrize("n_steps", [61, 1800])
def test_many_steps_are_binned(n_steps):
    flow = make_flow(n_steps)
    display = GradientFlowDisplay(flow).plot(statistic="max")
    line = display.lines_["output", "max"]
    assert len(line.get_xdata()) == 60
    values = flow["max"].xs("output", level="layer")
    vertices = display.ranges_["output", "max"].get_paths()[0].vertices
    assert vertices[:, 1].min() == pytest.approx(values.min())
    assert vertices[:, 1].max() == pytest.approx(values.max())
    last = values[-(n_steps // 60) :]
    assert line.get_ydata()[-1] == pytest.approx(last.median())
    assert line.get_xdata()[-1] == pytest.approx(last.index.to_numpy().mean())
    assert legend_texts(display)[-1] == f"median and range of up to {-(-n_steps // 60)} steps"


def test_zeros_are_below_the_scale():
    flow = make_flow(6)
    flow.loc[(3, "embedding"), "mean"] = 0.0
    flow.loc[([5, 6], "output"), "mean"] = 0.0
    display = GradientFlowDisplay(flow).plot()
    line = display.lines_["embedding", "mean"]
    assert np.isnan(line.get_ydata()).tolist() == [False, False, True, False, False, False]
    positions = {layer: zeros for (layer, _), zeros in display.zeros_.items()}
    assert positions["embedding"].get_xdata().tolist() == [3]
    assert positions["output"].get_xdata().tolist() == [5, 6]
    assert positions["embedding"].get_ydata()[0] != positions["output"].get_ydata()[0]
    ax = display.axes_[0]
    to_share = ax.transAxes.inverted()
    smallest = flow["mean"][flow["mean"] > 0].min()
    lowest_value = to_share.transform(ax.transData.transform((1, smallest)))[1]
    assert max(zeros.get_ydata().max() for zeros in positions.values()) < lowest_value
    assert ax.get_yticklabels()[0].get_text() == "0"
    assert legend_texts(display)[-1] == "zero"


def test_each_layer_has_its_own_style():
    layers = [f"layers.{number}" for number in range(16)]
    display = GradientFlowDisplay(make_flow(2, layers)).plot()
    lines = [display.lines_[layer, "mean"] for layer in layers]
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == 16


def test_all_gradients_may_be_zero():
    flow = make_flow(3) * 0
    display = GradientFlowDisplay(flow).plot()
    assert len(display.zeros_) == 6


def test_values_that_are_not_finite_are_gaps():
    flow = make_flow(4)
    flow.loc[(2, "output"), "max"] = np.inf
    flow.loc[(3, "output"), "max"] = np.nan
    display = GradientFlowDisplay(flow).plot()
    drawn = np.isfinite(display.lines_["output", "max"].get_ydata())
    assert drawn.tolist() == [True, False, False, True]
    assert not display.zeros_
