"""Gradient flow: the size of the gradients of each layer over the optimizer steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

import numpy as np
import numpy.typing as npt

from sklearn_rnn._inspection.pipeline_steps import find_classifier
from sklearn_rnn._plotting.style import (
    GREY,
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

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.collections import FillBetweenPolyCollection
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch
    from sklearn.base import BaseEstimator

Statistic = Literal["mean", "max"]

_AXIS_LABELS: dict[Statistic, str] = {"mean": "mean of |gradient|", "max": "largest |gradient|"}
_MAX_POINTS = 60  # points on a line; more steps are binned
_ZERO_ROW_HEIGHT = 0.04  # of the row of a layer with zeros, as a fraction of the Axes' height
_MAX_TICKS = 8  # powers of ten on a y axis that also shows zeros


class GradientFlowDisplay:
    """Mean and maximum of the absolute gradient of each layer over the optimizer steps.

    It is recommended to use :meth:`from_estimator`. All parameters are stored as attributes.

    The scale is logarithmic, because vanishing gradients get smaller by orders of magnitude from
    the output to the embedding. Where a value is zero, the line has a gap, and a triangle is drawn
    below the scale. Where a value is not finite, the line has a gap and there is no triangle. With
    more than 60 steps, the steps are divided into 60 bins, and the median of the finite values of
    each bin is drawn as the value.

    Parameters
    ----------
    gradient_flow : DataFrame with the columns "mean" and "max"
        Mean and maximum of the absolute gradient over all parameters of a layer. The levels of the
        index are "step", the number of the optimizer step from 1 on, and "layer". The layers are
        drawn in the order of the rows.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure.
    axes_ : ndarray of matplotlib Axes of shape (n_panels,)
        The panels.
    lines_ : dict of (str, str) to matplotlib Line2D
        The lines, by layer and statistic.
    ranges_ : dict of (str, str) to matplotlib FillBetweenPolyCollection
        The range of the finite values in each bin, by the same keys. Empty for up to 60 steps.
    zeros_ : dict of (str, str) to matplotlib Line2D
        The triangles where the drawn value is zero, by the same keys. Empty without zeros.
    legend_ : matplotlib Legend
        The legend.

    See Also
    --------
    TrainingCurveDisplay : Loss and accuracy over the epochs.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import pandas as pd
    >>> from sklearn_rnn.plotting import GradientFlowDisplay
    >>> index = pd.MultiIndex.from_product(
    ...     [[1, 2, 3], ["embedding", "output"]], names=["step", "layer"]
    ... )
    >>> mean, largest = [1e-4, 1e-2, 3e-5, 9e-3, 2e-5, 7e-3], [4e-3, 0.2, 1e-3, 0.1, 8e-4, 0.1]
    >>> gradient_flow = pd.DataFrame({"mean": mean, "max": largest}, index=index)
    >>> GradientFlowDisplay(gradient_flow).plot()
    <...>
    >>> plt.show()
    """

    def __init__(self, gradient_flow: pd.DataFrame) -> None:
        self.gradient_flow = gradient_flow

    def plot(
        self,
        ax: Axes | Sequence[Axes] | np.ndarray | None = None,
        *,
        statistic: Statistic | None = None,
    ) -> Self:
        """Draw the gradients.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of two of them, default=None
            Where to draw: two Axes, or one if `statistic` is given. None: a new figure.
        statistic : {"mean", "max"}, default=None
            The statistic to draw. None: both, in two panels with the same scale.

        Returns
        -------
        display : GradientFlowDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError
            If `ax` holds an object that is no Axes.
        ValueError
            If `statistic` is unknown, or `ax` holds the wrong number of Axes.
        """
        statistics = check_panels(statistic, tuple(_AXIS_LABELS), name="statistic")
        self.figure_, self.axes_ = prepare_axes(ax, statistics, caller="GradientFlowDisplay.plot")
        layers = list(self.gradient_flow.index.unique("layer"))
        self.lines_: dict[tuple[str, str], Line2D] = {}
        self.ranges_: dict[tuple[str, str], FillBetweenPolyCollection] = {}
        self.zeros_: dict[tuple[str, str], Line2D] = {}
        for panel, panel_statistic in zip(self.axes_, statistics, strict=True):
            self._plot_statistic(panel, panel_statistic, layers)
        limits = _positive_limits(self.gradient_flow[list(statistics)].to_numpy())
        for panel in self.axes_:
            panel.set_ylim(limits)
            if self.zeros_:
                self._place_zeros(panel, limits)
        entries = self._legend_entries(statistics[0], layers)
        self.legend_ = add_legend(self.figure_, self.axes_, entries, outside=ax is None)
        return self

    def _plot_statistic(self, ax: Axes, statistic: Statistic, layers: Iterable[str]) -> None:
        ax.set_yscale("log")
        values = self.gradient_flow[statistic].unstack("layer")  # noqa: PD010 - a pivot_table sorts
        values = values.where(np.isfinite(values))
        steps, bins = _bin_steps(values.index.to_numpy())
        groups = values.groupby(bins)
        lowest, middle, highest = groups.min(), groups.median(), groups.max()
        for number, layer in enumerate(layers):
            median = middle[layer].to_numpy()
            key, color = (layer, statistic), cycle_color(number)
            (self.lines_[key],) = ax.plot(
                steps,
                np.where(median > 0, median, np.nan),
                color=color,
                linestyle=cycle_dash(number // len(PALETTE)),  # changes when the colours repeat
                linewidth=1.6,
                marker=choose_marker(len(steps)),
                markersize=3,
            )
            if len(steps) < len(values):
                self.ranges_[key] = ax.fill_between(
                    steps,
                    lowest[layer],
                    highest[layer],
                    color=color,
                    alpha=0.12,
                    linewidth=0,
                )
            if (median == 0).any():
                at_zero = steps[median == 0]
                (self.zeros_[key],) = ax.plot(
                    at_zero,
                    np.zeros(len(at_zero)),  # `_place_zeros` moves the points later
                    color=color,
                    linestyle="none",
                    marker="v",
                    markersize=5,
                    transform=ax.get_xaxis_transform(),
                )
        ax.set(xlabel="optimizer step", ylabel=_AXIS_LABELS[statistic])
        set_integer_ticks(ax)

    def _place_zeros(self, ax: Axes, limits: tuple[float, float]) -> None:
        """Extend the Axes below the log scale by one row for each layer that has zeros."""
        layers = list(dict.fromkeys(layer for layer, _ in self.zeros_))
        for (layer, _), zeros in self.zeros_.items():
            y = _ZERO_ROW_HEIGHT * (layers.index(layer) + 0.5)
            zeros.set_ydata(np.full_like(zeros.get_xdata(), y, dtype=np.float64))
        fraction = _ZERO_ROW_HEIGHT * len(layers)  # of the Axes' height
        lowest, highest = np.log10(limits)
        bottom = (lowest - fraction * highest) / (1 - fraction)
        ax.set_ylim(10**bottom, limits[1])
        ax.axhline(limits[0], color="0.4", linewidth=0.8)
        powers = np.arange(np.ceil(lowest), highest)
        powers = powers[:: -(-len(powers) // _MAX_TICKS)]
        labels = ["0", *(f"$10^{{{power:.0f}}}$" for power in powers)]
        ax.set_yticks([10 ** ((bottom + lowest) / 2), *10**powers], labels)
        ax.minorticks_off()

    def _legend_entries(
        self, statistic: Statistic, layers: Iterable[str]
    ) -> list[tuple[Line2D | Patch, str]]:
        from matplotlib.patches import Patch

        entries: list[tuple[Line2D | Patch, str]] = [
            (self.lines_[layer, statistic], layer) for layer in layers
        ]
        if self.ranges_:
            n_steps = len(self.gradient_flow.index.unique("step"))
            label = f"median and range of up to {-(-n_steps // _n_bins(n_steps))} steps"
            entries.append((Patch(color=GREY, alpha=0.2, linewidth=0), label))
        if self.zeros_:
            entries.append((legend_line(color=GREY, linestyle="none", marker="v"), "zero"))
        return entries

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        *,
        ax: Axes | Sequence[Axes] | np.ndarray | None = None,
        statistic: Statistic | None = None,
    ) -> Self:
        """Draw the gradients that a classifier recorded during fit.

        Parameters
        ----------
        estimator : RNNTextClassifier, Pipeline or search
            A classifier that was fitted with ``record_gradients=True``; a
            :class:`~sklearn.pipeline.Pipeline` that contains one; or a search, for example
            :class:`~sklearn.model_selection.GridSearchCV`, whose best estimator is used.
        ax : matplotlib Axes or array-like of two of them, default=None
            Where to draw: two Axes, or one if `statistic` is given. None: a new figure.
        statistic : {"mean", "max"}, default=None
            The statistic to draw. None: both, in two panels with the same scale.

        Returns
        -------
        display : GradientFlowDisplay
            The drawn display.

        Raises
        ------
        AttributeError
            If the classifier recorded no gradients.
        ImportError
            If matplotlib is not installed.
        NotFittedError
            If the classifier or the search is not fitted.
        TypeError
            If the estimator holds no RNNTextClassifier, or `ax` holds an object that is no Axes.
        ValueError
            If `statistic` is unknown, or `ax` holds the wrong number of Axes.
        """
        caller = f"{cls.__name__}.from_estimator"
        classifier = find_classifier(estimator, caller=caller)
        if not hasattr(classifier, "gradient_flow_"):
            raise AttributeError(
                f"{caller} needs gradient_flow_, and this {type(classifier).__name__} was fitted "
                "without it. Set record_gradients=True and call fit again."
            )
        return cls(classifier.gradient_flow_).plot(ax, statistic=statistic)


def _n_bins(n_steps: int) -> int:
    return min(n_steps, _MAX_POINTS)


def _bin_steps(
    steps: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.intp]]:
    """Return the mean step of each bin of consecutive steps, and the bin of each step."""
    bins = np.arange(len(steps)) * _n_bins(len(steps)) // len(steps)
    sums = np.bincount(bins, weights=steps)
    return sums / np.bincount(bins), bins


def _positive_limits(values: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return the limits of a log scale that shows all positive, finite values, with a margin."""
    shown = values[np.isfinite(values) & (values > 0)]
    if not len(shown):
        return 1e-1, 1e1
    return shown.min() / 2, shown.max() * 2
