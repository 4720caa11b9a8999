"""GradientFlowDisplay: how large the gradients of each layer were during training."""

import numpy as np

from sklearn_rnn._inspection.pipeline_steps import find_classifier
from sklearn_rnn._plotting.style import (
    MOST_MARKERS,
    PALETTE,
    add_legend,
    check_panels,
    prepare_axes,
    show_whole_numbers,
)

_AXIS_LABELS = {"mean": "mean of |gradient|", "max": "largest |gradient|"}
_DASHES = ("-", "--", ":", "-.")
_MOST_POINTS = 60  # of a line; more steps than these are summed up in bins
_ROW_OF_ZEROS = 0.04  # the share of the height of the axes that the zeros of a layer take
_MOST_TICKS = 8  # of an axis with zeros


class GradientFlowDisplay:
    """Mean and maximum of the absolute gradient of each layer, over the steps of the training.

    It is recommended to use :meth:`from_estimator`. All parameters are stored as attributes.

    Gradients that get smaller by orders of magnitude from the output down to the embedding vanish;
    the scale is logarithmic to show it. A gradient of zero has no place on it: the line has a gap,
    and a triangle in a strip below the scale. Where a value is not finite, the gap has no triangle.

    Parameters
    ----------
    gradient_flow : DataFrame with the columns "mean" and "max"
        Of the absolute gradient of all parameters of a layer, indexed by "step", which counts
        optimizer steps from 1, and "layer". The layers are drawn in the order of the rows.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure.
    axes_ : ndarray of matplotlib Axes of shape (n_panels,)
        The panels.
    lines_ : dict of (str, str) to matplotlib Line2D
        The lines, by layer and statistic. Of more than 60 steps: the medians of 60 bins.
    ranges_ : dict of (str, str) to matplotlib FillBetweenPolyCollection
        From the smallest to the largest value of each bin, likewise. Empty for fewer steps.
    zeros_ : dict of (str, str) to matplotlib Line2D
        The triangles where the line would be at zero, likewise. Empty if it never is.
    legend_ : matplotlib Legend
        The legend.

    See Also
    --------
    TrainingCurveDisplay : What the steps led to.

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

    def __init__(self, gradient_flow):
        self.gradient_flow = gradient_flow

    def plot(self, ax=None, *, statistic=None):
        """Draw the gradients.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of two of them, default=None
            Where to draw: two axes for both statistics, one for one. None: a new figure.
        statistic : {"mean", "max"}, default=None
            What to draw. None: both, side by side, on the same scale.

        Returns
        -------
        display : GradientFlowDisplay
            Itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If `statistic` is unknown, or `ax` holds another number of axes.
        """
        statistics = check_panels(statistic, tuple(_AXIS_LABELS), name="statistic")
        figure, axes = prepare_axes(ax, statistics, caller="GradientFlowDisplay.plot")
        styles = _layer_styles(self.gradient_flow.index.unique("layer"))
        self.lines_, self.ranges_, self.zeros_ = {}, {}, {}
        for panel, one_statistic in zip(axes, statistics, strict=True):
            self._plot_statistic(panel, one_statistic, styles)
        limits = _positive_limits(self.gradient_flow[list(statistics)])
        for panel in axes:
            panel.set_ylim(limits)
            if self.zeros_:
                self._add_strip_of_zeros(panel, limits)
        handles, labels = self._legend_entries(styles, statistics[0])
        self.legend_ = add_legend(figure, axes, handles, labels, outside=ax is None)
        self.figure_, self.axes_ = figure, axes
        return self

    def _plot_statistic(self, ax, statistic, styles):
        ax.set_yscale("log")
        values = self.gradient_flow[statistic].unstack("layer")
        values = values.where(np.isfinite(values))
        steps, bins = _bin_steps(values.index.to_numpy())
        groups = values.groupby(bins)
        lowest, middle, highest = groups.min(), groups.median(), groups.max()
        for layer, style in styles.items():
            median = middle[layer].to_numpy()
            key = layer, statistic
            (self.lines_[key],) = ax.plot(
                steps,
                np.where(median > 0, median, np.nan),
                **style,
                linewidth=1.6,
                marker="o" if len(steps) <= MOST_MARKERS else None,
                markersize=3,
            )
            if len(steps) < len(values):
                self.ranges_[key] = ax.fill_between(
                    steps,
                    lowest[layer],
                    highest[layer],
                    color=style["color"],
                    alpha=0.12,
                    linewidth=0,
                )
            if (median == 0).any():
                at_zero = steps[median == 0]
                (self.zeros_[key],) = ax.plot(
                    at_zero,
                    np.zeros(len(at_zero)),  # until it is known how many layers need a place
                    color=style["color"],
                    linestyle="none",
                    marker="v",
                    markersize=5,
                    transform=ax.get_xaxis_transform(),
                )
        ax.set(xlabel="optimizer step", ylabel=_AXIS_LABELS[statistic])
        show_whole_numbers(ax)

    def _add_strip_of_zeros(self, ax, limits):
        """Make room for zeros below the log scale: a row for each layer that has some."""
        layers = list(dict.fromkeys(layer for layer, _ in self.zeros_))
        for (layer, _), zeros in self.zeros_.items():
            place = _ROW_OF_ZEROS * (layers.index(layer) + 0.5)
            zeros.set_ydata(np.full(len(zeros.get_xdata()), place))
        share = _ROW_OF_ZEROS * len(layers)  # of the height of the axes
        lowest, highest = np.log10(limits)
        bottom = (lowest - share * highest) / (1 - share)
        ax.set_ylim(10**bottom, limits[1])
        ax.axhline(limits[0], color="0.4", linewidth=0.8)
        powers = np.arange(np.ceil(lowest), highest)
        powers = powers[:: -(-len(powers) // _MOST_TICKS)]
        labels = ["0", *(f"$10^{{{power:.0f}}}$" for power in powers)]
        ax.set_yticks([10 ** ((bottom + lowest) / 2), *10**powers], labels)
        ax.minorticks_off()

    def _legend_entries(self, styles, statistic):
        from matplotlib.lines import Line2D
        from matplotlib.patches import Patch

        entries = [(self.lines_[layer, statistic], layer) for layer in styles]
        if self.ranges_:
            n_steps = len(self.gradient_flow.index.unique("step"))
            label = f"median and range of up to {-(-n_steps // _n_bins(n_steps))} steps"
            entries.append((Patch(color="0.3", alpha=0.2, linewidth=0), label))
        if self.zeros_:
            triangle = Line2D([], [], color="0.3", linestyle="none", marker="v")
            entries.append((triangle, "zero"))
        handles, labels = zip(*entries, strict=True)
        return handles, labels

    @classmethod
    def from_estimator(cls, estimator, *, ax=None, statistic=None):
        """Draw the gradients that a classifier recorded.

        Parameters
        ----------
        estimator : RNNTextClassifier, Pipeline or search
            The classifier, fitted with ``record_gradients=True``, or what holds it: a
            :class:`~sklearn.pipeline.Pipeline`, or a
            :class:`~sklearn.model_selection.GridSearchCV` or its like, of which the best
            estimator is taken.
        ax : matplotlib Axes or array-like of two of them, default=None
            Where to draw: two axes for both statistics, one for one. None: a new figure.
        statistic : {"mean", "max"}, default=None
            What to draw. None: both, side by side, on the same scale.

        Returns
        -------
        display : GradientFlowDisplay
            What was drawn.

        Raises
        ------
        AttributeError
            If the classifier recorded no gradients.
        ImportError
            If matplotlib is not installed.
        NotFittedError
            If the classifier or the search is not fitted.
        TypeError
            If there is no RNNTextClassifier in the estimator.
        ValueError
            If `statistic` is unknown, or `ax` holds another number of axes.
        """
        caller = f"{cls.__name__}.from_estimator"
        classifier = find_classifier(estimator, caller=caller)
        if not hasattr(classifier, "gradient_flow_"):
            raise AttributeError(
                f"{caller} needs gradient_flow_, and this {type(classifier).__name__} was fitted "
                "without it. Set record_gradients=True and call fit again."
            )
        return cls(classifier.gradient_flow_).plot(ax, statistic=statistic)


def _layer_styles(layers):
    """Return a colour for each layer, and other dashes when the colours begin anew."""
    return {
        layer: {
            "color": PALETTE[number % len(PALETTE)],
            "linestyle": _DASHES[number // len(PALETTE) % len(_DASHES)],
        }
        for number, layer in enumerate(layers)
    }


def _n_bins(n_steps):
    return min(n_steps, _MOST_POINTS)


def _bin_steps(steps):
    """Return the middle of each bin of consecutive steps, and the bin of each step."""
    bins = np.arange(len(steps)) * _n_bins(len(steps)) // len(steps)
    sums = np.bincount(bins, weights=steps)
    return sums / np.bincount(bins), bins


def _positive_limits(values):
    """Return limits that hold all values a log scale can show, with some air."""
    values = values.to_numpy()
    shown = values[np.isfinite(values) & (values > 0)]
    if not len(shown):
        return 1e-1, 1e1
    return shown.min() / 2, shown.max() * 2
